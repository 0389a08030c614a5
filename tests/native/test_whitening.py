"""Whitening factors are the inverses of Cholesky factors, accurate entry by entry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from gaussmix import _native
from gaussmix.core.representation import MatrixRepresentation

SIZES = [*range(1, 42), 64, 65, 130]


def covariances(rng, n_features, n_matrices=3, stretch=0.0):
    """Return positive definite matrices of features whose scales differ by about exp(stretch)."""
    rows = rng.normal(size=(n_matrices, 2 * n_features + 3, n_features))
    scale = np.exp(stretch * rng.normal(size=n_features))
    return np.swapaxes(rows, 1, 2) @ rows * scale[:, None] * scale


def whitening_factors(matrices, instruction_set):
    factors = np.full_like(matrices, np.nan)
    return factors, _native.whitening_factors(matrices, factors, instruction_set)


@pytest.mark.parametrize("stretch", [0.0, 10.0])
def test_whitening_factors_are_those_of_lapack(instruction_set, rng, stretch):
    for n_features in SIZES:
        matrices = covariances(rng, n_features, stretch=stretch)
        factors, done = whitening_factors(matrices, instruction_set)
        assert done == len(matrices)
        for matrix, factor in zip(matrices, factors, strict=True):
            lower = np.linalg.cholesky(matrix)
            expected = solve_triangular(lower, np.eye(n_features), lower=True)
            # In units of each feature, in which entries are of the order of one.
            unit = np.sqrt(np.diag(matrix))
            np.testing.assert_allclose(factor * unit, expected * unit, rtol=0, atol=1e-12)
            np.testing.assert_array_equal(factor, np.tril(factor))


def test_only_the_lower_triangle_is_read(instruction_set, rng):
    for n_features in (2, 7, 20):
        matrices = covariances(rng, n_features)
        expected, _ = whitening_factors(matrices, instruction_set)
        matrices[:, np.triu_indices(n_features, 1)[0], np.triu_indices(n_features, 1)[1]] = np.nan
        factors, done = whitening_factors(matrices, instruction_set)
        assert done == len(matrices)
        np.testing.assert_array_equal(factors, expected)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_the_first_matrix_that_is_not_positive_definite_is_named(instruction_set, rng, wrong):
    for n_features in (1, 5, 8, 13, 40):
        for place in {0, n_features // 2, n_features - 1}:
            matrices = covariances(rng, n_features)
            matrices[1, place, place] = wrong
            assert whitening_factors(matrices, instruction_set)[1] == 1


def test_a_matrix_without_a_factor_raises(rng):
    matrices = covariances(rng, 4)
    matrices[2] = np.ones((4, 4))
    with pytest.raises(np.linalg.LinAlgError, match="covariance 2"):
        MatrixRepresentation().factor(matrices)


def test_one_matrix_for_all_keeps_its_shape(rng):
    matrix = covariances(rng, 6)[0]
    factor = MatrixRepresentation().factor(matrix)
    np.testing.assert_allclose(factor @ matrix @ factor.T, np.eye(6), atol=1e-12)


def test_arrays_of_other_shapes_are_refused(instruction_set):
    with pytest.raises(ValueError, match="must have shape"):
        _native.whitening_factors(np.ones((2, 3, 4)), np.ones((2, 3, 4)), instruction_set)
    with pytest.raises(ValueError, match="factors must have shape"):
        _native.whitening_factors(np.ones((2, 3, 3)), np.ones((1, 3, 3)), instruction_set)
