"""Between Arrow's columns and NumPy's arrays, over their memory.

Arrow's own conversions (`to_numpy`, `pyarrow.array`, `pyarrow.scalar`) import pandas where it is installed.
That costs half a second, and Arrow discards what is raised meanwhile: a Ctrl-C would be lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["arrow_array", "numpy_array"]

_NAMES_IN_NUMPY = {"double": "float64", "float": "float32", "halffloat": "float16"}
"""Arrow's names of floating-point types; those of integers are NumPy's."""


def numpy_array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Copy a column of numbers to NumPy.

    Parameters
    ----------
    column : pyarrow.ChunkedArray of length N
        Integers or floating-point numbers; nulls among floating-point numbers only.

    Returns
    -------
    values : ndarray of shape (N,)
        Writeable; NaN where a value is null.
    """
    name = str(column.type)  # to_pandas_dtype would import pandas
    dtype = np.dtype(_NAMES_IN_NUMPY.get(name, name))
    values = np.empty(len(column), dtype=dtype)
    start = 0
    for chunk in column.chunks:
        part = values[start : start + len(chunk)]
        start += len(chunk)
        if not len(chunk):
            continue
        validity, data = chunk.buffers()
        part[:] = np.frombuffer(data, dtype, len(chunk), chunk.offset * dtype.itemsize)
        if chunk.null_count:
            is_valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
            part[is_valid[chunk.offset : chunk.offset + len(chunk)] == 0] = np.nan
    return values


def arrow_array(values: npt.NDArray[Any]) -> pa.Array:
    """Show an array of numbers to Arrow.

    Parameters
    ----------
    values : ndarray of shape (N,)
        Integers or floating-point numbers. Not copied if contiguous.

    Returns
    -------
    array : pyarrow.Array of length N
    """
    contiguous = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(contiguous.dtype)
    return pa.Array.from_buffers(kind, len(contiguous), [None, pa.py_buffer(contiguous)])
