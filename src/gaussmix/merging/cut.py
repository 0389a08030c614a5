"""Where merges stop: in the widest gap of their scores, within bounds."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array

Bounds = tuple[float, float]


def threshold_in_gap(scores: Array, bounds: Bounds) -> float:
    """Return the score from which on merges are made.

    Merges whose score is at least the upper bound are made, those below the lower one are not. Between,
    clusters are told from their parts by the widest gap, as a ratio: how far apart clusters are differs from
    table to table, but is as a rule more than what lies between their parts.

    Parameters
    ----------
    scores : ndarray
        In any order.
    bounds : tuple of two float
        Lower and upper bound, positive; equal ones are the threshold.

    Returns
    -------
    float

    Examples
    --------
    >>> round(threshold_in_gap(np.array([0.9, 0.5, 0.45, 0.2]), (0.1, 0.6)), 3)  # from 0.45 to 0.2
    0.3
    """
    low, high = bounds
    edges = np.concatenate([[low], np.sort(scores[(scores >= low) & (scores < high)]), [high]])
    widest = np.argmax(edges[1:] / edges[:-1])
    return float(np.sqrt(edges[widest] * edges[widest + 1]))


def checked_bounds(threshold: float | Bounds) -> Bounds:
    """Return bounds from a threshold, or from bounds.

    Raises
    ------
    ValueError
        If they are not between 0 and 1, or the first is above the second.
    """
    numbers = np.asarray(threshold, dtype=float)
    if numbers.shape not in ((), (2,)) or not ((numbers > 0) & (numbers <= 1)).all():
        raise ValueError(f"threshold should be a number above 0 and at most 1, or two, but is {threshold!r}")
    low, high = np.broadcast_to(numbers, 2).tolist()
    if low > high:
        raise ValueError(f"threshold should have its lower bound first, but is {threshold!r}")
    return low, high
