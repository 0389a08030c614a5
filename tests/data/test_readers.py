"""Tables are found by name: files by their suffix, bundled sets, and one clear line for what is neither."""

import datetime
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn import datasets

from gaussmix.data import read_table
from gaussmix.exceptions import DataError


def write_parquet(path, **columns):
    pyarrow.parquet.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("name", "n_rows", "n_columns"),
    [
        ("iris", 150, 5),
        ("wine", 178, 14),
        ("breast_cancer", 569, 31),
        ("digits", 1797, 65),
        ("faithful", 272, 2),
    ],
)
def test_bundled_sets_have_their_known_shape(name, n_rows, n_columns):
    table = read_table(name)
    assert (table.n_rows, len(table.column_names)) == (n_rows, n_columns)
    assert table.name == name


@pytest.mark.parametrize(
    ("name", "class_column"), [("iris", "species"), ("wine", "class"), ("digits", "class")]
)
def test_bundled_classes_are_text_and_agree_with_scikit_learn(name, class_column):
    bunch = getattr(datasets, f"load_{name}")()
    table = read_table(name)
    assert table.column_names[-1] == class_column
    assert table.data.column(class_column).to_pylist() == [str(bunch.target_names[i]) for i in bunch.target]
    np.testing.assert_array_equal(
        np.column_stack([table.data.column(n).to_numpy() for n in table.column_names[:-1]]), bunch.data
    )


def test_diabetes_is_in_its_own_units():
    ages = read_table("diabetes").data.column("age").to_numpy()
    assert ages.min() == 19
    assert ages.max() == 79


def test_old_faithful_has_its_published_moments():
    # W. Haerdle, Smoothing Techniques (1991): 272 eruptions, means 3.488 and 70.897 minutes.
    data = read_table("faithful").data
    assert data.column("eruptions").to_numpy().mean() == pytest.approx(3.487783, abs=1e-6)
    assert data.column("waiting").to_numpy().mean() == pytest.approx(70.897059, abs=1e-6)


def test_a_bundled_name_wins_over_a_file_without_suffix_and_only_over_that(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("iris", "iris.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    assert read_table("iris").n_rows == 150
    assert read_table("./iris").n_rows == 1
    assert read_table("iris.csv").n_rows == 1


def test_parquet_keeps_types_and_missing_values(tmp_path):
    path = write_parquet(
        tmp_path / "data.parquet", a=pa.array([1, None, 3]), b=pa.array([1.5, 2, 3], pa.float32())
    )
    table = read_table(path)
    assert table.data.to_pydict() == {"a": [1, None, 3], "b": [1.5, 2.0, 3.0]}
    assert table.data.schema.field("b").type == pa.float32()
    assert (table.name, table.line_of(0), table.place_of(0)) == ("data", None, "row 0 (counted from 0)")


def test_parquet_with_dates_is_read(tmp_path):
    path = write_parquet(tmp_path / "data.parquet", day=[datetime.date(2020, 1, 1)], x=[1.0])
    assert read_table(path).column_names == ["day", "x"]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1" + os.urandom(100) + b"PAR1"])
def test_a_fake_parquet_file_is_refused(tmp_path, content):
    path = tmp_path / "data.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data.parquet: not a readable Parquet file"):
        read_table(path)


def test_a_truncated_parquet_file_is_refused(tmp_path):
    path = write_parquet(tmp_path / "data.parquet", a=np.random.default_rng(0).random(10_000))
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DataError, match="not a readable Parquet file"):
        read_table(path)


def test_a_parquet_file_with_damaged_pages_is_refused(tmp_path):
    path = write_parquet(tmp_path / "data.parquet", a=np.random.default_rng(0).random(10_000))
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not a readable Parquet file|cannot be read"):
        read_table(path)


def test_a_parquet_file_that_claims_more_rows_than_memory_is_refused_before_it_is_read(tmp_path):
    n_rows = 1 << 24
    zeros = pa.table({"zero": np.zeros(n_rows, dtype=bool)})
    collected = []
    pyarrow.parquet.write_table(
        zeros, tmp_path / "one.parquet", row_group_size=n_rows, metadata_collector=collected
    )
    footer = collected[0]
    for _ in range(15):
        footer.append_row_groups(footer)
    path = tmp_path / "bomb.parquet"
    footer.write_metadata_file(path)
    assert path.stat().st_size < 32 << 20
    with pytest.raises(DataError, match=r"needs at least 4,096.0 GiB of memory and this machine has"):
        read_table(path)


def test_a_parquet_file_without_rows_or_with_a_name_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="columns but no rows"):
        read_table(write_parquet(tmp_path / "empty.parquet", a=pa.array([], pa.float64())))
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a "])
    pyarrow.parquet.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match="'a' occurs 2 times"):
        read_table(tmp_path / "twice.parquet")


def test_a_missing_file_lists_the_bundled_sets(tmp_path):
    with pytest.raises(DataError, match=r"none.csv: no such file.*breast_cancer, diabetes, digits, faithful"):
        read_table(tmp_path / "none.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="this is a folder; give a file in it"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["/dev/zero", "a\0b", "x" * 5000])
def test_strange_names_are_refused(name):
    with pytest.raises(DataError, match=r"device|not a file name|cannot be read"):
        read_table(name)


def test_control_characters_of_a_file_name_do_not_reach_the_message(tmp_path):
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "bad\x1b[31m\n.csv")
    assert str(caught.value).isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_named(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("a\n1\n")
    path.chmod(0)
    with pytest.raises(DataError, match=r"secret.csv: no permission"):
        read_table(path)


def test_a_parquet_file_whose_name_is_not_utf8_is_read(tmp_path):
    pyarrow.parquet.write_table(pa.table({"a": [1, 2]}), tmp_path / "x.parquet")
    path = os.fsencode(tmp_path) + b"/x\xff.parquet"
    os.rename(tmp_path / "x.parquet", path)
    assert read_table(os.fsdecode(path)).n_rows == 2
