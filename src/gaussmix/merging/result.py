"""Clusters of several components each, as a frozen result that assigns rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from gaussmix.core.rows import Array
from gaussmix.merging.agglomeration import Merges
from gaussmix.merging.sharing import SharedComponent, shared_components, table_of_shares


@dataclass(frozen=True)
class PlacedRows:
    """Rows of which it is known where they lie, not only how probable components are.

    Parameters
    ----------
    X : array-like of shape (N, D)
    weights : ndarray of shape (N,)
    """

    X: Any
    weights: Array


@dataclass(frozen=True)
class MergedComponents:
    """Components of a mixture, merged to clusters.

    Made by `merge_components`. The mixture stays as it is; a cluster is a set of its components. A
    component that lies over several clusters is shared by them. If the mixture has noise, that stays apart:
    its rows have the label -1, and its probabilities are the last column.

    Parameters
    ----------
    model : fitted mixture
    method : str
        The criterion of the merges.
    n_clusters_ : int
        Number of clusters.
    merges_ : ndarray of shape (K - 1, 2), dtype int64
        The two nodes of each merge. Components are nodes 0 to K - 1, and merge number t makes node K + t.
    scores_ : ndarray of shape (K - 1,)
        What spoke for each merge: by how many nats it lowered the entropy, how probably a row of the one
        was assigned to the other, or how high the pass between the two was beside the lower of them.
    threshold_ : float or None
        Where the method has one, the score from which on "auto" merges: in the middle of the widest gap.
    total_weight_ : float
        Number of rows, or the sum of their weights.
    sizes_ : ndarray of shape (K,)
        Number of rows, or their weight, that each component has: sums of its responsibilities.
    entropies_ : ndarray of shape (K,)
        Entropy of the assignment of the rows, in nats, with 1 to K clusters left: what is in doubt.
    responsibilities_ : ndarray of shape (N, K)
        Probability of each component for each row of the data.
    placed_ : PlacedRows or None
        The rows of the data, where components may be shared by clusters.

    Examples
    --------
    See `merge_components`.
    """

    model: Any
    method: str
    n_clusters_: int
    merges_: NDArray[np.int64]
    scores_: Array
    threshold_: float | None
    total_weight_: float
    sizes_: Array = field(repr=False)
    entropies_: Array = field(repr=False)
    responsibilities_: Array = field(repr=False)
    placed_: PlacedRows | None = field(default=None, repr=False)

    @property
    def n_components_(self) -> int:
        """Number of components K."""
        return len(self.merges_) + 1

    @cached_property
    def clusters_(self) -> NDArray[np.int64]:
        """Cluster of each component, shape (K,): clusters are numbered by their first components.

        That into which it was merged; `shares_` says which components belong to others, too.
        """
        return Merges(self.merges_, self.scores_).clusters(self.n_clusters_)

    @property
    def components_(self) -> tuple[tuple[int, ...], ...]:
        """The components of each cluster."""
        return tuple(
            tuple(np.flatnonzero(self.clusters_ == cluster).tolist()) for cluster in range(self.n_clusters_)
        )

    @cached_property
    def shares_(self) -> Array:
        """To which clusters each component belongs, shape (K, n_clusters); rows sum to one.

        One cluster, but for components that lie over several.
        """
        return table_of_shares(self.clusters_, self._shared)

    @property
    def weights_(self) -> Array:
        """Share of each cluster, shape (n_clusters,)."""
        weights: Array = np.asarray(self.model.weights_, dtype=np.float64) @ self.shares_
        return weights

    @property
    def probabilities_(self) -> Array:
        """Probability of each cluster for each row of the data, shape (N, n_clusters); noise is the last."""
        return self._summed(self.responsibilities_, None if self.placed_ is None else self.placed_.X)

    @property
    def labels_(self) -> NDArray[np.int64]:
        """The most probable cluster of each row of the data, shape (N,); -1 for noise."""
        return most_probable(self.probabilities_, self.n_clusters_)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the most probable cluster of each row.

        It need not hold the most probable component: three components of a cluster may together be likelier
        than the one of another.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Cluster numbers, from 0; -1 for noise.
        """
        return most_probable(self.predict_proba(X), self.n_clusters_)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each cluster for each row: the sum of those of its components.

        Of a component that several clusters share, rows go by how near they are to the clusters' centres.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            With noise there is one more column, the last.
        """
        return self._summed(np.asarray(self.model.predict_proba(X), dtype=np.float64), X)

    def with_n_clusters(self, n_clusters: int) -> MergedComponents:
        """Return the same merges, stopped at another number of clusters.

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of components.

        Raises
        ------
        ValueError
            If there are fewer components than that.
        """
        if not 1 <= n_clusters <= self.n_components_:
            raise ValueError(
                f"n_clusters must be from 1 to {self.n_components_}, the number of components, "
                f"but is {n_clusters}. Fit a mixture of more components to have more clusters."
            )
        return replace(self, n_clusters_=int(n_clusters))

    def linkage(self) -> Array:
        """Return the tree of components as a linkage matrix of SciPy.

        Returns
        -------
        ndarray of shape (K - 1, 4)
            A row a merge: the two nodes, the height, the number of components below. Heights are one minus
            the score, by entropy as a share of what it would be if nothing told the two apart but their
            sizes; where they would fall, that of the merge before. One is perfectly apart.
        """
        n_components = self.n_components_
        linkage = np.empty((n_components - 1, 4))
        counts = np.ones(2 * n_components - 1)
        sizes = np.concatenate([self.sizes_, np.zeros(n_components - 1)])
        for step, (one, other) in enumerate(self.merges_):
            counts[n_components + step] = counts[one] + counts[other]
            sizes[n_components + step] = sizes[one] + sizes[other]
        scores = self.scores_
        if self.method == "entropy":
            sizes_of_pairs = sizes[self.merges_]
            most = entr(sizes_of_pairs).sum(axis=1) - entr(sizes_of_pairs.sum(axis=1))
            scores = scores / np.where(most > 0, most, 1.0)
        linkage[:, :2] = self.merges_
        linkage[:, 2] = np.maximum.accumulate(np.clip(1.0 - scores, 0.0, 1.0))
        linkage[:, 3] = counts[n_components:]
        return linkage

    def __str__(self) -> str:
        """Return a line on the whole and one a cluster."""
        names = getattr(self.model, "component_names_", None) or [None] * self.n_components_
        lines = [
            f"cluster {cluster}: {100 * share:.1f} % of the rows, component{'s' * (len(members) > 1)} "
            + ", ".join(names[k] or str(k) for k in members)
            for cluster, (share, members) in enumerate(zip(self.weights_, self.components_, strict=True))
        ]
        head = f"{self.n_components_} components in {self.n_clusters_} clusters, merged by {self.method}"
        for component, shares in enumerate(self.shares_):
            among = ", ".join(f"{100 * shares[c]:.0f} % cluster {c}" for c in np.flatnonzero(shares >= 0.005))
            if shares.max() < 0.995:
                lines.append(f"component {names[component] or component} lies over several: {among}")
        return "\n".join([head, *lines])

    @cached_property
    def _shared(self) -> tuple[SharedComponent, ...]:
        """The components that lie over several clusters."""
        if self.placed_ is None:
            return ()
        responsibilities, weights = self.responsibilities_, self.placed_.weights
        return shared_components(self.model, self.placed_.X, responsibilities, weights, self.clusters_)

    def _summed(self, responsibilities: Array, X: ArrayLike | None) -> Array:
        """Return the sums of responsibilities over the components of each cluster."""
        of_one = self.shares_.copy()
        of_one[[one.component for one in self._shared]] = 0.0
        probabilities = over_clusters(responsibilities, of_one)
        for one in self._shared:
            assert X is not None
            of_component = responsibilities[:, one.component, None]
            probabilities[:, one.clusters] += of_component * one.probabilities(self.model, X)
        return probabilities


def over_clusters(responsibilities: Array, shares: NDArray[Any]) -> Array:
    """Return the probabilities of clusters, beside those of noise if there is such.

    Parameters
    ----------
    responsibilities : ndarray of shape (N, K) or (N, K + 1)
        Of components and, last, of noise.
    shares : ndarray of shape (K, G)
        To which clusters each component belongs.
    """
    n_components = len(shares)
    probabilities: Array = responsibilities[:, :n_components] @ shares.astype(float)
    return np.hstack([probabilities, responsibilities[:, n_components:]])


def most_probable(probabilities: Array, n_clusters: int) -> NDArray[np.int64]:
    """Return the most probable cluster of each row, -1 where it is noise."""
    labels = probabilities.argmax(axis=1)
    return np.where(labels < n_clusters, labels, -1)
