"""Distances between mixtures against integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gaussmix import MixtureDistribution


@pytest.fixture(scope="module")
def pair(random_mixture):
    return random_mixture(3, 2, 1, spread=1.0), random_mixture(2, 2, 2, spread=1.0)


BOX = [-12.0, -12.0], [12.0, 12.0]


def test_the_kullback_leibler_divergence_is_within_its_error_and_bounds(pair, integral):
    one, two = pair
    exact = integral(lambda x: one.pdf(x) * (one.logpdf(x) - two.logpdf(x)), *BOX)
    estimate = one.kl_divergence(two, random_state=0)
    assert abs(estimate.value - exact) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.02 * exact
    low, high = one.kl_divergence_bounds(two)
    assert low <= exact <= high


def test_bounds_of_the_divergence_hold_and_are_tight_where_known(random_mixture):
    for seed in range(6):
        one, two = random_mixture(4, 3, seed), random_mixture(3, 3, seed + 10)
        low, high = one.kl_divergence_bounds(two)
        estimate = one.kl_divergence(two, 20_000, 0)
        assert low < estimate.value + 5 * estimate.standard_error
        assert high > estimate.value - 5 * estimate.standard_error
        assert one.kl_divergence_bounds(one) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_the_divergence_between_gaussians_is_exact(random_mixture):
    one, two = random_mixture(1, 3, 1), random_mixture(1, 3, 2)
    precision = np.linalg.inv(two.covariances[0])
    shift = two.means[0] - one.means[0]
    expected = 0.5 * (
        np.trace(precision @ one.covariances[0])
        + shift @ precision @ shift
        - 3
        + np.linalg.slogdet(two.covariances[0])[1]
        - np.linalg.slogdet(one.covariances[0])[1]
    )
    assert one.kl_divergence(two).value == pytest.approx(expected, rel=1e-12)
    assert one.kl_divergence(two).standard_error == 0.0
    assert max(one.kl_divergence_bounds(two)) == pytest.approx(expected, rel=1e-10)


def test_the_l2_distance_agrees_with_integration(pair, integral):
    one, two = pair
    exact = np.sqrt(integral(lambda x: (one.pdf(x) - two.pdf(x)) ** 2, *BOX))
    assert one.l2_distance(two) == pytest.approx(exact, rel=1e-9)
    assert one.l2_distance(two) == pytest.approx(two.l2_distance(one), rel=1e-12)
    assert one.l2_distance(one) < 1e-7


def test_the_hellinger_distance_is_within_its_error_and_bounds(pair, integral):
    one, two = pair
    exact = np.sqrt(0.5 * integral(lambda x: (np.sqrt(one.pdf(x)) - np.sqrt(two.pdf(x))) ** 2, *BOX))
    estimate = one.hellinger_distance(two, random_state=0)
    assert abs(estimate.value - exact) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.01
    low, high = one.hellinger_bounds(two)
    assert low <= exact <= high


def test_the_hellinger_distance_ends_at_zero_and_one(two_groups):
    assert two_groups.hellinger_distance(two_groups, 1000, 0).value == 0.0
    far = two_groups.affine(np.eye(2), [1e4, 0.0])
    assert two_groups.hellinger_distance(far, 1000, 0).value == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(two_groups.hellinger_bounds(far), 1.0, atol=1e-12)
    np.testing.assert_allclose(two_groups.hellinger_bounds(two_groups), 0.0, atol=1e-7)
    one, other = MixtureDistribution([1.0], [0.0], [1.0]), MixtureDistribution([1.0], [3.0], [1.0])
    assert one.hellinger_distance(other).value ** 2 == pytest.approx(1.0 - np.exp(-9.0 / 8.0), rel=1e-12)


def test_features_are_matched_by_name(two_groups):
    turned = two_groups.marginal(["width", "length"])
    assert two_groups.l2_distance(turned) < 1e-8
    assert two_groups.kl_divergence(turned, 1000, 0).value == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match="no feature 'width'"):
        two_groups.l2_distance(type(two_groups)(*_arrays(two_groups), ["length", "depth"]))
    with pytest.raises(ValueError, match="has 2 features, the other 1"):
        two_groups.l2_distance(two_groups.marginal("length"))
    with pytest.raises(ValueError, match="a MixtureDistribution is needed, not int"):
        two_groups.l2_distance(3)


def _arrays(mixture):
    return mixture.weights, mixture.means, mixture.covariances


def test_misclassification_agrees_with_draws(random_mixture):
    mixture = random_mixture(4, 3, 5, spread=1.0)
    overlap = mixture.overlap()
    assert overlap.error < 1e-9
    for i in range(4):
        single = MixtureDistribution([1.0], mixture.means[[i]], mixture.covariances[[i]])
        draws = single.rvs(30_000, random_state=i)
        joint = np.stack(
            [
                np.log(w) + stats.multivariate_normal(m, c).logpdf(draws)
                for w, m, c in zip(*_arrays(mixture), strict=True)
            ]
        )
        share = (joint > joint[i]).mean(axis=1)
        error = np.sqrt(share * (1 - share) / len(draws)) + 1e-5
        off = np.arange(4) != i
        assert (np.abs(overlap.misclassification[i] - share)[off] < 4 * error[off]).all()


def test_overlap_of_equal_covariances_is_known():
    # Maitra and Melnykov 2010, section 2.1: with equal covariances the form is linear.
    mixture = MixtureDistribution([0.3, 0.7], [[0.0, 0.0], [3.0, 4.0]], [np.eye(2)] * 2)
    shift = np.log(0.7 / 0.3) / 5.0
    expected = stats.norm.cdf([-2.5 + shift, -2.5 - shift])
    overlap = mixture.overlap()
    np.testing.assert_allclose(
        [overlap.misclassification[0, 1], overlap.misclassification[1, 0]], expected, rtol=1e-9
    )
    assert overlap.maximum == overlap.average == pytest.approx(expected.sum(), rel=1e-9)


def test_small_overlaps_are_known_relative_to_themselves():
    mixture = MixtureDistribution([0.5, 0.5], [[0.0] * 3, [30.0, 0.0, 0.0]], [np.eye(3)] * 2)
    assert mixture.overlap().misclassification[0, 1] == pytest.approx(stats.norm.cdf(-15.0), rel=1e-8)


def test_a_single_component_overlaps_with_nothing():
    overlap = MixtureDistribution([1.0], [0.0], [1.0]).overlap()
    assert overlap.misclassification.tolist() == [[1.0]]
    assert overlap.maximum == overlap.average == 0.0
