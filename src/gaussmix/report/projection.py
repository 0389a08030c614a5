"""Two directions in which the components of a mixture of many features are told apart best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gaussmix.core.discriminant import discriminant_directions
from gaussmix.core.rows import Array
from gaussmix.explain import MixtureSummary
from gaussmix.explain.components import fitted_covariances
from gaussmix.explain.wording import join_words
from gaussmix.plot.parallel_coordinates import mixture_moments

NAMED_FEATURES = 3
"""Features that are named as the parts of a direction."""


@dataclass(frozen=True)
class Projection:
    """Two directions.

    Parameters
    ----------
    axes : ndarray of shape (2, D)
        Weights of the features, transformed if they are, each in overall standard deviations.
    """

    axes: Array

    def describe(self, number: int, names: tuple[str, ...]) -> str:
        """Return of which features a direction is made."""
        axis = self.axes[number]
        largest = np.argsort(-np.abs(axis), kind="stable")[:NAMED_FEATURES]
        parts = [f"{names[d]} ({axis[d]:+.2f})" for d in largest.tolist()]
        more = " and others" if len(axis) > NAMED_FEATURES else ""
        return f"Made of {join_words(parts)}{more}, in standard deviations."

    def extend(self, model: Any, summary: MixtureSummary, covariances: Array, shown: list[int]) -> Array:
        """Return covariances of the shown features with those of the two directions beside them.

        Parameters
        ----------
        model : fitted GaussianMixture
        summary : MixtureSummary
        covariances : ndarray of shape (K, d, d)
            Of the shown features, in overall standard deviations.
        shown : list of int
            Indices of the d features.

        Returns
        -------
        ndarray of shape (K, d + 2, d + 2)
        """
        n_shown = len(shown)
        extended = np.zeros((len(covariances), n_shown + 2, n_shown + 2))
        _, scale = location_and_scale(model, summary)
        for k, full in enumerate(_matrices(model, scale)):
            across = self.axes @ full
            extended[k, :n_shown, :n_shown] = covariances[k]
            extended[k, n_shown:, :n_shown] = across[:, shown]
            extended[k, :n_shown, n_shown:] = across[:, shown].T
            extended[k, n_shown:, n_shown:] = across @ self.axes.T
        return extended


def projection_axes(model: Any, summary: MixtureSummary) -> Projection:
    """Return the two directions in which means and covariances of the components differ most.

    See `gaussmix.core.discriminant`; a single component has its principal axes instead.

    Parameters
    ----------
    model : fitted GaussianMixture
    summary : MixtureSummary
    """
    location, scale = location_and_scale(model, summary)
    weights = np.asarray(model.weights_, dtype=np.float64)
    weights = weights / weights.sum()  # noise, if there is any, has its own
    means = (np.asarray(model.means_, dtype=np.float64) - location) / scale
    matrices = _matrices(model, scale)
    total = np.tensordot(weights, matrices, axes=1) + (weights[:, None] * means).T @ means
    found = discriminant_directions(weights, means, matrices, total, share_of_means=0.5)
    axes = np.zeros((2, len(scale)))  # where rows differ in one direction only, the other is none
    told = found.directions[:2]
    axes[: len(told)] = told / np.linalg.norm(told, axis=1, keepdims=True)
    return Projection(axes)


def location_and_scale(model: Any, summary: MixtureSummary) -> tuple[Array, Array]:
    """Return the mean of the mixture and a unit for each feature, transformed if it is.

    The unit is the standard deviation of the whole mixture, or one where that is zero.

    Parameters
    ----------
    model : fitted GaussianMixture
    summary : MixtureSummary
        Of that model.
    """
    location, deviations = np.asarray(summary.overall_means), np.asarray(summary.overall_deviations)
    if summary.transforms:
        location, deviations = mixture_moments(model.in_transformed_units())
    return location, np.where(deviations > 0, deviations, 1.0)


def _matrices(model: Any, scale: Array) -> Array:
    matrices: Array = fitted_covariances(model, range(len(scale))) / scale[:, None] / scale
    return matrices
