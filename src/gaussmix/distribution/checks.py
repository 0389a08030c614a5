"""What users hand in, checked before it becomes part of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array

WEIGHTS_TOLERANCE = 1e-6
"""How far from one the sum of the weights may be: what single precision leaves."""
SYMMETRY_TOLERANCE = 1e-8
"""How far from symmetric covariances may be, relative to the standard deviations."""
LARGEST_VARIANCE = 1e306
"""Variances from here on, or below the inverse, leave doubles when they are computed with."""

FARTHEST = 1e150
"""Means may lie so many standard deviations apart; squares of more leave the range of doubles."""


def frame_values(x: Any, feature_names: tuple[str, ...] | None) -> Array:
    """Return numbers as doubles; of a frame, its columns in the order of the features."""
    if hasattr(x, "columns"):
        import narwhals as nw

        frame = nw.from_native(x, eager_only=True)
        if feature_names is not None:
            absent = [name for name in feature_names if name not in frame.columns]
            if absent:
                raise ValueError(
                    f"the frame has no column {absent[0]!r}; its columns are {frame.columns[:20]}"
                )
            frame = frame.select(list(feature_names))
        x = frame.to_numpy()
    return np.asarray(x, dtype=np.float64)


def finite(values: ArrayLike, what: str) -> Array:
    """Return an array of finite doubles that is the mixture's own."""
    array = np.array(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{what} should be finite, but hold {array[~np.isfinite(array)][0]}")
    return array


def read_only(array: Array) -> Array:
    """Return an array after making sure that nobody can write to it."""
    array.flags.writeable = False
    return array


def checked_names(feature_names: Sequence[str], n_features: int) -> tuple[str, ...]:
    """Return names of features, checked to be one different text each."""
    if isinstance(feature_names, str):
        raise ValueError(f"feature_names should be a sequence of texts, not {feature_names!r}")
    names = tuple(feature_names)
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"feature_names should be texts, but one is {name!r}")
    if len(names) != n_features:
        raise ValueError(f"there are {len(names)} feature names for {n_features} features")
    if len(set(names)) < n_features:
        raise ValueError(f"two features have the same name in {list(names)[:20]}")
    return tuple(str(name) for name in names)


def checked_weights(weights: ArrayLike, n_components: int) -> Array:
    """Return weights, checked to be proportions; they are divided by their sum unless that is rounding."""
    proportions = finite(weights, "weights")
    if proportions.shape != (n_components,):
        raise ValueError(
            f"weights should have the shape ({n_components},), one a component, not {proportions.shape}"
        )
    if (proportions < 0).any():
        k = int(np.argmax(proportions < 0))
        raise ValueError(f"weights should not be negative, but that of component {k} is {proportions[k]:.6g}")
    total = float(proportions.sum())
    if abs(total - 1.0) > WEIGHTS_TOLERANCE:
        raise ValueError(f"weights should sum to one, but sum to {total:.9g}; divide them by their sum")
    exact = abs(total - 1.0) <= 4 * n_components * np.finfo(np.float64).eps
    return proportions if exact else proportions / total


def checked_covariances(matrices: Array) -> Array:
    """Return covariances, checked to be symmetric and positive definite beyond rounding."""
    n_features = matrices.shape[-1]
    variances = np.einsum("kdd->kd", matrices)
    for k, d in zip(*np.nonzero(~(variances > 0)), strict=True):
        raise ValueError(
            f"variances should be positive, but covariances[{k}, {d}, {d}] is {variances[k, d]:.6g}"
        )
    if variances.max() > LARGEST_VARIANCE or variances.min() < 1.0 / LARGEST_VARIANCE:
        raise ValueError("variances leave the range of double precision; give the features in other units")
    deviations = np.sqrt(variances)
    correlations = matrices / deviations[:, :, None] / deviations[:, None, :]
    asymmetry = np.abs(correlations - np.swapaxes(correlations, -1, -2))
    if asymmetry.max() > SYMMETRY_TOLERANCE:
        k, i, j = np.unravel_index(int(asymmetry.argmax()), asymmetry.shape)
        raise ValueError(
            f"covariances should be symmetric, but covariances[{k}, {i}, {j}] is {matrices[k, i, j]:.6g} "
            f"and covariances[{k}, {j}, {i}] is {matrices[k, j, i]:.6g}"
        )
    correlations = 0.5 * correlations + 0.5 * np.swapaxes(correlations, -1, -2)
    rounding = n_features * np.finfo(np.float64).eps
    for k, correlation in enumerate(correlations):
        try:
            # The share of each feature's variance that the features before it leave unexplained.
            unexplained = float((np.diagonal(np.linalg.cholesky(correlation)) ** 2).min())
        except np.linalg.LinAlgError:
            unexplained = 0.0
        if unexplained <= rounding:
            raise ValueError(
                f"covariances should be positive definite, but covariances[{k}] is not: its correlation "
                f"matrix has an eigenvalue of {np.linalg.eigvalsh(correlation)[0]:.3g}. A feature that is a "
                "linear combination of others has no density; leave it out"
            )
    symmetric: Array = 0.5 * matrices + 0.5 * np.swapaxes(matrices, -1, -2)
    return symmetric


def check_distances(weights: Array, means: Array, covariances: Array) -> None:
    """Refuse means so far apart that doubles do not hold the squares of distance and width together."""
    present = weights > 0
    narrowest = np.sqrt(np.einsum("kdd->kd", covariances)[present].min(axis=0))
    with np.errstate(over="ignore"):
        apart = np.ptp(means[present], axis=0)
        deviations = apart / narrowest
    if (deviations > FARTHEST).any():
        d = int(deviations.argmax())
        raise ValueError(
            f"means are {apart[d]:.3g} apart in feature {d}, where the narrowest component has a standard "
            f"deviation of {narrowest[d]:.3g}: more than {FARTHEST:g} of those leave the range of doubles"
        )
