"""Whether groups are separate or slices of one cloud.

Two groups are slices of one cloud where they exchange rows and the density has no valley between their
centres, or has one that the rows fill, or a single component in their place would describe the rows as well
by BIC. The first two catch a cloud that several components describe because it is no ellipsoid, the last a
component on a few rows that happen to lie close.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.density import LOG_2_PI, FactorForm
from gaussmix.core.parameters import n_free_parameters
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES
from gaussmix.explain.bridges import bridged
from gaussmix.explain.confusion import mixed_rows
from gaussmix.explain.explanation import Cloud
from gaussmix.explain.groups import Groups
from gaussmix.explain.rows import RowTable, evenly_spread
from gaussmix.explain.working_mixture import WorkingMixture
from gaussmix.merging.ridge_line import ridge_lines

MIXED = 0.01
"""Groups that exchange less than this share of their rows are not slices of one cloud, valley or not: a core
and a wide halo around it are told apart by their spread."""
MUCH_MIXED, STRONG_EVIDENCE = 0.05, 10.0
"""Groups that exchange less than this share of their rows are joined by BIC only if the evidence is very
strong (Kass and Raftery 1995, section 3.2): where rows are few it prefers few components, also of groups that
are there."""
NO_VALLEY = 0.9
"""Least density between two centres, over that at the lower one, from which there is no valley."""
STEPS = 64
"""Steps along a ridge."""
_PAIRS_AT_ONCE = 500


def separateness(
    model: Any,
    mixture: WorkingMixture,
    groups: Groups,
    joint: Array,
    table: RowTable,
    sample_weight: ArrayLike | None = None,
) -> tuple[Array, tuple[Cloud, ...]]:
    """Return the valleys between groups, and the groups joined to clouds.

    Parameters
    ----------
    model : fitted mixture
    mixture : WorkingMixture
        The same.
    groups : Groups
    joint : ndarray of shape (G, G)
        See `gaussmix.explain.confusion.confusion`.
    table : RowTable
        Of which a sample of rows is looked at.
    sample_weight : array-like of shape (N,), optional

    Returns
    -------
    depths : ndarray of shape (G, G)
        See `valleys`.
    clouds : tuple of Cloud
        In the order of their first groups.
    """
    mixed = mixed_rows(joint)
    mixed = np.maximum(mixed, mixed.T)
    depths = valleys(mixture, groups, joint)
    cloud = _joined(np.arange(len(groups)), (mixed >= MIXED) & (depths >= NO_VALLEY))

    def undecided() -> NDArray[np.bool_]:
        return (mixed >= MIXED) & (cloud[:, None] != cloud)

    if undecided().any():
        rows, weight = evenly_spread(table.n_rows, sample_weight)
        Z = mixture.to_working(table.take(rows)[1])
        needed = np.where(mixed >= MUCH_MIXED, 0.0, -STRONG_EVIDENCE)
        cloud = _joined(cloud, bic_after_merging(model, mixture, groups, undecided(), Z, weight) <= needed)
        cloud = _joined(cloud, bridged(mixture, groups, undecided(), Z, weight))
    numbers = dict.fromkeys(cloud.tolist())
    return depths, tuple(Cloud(tuple(np.flatnonzero(cloud == number).tolist())) for number in numbers)


def _joined(cloud: NDArray[np.intp], pairs: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the number of each group's cloud after the clouds of some pairs of groups became one."""
    cloud = cloud.copy()
    for j, k in zip(*np.nonzero(pairs), strict=True):
        cloud[cloud == cloud[k]] = cloud[j]
    return cloud


