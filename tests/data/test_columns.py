"""Columns are chosen as a person would, with reasons, and mistakes are named by their place."""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pytest

from gaussmix.data import match_features, read_table, select_features
from gaussmix.data.table import Table
from gaussmix.exceptions import DataError


@pytest.fixture
def read(tmp_path):
    def read(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text)
        return read_table(path)

    return read


def arrow(**columns):
    return Table(pa.table(columns), "table", "table")


def reasons(features):
    return {column.column: column.reason for column in features.left_out}


def test_iris_gives_its_measurements_and_leaves_the_species_out():
    features = select_features(read_table("iris"))
    assert features.values.shape == (150, 4)
    assert features.values.dtype == np.float64
    assert features.values.flags.c_contiguous
    assert reasons(features) == {"species": "text (for example 'setosa')"}


def test_every_kind_of_column_is_kept_or_left_out_with_its_reason():
    n = 12
    features = select_features(
        arrow(
            number=np.linspace(0, 1, n),
            flag=[True, False] * 6,
            code=pa.array([3, 1] * 6, pa.uint8()),
            price=[decimal.Decimal("1.25"), decimal.Decimal("2.50")] * 6,
            word=["a", "b"] * 6,
            coded=pa.array(["x", "y"] * 6).dictionary_encode(),
            day=[datetime.date(2020, 1, 1)] * n,
            list=[[1.0]] * n,
            none=pa.nulls(n),
            same=[7] * n,
            counter=np.arange(5, 5 + n),
            patient_id=np.arange(n)[::-1] * 3,
        )
    )
    assert features.names == ("number", "flag", "code", "price")
    np.testing.assert_array_equal(features.values[1], [1 / 11, 0, 1, 2.5])
    assert reasons(features) == {
        "word": "text (for example 'a')",
        "coded": "text (for example 'x')",
        "day": "dates or times (for example '2020-01-01')",
        "list": "nested values",
        "none": "has no values",
        "same": "is constant (always 7)",
        "counter": "only numbers the rows (integers that increase by one)",
        "patient_id": "looks like an identifier (its name, and integers that are all different)",
    }


@pytest.mark.parametrize("name", ["id", "ID", "index", "PassengerId", "sample_id", "Unnamed: 0", "row"])
def test_identifiers_are_known_by_their_names(name):
    table = arrow(**{name: [5, 3, 9], "x": [1.0, 2.0, 4.0]})
    assert select_features(table).names == ("x",)
    assert select_features(table, columns=[name]).names == (name,)


@pytest.mark.parametrize("name", ["humid", "paid", "width", "key figure", "rowing"])
def test_measurements_are_not_taken_for_identifiers(name):
    assert select_features(arrow(**{name: [5, 3, 9]})).names == (name,)


def test_an_identifier_that_repeats_is_a_measurement():
    assert select_features(arrow(id=[1, 1, 2])).names == ("id",)


def test_the_nameless_index_column_of_a_data_frame_is_left_out(read):
    assert select_features(read(",x\n7,1.5\n3,2.5\n")).names == ("x",)


def test_columns_are_taken_in_the_order_asked_for_and_once():
    table = arrow(a=[1.0, 2.0], b=[3.0, 5.0], c=[0.0, 1.0])
    features = select_features(table, columns=["c", "a", "c"])
    assert features.names == ("c", "a")
    np.testing.assert_array_equal(features.values, [[0, 1], [1, 2]])


def test_excluded_columns_are_left_out_even_if_they_are_broken(read):
    features = select_features(read("a,b\n1,2\n3,x\n4,5\n6,7\n"), exclude=["b"])
    assert features.names == ("a",)
    assert reasons(features) == {"b": "excluded as asked"}


@pytest.mark.parametrize("argument", ["columns", "exclude"])
def test_an_unknown_column_is_named_with_the_known_ones(argument):
    with pytest.raises(DataError, match=r"there is no column 'z'; the columns are 'a', 'b'"):
        select_features(arrow(a=[1.0, 2.0], b=[1.0, 2.0]), **{argument: ["z"]})


def test_a_column_of_text_asked_for_by_name_is_an_error():
    with pytest.raises(
        DataError, match=r"the column 'species' cannot be used: text \(for example 'setosa'\)"
    ):
        select_features(read_table("iris"), columns=["species"])


