"""The step to which values were recorded: whole numbers, tenths, quarter hours, yes and no.

A recorded value stands for a cell, all values that would have been written down alike. A density that is
higher than one over the cell's width says more of the cell than can be known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array

COVERED = 0.9
"""Share of the rows that lie on the lattice of a step. Others may be filled in, or far out."""
FINEST = 1e-3
"""Steps below this part of the spread make no difference, and are not looked for."""
EXACT = 1e-4
"""Part of a step by which values may miss the lattice, as they do after a change of units."""
MOST_VALUES = 20_000


def resolution(X: NDArray[np.floating]) -> Array:
    """Return the step to which the values of each feature were recorded, or zero where there is none.

    The largest number of which all differences between the most common values are whole multiples. Where
    there is none, but values repeat, as with logarithms of counts, the median difference of neighbouring
    values.

    Parameters
    ----------
    X : ndarray of shape (N, D)

    Returns
    -------
    ndarray of shape (D,)
        In the units of the data.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.core.resolution import resolution
    >>> resolution(np.array([[1.0, 0.25], [5.0, 0.5], [2.0, 1.25], [5.0, 0.5]]))
    array([1.  , 0.25])
    """
    rows = X[:: max(1, -(-len(X) // MOST_VALUES))]
    return np.array([_step(column) for column in rows.T])


def _step(column: NDArray[np.floating]) -> float:
    """Return the step of one feature."""
    values, counts = np.unique(column, return_counts=True)
    n_rows = len(column)
    if len(values) < 2 or n_rows < 3:
        return 0.0
    if len(values) > 2:
        common = np.argsort(-counts, kind="stable")
        n_kept = 1 + int(np.searchsorted(np.cumsum(counts[common]), COVERED * n_rows))
        values = np.sort(values[common[: max(n_kept, 2)]])
    gaps = np.diff(values.astype(float))
    rounding = 8.0 * float(np.finfo(column.dtype).eps) * float(np.abs(values).max())
    low, high = np.quantile(column, [0.25, 0.75])
    finest = FINEST * max(float(high - low), float(np.median(gaps)))
    step = float(gaps.min())
    while step > max(finest, rounding):
        missed = np.abs(gaps - step * np.rint(gaps / step))
        missed = missed[missed > max(EXACT * step, rounding)]
        if not missed.size:
            return step
        step = float(missed.min())
    # A few values that many rows share say nothing of the others.
    return float(np.median(gaps)) if np.median(counts) >= 2 else 0.0
