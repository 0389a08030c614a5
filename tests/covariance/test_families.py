"""Each family's M-step maximises the expected log-likelihood under the family's constraint and the floor."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from sklearn.mixture._gaussian_mixture import _estimate_gaussian_parameters

from gaussmix.core.em import maximise
from gaussmix.core.parameters import Regularization
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import (
    FAMILIES,
    LOW_RANK_FAMILIES,
    MODELS,
    ONE_DIMENSIONAL_MODELS,
    SCIKIT_LEARN_NAMES,
)
from gaussmix.covariance.floor import regularize_matrices
from gaussmix.exceptions import DegenerateCovarianceError

K, D, N = 3, 3, 60
SCIKIT_LEARNS = {name: FAMILIES[name] for name in SCIKIT_LEARN_NAMES}
every_model = pytest.mark.parametrize("family", MODELS, ids=[family.identifier for family in MODELS])


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    return rng.normal(size=(N, D)), rng.dirichlet(np.ones(K), size=N)


def statistics_of(X, responsibilities, family):
    return SufficientStatistics.from_responsibilities(X, X[:K].copy(), responsibilities, family.moments)


def no_floor(addition=0.0):
    return Regularization(np.zeros(D), np.full(D, addition))


@pytest.mark.parametrize("addition", [0.0, 0.1])
@pytest.mark.parametrize("family", SCIKIT_LEARNS.values(), ids=SCIKIT_LEARNS)
def test_m_step_agrees_with_scikit_learns(family, addition, data):
    X, responsibilities = data
    parameters = maximise(statistics_of(X, responsibilities, family), family, no_floor(addition))
    counts, means, covariances = _estimate_gaussian_parameters(X, responsibilities, addition, family.name)
    # scikit-learn adds ten units of rounding to the counts and subtracts squares of means.
    np.testing.assert_allclose(parameters.weights, counts / counts.sum(), rtol=1e-12)
    np.testing.assert_allclose(parameters.means, means, rtol=1e-10)
    np.testing.assert_allclose(parameters.covariances, covariances, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    {
        "EII": 1,
        "VII": 3,
        "EEI": 4,
        "VEI": 6,
        "EVI": 10,
        "VVI": 12,
        "EEE": 10,
        "VEE": 12,
        "EVE": 16,
        "VVE": 18,
        "EEV": 22,
        "VEV": 24,
        "EVV": 28,
        "VVV": 30,
    }.items(),
)
def test_free_parameters_are_those_that_mclust_counts(identifier, expected):
    """R: nMclustParams(identifier, d = 4, G = 3) less 2 for the weights and 12 for the means."""
    assert FAMILIES[identifier].n_parameters(3, 4) == expected


def test_free_parameters_in_one_dimension_are_those_that_mclust_counts():
    assert FAMILIES["E"].n_parameters(3, 1) == 1
    assert FAMILIES["V"].n_parameters(3, 1) == 3


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


@pytest.mark.parametrize("n_rows", [1, 30, 140])
def test_the_floor_raises_eigenvalues_to_one_in_its_units_whatever_the_rank(n_rows):
    """Against the eigenvalue decomposition of the whole matrix."""
    generator = np.random.RandomState(n_rows)
    X = generator.normal(size=(n_rows, 90)) * generator.uniform(0.05, 3.0, size=90)
    scatter, floor = X.T @ X / n_rows, generator.uniform(0.01, 0.2, size=90)
    found, factors, repaired = regularize_matrices(scatter[None], Regularization(floor, np.zeros(90)))
    values, vectors = np.linalg.eigh(scatter / np.sqrt(np.outer(floor, floor)))
    raised = (vectors * np.maximum(values, 1.0)) @ vectors.T * np.sqrt(np.outer(floor, floor))
    assert repaired[0]
    np.testing.assert_allclose(found[0], raised, atol=1e-10)
    np.testing.assert_allclose(factors[0] @ raised @ factors[0].T, np.eye(90), atol=1e-8)


@every_model
def test_covariances_above_the_floor_are_not_changed_at_all(family, data):
    X, responsibilities = data
    statistics = statistics_of(X, responsibilities, family)
    free = maximise(statistics, family, no_floor())
    held = maximise(statistics, family, Regularization(np.full(D, 1e-3), np.zeros(D)))
    np.testing.assert_array_equal(free.covariances, held.covariances)
    assert not held.repaired.any()


POOLED_VOLUME = {"EII", "EEI", "EVI", "EEE", "EVE", "EEV", "EVV"}
"""Families in which no component can be smaller than the others."""


@every_model
def test_a_component_on_one_point_is_held_at_the_floor(family):
    X = np.vstack([np.random.RandomState(0).normal(size=(20, D)), np.full((10, D), 5.0)])
    responsibilities = np.zeros((30, 2))
    responsibilities[:20, 0] = responsibilities[20:, 1] = 1.0
    statistics = SufficientStatistics.from_responsibilities(
        X, np.array([X[0], X[-1]]), responsibilities, family.moments
    )
    floor = np.full(D, 1e-4)
    parameters = maximise(statistics, family, Regularization(floor, np.zeros(D)))
    matrices = family.representation.matrices(parameters.covariances, 2, D)
    assert np.linalg.eigvalsh(matrices).min() >= 1e-4 * (1 - 1e-9)
    if family.identifier in POOLED_VOLUME:
        volumes = np.linalg.det(matrices)
        np.testing.assert_allclose(volumes, volumes[0], rtol=1e-8)
        assert not parameters.repaired.any()
        return
    np.testing.assert_array_equal(parameters.repaired, [False, True])
    if family.identifier[1] == "V" or family.identifier == "VII":
        np.testing.assert_allclose(matrices[1], np.diag(floor), rtol=1e-9, atol=1e-18)
    else:  # of the other component's shape, so that only its shortest axis can stand at the floor
        assert np.linalg.eigvalsh(matrices[1]).min() == pytest.approx(1e-4, rel=1e-9)


@pytest.mark.parametrize("identifier", ["VII", "VEI", "EVI", "VVI", "VEE", "EVE", "VVE", "VEV", "EVV", "VVV"])
def test_a_component_on_one_point_raises_without_a_floor(identifier):
    family = FAMILIES[identifier]
    X = np.vstack([np.random.RandomState(0).normal(size=(20, D)), np.full((10, D), 5.0)])
    responsibilities = np.zeros((30, 2))
    responsibilities[:20, 0] = responsibilities[20:, 1] = 1.0
    statistics = SufficientStatistics.from_responsibilities(
        X, np.array([X[0], X[-1]]), responsibilities, family.moments
    )
    with pytest.raises(DegenerateCovarianceError, match="ill-defined empirical covariance"):
        maximise(statistics, family, Regularization(np.full(D, 1e-4), np.zeros(D), strict=True))


@every_model
def test_a_component_without_rows_changes_nothing_for_the_others(family):
    rng = np.random.RandomState(3)
    X = rng.normal(size=(40, D)) * [1.0, 2.0, 3.0]
    responsibilities = np.zeros((40, 3))
    responsibilities[:20, 0] = responsibilities[20:, 1] = 1.0
    regularization = Regularization(np.full(D, 1e-6), np.zeros(D))
    full = SufficientStatistics.from_responsibilities(X, X[:3].copy(), responsibilities, family.moments)
    alone = SufficientStatistics.from_responsibilities(
        X, X[:2].copy(), responsibilities[:, :2], family.moments
    )
    with_empty = maximise(full, family, regularization)
    without = maximise(alone, family, regularization)
    assert with_empty.weights[2] == 0.0
    np.testing.assert_allclose(
        family.representation.matrices(with_empty.covariances, 3, D)[:2],
        family.representation.matrices(without.covariances, 2, D),
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_says_what_it_is(name):
    family = FAMILIES[name]
    assert name in (family.name, family.identifier)
    assert "component" in family.meaning
    assert FAMILIES[family.name] is FAMILIES[family.identifier] is family


def test_scikit_learns_names_are_four_of_mclusts():
    named = {name: FAMILIES[name].identifier for name in SCIKIT_LEARN_NAMES}
    assert named == {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}
    assert len(MODELS) == 14
    assert set(FAMILIES.values()) == {*MODELS, *ONE_DIMENSIONAL_MODELS, *LOW_RANK_FAMILIES}
