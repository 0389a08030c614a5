"""Rows with transformed features: what a fit sees of them, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.core.transforms import FeatureTransforms
from gaussmix.transforming import choose_transforms


@dataclass(frozen=True)
class FittedRows:
    """The rows of a fit.

    Parameters
    ----------
    values : ndarray of shape (N, D)
        With transformed features; where none is, the data themselves.
    transforms : FeatureTransforms or None
        None where every feature is left as it is.
    log_jacobian : float
        What a row adds to its log-likelihood on the way back to the data's units: a weighted mean.
    """

    values: NDArray[np.floating]
    transforms: FeatureTransforms | None
    log_jacobian: float

    @classmethod
    def of(
        cls,
        X: NDArray[np.floating],
        sample_weight: Array | None,
        names: str | Sequence[str] | None,
        feature_names: Sequence[str] | None = None,
    ) -> FittedRows:
        """Return rows as a fit shall see them, with transforms that are named or chosen.

        Parameters
        ----------
        X : ndarray of shape (N, D)
        sample_weight : ndarray of shape (N,) or None
        names : "auto", sequence of str or None
            See ``transforms`` of `gaussmix.GaussianMixture`.
        feature_names : sequence of str, optional
        """
        if names is None:
            return cls(X, None, 0.0)
        chosen = choose_transforms(X, sample_weight, names, feature_names=feature_names)
        return cls.known(X, sample_weight, chosen if chosen.changed else None)

    @classmethod
    def known(
        cls, X: NDArray[np.floating], sample_weight: Array | None, transforms: FeatureTransforms | None
    ) -> FittedRows:
        """Return rows as a fit shall see them, with transforms that are known."""
        if transforms is None:
            return cls(X, None, 0.0)
        log_jacobian = float(np.average(transforms.log_jacobian(X), weights=sample_weight))
        return cls(forward(transforms, X), transforms, log_jacobian)


def forward(transforms: FeatureTransforms, X: NDArray[np.floating]) -> Array:
    """Return transformed rows, checked to be finite.

    Raises
    ------
    ValueError
        If a value lies too far out.
    """
    with np.errstate(over="ignore"):
        Z = transforms.forward(X)
    if not np.isfinite(Z).all():
        row, feature = np.argwhere(~np.isfinite(Z))[0]
        raise ValueError(
            f"Row {row} has the value {X[row, feature]:g} in feature {feature}, which lies too far out for "
            f"its transform, {transforms.names[feature]}"
        )
    return Z


__all__ = ["FittedRows", "forward"]
