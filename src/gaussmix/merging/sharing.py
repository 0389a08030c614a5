"""Components that lie over several clusters at once, and how their rows are shared out.

Where clusters have heavy tails, or rows lie scattered among them, what is likeliest is often one wide
component for the outskirts of several clusters together. It belongs to none of them alone: whichever cluster
it were merged into would get the outskirts of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, softmax

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates

MOST_STEPS = 200
"""Steps of EM for the shares of a component."""
FLAT = 1e-6
"""Extent of the centres in a direction, beside their largest, from which on they differ in it."""
NEGLIGIBLE = 1e-6
"""Change of the shares at which EM stops."""


@dataclass(frozen=True)
class SharedComponent:
    """A component that lies over several clusters, taken for the sum of one about each of their centres.

    Those have one covariance. It is that of the component but for the plane through the centres: there the
    component's holds how far they are from one another, too.

    Parameters
    ----------
    component : int
    clusters : ndarray of shape (C,), dtype int64
        The clusters that it lies over.
    origin : ndarray of shape (D,)
        One of the centres, in the units of the fit.
    plane : ndarray of shape (D, R)
        Maps differences from that to the plane in which centres differ.
    centers : ndarray of shape (C, R)
        There.
    factor : ndarray of shape (R, R)
        Whitens the covariance there, from the right.
    shares : ndarray of shape (C,)
        How much of the component belongs to each.
    """

    component: int
    clusters: NDArray[np.int64]
    origin: Array
    plane: Array
    centers: Array
    factor: Array
    shares: Array

    def probabilities(self, model: Any, X: ArrayLike) -> Array:
        """Return of each row, if it is of the component, the probability of each cluster, shape (N, C)."""
        rows = (_as_fitted(model, X) - self.origin) @ self.plane
        away = rows[:, None, :] - self.centers
        return _probabilities(away, self.factor, self.shares)


def shared_components(
    model: Any, X: ArrayLike, responsibilities: Array, weights: Array, clusters: NDArray[np.int64]
) -> tuple[SharedComponent, ...]:
    """Return the components that lie over several clusters, with the shares that are likeliest.

    One component lies within another if its rows are, on average, no farther from the other's mean than the
    other's own, in the metric of its covariance. What has components of several clusters within it, of its
    own among them, is no part of a cluster's core; and it is shared if it has several cores within it. If the
    outskirts are in truth those of one cluster alone, they lie about its centre, and the likeliest share of
    the others is zero.

    Parameters
    ----------
    model : fitted mixture
        With a density.
    X : array-like of shape (N, D)
    responsibilities : ndarray of shape (N, K)
    weights : ndarray of shape (N,)
    clusters : ndarray of shape (K,)
        The cluster of each component.
    """
    parameters = model._parameters_of_transformed()
    found = []
    for component, lain_over, centers in _lie_over_several(parameters, clusters):
        origin, plane = centers[0], _plane(parameters, component, centers)
        rows, places = (_as_fitted(model, X) - origin) @ plane, (centers - origin) @ plane
        of_component = weights * responsibilities[:, component]
        factor, shares = _likeliest_copies(rows[:, None, :] - places, of_component)
        found.append(SharedComponent(component, lain_over, origin, plane, places, factor, shares))
    return tuple(found)


def table_of_shares(clusters: NDArray[np.int64], shared: Sequence[SharedComponent]) -> Array:
    """Return to which clusters each component belongs, shape (K, G); rows sum to one."""
    shares = (clusters[:, None] == np.arange(clusters.max() + 1)).astype(np.float64)
    for one in shared:
        shares[one.component] = 0.0
        shares[one.component, one.clusters] = one.shares
    return shares


def _lie_over_several(
    parameters: MixtureParameters, clusters: NDArray[np.int64]
) -> list[tuple[int, NDArray[np.int64], Array]]:
    """Return the components that lie over several cores, those cores' clusters and their centres."""
    n_clusters = int(clusters.max()) + 1
    if n_clusters == 1:
        return []
    n_features = parameters.n_features
    radii = _mean_squared_distances(parameters)
    within = radii <= n_features
    np.fill_diagonal(within, False)
    member = clusters[:, None] == np.arange(n_clusters)
    has_within = within @ member  # of each component, whether any of each cluster is
    is_core = (has_within.sum(axis=1) < 2) | ~has_within[np.arange(len(clusters)), clusters]
    without = ~(is_core @ member)  # clusters all of whose components are wide have no other core
    is_core |= without[clusters]
    in_core = member * (parameters.weights * is_core)[:, None]
    in_core = in_core / in_core.sum(axis=0)
    radii_of_cores, centers = radii @ in_core, in_core.T @ parameters.means
    found = []
    for component in np.flatnonzero(~is_core):
        lain_over = np.flatnonzero(radii_of_cores[component] <= n_features)
        if len(lain_over) > 1 and clusters[component] in lain_over:
            found.append((int(component), lain_over, centers[lain_over]))
    return found


