"""Tables by name: one function reads whatever holds a table."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from gaussmix.exceptions import DataError

from .datasets import BUNDLED, load_bundled
from .delimited import read_delimited
from .dialect import TextSource
from .memory import physical_memory, read_all, too_large
from .table import Table, checked_names
from .text import printable

__all__ = ["read_table"]

_FULL_SUFFIX = re.compile(r"(\.(csv|tsv|txt|tab|dat|data))?(\.gz)?$", re.IGNORECASE)


def read_table(source: str | os.PathLike[str], *, header: bool | None = None) -> Table:
    """Read a table from a file, from standard input, or by the name of a bundled data set.

    A source without a suffix that is one of the bundled names is the bundled set, even if a file of that
    name exists; ``./iris`` is the file. Everything else is a file: ``.parquet`` by its name, any other as
    delimited text (`.csv`, `.tsv`, `.txt`, with `.gz` where compressed). ``-`` is delimited text on standard
    input.

    Parameters
    ----------
    source : str or path-like
        File, bundled name (breast_cancer, diabetes, digits, faithful, iris, wine) or ``-``.
    header : bool or None
        Whether the first row of delimited text holds the column names; None finds out.

    Returns
    -------
    table : Table

    Raises
    ------
    DataError
        If there is no such file or it does not hold a table: the message says what, where and what to do.

    Examples
    --------
    >>> table = read_table("faithful")
    >>> table.n_rows, table.column_names
    (272, ['eruptions', 'waiting'])
    """
    name = os.fspath(source)
    if name in BUNDLED:
        return load_bundled(name)
    if name == "-":
        if sys.stdin is None:
            raise DataError("standard input is closed, so no table can be read from it; name a file")
        content = read_all(sys.stdin.buffer, "standard input")
        return read_delimited(
            TextSource(origin="standard input", name="stdin", content=content), header=header
        )
    path = Path(name)
    origin = printable(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{origin}: this is a folder; give a file in it")
        if path.suffix.lower() in {".parquet", ".pq"} and stat.S_ISREG(mode):
            return _read_parquet(path, origin)
        return read_delimited(_text_source(path, origin, mode), header=header)
    except FileNotFoundError as error:
        raise DataError(
            f"{origin}: no such file, nor a bundled data set; these are {', '.join(sorted(BUNDLED))}"
        ) from error
    except PermissionError as error:
        raise DataError(f"{origin}: no permission to read this file") from error
    except OSError as error:
        raise DataError(f"{origin}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        if isinstance(error, DataError) or "null" not in str(error):
            raise
        raise DataError(f"{origin}: not a file name") from error


def _text_source(path: Path, origin: str, mode: int) -> TextSource:
    lower = path.name.lower()
    name = _FULL_SUFFIX.sub("", path.name) or path.name
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise DataError(f"{origin}: this is a device, not a file with a table")
    content = b""
    is_pipe = stat.S_ISFIFO(mode)
    if is_pipe:
        with path.open("rb") as pipe:
            content = read_all(pipe, origin)
    return TextSource(
        origin=origin,
        name=name,
        path=None if is_pipe else path,
        content=content,
        compressed=lower.endswith(".gz"),
        always_tabs=lower.removesuffix(".gz").endswith((".tsv", ".tab")),
    )


def _read_parquet(path: Path, origin: str) -> Table:
    try:
        file = pyarrow.parquet.ParquetFile(pa.OSFile(os.fsencode(path), "rb"))
        metadata = file.metadata
        checked_names(file.schema_arrow.names, origin)
        if metadata.num_rows == 0:
            raise DataError(f"{origin}: the file has columns but no rows")
        needed = metadata.num_rows * metadata.num_columns * 8
        if needed > physical_memory():
            raise too_large(origin, needed)
        data = file.read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"{origin}: not a readable Parquet file ({printable(str(error).splitlines()[0])[:160]})"
        ) from error
    data = data.rename_columns(checked_names(data.column_names, origin))
    return Table(data=data, name=path.stem or path.name, origin=origin)
