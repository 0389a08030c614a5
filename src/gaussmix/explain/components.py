"""The components of a fitted mixture in the data's own units: spreads and distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES


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
    representation = FAMILIES[model.covariance_type].representation
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    chosen = np.asarray(features, dtype=np.intp)
    return representation.matrices(
        representation.marginal(covariances, chosen), len(model.weights_), len(chosen)
    )


def standard_deviations(model: Any) -> Array:
    """Return each component's standard deviation of each feature, shape (K, D), in the data's units."""
    representation = FAMILIES[model.covariance_type].representation
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    variances = representation.variances(covariances, *model.means_.shape)
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
