"""A tree of merges for a table of any length: grown on the rows, or on a sample that the others follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Outputs, default_backend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.covariance import FAMILIES
from gaussmix.initialization.hierarchical import EXACT_OPERATIONS, EXACT_ROWS, FEW_FEATURES
from gaussmix.initialization.hierarchical_tree import HierarchicalTree, grow_tree
from gaussmix.initialization.order import canonical_order, systematic_draws
from gaussmix.initialization.transformations import TRANSFORMATIONS, PrincipalDirections

BLOCK_ROWS = 1 << 15
RIDGE = 1e-6
"""Added to variances, as a share of their mean, where rows are assigned: clusters may lie in a plane."""


@dataclass(frozen=True)
class TreeOfRows:
    """A tree, the rows that are its leaves, and what is needed to assign all others.

    Parameters
    ----------
    tree : HierarchicalTree
    leaves : ndarray of shape (L,)
        Numbers of the rows that the tree was grown on, ascending.
    weights : ndarray of shape (L,)
        How many rows each stands for.
    model : str
        The tree's model.
    mean : ndarray of shape (D,)
    matrix : ndarray of shape (D, R)
        Of the tree's coordinates ``(z - mean) @ matrix``.
    """

    tree: HierarchicalTree
    leaves: NDArray[np.intp]
    weights: Array
    model: str
    mean: Array
    matrix: Array

    def labels(self, z: Array, n_clusters: int) -> NDArray[np.int64]:
        """Return the cluster of each row, numbered by their first rows.

        Parameters
        ----------
        z : ndarray of shape (N, D)
            All rows.
        n_clusters : int

        Raises
        ------
        ValueError
            If there are fewer different leaves than clusters.
        """
        of_leaves = self.tree.labels(n_clusters)
        if len(self.leaves) == len(z):
            return of_leaves
        labels = np.empty(len(z), dtype=np.int64)
        mixture = self._gaussians(z, of_leaves, n_clusters)
        density, backend = mixture.density(), default_backend(None)
        for start in range(0, len(z), BLOCK_ROWS):
            y = np.ascontiguousarray((z[start : start + BLOCK_ROWS] - self.mean) @ self.matrix)
            rows = Rows(y, Coordinates.identity(y.shape[1]))
            found = backend.evaluate(rows, density, Outputs.LABEL).label
            assert found is not None
            labels[start : start + BLOCK_ROWS] = found
        labels[self.leaves] = of_leaves
        _, first, labels = np.unique(labels, return_index=True, return_inverse=True)
        numbers: NDArray[np.int64] = np.argsort(np.argsort(first))[labels.reshape(-1)]
        return numbers

    def _gaussians(self, z: Array, of_leaves: NDArray[np.int64], n_clusters: int) -> MixtureParameters:
        """Return the clusters of leaves as Gaussians of equal weight: the criterion knows no proportions.

        Those of few leaves borrow from the mean covariance, as if of so many rows as it takes not to be
        singular.
        """
        y = (z[self.leaves] - self.mean) @ self.matrix
        n_features = y.shape[1]
        member = (of_leaves[:, None] == np.arange(n_clusters)) * self.weights[:, None]
        counts = member.sum(axis=0)
        means = member.T @ y / counts[:, None]
        apart = y - means[of_leaves]
        scatters = np.einsum("nk,ni,nj->kij", member, apart, apart, optimize=True)
        pooled = scatters.sum(axis=0) / counts.sum()
        pooled += (RIDGE * np.trace(pooled) / n_features + np.finfo(float).tiny) * np.eye(n_features)
        if self.model in ("EII", "EEE"):
            covariances = np.repeat(pooled[None], n_clusters, axis=0)
        else:
            borrowed = n_features + 1.0
            covariances = (scatters + borrowed * pooled) / (counts + borrowed)[:, None, None]
        if self.model in ("EII", "VII"):
            variances = np.trace(covariances, axis1=1, axis2=2) / n_features
            covariances = variances[:, None, None] * np.eye(n_features)
        weights = np.full(n_clusters, 1.0 / n_clusters)
        return MixtureParameters.from_covariances(FAMILIES["VVV"], weights, means, covariances)


def grow_tree_of_rows(
    z: Array,
    weights: Array | None,
    generator: np.random.RandomState,
    *,
    model: str | None = None,
    transformation: str | None = None,
    largest: int | None = None,
) -> TreeOfRows:
    """Grow a tree on the rows, or on a systematic sample where there are too many different ones.

    Parameters
    ----------
    z : ndarray of shape (N, D)
        In units near the standard deviation of each feature, except where the units shall matter.
    weights : ndarray of shape (N,) or None
        Rows of weight zero are no leaves.
    generator : numpy.random.RandomState
    model, transformation : str or None
        See `Hierarchical`.
    largest : int or None
        Number of different rows above which a sample of that many is taken; None takes 5,000, fewer of many
        features.
    """
    n_features = z.shape[1]
    few = n_features <= FEW_FEATURES
    model = model or ("VVV" if few else "EII")
    transformation = transformation or ("svd" if few else "standardized")
    limit = largest or min(EXACT_ROWS, max(2, int((EXACT_OPERATIONS / n_features) ** 0.5)))
    leaves = np.arange(len(z)) if weights is None else np.flatnonzero(weights)
    of_leaves = np.ones(len(leaves)) if weights is None else weights[leaves]
    if len(leaves) > limit:
        order = canonical_order(z[leaves], np.ones(n_features))
        sorted_rows = z[leaves[order]]
        n_different = 1 + np.count_nonzero((sorted_rows[1:] != sorted_rows[:-1]).any(axis=1))
        if n_different > limit:
            chosen, counts = systematic_draws(of_leaves[order], limit, generator)
            by_number = np.argsort(leaves[order[chosen]])
            leaves, of_leaves = leaves[order[chosen]][by_number], counts[by_number].astype(float)
    tree = grow_tree(z[leaves], of_leaves, model=model, transformation=transformation)
    of_leaves = of_leaves / np.median(np.bincount(tree.groups, of_leaves))  # as the tree has taken them
    directions = PrincipalDirections.of(z[leaves], of_leaves)
    matrix = TRANSFORMATIONS[transformation](directions)
    return TreeOfRows(tree, leaves, of_leaves, model, directions.mean, matrix)
