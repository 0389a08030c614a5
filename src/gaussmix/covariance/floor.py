"""Keeping covariances positive definite: additions to the diagonal, and the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import VARIANCE_OF_A_STEP, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.scatter import low_rank_root
from gaussmix.exceptions import DegenerateCovarianceError

LEAST_FLOOR = 1e-8
"""Least part of the largest feature's floor that another's may be, where all directions have one."""

NEAR_THE_FLOOR = 1.01
"""Within this factor of a floor a variance stands at it."""
FEW_FEATURES = 8
ROUNDING_OF_EIGENVALUES = 32 * float(np.finfo(float).eps)
"""Part of the largest eigenvalue, a feature, below which the others are rounding."""
_MATRICES = MatrixRepresentation()


def regularize_matrices(
    matrices: Array, regularization: Regularization
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return positive definite covariances, their whitening factors, and which had to be repaired.

    Maximising ``-log|S| - trace(inv(S) M)`` over all S that are at least diag(floor) gives M with those
    eigenvalues that are below one, in coordinates where the floor is the identity, raised to one. Where the
    largest is so large that doubles cannot tell the least from one, the floor is added to that, with what a
    factorisation rounds: no less than the floor either, and less than three units of it too much. Of many
    features and few rows only the eigenvalues that the rows determine are computed.

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
    root = np.sqrt(regularization.floor)
    if not regularization.strict and root.all() and not regularization.addition.any():
        for m, matrix in enumerate(matrices):
            of_few_rows = low_rank_root(matrix / root / root[:, None])
            if of_few_rows is not None:
                matrices[m] = _raised(of_few_rows) * root * root[:, None]
                repaired[m] = True
    factors: Array | None = None
    try:
        factors = _MATRICES.factor(matrices)
    except np.linalg.LinAlgError:
        if regularization.strict:
            raise DegenerateCovarianceError from None
    if factors is None:
        doubtful = np.flatnonzero(~repaired)
    elif regularization.strict:
        return matrices, factors, repaired
    else:
        doubtful = np.flatnonzero(~_surely_above(factors, regularization.floor) & ~repaired)
    if matrices.shape[-1] > FEW_FEATURES:  # an eigenvalue decomposition would cost much more than this
        above = matrices[doubtful] - _diagonal(regularization.floor)
        doubtful = doubtful[[not _all_positive_definite(one) for one in above]]
    if doubtful.size:
        values, vectors = np.linalg.eigh(matrices[doubtful] / root / root[:, None])
        rounding = ROUNDING_OF_EIGENVALUES * matrices.shape[-1]
        lost = rounding * values[:, -1] > 1.0
        below = (values < 1.0).any(axis=1) | lost
        doubtful, values, vectors, lost = doubtful[below], values[below], vectors[below], lost[below]
        raised = (vectors * np.maximum(values, 1.0)[:, None, :]) @ vectors.swapaxes(1, 2)
        raised = 0.5 * (raised + raised.swapaxes(1, 2)) * root * root[:, None]
        if lost.any():
            # Unless differences of large sums have left negative eigenvalues, which no addition mends.
            fine = lost & (values[:, 0] > -rounding * values[:, -1])
            raised[fine] = matrices[doubtful[fine]]
            diagonals = np.einsum("mdd->md", raised)  # a view
            diagonals[lost] += regularization.floor + rounding * diagonals[lost]
        matrices[doubtful] = raised
        repaired[doubtful] = True
    if factors is None:
        factors = _MATRICES.factor(matrices)
    elif doubtful.size:
        factors[doubtful] = _MATRICES.factor(matrices[doubtful])
    return matrices, factors, repaired


def _raised(root: Array) -> Array:
    """Return a matrix ``G G'`` of low rank with eigenvalues below one raised to one.

    Parameters
    ----------
    root : ndarray of shape (D, rank)
        G.
    """
    values, right = np.linalg.eigh(root.T @ root)
    above = values > 1.0
    values, vectors = values[above], root @ (right[:, above] / np.sqrt(values[above]))
    raised: Array = (vectors * (values - 1.0)) @ vectors.T
    raised.flat[:: len(raised) + 1] += 1.0
    return raised


def are_above_floor(matrices: Array, factors: Array, floor: Array) -> bool:
    """Return whether all covariances of shape (M, D, D), whose whitening factors are given, are."""
    return bool(_surely_above(factors, floor).all()) or _all_positive_definite(matrices - _diagonal(floor))


def collapsed_components(parameters: MixtureParameters, regularization: Regularization) -> NDArray[np.bool_]:
    """Return which components have collapsed, shape (K,): they are as narrow as a floor lets them be.

    A component that is held up at the step to which values were recorded has not collapsed. One that is
    narrower than that step has, where the family cannot be held to a floor of each feature.

    Parameters
    ----------
    parameters : MixtureParameters
    regularization : Regularization
        What the M-step has held.
    """
    recorded = np.broadcast_to(regularization.recorded, regularization.floor.shape)
    if not recorded.any():
        return parameters.repaired
    own = np.where(recorded < regularization.floor, NEAR_THE_FLOOR * regularization.floor, 0.0)
    of_steps = recorded / (12.0 * VARIANCE_OF_A_STEP)  # the variance of what is spread evenly over a step
    least = np.maximum(own, of_steps)
    representation = parameters.family.representation
    matrices = representation.matrices(parameters.covariances, *parameters.means.shape)
    collapsed = np.zeros(parameters.n_components, dtype=bool)
    if not _all_positive_definite(matrices - _diagonal(least)):
        root = np.sqrt(np.einsum("kdd->kd", matrices))
        excess = (matrices - _diagonal(least)) / root[:, None, :] / root[:, :, None]
        collapsed = np.linalg.eigvalsh(excess)[:, 0] < 0.0
    return np.asarray(collapsed)


def _surely_above(factors: Array, floor: Array) -> NDArray[np.bool_]:
    """Return for which covariances whitening factors alone show that they are above the floor.

    S >= F in the order of matrices if no eigenvalue of F inv(S) is above one, so if their sum is not. Nearly
    always that settles it.
    """
    sums = np.einsum("mij,mij,j->m", factors, factors, floor)
    return np.asarray(sums <= 1.0)


def with_additions(statistics: SufficientStatistics, regularization: Regularization) -> Array:
    """Return the second moments with what is added to the diagonal of each covariance, times its count.

    Where covariances are scatter over counts this adds to the covariances themselves. Where a family
    imposes more on them it adds before that, so that the sum obeys it.
    """
    if not regularization.addition.any():
        return statistics.second
    addition: Array
    if statistics.moments is Moments.TRACE:
        addition = statistics.counts * regularization.addition.sum()
    elif statistics.moments is Moments.DIAGONAL:
        addition = statistics.counts[:, None] * regularization.addition
    else:
        addition = statistics.counts[:, None, None] * _diagonal(regularization.addition)
    return statistics.second + addition


def isotropic(floor: Array) -> Array:
    """Return a floor that is the same in every direction: the lowest of the features', where there is one.

    For families that single out directions of their own. A feature beside which another is constant or
    smaller than rounding does not bring the floor to zero.
    """
    present = floor[floor > 0.0]
    if not present.size:
        return np.zeros_like(floor)
    return np.full_like(floor, max(present.min(), LEAST_FLOOR * present.max()))


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
    """Return whether all matrices of shape (..., D, D) have a Cholesky factor."""
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True
