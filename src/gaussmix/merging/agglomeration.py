"""Merging two clusters of components at a time: the same for every criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array


class Agglomeration(Protocol):
    """What a criterion says of the clusters that are left, numbered from 0."""

    def scores(self) -> Array:
        """Return how much there is to be said for each merge, shape (G, G), read above the diagonal."""
        ...

    def merge(self, one: int, other: int) -> None:
        """Merge two clusters; the new one takes the place of `one`, and those after `other` move up."""
        ...


@dataclass(frozen=True)
class Merges:
    """The merges that lead from single components to one cluster.

    Parameters
    ----------
    pairs : ndarray of shape (K - 1, 2), dtype int64
        The two nodes of each merge. Components are nodes 0 to K - 1, and merge number t makes node K + t.
    scores : ndarray of shape (K - 1,)
        What the criterion said of each merge.
    """

    pairs: NDArray[np.int64]
    scores: Array

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return len(self.pairs) + 1

    def clusters(self, n_clusters: int) -> NDArray[np.int64]:
        """Return the cluster of each component when so many are left, numbered by their first components."""
        cluster = np.arange(self.n_components)
        members = {node: [node] for node in range(self.n_components)}
        for step, (one, other) in enumerate(self.pairs[: self.n_components - n_clusters]):
            node = self.n_components + step
            members[node] = members.pop(int(one)) + members.pop(int(other))
        for number, together in enumerate(sorted(members.values(), key=min)):
            cluster[together] = number
        return cluster


def agglomerate(clusters: Agglomeration, n_components: int) -> Merges:
    """Merge, again and again, the two clusters with the highest score.

    Parameters
    ----------
    clusters : Agglomeration
    n_components : int

    Returns
    -------
    Merges
    """
    nodes = list(range(n_components))
    pairs = np.empty((n_components - 1, 2), dtype=np.int64)
    best = np.empty(n_components - 1)
    for step in range(n_components - 1):
        above = np.triu_indices(len(nodes), 1)
        scores = clusters.scores()[above]
        chosen = int(np.argmax(scores))
        one, other = int(above[0][chosen]), int(above[1][chosen])
        pairs[step] = sorted((nodes[one], nodes[other]))
        best[step] = scores[chosen]
        clusters.merge(one, other)
        nodes[one] = n_components + step
        del nodes[other]
    return Merges(pairs, best)
