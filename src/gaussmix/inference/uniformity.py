"""How far numbers that should be uniform on 0 to 1 are from it, each number with a weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaussmix.core.rows import Array

LEVELS = (np.arange(100) + 0.5) / 100
"""Shares at which quantiles are kept, for pictures."""


@dataclass(frozen=True)
class Uniformity:
    """What is measured of some numbers.

    Parameters
    ----------
    kolmogorov_smirnov : float
        Largest difference of their distribution function from that of uniform numbers.
    cramer_von_mises : float
        Integral of the squared difference, times the sum of their weights.
    quantiles : ndarray of shape (100,)
        Their quantiles at `LEVELS`.
    """

    kolmogorov_smirnov: float
    cramer_von_mises: float
    quantiles: Array


def measure_uniformity(numbers: Array, weights: Array | None = None) -> Uniformity:
    """Compare numbers with a uniform distribution.

    Parameters
    ----------
    numbers : ndarray of shape (N,)
        From 0 to 1.
    weights : ndarray of shape (N,), optional
        Not negative.

    Examples
    --------
    >>> import numpy as np
    >>> round(measure_uniformity(np.array([0.1, 0.2, 0.3, 0.4])).kolmogorov_smirnov, 6)
    0.6
    """
    order = np.argsort(numbers)
    u = np.clip(numbers[order], 0.0, 1.0)
    weight = np.ones(len(u)) if weights is None else weights[order]
    total = float(weight.sum())
    if total <= 0.0:  # a component without rows: nothing to compare
        return Uniformity(0.0, 0.0, LEVELS)
    above = np.cumsum(weight) / total
    below = above - weight / total
    statistic = max(float((above - u).max()), float((u - below).max()))
    # Between two numbers the distribution function is constant, and the integral a difference of cubes.
    edges, heights = np.concatenate([[0.0], u, [1.0]]), np.concatenate([[0.0], above])
    cubes = (heights - edges[:-1]) ** 3 - (heights - edges[1:]) ** 3
    return Uniformity(
        statistic, total * float(cubes.sum()) / 3.0, np.interp(LEVELS, 0.5 * (above + below), u)
    )
