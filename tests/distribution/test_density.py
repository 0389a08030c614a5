"""Density, gradient and Hessian against SciPy and against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp


def brute_force_logpdf(mixture, x):
    logs = [
        np.log(weight) + stats.multivariate_normal(mean, covariance).logpdf(x)
        for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    ]
    return logsumexp(logs, axis=0)


@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 4), (3, 1), (3, 2), (5, 6)])
def test_the_log_density_is_scipys(random_mixture, n_components, n_features):
    mixture = random_mixture(n_components, n_features)
    x = mixture.rvs(50, random_state=0) * 3.0
    np.testing.assert_allclose(mixture.logpdf(x), brute_force_logpdf(mixture, x), rtol=1e-10)
    np.testing.assert_allclose(mixture.pdf(x), np.exp(brute_force_logpdf(mixture, x)), rtol=1e-9)


def test_diagonal_covariances_give_the_same_density(random_mixture):
    full = random_mixture(3, 3)
    diagonal = type(full)(full.weights, full.means, full.covariances * np.eye(3))
    x = full.rvs(50, random_state=0)
    np.testing.assert_allclose(diagonal.logpdf(x), brute_force_logpdf(diagonal, x), rtol=1e-10)


def test_the_density_far_out_is_not_lost(skewed):
    # The widest component alone counts there.
    expected = np.log(0.1) + stats.norm(5.0, 2.0).logpdf(1e6)
    assert skewed.logpdf(1e6) == pytest.approx(expected, rel=1e-12)
    assert skewed.pdf(1e6) == 0.0
    assert skewed.logpdf(1e200) == -np.inf
    assert skewed.logpdf([np.inf, -np.inf]).tolist() == [-np.inf, -np.inf]
    assert np.isnan(skewed.logpdf(np.nan))


def test_missing_entries_leave_the_other_rows_alone(two_groups):
    x = np.array([[0.0, np.nan], [1.0, 1.0]])
    found = two_groups.logpdf(x)
    assert np.isnan(found[0])
    assert found[1] == two_groups.logpdf(x[1])
    assert np.isnan(two_groups.responsibilities(x)[0]).all()


@pytest.mark.parametrize("n_features", [1, 3])
def test_gradient_and_hessian_agree_with_differences(random_mixture, n_features):
    mixture = random_mixture(3, n_features)
    step = 1e-5
    x = mixture.rvs(5, random_state=1)
    for d, move in enumerate(step * np.eye(n_features)):
        gradient = (mixture.logpdf(x + move) - mixture.logpdf(x - move)) / (2 * step)
        hessian = (mixture.gradient(x + move) - mixture.gradient(x - move)) / (2 * step)
        np.testing.assert_allclose(mixture.gradient(x)[:, d], gradient, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(mixture.hessian(x)[:, d], hessian, rtol=1e-6, atol=1e-6)


def test_derivatives_far_out_are_those_of_the_component_that_counts(skewed):
    assert skewed.gradient(1e8)[0] == pytest.approx(-(1e8 - 5.0) / 4.0, rel=1e-12)
    assert skewed.hessian(1e8)[0, 0] == pytest.approx(-0.25, rel=1e-12)


def test_a_component_of_weight_zero_changes_nothing(two_groups):
    with_zero = type(two_groups)(
        [0.6, 0.0, 0.4],
        np.insert(two_groups.means, 1, [50.0, 50.0], axis=0),
        np.insert(two_groups.covariances, 1, np.eye(2), axis=0),
    )
    x = two_groups.rvs(20, random_state=0)
    np.testing.assert_array_equal(with_zero.logpdf(x), two_groups.logpdf(x))
    assert (with_zero.responsibilities(x)[:, 1] == 0).all()
    np.testing.assert_array_equal(with_zero.rvs(50, random_state=0).max() < 20, True)
    assert len(with_zero.modes()) == len(two_groups.modes())
    assert with_zero.modes().of_component[1] == -1
    np.testing.assert_allclose(with_zero.entropy_bounds(), two_groups.entropy_bounds(), rtol=1e-12)
    assert with_zero.kl_divergence(two_groups, 1000, 0).value == pytest.approx(0.0, abs=1e-14)
    assert with_zero.l2_distance(two_groups) == pytest.approx(0.0, abs=1e-8)
