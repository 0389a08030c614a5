"""The regions in which a mixture's density is high, as clusters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates
from gaussmix.estimators.base import FittedMixture
from gaussmix.estimators.validation import check_sample_weight
from gaussmix.initialization.order import canonical_order
from gaussmix.merging.cut import Bounds, checked_bounds
from gaussmix.merging.regions import find_regions
from gaussmix.merging.result import most_probable, over_clusters

LARGEST_GRAPH = 5_000
"""Rows above which the regions are found on a sample of that many."""


@dataclass(frozen=True)
class HighDensityClusters:
    """Clusters around the modes of a mixture's density.

    Made by `high_density_clusters`.

    Parameters
    ----------
    model : fitted mixture
    n_clusters_ : int
        Number of clusters.
    cores_ : ndarray of shape (N,), dtype int64
        Cluster of the rows that lie in a cluster's core; -1 for all others.
    labels_ : ndarray of shape (N,), dtype int64
        Cluster of each row; -1 for noise, if the mixture has such.
    shares_ : ndarray of shape (K, n_clusters)
        To which clusters each component belongs; rows sum to one. A component may belong to several.
    mode_function_ : ndarray of shape (100, 2)
        A share p, and the number of connected regions, each with at least `min_share` of the rows, that the
        densest rows of this share fall into.
    """

    model: Any
    n_clusters_: int
    cores_: NDArray[np.int64] = field(repr=False)
    labels_: NDArray[np.int64] = field(repr=False)
    shares_: Array = field(repr=False)
    mode_function_: Array = field(repr=False)

    @property
    def clusters_(self) -> NDArray[np.int64]:
        """The cluster to which each component belongs most, shape (K,)."""
        return self.shares_.argmax(axis=1)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the most probable cluster of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Cluster numbers, from 0; -1 for noise, if the mixture has such.
        """
        return most_probable(self.predict_proba(X), self.n_clusters_)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each cluster for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            With noise there is one more column, the last.
        """
        return over_clusters(np.asarray(self.model.predict_proba(X), dtype=np.float64), self.shares_)


def high_density_clusters(
    model: FittedMixture,
    X: ArrayLike,
    *,
    threshold: float | Bounds = (0.1, 0.6),
    min_share: float = 0.01,
    sample_weight: ArrayLike | None = None,
) -> HighDensityClusters:
    """Find the connected regions of high density of a fitted mixture, and assign all rows to them.

    At any level, the rows at which the density is higher fall into connected regions; they split as the
    level rises. A cluster's core is such a region just above the level at which it joins another, if the
    density there is low beside the cluster's own peak. Rows outside the cores go by their responsibilities:
    each component belongs to the clusters in the share in which it makes up their cores.

    As in mclust's gmmhd (Scrucca 2016), but rows are connected by the density of the mixture on the straight
    line between them and their neighbours, in place of a Delaunay triangulation, so that there may be many
    features; a gap between rows separates as a valley does, and a shallow valley separates nothing.

    Parameters
    ----------
    model : fitted mixture
        A mixture of gaussmix.
    X : array-like of shape (n_samples, n_features)
        Rows, as a rule those of the fit. Of more than 5,000 a sample is taken to find the regions.
    threshold : float or tuple of two float, default=(0.1, 0.6)
        Two regions are clusters of their own if the density on the way between them falls below this share
        of the lower of their peaks. Of two numbers, between which of the shares that were found the
        widest gap is looked for.
    min_share : float, default=0.01
        Share of the rows that a region must hold to be a core; one more than there are features at least.
    sample_weight : array-like of shape (n_samples,), optional
        How often each row counts.

    Returns
    -------
    HighDensityClusters

    Raises
    ------
    ValueError
        If a parameter or the data are not valid.
    TypeError
        If the model is not a mixture of gaussmix.
    sklearn.exceptions.NotFittedError
        If the mixture has not been fitted.

    Notes
    -----
    Scrucca 2016, Computational Statistics and Data Analysis 93, 5.

    Examples
    --------
    >>> from sklearn.datasets import make_circles
    >>> from gaussmix import GaussianMixture, high_density_clusters
    >>> X, y = make_circles(600, noise=0.05, factor=0.4, random_state=0)
    >>> model = GaussianMixture(12, random_state=0).fit(X)
    >>> high_density_clusters(model, X).n_clusters_
    2
    """
    if not isinstance(model, FittedMixture):
        raise TypeError(
            f"high_density_clusters needs the density of a mixture of gaussmix, but model is a "
            f"{type(model).__name__}. GaussianMixture.from_parameters builds one of known parameters."
        )
    if not 0.0 < min_share < 1.0:
        raise ValueError(f"min_share should be between 0 and 1, but is {min_share!r}")
    bounds = checked_bounds(threshold)
    responsibilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    data = np.asarray(X, dtype=np.float64)
    given = check_sample_weight(sample_weight, len(data))
    weights = np.ones(len(data)) if given is None else given
    parameters, z = _in_units_of_components(model._parameters(), data)
    chosen, share = _representatives(z, weights)
    # Equal rows are one, or they would have no other neighbours.
    different, which = np.unique(z[chosen], axis=0, return_inverse=True)
    which = which.reshape(-1)
    share = np.bincount(which, share).astype(np.float64)
    # Fewer rows than that lie in a plane: any few are a region of their own in many features.
    least = max(min_share, (data.shape[1] + 1) / len(chosen))
    regions = find_regions(parameters, different, share, bounds=bounds, min_share=least)
    cores = np.full(len(data), -1, dtype=np.int64)
    cores[chosen] = regions.cores[which]
    shares = _shares(responsibilities, weights, cores, z, parameters.means)
    order = np.lexsort((-shares.max(axis=0), shares.argmax(axis=0)))
    shares = shares[:, order]
    cores = np.where(cores >= 0, np.argsort(order)[cores], -1)
    n_clusters = shares.shape[1]
    rest = most_probable(over_clusters(responsibilities, shares), n_clusters)
    labels = np.where(cores >= 0, cores, rest)
    return HighDensityClusters(model, n_clusters, cores, labels, shares, regions.mode_function)


def _in_units_of_components(parameters: MixtureParameters, X: Array) -> tuple[MixtureParameters, Array]:
    """Return a mixture and rows in units of the mean spread within components."""
    spread = np.sqrt(parameters.pooled_variances())
    coordinates = Coordinates(parameters.weights @ parameters.means, 1.0 / np.where(spread > 0, spread, 1.0))
    return parameters.to_working(coordinates), coordinates.to_working(X)


def _representatives(z: Array, weights: Array) -> tuple[NDArray[np.intp], Array]:
    """Return rows that stand for all, whatever the order of the table, and the share that each stands for."""
    # Rows with missing entries, which some mixtures take, have no place among the others.
    present = np.flatnonzero((weights > 0) & np.isfinite(z).all(axis=1))
    if len(present) <= LARGEST_GRAPH:
        return present, weights[present] / weights[present].sum()
    order = present[canonical_order(z[present], np.ones(z.shape[1]))]
    cumulated = np.cumsum(weights[order])
    steps = (np.arange(LARGEST_GRAPH) + 0.5) / LARGEST_GRAPH * cumulated[-1]
    chosen, counts = np.unique(order[np.searchsorted(cumulated, steps)], return_counts=True)
    return chosen, counts / LARGEST_GRAPH


def _shares(
    responsibilities: Array, weights: Array, cores: NDArray[np.int64], z: Array, means: Array
) -> Array:
    """Return to which clusters each component belongs, shape (K, G)."""
    inside = cores >= 0
    in_core = cores[inside, None] == np.arange(cores.max() + 1)
    sums: Array = (responsibilities[inside, : len(means)] * weights[inside, None]).T @ in_core
    # A component without rows in any core goes with the core nearest to its mean.
    nearest = cores[inside][cKDTree(z[inside]).query(means)[1]]
    sums[np.arange(len(means)), nearest] += 1e-9 * weights.sum()
    shares: Array = sums / sums.sum(axis=1, keepdims=True)
    return shares
