"""A table as it came in: its columns, its name, and where each row stands in the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from gaussmix.exceptions import DataError

from .text import listing, printable, quoted

__all__ = ["Table", "checked_names"]


@dataclass(frozen=True)
class Table:
    """Columns of equal length with their origin.

    Parameters
    ----------
    data : pyarrow.Table
        The columns. Missing entries are Arrow nulls.
    name : str
        Short name, for titles and for the folder of results.
    origin : str
        What messages call the source: the file's path as it was given, or the bundled set.
    notes : tuple of str
        What the reader decided by itself (no header, decimal comma, ...), one sentence each.
    is_text : bool
        Whether the values were parsed from text, so that a column of text may be numbers with a few typing
        errors. A Parquet file states the type of each column instead.
    decimal : str
        The decimal mark of numbers in text.
    find_line : callable or None
        Gives the line of the file, counted from 1, on which a data row, counted from 0, begins.
    """

    data: pa.Table
    name: str
    origin: str
    notes: tuple[str, ...] = ()
    is_text: bool = False
    decimal: str = "."
    find_line: Callable[[int], int | None] | None = None

    @property
    def n_rows(self) -> int:
        """Number of data rows."""
        return int(self.data.num_rows)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return list(self.data.column_names)

    def line_of(self, row: int) -> int | None:
        """Tell on which line of the file a data row begins.

        Parameters
        ----------
        row : int
            Data row, counted from 0.

        Returns
        -------
        line : int or None
            Counted from 1, the header and empty lines included, as editors count; None where the source has
            no lines (Parquet, bundled sets).
        """
        return None if self.find_line is None else self.find_line(row)

    def place_of(self, row: int) -> str:
        """Say where a data row is, for a message.

        Parameters
        ----------
        row : int
            Data row, counted from 0.

        Returns
        -------
        place : str
            "line 12" (of the file) or, where there are no lines, "row 11 (counted from 0)".
        """
        line = self.line_of(row)
        return f"row {row} (counted from 0)" if line is None else f"line {line}"


def checked_names(names: list[str], origin: str) -> list[str]:
    """Trim column names, name the nameless by their position, and refuse duplicates.

    Parameters
    ----------
    names : list of str
        As the file has them.
    origin : str
        What to call the source in a message.

    Returns
    -------
    names : list of str
        All different and none empty.

    Raises
    ------
    DataError
        If a name occurs more than once.
    """
    trimmed = [name.strip() or f"unnamed_{position}" for position, name in enumerate(names, start=1)]
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(trimmed, start=1):
        positions.setdefault(name, []).append(position)
    twice = {name: where for name, where in positions.items() if len(where) > 1}
    if twice:
        name, where = next(iter(twice.items()))
        others = f" (also: {listing(list(twice)[1:])})" if len(twice) > 1 else ""
        raise DataError(
            f"{printable(origin)}: the column name {quoted(name)} occurs {len(where)} times (columns "
            f"{', '.join(map(str, where[:8]))}){others}; rename the columns so that each name occurs once"
        )
    return trimmed
