"""Results on disk: a folder that appears complete or not at all, and tables of labels."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from gaussmix.exceptions import DataError

from .atomic import flush_folder, temporary_name
from .buffers import arrow_array
from .text import listing, printable

__all__ = ["RESULT_FILES", "Assignment", "result_folder", "write_columns", "write_labels"]

RESULT_FILES = ("model.json", "labels.csv", "plot.png", "report.html")
"""What a folder of results holds, the model always."""


@contextlib.contextmanager
def result_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Fill a folder of results that appears under its name complete or not at all.

    Parameters
    ----------
    path : str or path-like
        Where the folder is to appear. Its parent must exist.
    overwrite : bool
        Whether to replace a folder of earlier results. Nothing but such a folder is ever replaced: one
        that holds any file of another name stays untouched. An empty folder counts as none.

    Yields
    ------
    folder : Path
        An empty folder beside the destination, to be filled. It is renamed when the block ends, and
        removed with all its content when an exception (Ctrl-C included) ends the block.

    Raises
    ------
    DataError
        Before anything is written: if the destination exists and may not be replaced, or its parent does
        not exist or cannot be written.
    """
    destination = Path(os.path.realpath(path))
    shown = printable(os.fspath(path))
    _refuse_to_replace(destination, shown, overwrite)
    temporary = temporary_name(destination)
    try:
        temporary.mkdir()
    except FileNotFoundError as error:
        parent = printable(str(Path(path).parent))
        raise DataError(f"{shown}: the folder {parent} does not exist; create it first") from error
    except OSError as error:
        raise DataError(
            f"{shown}: cannot write here ({error.strerror}); name another place with --output"
        ) from error
    try:
        yield temporary
        # Once more: another program may have put something there during a long fit.
        _refuse_to_replace(destination, shown, overwrite)
        _put_in_place(temporary, destination)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    flush_folder(destination.parent)


def _refuse_to_replace(destination: Path, shown: str, overwrite: bool) -> None:
    try:
        mode = destination.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"{shown}: cannot write here ({error.strerror})") from error
    if not stat.S_ISDIR(mode):
        raise DataError(f"{shown}: a file of this name exists; name another folder with --output")
    if Path.cwd().is_relative_to(destination):
        raise DataError(f"{shown}: this is the current folder; name a new one in it with --output")
    entries = sorted(os.listdir(destination))
    if not entries:
        return
    foreign = [name for name in entries if name not in RESULT_FILES or not (destination / name).is_file()]
    if foreign or "model.json" not in entries:
        strange = f"it holds {listing(foreign or entries, 3)}"
        raise DataError(
            f"{shown}: this folder exists and was not written by gaussmix alone ({strange}), so it is not "
            "replaced; name another folder with --output"
        )
    if not overwrite:
        raise DataError(
            f"{shown}: this folder of results exists; replace it with --overwrite, or name another with "
            "--output"
        )


def _put_in_place(temporary: Path, destination: Path) -> None:
    if not destination.exists():
        os.rename(temporary, destination)
        return
    # A folder cannot be renamed onto a full one, so the old results step aside until the new ones are there.
    aside = temporary_name(destination)
    os.rename(destination, aside)
    try:
        os.rename(temporary, destination)
    except BaseException:
        os.rename(aside, destination)
        raise
    # By name, not as a tree: what somebody put there in this moment is not ours to delete.
    for name in RESULT_FILES:
        (aside / name).unlink(missing_ok=True)
    aside.rmdir()


class Assignment(Protocol):
    """What a fitted mixture says of N rows; the results of `GaussianMixture.assign` are one."""

    @property
    def label(self) -> Any:
        """Number of the component from 0: ndarray of shape (N,)."""

    @property
    def probability(self) -> Any:
        """Probability of that component: ndarray of shape (N,)."""

    @property
    def log_density(self) -> Any:
        """Logarithm of the mixture's density, in the data's units: ndarray of shape (N,)."""


def write_labels(file: BinaryIO, rows: npt.NDArray[np.int64], assignment: Assignment) -> None:
    """Write the assignment of rows as CSV: row, label, probability, log_density.

    Parameters
    ----------
    file : binary file object
        Where to write.
    rows : ndarray of shape (N,)
        Rows of the table, counted from 0: where some were dropped, their numbers are missing.
    assignment : Assignment
        Labels, their probabilities and the log-densities of these rows.
    """
    write_columns(
        file,
        ["row", "label", "probability", "log_density"],
        [rows, assignment.label, assignment.probability, assignment.log_density],
    )


def write_columns(
    file: BinaryIO, names: Sequence[str], columns: Sequence[npt.NDArray[Any]], *, header: bool = True
) -> None:
    """Write columns of numbers as CSV, each number with the digits that give it back exactly.

    Parameters
    ----------
    file : binary file object
        Where to write.
    names : sequence of str
        Column names, quoted where they need it.
    columns : sequence of ndarray of shape (N,)
        The columns.
    header : bool
        Whether to write the names first.
    """
    if header:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(names)
        file.write(line.getvalue().encode("utf-8"))
    table = pa.table([arrow_array(column) for column in columns], names=[str(i) for i in range(len(columns))])
    pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(include_header=False))
