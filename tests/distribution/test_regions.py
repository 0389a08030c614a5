"""Highest-density regions and tail probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gaussmix import MixtureDistribution


@pytest.mark.parametrize("probability", [1e-6, 0.1, 0.5, 0.9, 0.999, 1.0 - 1e-9])
def test_intervals_hold_just_their_probability_and_end_at_the_level(skewed, probability):
    region = skewed.highest_density_region(probability)
    intervals = region.intervals()
    inside = skewed.cdf(intervals[:, 1], lower_limit=intervals[:, 0]).sum()
    assert 1.0 - inside == pytest.approx(1.0 - probability, rel=1e-6, abs=1e-12)
    np.testing.assert_allclose(skewed.logpdf(intervals.ravel()), region.log_density, atol=1e-7)
    assert region.standard_error == 0.0


def test_one_gaussian_has_the_known_regions(random_mixture):
    single = random_mixture(1, 4)
    region = single.highest_density_region(0.9)
    radius = np.sqrt(stats.chi2.ppf(0.9, 4))
    root = np.linalg.cholesky(single.covariances[0])
    assert region.contains(single.means[0] + root @ [radius * 0.999, 0, 0, 0])
    assert not region.contains(single.means[0] + root @ [radius * 1.001, 0, 0, 0])
    x = single.rvs(20, random_state=0)
    distances = np.linalg.solve(root, (x - single.means[0]).T)
    tails = single.tail_probability(x)
    np.testing.assert_allclose(tails.value, stats.chi2.sf((distances**2).sum(axis=0), 4), rtol=1e-9)
    assert (tails.standard_error == 0).all()


def test_a_region_of_several_features_holds_its_share_of_new_draws(two_groups):
    region = two_groups.highest_density_region(0.8, random_state=0)
    draws = two_groups.rvs(50_000, random_state=1)
    share = region.contains(draws).mean()
    # The level's own error, as a share: density of the log-density times the error of the level.
    near = np.abs(two_groups.logpdf(draws) - region.log_density) < 0.1
    error = near.mean() / 0.2 * region.standard_error
    assert abs(share - 0.8) < 4 * (error + np.sqrt(0.16 / len(draws)))
    assert 0.0 < region.standard_error < 0.02


def test_tail_probabilities_in_one_dimension_agree_with_integration(skewed):
    grid = np.linspace(-15.0, 25.0, 400_001)
    density = skewed.pdf(grid)
    for x in (-3.0, 0.0, 1.5, 4.0, 9.0):
        expected = (density * (density < skewed.pdf(x))).sum() * (grid[1] - grid[0])
        assert skewed.tail_probability(x).value == pytest.approx(expected, abs=1e-4)


def test_tail_probabilities_in_two_dimensions_agree_with_integration(two_groups, integral):
    points = np.array([[0.0, 0.0], [1.5, 0.5], [3.0, 4.0], [-4.0, 0.0], [6.5, 6.5], [-7.0, 5.0]])
    found = two_groups.tail_probability(points, random_state=0)

    def below(x):
        density = two_groups.pdf(x)
        return density[:, None] * (density[:, None] < two_groups.pdf(points))

    expected = integral(below, [-14.0, -18.0], [14.0, 18.0], 1601)
    # One of the points is rarer than one in ten million: plain counting would have seen none.
    assert expected.min() < 1e-7
    assert (np.abs(found.value - expected) < 4 * found.standard_error + 2e-4 * expected).all()
    assert (found.standard_error[expected < 0.01] < 0.2 * expected[expected < 0.01]).all()


def test_standard_errors_of_tail_probabilities_are_right(two_groups):
    points = np.array([[1.5, 0.5], [3.0, 4.0], [-5.0, 1.0]])
    exact = two_groups.tail_probability(points, 1_000_000, 0).value
    scores = []
    for seed in range(80):
        found = two_groups.tail_probability(points, 5000, seed)
        scores.append((found.value - exact) / found.standard_error)
    deviation = np.std(scores, axis=0)
    assert (np.abs(np.mean(scores, axis=0)) < 0.5).all()
    assert (deviation > 0.5).all()
    assert (deviation < 1.3).all()


@pytest.mark.parametrize("fixture", ["two_groups", "skewed"])
def test_tail_probabilities_of_draws_are_uniform(fixture, request):
    mixture = request.getfixturevalue(fixture)
    tails = mixture.tail_probability(mixture.rvs(2000, random_state=5), random_state=6).value
    assert stats.kstest(tails, "uniform").pvalue > 0.01


def test_rows_with_missing_or_infinite_entries_have_their_answer(two_groups):
    found = two_groups.tail_probability([[np.nan, 0.0], [np.inf, 0.0], [1e200, 0.0]], 1000, 0)
    assert np.isnan(found.value[0])
    assert (found.value[1:] == 0.0).all()


def test_wrong_arguments_are_refused(two_groups):
    for wrong in (0.0, 1.0, 1.5, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            two_groups.highest_density_region(wrong)
    with pytest.raises(ValueError, match=r"take marginal\('length'\) first"):
        two_groups.highest_density_region(0.5, 1000, 0).intervals()


def test_neighbouring_intervals_join_above_the_valley_between():
    mixture = MixtureDistribution([0.5, 0.5], [0.0, 3.0], [1.0, 1.0])
    assert len(mixture.highest_density_region(0.5).intervals()) == 2
    assert len(mixture.highest_density_region(0.99).intervals()) == 1


@pytest.mark.parametrize("distance", [1e12, 1e17])
def test_groups_very_far_apart_have_their_regions(distance):
    region = MixtureDistribution([0.5, 0.5], [0.0, distance], [1.0, 1.0]).highest_density_region(0.9)
    near, far = region.intervals()
    np.testing.assert_allclose(near, stats.norm.interval(0.9), atol=1e-6 + 2e-16 * distance)
    np.testing.assert_allclose(far, distance, rtol=1e-11)
