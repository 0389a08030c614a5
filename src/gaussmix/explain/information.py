"""How much a single feature tells about the component that a row belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.explain.components import standard_deviations

_MOST_EVALUATIONS = 20_000_000
"""Densities evaluated at most: with very many components the integrals get fewer nodes."""


@dataclass(frozen=True)
class FeatureInformation:
    """Share of the doubt about a row's component that each feature, looked at alone, removes.

    Doubt is entropy; the share is the mutual information of component and feature over the entropy of
    the component. Unlike a ratio of variances it is bounded also for a feature that is constant but for
    one row, weighs components by their size, and sees components that differ in spread alone.

    Parameters
    ----------
    total : ndarray of shape (D,)
        Of the question to which component a row belongs; from 0 to 1.
    by_component : ndarray of shape (K, D)
        Of the question whether a row belongs to this component; from 0 to 1.
    """

    total: Array
    by_component: Array


def feature_information(model: Any) -> FeatureInformation:
    """Return how much each feature alone tells about the component.

    It follows from the model's marginal densities, without data. The integrals over each component are
    taken by the trapezoidal rule over seven standard deviations to either side: it sees the tails, in
    which components that are well apart overlap, and a narrow component inside a wide one.

    Parameters
    ----------
    model : fitted GaussianMixture

    Returns
    -------
    FeatureInformation

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> model = GaussianMixture.from_parameters(
    ...     [0.5, 0.5], [[0.0, 0.0], [20.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], covariance_type="diag")
    >>> feature_information(model).total.round(3).tolist()
    [1.0, 0.0]
    """
    weights = np.asarray(model.weights_, dtype=np.float64)
    weights = weights / weights.sum()  # noise, if there is any, has its own
    means = np.asarray(model.means_, dtype=np.float64)
    n_components, n_features = means.shape
    total = np.zeros(n_features)
    by_component = np.zeros((n_components, n_features))
    doubt = _entropy(weights).sum()
    if doubt <= 0:
        return FeatureInformation(total, by_component)
    magnitude = np.max(np.abs(means), axis=0)
    least = np.maximum(8 * np.finfo(np.float64).eps * magnitude, np.finfo(np.float64).tiny)
    deviations = np.maximum(standard_deviations(model), least)
    n_nodes = int(np.clip(_MOST_EVALUATIONS // (n_components**2 * n_features), 29, 141))
    nodes = np.linspace(-7.0, 7.0, n_nodes)
    node_mass = np.exp(-0.5 * nodes**2)
    mass = np.outer(weights, node_mass / node_mass.sum()).ravel()
    component_doubt = _entropy(weights) + _entropy(1.0 - weights)
    for d in range(n_features):
        points = (means[:, d, None] + deviations[:, d, None] * nodes).ravel()
        posterior = _posterior(points, weights, means[:, d], deviations[:, d])
        remaining = _entropy(posterior)
        total[d] = 1.0 - mass @ remaining.sum(axis=1) / doubt
        one_against_rest = mass @ (remaining + _entropy(1.0 - posterior))
        by_component[:, d] = 1.0 - np.divide(
            one_against_rest, component_doubt, out=np.ones(n_components), where=component_doubt > 0
        )
    return FeatureInformation(np.clip(total, 0.0, 1.0), np.clip(by_component, 0.0, 1.0))


def most_telling_features(model: Any) -> list[int]:
    """Return the features by what they tell about the component, the most first."""
    order: list[int] = np.argsort(-feature_information(model).total, kind="stable").tolist()
    return order


def _posterior(points: Array, weights: Array, means: Array, deviations: Array) -> Array:
    """Return the probability of each component at some values of one feature, shape (points, K)."""
    with np.errstate(over="ignore", divide="ignore"):  # far beyond all density, or a weight of zero
        log_joint = np.log(weights) - np.log(deviations) - 0.5 * ((points[:, None] - means) / deviations) ** 2
    log_joint -= log_joint.max(axis=1, keepdims=True)
    joint = np.exp(log_joint)
    posterior: Array = joint / joint.sum(axis=1, keepdims=True)
    return posterior


def _entropy(probability: Array) -> Array:
    """Return -p log p, zero where p is zero."""
    safe = np.where(probability > 0, probability, 1.0)
    entropy: Array = -probability * np.log(safe)
    return entropy
