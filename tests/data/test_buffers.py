"""Columns pass between Arrow and NumPy unchanged, and without pandas."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix.data.buffers import arrow_array, numpy_array


@given(st.lists(st.lists(st.one_of(st.none(), st.floats(width=32)), max_size=20), max_size=4), st.data())
@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_a_column_is_what_arrow_itself_makes_of_it(kind, chunks, data):
    column = pa.chunked_array(chunks, type=kind)
    start = data.draw(st.integers(0, len(column)))
    column = column.slice(start, data.draw(st.integers(0, len(column))))
    np.testing.assert_array_equal(numpy_array(column), column.to_numpy())


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_whole_numbers_come_back_exactly(numbers):
    values = np.array(numbers, dtype=np.int64)
    array = arrow_array(values[::-1])
    assert array.to_pylist() == numbers[::-1]
    np.testing.assert_array_equal(numpy_array(pa.chunked_array([array])), values[::-1])


def test_reading_choosing_and_writing_do_not_import_pandas(tmp_path):
    (tmp_path / "data.csv").write_text("a,b,kind,yes,day\n1,2.5,x,true,2021-01-01\n,3,y,,\n4,1,,false,\n")
    (tmp_path / "comma.csv").write_text("a;b\n1,5;2\n2,5;x\n" + "3,5;4\n" * 9)
    code = """
import io, sys
from gaussmix.data import read_table, select_features
from gaussmix.data.results import write_columns
from gaussmix.exceptions import DataError
features = select_features(read_table("data.csv"), drop_missing=True)
write_columns(io.BytesIO(), ["a"], [features.values[:, 0]])
try:
    select_features(read_table("comma.csv"))
except DataError as error:
    assert "line 3" in str(error)
else:
    raise AssertionError
print("pandas" in sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
