"""Delimited text is read as people and programs write it, and what is wrong with it is named by its line."""

import gzip
import io
import os
import random
import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaussmix.data import read_table, select_features
from gaussmix.exceptions import DataError


@pytest.fixture
def read(tmp_path):
    def read(content, name="data.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **options)

    return read


def columns(table):
    return table.data.to_pydict()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["data.csv", "data.txt", "data.dat", "data"])
def test_the_delimiter_is_found(read, delimiter, name):
    table = read("a,b\n1,2.5\n3,4.5\n".replace(",", delimiter), name)
    assert columns(table) == {"a": [1, 3], "b": [2.5, 4.5]}
    assert table.name == "data"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_do_not_matter(read, line_end, mark):
    table = read(mark + line_end.join(["a,b", "1,2", "3,4", ""]))
    assert columns(table) == {"a": [1, 3], "b": [2, 4]}


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(read):
    table = read('name,x\n"Doe, Jane",1\n"say ""hi""",2\n"two\nlines",3\n')
    assert columns(table) == {"name": ["Doe, Jane", 'say "hi"', "two\nlines"], "x": [1, 2, 3]}


def test_tab_separated_files_may_hold_commas(read):
    table = read("name\tx\ta,b\nDoe, J\t1\t2\nRoe, R\t3\t4\n", "data.tsv")
    assert table.column_names == ["name", "x", "a,b"]


@pytest.mark.parametrize("suffix", [".csv.gz", ".CSV.GZ", ".tsv.gz"])
def test_gzip_is_read(read, suffix):
    delimiter = "\t" if "tsv" in suffix else ","
    table = read(gzip.compress(f"a{delimiter}b\n1{delimiter}2\n".encode()), f"data{suffix}")
    assert columns(table) == {"a": [1], "b": [2]}
    assert table.name == "data"


def test_decimal_commas_are_read_where_the_delimiter_is_no_comma(read):
    table = read("a;b\n1,5;-2\n-0,25;3,5e2\n")
    assert columns(table) == {"a": [1.5, -0.25], "b": [-2.0, 350.0]}
    assert table.notes == ("Numbers were read with a decimal comma.",)


def test_a_headerless_file_with_decimal_commas_is_not_cut_at_them(read):
    table = read("1,5;2,5\n3,5;4,5\n")
    assert columns(table) == {"column_1": [1.5, 3.5], "column_2": [2.5, 4.5]}


@pytest.mark.parametrize(
    "first_row", ["1,2,3", "-1.5,2e3,.5", "1,,3", "NA,2,3", "5.1,3.5,setosa", " 1 , 2 , 3 "]
)
def test_a_first_row_of_numbers_is_data(read, first_row):
    table = read(f"{first_row}\n4,5,6\n")
    assert table.column_names == ["column_1", "column_2", "column_3"]
    assert table.n_rows == 2
    assert "no header row" in table.notes[0]
    assert "say --header if the first row holds names" in table.notes[0]
    assert table.line_of(1) == 2


@pytest.mark.parametrize("first_row", ["a,b,c", "country,2019,2020", "x1,x2,x3", ",a,b"])
def test_a_first_row_of_names_is_a_header(read, first_row):
    table = read(f"{first_row}\n4,5,6\n")
    assert table.column_names[1:] == first_row.split(",")[1:]
    assert table.n_rows == 1


def test_names_that_are_numbers_are_remarked_upon(read):
    assert "'2019', '2020'" in read("country,2019,2020\nx,5,6\n").notes[0]


def test_the_header_can_be_forced_either_way(read):
    assert read("1,2\n3,4\n", header=True).column_names == ["1", "2"]
    assert read("a,b\n3,4\n", header=False).n_rows == 2


def test_names_are_trimmed_and_the_nameless_named(read):
    assert read(", a ,b\n1,2,3\n").column_names == ["unnamed_1", "a", "b"]


def test_missing_markers_are_missing_values(read):
    markers = ["", "NA", "N/A", "nan", "NaN", "null", "None", "?", "-"]
    table = read("a,b\n" + "".join(f"{marker},1\n" for marker in markers) + "2.5,1\n")
    assert columns(table)["a"] == [None] * len(markers) + [2.5]


def test_latin_1_text_is_read_with_a_note(read):
    table = read("größe,x\n1,ä\n".encode("latin-1"))
    assert columns(table) == {"größe": [1], "x": ["ä"]}
    assert "Latin-1" in table.notes[0]


def test_a_bad_byte_far_behind_the_beginning_does_not_matter(read):
    content = b"a,b\n" + b"1,word\n" * 400_000 + b"2,caf\xe9\n"
    table = read(content)
    assert columns(table)["b"][-1] == "café"


def test_lines_are_counted_as_editors_count_them(read):
    table = read('\n\na,b\r\n1,"x\ny"\r\n\r\n2,z\n3,w\n')
    assert [table.line_of(row) for row in range(table.n_rows)] == [4, 7, 8]
    assert table.place_of(1) == "line 7"


