"""What a change of coordinates leaves as it was, family by family."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaussmix.core.em import maximise
from gaussmix.core.parameters import Regularization
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance import FAMILIES, MODELS

K, D, N = 3, 4, 80
ALL = [family.identifier for family in MODELS]
ALONG_THE_AXES = ["EEI", "VEI", "EVI", "VVI"]
AFFINE = ["EEE", "VEE", "EVV", "VVV"]
ROTATED = ["EII", "VII", *AFFINE, "EVE", "VVE", "EEV", "VEV"]


def covariances(identifier, X, responsibilities, floor):
    family = FAMILIES[identifier]
    statistics = SufficientStatistics.from_responsibilities(X, X[:K].copy(), responsibilities, family.moments)
    parameters = maximise(statistics, family, Regularization(floor, np.zeros(D)))
    return family.representation.matrices(parameters.covariances, K, D)


def problem(seed):
    rng = np.random.RandomState(seed)
    X = np.vstack([rng.normal(size=(N // 4, D)) @ rng.normal(size=(D, D)) for _ in range(4)])
    return rng, X, rng.dirichlet(np.ones(K), size=N)


def assert_close(found, expected):
    """The iterations stop at a tolerance of 1e-5 in a volume, and where the angles of axes gain 1e-9 nats."""
    size = np.sqrt(np.einsum("kdd->kd", expected))
    relative = (found - expected) / size[:, :, None] / size[:, None, :]
    assert np.abs(relative).max() < 1e-3


@pytest.mark.parametrize("identifier", ROTATED)
@pytest.mark.parametrize("level", [0.0, 0.3])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_rotation_of_the_rows_rotates_the_covariances(identifier, level, seed):
    rng, X, responsibilities = problem(seed)
    rotation = np.linalg.qr(rng.normal(size=(D, D)))[0]
    floor = np.full(D, level)
    plain = covariances(identifier, X, responsibilities, floor)
    rotated = covariances(identifier, X @ rotation, responsibilities, floor)
    assert_close(rotated, rotation.T @ plain @ rotation)


@pytest.mark.parametrize("identifier", ALONG_THE_AXES + AFFINE)
@pytest.mark.parametrize("level", [0.0, 0.3])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_each_column_may_have_a_unit_of_its_own(identifier, level, seed):
    rng, X, responsibilities = problem(seed)
    scale = 10.0 ** rng.uniform(-3, 3, size=D)
    floor = np.full(D, level)
    plain = covariances(identifier, X, responsibilities, floor)
    scaled = covariances(identifier, X * scale, responsibilities, floor * scale**2)
    assert_close(scaled, plain * scale * scale[:, None])


@pytest.mark.parametrize("identifier", AFFINE)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_linear_map_maps_the_covariances(identifier, seed):
    rng, X, responsibilities = problem(seed)
    A = rng.normal(size=(D, D)) + 2.0 * np.eye(D)
    plain = covariances(identifier, X, responsibilities, np.zeros(D))
    mapped = covariances(identifier, X @ A, responsibilities, np.zeros(D))
    assert_close(mapped, A.T @ plain @ A)


@pytest.mark.parametrize("identifier", ALL)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_components_and_of_columns_does_not_matter(identifier, seed):
    rng, X, responsibilities = problem(seed)
    components, columns = rng.permutation(K), rng.permutation(D)
    plain = covariances(identifier, X, responsibilities, np.zeros(D))
    other = covariances(identifier, X[:, columns], responsibilities[:, components], np.zeros(D))
    assert_close(other, plain[components][:, columns][:, :, columns])


@pytest.mark.parametrize("identifier", ALL)
def test_the_family_says_what_it_becomes_in_other_units(identifier):
    """A member rescaled column by column is a member of the family that the first one names."""
    rng, X, responsibilities = problem(1)
    scale = 10.0 ** rng.uniform(-1, 1, size=D)
    matrices = covariances(identifier, X, responsibilities, np.zeros(D)) * scale * scale[:, None]
    family = FAMILIES[FAMILIES[identifier].in_other_units]
    counts = np.full(K, 10.0)
    second = {
        Moments.FULL: matrices,
        Moments.POOLED: matrices.sum(axis=0),
        Moments.DIAGONAL: np.einsum("kdd->kd", matrices),
    }[family.moments]
    statistics = SufficientStatistics(
        np.zeros((K, D)), counts, np.zeros((K, D)), 10.0 * second, family.moments, 0.0, 10.0 * K
    )
    parameters = maximise(statistics, family, Regularization(np.zeros(D), np.zeros(D)))
    assert_close(family.representation.matrices(parameters.covariances, K, D), matrices)
