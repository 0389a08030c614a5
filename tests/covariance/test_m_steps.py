"""The M-step of each of the fourteen families is the maximum that a general-purpose optimiser finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixture_members import least_objective, member, n_numbers, objective

from gaussmix.core.em import maximise
from gaussmix.core.parameters import Regularization
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import FAMILIES, MODELS

IDENTIFIERS = [family.identifier for family in MODELS]
ITERATIVE = ["VEI", "VEE", "EVE", "VVE", "VEV"]
K, D, N = 3, 3, 90


def problem(seed, *, thin=None):
    """Return rows of three groups that share no covariance, and soft responsibilities."""
    rng = np.random.RandomState(seed)
    groups = [rng.normal(size=(N // K, D)) @ rng.normal(size=(D, D)) for _ in range(K)]
    if thin is not None:
        groups[thin] = groups[thin] * [1.0, 1.0, 0.05]
    responsibilities = 0.9 * np.repeat(np.eye(K), N // K, axis=0) + 0.1 * rng.dirichlet(np.ones(K), size=N)
    if thin is not None:
        responsibilities = np.repeat(np.eye(K), N // K, axis=0)
    return np.vstack(groups), responsibilities


def moments_of(X, responsibilities):
    """Return counts and scatter matrices about the means, written out."""
    counts = responsibilities.sum(axis=0)
    means = (responsibilities.T @ X) / counts[:, None]
    second = np.array(
        [(r[:, None] * (X - m)).T @ (X - m) for r, m in zip(responsibilities.T, means, strict=True)]
    )
    return counts, second


def m_step(identifier, X, responsibilities, floor=None, previous=None):
    family = FAMILIES[identifier]
    centers = np.zeros((responsibilities.shape[1], X.shape[1]))
    statistics = SufficientStatistics.from_responsibilities(X, centers, responsibilities, family.moments)
    floor = np.zeros(X.shape[1]) if floor is None else floor
    return maximise(statistics, family, Regularization(floor, np.zeros(X.shape[1])), previous)


def matrices_of(parameters):
    representation = parameters.family.representation
    return representation.matrices(parameters.covariances, *parameters.means.shape)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("n_features", [1, 2, 5])
def test_the_count_of_free_parameters_is_that_of_the_numbers_that_name_a_member(identifier, n_features):
    counted = FAMILIES[identifier].n_parameters(4, n_features)
    assert counted == n_numbers(identifier, 4, n_features)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_the_m_step_is_the_maximum(identifier, seed):
    X, responsibilities = problem(seed)
    counts, second = moments_of(X, responsibilities)
    found = objective(matrices_of(m_step(identifier, X, responsibilities)), second, counts)
    best = least_objective(identifier, second, counts)
    assert found == pytest.approx(best, abs=1e-6 * N)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_the_m_step_is_the_maximum_above_the_floor(identifier):
    """The floor is three times what the shortest axis would be without it. One group is flat."""
    X, responsibilities = problem(2, thin=1)
    counts, second = moments_of(X, responsibilities)
    floor = 3.0 * np.linalg.eigvalsh(matrices_of(m_step(identifier, X, responsibilities))).min()
    parameters = m_step(identifier, X, responsibilities, np.full(D, floor))
    matrices = matrices_of(parameters)
    assert np.linalg.eigvalsh(matrices).min() >= floor * (1 - 1e-9)
    assert parameters.repaired.any()
    best = least_objective(identifier, second, counts, floor)
    assert objective(matrices, second, counts) == pytest.approx(best, abs=2e-6 * N)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_what_the_m_step_returns_belongs_to_the_family(identifier):
    X, responsibilities = problem(3)
    matrices = matrices_of(m_step(identifier, X, responsibilities))
    volume, shape, orientation = identifier
    values, axes = np.linalg.eigh(matrices)
    volumes = np.prod(values, axis=1) ** (1 / D)
    shapes = values / volumes[:, None]
    if volume == "E":
        np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)
    if shape == "E":
        np.testing.assert_allclose(shapes, np.broadcast_to(shapes[0], shapes.shape), rtol=1e-9)
    if shape == "I":
        np.testing.assert_allclose(shapes, 1.0, rtol=1e-12)
    if orientation == "E":
        for matrix in matrices:
            rotated = axes[0].T @ matrix @ axes[0]
            np.testing.assert_allclose(rotated, np.diag(np.diag(rotated)), atol=1e-9 * values.max())
    if orientation == "I":
        np.testing.assert_array_equal(matrices * (1 - np.eye(D)), 0.0)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), level=st.sampled_from([0.0, 1e-6, 0.05, 1.0]))
def test_an_m_step_from_the_previous_parameters_never_lowers_the_expected_likelihood(identifier, seed, level):
    """However early an iteration ends: this is what keeps EM monotone, and it holds with the floor."""
    rng = np.random.RandomState(seed)
    X, responsibilities = problem(seed)
    floor = np.full(D, level)
    previous = m_step(identifier, X, rng.dirichlet(np.ones(K), size=N), floor)
    for _ in range(3):
        now = m_step(identifier, X, responsibilities, floor, previous)
        counts, second = moments_of(X, responsibilities)
        before = objective(matrices_of(previous), second, counts)
        assert objective(matrices_of(now), second, counts) <= before + 1e-9 * (abs(before) + N)
        previous = now
        responsibilities = 0.9 * responsibilities + 0.1 * rng.dirichlet(np.ones(K), size=N)


@pytest.mark.parametrize("identifier", ITERATIVE)
def test_repeated_from_its_own_result_an_iterative_m_step_stands_still(identifier):
    X, responsibilities = problem(4)
    counts, second = moments_of(X, responsibilities)
    first = m_step(identifier, X, responsibilities)
    again = first
    for _ in range(20):
        again = m_step(identifier, X, responsibilities, previous=again)
    gain = objective(matrices_of(first), second, counts) - objective(matrices_of(again), second, counts)
    assert -1e-10 * N <= gain < 1e-7 * N


@pytest.mark.parametrize("identifier", ["EVE", "VVE"])
def test_axes_that_all_components_share_are_found(identifier):
    """Scatter matrices that do have common axes, in thirty dimensions."""
    rng = np.random.RandomState(5)
    n_features = 30
    axes = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    variances = np.exp(rng.normal(size=(4, n_features)))
    family = FAMILIES[identifier]
    second = np.array([(axes * row) @ axes.T for row in variances]) * 50.0
    statistics = SufficientStatistics(
        np.zeros((4, n_features)),
        np.full(4, 50.0),
        np.zeros((4, n_features)),
        second,
        family.moments,
        0.0,
        200.0,
    )
    parameters = maximise(statistics, family, Regularization(np.zeros(n_features), np.zeros(n_features)))
    rotated = parameters.axes.T @ second @ parameters.axes
    off = rotated * (1 - np.eye(n_features))
    assert np.abs(off).max() < 1e-3 * 50.0
    np.testing.assert_allclose(parameters.axes.T @ parameters.axes, np.eye(n_features), atol=1e-13)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_ellipsoids_a_million_times_longer_than_wide_have_exact_whitening_factors(identifier):
    X, responsibilities = problem(6)
    X = X * [1.0, 1e-3, 1e-6] @ np.linalg.qr(np.random.RandomState(0).normal(size=(D, D)))[0]
    parameters = m_step(identifier, X, responsibilities)
    representation = parameters.family.representation
    precisions = representation.matrices(representation.precisions(parameters.factor), K, D)
    product = precisions @ matrices_of(parameters)
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(D), product.shape), atol=1e-3)


def test_the_spelled_out_families_are_what_they_say():
    """Of the independent source itself: a member of EVE has equal volumes and axes, and other shapes."""
    x = np.random.RandomState(0).normal(size=n_numbers("EVE", K, D))
    matrices = member(x, "EVE", K, D)
    np.testing.assert_allclose(np.linalg.det(matrices), np.linalg.det(matrices[0]), rtol=1e-12)
    np.testing.assert_allclose(matrices[0] @ matrices[1], matrices[1] @ matrices[0], atol=1e-12)
    assert not np.allclose(matrices[0], matrices[1])
