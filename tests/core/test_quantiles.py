"""Quantiles of many mixtures side by side are those that scipy finds one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from gaussmix.core.quantiles import quantile

N, K = 60, 4
RNG = np.random.RandomState(0)
WEIGHTS = RNG.dirichlet(np.full(K, 0.5), N)
MEANS = RNG.normal(size=(N, K)) * RNG.choice([1.0, 30.0], size=(N, 1))
DEVIATIONS = RNG.gamma(1.0, size=(N, K)) + 0.01


def cdf(value, row):
    return float(WEIGHTS[row] @ stats.norm.cdf(value, MEANS[row], DEVIATIONS[row]))


def survival(value, row):
    return float(WEIGHTS[row] @ stats.norm.sf(value, MEANS[row], DEVIATIONS[row]))


@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.95])
def test_quantiles_are_the_roots_that_brent_s_method_finds(probability):
    found = quantile(probability, WEIGHTS, MEANS, DEVIATIONS)
    for row in range(N):
        root = optimize.brentq(lambda y, row=row: cdf(y, row) - probability, -300, 300, xtol=1e-13)
        # In a gap between components there is a range of values that all but solve the equation.
        assert found[row] == pytest.approx(root, abs=1e-9) or abs(cdf(found[row], row) - probability) < 1e-15


@pytest.mark.parametrize("probability", [1e-300, 1e-30, 1e-9])
def test_both_tails_are_exact_in_relative_terms(probability):
    found = quantile(probability, WEIGHTS, MEANS, DEVIATIONS)
    below = [cdf(value, row) for row, value in enumerate(found)]
    np.testing.assert_allclose(below, probability, rtol=1e-8)
    if probability > 1e-16:
        upper = quantile(1.0 - probability, WEIGHTS, MEANS, DEVIATIONS)
        above = [survival(value, row) for row, value in enumerate(upper)]
        np.testing.assert_allclose(above, 1.0 - (1.0 - probability), rtol=1e-8)


def test_one_component_has_the_quantiles_of_the_normal_distribution():
    probabilities = np.array([1e-10, 0.3, 0.5, 0.9])
    found = quantile(probabilities, np.ones(1), np.array([1e8]), np.array([1e-3]))
    np.testing.assert_array_equal(found, 1e8 + 1e-3 * stats.norm.ppf(probabilities))


def test_certain_and_impossible_are_at_infinity():
    with np.errstate(all="raise"):
        found = quantile([0.0, 1.0], WEIGHTS[0], MEANS[0], DEVIATIONS[0])
    np.testing.assert_array_equal(found, [-np.inf, np.inf])


def test_units_and_offsets_do_not_matter():
    plain = quantile(0.2, WEIGHTS, MEANS, DEVIATIONS)
    for scale in (1e-150, 1e150):
        found = quantile(0.2, WEIGHTS, MEANS * scale, DEVIATIONS * scale)
        np.testing.assert_allclose(found, plain * scale, rtol=1e-9)
    moved = quantile(0.2, WEIGHTS, MEANS + 1e6, DEVIATIONS)
    np.testing.assert_allclose(moved - 1e6, plain, atol=1e-8)