def test_a_constant_column_asked_for_by_name_is_an_error():
    with pytest.raises(DataError, match=r"the column 'a' is constant \(always 3\)"):
        select_features(arrow(a=[3.0, 3.0], b=[1.0, 2.0]), columns=["a", "b"])


def test_a_typing_mistake_among_numbers_is_named_by_line_column_and_value(read):
    with pytest.raises(
        DataError, match=r"data.csv, line 4, column 'b': '12.x' is not a number \(2 of 5 entries"
    ):
        select_features(read("a,b\n1,2\n\n3,12.x\n4,\n5,abc\n6,7\n"), drop_missing=True)


def test_a_typing_mistake_is_found_among_decimal_commas_too(read):
    with pytest.raises(DataError, match=r"line 3, column 'b': '2 5' is not a number"):
        select_features(read("a;b\n1,5;3,5\n2,5;2 5\n3,5;4,5\n"))


def test_decimal_commas_with_spaces_are_numbers(read):
    features = select_features(read("a;b\n1,5; NA \n2,5;2,25\n3,5;4,5 \n"), drop_missing=True)
    np.testing.assert_array_equal(features.values, [[2.5, 2.25], [3.5, 4.5]])


def test_one_mistake_in_a_million_rows_is_found(read):
    text = "a,b\n" + "1.5,2\n2.5,1\n" * 500_000 + "oops,3\n"
    with pytest.raises(DataError, match=r"line 1000002, column 'a': 'oops' is not a number \(1 of 1000001 "):
        select_features(read(text))


def test_codes_with_many_letters_are_text_and_no_mistake(read):
    text = "code,x\n" + "".join(f"{'AB'[i % 2] if i % 2 else ''}{i * 37},{i % 5}\n" for i in range(40))
    assert reasons(select_features(read(text)))["code"].startswith("text")


def test_numbers_with_spaces_and_spaced_missing_markers_are_numbers(read):
    features = select_features(read("a,b\n 1 , NA \n2.5 ,  3\n-4, 5e-1 \n"), drop_missing=True)
    np.testing.assert_array_equal(features.values, [[2.5, 3], [-4, 0.5]])
    assert features.rows.tolist() == [1, 2]
    assert features.n_dropped == 1


def test_columns_separated_by_spaces_are_explained(read):
    with pytest.raises(DataError, match=r"several numbers in one entry \('1 2'\); separate them by commas"):
        select_features(read("a b\n1 2\n3 4\n", "data.txt"))


@pytest.mark.parametrize("value", ["inf", "-Infinity", "INF", "1e999"])
def test_an_infinite_value_is_named_by_line_and_column(read, value):
    with pytest.raises(DataError, match=r"data.csv, line 3, column 'b': the value is infinite \(-?inf\)"):
        select_features(read(f"a,b\n1,2\n3,{value}\n4,5\n"))


def test_an_infinite_value_in_parquet_is_named_by_row():
    with pytest.raises(
        DataError,
        match=r"row 1 \(counted from 0\), column 'a': the value is infinite \(inf\) \(2 such values",
    ):
        select_features(arrow(a=[1.0, np.inf, -np.inf]))


def test_missing_values_are_named_and_counted_with_the_first_line(read):
    with pytest.raises(
        DataError,
        match=r"missing values: 'a' has 1, 'c' has 2 \(2 of 4 rows, the first is line 3\); .*--drop-missing",
    ):
        select_features(read("a,b,c\n1,2,3\n,3,\n4,5,?\n5,6,7\n"))


def test_nan_in_parquet_is_a_missing_value():
    with pytest.raises(DataError, match=r"'a' has 2 \(2 of 4 rows, the first is row 1 \(counted from 0\)\)"):
        select_features(arrow(a=pa.array([1.0, np.nan, None, 2.0]), b=[1.0, 2.0, 3.0, 4.0]))


def test_rows_with_missing_values_are_dropped_as_asked():
    features = select_features(
        arrow(a=pa.array([1.0, None, 3.0, 4.0]), b=[1, 2, 3, 5], word=["x", None, "y", None]),
        drop_missing=True,
    )
    np.testing.assert_array_equal(features.values, [[1, 1], [3, 3], [4, 5]])
    assert features.rows.tolist() == [0, 2, 3]
    assert features.n_dropped == 1


