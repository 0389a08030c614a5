"""Which entries of which rows are missing: rows are worked on together where the same entries are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def missing_patterns(
    missing: NDArray[np.bool_], block_rows: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Yield the numbers of rows in which the same entries are missing, with which entries these are.

    Parameters
    ----------
    missing : ndarray of bool, shape (N, D)
    block_rows : int
        More rows than these with one pattern come in several blocks, the blocks of a pattern in turn.

    Yields
    ------
    rows : ndarray of int
        In ascending order.
    pattern : ndarray of bool, shape (D,)
        The same object for each block of a pattern.

    Examples
    --------
    >>> import numpy as np
    >>> missing = np.array([[False, True], [False, False], [False, True]])
    >>> for rows, pattern in missing_patterns(missing, 100):
    ...     print(rows, pattern)
    [1] [False False]
    [0 2] [False  True]
    """
    if not missing.any():
        order, starts = np.arange(len(missing)), [0]
    else:
        # Each row's bits as one opaque value: sorting those is quicker than sorting rows.
        bits = np.packbits(missing, axis=1)
        keys = np.ascontiguousarray(bits).view(np.dtype((np.void, bits.shape[1])))[:, 0]
        _, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(number.reshape(-1), kind="stable")
        starts = [0, *np.cumsum(counts)[:-1].tolist()]
    for start, stop in zip(starts, [*starts[1:], len(missing)], strict=True):
        if start == stop:
            continue
        pattern = missing[order[start]]
        for begin in range(start, stop, block_rows):
            yield order[begin : min(begin + block_rows, stop)], pattern
