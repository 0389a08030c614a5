"""From a table to the matrix of a fit: which columns, which rows, and what was left out and why.

A column that cannot take part is left out with a reason as long as nobody asked for it by name; a column that
looks like numbers but has entries that are none is an error, for leaving it out would hide a typing mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gaussmix.exceptions import DataError

from .conversion import LeftOut, NumericColumn, numeric_column
from .table import Table
from .text import listing, printable, quoted

__all__ = ["Features", "LeftOut", "match_features", "select_features"]

_OR_EXCLUDE = ", or leave the column out with --exclude"
_FEWEST_ROWS_OF_A_COUNTER = 10
_IDENTIFIER_NAME = re.compile(
    r"(?i:id|index|idx|key|row|rownames?|no|nr|number|unnamed(: ?|_)\d+|__index_level_\d+__)"
    r"|.*(?i:[_ .-](id|idx|index|key|no|nr|number))|.*[a-z]I[dD]"
)


@dataclass(frozen=True)
class Features:
    """The matrix of a fit or a prediction, and how it came out of the table.

    Parameters
    ----------
    values : ndarray of shape (N, D)
        float64, or float32 if every column is float32; finite throughout.
    names : tuple of str
        The D column names.
    rows : ndarray of shape (N,)
        The table's data row, counted from 0, of each row of `values`.
    sample_weight : ndarray of shape (N,) or None
        Weight of each row, if a column of weights was named.
    left_out : tuple of LeftOut
        Columns that do not take part, each with its reason.
    n_dropped : int
        Number of rows dropped because of missing values.
    """

    values: npt.NDArray[np.floating[Any]]
    names: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    sample_weight: npt.NDArray[np.float64] | None = None
    left_out: tuple[LeftOut, ...] = ()
    n_dropped: int = 0

    @property
    def drop_sentence(self) -> str:
        """Say how many rows were dropped."""
        rows = (
            "1 row with a missing value was"
            if self.n_dropped == 1
            else (f"{self.n_dropped:,} rows with missing values were")
        )
        return f"{rows} dropped."


def select_features(
    table: Table,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    *,
    weights: str | None = None,
    drop_missing: bool = False,
) -> Features:
    """Choose the columns to fit.

    Without `columns` these are all that hold numbers (true and false count as 1 and 0), except constant
    columns and those that only number the rows: integers that increase by one, or all-different integers
    under a name such as "id". With `columns` they are exactly those, in the order given.

    Parameters
    ----------
    table : Table
        What was read.
    columns : sequence of str or None
        Names of the columns to take.
    exclude : sequence of str or None
        Names of columns not to take.
    weights : str or None
        Name of the column that holds the rows' weights: numbers that are not negative. It is no feature.
    drop_missing : bool
        Whether to drop rows with a missing value in a chosen column; otherwise missing values are an error.

    Returns
    -------
    features : Features

    Raises
    ------
    DataError
        If a named column does not exist or holds no numbers, if an entry is text among numbers, infinite or
        missing, if a weight is negative, or if no column or no row remains. The message names line,
        column and value.

    Examples
    --------
    >>> from gaussmix.data import read_table
    >>> features = select_features(read_table("iris"))
    >>> features.values.shape
    (150, 4)
    >>> print(features.left_out[0])
    species: text (for example 'setosa')
    """
    _require_columns(table, [*(columns or ()), *(exclude or ()), *(() if weights is None else (weights,))])
    dropped_by_name = {*(exclude or ()), *(() if weights is None else (weights,))}
    if columns is None:
        candidates = [name for name in table.column_names if name not in dropped_by_name]
    else:
        candidates = [name for name in dict.fromkeys(columns) if name not in dropped_by_name]
    if not candidates and columns:
        raise DataError(
            f"{printable(table.origin)}: no column is left to fit: each of {listing(columns)} is excluded or "
            "holds the weights"
        )
    left_out = [LeftOut(name, "excluded as asked") for name in exclude or ()]
    chosen = []
    for name in candidates:
        column = numeric_column(table, name, advice=_OR_EXCLUDE)
        if columns is None:
            if isinstance(column, NumericColumn):
                reason = _row_number_reason(table, column) or _constant_reason(column.values)
                column = LeftOut(name, reason) if reason else column
        elif isinstance(column, LeftOut):
            raise _unusable(table, column)
        if isinstance(column, LeftOut):
            left_out.append(column)
        else:
            chosen.append(column)
    if not chosen:
        raise _nothing_to_fit(table, left_out)
    weight_column = _weight_column(table, weights)
    rows = _complete_rows(table, [*chosen, *weight_column], drop_missing, may_exclude=True)
    for column in chosen:
        reason = _constant_reason(column.values if rows is None else column.values[rows])
        if reason and columns is not None:
            raise DataError(
                f"{printable(table.origin)}: the column {quoted(column.name)} {reason}, so it cannot tell "
                "groups apart; leave it out of --columns"
            )
        if reason:
            left_out.append(LeftOut(column.name, f"{reason} in the rows without missing values"))
    kept = [column for column in chosen if not any(column.name == gone.column for gone in left_out)]
    if not kept:
        raise _nothing_to_fit(table, left_out)
    features = _assemble(table, kept, rows, left_out)
    return features if not weight_column else _with_weights(table, features, weight_column[0])


def match_features(
    table: Table,
    names: Sequence[str] | None,
    n_features: int,
    *,
    weights: str | None = None,
    drop_missing: bool = False,
) -> Features:
    """Find the columns that a fitted model needs.

    Parameters
    ----------
    table : Table
        What was read.
    names : sequence of str or None
        The model's feature names: its columns are found by name, in any order, and other columns are
        ignored. None takes the columns that hold numbers by position, which must then be as many as the
        model has features.
    n_features : int
        Number of features of the model.
    weights : str or None
        Name of the column that holds the rows' weights, see `select_features`.
    drop_missing : bool
        Whether to drop rows with a missing value; otherwise missing values are an error.

    Returns
    -------
    features : Features
        Columns in the model's order.

    Raises
    ------
    DataError
        If a column is missing, holds no numbers, or has entries that are text, infinite or missing; if a
        weight is negative; or if the number of columns is not the model's.
    """
    _require_columns(table, [] if weights is None else [weights])
    if names is not None:
        present = set(table.column_names)
        missing = [name for name in names if name not in present]
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise DataError(
                f"{printable(table.origin)}: the model needs the column{plural} {listing(missing)}, which "
                f"this table lacks; it has {listing(table.column_names)}"
            )
        columns = [numeric_column(table, name) for name in names]
        for column in columns:
            if isinstance(column, LeftOut):
                raise _unusable(table, column)
    else:
        columns = [numeric_column(table, name) for name in table.column_names if name != weights]
        n_numeric = sum(isinstance(column, NumericColumn) for column in columns)
        if n_numeric != n_features:
            raise DataError(
                f"{printable(table.origin)}: the model has {n_features} features and no names for them, but "
                f"this table has {n_numeric} columns with numbers; give a table with the model's columns in "
                "their order"
            )
    left_out = [column for column in columns if isinstance(column, LeftOut)]
    chosen = [column for column in columns if isinstance(column, NumericColumn)]
    weight_column = _weight_column(table, weights)
    rows = _complete_rows(table, [*chosen, *weight_column], drop_missing, may_exclude=False)
    features = _assemble(table, chosen, rows, left_out)
    return features if not weight_column else _with_weights(table, features, weight_column[0])


def _require_columns(table: Table, names: Iterable[str]) -> None:
    present = set(table.column_names)
    unknown = [name for name in names if name not in present]
    if unknown:
        raise DataError(
            f"{printable(table.origin)}: there is no column {listing(unknown)}; the columns are "
            f"{listing(table.column_names, 20)}"
        )


def _unusable(table: Table, column: LeftOut) -> DataError:
    return DataError(
        f"{printable(table.origin)}: the column {quoted(column.column)} cannot be used: {column.reason}; "
        "numbers are needed"
    )


def _nothing_to_fit(table: Table, left_out: Sequence[LeftOut]) -> DataError:
    reasons = "; ".join(str(column) for column in left_out[:4])
    more = f"; and {len(left_out) - 4} more" if len(left_out) > 4 else ""
    return DataError(
        f"{printable(table.origin)}: no column is left to fit ({reasons}{more}); at least one column must "
        "hold numbers that differ"
    )


def _row_number_reason(table: Table, column: NumericColumn) -> str | None:
    if not pa.types.is_integer(column.type) or len(column.values) < 2 or np.isnan(column.values).any():
        return None
    steps = np.diff(column.values)
    if len(column.values) >= _FEWEST_ROWS_OF_A_COUNTER and bool(np.all(steps == 1)):
        return "only numbers the rows (integers that increase by one)"
    if _IDENTIFIER_NAME.fullmatch(column.name) and len(np.unique(column.values)) == table.n_rows:
        return "looks like an identifier (its name, and integers that are all different)"
    return None


def _constant_reason(values: npt.NDArray[np.floating[Any]]) -> str | None:
    if not len(values):
        return None
    # fmin and fmax pass over NaN, which stands for a missing value, unless there is nothing else.
    lowest, highest = np.fmin.reduce(values), np.fmax.reduce(values)
    if np.isnan(lowest):
        return "has no values"
    return f"is constant (always {lowest:.6g})" if lowest == highest else None


def _weight_column(table: Table, weights: str | None) -> list[NumericColumn]:
    if weights is None:
        return []
    column = numeric_column(table, weights)
    if isinstance(column, LeftOut):
        raise _unusable(table, column)
    negative = np.flatnonzero(column.values < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(
            f"{printable(table.origin)}, {table.place_of(row)}, column {quoted(weights)}: the weight "
            f"{column.values[row]:g} is negative; weights must be 0 or more"
        )
    return [column]


def _with_weights(table: Table, features: Features, column: NumericColumn) -> Features:
    sample_weight = column.values[features.rows].astype(np.float64)
    if not sample_weight.any():
        raise DataError(f"{printable(table.origin)}: all weights in column {quoted(column.name)} are 0")
    left_out = (*features.left_out, LeftOut(column.name, "holds the weights of the rows"))
    return Features(
        features.values, features.names, features.rows, sample_weight, left_out, features.n_dropped
    )


def _complete_rows(
    table: Table, columns: Sequence[NumericColumn], drop_missing: bool, *, may_exclude: bool
) -> npt.NDArray[np.int64] | None:
    """Give the rows without missing values, or None if those are all rows."""
    incomplete = np.zeros(table.n_rows, dtype=bool)
    counts = {}
    for column in columns:
        is_missing = np.isnan(column.values)
        count = int(np.count_nonzero(is_missing))
        if count:
            counts[column.name] = count
            incomplete |= is_missing
    if not counts:
        return None
    n_incomplete = int(np.count_nonzero(incomplete))
    if not drop_missing:
        named = ", ".join(f"{quoted(name)} has {count}" for name, count in list(counts.items())[:8])
        more = f" and {len(counts) - 8} more columns have some" if len(counts) > 8 else ""
        first = table.place_of(int(np.argmax(incomplete)))
        raise DataError(
            f"{printable(table.origin)}: missing values: {named}{more} ({n_incomplete} of {table.n_rows} "
            f"rows, the first is {first}); drop these rows with --drop-missing"
            + (", fill in the values" + _OR_EXCLUDE if may_exclude else " or fill in the values")
        )
    if n_incomplete == table.n_rows:
        emptiest = sorted(counts, key=lambda name: counts[name], reverse=True)
        raise DataError(
            f"{printable(table.origin)}: every row has a missing value, so none is left; "
            f"{'leave out with --exclude' if may_exclude else 'fill in'} the emptiest columns "
            f"({listing(emptiest, 3)})"
        )
    return np.flatnonzero(~incomplete).astype(np.int64)


def _assemble(
    table: Table,
    columns: Sequence[NumericColumn],
    rows: npt.NDArray[np.int64] | None,
    left_out: Sequence[LeftOut],
) -> Features:
    dtype = np.float32 if all(column.values.dtype == np.float32 for column in columns) else np.float64
    kept = np.arange(table.n_rows, dtype=np.int64) if rows is None else rows
    values = np.empty((len(kept), len(columns)), dtype=dtype)
    for position, column in enumerate(columns):
        values[:, position] = column.values if rows is None else column.values[rows]
    return Features(
        values=values,
        names=tuple(column.name for column in columns),
        rows=kept,
        left_out=tuple(left_out),
        n_dropped=table.n_rows - len(kept),
    )