def test_missing_values_in_columns_that_are_not_used_do_not_matter():
    table = arrow(a=[1.0, 2.0], b=pa.array([1.0, None]), same=pa.array([7, None]))
    assert select_features(table, exclude=["b"]).names == ("a",)


def test_dropping_every_row_is_an_error():
    with pytest.raises(DataError, match=r"every row has a missing value"):
        select_features(
            arrow(a=pa.array([1.0, 2.0, None, None]), b=pa.array([None, None, 1, 2])), drop_missing=True
        )


def test_a_column_that_becomes_constant_by_dropping_is_left_out():
    features = select_features(arrow(a=[7, 7, 8], b=pa.array([1.0, 2.0, None])), drop_missing=True)
    assert features.names == ("b",)
    assert reasons(features) == {"a": "is constant (always 7) in the rows without missing values"}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1, 1], "b": [2.5, 2.5]}, r"a: is constant \(always 1\); b: is constant \(always 2.5\)"),
        ({"word": ["x", "y"]}, r"word: text \(for example 'x'\)"),
        ({"a": [1.5]}, r"a: is constant \(always 1.5\)"),
    ],
)
def test_a_table_without_a_usable_column_is_an_error_with_all_reasons(columns, reason):
    with pytest.raises(DataError, match=rf"no column is left to fit \({reason}\)"):
        select_features(arrow(**columns))


def test_single_precision_stays_only_if_every_column_has_it():
    single, double = pa.array([1.5, 2.5], pa.float32()), [1.0, 2.0]
    assert select_features(arrow(a=single, b=single)).values.dtype == np.float32
    assert select_features(arrow(a=single, b=double)).values.dtype == np.float64


def test_weights_are_read_and_are_no_feature():
    features = select_features(
        arrow(a=[1.0, 2.0, 4.0], w=pa.array([0, 2, None])), weights="w", drop_missing=True
    )
    assert features.names == ("a",)
    np.testing.assert_array_equal(features.sample_weight, [0.0, 2.0])
    assert reasons(features) == {"w": "holds the weights of the rows"}


def test_equal_weights_are_allowed():
    assert select_features(arrow(a=[1.0, 2.0], w=[3, 3]), weights="w").sample_weight.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -2.0], r"row 1 \(counted from 0\), column 'w': the weight -2 is negative"),
        ([0.0, 0.0], r"all weights in column 'w' are 0"),
        (["a", "b"], r"the column 'w' cannot be used: text"),
        ([1.0, np.inf], r"row 1 \(counted from 0\), column 'w': the value is infinite"),
        ([1.0, np.nan], r"missing values: 'w' has 1"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(DataError, match=message):
        select_features(arrow(a=[1.0, 2.0], w=weights), weights="w")


def test_columns_of_a_model_are_found_by_name_in_any_order():
    features = match_features(arrow(extra=["x"], b=[2.0], a=[1.0]), ["a", "b"], 2)
    assert features.names == ("a", "b")
    np.testing.assert_array_equal(features.values, [[1, 2]])


def test_a_constant_column_or_counter_is_fine_for_a_model():
    features = match_features(arrow(a=np.arange(20), b=[1] * 20), ["a", "b"], 2)
    assert features.values.shape == (20, 2)


def test_columns_that_a_model_needs_and_the_table_lacks_are_named():
    with pytest.raises(
        DataError, match=r"the model needs the columns 'b', 'c', which this table lacks; it has 'a'"
    ):
        match_features(arrow(a=[1.0]), ["a", "b", "c"], 3)


def test_a_model_without_names_takes_the_numbers_by_position():
    features = match_features(arrow(word=["x"], b=[2.0], a=[1.0]), None, 2)
    np.testing.assert_array_equal(features.values, [[2, 1]])
    with pytest.raises(DataError, match=r"the model has 3 features and no names for them, .* 2 columns"):
        match_features(arrow(b=[2.0], a=[1.0]), None, 3)


def test_a_column_that_a_model_needs_must_hold_numbers():
    with pytest.raises(DataError, match=r"the column 'a' cannot be used: text"):
        match_features(arrow(a=["x"]), ["a"], 1)


def test_names_with_control_characters_do_not_reach_a_message(read):
    with pytest.raises(DataError) as caught:
        select_features(read("a\x1b[31m,b\nx\x1b[0m,1\ny,1\n"))
    assert str(caught.value).isprintable()
