"""Merge sequences of agglomerative clustering by the compiled kernels."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gaussmix import _native
from gaussmix.core.instruction_sets import DEFAULT_INSTRUCTION_SET
from gaussmix.core.rows import Array


class MergeModel(IntEnum):
    """What merging two groups costs: mclust's names of covariance families.

    With n a group's weight and W its scatter matrix, a merge costs what it adds to the criterion. The values
    of this enumeration are those of the native kernels.
    """

    EII = 0
    """Sum of tr(W): Ward's criterion."""
    VII = 1
    """Sum of n log((tr(W) + a) / n)."""
    EEE = 2
    """log det(sum of W); while that is singular, the sum of tr(W)."""
    VVV = 3
    """Sum of n log(det(W / n) + b (tr(W) + a) / n)."""


def merge_groups(
    means: Array,
    weights: Array,
    scatters: Array | None,
    model: MergeModel,
    *,
    trace_addition: float = 1.0,
    trace_factor: float = 1.0,
    instruction_set: str = DEFAULT_INSTRUCTION_SET,
) -> tuple[NDArray[np.int64], Array]:
    """Merge groups pair by pair, the cheapest merge first, until one group is left.

    Exact, and in practice in time in proportion to the squared number of groups; nothing is stored for pairs
    of groups. Of several equally cheap merges the first in the order of the groups is taken. Can be
    interrupted.

    Parameters
    ----------
    means : ndarray of shape (G, D)
        In units in which the mean variance of a feature is about one.
    weights : ndarray of shape (G,)
        Positive; the number of rows in each group.
    scatters : ndarray of shape (G, D, D) or None
        Sum over the rows of each group of their products of differences from the mean; None for zero.
    model : MergeModel
    trace_addition, trace_factor : float
        The constants a and b of the models.
    instruction_set : str
        One of `gaussmix.backends.native.INSTRUCTION_SETS`.

    Returns
    -------
    nodes : ndarray of shape (G - 1, 2), dtype int64
        What is merged: groups are nodes 0 to G - 1, and merge number t makes node G + t.
    costs : ndarray of shape (G - 1,)
        Of EEE, the part by which the determinant grows, and 0 while that is zero.

    Raises
    ------
    ValueError
        If a number is not finite, or a weight not positive.
    """
    finite = np.isfinite(means).all() and np.isfinite(weights).all()
    if not (finite and (scatters is None or np.isfinite(scatters).all()) and (weights > 0).all()):
        raise ValueError("means, weights and scatters must be finite, and weights positive")
    n_groups = len(means)
    nodes = np.empty((n_groups - 1, 2), dtype=np.int64)
    costs = np.empty(n_groups - 1)
    _native.merge_groups(
        np.ascontiguousarray(means, dtype=float),
        np.ascontiguousarray(weights, dtype=float),
        None if scatters is None else np.ascontiguousarray(scatters, dtype=float),
        int(model),
        trace_addition,
        trace_factor,
        nodes,
        costs,
        instruction_set,
    )
    return nodes, costs
