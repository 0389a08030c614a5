"""Each family's M-step maximises the expected log-likelihood under the family's constraint and the floor."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from sklearn.mixture._gaussian_mixture import _estimate_gaussian_parameters

from gaussmix.core.em import maximise
from gaussmix.core.parameters import Regularization
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import FAMILIES
from gaussmix.exceptions import DegenerateCovarianceError

K, D, N = 3, 3, 60


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    return rng.normal(size=(N, D)), rng.dirichlet(np.ones(K), size=N)


def statistics_of(X, responsibilities, family):
    return SufficientStatistics.from_responsibilities(X, X[:K].copy(), responsibilities, family.moments)


def no_floor(addition=0.0):
    return Regularization(np.zeros(D), np.full(D, addition))


@pytest.mark.parametrize("addition", [0.0, 0.1])
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_m_step_agrees_with_scikit_learns(family, addition, data):
    X, responsibilities = data
    parameters = maximise(statistics_of(X, responsibilities, family), family, no_floor(addition))
    counts, means, covariances = _estimate_gaussian_parameters(X, responsibilities, addition, family.name)
    # scikit-learn adds ten units of rounding to the counts and subtracts squares of means.
    np.testing.assert_allclose(parameters.weights, counts / counts.sum(), rtol=1e-12)
    np.testing.assert_allclose(parameters.means, means, rtol=1e-10)
    np.testing.assert_allclose(parameters.covariances, covariances, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("family", "expected"), [("full", 6 * 3), ("tied", 6), ("diag", 3 * 3), ("spherical", 3)]
)
def test_free_parameters_are_those_of_mclusts_table(family, expected):
    """Three components in three dimensions: d(d+1)/2 a matrix, d a diagonal, 1 a sphere."""
    assert FAMILIES[family].n_parameters(K, D) == expected


def expected_log_likelihood(matrices, scatter, counts):
    """Sum over components of n/2 (-log|S| - trace(inv(S) M)), the part of the M-step on covariances."""
    return sum(
        0.5 * n * (-np.linalg.slogdet(S)[1] - np.trace(np.linalg.solve(S, M)))
        for S, M, n in zip(matrices, scatter, counts, strict=True)
    )


def test_the_floor_on_a_matrix_is_the_constrained_maximum(data):
    """Against a search over all matrices diag(floor) + A A'."""
    X, _ = data
    X = X @ np.diag([1.0, 1.0, 1e-3])  # one direction far below the floor
    floor = np.array([0.1, 0.2, 0.05])
    family = FAMILIES["full"]
    statistics = SufficientStatistics.from_responsibilities(X, X[:1].copy(), np.ones((N, 1)), family.moments)
    estimate = maximise(statistics, family, Regularization(floor, np.zeros(D)))
    assert estimate.repaired[0]
    scatter = np.cov(X.T, bias=True)

    def loss(entries):
        A = np.zeros((D, D))
        A[np.tril_indices(D)] = entries
        return -expected_log_likelihood([np.diag(floor) + A @ A.T], [scatter], [1.0])

    starts = np.random.RandomState(1).normal(size=(5, 6))
    best = min(optimize.minimize(loss, start, tol=1e-12).fun for start in starts)
    found = -expected_log_likelihood(estimate.covariances, [scatter], [1.0])
    assert found <= best + 1e-8
    assert np.linalg.eigvalsh(estimate.covariances[0] - np.diag(floor)).min() > -1e-12


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_covariances_above_the_floor_are_not_changed_at_all(family, data):
    X, responsibilities = data
    statistics = statistics_of(X, responsibilities, family)
    free = maximise(statistics, family, no_floor())
    held = maximise(statistics, family, Regularization(np.full(D, 1e-3), np.zeros(D)))
    np.testing.assert_array_equal(free.covariances, held.covariances)
    assert not held.repaired.any()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_component_on_one_point_is_held_at_the_floor_or_raises(family):
    X = np.vstack([np.random.RandomState(0).normal(size=(20, D)), np.full((10, D), 5.0)])
    responsibilities = np.zeros((30, 2))
    responsibilities[:20, 0] = responsibilities[20:, 1] = 1.0
    statistics = SufficientStatistics.from_responsibilities(
        X, np.array([X[0], X[-1]]), responsibilities, family.moments
    )
    floor = np.full(D, 1e-4)
    parameters = maximise(statistics, family, Regularization(floor, np.zeros(D)))
    if family.name == "tied":  # shares the other component's covariance
        assert not parameters.repaired.any()
        return
    np.testing.assert_array_equal(parameters.repaired, [False, True])
    held = family.representation.matrices(parameters.covariances, 2, D)[1]
    np.testing.assert_allclose(held, np.diag(floor), rtol=1e-12, atol=1e-18)
    with pytest.raises(DegenerateCovarianceError, match="ill-defined empirical covariance"):
        maximise(statistics, family, Regularization(floor, np.zeros(D), strict=True))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_family_says_what_it_is(family):
    assert len(family.identifier) == 3
    assert "component" in family.meaning
    assert FAMILIES[family.name] is family
