"""The components of a fitted mixture in the data's own units: spreads and distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gaussmix.core.rows import Array


def marginal_covariances(model: Any, features: Sequence[int]) -> Array:
    """Return each component's covariance of some features, whatever the others are.

    The marginal of a Gaussian is the Gaussian of the corresponding block of its covariance.

    Parameters
    ----------
    model : fitted GaussianMixture
    features : sequence of int
        Indices of the d features wanted.

    Returns
    -------
    ndarray of shape (K, d, d)
    """
    chosen = np.asarray(features, dtype=np.intp)
    n_components = len(model.weights_)
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    block = np.zeros((n_components, len(chosen), len(chosen)))
    diagonal = np.arange(len(chosen))
    match model.covariance_type:
        case "full":
            block[:] = covariances[:, chosen[:, None], chosen]
        case "tied":
            block[:] = covariances[chosen[:, None], chosen]
        case "diag":
            block[:, diagonal, diagonal] = covariances[:, chosen]
        case "spherical":
            block[:, diagonal, diagonal] = covariances[:, None]
        case other:
            raise ValueError(f"Unknown covariance_type {other!r}.")
    return block


def standard_deviations(model: Any) -> Array:
    """Return each component's standard deviation of each feature, shape (K, D), in the data's units."""
    n_features = model.means_.shape[1]
    variances = np.stack([marginal_covariances(model, [d])[:, 0, 0] for d in range(n_features)], axis=1)
    deviations: Array = np.sqrt(np.maximum(variances, 0.0))
    return deviations


def standardised_difference(difference: Array, deviation: Array, magnitude: Array) -> Array:
    """Return differences of means in standard deviations, finite also where nothing varies.

    Parameters
    ----------
    difference : ndarray of shape (..., D)
        Differences between means.
    deviation : ndarray of shape (D,)
        What counts as one unit; zero for a feature that is constant within every component.
    magnitude : ndarray of shape (D,)
        Largest absolute mean: differences below its rounding are none.
    """
    rounding = 8 * np.finfo(np.float64).eps * magnitude
    unit = np.maximum(deviation, rounding)
    meaningful = (np.abs(difference) > rounding) & (unit > 0)
    result: Array = np.zeros(np.broadcast_shapes(difference.shape, unit.shape))
    np.divide(difference, unit, out=result, where=meaningful)
    return result


def root_mean_square(values: Array, weights: Array) -> Array:
    """Return the weighted root of the mean square over the first axis, without overflow on the way."""
    largest = np.max(np.abs(values), axis=0)
    safe = np.where(largest > 0, largest, 1.0)
    result: Array = largest * np.sqrt(np.tensordot(weights, (values / safe) ** 2, axes=(0, 0)))
    return result