def test_a_table_with_very_long_lines_is_read(read):
    n_columns = 5_000
    header = ",".join(f"a_long_column_name_{i:09d}_{'x' * 1000}" for i in range(n_columns))
    row = ",".join(["1.25"] * n_columns)
    table = read(f"{header}\n{row}\n{row}\n")
    assert (table.n_rows, len(table.column_names)) == (2, n_columns)


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n\n3,4\n")))
    table = read_table("-")
    assert columns(table) == {"a": [1, 3], "b": [2, 4]}
    assert (table.origin, table.name, table.line_of(1)) == ("standard input", "stdin", 4)


def test_a_pipe_is_read_once_and_still_knows_its_lines(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"a,b\n1,2\n\n3,4\n"))
    writer.start()
    table = read_table(pipe)
    writer.join(timeout=10)
    assert columns(table) == {"a": [1, 3], "b": [2, 4]}
    assert table.line_of(1) == 4


@pytest.mark.parametrize("n_fields", [1, 3])
def test_a_ragged_row_is_named_by_its_line(read, n_fields):
    ragged = ",".join(["7"] * n_fields)
    with pytest.raises(DataError, match=rf"data.csv, line 5: {n_fields} values?, but 2 column names"):
        read(f"a,b\n1,2\n\n3,4\n{ragged}\n5,6\n")


def test_a_ragged_row_far_behind_the_beginning_is_named_by_its_line(read):
    with pytest.raises(DataError, match=r"line 500002: 3 values, but 2 column names"):
        read("a,b\n" + "1,2\n" * 500_000 + "1,2,3\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"a,b\n", "column names but no rows"),
        (b"a,b", "column names but no rows"),
        (b"a,b\r\n\r\n", "column names but no rows"),
        (b"a,b,a\n1,2,3\n", r"the column name 'a' occurs 2 times \(columns 1, 3\)"),
        (bytes(range(256)) * 8, "not a text file .*0x00 at position 0"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16; save the file as UTF-8"),
        (b"PK\x03\x04 and so on", "zip archive or a spreadsheet"),
        (b"PAR1 and so on", "a Parquet file; give its name the ending .parquet"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "a gzip file; give its name the ending"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(read, content, message):
    with pytest.raises(DataError, match=rf"data.csv: .*{message}"):
        read(content)


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", gzip.compress(random.Random(0).randbytes(4096), mtime=0)[:-2000], b""]
)
def test_what_is_no_gzip_is_refused(read, content):
    with pytest.raises(DataError, match=r"not a complete gzip file|the file is empty"):
        read(content, "data.csv.gz")


def test_a_gzip_file_that_ends_too_early_is_refused_wherever_it_ends(read):
    numbers = np.random.default_rng(0).integers(0, 10**9, size=(300_000, 2))
    text = "a,b\n" + "\n".join(f"{a},{b}" for a, b in numbers)
    with pytest.raises(DataError, match="not a complete gzip file"):
        read(gzip.compress(text.encode(), compresslevel=1)[:-100_000], "data.csv.gz")


numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53), st.none())


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(numbers, numbers, st.text("abc ,;|\"'\n", max_size=6)), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_pythons_csv_module_writes_is_read_back_exactly(tmp_path_factory, rows, delimiter, line_end):
    import csv

    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["first", "second", "words"])
        writer.writerows(rows)
    table = read_table(path)
    assert table.column_names == ["first", "second", "words"]
    for name, position in (("first", 0), ("second", 1)):
        expected = [None if row[position] is None else float(row[position]) for row in rows]
        assert table.data.column(name).cast(pa.float64(), safe=False).to_pylist() == expected


def test_text_that_unfolds_beyond_memory_is_refused_while_it_is_read(read, monkeypatch):
    monkeypatch.setattr("gaussmix.data.memory.physical_memory", lambda: 20 << 20)
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * (10 << 20))
    with pytest.raises(DataError, match=r"data.csv.gz: the table needs at least 0.0 GiB of memory"):
        read(bomb, "data.csv.gz")


def test_an_endless_pipe_is_refused(monkeypatch):
    monkeypatch.setattr("gaussmix.data.memory.physical_memory", lambda: 20 << 20)
    with open("/dev/zero", "rb") as zeros:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(zeros))
        with pytest.raises(DataError, match="standard input: the table needs at least"):
            read_table("-")


def test_an_entry_made_to_confuse_patterns_costs_no_time(read):
    table = read("a,b\n" + "1" * 100_000 + "x,2\n" + "1" * 100_000 + ".,2\n")
    assert table.n_rows == 2


def test_a_name_of_a_megabyte_is_cut_in_messages(read):
    with pytest.raises(DataError) as caught:
        select_features(read("n" * (1 << 20) + ",b\nx,1\ny,1\n"))
    assert len(str(caught.value)) < 1000


def test_column_names_may_be_latin_1(read):
    table = read("café,b\n1,2\n3,4\n".encode("latin-1"))
    assert table.column_names == ["café", "b"]
    assert "Latin-1" in table.notes[0]
