"""Entropy against SciPy and brute-force integration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from gaussmix import MixtureDistribution


def test_one_gaussian_has_scipys_entropy(random_mixture):
    single = random_mixture(1, 3)
    expected = stats.multivariate_normal(single.means[0], single.covariances[0]).entropy()
    assert single.entropy().value == pytest.approx(expected, rel=1e-12)
    assert single.entropy().standard_error == 0.0
    np.testing.assert_allclose(single.entropy_bounds(), expected, rtol=1e-12)


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0, 30.0])
def test_bounds_enclose_the_entropy_and_the_estimate_is_within_its_error(distance):
    mixture = MixtureDistribution([0.3, 0.7], [0.0, distance], [1.0, 2.0])
    ends = [-12.0, 0.0, distance, distance + 15.0]
    exact = sum(
        integrate.quad(lambda x: -mixture.pdf(x) * mixture.logpdf(x), a, b, epsabs=1e-12)[0]
        for a, b in itertools.pairwise(ends)
    )
    low, high = mixture.entropy_bounds()
    assert low - 1e-9 <= exact <= high + 1e-9
    estimate = mixture.entropy(random_state=0)
    assert abs(estimate.value - exact) <= 4 * estimate.standard_error + 1e-9
    assert estimate.standard_error < 2e-3


def test_bounds_are_near_where_components_are_far_apart_or_alike():
    apart = MixtureDistribution([0.5, 0.5], [[0.0, 0.0], [40.0, 0.0]], [np.eye(2)] * 2)
    low, high = apart.entropy_bounds()
    assert high - low < 1e-9
    alike = MixtureDistribution([0.5, 0.5], [[0.0, 0.0]] * 2, [np.eye(2)] * 2)
    low, high = alike.entropy_bounds()
    assert high - low < 1e-12
    assert alike.entropy(1000, 0).standard_error < 1e-12


def test_bounds_hold_in_many_features(random_mixture):
    for seed in range(5):
        mixture = random_mixture(6, 4, seed, spread=1.0)
        low, high = mixture.entropy_bounds()
        estimate = mixture.entropy(20_000, 0)
        assert low - 5 * estimate.standard_error < estimate.value < high + 5 * estimate.standard_error