def _mean_squared_distances(parameters: MixtureParameters) -> Array:
    """Return in row h the mean squared distance of each component's rows from h, in h's metric."""
    spread = np.sqrt(parameters.pooled_variances())
    working = parameters.to_working(Coordinates.around(parameters.weights @ parameters.means, spread))
    means = working.means
    covariances = working.family.representation.matrices(working.covariances, *means.shape)
    distances = np.empty((len(means), len(means)))
    for h, covariance in enumerate(covariances):
        precision = np.linalg.inv(covariance)
        away = means - means[h]
        distances[h] = np.einsum("kd,de,ke->k", away, precision, away)
        distances[h] += np.einsum("de,kde->k", precision, covariances)
    return distances


def _plane(parameters: MixtureParameters, component: int, centers: Array) -> Array:
    """Return directions that span what lies between centres, along which a component has variances of one."""
    covariances = parameters.family.representation.matrices(parameters.covariances, *parameters.means.shape)
    root = np.linalg.cholesky(covariances[component])
    axes, extents, _ = np.linalg.svd(np.linalg.solve(root, (centers - centers[0]).T), full_matrices=False)
    axes = axes[:, extents > FLAT * extents.max()]
    return np.linalg.solve(root.T, axes)


def _as_fitted(model: Any, X: ArrayLike) -> Array:
    """Return rows as the fit has seen them, in double precision."""
    return np.asarray(model._checked_rows(X)[0].X, dtype=np.float64)


def _probabilities(away: Array, factor: Array, shares: Array) -> Array:
    """Return the probabilities of copies, by how far rows are away from each, shape (N, C)."""
    probabilities: Array = softmax(_joint(away, factor, shares), axis=1)
    return probabilities


def _joint(away: Array, factor: Array, shares: Array) -> Array:
    """Return the logarithms of the copies' densities times their shares, but for a constant, shape (N, C)."""
    with np.errstate(divide="ignore"):
        logarithms = np.log(shares) + np.log(np.diag(factor)).sum()
    joint: Array = logarithms - 0.5 * ((away @ factor) ** 2).sum(axis=2)
    return joint


def _likeliest_copies(away: Array, weights: Array) -> tuple[Array, Array]:
    """Return what whitens the covariance that copies share, and how frequent they are.

    Of rows that count as much as these weights, by EM with the centres where they are: from rows that belong
    to the nearest, and from copies as wide as the component.

    Parameters
    ----------
    away : ndarray of shape (N, C, R)
        How far rows are from each centre, in the component's units.
    weights : ndarray of shape (N,)
    """
    n_copies, n_dimensions = away.shape[1:]
    wide = np.eye(n_dimensions), np.full(n_copies, 1.0 / n_copies)
    if not weights.any():
        return wide
    nearest = np.eye(n_copies)[(away**2).sum(axis=2).argmin(axis=1)]
    ends = []
    for begin in (nearest, _probabilities(away, *wide)):
        factor, shares = _copies_of(begin, away, weights)
        for _ in range(MOST_STEPS):
            before = shares
            factor, shares = _copies_of(_probabilities(away, factor, shares), away, weights)
            if np.abs(shares - before).max() <= NEGLIGIBLE:
                break
        ends.append((weights @ logsumexp(_joint(away, factor, shares), axis=1), factor, shares))
    _, factor, shares = max(ends, key=lambda end: end[0])
    return factor, shares


def _copies_of(probabilities: Array, away: Array, weights: Array) -> tuple[Array, Array]:
    """Return what whitens the covariance of copies to which rows belong with some probability, and shares.

    A few rows more with the component's covariance keep that of the copies from vanishing.
    """
    n_dimensions = away.shape[2]
    counts, more = weights[:, None] * probabilities, n_dimensions + 1.0
    scatter = np.einsum("nc,nci,ncj->ij", counts, away, away)
    covariance = (scatter + more * np.eye(n_dimensions)) / (counts.sum() + more)
    factor = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return factor, counts.sum(axis=0) / counts.sum()
