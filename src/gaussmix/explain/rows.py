"""Rows of a table of any kind, read block by block with their column names.

Explanations and pictures go through a million rows without a second copy of the data: a block is
handed to the model as it is, so that a model fitted on a frame finds its column names, and to NumPy as
doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.counts import as_counts
from gaussmix.core.rows import Array

BLOCK_ENTRIES = 1 << 20
"""Numbers in one block, of data or of responsibilities: 8 MiB in double precision."""
SAMPLE = 20_000
"""Rows looked at where a sample of them says enough."""


class RowTable:
    """A table of N rows and D features: an array, a pandas frame or a polars frame.

    Parameters
    ----------
    X : array-like or frame of shape (N, D)
        Never copied as a whole unless it is a list.

    Raises
    ------
    ValueError
        If `X` has no rows, or not two dimensions.
    """

    def __init__(self, X: Any) -> None:
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        self._frame = frame if isinstance(frame, nw.DataFrame) else None
        self._array = np.asarray(X) if self._frame is None else np.empty((0, 0))
        shape = self._array.shape if self._frame is None else self._frame.shape
        if len(shape) != 2:
            raise ValueError(f"X must be a table of rows and features, but it has {len(shape)} dimension(s).")
        if shape[0] == 0:
            raise ValueError("X has no rows: there is nothing to describe.")
        self.n_rows, self.n_features = int(shape[0]), int(shape[1])

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """Names of a frame's columns, or None for an array."""
        return None if self._frame is None else tuple(str(name) for name in self._frame.columns)

    def blocks(self, entries_per_row: int) -> Iterator[tuple[int, Any, Array]]:
        """Go through the rows in order.

        Parameters
        ----------
        entries_per_row : int
            The widest array, in columns, that the caller makes of a block: it bounds the block's rows.

        Yields
        ------
        start : int
            Number of the block's first row.
        rows : array or frame
            The block as the model shall read it.
        values : ndarray of shape (block rows, D)
        """
        step = max(1, BLOCK_ENTRIES // max(1, entries_per_row, self.n_features))
        for start in range(0, self.n_rows, step):
            stop = min(start + step, self.n_rows)
            if self._frame is not None:
                block = self._frame[start:stop]
                yield start, block.to_native(), _as_doubles(block.to_numpy())
            else:
                yield start, self._array[start:stop], _as_doubles(self._array[start:stop])

    def take(self, indices: NDArray[np.intp]) -> tuple[Any, Array]:
        """Return the rows of the given numbers, as the model shall read them and as doubles."""
        if self._frame is not None:
            block = self._frame[indices.tolist()]
            return block.to_native(), _as_doubles(block.to_numpy())
        return self._array[indices], _as_doubles(self._array[indices])

    def column(self, feature: int) -> Array:
        """Return all values of one feature, as doubles."""
        if self._frame is not None:
            return _as_doubles(self._frame[:, feature].to_numpy())
        return _as_doubles(self._array[:, feature])


def resolve_feature_names(
    model: Any, table: RowTable, feature_names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return one name a feature: those given, else the model's, else the frame's, else x0, x1, ...

    Raises
    ------
    ValueError
        If the number of names given is not the number of features.
    """
    if feature_names is not None:
        names = tuple(str(name) for name in feature_names)
        if len(names) != table.n_features:
            raise ValueError(
                f"feature_names has {len(names)} name(s), but X has {table.n_features} feature(s): "
                "give one name for each column."
            )
        return names
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is not None and len(fitted) == table.n_features:
        return tuple(str(name) for name in fitted)
    return table.column_names or tuple(f"x{index}" for index in range(table.n_features))


def counted_weights(sample_weight: ArrayLike | None, n_rows: int) -> tuple[Array | None, str | None]:
    """Return weights as numbers of rows, and what was assumed of them; see `gaussmix.core.counts.as_counts`.

    Parameters
    ----------
    sample_weight : array-like of shape (N,), optional
    n_rows : int

    Raises
    ------
    ValueError
        If the weights are not N finite numbers, none negative and not all zero.
    """
    if sample_weight is None:
        return None, None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}, but X has {n_rows} row(s).")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError("sample_weight must be finite, not negative and not all zero.")
    return as_counts(weight)


def evenly_spread(n_rows: int, sample_weight: ArrayLike | None) -> tuple[NDArray[np.intp], Array]:
    """Return the places of at most `SAMPLE` rows spread over a table, and the weights that they stand for.

    Parameters
    ----------
    n_rows : int
    sample_weight : array-like of shape (N,), optional
        Rows of weight zero are left out.
    """
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    present = np.flatnonzero(weight > 0)
    rows = present[np.linspace(0, len(present) - 1, min(len(present), SAMPLE)).round().astype(np.intp)]
    return rows, weight[rows] * (weight.sum() / weight[rows].sum())


def feature_index(feature: int | str, names: Sequence[str]) -> int:
    """Return the index of a feature given by its index or its name.

    Raises
    ------
    ValueError
        If there is no such feature.
    """
    if isinstance(feature, str):
        if feature in names:
            return list(names).index(feature)
        raise ValueError(f"There is no feature {feature!r}; the features are {list(names)[:20]}.")
    if not -len(names) <= feature < len(names):
        raise ValueError(f"There is no feature {feature}; they are numbered 0 to {len(names) - 1}.")
    return int(feature) % len(names)


def _as_doubles(values: Any) -> Array:
    converted: Array = np.asarray(values, dtype=np.float64)
    return converted
