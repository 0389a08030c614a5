"""Probabilities and quantiles against SciPy, also where they are very small."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gaussmix import MixtureDistribution


def test_one_gaussian_has_scipys_probabilities():
    single = MixtureDistribution([1.0], [3.0], [4.0])
    normal = stats.norm(3.0, 2.0)
    x = np.linspace(-40.0, 45.0, 101)
    np.testing.assert_allclose(single.cdf(x), normal.cdf(x), rtol=1e-12)
    np.testing.assert_allclose(single.sf(x), normal.sf(x), rtol=1e-12)
    np.testing.assert_allclose(single.logcdf(x), normal.logcdf(x), rtol=1e-12)
    np.testing.assert_allclose(single.logsf(x), normal.logsf(x), rtol=1e-12)
    p = np.array([0.0, 1e-300, 1e-20, 1e-3, 0.2, 0.5, 0.9, 1.0 - 1e-12, 1.0])
    np.testing.assert_allclose(single.ppf(p), normal.ppf(p), rtol=1e-12)
    np.testing.assert_allclose(single.isf(p), normal.isf(p), rtol=1e-12)
    np.testing.assert_allclose(single.interval(0.9), normal.interval(0.9), rtol=1e-12)
    assert single.median() == 3.0


def test_quantiles_undo_the_distribution_function(skewed):
    p = np.concatenate([np.geomspace(1e-300, 0.1, 50), np.linspace(0.1, 0.9, 50)])
    np.testing.assert_allclose(skewed.cdf(skewed.ppf(p)), p, rtol=1e-11)
    np.testing.assert_allclose(skewed.sf(skewed.isf(p)), p, rtol=1e-11)
    assert skewed.ppf(p.reshape(10, 10)).shape == (10, 10)


def test_quantiles_between_groups_far_apart_are_found():
    apart = MixtureDistribution([0.5, 0.5], [0.0, 1e6], [1.0, 1e-6])
    quartiles = apart.ppf([0.25, 0.75])
    np.testing.assert_allclose(quartiles, [0.0, 1e6], atol=1e-9)
    assert 10.0 < apart.median() < 1e6


def test_probabilities_outside_zero_and_one_are_refused(skewed):
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            skewed.ppf(wrong)


def test_boxes_in_one_dimension_keep_small_probabilities():
    single = MixtureDistribution([1.0], [0.0], [1.0])
    expected = stats.norm.sf(20.0) - stats.norm.sf(21.0)
    assert single.cdf(21.0, lower_limit=20.0) == pytest.approx(expected, rel=1e-12)
    assert single.cdf(1.0, lower_limit=2.0) == 0.0


def test_boxes_of_two_features_agree_with_integration(two_groups, integral):
    corners = np.array([[0.5, 1.5], [-1.0, 0.0], [0.0, 0.0], [3.0, -0.5]])
    for corner in corners:
        # Over the density of one feature and the distribution function of the other given the first.
        def slice_probability(x, corner=corner):
            total = np.zeros(len(x))
            for w, m, c in zip(two_groups.weights, two_groups.means, two_groups.covariances, strict=True):
                given = m[1] + c[0, 1] / c[0, 0] * (x[:, 0] - m[0])
                left = np.sqrt(c[1, 1] - c[0, 1] ** 2 / c[0, 0])
                inside = stats.norm.cdf(corner[1], given, left)
                total += w * stats.norm.pdf(x[:, 0], m[0], np.sqrt(c[0, 0])) * inside
            return total

        middles = np.linspace(-15.0, corner[0], 400_001)
        middles = 0.5 * (middles[1:] + middles[:-1])
        expected = slice_probability(middles[:, None]).sum() * (corner[0] + 15.0) / 400_000
        assert two_groups.cdf(corner) == pytest.approx(expected, abs=1e-9)


def test_rectangles_are_differences_of_corners_and_infinite_limits_count(two_groups):
    inside = two_groups.cdf([2.0, 1.0], lower_limit=[-1.0, -1.0])
    corners = two_groups.cdf([[2.0, 1.0], [-1.0, 1.0], [2.0, -1.0], [-1.0, -1.0]])
    assert inside == pytest.approx(corners @ [1.0, -1.0, -1.0, 1.0], abs=1e-14)
    length = two_groups.marginal("length")
    assert two_groups.cdf([0.7, np.inf]) == pytest.approx(length.cdf(0.7), abs=1e-15)
    assert two_groups.cdf([np.inf, np.inf]) == pytest.approx(1.0, abs=1e-15)
    assert two_groups.cdf([-np.inf, 1.0]) == 0.0
    assert np.isnan(two_groups.cdf([np.nan, 1.0]))


@pytest.mark.parametrize("rho", [-0.999, -0.3, 0.5, 0.99])
def test_the_bivariate_normal_at_its_centre_has_the_known_probability(rho):
    centred = MixtureDistribution([1.0], [[0.0, 0.0]], [[[1.0, rho], [rho, 1.0]]])
    assert centred.cdf([0.0, 0.0]) == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=1e-15)


def test_boxes_of_three_features_are_those_of_draws_wherever_they_stand(random_mixture):
    mixture = random_mixture(3, 3)
    upper, lower = mixture.mean() + 0.5, mixture.mean() - 2.0
    found = mixture.cdf(upper, lower_limit=lower)
    draws = mixture.rvs(200_000, random_state=0)
    share = ((draws <= upper) & (draws >= lower)).all(axis=1).mean()
    assert abs(found - share) < 5 * np.sqrt(share / len(draws))
    assert mixture.cdf(np.full(3, np.inf)) == pytest.approx(1.0, abs=1e-5)
    shuffled = mixture.cdf([upper + 1.0, upper], lower_limit=lower)
    assert shuffled[1] == pytest.approx(found, abs=2e-5)


def test_independent_features_multiply():
    independent = MixtureDistribution([1.0], [np.zeros(4)], [np.diag([1.0, 4.0, 9.0, 16.0])])
    x = np.array([0.5, -1.0, 2.0, 3.0])
    assert independent.cdf(x) == pytest.approx(stats.norm.cdf(x / [1.0, 2.0, 3.0, 4.0]).prod(), rel=1e-14)


def test_lower_corners_in_a_frame_are_found_by_name_as_points_are():
    mixture = MixtureDistribution([1.0], [[0.0, 3.0]], [[[1.0, 0.5], [0.5, 2.0]]], ["a", "b"])
    above, below = pd.DataFrame({"b": [4.0], "a": [1.0]}), pd.DataFrame({"b": [2.0], "a": [-1.0]})
    assert mixture.cdf(above, below)[0] == mixture.cdf([1.0, 4.0], [-1.0, 2.0]) > 0.1


def test_as_many_lower_corners_as_points_or_one_are_needed(two_groups):
    with pytest.raises(ValueError, match="2 lower corners for 3 points"):
        two_groups.cdf(np.ones((3, 2)), np.zeros((2, 2)))


def test_an_interval_of_a_probability_outside_zero_and_one_is_refused(skewed):
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="confidence should be between 0 and 1"):
            skewed.interval(wrong)


@pytest.mark.parametrize("name", ["sf", "logsf", "logcdf"])
def test_tails_at_many_points_take_no_table_of_points_by_components(name):
    many = MixtureDistribution(np.full(400, 1.0 / 400), np.linspace(-1.0, 1.0, 400), np.ones(400))
    x = np.linspace(-3.0, 3.0, 40_000)
    expected = getattr(many, name)(x[::100])
    tracemalloc.start()
    found = getattr(many, name)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found[::100], expected, rtol=1e-13)
    assert peak < 8 * 400 * len(x)  # bytes of a single such table
