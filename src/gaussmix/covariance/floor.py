"""Keeping covariances positive definite: additions to the diagonal, and the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import Regularization
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.core.rows import Array
from gaussmix.exceptions import DegenerateCovarianceError

_MATRICES = MatrixRepresentation()


def regularize_matrices(
    matrices: Array, regularization: Regularization
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return positive definite covariances, their whitening factors, and which had to be repaired.

    Maximising ``-log|S| - trace(inv(S) M)`` over all S that are at least diag(floor) gives M with those
    eigenvalues that are below one, in coordinates where the floor is the identity, raised to one.

    Parameters
    ----------
    matrices : ndarray of shape (M, D, D)
    regularization : Regularization

    Raises
    ------
    DegenerateCovarianceError
        If a matrix is not positive definite and the regularisation is strict.
    """
    matrices = matrices + _diagonal(regularization.addition)
    repaired = np.zeros(len(matrices), dtype=bool)
    try:
        factors = _MATRICES.factor(matrices)
    except np.linalg.LinAlgError:
        if regularization.strict:
            raise DegenerateCovarianceError from None
    else:
        # S >= F in the order of matrices if no eigenvalue of F inv(S) is above one, so if their sum is not.
        # Nearly always that settles it.
        sums = np.einsum("mij,mij,j->m", factors, factors, regularization.floor)
        if regularization.strict or (sums <= 1.0).all():
            return matrices, factors, repaired
    above = matrices - _diagonal(regularization.floor)
    root = np.sqrt(regularization.floor)
    for m in range(len(matrices)):
        if _all_positive_definite(above[m : m + 1]):
            continue
        values, vectors = np.linalg.eigh(matrices[m] / root / root[:, None])
        if (values < 1.0).any():
            raised = (vectors * np.maximum(values, 1.0)) @ vectors.T
            matrices[m] = 0.5 * (raised + raised.T) * root * root[:, None]
            repaired[m] = True
    return matrices, _MATRICES.factor(matrices), repaired


def regularize_variances(
    variances: Array, addition: Array, floor: Array, *, strict: bool
) -> tuple[Array, NDArray[np.bool_]]:
    """Return variances that are positive, and a mask of those that had to be repaired.

    Parameters
    ----------
    variances, addition, floor : ndarray
        Of shapes that broadcast to that of `variances`.
    strict : bool
        Raise where a variance is not positive.

    Raises
    ------
    DegenerateCovarianceError
        If a variance is not positive and `strict` is true.
    """
    variances = variances + addition
    if strict:
        if not (variances > 0).all():
            raise DegenerateCovarianceError
        return variances, np.zeros(variances.shape, dtype=bool)
    below = variances < floor
    return np.maximum(variances, floor), below


def _diagonal(entries: Array) -> Array:
    """Return a diagonal matrix."""
    matrix = np.zeros((len(entries), len(entries)))
    matrix.flat[:: len(entries) + 1] = entries
    return matrix


def _all_positive_definite(matrices: Array) -> bool:
    """Return whether all matrices of shape (M, D, D) have a Cholesky factor."""
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True
