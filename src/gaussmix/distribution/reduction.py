"""Mixtures of fewer components that are nearly the same."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.distribution import pairwise


def reduced(
    weights: Array, means: Array, covariances: Array, n_components: int
) -> tuple[Array, Array, Array]:
    """Return weights, means and covariances after merging pairs, the cheapest first.

    Parameters
    ----------
    weights : ndarray of shape (K,)
        Positive.
    means : ndarray of shape (K, D)
    covariances : ndarray of shape (K, D, D)
    n_components : int
        How many are left.
    """
    weights, means, covariances = weights.copy(), means.copy(), covariances.copy()
    log_determinants = pairwise.log_determinants(covariances)
    alive = np.ones(len(weights), dtype=bool)
    costs = np.full((len(weights), len(weights)), np.inf)

    def update(i: int) -> None:
        """Compute anew what merging component i with each other would cost."""
        others = np.flatnonzero(alive)
        others = others[others != i]
        if not len(others):
            return
        merged = _merged(
            weights[i], means[i], covariances[i], weights[others], means[others], covariances[others]
        )
        added = 0.5 * (
            merged[0] * pairwise.log_determinants(merged[2])
            - weights[i] * log_determinants[i]
            - weights[others] * log_determinants[others]
        )
        costs[i, others] = costs[others, i] = added

    for i in range(len(weights)):
        update(i)
    for _ in range(len(weights) - n_components):
        i, j = sorted(divmod(int(costs.argmin()), len(weights)))
        weight, mean, covariance = _merged(
            weights[i], means[i], covariances[i], weights[[j]], means[[j]], covariances[[j]]
        )
        weights[i], means[i], covariances[i] = weight[0], mean[0], covariance[0]
        log_determinants[i] = pairwise.log_determinants(covariance)[0]
        alive[j] = False
        costs[j] = costs[:, j] = np.inf
        update(i)
    return weights[alive], means[alive], covariances[alive]


def _merged(
    weight: float, mean: Array, covariance: Array, weights: Array, means: Array, covariances: Array
) -> tuple[Array, Array, Array]:
    """Return one component with the moments of a first and a second, for each of several second ones."""
    total = weight + weights
    share = weights / total
    differences = means - mean
    between = differences[:, :, None] * differences[:, None, :]
    spread = (share * (1.0 - share))[:, None, None] * between
    within = (1.0 - share)[:, None, None] * covariance + share[:, None, None] * covariances
    return total, mean + share[:, None] * differences, within + spread
