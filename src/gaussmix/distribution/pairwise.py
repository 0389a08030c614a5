"""Closed-form comparisons of the components of one mixture with those of another.

All take means (K, D) and covariances (K, D, D) of both, and return matrices with a row for each component of
the first and a column for each of the second. Working a row at a time keeps memory at one component's share.
"""

from __future__ import annotations

import numpy as np

from gaussmix.core.density import LOG_2_PI
from gaussmix.core.representation import invert_lower_triangular
from gaussmix.core.rows import Array
from gaussmix.distribution.mixture import MATRICES


def log_product_integrals(means: Array, covariances: Array, others: Array, other_covariances: Array) -> Array:
    """Return the logarithm of the integral of the product of two Gaussian densities.

    That is the density of a Gaussian with the sum of the covariances at the difference of the means.
    """
    found = np.empty((len(means), len(others)))
    n_features = means.shape[1]
    for i, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        factor = MATRICES.factor(covariance + other_covariances)
        found[i] = (
            _log_determinants(factor)
            - 0.5 * n_features * LOG_2_PI
            - 0.5 * _squared_distances(others - mean, factor)
        )
    return found


def kullback_leibler(means: Array, covariances: Array, others: Array, other_covariances: Array) -> Array:
    """Return the Kullback-Leibler divergence of Gaussians of the second mixture from those of the first."""
    found = np.empty((len(means), len(others)))
    n_features = means.shape[1]
    factors, other_factors = MATRICES.factor(covariances), MATRICES.factor(other_covariances)
    log_ratios = _log_determinants(factors)[:, None] - _log_determinants(other_factors)
    for i, mean in enumerate(means):
        ratio = other_factors @ invert_lower_triangular(factors[i])
        trace = np.einsum("kde,kde->k", ratio, ratio)
        distance = _squared_distances(others - mean, other_factors)
        found[i] = 0.5 * (trace + distance - n_features) + log_ratios[i]
    return np.maximum(found, 0.0)


def bhattacharyya(means: Array, covariances: Array, others: Array, other_covariances: Array) -> Array:
    """Return minus the logarithm of the integral of the geometric mean of two Gaussian densities."""
    found = np.empty((len(means), len(others)))
    own = _log_determinants(MATRICES.factor(covariances))
    theirs = _log_determinants(MATRICES.factor(other_covariances))
    for i, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        factor = MATRICES.factor(0.5 * covariance + 0.5 * other_covariances)
        log_ratio = 0.5 * (own[i] + theirs) - _log_determinants(factor)
        found[i] = 0.125 * _squared_distances(others - mean, factor) + log_ratio
    return np.maximum(found, 0.0)


def log_determinants(covariances: Array) -> Array:
    """Return the logarithm of the determinant of each covariance, shape (K,)."""
    return -2.0 * _log_determinants(MATRICES.factor(covariances))


def _log_determinants(factors: Array) -> Array:
    """Return the log-determinant of each whitening factor, shape (K,)."""
    total: Array = np.log(np.einsum("kdd->kd", factors)).sum(axis=1)
    return total


def _squared_distances(differences: Array, factors: Array) -> Array:
    """Return the squared length of each difference (K, D) under its whitening factor (K, D, D)."""
    whitened = np.einsum("kde,ke->kd", factors, differences)
    return np.einsum("kd,kd->k", whitened, whitened)
