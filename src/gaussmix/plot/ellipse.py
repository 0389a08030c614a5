"""The curve that holds a stated share of a bivariate Gaussian."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array


def ellipse_curve(mean: Array, covariance: Array, probability: float, n_points: int = 181) -> Array:
    """Return points on the ellipse within which a bivariate Gaussian has the given probability.

    Parameters
    ----------
    mean : ndarray of shape (2,)
    covariance : ndarray of shape (2, 2)
    probability : float
        Between 0 and 1, both excluded.
    n_points : int, default=181
        The last point is the first.

    Returns
    -------
    ndarray of shape (n_points, 2)

    Raises
    ------
    ValueError
        If the probability is not between 0 and 1.
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must be between 0 and 1, both excluded; got {probability}.")
    # The factor is built from deviations and correlation: a determinant of variances near 1e-300
    # would vanish.
    first, second = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    correlation = 0.0
    if first > 0 and second > 0:
        correlation = float(np.clip(covariance[0, 1] / first / second, -1.0, 1.0))
    angle = np.linspace(0.0, 2.0 * np.pi, n_points)
    # The squared distance has the chi-squared distribution of two degrees of freedom.
    radius = np.sqrt(-2.0 * np.log1p(-probability))
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    curve: Array = np.stack(
        [mean[0] + first * x, mean[1] + second * (correlation * x + np.sqrt(1.0 - correlation**2) * y)],
        axis=1,
    )
    return curve
