"""M-steps on variances along given axes: of equal volume, and of equal shape.

Both problems are convex in the logarithms of the variances, with the floor too: what is found is the
maximum. Variances have the shape (K, D): component by axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.exceptions import DegenerateCovarianceError

VOLUME_TOLERANCE = 1e-5
"""Relative change of a volume below which the iteration for a common shape ends. The objective is flat
there: what is missing in it is of the order of the square of this."""
PATIENCE = 0.1
"""Share of the first change that is small enough as well, where EM goes on after it."""
LARGEST_NUMBER_OF_SWEEPS = 200
"""Of the iteration for a common shape. Each lowers the objective, so it may end at any."""
ROUNDING = 1e-12
"""Relative distance from the floor within which a variance stands at it."""
NOTHING = 1e-14
"""A component without any scatter along an axis is taken to have this part of the floor."""


class Patience:
    """When an iteration for volumes ends.

    Parameters
    ----------
    within_em : bool
        Whether it begins at the result of an earlier M-step. Then the next E-step will move the optimum
        by more than the changes that are left.
    """

    def __init__(self, *, within_em: bool) -> None:
        self._share = PATIENCE if within_em else 0.0
        self._enough = VOLUME_TOLERANCE

    def after(self, change: float) -> bool:
        """Return whether to stop after a relative change of the volumes."""
        if change < self._enough:
            return True
        if self._share:
            self._enough = max(VOLUME_TOLERANCE, self._share * change)
            self._share = 0.0
        return False


def of_equal_volume(
    sums: Array, counts: Array, floor: Array, *, strict: bool
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the variances with the same product in each component that fit sums of squares best.

    Minimises ``sum_kd counts_k log(v_kd) + sums_kd / v_kd`` over variances that are not below the floor and
    whose product over d does not depend on k (Celeux and Govaert 1995, Pattern Recognition 28, model
    lambda B_k; the floor is this package's).

    Parameters
    ----------
    sums : ndarray of shape (K, D)
        Sums of squares of each component along each axis.
    counts : ndarray of shape (K,)
    floor : ndarray of shape (D,)
    strict : bool
        Raise where a variance is not positive, and disregard the floor.

    Returns
    -------
    variances : ndarray of shape (K, D)
    at_floor : ndarray of bool, shape (K,)
        Components with a variance at the floor.

    Raises
    ------
    DegenerateCovarianceError
        If a variance is not positive and `strict` is true.
    """
    if not strict:
        sums = np.maximum(sums, counts[:, None] * (NOTHING * floor))
    elif not (sums > 0.0).all():
        raise DegenerateCovarianceError
    volumes = np.exp(np.log(sums).sum(axis=1) / sums.shape[1])
    variances = sums * (volumes.sum() / counts.sum() / volumes)[:, None]
    if strict or (variances >= floor).all():
        return variances, np.zeros(len(counts), dtype=bool)
    return _of_equal_volume_above_floor(sums / floor, float(counts.sum()), floor)


