"""Merging the components whose rows would be mistaken for one another's."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from gaussmix.core.rows import Array


class OverlapAgglomeration:
    """Clusters of components, and the probability that a row of one is assigned to the other.

    Parameters
    ----------
    responsibilities : ndarray of shape (N, K)
    weights : ndarray of shape (N,)
    """

    def __init__(self, responsibilities: Array, weights: Array) -> None:
        self._responsibilities = responsibilities
        self._weights = weights

    def scores(self) -> Array:
        """Return the larger of the two misclassification probabilities of each pair, shape (G, G)."""
        n_rows, n_clusters = self._responsibilities.shape
        labels = self._responsibilities.argmax(axis=1)
        assigned = csr_array((self._weights, (labels, np.arange(n_rows))), shape=(n_clusters, n_rows))
        # Entry i, j: weight of the rows that belong to j and are assigned to i.
        exchange = assigned @ self._responsibilities
        totals = exchange.sum(axis=0)
        probability = exchange / np.where(totals > 0, totals, 1.0)
        return np.maximum(probability, probability.T)

    def merge(self, one: int, other: int) -> None:
        """Merge two clusters."""
        together = self._responsibilities[:, one] + self._responsibilities[:, other]
        self._responsibilities = np.delete(self._responsibilities, other, axis=1)
        self._responsibilities[:, one] = together
