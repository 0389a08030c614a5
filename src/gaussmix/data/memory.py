"""How much a file may unfold to: a few compressed bytes can claim more than the machine holds."""

from __future__ import annotations

import os
from typing import BinaryIO

from gaussmix.exceptions import DataError

__all__ = ["BoundedReader", "physical_memory", "read_all", "too_large"]

_BLOCK_BYTES = 1 << 22


def physical_memory() -> int:
    """Return the machine's memory in bytes, or a very large number where it is unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no sysconf at all, or not these names
        return 1 << 62


def too_large(origin: str, needed: int) -> DataError:
    """Say that a table does not fit into memory.

    Parameters
    ----------
    origin : str
        What messages call the source.
    needed : int
        Bytes that it needs at least.
    """
    return DataError(
        f"{origin}: the table needs at least {needed / 2**30:,.1f} GiB of memory and this machine has "
        f"{physical_memory() / 2**30:,.1f} GiB; give a part of its rows or columns"
    )


class BoundedReader:
    """A binary file that refuses to give more bytes than the machine has memory.

    Parameters
    ----------
    file : binary file object
        What is read, such as a decompressed stream.
    origin : str
        What messages call it.
    """

    def __init__(self, file: BinaryIO, origin: str) -> None:
        self._file = file
        self._origin = origin
        self._left = physical_memory()

    @property
    def closed(self) -> bool:
        """Whether the file was closed."""
        return self._file.closed

    def read(self, n_bytes: int = -1) -> bytes:
        """Read up to `n_bytes`, or a block if that is negative; nothing at the end.

        Raises
        ------
        DataError
            If this and what was read before exceed the memory of the machine.
        """
        block = self._file.read(n_bytes if n_bytes >= 0 else _BLOCK_BYTES)
        self._left -= len(block)
        if self._left < 0:
            raise too_large(self._origin, physical_memory() - self._left)
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_all(file: BinaryIO, origin: str) -> bytes:
    """Read what can be read only once, such as a pipe, up to the size of the memory.

    Parameters
    ----------
    file : binary file object
    origin : str
        What messages call it.

    Raises
    ------
    DataError
        If there are more bytes than the machine has memory.
    """
    reader = BoundedReader(file, origin)
    return b"".join(iter(lambda: reader.read(_BLOCK_BYTES), b""))
