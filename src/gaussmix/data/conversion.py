"""One column of a table as numbers, or the reason why it has none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gaussmix.exceptions import DataError

from .buffers import numpy_array
from .dialect import MISSING_MARKERS
from .table import Table
from .text import printable, quoted, shortened

__all__ = ["LeftOut", "NumericColumn", "numeric_column"]

_NUMBERS_WITH_SPACES = re.compile(r"\s*[+-]?[\d.]+([eE][+-]?\d+)?(\s+[+-]?[\d.]+([eE][+-]?\d+)?)+\s*")
_NUMBER_WITH_COMMAS = re.compile(r"\s*[+-]?\d[\d.]*,\d[\d.,]*\s*")

_MISSING = f"^({'|'.join(map(re.escape, MISSING_MARKERS))})$"

# Beyond a handful of entries, or a quarter as many as numbers, text is no typing mistake: a column of codes.
_A_FEW_ENTRIES = 5
_LARGEST_SHARE_OF_ERRORS = 0.25


@dataclass(frozen=True)
class LeftOut:
    """A column that does not take part, and why.

    Parameters
    ----------
    column : str
        Its name.
    reason : str
        Why, in a few words that continue the sentence "this column ...", or name what it holds.
    """

    column: str
    reason: str

    def __str__(self) -> str:
        return f"{shortened(self.column)}: {self.reason}"


@dataclass(frozen=True)
class NumericColumn:
    """A column of numbers.

    Parameters
    ----------
    name : str
        Its name.
    values : ndarray of shape (N,)
        float64, or float32 where the table holds single precision; NaN where a value is missing; no infinity.
    type : pyarrow.DataType
        What the table holds.
    """

    name: str
    values: npt.NDArray[np.floating[Any]]
    type: pa.DataType


def numeric_column(table: Table, name: str, *, advice: str = "") -> NumericColumn | LeftOut:
    """Convert a column to floating-point numbers.

    Parameters
    ----------
    table : Table
        The table.
    name : str
        One of its columns.
    advice : str
        What errors advise besides correcting the entries, such as ", or leave the column out".

    Returns
    -------
    column : NumericColumn or LeftOut
        The reason if it holds text, dates, nested values or nothing.

    Raises
    ------
    DataError
        If its entries are numbers but for a few that are text, or if one is infinite. The first such entry
        is named by line, column and value.
    """
    column = table.data.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_null(kind) or column.null_count == len(column):
        return LeftOut(name, "has no values")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        numbers = _numbers_in_text(table, name, column, advice) if table.is_text else None
        if numbers is None:
            return LeftOut(name, _text_reason(column))
        column = numbers
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_temporal(kind):
        return LeftOut(name, f"dates or times (for example {_example(column)})")
    elif pa.types.is_nested(kind):
        return LeftOut(name, "nested values")
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return LeftOut(name, f"values of type {printable(str(kind))[:40]}")
    single = pa.types.is_float32(column.type) or pa.types.is_float16(column.type)
    values = numpy_array(column.cast(pa.float32() if single else pa.float64(), safe=False))
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        row = int(infinite[0])
        others = f" ({len(infinite)} such values in this column)" if len(infinite) > 1 else ""
        raise DataError(
            f"{printable(table.origin)}, {table.place_of(row)}, column {quoted(name)}: the value is infinite "
            f"({values[row]}){others}; correct or remove these rows{advice}"
        )
    return NumericColumn(name, values, kind)


def _numbers_in_text(table: Table, name: str, column: pa.ChunkedArray, advice: str) -> pa.ChunkedArray | None:
    """Cast a column of text that holds numbers and missing values only; None if it is really text."""
    mark = re.escape(table.decimal)
    number = (
        rf"^[+-]?(\d+({mark}\d*)?|{mark}\d+)([eE][+-]?\d+)?$|^[+-]?([iI][nN][fF]([iI][nN][iI][tT][yY])?)$"
    )
    trimmed = pc.utf8_trim_whitespace(column)
    is_number = pc.and_kleene(pc.is_valid(trimmed), pc.match_substring_regex(trimmed, number))
    is_absent = pc.or_kleene(pc.is_null(trimmed), pc.match_substring_regex(trimmed, _MISSING))
    is_text = pc.invert(pc.or_(is_number, is_absent))
    n_numbers, n_text = (pc.sum(mask).as_py() or 0 for mask in (is_number, is_text))
    if n_text > n_numbers or n_text > max(_A_FEW_ENTRIES, _LARGEST_SHARE_OF_ERRORS * n_numbers):
        return None
    if n_text:
        row = int(np.argmax(numpy_array(is_text.cast(pa.uint8()))))
        if table.line_of(row) == 1:
            advice = f"; say --header if the first row holds names{advice}"
        raise DataError(
            f"{printable(table.origin)}, {table.place_of(row)}, column {quoted(name)}: "
            f"{quoted(column[row].as_py())} is not a number ({n_text} of {len(column)} entries: text among "
            f"numbers); correct it{advice}"
        )
    if table.decimal != ".":
        trimmed = pc.replace_substring(trimmed, table.decimal, ".")
    return pc.if_else(is_number, trimmed, pa.nulls(1, trimmed.type)[0]).cast(pa.float64())


def _text_reason(column: pa.ChunkedArray) -> str:
    example = column.drop_null()[0].as_py()
    if _NUMBER_WITH_COMMAS.fullmatch(example[:200]):
        return f"text like {quoted(example)}; write numbers with a decimal point and without other marks"
    if _NUMBERS_WITH_SPACES.fullmatch(example[:200]):
        return f"several numbers in one entry ({quoted(example)}); separate them by commas or tabs"
    return f"text (for example {quoted(example)})"


def _example(column: pa.ChunkedArray) -> str:
    return quoted(column.drop_null()[0].as_py())
