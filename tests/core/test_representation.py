"""Whitening factors, covariances and precisions belong together in every representation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, stats
from sklearn.datasets import make_spd_matrix

from gaussmix.core.representation import (
    DiagonalRepresentation,
    MatrixRepresentation,
    ScalarRepresentation,
    SharedMatrixRepresentation,
    invert_lower_triangular,
)

K, D = 3, 4
RNG = np.random.RandomState(0)
MATRICES = np.array([make_spd_matrix(D, random_state=k) for k in range(K)])
CASES = [
    (MatrixRepresentation(), MATRICES),
    (SharedMatrixRepresentation(), MATRICES[0]),
    (DiagonalRepresentation(), RNG.uniform(0.1, 5, (K, D))),
    (ScalarRepresentation(), RNG.uniform(0.1, 5, K)),
]


def matrices(representation, arrays):
    return representation.matrices(arrays, K, D)


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_shape_is_that_of_the_arrays(representation, covariances):
    assert representation.shape(K, D) == covariances.shape


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_precisions_are_the_inverses_of_the_covariances(representation, covariances):
    precisions = representation.precisions(representation.factor(covariances))
    for covariance, precision in zip(
        matrices(representation, covariances), matrices(representation, precisions), strict=True
    ):
        np.testing.assert_allclose(precision, linalg.inv(covariance), rtol=1e-10)


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_factors_lead_back_to_covariances_and_precisions(representation, covariances):
    factor = representation.factor(covariances)
    np.testing.assert_allclose(representation.covariances(factor), covariances, rtol=1e-10, atol=1e-12)
    again = representation.factor_of_precisions(representation.precisions(factor))
    np.testing.assert_allclose(again, factor, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_log_determinants_are_those_of_the_square_roots_of_the_precisions(representation, covariances):
    found = representation.log_determinants(representation.factor(covariances), K, D)
    expected = [-0.5 * np.linalg.slogdet(m)[1] for m in matrices(representation, covariances)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_variances_are_the_diagonals_of_the_matrices(representation, covariances):
    expected = np.einsum("kdd->kd", matrices(representation, covariances))
    np.testing.assert_array_equal(representation.variances(covariances, K, D), expected)


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_rescaled_features_have_rescaled_covariances_and_factors(representation, covariances):
    scale = np.full(D, 2.0) if isinstance(representation, ScalarRepresentation) else 2.0 ** np.arange(D)
    rescaled = representation.rescale_covariances(covariances, scale)
    expected = matrices(representation, covariances) * np.outer(scale, scale)
    np.testing.assert_array_equal(matrices(representation, rescaled), expected)
    np.testing.assert_allclose(
        representation.rescale_factor(representation.factor(covariances), scale),
        representation.factor(rescaled),
        rtol=1e-12,
    )


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_spread_rows_have_the_covariance_of_the_component(representation, covariances):
    standard = np.random.RandomState(1).normal(size=(200_000, D))
    rows = representation.spread(standard, representation.factor(covariances), 0)
    expected = matrices(representation, covariances)[0]
    # The standard error of a covariance of 200,000 rows is about half a percent of the variances.
    tolerance = 5 * 0.005 * np.sqrt(np.outer(np.diag(expected), np.diag(expected))).max()
    np.testing.assert_allclose(np.cov(rows.T), expected, atol=tolerance)


@pytest.mark.parametrize(("representation", "covariances"), CASES)
def test_covariances_that_are_not_positive_definite_are_refused(representation, covariances):
    with pytest.raises(np.linalg.LinAlgError):
        representation.factor(-covariances)
    with pytest.raises(np.linalg.LinAlgError):
        representation.factor_of_precisions(-covariances)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 16, 33, 100])
def test_inverse_of_a_triangular_matrix_agrees_with_lapack(size):
    lower = np.tril(np.random.RandomState(size).normal(size=(2, size, size))) + 3 * np.eye(size)
    found = invert_lower_triangular(lower)
    for k in range(2):
        expected = linalg.solve_triangular(lower[k], np.eye(size), lower=True)
        np.testing.assert_allclose(found[k], expected, rtol=1e-8, atol=1e-12)
    assert (np.triu(found, 1) == 0).all()


def test_a_stretched_covariance_keeps_its_accuracy_in_each_entry():
    """Columns of a triangular factor that differ by 1e12: a general inverse mixes their errors."""
    scale = np.array([1e-6, 1.0, 1e6])
    correlation = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
    covariance = correlation * np.outer(scale, scale)
    factor = MatrixRepresentation().factor(covariance[None])[0]
    expected = MatrixRepresentation().factor(correlation[None])[0] / scale
    np.testing.assert_allclose(factor, expected, rtol=1e-12)


def test_the_squared_length_of_whitened_rows_is_the_mahalanobis_distance():
    rows = np.random.RandomState(2).normal(size=(20, D))
    whitened = rows @ MatrixRepresentation().factor(MATRICES)[0].T
    log_density = stats.multivariate_normal(np.zeros(D), MATRICES[0]).logpdf(rows)
    constant = -0.5 * (D * np.log(2 * np.pi) + np.linalg.slogdet(MATRICES[0])[1])
    np.testing.assert_allclose(constant - 0.5 * (whitened**2).sum(axis=1), log_density, rtol=1e-10)
