"""Which transform each feature of a table shall have: the one under which a mixture describes it best.

A feature is judged by itself, by the best of the mixtures of one to five components in one dimension: a
single normal distribution would transform two groups into one. What is compared is BIC of the feature in its
own units, with the transform's Jacobian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import default_backend
from gaussmix.core import criteria
from gaussmix.core.parameters import CovarianceFamily, Regularization, n_free_parameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.stack import MixtureStack
from gaussmix.core.transforms import (
    TRANSFORMS,
    CubeRoot,
    FeatureTransform,
    FeatureTransforms,
    Identity,
    Logarithm,
    SquareRoot,
    YeoJohnson,
)
from gaussmix.covariance import FAMILIES
from gaussmix.scales import LARGEST_DEVIATION, MIDDLE_IN_DEVIATIONS

TRANSFORM_NAMES = tuple(TRANSFORMS)
PARAMETERS_OF_A_TRANSFORM = 2
"""BIC counts a transform as so many parameters: which it is, and what it takes from the data. It has to be
better by 8 in 60 rows and by 12 in 500; of features that are mixtures of normal distributions one in a
hundred is transformed then, and of log-normal ones nearly all from 200 rows on."""
MOST_VALUES = 500
"""Quantiles by which a feature is represented, and so the most rows for which its BIC counts."""
MOST_COMPONENTS = 5
PATIENCE = 2
"""Numbers of components more than the best that are tried before no more are."""
FEW_VALUES = 20
"""A feature with no more different values than this is a scale of answers, or flags, and stays as it is."""
HEAP = 0.05
"""A value with this share of the rows, and with five times those of any other, is no part of a skewed shape:
such a feature stays as it is. No transform makes one group of a heap and what lies beside it."""
EXPONENTS = (0.0, 2.0)
LARGEST_GAP = np.log(5.0)
SHARE_BEYOND_GAP = 0.02
"""A few values beyond a gap, across which the distance from the median grows fivefold, are not judged by."""
LEAST_DEVIATION = 0.01
"""Of a component, in standard deviations of the feature: below, it would live on ties."""
TOLERANCE = 1e-4
MOST_ITERATIONS = 100


def choose_transforms(
    X: NDArray[np.floating],
    sample_weight: Array | None = None,
    names: str | Sequence[str] = "auto",
    *,
    feature_names: Sequence[str] | None = None,
) -> FeatureTransforms:
    """Return a transform for each feature.

    Parameters
    ----------
    X : ndarray of shape (N, D)
        Finite.
    sample_weight : ndarray of shape (N,), optional
    names : "auto" or sequence of D str
        A name for each feature, among "identity", "log", "sqrt", "cbrt", "yeo-johnson" and "auto", which
        leaves the choice to the data; "auto" alone does so for all.
    feature_names : sequence of D str, optional
        What errors call the features; by default their numbers.

    Raises
    ------
    ValueError
        If there is no such name, there are not as many as features, or a feature has values that have no
        logarithm or root.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> X = np.column_stack([generator.normal(size=300), np.exp(generator.normal(size=300))])
    >>> choose_transforms(X).names
    ('identity', 'log')
    """
    n_features = X.shape[1]
    given = [names] * n_features if isinstance(names, str) else list(names)
    if isinstance(names, str) and names != "auto":
        raise ValueError(f"transforms should be None, 'auto' or a name for each feature, but is {names!r}")
    if len(given) != n_features:
        raise ValueError(f"transforms has {len(given)} name(s), but there are {n_features} feature(s)")
    present = np.ones(len(X), dtype=bool) if sample_weight is None else sample_weight > 0
    weights = np.ones(int(present.sum())) if sample_weight is None else sample_weight[present]
    chosen: list[FeatureTransform] = []
    for d, name in enumerate(given):
        column = np.asarray(X[present, d], dtype=np.float64)
        if name == "auto":
            chosen.append(_best_for(column, weights))
        else:
            called = f"feature {d if feature_names is None else feature_names[d]!r}"
            chosen.append(_named(name, column, weights, called))
    return FeatureTransforms(tuple(chosen))


def _best_for(column: Array, weights: Array) -> FeatureTransform:
    """Return the transform that a feature calls for."""
    identity: FeatureTransform = Identity()
    if len(np.unique(column)) <= FEW_VALUES:
        return identity
    values, weights = _without_far_ones(column, weights)
    if not _in_range(values) or _is_lattice(values, weights):
        return identity
    others = [
        one
        for name in TRANSFORM_NAMES
        for one in _candidates(name, values)
        if np.isfinite(one.forward(column)).all() and not isinstance(one, Identity)
    ]
    possible = [identity, *others]
    return possible[int(np.argmin(_bics(possible, values, weights)))]


def _is_lattice(values: Array, weights: Array) -> bool:
    """Return whether a feature has few different values, or a heap of rows with the same one."""
    different, places = np.unique(values, return_inverse=True)
    if len(different) <= FEW_VALUES:
        return True
    second, first = np.sort(np.bincount(places, weights=weights))[-2:]
    return bool(first > HEAP * weights.sum() and first > 5.0 * second)


def _in_range(values: Array) -> bool:
    """Return whether doubles hold the variance of a feature: what is told of it is told in its own units."""
    reach = float(0.5 * values.max() - 0.5 * values.min())
    return 1.0 / LARGEST_DEVIATION < reach < LARGEST_DEVIATION


def _named(name: str, column: Array, weights: Array, called: str) -> FeatureTransform:
    """Return the transform of a name."""
    if name not in TRANSFORM_NAMES:
        raise ValueError(
            f"transforms should be None, 'auto' or a name for each feature, among "
            f"{', '.join(TRANSFORM_NAMES)} and auto, but has {name!r}"
        )
    candidates = list(_candidates(name, column))
    if not candidates:
        with_zeros = "positive values, and zeros at most beside"
        needed = {"log": "positive values", "sqrt": with_zeros, "cbrt": with_zeros}
        raise ValueError(
            f"the transform {name!r} needs {needed.get(name, 'different values')}, but {called} has values "
            f"from {column.min():g} to {column.max():g}. Leave it as it is ('identity')."
        )
    return candidates[int(np.argmin(_bics(candidates, column, weights)))] if candidates[1:] else candidates[0]


def _candidates(name: str, values: Array) -> Iterator[FeatureTransform]:
    """Yield the transforms of a name, with what they take from the values; none if they do not suit them.

    Zeros have no logarithm: one chosen for them would tear the steps of small counts apart, so that zeros
    become a group.
    """
    if name == "identity":
        yield Identity()
    elif name == "yeo-johnson":
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        scale = (high - low) / MIDDLE_IN_DEVIATIONS
        if scale > 0:
            yield from (YeoJohnson(float(middle), float(scale), exponent) for exponent in EXPONENTS)
    elif name == "log" and values.min() > 0:
        yield Logarithm(float(values.min()))
    elif name in ("sqrt", "cbrt") and values.min() >= 0 and values.max() > 0:
        root = SquareRoot if name == "sqrt" else CubeRoot
        yield root(float(values[values > 0].min()))


def _without_far_ones(column: Array, weights: Array) -> tuple[Array, Array]:
    """Return values and their weights without the few that stand alone far out.

    A value to fill gaps must not make a logarithm of a feature. Distances from the median are compared as
    logarithms, so that the tails of a skewed feature have no gaps.
    """
    low, middle, high = np.quantile(column, [0.25, 0.5, 0.75])
    if high == low:
        return column, weights
    order = np.argsort(column, kind="stable")
    distance = np.arcsinh((column[order] / (high - low) - middle / (high - low)) * MIDDLE_IN_DEVIATIONS)
    gaps = np.diff(distance) > LARGEST_GAP
    few = max(1, int(SHARE_BEYOND_GAP * len(column)))
    first = np.flatnonzero(gaps[:few])
    last = np.flatnonzero(gaps[-few:])
    start = first[-1] + 1 if first.size else 0
    stop = len(column) - few + last[0] if last.size else len(column)
    kept = order[start:stop]
    return column[kept], weights[kept]


def _representatives(values: Array, weights: Array) -> Array:
    """Return quantiles of values, those that are tied spread over the step to their nearest neighbour.

    So neither ties, nor weights, nor the number of rows, nor their order matter. Of values that are not
    negative the spread is not, either.
    """
    different, places = np.unique(values, return_inverse=True)
    mass = np.bincount(places, weights=weights)
    gaps = np.diff(different)
    half = 0.5 * np.minimum(np.append(gaps[:1], gaps), np.append(gaps, gaps[-1:]))
    edges = np.stack([different - half, different + half], axis=1)
    if different[0] >= 0:
        edges[0, 0] = max(edges[0, 0], 0.0)
    upper = np.cumsum(mass)
    ranks = np.stack([upper - mass, upper], axis=1)
    # Kish's effective number: weights that sum to one are as good as those that count.
    effective = float(weights.sum() ** 2 / (weights @ weights))
    n_values = max(FEW_VALUES, min(MOST_VALUES, round(effective)))
    wanted = (np.arange(n_values) + 0.5) / n_values * upper[-1]
    return np.interp(wanted, ranks.ravel(), edges.ravel())


def _bics(transforms: Sequence[FeatureTransform], values: Array, weights: Array) -> Array:
    """Return the best BIC of mixtures of a feature under each of some transforms, in the feature's units.

    The exponent of Yeo and Johnson is one parameter more.
    """
    x = _representatives(values, weights)
    log_slopes = np.array([float(one.log_slope(x).mean()) for one in transforms])
    n_parameters = [
        0 if isinstance(one, Identity) else PARAMETERS_OF_A_TRANSFORM + isinstance(one, YeoJohnson)
        for one in transforms
    ]
    bics = _best_bics(np.stack([one.forward(x) for one in transforms]))
    return bics - 2.0 * len(x) * log_slopes + np.log(len(x)) * np.array(n_parameters)


def _best_bics(Z: Array) -> Array:
    """Return for each of several sorted samples the best BIC of mixtures of up to five components.

    Parameters
    ----------
    Z : ndarray of shape (S, n)
    """
    n_samples, n_values = Z.shape
    Z = Z - Z.mean(axis=1, keepdims=True)
    reach = np.abs(Z).max(axis=1, keepdims=True)
    deviation = (Z / reach).std(axis=1, keepdims=True)
    Z, log_scale = Z / reach / deviation, np.log(reach) + np.log(deviation)
    best, best_number = np.full(n_samples, np.inf), np.ones(n_samples, dtype=np.intp)
    for n_components in range(1, MOST_COMPONENTS + 1):
        hopeful = np.flatnonzero(n_components - best_number <= PATIENCE)
        if not hopeful.size:
            break
        sample, cuts = _partitions(Z[hopeful], n_components)
        for family in (FAMILIES["E"], FAMILIES["V"]) if n_components > 1 else (FAMILIES["E"],):
            n_parameters = n_free_parameters(family, n_components, 1)
            log_likelihoods = n_values * _climbed(Z[hopeful], sample, cuts, family)
            bics = np.array([criteria.bic(one, n_parameters, n_values) for one in log_likelihoods])
            better = bics < best[hopeful[sample]]
            best_number[hopeful[sample[better]]] = n_components
            np.minimum.at(best, hopeful[sample], bics)
    return best + 2.0 * n_values * log_scale[:, 0]


def _climbed(Z: Array, sample: NDArray[np.intp], cuts: NDArray[np.intp], family: CovarianceFamily) -> Array:
    """Return the mean log-likelihood that EM reaches from each of several partitions of sorted samples.

    Parameters
    ----------
    Z : ndarray of shape (S, n)
    sample, cuts
        See `_partitions`.
    family : CovarianceFamily
    """
    n_values = Z.shape[1]
    first, second = (np.pad(np.cumsum(power, axis=1), ((0, 0), (1, 0))) for power in (Z, Z * Z))
    counts = np.diff(cuts, axis=1).astype(np.float64)
    means = np.diff(np.take_along_axis(first[sample], cuts, 1), axis=1) / counts
    squares = np.diff(np.take_along_axis(second[sample], cuts, 1), axis=1) / counts
    floor = np.full(1, LEAST_DEVIATION**2)
    variances = np.maximum(squares - means**2, floor)
    if family is FAMILIES["E"]:
        pooled = (counts * variances).sum(axis=1, keepdims=True) / n_values
        variances = np.broadcast_to(pooled, counts.shape).copy()
    starts = MixtureStack(
        family,
        counts / n_values,
        means[:, :, None],
        variances,
        family.representation.factor(variances),
        np.zeros(counts.shape, dtype=bool),
    )
    ends = default_backend(1).climb_each(
        Rows(Z.reshape(-1, 1), Coordinates.identity(1)),
        np.stack([sample, sample + 1], axis=1).astype(np.int64) * n_values,
        starts,
        Regularization(floor, np.zeros(1)),
        tol=TOLERANCE,
        max_iter=MOST_ITERATIONS,
    )
    return ends.log_likelihood


def _partitions(Z: Array, n_parts: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return ways to cut sorted samples into parts: alike in number, alike in width, at the widest gaps.

    Parameters
    ----------
    Z : ndarray of shape (S, n)
    n_parts : int

    Returns
    -------
    number : ndarray of int, shape (P,)
        The sample that each way cuts.
    cuts : ndarray of int, shape (P, n_parts + 1)
        From zero to n.
    """
    n_samples, n = Z.shape
    inner = [np.tile(np.arange(1, n_parts) * n // n_parts, (n_samples, 1))]
    if n_parts > 1:
        low, high = Z[:, :1], Z[:, -1:]
        at = low + (high - low) * np.arange(1, n_parts) / n_parts
        inner.append((Z[:, :, None] < at[:, None, :]).sum(axis=1))
        widest = np.argsort(-np.diff(Z, axis=1), axis=1, kind="stable")[:, : n_parts - 1]
        inner.append(np.sort(widest, axis=1) + 1)
    cuts = np.concatenate(inner)
    ends = np.zeros((len(cuts), 1), dtype=np.intp), np.full((len(cuts), 1), n, dtype=np.intp)
    cuts = np.concatenate([ends[0], cuts, ends[1]], axis=1)
    possible = (np.diff(cuts, axis=1) > 0).all(axis=1)
    return np.tile(np.arange(n_samples), len(inner))[possible], cuts[possible]


__all__ = ["TRANSFORM_NAMES", "choose_transforms"]
