"""Where values are far out: bounds within which those lie that may decide in what units all are seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array

OUTSIDE = 0.1
"""Share of the rows at each end that may lie anywhere."""
FENCE = 3.0
"""Values are far out from so many ranges of the others beyond them."""
MOST_ROWS = 20_000


def fences(X: NDArray[np.floating], weights: Array | None = None) -> tuple[Array, Array]:
    """Return the bounds of each feature beyond which values are far out, shape (D,) each.

    Three times the range of the middle eight tenths beyond that range; infinite for a feature in which all
    those are equal.

    Parameters
    ----------
    X : ndarray of shape (N, D)
        Of many rows some are looked at.
    weights : ndarray of shape (N,), optional

    Examples
    --------
    >>> import numpy as np
    >>> low, high = fences(np.append(np.linspace(0.0, 1.0, 99), 1e9)[:, None])
    >>> (low.round(1), high.round(1))
    (array([-2.3]), array([3.4]))
    """
    step = max(1, -(-len(X) // MOST_ROWS))
    values = np.asarray(X[::step], dtype=float)
    order = np.argsort(values, axis=0)
    shares = np.ones(len(values)) if weights is None else weights[::step]
    cumulated = np.cumsum(shares[order], axis=0)
    values = np.take_along_axis(values, order, 0)
    # By weight alone: a row that is repeated counts as one of more weight does.
    low, high = (
        np.take_along_axis(values, (cumulated <= share * cumulated[-1]).sum(axis=0)[None], 0)[0]
        for share in (OUTSIDE, 1.0 - OUTSIDE)
    )
    with np.errstate(over="ignore"):
        beyond = np.where(high > low, FENCE * (high - low), np.inf)
        return low - beyond, high + beyond
