"""Leading eigenvectors of scatter matrices, also of many features and few rows."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dpstrf

from gaussmix.core.rows import Array

FEW_FEATURES = 64
"""Features up to which all matrices are decomposed at once and in full."""


class Scatters:
    """Scatter matrices whose eigenvectors are wanted in several units.

    Those of few rows have a low rank: then they are kept as products ``G G'``, and what is decomposed is G'G.

    Parameters
    ----------
    matrices : ndarray of shape (K, D, D)
        Positive semidefinite.
    """

    def __init__(self, matrices: Array) -> None:
        self.matrices = matrices
        self.diagonals: Array = np.einsum("kdd->kd", matrices).copy()
        self.number, self.n_features = matrices.shape[:2]
        self._roots: list[Array | None] = []
        if self.n_features > FEW_FEATURES:
            self._roots = [low_rank_root(matrix) for matrix in matrices]

    def leading(self, units: Array, number: int) -> tuple[Array, Array]:
        """Return the largest eigenvalues and their eigenvectors, largest first.

        Parameters
        ----------
        units : ndarray of shape (K, D)
            By which each feature is multiplied first.
        number : int

        Returns
        -------
        values : ndarray of shape (K, number)
        vectors : ndarray of shape (K, D, number)
            As columns.
        """
        if not self._roots:
            scaled = self.matrices * units[:, :, None] * units[:, None, :]
            values, vectors = np.linalg.eigh(scaled)
            return values[:, : -number - 1 : -1], vectors[:, :, : -number - 1 : -1]
        pairs = [self._leading_of(k, units[k], number) for k in range(self.number)]
        return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])

    def _leading_of(self, k: int, units: Array, number: int) -> tuple[Array, Array]:
        """Return the same of one matrix; zeros beyond its rank."""
        root = self._roots[k]
        if root is None:
            scaled = self.matrices[k] * units[:, None] * units
            values, vectors = eigh(scaled, subset_by_index=[self.n_features - number, self.n_features - 1])
            return values[::-1], vectors[:, ::-1]
        scaled = units[:, None] * root
        values, right = np.linalg.eigh(scaled.T @ scaled)
        values, right = values[: -number - 1 : -1], right[:, : -number - 1 : -1]
        positive = values > np.finfo(float).eps * values.max(initial=0.0)
        all_values, vectors = np.zeros(number), np.zeros((self.n_features, number))
        n_positive = int(positive.sum())
        all_values[:n_positive] = values[:n_positive]
        vectors[:, :n_positive] = (scaled @ right[:, :n_positive]) / np.sqrt(values[:n_positive])
        return all_values, vectors


def low_rank_root(matrix: Array) -> Array | None:
    """Return G with ``G G'`` a matrix, by Cholesky's decomposition with pivots; None of high rank.

    Parameters
    ----------
    matrix : ndarray of shape (D, D)
        Positive semidefinite, but for rounding.

    Returns
    -------
    ndarray of shape (D, rank) or None
        None where the features are few, too: then nothing is gained by it.
    """
    if len(matrix) <= FEW_FEATURES:
        return None
    lower, pivots, rank, _ = dpstrf(matrix, lower=1)
    if rank > len(matrix) // 2:
        return None
    root = np.empty((len(matrix), rank))
    root[pivots - 1] = np.tril(lower[:, :rank])
    return root
