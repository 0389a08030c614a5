"""Probabilities of boxes under a standardised normal distribution.

One and two features are exact; from three on SciPy integrates by the method of Genz (1992, Journal of
Computational and Graphical Statistics 1, 141-149).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, owens_t

from gaussmix.core.rows import Array


def interval_probability(lower: Array, upper: Array) -> Array:
    """Return the probability of intervals under the standard normal distribution, entry by entry."""
    # In the upper tail both values of the distribution function are near one, and their difference is lost.
    flipped = lower > 0
    bottom = np.where(flipped, -upper, lower)
    top = np.where(flipped, -lower, upper)
    return np.where(upper > lower, ndtr(top) - ndtr(bottom), 0.0)


def box_probability(lower: Array, upper: Array, correlation: Array, absolute_error: float) -> Array:
    """Return the probability of boxes under a normal distribution with zero mean and unit variances.

    Parameters
    ----------
    lower, upper : ndarray of shape (N, D)
        May be infinite.
    correlation : ndarray of shape (D, D)
        Positive definite.
    absolute_error : float
        Wanted for three or more features.

    Returns
    -------
    ndarray of shape (N,)
    """
    independent = np.count_nonzero(correlation) == len(correlation)
    if independent:
        product: Array = interval_probability(lower, upper).prod(axis=1)
        return product
    if len(correlation) == 2:
        return _rectangle_probability(lower, upper, float(correlation[0, 1]))
    from scipy.stats import multivariate_normal

    probability = np.zeros(len(lower))
    for n in np.flatnonzero((upper > lower).all(axis=1)):
        # The same seed for each box: the same box then has the same probability, in versions that heed it.
        normal = multivariate_normal(np.zeros(len(correlation)), correlation, seed=0)
        # SciPy's older versions take these as attributes only.
        normal.abseps, normal.releps = absolute_error, 0.0
        probability[n] = normal.cdf(upper[n], lower_limit=lower[n])
    return probability


def _rectangle_probability(lower: Array, upper: Array, rho: float) -> Array:
    """Return probabilities of rectangles from the distribution function at their corners."""
    total = np.zeros(len(lower))
    for first, sign_first in ((upper[:, 0], 1.0), (lower[:, 0], -1.0)):
        for second, sign_second in ((upper[:, 1], 1.0), (lower[:, 1], -1.0)):
            if (np.minimum(first, second) > -np.inf).any():
                total += sign_first * sign_second * _bivariate_cdf(first, second, rho)
    return np.where((upper > lower).all(axis=1), np.clip(total, 0.0, 1.0), 0.0)


def _bivariate_cdf(h: Array, k: Array, rho: float) -> Array:
    """Return the distribution function of the bivariate standard normal by Owen's T function.

    Owen 1956, Annals of Mathematical Statistics 27, 1075-1090, equation 2.1.
    """
    finite = np.isfinite(h) & np.isfinite(k)
    h_finite, k_finite = np.where(finite, h, 1.0), np.where(finite, k, 1.0)
    root = np.sqrt((1.0 - rho) * (1.0 + rho))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_h = (k_finite - rho * h_finite) / (h_finite * root)
        slope_k = (h_finite - rho * k_finite) / (k_finite * root)
    product = h_finite * k_finite
    opposite = (product < 0) | ((product == 0) & (h_finite + k_finite < 0))
    value = (
        0.5 * (ndtr(h_finite) + ndtr(k_finite))
        - owens_t(h_finite, slope_h)
        - owens_t(k_finite, slope_k)
        - 0.5 * opposite
    )
    origin = (h_finite == 0) & (k_finite == 0)
    value = np.where(origin, 0.25 + np.arcsin(rho) / (2.0 * np.pi), value)
    # With one limit at infinity the other alone counts.
    at_infinity: Array = ndtr(np.minimum(h, k))
    return np.where(finite, value, at_infinity)