def bic_after_merging(
    model: Any,
    mixture: WorkingMixture,
    groups: Groups,
    pairs: NDArray[np.bool_],
    Z: Array,
    sample_weight: Array,
) -> Array:
    """Return by how much BIC changes if one component takes the place of two, shape (G, G).

    The one has the mean and covariance of the two together. The others are left as they are, so that a
    new fit would be a little better. Infinity where nothing was computed: also for groups of several
    components.

    Parameters
    ----------
    model : fitted mixture
    mixture : WorkingMixture
        The same.
    groups : Groups
    pairs : ndarray of bool, shape (G, G)
        The pairs to look at; symmetric.
    Z : ndarray of shape (rows, D)
        Rows, or a sample of them, in working coordinates.
    sample_weight : ndarray of shape (rows,)
        What they stand for: sums to the weight of all rows.
    """
    changes = np.full(pairs.shape, np.inf)
    total = float(sample_weight.sum())
    family = FAMILIES[model.covariance_type]
    n_components, n_features = mixture.n_components, mixture.n_features
    saved = n_free_parameters(family, n_components, n_features) - (
        n_free_parameters(family, n_components - 1, n_features) if n_components > 1 else 0
    )
    responsibilities, log_density = mixture.responsibilities(Z), mixture.log_density(Z)
    for j, k in zip(*np.nonzero(np.tril(pairs)), strict=True):
        pair = groups.members[j] + groups.members[k]
        if len(pair) > 2 or not mixture.weights[list(pair)].all():
            continue
        left = np.maximum(1.0 - responsibilities[:, list(pair)].sum(axis=1), 0.0)
        merged = np.exp(np.minimum(_log_merged(mixture, pair, Z) - log_density, 700.0))
        gain = np.log(np.maximum(left + merged, np.finfo(float).tiny))
        changes[j, k] = changes[k, j] = -2.0 * float(sample_weight @ gain) - saved * np.log(total)
    return changes


def _log_merged(mixture: WorkingMixture, pair: tuple[int, ...], Z: Array) -> Array:
    """Return the log-density, times their weight, of one Gaussian with the moments of two components."""
    chosen = list(pair)
    weight = mixture.weights[chosen].sum()
    shares = mixture.weights[chosen] / weight
    means = mixture.parameters.means[chosen]
    mean = shares @ means
    distance = means - mean
    if mixture.is_axis_parallel:
        variances = shares @ mixture.diagonal_factors()[chosen] ** -2.0 + shares @ distance**2
        if mixture.parameters.family.representation.form is FactorForm.SCALAR:
            variances = np.full_like(variances, variances.mean())
        square = ((Z - mean) ** 2 / variances).sum(axis=1)
        log_determinant = np.log(variances).sum()
    else:
        covariance = np.tensordot(shares, mixture.covariances()[chosen], axes=1)
        covariance += (shares[:, None] * distance).T @ distance
        factor = mixture.parameters.family.representation.factor(covariance[None])[0]
        square = (((Z - mean) @ factor.T) ** 2).sum(axis=1)
        log_determinant = -2.0 * np.log(np.diagonal(factor)).sum()
    log_density: Array = (
        np.log(weight) - 0.5 * (square + log_determinant) - 0.5 * mixture.n_features * LOG_2_PI
    )
    return log_density


def valleys(mixture: WorkingMixture, groups: Groups, joint: Array) -> Array:
    """Return how deep the density dips between the centres of two groups, shape (G, G).

    Entry j, k is the least density on the way over that at the lower of the two peaks beside it: 1 where
    there is no valley. The way is the ridge on which all modes of the two Gaussians lie (Ray and Lindsay
    2005, The Annals of Statistics 33, 2042); of two groups of several components it is the way with the
    shallowest valley. It is left at zero for groups that hardly exchange rows.

    Parameters
    ----------
    mixture : WorkingMixture
    groups : Groups
    joint : ndarray of shape (G, G)
        See `gaussmix.explain.confusion.confusion`.
    """
    mixed = mixed_rows(joint)
    depths = np.eye(len(groups))
    pairs = [
        (j, k, one, other)
        for j, k in zip(*np.nonzero(np.maximum(mixed, mixed.T) >= MIXED / 10), strict=True)
        if j > k
        for one in groups.members[j]
        for other in groups.members[k]
        if mixture.weights[one] > 0 and mixture.weights[other] > 0
    ]
    for first in range(0, len(pairs), _PAIRS_AT_ONCE):
        part = pairs[first : first + _PAIRS_AT_ONCE]
        two = [mixture.parameters.reordered(np.array(pair[2:])) for pair in part]
        ways = np.concatenate([ridge_lines(parameters, STEPS)[0] for parameters in two])
        heights = mixture.log_density(ways).reshape(len(part), STEPS + 1)
        for (j, k, _, _), height in zip(part, heights, strict=True):
            depths[j, k] = depths[k, j] = max(depths[j, k], _valley(height))
    return depths


def _valley(log_heights: Array) -> float:
    """Return the lowest point over the lower of the highest ones to its either side; 1 for a single peak."""
    left = np.maximum.accumulate(log_heights)
    right = np.maximum.accumulate(log_heights[::-1])[::-1]
    return float(np.exp(np.min(log_heights - np.minimum(left, right))))
