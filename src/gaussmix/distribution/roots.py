"""Many roots of increasing functions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array

MOST_STEPS = 300
BISECTION_EVERY = 4
"""Every so many steps the bracket is halved, however slowly Newton's steps go on."""


def solve_increasing(
    evaluate: Callable[[Array, NDArray[np.intp]], tuple[Array, Array]], low: Array, high: Array
) -> Array:
    """Return where increasing functions are zero, by Newton's steps within brackets that shrink.

    Parameters
    ----------
    evaluate : callable
        Takes points and the numbers of their functions; returns values and slopes there. Slopes may be zero.
    low, high : ndarray of shape (M,)
        Brackets: the functions are not positive at `low` and not negative at `high`, up to rounding.

    Returns
    -------
    ndarray of shape (M,)
        As near to the root as the rounding of the values allows.
    """
    low, high = low.astype(float), high.astype(float)
    x = 0.5 * low + 0.5 * high
    active = np.arange(len(x))
    epsilon = np.finfo(float).eps
    for step in range(MOST_STEPS):
        if not len(active):
            break
        here = x[active]
        value, slope = evaluate(here, active)
        low[active] = np.where(value < 0, here, low[active])
        high[active] = np.where(value >= 0, here, high[active])
        bottom, top = low[active], high[active]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = here - value / slope
        middle = 0.5 * bottom + 0.5 * top
        usable = (newton > bottom) & (newton < top) & (step % BISECTION_EVERY < BISECTION_EVERY - 1)
        x[active] = np.where(value == 0, here, np.where(usable, newton, middle))
        # A Newton step within rounding has arrived, but only one that follows the slope tells.
        small = usable & (np.abs(newton - here) <= 2 * epsilon * np.abs(here))
        narrow = top - bottom <= 2 * epsilon * np.maximum(np.abs(bottom), np.abs(top))
        active = active[~(small | narrow | (value == 0))]
    return x
