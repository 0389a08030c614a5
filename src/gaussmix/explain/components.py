"""The components of a fitted mixture: their means and spreads, and distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.core.transforms import FeatureTransform, FeatureTransforms, Identity
from gaussmix.covariance import FAMILIES
from gaussmix.estimators.attributes import refuse_transforms


def marginal_covariances(model: Any, features: Sequence[int]) -> Array:
    """Return each component's covariance of some features, whatever the others are, in the data's units.

    Parameters
    ----------
    model : fitted GaussianMixture
    features : sequence of int
        Indices of the d features wanted.

    Returns
    -------
    ndarray of shape (K, d, d)

    Raises
    ------
    gaussmix.TransformedMixtureError
        If features were transformed: what is made of covariances takes components for ellipsoids.
    """
    refuse_transforms(model)
    return fitted_covariances(model, features)


def fitted_covariances(model: Any, features: Sequence[int]) -> Array:
    """Return each component's covariance of some features, transformed if they are, whatever the others are.

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


@dataclass(frozen=True)
class FeatureNoise:
    """The noise of a mixture in one feature: the same density everywhere between two bounds.

    Parameters
    ----------
    height : float
        Its density times its weight.
    lower, upper : float
        Of a single feature there are no bounds: they are infinite.
    transform : FeatureTransform, default=Identity()
        Of the feature; the other parameters are of transformed values.
    """

    height: float
    lower: float
    upper: float
    transform: FeatureTransform = field(default_factory=Identity)

    @classmethod
    def of(cls, model: Any, feature: int) -> FeatureNoise | None:
        """Return the noise of a fitted mixture in a feature; None where it has none.

        Parameters
        ----------
        model : fitted GaussianMixture
        feature : int
            Its index. Of several features noise is taken as it is drawn: evenly from between the bounds of
            the data, whatever the volume by which it is weighed.
        """
        noise = getattr(model, "noise_", None)
        if noise is None:
            return None
        transform = transforms_of(model, [feature]).features[0]
        if len(noise.lower) == 1:
            return cls(float(noise.weight * np.exp(-noise.log_volume)), -np.inf, np.inf, transform)
        lower, upper = float(noise.lower[feature]), float(noise.upper[feature])
        return cls(noise.weight / (upper - lower), lower, upper, transform) if upper > lower else None

    def density(self, points: Array) -> Array:
        """Return its weighted density at some points, in the data's units."""
        z = self.transform.forward(points)
        height = self.height * np.exp(self.transform.log_slope(points))
        return np.where((z >= self.lower) & (z <= self.upper), height, 0.0)


def moments(model: Any) -> tuple[Array, Array]:
    """Return each component's means and standard deviations of features, in the data's own units.

    Where features were transformed they are not those by which the mixture is defined.

    Parameters
    ----------
    model : fitted mixture

    Returns
    -------
    means, deviations : ndarray of shape (K, D)
    """
    means, deviations = np.asarray(model.means_, dtype=np.float64), standard_deviations(model)
    return transforms_of(model).moments(means, deviations)


def transforms_of(model: Any, features: Sequence[int] | None = None) -> FeatureTransforms:
    """Return the transforms of a fitted mixture's features, also where all are as they are.

    Parameters
    ----------
    model : fitted mixture
    features : sequence of int, optional
        Default: all.
    """
    chosen = range(model.means_.shape[1]) if features is None else features
    transforms: FeatureTransforms | None = getattr(model, "transforms_", None)
    return FeatureTransforms((Identity(),) * len(chosen)) if transforms is None else transforms.of(chosen)


def standard_deviations(model: Any) -> Array:
    """Return each component's standard deviation of each feature, shape (K, D), in the units of `means_`."""
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
