"""Quantiles of many mixtures of one feature, side by side.

Index conventions: N mixtures, one a row, each of K components.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, ndtr, ndtri, stdtr, stdtrit

from gaussmix.core.rows import Array

_NEWTON_STEPS = 25
_BISECTION_STEPS = 75
"""Newton's method takes about six steps; bisection ends what it has not ended, down to the last bit."""
_TOLERANCE = 4.0 * float(np.finfo(np.float64).eps)
_ROOT_2_PI = float(np.sqrt(2.0 * np.pi))


def quantile(
    probabilities: ArrayLike, weights: Array, means: Array, deviations: Array, degrees: Array | None = None
) -> Array:
    """Return the value that each row's mixture stays below with a given probability.

    Parameters
    ----------
    probabilities : float or array-like of shape (N,)
        From 0, whose quantile is minus infinity, to 1, whose quantile is infinity.
    weights, means, deviations : ndarray of shape (N, K)
        Deviations are standard deviations; of Student's t, scales. Shapes (K,) serve all rows.
    degrees : ndarray of shape (K,), optional
        Degrees of freedom, where the components are Student's t distributions in place of normal ones.

    Returns
    -------
    quantiles : ndarray of shape (N,)

    Examples
    --------
    >>> import numpy as np
    >>> quantile([0.5, 0.739], np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.ones(2)).round(2)
    array([0., 1.])
    """
    probability, weights, means, deviations = np.broadcast_arrays(
        np.asarray(probabilities, dtype=np.float64)[..., None], weights, means, deviations
    )
    probability = probability[:, 0]
    # The upper tail is the lower one of the mirrored mixture: only small probabilities are exact.
    sign = np.where(probability > 0.5, -1.0, 1.0)
    tail = np.where(probability > 0.5, 1.0 - probability, probability)
    center = (weights * means).sum(axis=1)
    offsets = means - center[:, None]
    scale = np.sqrt((weights * (deviations**2 + offsets**2)).sum(axis=1))
    law = _Normal() if degrees is None else _Student(degrees)
    standard = _lower_quantile(
        law, tail, weights, offsets * (sign / scale)[:, None], deviations / scale[:, None]
    )
    found: Array = center + sign * scale * standard
    return found


class _Normal:
    """The standard normal distribution."""

    def quantile(self, probability: Array) -> Array:
        found: Array = ndtri(probability)[:, None]
        return found

    def below(self, z: Array) -> Array:
        found: Array = ndtr(z)
        return found

    def density(self, z: Array) -> Array:
        return np.exp(-0.5 * z * z) / _ROOT_2_PI


class _Student:
    """Student's t distributions, one a component."""

    def __init__(self, degrees: Array) -> None:
        self.degrees = degrees
        self.height = np.exp(-betaln(0.5 * degrees, 0.5)) / np.sqrt(degrees)

    def quantile(self, probability: Array) -> Array:
        found: Array = stdtrit(self.degrees, probability[:, None])
        return found

    def below(self, z: Array) -> Array:
        found: Array = stdtr(self.degrees, z)
        return found

    def density(self, z: Array) -> Array:
        found: Array = self.height * np.exp(-0.5 * (self.degrees + 1.0) * np.log1p(z * z / self.degrees))
        return found


def _lower_quantile(
    law: _Normal | _Student, probability: Array, weights: Array, means: Array, deviations: Array
) -> Array:
    """Return quantiles of at most one half of mixtures with mean 0 and variance 1, or near that."""
    # A mixture's quantile lies between the least and the greatest of its components' quantiles.
    of_components = means + deviations * law.quantile(probability)
    present = weights > 0
    low = np.where(present, of_components, np.inf).min(axis=1)
    high = np.where(present, of_components, -np.inf).max(axis=1)
    found: Array = np.clip(ndtri(probability), low, high)
    active = np.flatnonzero((probability > 0) & (high > low))
    for step in range(_NEWTON_STEPS + _BISECTION_STEPS):
        if not len(active):
            break
        at, wanted = found[active], probability[active]
        z = (at[:, None] - means[active]) / deviations[active]
        share = weights[active]
        below = (share * law.below(z)).sum(axis=1)
        density = (share / deviations[active] * law.density(z)).sum(axis=1)
        left, right = np.where(below < wanted, at, low[active]), np.where(below < wanted, high[active], at)
        low[active], high[active] = left, right
        middle = 0.5 * (left + right)
        if step < _NEWTON_STEPS:
            # On the logarithm, which is nearly a parabola in the tail, where the function itself is flat.
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                proposed = at - np.log(below / wanted) * below / density
            inside = (proposed >= left) & (proposed <= right)
            middle = np.where(inside, proposed, middle)
        moved = np.abs(middle - at)
        found[active] = middle
        tolerance = _TOLERANCE * np.maximum(1.0, np.abs(middle))
        active = active[(moved > tolerance) & (right - left > tolerance)]
    return found
