"""Bad input gets one clear line on standard error, exit code 2, and nothing is written."""

import json
import os
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from gaussmix import GaussianMixture
from gaussmix.cli.main import group, main

GOOD = "a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(30))


@pytest.fixture
def good(tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)


@pytest.fixture
def model_file(tmp_path):
    mixture = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [np.eye(2)] * 2, feature_names=["a", "b"]
    )
    mixture.save(tmp_path / "model.json")
    return tmp_path / "model.json"


FILES = {
    "empty.csv": (b"", "empty.csv: the file is empty"),
    "header.csv": (b"a,b\n", "header.csv: the file has column names but no rows"),
    "text.csv": (b"a,b\n1,2\n2,5\n3,12.x\n4,1\n", "text.csv, line 4, column 'b': '12.x' is not a number"),
    "words.csv": (b"a,b\nx,y\nz,w\n", "no column is left to fit (a: text (for example 'x'); b: text"),
    "ragged.csv": (b"a,b\n1,2\n3,4,5\n", "ragged.csv, line 3: 3 values, but 2 column names"),
    "short.csv": (b"a,b\n1,2\n3\n", "short.csv, line 3: 1 value, but 2 column names"),
    "binary.csv": (bytes(range(256)), "binary.csv: this is not a text file"),
    "utf16.csv": ("a,b\n1,2\n".encode("utf-16"), "utf16.csv: the text is UTF-16; save the file as UTF-8"),
    "fake.parquet": (b"a,b\n1,2\n", "fake.parquet: not a readable Parquet file"),
    "fake.csv.gz": (b"a,b\n1,2\n", "fake.csv.gz: not a complete gzip file"),
    "constant.csv": (
        b"a,b\n1,2\n1,2\n",
        "no column is left to fit (a: is constant (always 1); b: is constant",
    ),
    "infinite.csv": (b"a,b\n1,2\n3,inf\n", "infinite.csv, line 3, column 'b': the value is infinite"),
    "missing.csv": (b"a,b\n1,2\n,4\n5,NA\n6,\n", "'a' has 1, 'b' has 2 (3 of 4 rows, the first is line 3)"),
    "few.csv": (b"a,b\n1,2\n3,5\n", "few.csv: 2 rows for 5 components: at least 5 are needed"),
    "one.csv": (b"a,b\n1,2\n", "one.csv: 1 row for a fit: at least 2 are needed"),
    "single.csv": (b"a\n1,2\n", "single.csv, line 2: 2 values, but 1 column name (delimiter ',')"),
    "comment.csv": (
        b"# measured in May\na,b\n1,2\n3,4\n",
        "2 values, but 1 column name (delimiter ','); the file begins with a comment ('# measured in May')",
    ),
    "noheader.csv": (
        b"a,1.5\n1,2\n3,4\n5,1\n",
        "noheader.csv, line 1, column 'column_1': 'a' is not a number (1 of 4 entries: text among numbers); "
        "correct it; say --header if the first row holds names",
    ),
    "twice.csv": (b"a,a\n1,2\n", "twice.csv: the column name 'a' occurs 2 times"),
    "a\x1b[31m\n.csv": (b"", "a\\x1b[31m\\n.csv: the file is empty"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_explained(complaint, tmp_path, name):
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert message in complaint("fit", name, "--components", "5")


NOT_FOR_A_MODEL = {"constant.csv", "few.csv", "words.csv", "one.csv", "noheader.csv"}


@pytest.mark.parametrize("name", [name for name in FILES if name not in NOT_FOR_A_MODEL])
@pytest.mark.parametrize("command", ["predict", "score"])
def test_the_other_commands_explain_a_bad_file_in_the_same_way(
    complaint, model_file, tmp_path, name, command
):
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert message in complaint(command, "model.json", name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv"], "none.csv: no such file, nor a bundled data set; these are breast_cancer,"),
        (["."], ".: this is a folder; give a file in it"),
        (["good.csv", "-k", "0"], "--components must be 1 or more, but 0 was given."),
        (["good.csv", "-k", "-3"], "--components must be 1 or more, but -3 was given."),
        (["good.csv", "-k", "two"], "'two' is not a valid integer"),
        (
            ["good.csv", "-k", "31"],
            "good.csv: 30 rows for 31 components: at least 31 are needed; give more rows",
        ),
        (["good.csv", "--starts", "0"], "--starts must be 1 or more"),
        (["good.csv", "--max-iter", "0"], "--max-iter must be 1 or more"),
        (["good.csv", "--threads", "-1"], "--threads must be 1 or more"),
        (["good.csv", "--seed", "-1"], "--seed must lie between 0 and 4294967295, but -1 was given"),
        (["good.csv", "--seed", "4294967296"], "--seed must lie between 0 and 4294967295"),
        (["good.csv", "--tol", "-1"], "--tol must be 0 or more"),
        (["good.csv", "--tol", "nan"], "--tol must be 0 or more"),
        (["good.csv", "--covariance", "V"], "--covariance V is for a single column, but 2 are used"),
        (["good.csv", "--init", "best"], "'best' is not one of 'portfolio', 'kmeans'"),
        (["good.csv", "--covariance", "round"], "'round' is not one of 'full', 'tied', 'diag', 'spherical'"),
        (["good.csv", "--columns", "a,z"], "good.csv: there is no column 'z'; the columns are 'a', 'b'"),
        (["good.csv", "--exclude", "a,b"], "no column is left to fit (a: excluded as asked; b: excluded as"),
        (["good.csv", "--weights", "w"], "there is no column 'w'"),
        (["good.csv", "--output", "none/results"], "none/results: the folder none does not exist; create it"),
        (["good.csv", "--output", "good.csv"], "good.csv: a file of this name exists"),
        (["good.csv", "--output", "good.csv/results"], "good.csv/results: cannot write here"),
        (["good.csv", "--columns", ""], "--columns was given without a column name."),
        (["good.csv", "--exclude", ","], "--exclude was given without a column name."),
        (["good.csv", "--columns", "a\nb"], "--columns takes names separated by commas, in one line"),
        (["good.csv", "--exclude", "a\rb"], "--exclude takes names separated by commas, in one line"),
        (["good.csv", "--weights", ""], "good.csv: there is no column ''"),
        (
            ["good.csv", "--columns", "a", "--weights", "a"],
            "good.csv: no column is left to fit: each of 'a' is excluded or holds the weights",
        ),
        ([], "Missing argument 'FILE'."),
        (["good.csv", "--bogus"], "No such option"),
        (["good.csv", "other.csv"], "Got unexpected extra argument"),
    ],
)
def test_a_bad_request_is_explained(complaint, good, arguments, message):
    assert message in complaint("fit", *arguments)


def test_an_unknown_command_is_explained(complaint):
    assert "No such command 'fti'." in complaint("fti")


@pytest.mark.parametrize("command", ["predict", "score"])
@pytest.mark.parametrize("content", ["a,b\n1,inf\n2,3\n", "a,b\n1,2\n2,\n3,5\n", "a,b\n1,x\n2,3\n"])
def test_advice_names_only_options_that_the_command_has(complaint, model_file, tmp_path, command, content):
    (tmp_path / "data.csv").write_text(content)
    text = complaint(command, "model.json", "data.csv")
    own = {option for parameter in group.get_command(None, command).params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", text)) <= own
    assert "--exclude" in complaint("fit", "data.csv")


def test_a_table_of_empty_rows_is_explained_to_predict_too(complaint, model_file, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,\n,2\n")
    assert "fill in the emptiest columns" in complaint("predict", "model.json", "data.csv", "--drop-missing")


def test_more_samples_than_memory_holds_are_refused_as_one_document(complaint, model_file):
    assert "as one JSON document need about" in complaint("sample", "model.json", "-n", 10**11, "--json")


def test_errors_leave_standard_output_empty_with_json_too(complaint, good):
    assert "no such file" in complaint("fit", "none.csv", "--json")


def test_weights_of_zero_do_not_count_as_rows(complaint, tmp_path):
    (tmp_path / "data.csv").write_text("a,w\n1,1\n2,0\n3,1\n")
    assert "2 rows for 3 components" in complaint("fit", "data.csv", "--weights", "w", "-k", "3")


def test_a_folder_of_somebody_else_is_never_replaced(complaint, good, tmp_path):
    (tmp_path / "gaussmix-good").mkdir()
    (tmp_path / "gaussmix-good/model.json").write_text("{}")
    (tmp_path / "gaussmix-good/thesis.tex").write_text("precious")
    assert "it holds 'thesis.tex'" in complaint("fit", "good.csv", "--overwrite")
    assert (tmp_path / "gaussmix-good/thesis.tex").read_text() == "precious"


def test_results_are_replaced_only_on_request(run, complaint, good, tmp_path):
    assert run("fit", "good.csv", "-k", "1").code == 0
    assert "replace it with --overwrite" in complaint("fit", "good.csv", "-k", "2", "--no-report")
    assert run("fit", "good.csv", "-k", "2", "--no-report", "--overwrite").code == 0
    assert sorted(os.listdir(tmp_path / "gaussmix-good")) == ["labels.csv", "model.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_without_permission_is_named(complaint, good, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "locked/results: cannot write here (Permission denied)" in complaint(
        "fit", "good.csv", "--output", "locked/results"
    )


def edited(content, **changes):
    return json.dumps(json.loads(content) | changes)


BROKEN_MODELS = {
    "truncated": (lambda text: text[: len(text) // 2], "model.json: damaged or not a gaussmix model file"),
    "empty": (lambda text: "", "model.json: damaged or not a gaussmix model file"),
    "text": (lambda text: "hello", "model.json: damaged or not a gaussmix model file"),
    "other_json": (lambda text: '{"a": 1}', "model.json: not a gaussmix model file"),
    "newer": (lambda text: edited(text, format_version=99), "model.json: written by a newer version"),
    "nan": (lambda text: edited(text, weights=[float("nan"), 0.5]), "model.json: damaged model file"),
    "not_a_number": (lambda text: edited(text, weights=["0.5", 0.5]), "model.json: damaged model file"),
    "null": (lambda text: edited(text, means=None), "model.json: damaged model file"),
    "wrong_shape": (lambda text: edited(text, means=[[0.0, 0.0]]), "model.json: damaged model file"),
    "huge_count": (lambda text: edited(text, n_components=10**12), "model.json: damaged model file"),
    "not_positive": (
        lambda text: edited(text, covariances=[[[1, 2], [2, 1]], [[1, 0], [0, 1]]]),
        "model.json: damaged model file",
    ),
    "code": (lambda text: edited(text, covariance_type="__import__('os')"), "unknown covariance_type"),
    "deep": (lambda text: "[" * 200_000, "model.json: "),
    "deep_and_closed": (lambda text: "[" * 200_000 + "]" * 200_000, "model.json: "),
    "long_number": (lambda text: text.replace("0.5", "9" * 10_000, 1), "model.json: damaged model file"),
    "not_utf8": (lambda text: b"\xff\xfe\x00", "model.json: not a gaussmix model file"),
}


@pytest.mark.parametrize("kind", BROKEN_MODELS)
@pytest.mark.parametrize(
    "command", [["predict", "good.csv"], ["score", "good.csv"], ["sample", "-n1"], ["show"]]
)
def test_a_broken_model_file_is_explained(complaint, good, model_file, kind, command):
    break_it, message = BROKEN_MODELS[kind]
    content = break_it(model_file.read_text())
    model_file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in complaint(command[0], "model.json", *command[1:])


def test_a_missing_model_or_a_folder_without_one_is_explained(complaint, good, tmp_path):
    assert "none.json: no such model file" in complaint("show", "none.json")
    assert "no such model file" in complaint("predict", ".", "good.csv")


def test_a_table_for_another_model_is_explained(complaint, model_file, tmp_path):
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    assert "the model needs the columns 'a', 'b', which this table lacks; it has 'x', 'y'" in complaint(
        "predict", "model.json", "other.csv"
    )
    (tmp_path / "text.csv").write_text("a,b\n1,x\n2,y\n")
    assert "the column 'b' cannot be used: text (for example 'x'); numbers are needed" in complaint(
        "score", "model.json", "text.csv"
    )


def test_a_table_of_another_width_is_explained_for_a_model_without_names(complaint, tmp_path):
    GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [np.eye(2)]).save(tmp_path / "model.json")
    (tmp_path / "three.csv").write_text("x,y,z\n1,2,3\n")
    assert "the model has 2 features and no names for them, but this table has 3 columns" in complaint(
        "predict", "model.json", "three.csv"
    )


@pytest.mark.parametrize("n_rows", ["0", "-5", "x"])
def test_a_bad_number_of_samples_is_explained(complaint, model_file, n_rows):
    assert "--rows" in complaint("sample", "model.json", "-n", n_rows)


@pytest.mark.parametrize("command", [["predict", "model.json", "good.csv"], ["sample", "model.json", "-n5"]])
def test_an_impossible_output_file_is_explained(complaint, good, model_file, command):
    assert "none" in complaint(*command, "--output", "none/labels.csv")
    assert "folder" in complaint(*command, "--output", ".")


def test_half_written_output_never_replaces_a_file(run, good, model_file, tmp_path):
    (tmp_path / "labels.csv").write_text("precious")
    (tmp_path / "bad.csv").write_text("a,b\n1,inf\n2,1\n")
    assert run("predict", "model.json", "bad.csv", "-o", "labels.csv").code == 2
    assert (tmp_path / "labels.csv").read_text() == "precious"


def test_missing_values_in_parquet_are_named_by_row(complaint, tmp_path):
    pyarrow.parquet.write_table(
        pa.table({"a": [1.0, None, 2.0], "b": [1.0, 2.0, 3.0]}), tmp_path / "data.parquet"
    )
    assert "(1 of 3 rows, the first is row 1 (counted from 0))" in complaint("fit", "data.parquet")


def test_infinite_values_in_parquet_are_named_by_row(complaint, tmp_path):
    pd.DataFrame({"a": [1.0, np.inf], "b": [1.0, 2.0]}).to_parquet(tmp_path / "data.parquet")
    assert "data.parquet, row 1 (counted from 0), column 'a': the value is infinite (inf)" in complaint(
        "fit", "data.parquet"
    )


def test_a_bug_is_one_line_with_exit_code_1_and_a_traceback_on_request(run, good, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("gaussmix.data.read_table", broken, raising=False)
    result = run("fit", "good.csv")
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "unexpected ZeroDivisionError: oops. This is a bug" in result.err
    for arguments in (["--debug", "fit", "good.csv"], ["fit", "good.csv", "--debug"]):
        with pytest.raises(ZeroDivisionError):
            main(arguments)


def test_every_command_has_help_with_every_option_explained(run):
    for name, command in ((name, group.get_command(None, name)) for name in group.list_commands(None)):
        assert run(name, "--help").code == 0
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize("options", [("-k", "2"), (), ("-k", "2", "--standardize")])
@pytest.mark.parametrize("unit", [1e300, 1e-200])
def test_values_beyond_double_precision_are_told_with_their_column(complaint, tmp_path, unit, options):
    values = np.random.RandomState(0).normal(size=(40, 2))
    values[:, 1] *= unit
    np.savetxt(tmp_path / "far.csv", values, delimiter=",", header="a,b", comments="")
    told = complaint("fit", "far.csv", *options)
    assert "far.csv: column 'b' has a standard deviation of" in told
    assert ".." not in told


def test_more_factors_than_columns_allow_are_refused(complaint, good):
    told = complaint("fit", "good.csv", "-k", "2", "--covariance", "ppca", "--factors", "7")
    assert "good.csv: --factors 7 for 2 columns" in told
