"""Predictive distributions are mixtures of Student's t, as scipy has them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gaussmix.core.conditioning import Conditioner
from gaussmix.core.predictive import Evidence, PredictiveMixtures
from gaussmix.core.quantiles import quantile

WEIGHTS = np.array([0.5, 0.3, 0.2])
MEANS = np.array([[0.0, 0.0, 0.0, 0.0], [2.0, 1.0, 3.0, 0.0], [-1.0, 2.0, 0.0, 3.0]])
_ROOTS = np.random.RandomState(0).normal(size=(3, 4, 6))
COVARIANCES = _ROOTS @ np.swapaxes(_ROOTS, 1, 2) / 6
ROWS = np.array([[0.0, 0.5], [1.5, 1.0], [-6.0, 9.0]])
COUNTS = 60 * WEIGHTS


def test_it_is_what_remains_of_a_joint_student_t_distribution():
    """Given some features, a multivariate t is one again, of more degrees of freedom (Ding 2016)."""
    conditioner = Conditioner.of(WEIGHTS[:1], MEANS[:1], COVARIANCES[:1], [0, 1])
    found = PredictiveMixtures.of(conditioner, ROWS, Evidence(COUNTS[:1], COUNTS[:1], 1, None))
    n, mean, covariance = COUNTS[0], MEANS[0], COVARIANCES[0]
    # Of a further row: 1 + 1/n times the scatter; what is wanted is one feature, so three in all.
    for w in (2, 3):
        which = [0, 1, w]
        degrees = n - 3  # n - 1 - G of the conditional, less the two features that are given, and one
        shape = (1 + 1 / n) * n * covariance[np.ix_(which, which)]
        joint = stats.multivariate_t(mean[which], shape / (degrees - 2), df=degrees - 2)
        for row in range(2):
            values = found.means[row, 0, w - 2] + found.scales[row, 0, w - 2] * np.array([-2.0, 0.0, 1.0])
            law = stats.t(found.degrees[0], found.means[row, 0, w - 2], found.scales[row, 0, w - 2])
            ratio = joint.pdf([[*ROWS[row], y] for y in values]) / law.pdf(values)
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_components_weigh_what_their_predictive_densities_of_the_given_features_say():
    conditioner = Conditioner.of(WEIGHTS, MEANS, COVARIANCES, [0, 1])
    found = PredictiveMixtures.of(conditioner, ROWS, Evidence(COUNTS, COUNTS, 1, None))
    densities = np.empty((3, 3))
    for k, n in enumerate(COUNTS):
        shape = (1 + 1 / n) * n * COVARIANCES[k][:2, :2] / (n - 2)
        densities[:, k] = WEIGHTS[k] * stats.multivariate_t(MEANS[k, :2], shape, df=n - 2).pdf(ROWS)
    np.testing.assert_allclose(found.weights, densities / densities.sum(axis=1, keepdims=True), rtol=1e-10)


def test_quantiles_are_those_of_the_mixture_of_t_distributions():
    found = PredictiveMixtures.of(
        Conditioner.of(WEIGHTS, MEANS, COVARIANCES, [0, 1]), ROWS, Evidence(COUNTS, COUNTS, 1, None)
    )
    np.testing.assert_array_equal(found.degrees, COUNTS - 3)
    for probability in (1e-6, 0.05, 0.5, 0.999):
        at = found.quantile(probability)
        for row in range(3):
            for w in range(2):
                laws = stats.t(found.degrees, found.means[row, :, w], found.scales[row, :, w])
                assert found.weights[row] @ laws.cdf(at[row, w]) == pytest.approx(probability, rel=1e-8)


def test_of_very_many_rows_it_is_the_conditional_mixture():
    conditioner = Conditioner.of(WEIGHTS, MEANS, COVARIANCES, [0, 1])
    plain = conditioner(ROWS)
    found = PredictiveMixtures.of(conditioner, ROWS, Evidence(1e9 * COUNTS, 1e9 * COUNTS, 1, None))
    np.testing.assert_allclose(found.weights, plain.weights, rtol=1e-6, atol=1e-30)
    deviations = np.sqrt(plain.covariances[:, 0, 0])
    expected = quantile(0.1, plain.weights, plain.means[:, :, 0], deviations)
    np.testing.assert_allclose(found.quantile(0.1)[:, 0], expected, rtol=1e-6)


def test_a_component_of_weight_zero_and_one_of_fewer_rows_than_parameters_do_no_harm():
    weights = np.array([1.0, 0.0, 0.02])
    conditioner = Conditioner.of(weights, MEANS, COVARIANCES, [0, 1])
    with np.errstate(all="raise"):
        found = PredictiveMixtures.of(conditioner, ROWS, Evidence(50 * weights, 50 * weights, 1, None))
        ends = found.quantile(0.1), found.quantile(0.9)
    assert np.isfinite(ends).all()
    assert (ends[0] < ends[1]).all()
    assert (found.weights[:, 1] == 0).all()
    assert (found.degrees >= 1).all()
