"""Files that appear complete or not at all.

Everything is written under a temporary name in the folder of its destination, flushed to the disk and
renamed: a rename inside one folder is atomic, so a reader, a crash or Ctrl-C never meets half a file.
Only the standard library is used, so that any part of the package can import this module.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_write", "flush_folder", "temporary_name"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file so that it appears under its name complete or not at all.

    Parameters
    ----------
    path : str or path-like
        The destination. An existing file is replaced when the block ends without an exception, and its
        permissions are kept. A symbolic link is followed, so that the link stays. A pipe or a device, which
        no file can be renamed onto, is written to directly.

    Yields
    ------
    file : binary file object
        Open for writing. Closing it inside the block is allowed but not needed.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written, or the disk is full. The destination is then as
        it was before, and no temporary file is left.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with atomic_write(folder / "greeting.txt") as file:
    ...     _ = file.write(b"hello")
    >>> (folder / "greeting.txt").read_bytes()
    b'hello'
    """
    destination = Path(os.path.realpath(path))
    # As given: /dev/stdout leads to a pipe, whose real path names nothing that can be opened.
    mode = _existing_mode(Path(path))
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(21, "is a folder, so no file can be written there", str(destination))
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb") as stream:
            yield stream
        return
    temporary = temporary_name(destination)
    # Created through os.open, not tempfile: the umask then decides who may read it, as for any other output.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(temporary, flags, 0o666)
    except OSError as error:  # about a name that the caller never heard of
        raise type(error)(error.errno, error.strerror, str(destination)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        # Flushed after closing, so that it does not matter who closed the file.
        descriptor = os.open(temporary, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, destination)
    except BaseException:  # KeyboardInterrupt too: whatever stopped the writing, the temporary file goes
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    flush_folder(destination.parent)


def flush_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, so that a rename survives a power cut.

    Parameters
    ----------
    folder : Path
        An existing folder. On systems that cannot open folders (Windows) nothing is done.

    Raises
    ------
    OSError
        If the folder does not exist.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some network file systems refuse to flush a folder; what it holds was flushed already.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_name(destination: Path) -> Path:
    """Return a hidden, unused-by-chance name beside `destination`.

    Parameters
    ----------
    destination : Path
        Where the finished file or folder is going to be.

    Returns
    -------
    temporary : Path
        In the same folder, so that a rename never crosses from one file system to another.
    """
    return destination.with_name(f".gaussmix-{secrets.token_hex(6)}.tmp")


def _existing_mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
