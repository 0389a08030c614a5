"""All maxima and minima of a density in one dimension, none overlooked.

Each term of the first two derivatives of the density has its extremes at known places, so its range over an
interval is known exactly, and the sums of ranges enclose the derivatives. Intervals in which the enclosure of
the first excludes zero hold no critical point; where that of the second does, there is at most one, and the
signs at the ends tell. The others are halved.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array

ROUNDING = 1e-13
"""A sum this small beside its terms may have the other sign."""
MOST_HALVINGS = 100
BISECTIONS = 200
MOST_INTERVALS = 20_000
"""Where the density is level within rounding, intervals would be halved for ever."""


def critical_points(weights: Array, means: Array, deviations: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return where the density has maxima and minima.

    Parameters
    ----------
    weights : ndarray of shape (K,)
        Positive.
    means, deviations : ndarray of shape (K,)

    Returns
    -------
    points : ndarray of shape (M,)
        In ascending order: maxima and minima in turn, beginning and ending with a maximum.
    is_maximum : ndarray of bool, shape (M,)
    """
    derivatives = _Derivatives(weights, means, deviations)
    margin = 1e-3 * float(deviations.min())
    edges = np.unique(np.concatenate([means, [means.min() - margin, means.max() + margin]]))
    low, high = edges[:-1], edges[1:]
    brackets: list[tuple[Array, Array]] = []
    for _ in range(MOST_HALVINGS):
        possible = ~derivatives.excludes_zero(low, high, order=1)
        low, high = low[possible], high[possible]
        if not 0 < len(low) <= MOST_INTERVALS + 4 * len(means):
            break
        middle = 0.5 * low + 0.5 * high
        settled = derivatives.excludes_zero(low, high, order=2) | (middle <= low) | (middle >= high)
        brackets.append((low[settled], high[settled]))
        low, middle, high = low[~settled], middle[~settled], high[~settled]
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    brackets.append((low, high))
    low = np.concatenate([pair[0] for pair in brackets])
    high = np.concatenate([pair[1] for pair in brackets])
    order = np.argsort(low)
    low, high = low[order], high[order]
    # Between these intervals the derivative has no zero, so a sign that rounding hides is the one before it.
    ends = np.stack([low, high], axis=1)
    signs = derivatives.signs(ends.ravel())
    known = np.maximum.accumulate(np.where(signs != 0, np.arange(1, len(signs) + 1), 0))
    signs = np.concatenate([[1.0], signs])[known].reshape(-1, 2)
    crossing = signs[:, 0] != signs[:, 1]
    low, high, rises = low[crossing], high[crossing], signs[crossing, 0] > 0
    for _ in range(BISECTIONS):
        middle = 0.5 * low + 0.5 * high
        if ((middle <= low) | (middle >= high)).all():
            break
        same = (derivatives.signs(middle) >= 0) == rises
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * low + 0.5 * high, rises


class _Derivatives:
    """The first two derivatives of a mixture's density, as sums of signed terms in logarithms."""

    def __init__(self, weights: Array, means: Array, deviations: Array) -> None:
        self.means, self.deviations = means, deviations
        self.log_scales = {order: np.log(weights) - (order + 1) * np.log(deviations) for order in (1, 2)}

    def signs(self, x: Array) -> Array:
        """Return the signs of the first derivative at points, zero where rounding hides them."""
        z = (x[:, None] - self.means) / self.deviations
        total, is_certain = self._sum(*_shape(z, 1), order=1)
        return np.where(is_certain, np.sign(total), 0.0)

    def excludes_zero(self, low: Array, high: Array, *, order: int) -> NDArray[np.bool_]:
        """Return whether a derivative is known to have one sign throughout intervals."""
        bottom = (low[:, None] - self.means) / self.deviations
        top = (high[:, None] - self.means) / self.deviations
        # Where the terms -z exp(-z²/2) and (z² - 1) exp(-z²/2) are greatest and least.
        peaks, troughs = ((-1.0,), (1.0,)) if order == 1 else ((-np.sqrt(3.0), np.sqrt(3.0)), (0.0,))
        least, certain_below = self._sum(*_extreme(bottom, top, troughs, order, -1.0), order=order)
        greatest, certain_above = self._sum(*_extreme(bottom, top, peaks, order, 1.0), order=order)
        return ((least > 0) & certain_below) | ((greatest < 0) & certain_above)

    def _sum(self, signs: Array, logs: Array, *, order: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return the sums over components up to a positive factor, and whether their signs are certain."""
        logs = logs + self.log_scales[order]
        highest = logs.max(axis=1, keepdims=True)
        terms = np.exp(logs - np.where(np.isfinite(highest), highest, 0.0))
        total = (signs * terms).sum(axis=1)
        return total, np.abs(total) > ROUNDING * terms.sum(axis=1)


def _shape(z: Array, order: int) -> tuple[Array, Array]:
    """Return sign and logarithm of a derivative of exp(-z²/2), up to a positive factor common to all z."""
    polynomial = -z if order == 1 else (z - 1.0) * (z + 1.0)
    with np.errstate(divide="ignore"):
        return np.sign(polynomial), np.log(np.abs(polynomial)) - 0.5 * z**2


def _extreme(
    bottom: Array, top: Array, places: Sequence[float], order: int, direction: float
) -> tuple[Array, Array]:
    """Return sign and logarithm of the greatest value between `bottom` and `top`, or the least.

    That is at one of the ends or at one of the places where the derivative has its extremes.
    """
    best_sign, best_log = _shape(bottom, order)
    candidates = [_shape(top, order)]
    for place in places:
        sign, log = _shape(np.array(place), order)
        inside = (bottom < place) & (place < top)
        # Outside, an end repeated changes nothing.
        candidates.append((np.where(inside, sign, best_sign), np.where(inside, log, best_log)))
    for sign, log in candidates:
        better = _is_greater(direction * sign, log, direction * best_sign, best_log)
        best_sign, best_log = np.where(better, sign, best_sign), np.where(better, log, best_log)
    return best_sign, best_log


def _is_greater(sign: Array, log: Array, other_sign: Array, other_log: Array) -> NDArray[np.bool_]:
    """Return whether numbers given by sign and logarithm of their size are greater than others."""
    return (sign > other_sign) | (
        (sign == other_sign) & (((sign > 0) & (log > other_log)) | ((sign < 0) & (log < other_log)))
    )
