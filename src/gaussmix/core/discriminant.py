"""Directions in which the means, or the covariances, of groups of rows differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaussmix.core.rows import Array

ALIKE = 1e-10
"""Eigenvalues, at most 2, that differ by less are the same but for rounding."""
_ROUNDING = float(np.finfo(float).eps)


@dataclass(frozen=True)
class DiscriminantDirections:
    """Directions, the most telling first.

    Parameters
    ----------
    eigenvalues : ndarray of shape (R,)
        How much each tells.
    directions : ndarray of shape (R, D)
        Rows are uncorrelated in these directions, and have variance one in each.
    """

    eigenvalues: Array
    directions: Array


def discriminant_directions(
    weights: Array, means: Array, covariances: Array, total: Array, share_of_means: float
) -> DiscriminantDirections:
    """Return the generalised eigenvectors of the kernel of GMMDR and the covariance of all rows.

    With S the covariance of all rows, B that of the groups' means, and C the groups' covariances with mean W,
    the kernel is ``2 a B S^-1 B + 2 (1 - a) sum of w (C - W) S^-1 (C - W)`` (Scrucca 2010, Statistics and
    Computing 20, 471, and 2014, Advances in Data Analysis and Classification 8, 147).

    Parameters
    ----------
    weights : ndarray of shape (K,)
        Summing to one.
    means : ndarray of shape (K, D)
    covariances : ndarray of shape (K, D, D)
    total : ndarray of shape (D, D)
        Covariance of all rows; may be singular.
    share_of_means : float
        The a above.

    Returns
    -------
    DiscriminantDirections
        As many as there are directions in which rows differ. In each, the coefficient that weighs most when
        features are taken in standard deviations is positive.
    """
    deviation = np.sqrt(np.diagonal(total))
    varies = deviation > 0
    unit = np.where(varies, deviation, 1.0)
    correlation = total / unit / unit[:, None]
    values, vectors = np.linalg.eigh(correlation)
    kept = values > len(values) * _ROUNDING * max(values.max(), 1.0)
    whitening = (vectors[:, kept] / np.sqrt(values[kept])).T / unit
    apart = np.sqrt(weights)[:, None] * (means - weights @ means) @ whitening.T
    between = apart.T @ apart
    within = whitening @ covariances @ whitening.T
    different = within - np.tensordot(weights, within, axes=1)
    kernel = 2.0 * share_of_means * between @ between
    kernel += 2.0 * (1.0 - share_of_means) * np.einsum("k,kij,kjl->il", weights, different, different)
    eigenvalues, rotation = np.linalg.eigh(kernel)
    eigenvalues, rotation = eigenvalues[::-1], _settled(eigenvalues[::-1], rotation[:, ::-1], values[kept])
    directions = rotation.T @ whitening
    strongest = np.argmax(np.abs(directions * unit), axis=1)
    signs = np.sign(directions[np.arange(len(directions)), strongest])
    return DiscriminantDirections(np.maximum(eigenvalues, 0.0), directions * signs[:, None])


def _settled(eigenvalues: Array, rotation: Array, variances: Array) -> Array:
    """Return eigenvectors that are unique where several have the same eigenvalue.

    That is so where rows are fewer than features, and all groups perfectly apart, or where nothing is. Of the
    directions that tell equally much those come first that stand for most of the features' variance.

    Parameters
    ----------
    eigenvalues : ndarray of shape (R,)
        Descending.
    rotation : ndarray of shape (R, R)
        Eigenvectors, as columns.
    variances : ndarray of shape (R,)
        Variance of the features that each coordinate stands for.
    """
    settled = rotation.copy()
    ends = np.flatnonzero(eigenvalues[:-1] - eigenvalues[1:] > ALIKE) + 1
    for columns in np.split(np.arange(len(eigenvalues)), ends):
        if len(columns) > 1:
            alike = rotation[:, columns]
            turn = np.linalg.eigh((alike.T * variances) @ alike)[1][:, ::-1]
            settled[:, columns] = alike @ turn
    return settled
