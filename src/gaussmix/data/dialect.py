"""What a delimited text file looks like, settled from its beginning: delimiter, header, decimal mark."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from gaussmix.exceptions import DataError

from .memory import BoundedReader, physical_memory, too_large

__all__ = [
    "LONGEST_LINE_BYTES",
    "MISSING_MARKERS",
    "Dialect",
    "TextSource",
    "bad_gzip",
    "find_dialect",
    "is_number",
    "read_sample",
    "refuse_binary",
]

MISSING_MARKERS = (
    "", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "nan", "NaN", "NAN", "-nan", "null", "NULL", "Null",
    "None", "none", "?", "-", ".",
)  # fmt: skip
"""Entries that mean "no value here"."""

LONGEST_LINE_BYTES = 1 << 28
"""A line longer than this is no row of a table."""

_SAMPLE_BYTES = 1 << 20
_SAMPLE_RECORDS = 1000
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*", re.IGNORECASE)
_DECIMAL_POINT = re.compile(r"\s*[+-]?\d*\.\d+(e[+-]?\d+)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class TextSource:
    """Where delimited text comes from: a file, possibly compressed, or bytes that were read already.

    Parameters
    ----------
    origin : str
        What messages call it.
    name : str
        Short name of the table.
    path : Path or None
        The file; None when `content` is given.
    content : bytes
        The text itself, for what can be read only once (standard input, pipes).
    compressed : bool
        Whether the bytes are gzip.
    always_tabs : bool
        Whether the file's name promises tabs as delimiters.
    """

    origin: str
    name: str
    path: Path | None = None
    content: bytes = b""
    compressed: bool = False
    always_tabs: bool = False

    def open(self) -> BinaryIO:
        """Open the uncompressed bytes from their beginning."""
        raw: BinaryIO = io.BytesIO(self.content) if self.path is None else self.path.open("rb")
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.compressed else raw

    def open_arrow(self) -> pa.NativeFile:
        """Open the uncompressed bytes for Arrow, which reads plain files without Python."""
        if self.compressed:
            return pa.PythonFile(BoundedReader(self.open(), self.origin), mode="r")
        if self.path is None:
            return pa.BufferReader(self.content)
        if self.path.stat().st_size > physical_memory():
            raise too_large(self.origin, self.path.stat().st_size)
        return pa.OSFile(os.fsencode(self.path), "rb")  # a name need not be UTF-8


@dataclass(frozen=True)
class Dialect:
    """How the text is to be cut into values.

    Parameters
    ----------
    delimiter : str
        What separates two values.
    decimal : str
        The decimal mark of numbers.
    header : bool
        Whether the first record holds the column names.
    first_record : tuple of str
        The first record, names or not.
    """

    delimiter: str
    decimal: str
    header: bool
    first_record: tuple[str, ...]


def read_sample(source: TextSource) -> tuple[bytes, bool]:
    """Read the beginning of a text, at least two lines where there are two.

    Parameters
    ----------
    source : TextSource
        Where it comes from.

    Returns
    -------
    sample : bytes
        Uncompressed.
    complete : bool
        Whether that was everything.

    Raises
    ------
    DataError
        If a compressed file is damaged or a line is longer than any row.
    OSError
        If the file cannot be read.
    """
    sample = b""
    try:
        with source.open() as file:
            while len(sample) < LONGEST_LINE_BYTES:
                block = file.read(max(_SAMPLE_BYTES, len(sample)))
                if not block:
                    return sample, True
                sample += block
                if sample.count(b"\n") + sample.count(b"\r") >= 4:
                    return sample, False
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise bad_gzip(source) from error
    raise DataError(
        f"{source.origin}: the first line is longer than {LONGEST_LINE_BYTES >> 20} MiB; "
        "is this a table with one row a line?"
    )


def bad_gzip(source: TextSource) -> DataError:
    """Say that a source is not the gzip file that its name promises."""
    return DataError(
        f"{source.origin}: not a complete gzip file, although its name ends in .gz; compress it again"
    )


def refuse_binary(sample: bytes, origin: str) -> None:
    """Refuse what is no text that this package reads, and say what it is.

    Parameters
    ----------
    sample : bytes
        The beginning of the file.
    origin : str
        What messages call it.

    Raises
    ------
    DataError
        If it is UTF-16, a known binary format, or has control characters that no text has.
    """
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{origin}: the text is UTF-16; save the file as UTF-8 (in Excel: 'CSV UTF-8')")
    if sample.startswith(b"PK\x03\x04"):
        raise DataError(
            f"{origin}: this is a zip archive or a spreadsheet, not text; export the table as CSV"
        )
    if sample.startswith(b"PAR1"):
        raise DataError(f"{origin}: this is a Parquet file; give its name the ending .parquet")
    if sample.startswith(b"\x1f\x8b"):
        raise DataError(f"{origin}: this is a gzip file; give its name the ending .csv.gz or .tsv.gz")
    controls = sample.translate(None, delete=bytes({*range(256)} - ({*range(32)} - {9, 10, 11, 12, 13, 27})))
    if controls:
        at = sample.index(controls[:1])
        raise DataError(
            f"{origin}: this is not a text file (byte 0x{controls[0]:02x} at position {at}); "
            "expected CSV, TSV or Parquet"
        )


def find_dialect(sample: bytes, complete: bool, source: TextSource, header: bool | None) -> Dialect:
    """Find out how the text is to be cut into values.

    Parameters
    ----------
    sample : bytes
        The beginning of the text.
    complete : bool
        Whether that is all of it; otherwise its last line may be cut.
    source : TextSource
        Where it comes from.
    header : bool or None
        Whether the first record holds the column names; None finds out.

    Returns
    -------
    dialect : Dialect
    """
    text = sample.decode("utf-8-sig", errors="replace")
    if not complete:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    delimiter = "\t" if source.always_tabs else _find_delimiter(text)
    records = _records(text, delimiter)
    cells = [cell for record in records[1:] or records for cell in record]
    decimal = "."
    if (
        delimiter != ","
        and any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
        and not any(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    ):
        decimal = ","
    first = tuple(records[0])
    return Dialect(delimiter, decimal, _is_header(first, decimal) if header is None else header, first)


def _find_delimiter(text: str) -> str:
    """Choose the first delimiter that cuts nearly every line into the same number of fields, above one.

    The comma comes last: with any other delimiter it may be a decimal mark, and would cut every line evenly.
    """
    fields_in_first = {}
    for delimiter in "\t;|,":
        widths = [len(record) for record in _records(text, delimiter)]
        if widths[0] > 1 and sum(width == widths[0] for width in widths) >= 0.9 * len(widths):
            return delimiter
        fields_in_first[delimiter] = widths[0]
    widest = max(fields_in_first, key=lambda delimiter: fields_in_first[delimiter])
    return widest if fields_in_first[widest] > 1 else ","


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Split the sample; a field beyond csv's size limit ends it, for one such line says enough."""
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if record:
                records.append(record)
            if len(records) == _SAMPLE_RECORDS:
                break
    except csv.Error:
        pass
    return records or [[text]]


def is_number(cell: str, decimal: str) -> bool:
    """Tell whether an entry is a finite number written with the given decimal mark."""
    return _NUMBER.fullmatch(cell.replace(decimal, ".")) is not None


def _is_header(first: tuple[str, ...], decimal: str) -> bool:
    numbers = [is_number(cell, decimal) for cell in first]
    cells = [cell.strip() for cell in first]
    if any(number and not cell.lstrip("+-").isdigit() for cell, number in zip(cells, numbers, strict=True)):
        return False
    nothing_but_numbers = all(
        number or cell in MISSING_MARKERS for cell, number in zip(cells, numbers, strict=True)
    )
    return not (nothing_but_numbers and any(numbers))
