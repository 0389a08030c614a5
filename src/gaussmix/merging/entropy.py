"""Merging the components whose rows are most in doubt between them."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from gaussmix.core.rows import Array
from gaussmix.merging.agglomeration import Merges

NEGLIGIBLE = 0.006
"""Entropy, in nats a row, that is taken for none: about one row in a hundred is in full doubt between two."""
OF_ONE_CLUSTER = 0.02
"""Entropy that one cluster is taken to have: it has none, but that says nothing of the data."""
LEAST_FACTOR = 1.8
"""Where no further cluster multiplies the entropy by so much, there is no elbow, and nothing is merged."""

NO_PART = 1e-12
"""Responsibilities below this are none."""


class EntropyAgglomeration:
    """Clusters of components, and by how much merging two of them lowers the entropy.

    Parameters
    ----------
    responsibilities : ndarray of shape (N, K)
    weights : ndarray of shape (N,)
    """

    def __init__(self, responsibilities: Array, weights: Array) -> None:
        self._responsibilities = responsibilities
        self._weights = weights
        n_clusters = responsibilities.shape[1]
        self._scores = np.zeros((n_clusters, n_clusters))
        for cluster in range(n_clusters - 1):
            self._scores[cluster, cluster + 1 :] = self._gains(cluster)[cluster + 1 :]

    def scores(self) -> Array:
        """Return by how much each merge lowers the entropy, in nats."""
        return self._scores

    def merge(self, one: int, other: int) -> None:
        """Merge two clusters."""
        together = self._responsibilities[:, one] + self._responsibilities[:, other]
        self._responsibilities = np.delete(self._responsibilities, other, axis=1)
        self._responsibilities[:, one] = together
        self._scores = np.delete(np.delete(self._scores, other, axis=0), other, axis=1)
        self._scores[one] = self._scores[:, one] = self._gains(one)

    def _gains(self, cluster: int) -> Array:
        """Return by how much merging a cluster with each lowers the entropy, shape (G,)."""
        # Where a cluster has no part in a row, the row's entropy stays as it is.
        rows = np.flatnonzero(self._responsibilities[:, cluster] > NO_PART)
        others = self._responsibilities[rows]
        mine = others[:, cluster, None]
        gains: Array = self._weights[rows] @ (entr(mine) + entr(others) - entr(mine + others))
        return gains


def entropies_of(merges: Merges, responsibilities: Array, weights: Array) -> Array:
    """Return the entropy of the assignment to clusters, by their number.

    Parameters
    ----------
    merges : Merges
    responsibilities : ndarray of shape (N, K)
    weights : ndarray of shape (N,)

    Returns
    -------
    ndarray of shape (K,)
        ``-sum p log p`` over rows and clusters, in nats; entry g - 1 belongs to g clusters.
    """
    n_components = merges.n_components
    column = {k: responsibilities[:, k] for k in range(n_components)}
    own = {k: float(weights @ entr(column[k])) for k in range(n_components)}
    entropies = np.empty(n_components)
    entropies[-1] = sum(own.values())
    for step, (one, other) in enumerate(merges.pairs.tolist()):
        node = n_components + step
        column[node] = column.pop(one) + column.pop(other)
        # Sums of probabilities exceed one by rounding, and their logarithms are then positive.
        own[node] = max(float(weights @ entr(column[node])), 0.0)
        del own[one], own[other]
        entropies[n_components - 2 - step] = sum(own.values())
    return entropies


def elbow(entropies: Array, total_weight: float) -> int:
    """Return the number of clusters after which the entropy leaps: the one that "auto" takes.

    Up to there clusters are separated; one more divides a cluster where rows are. The leap is judged by the
    factor by which the entropy grows, for numbers of clusters differ in it by orders of magnitude; what is
    negligible counts as nothing. Lines through the entropies, as in `change_point`, see only the largest of
    them, and cannot answer that there is one cluster, or that no two components belong together.

    Parameters
    ----------
    entropies : ndarray of shape (K,)
        Entry g - 1 belongs to g clusters.
    total_weight : float
        Number of rows.
    """
    level = entropies / total_weight + NEGLIGIBLE
    level[0] += OF_ONE_CLUSTER
    factors = level[1:] / level[:-1]
    if len(factors) == 0 or factors.max() < LEAST_FACTOR:
        return len(entropies)
    return int(np.argmax(factors)) + 1


def change_point(entropies: Array) -> int:
    """Return where two straight lines fit the entropies best: what mclust's clustCombiOptim chooses.

    Both lines are fitted to the entropy at the change point, too (Baudry, Raftery, Celeux, Lo and Gottardo
    2010, Journal of Computational and Graphical Statistics 19, 332). Of three components or more it is
    neither one cluster nor as many as there are components.

    Parameters
    ----------
    entropies : array-like of shape (K,)
        Entry g - 1 belongs to g clusters.

    Returns
    -------
    int

    Examples
    --------
    >>> change_point([0.0, 0.1, 0.2, 0.3, 20.0, 40.0])
    4
    """
    values = np.asarray(entropies, dtype=float)
    if len(values) < 3:
        return len(values)
    numbers = np.arange(1.0, len(values) + 1)
    squares = [
        _squares_about_line(numbers[:g], values[:g]) + _squares_about_line(numbers[g - 1 :], values[g - 1 :])
        for g in range(2, len(values))
    ]
    return int(np.argmin(squares)) + 2


def _squares_about_line(x: Array, y: Array) -> float:
    """Return the sum of squares about the line of least squares."""
    x, y = x - x.mean(), y - y.mean()
    return float(y @ y - (x @ y) ** 2 / (x @ x))
