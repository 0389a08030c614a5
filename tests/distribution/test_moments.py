"""Moments against SciPy and brute-force integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats


def test_moments_of_one_gaussian_are_scipys(random_mixture):
    single = random_mixture(1, 1)
    normal = stats.norm(single.means[0, 0], np.sqrt(single.covariances[0, 0, 0]))
    for order in range(9):
        assert single.moment(order) == pytest.approx(normal.moment(order), rel=1e-10)
    assert single.skewness()[0] == pytest.approx(0.0, abs=1e-14)
    assert single.kurtosis()[0] == pytest.approx(0.0, abs=1e-14)


def test_moments_agree_with_integration(two_groups, integral):
    mean, low, high = two_groups.mean(), [-9.0, -12.0], [9.0, 12.0]
    np.testing.assert_allclose(
        mean, integral(lambda x: x * two_groups.pdf(x)[:, None], low, high), rtol=1e-10
    )

    def moment(powers, center):
        return integral(lambda x: ((x - center) ** powers).prod(axis=1) * two_groups.pdf(x), low, high)

    for powers in ([2, 0], [1, 1], [3, 1], [2, 2], [0, 5]):
        assert two_groups.moment(powers) == pytest.approx(moment(powers, 0.0), rel=1e-8)
        assert two_groups.moment(powers, central=True) == pytest.approx(moment(powers, mean), rel=1e-7)
    covariance = [[moment([2, 0], mean), moment([1, 1], mean)], [moment([1, 1], mean), moment([0, 2], mean)]]
    np.testing.assert_allclose(two_groups.cov(), covariance, rtol=1e-9)
    deviation = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose(two_groups.std(), deviation, rtol=1e-9)
    thirds = [moment(powers, mean) for powers in ([3, 0], [0, 3])]
    np.testing.assert_allclose(two_groups.skewness(), thirds / deviation**3, rtol=1e-7)
    fourths = [moment(powers, mean) for powers in ([4, 0], [0, 4])]
    np.testing.assert_allclose(two_groups.kurtosis(), fourths / deviation**4 - 3, rtol=1e-7)


def test_powers_can_be_named(two_groups):
    assert two_groups.moment({"width": 2}) == two_groups.moment([0, 2])


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (2, "needs a distribution of one feature"),
        ([1], "1 powers for 2 features"),
        ([1, -1], "whole numbers"),
        ([1, 1.5], "whole numbers"),
        ({"depth": 1}, "no feature 'depth'"),
        ([400, 400], "too high"),
        ([10**30, 10**30], "too high"),
    ],
)
def test_orders_that_make_no_sense_are_refused(two_groups, order, message):
    with pytest.raises(ValueError, match=message):
        two_groups.moment(order)


def test_moments_hold_far_from_zero(skewed):
    far = skewed.affine([[1.0]], 1e8)
    np.testing.assert_allclose(far.var(), skewed.var(), rtol=1e-7)
    np.testing.assert_allclose(far.skewness(), skewed.skewness(), rtol=1e-6)
    assert far.moment(3, central=True) == pytest.approx(skewed.moment(3, central=True), rel=1e-6)


def test_a_power_that_is_no_whole_number_is_refused(skewed):
    with pytest.raises(ValueError, match=r"whole numbers from 0 on, but one is 1\.5"):
        skewed.moment(1.5)
