"""Coordinates in which groups of rows are compared: what scaling and rotation comes before clustering.

Where the criterion of a clustering changes with the units of the data, these decide in which units it is
taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gaussmix.core.fences import fences
from gaussmix.core.rows import Array

_ROUNDING = float(np.finfo(float).eps)


@dataclass(frozen=True)
class PrincipalDirections:
    """Location, scale and singular value decomposition of weighted rows: what transformations are made of.

    Parameters
    ----------
    mean : ndarray of shape (D,)
    deviation : ndarray of shape (D,)
        Standard deviations with denominator N - 1, N being the total weight; infinite for constant features.
    singular_values : ndarray of shape (R,)
        Of the standardised rows times the roots of their weights; those that are zero but for rounding are
        left out.
    directions : ndarray of shape (D, R)
    total_weight : float
    """

    mean: Array
    deviation: Array
    singular_values: Array
    directions: Array
    total_weight: float

    @classmethod
    def of(cls, z: Array, weights: Array, scatters: Array | None = None) -> PrincipalDirections:
        """Decompose rows, or groups of rows.

        Parameters
        ----------
        z : ndarray of shape (G, D)
            Rows, or means of groups.
        weights : ndarray of shape (G,)
        scatters : ndarray of shape (G, D, D), optional
            Scatter of each group about its mean.
        """
        z = np.clip(z, *fences(z, weights))  # rows far out shall not decide in what units others are seen
        total = float(weights.sum())
        mean = weights @ z / total
        centered = np.sqrt(weights)[:, None] * (z - mean)
        if scatters is not None:
            # Rows whose products sum up to the scatter within the groups.
            values, vectors = np.linalg.eigh(scatters.sum(axis=0))
            centered = np.vstack([centered, (vectors * np.sqrt(np.maximum(values, 0.0))).T])
        squares = np.einsum("nd,nd->d", centered, centered)
        resolution = 8 * _ROUNDING * np.abs(z).max(axis=0)
        varies = np.sqrt(squares) > np.sqrt(total) * resolution
        deviation = np.full(len(mean), np.inf)
        deviation[varies] = np.sqrt(squares[varies] / (total - 1.0 if total > 1.0 else total))
        standardized = centered / deviation
        _, values, directions = np.linalg.svd(standardized, full_matrices=False)
        kept = values > max(standardized.shape) * _ROUNDING * values.max(initial=0.0)
        return cls(mean, deviation, values[kept], directions[kept].T, total)


Transformation = Callable[[PrincipalDirections], Array]
"""Returns the matrix, shape (D, R), by which centred rows are multiplied."""


def raw(data: PrincipalDirections) -> Array:
    """Leave the data's own units; constant features are left out."""
    return np.eye(len(data.deviation))[:, np.isfinite(data.deviation)]


def standardized(data: PrincipalDirections) -> Array:
    """Divide each feature by its standard deviation; constant features are left out."""
    return np.diag(1.0 / data.deviation)[:, np.isfinite(data.deviation)]


def sphered(data: PrincipalDirections) -> Array:
    """Make all features uncorrelated and of variance one."""
    scaled: Array = data.directions / data.deviation[:, None]
    matrix: Array = scaled * np.sqrt(data.total_weight) / data.singular_values
    return matrix


def svd(data: PrincipalDirections) -> Array:
    """Standardise, rotate to the principal directions, and divide each by the root of its singular value.

    Half-way to spheres: directions in which the data vary much keep some of their lead (Scrucca and Raftery
    2015, Advances in Data Analysis and Classification 9, 447).
    """
    scaled: Array = data.directions / data.deviation[:, None]
    matrix: Array = scaled / np.sqrt(data.singular_values)
    return matrix


TRANSFORMATIONS: Mapping[str, Transformation] = MappingProxyType(
    {"raw": raw, "standardized": standardized, "sphered": sphered, "svd": svd}
)
"""The transformations by name. All but ``"raw"`` take no notice of the units of the features."""
