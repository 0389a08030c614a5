"""Delimited text: CSV and its relatives, as programs and people really write them.

Arrow parses with all cores, once it is settled what the file looks like. It does not report lines, so when an
error has to name one, the text is walked a second time with Python's own reader: slow, but only ever paid
by a message.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv

from gaussmix.exceptions import DataError

from .dialect import (
    LONGEST_LINE_BYTES,
    MISSING_MARKERS,
    Dialect,
    TextSource,
    bad_gzip,
    find_dialect,
    is_number,
    read_sample,
    refuse_binary,
)
from .table import Table, checked_names
from .text import listing, printable, quoted

__all__ = ["read_delimited"]


def read_delimited(source: TextSource, *, header: bool | None = None) -> Table:
    """Read delimited text into a table.

    The delimiter is found among tab, ``;``, ``|`` and ``,``. The first row holds data, not names, if all its
    entries are numbers or if any of them has a decimal point; the columns are then called column_1,
    column_2, .... Numbers may have a decimal comma where the delimiter is not a comma. Text that is not
    UTF-8 is taken as Latin-1, which changes no number.

    Parameters
    ----------
    source : TextSource
        What to read.
    header : bool or None
        Whether the first row holds the column names; None decides by the rule above.

    Returns
    -------
    table : Table

    Raises
    ------
    DataError
        If the text is empty, has a header only, is not text, has rows of different lengths (the line is
        named), or names a column twice.
    OSError
        If the file cannot be read.
    """
    sample, complete = read_sample(source)
    if not sample.strip(b"\xef\xbb\xbf\r\n\t ,;|"):
        raise DataError(f"{source.origin}: the file is empty; expected column names and rows of numbers")
    refuse_binary(sample, source.origin)
    dialect = find_dialect(sample, complete, source, header)
    if complete and dialect.header and sample.strip().count(b"\n") + sample.strip().count(b"\r") == 0:
        raise DataError(f"{source.origin}: the file has column names but no rows")
    notes = _notes_on(dialect)
    try:
        data = _parse(source, dialect, "utf8")
        names = data.column_names  # decoded here, not by Arrow
        is_utf8 = not any(pa.types.is_binary(field.type) for field in data.schema)
    except UnicodeDecodeError:
        is_utf8 = False
    if not is_utf8:
        data = _parse(source, dialect, "latin-1")
        names = data.column_names
        notes.append("The text is not UTF-8 and was read as Latin-1 (only letters can be wrong, no number).")
    if data.num_rows == 0:
        raise DataError(f"{source.origin}: the file has column names but no rows")
    if dialect.header:
        data = data.rename_columns(checked_names(names, source.origin))
    else:
        data = data.rename_columns([f"column_{i}" for i in range(1, data.num_columns + 1)])
    return Table(
        data=data,
        name=source.name,
        origin=source.origin,
        notes=tuple(notes),
        is_text=True,
        decimal=dialect.decimal,
        find_line=lambda row: _find_line(source, dialect, row),
    )


def _notes_on(dialect: Dialect) -> list[str]:
    notes = []
    if not dialect.header:
        notes.append(
            "The file has no header row, so its columns are called column_1, column_2, ...; say --header if "
            "the first row holds names."
        )
    else:
        numbers = [name for name in dialect.first_record if is_number(name, dialect.decimal)]
        if numbers:
            notes.append(
                f"The first row was taken as column names although it holds numbers ({listing(numbers, 3)}); "
                "say --no-header if it is data."
            )
    if dialect.decimal == ",":
        notes.append("Numbers were read with a decimal comma.")
    return notes


def _parse(source: TextSource, dialect: Dialect, encoding: str) -> pa.Table:
    # Arrow refuses a line longer than a block, so wide tables get a second try with very large ones.
    for block_size in (1 << 22, LONGEST_LINE_BYTES):
        try:
            with source.open_arrow() as stream:
                data = pyarrow.csv.read_csv(
                    stream,
                    read_options=pyarrow.csv.ReadOptions(
                        encoding=encoding,
                        block_size=block_size,
                        autogenerate_column_names=not dialect.header,
                    ),
                    parse_options=pyarrow.csv.ParseOptions(
                        delimiter=dialect.delimiter,
                        newlines_in_values=True,
                    ),
                    convert_options=pyarrow.csv.ConvertOptions(
                        null_values=list(MISSING_MARKERS),
                        strings_can_be_null=True,
                        true_values=["true", "True", "TRUE"],
                        false_values=["false", "False", "FALSE"],
                        decimal_point=dialect.decimal,
                    ),
                )
        except pa.ArrowInvalid as error:
            # A Python handler of such rows might be dropped by a thread of Arrow when Python has ended.
            if "columns, got" in str(error):
                raise _ragged_rows(source, dialect) from None
            too_long = "straddl" in str(error) or "Empty CSV file or block" in str(error)
            if too_long and block_size < LONGEST_LINE_BYTES:
                continue
            raise DataError(f"{source.origin}: cannot be read as a table: {_first_line(error)}") from error
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise bad_gzip(source) from error
        # Arrow's allocator keeps the buffers of the parsing, which are as large as the file, for a next time.
        pa.default_memory_pool().release_unused()
        return data
    raise AssertionError("the last block size either returns or raises")


def _first_line(error: Exception) -> str:
    return printable(str(error).splitlines()[0])


def _numbered_records(source: TextSource, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each non-empty record begins, and its fields."""
    with io.TextIOWrapper(source.open(), encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter)
        line = 1
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1


def _find_line(source: TextSource, dialect: Dialect, row: int) -> int | None:
    wanted = row + dialect.header
    try:
        for index, (line, _) in enumerate(_numbered_records(source, dialect.delimiter)):
            if index == wanted:
                return line
    except csv.Error:  # a field beyond csv's size limit: the row can still be named, its line cannot
        return None
    return None


def _ragged_rows(source: TextSource, dialect: Dialect) -> DataError:
    expected = len(dialect.first_record)
    plural = "" if expected == 1 else "s"
    reference = f"column name{plural}" if dialect.header else f"value{plural} in the first row"
    advice = "put text that contains the delimiter in double quotes, or mend the line"
    if dialect.first_record[0].startswith("#"):
        advice = f"the file begins with a comment ({quoted(dialect.first_record[0])}): remove it"
    try:
        for line, record in _numbered_records(source, dialect.delimiter):
            if len(record) != expected:
                values = "1 value" if len(record) == 1 else f"{len(record)} values"
                return DataError(
                    f"{source.origin}, line {line}: {values}, but {expected} {reference} (delimiter "
                    f"{quoted(dialect.delimiter)}); {advice}"
                )
    except csv.Error:
        pass
    return DataError(f"{source.origin}: not all rows have {expected} values like the first one; {advice}")