def _of_equal_volume_above_floor(sums: Array, total: float, floor: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return the same where the floor binds; sums are given in units of the floor.

    The solution is ``max(sums_kd / m_k, 1)`` in these units. For a common log-volume c the ``m_k`` follow
    from ``sum_d max(log(sums_kd / m_k), 0) = c``, whose left side is the largest of D linear functions of
    ``log(m_k)``; and c follows from ``sum_k m_k = total``, the logarithm of whose left side is convex and
    falls with c, so that Newton's iteration from c = 0 climbs to the solution.
    """
    logarithms = np.log(sums)
    ordered = np.cumsum(-np.sort(-logarithms, axis=1), axis=1)
    number = np.arange(1.0, sums.shape[1] + 1.0)
    log_volume = 0.0
    for _ in range(LARGEST_NUMBER_OF_SWEEPS):
        candidates = (ordered - log_volume) / number
        which = np.argmax(candidates, axis=1)
        log_m = np.take_along_axis(candidates, which[:, None], 1)[:, 0]
        largest = log_m.max()
        m = np.exp(log_m - largest)
        excess = np.log(m.sum()) + largest - np.log(total)
        if excess <= 1e-14 * sums.shape[1]:
            break
        log_volume += excess * m.sum() / (m / number[which]).sum()
    raised = np.maximum(logarithms - log_m[:, None], 0.0)
    at_floor = np.any(raised <= 0.0, axis=1)
    return np.exp(raised) * floor, at_floor


def of_equal_shape(
    sums: Array, counts: Array, floor: Array, volumes: Array | None, *, strict: bool
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the variances that are proportional to one another and fit sums of squares best.

    Minimises ``sum_kd counts_k log(v_kd) + sums_kd / v_kd`` over variances ``v_kd = volume_k * shape_d``
    that are not below the floor, by turns in volumes and shape (Celeux and Govaert 1995, Pattern
    Recognition 28, model lambda_k B). Each turn is exact, so the objective never rises; the iteration ends
    when no volume changes by `VOLUME_TOLERANCE`, or after `LARGEST_NUMBER_OF_SWEEPS`.

    Parameters
    ----------
    sums : ndarray of shape (K, D)
        Sums of squares of each component along each axis.
    counts : ndarray of shape (K,)
    floor : ndarray of shape (D,)
    volumes : ndarray of shape (K,) or None
        Where to begin, up to a factor.
    strict : bool
        Raise where a variance is not positive, and disregard the floor.

    Returns
    -------
    variances : ndarray of shape (K, D)
    at_floor : ndarray of bool, shape (K,)
        Components with a variance at the floor.

    Raises
    ------
    DegenerateCovarianceError
        If a variance is not positive and `strict` is true.
    """
    sums = np.maximum(sums, 0.0 if strict else counts[:, None] * (NOTHING * floor))
    if strict and not ((sums.sum(axis=0) > 0.0).all() and (sums.sum(axis=1) > 0.0).all()):
        raise DegenerateCovarianceError
    per_volume = 1.0 / (sums.shape[1] * counts)
    per_shape = 1.0 / counts.sum()
    first = sums.sum(axis=1) * per_volume if volumes is None else volumes
    stop = Patience(within_em=volumes is not None)
    volumes = first
    for _ in range(LARGEST_NUMBER_OF_SWEEPS):
        shape = (per_shape / volumes) @ sums
        found = sums @ (1.0 / shape) * per_volume
        change = np.abs(found / volumes - 1.0).max()
        volumes = found
        if stop.after(change):
            break
    variances = volumes[:, None] * shape
    if strict or (variances >= floor).all():
        return variances, np.zeros(len(counts), dtype=bool)
    return _of_equal_shape_above_floor(sums / floor, counts, floor, first)


def _of_equal_shape_above_floor(
    sums: Array, counts: Array, floor: Array, volumes: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the same where the floor binds; sums are given in units of the floor.

    A factor is free between volumes and shape. With it chosen so that the least volume is one, the variances
    are above the floor if the shape is above one, and the other way round: each turn is a maximum with one.
    That each in turn cannot be improved implies that both together cannot, since the objective does not
    depend on the factor.
    """
    variances = np.zeros_like(sums)
    for _ in range(LARGEST_NUMBER_OF_SWEEPS):
        volumes = volumes / volumes.min()
        shape = np.maximum((1.0 / volumes) @ sums / counts.sum(), 1.0)
        shape /= shape.min()
        volumes = np.maximum(sums @ (1.0 / shape) / (sums.shape[1] * counts), 1.0)
        found = volumes[:, None] * shape
        change = np.abs(variances / found - 1.0).max()
        variances = found
        if change < VOLUME_TOLERANCE:
            break
    at_floor = np.any(variances <= 1.0 + ROUNDING, axis=1)
    return np.maximum(variances, 1.0) * floor, at_floor
