"""`gaussmix fit` turns a table into a complete folder of results."""

import gzip
import json
import os
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from gaussmix import load_model
from gaussmix.cli.fit import command
from gaussmix.covariance import FAMILIES
from gaussmix.initialization import STARTS

RESULTS = ["labels.csv", "model.json", "plot.png", "report.html"]


@pytest.fixture
def two_groups(tmp_path):
    """A file with two far groups, a column of text and an identifier."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": np.arange(80),
            "length": np.r_[generator.normal(10, 1, 50), generator.normal(30, 2, 30)],
            "width": np.r_[generator.normal(5, 1, 50), generator.normal(-5, 1, 30)],
            "kind": ["a"] * 50 + ["b"] * 30,
        }
    )
    frame.to_csv(tmp_path / "groups.csv", index=False)
    return frame


def test_a_bundled_set_gives_every_file_and_a_summary(run, tmp_path):
    result = run("fit", "iris", "--components", "3")
    assert result.code == 0
    assert sorted(os.listdir(tmp_path / "gaussmix-iris")) == RESULTS
    assert os.listdir(tmp_path) == ["gaussmix-iris"]
    assert "150 rows, 4 columns used" in result.out
    assert "Column left out: species: text (for example 'setosa')." in result.out
    assert "gaussmix-iris: labels.csv, model.json, plot.png, report.html" in result.out
    assert result.err == ""
    assert (tmp_path / "gaussmix-iris/plot.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "gaussmix-iris/report.html").read_text()
    assert "iris" in page
    assert "species: text" in page


def test_labels_probabilities_and_densities_belong_to_the_saved_model(run, tmp_path):
    run("fit", "iris", "--components", "3", "--no-report")
    labels = pd.read_csv(tmp_path / "gaussmix-iris/labels.csv")
    model = load_model(tmp_path / "gaussmix-iris/model.json")
    frame = load_iris(as_frame=True).data
    assert labels["row"].tolist() == list(range(150))
    np.testing.assert_array_equal(labels["label"], model.predict(frame))
    np.testing.assert_allclose(labels["probability"], model.predict_proba(frame).max(axis=1), rtol=1e-9)
    np.testing.assert_allclose(labels["log_density"], model.score_samples(frame), rtol=1e-9)
    assert list(model.feature_names_in_) == list(frame.columns)
    # The three-component mixture of iris is known to recover the species but for five flowers.
    assert adjusted_rand_score(load_iris().target, labels["label"]) == pytest.approx(0.9039, abs=1e-3)


def test_without_a_number_the_best_by_bic_is_chosen_and_the_runners_up_are_named(run, two_groups, tmp_path):
    result = run("fit", "groups.csv", "--no-report")
    assert re.search(r"2 components of type \w{3} chosen by BICc among 1 to 9 and 14 covariance", result.text)
    assert re.search(r"next best \w{3} \d \(\+[\d.]+, <?[\d.]+%\)", result.text)
    labels = pd.read_csv(tmp_path / "gaussmix-groups/labels.csv")["label"]
    assert adjusted_rand_score(two_groups["kind"], labels) == 1.0


def test_json_is_one_document_with_everything(run, two_groups):
    result = run("fit", "groups.csv", "--json")
    document = result.json
    assert document["columns"] == ["length", "width"]
    assert [column["column"] for column in document["left_out"]] == ["id", "kind"]
    without_noise = [candidate for candidate in document["selection"] if not candidate["noise"]]
    numbers = [candidate["n_components"] for candidate in without_noise]
    assert numbers == list(np.repeat(range(1, 10), 14))
    assert document["files"] == RESULTS
    assert document["folder"] == "gaussmix-groups"
    assert document["n_rows"] == 80
    assert len(document["summary"]["components"]) == 2
    assert result.err == ""


def test_quiet_prints_nothing(run, two_groups, tmp_path):
    result = run("fit", "groups.csv", "--components", "2", "--quiet", "--no-report")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert sorted(os.listdir(tmp_path / "gaussmix-groups")) == ["labels.csv", "model.json"]


def test_runs_repeat_exactly(run, two_groups, tmp_path):
    contents = []
    for folder in ("one", "two"):
        assert run("fit", "groups.csv", "-k", "3", "--output", folder).code == 0
        contents.append([(tmp_path / folder / name).read_bytes() for name in ("labels.csv", "model.json")])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_standardizing_reports_means_and_criteria_in_the_datas_own_units(
    run, two_groups, tmp_path, covariance
):
    options = ["-k", "2", "--covariance", covariance, "--no-report", "--json"]
    plain = run("fit", "groups.csv", *options, "--output", "plain").json
    scaled = run("fit", "groups.csv", *options, "--output", "scaled", "--standardize").json
    models = [load_model(tmp_path / folder) for folder in ("plain", "scaled")]
    means = [model.means_[np.argsort(model.weights_)] for model in models]
    np.testing.assert_allclose(means[1], means[0], rtol=1e-3)
    assert any("data's own units" in note for note in scaled["notes"])
    assert models[1].covariance_type == ("diag" if covariance == "spherical" else covariance)
    assert any("are diag ones" in note for note in scaled["notes"]) == (covariance == "spherical")
    if covariance != "spherical":
        assert scaled["summary"]["bic"] == pytest.approx(plain["summary"]["bic"], rel=1e-5)


def test_the_choice_on_standardized_columns_is_told_in_the_datas_own_units(run, two_groups):
    options = ["--covariance", "full", "--no-report", "--json"]
    plain = run("fit", "groups.csv", *options, "--output", "plain").json
    scaled = run("fit", "groups.csv", *options, "--output", "scaled", "--standardize").json
    for one, other in zip(plain["selection"][:2], scaled["selection"][:2], strict=True):
        assert other["bic"] == pytest.approx(one["bic"], rel=1e-5)
    sound = [candidate for candidate in scaled["selection"] if candidate["message"] is None]
    chosen = min(sound, key=lambda candidate: candidate["bic"])
    assert scaled["summary"]["bic"] == pytest.approx(chosen["bic"], rel=1e-9)


def test_columns_are_chosen_and_excluded(run, two_groups):
    options = ["-k", "1", "--no-report", "--json", "--overwrite"]
    assert run("fit", "groups.csv", "--columns", "width,id", *options).json["columns"] == ["width", "id"]
    assert run("fit", "groups.csv", "--columns", "width", "--columns", "id", *options).json["columns"] == [
        "width",
        "id",
    ]
    assert run("fit", "groups.csv", "--exclude", "width", *options).json["columns"] == ["length"]


def test_a_column_name_with_a_comma_can_be_quoted(run, tmp_path):
    (tmp_path / "data.csv").write_text('"a, b",c\n1,2\n2,3\n4,1\n')
    result = run("fit", "data.csv", "--columns", '"a, b"', "-k", "1", "--no-report", "--json")
    assert result.json["columns"] == ["a, b"]


def test_weights_are_repetition(run, two_groups, tmp_path):
    weights = np.arange(80) % 3
    two_groups.assign(w=weights).to_csv(tmp_path / "weighted.csv", index=False)
    two_groups.loc[two_groups.index.repeat(weights)].to_csv(tmp_path / "repeated.csv", index=False)
    options = ["-k", "2", "--no-report", "--columns", "length,width"]
    assert run("fit", "weighted.csv", "--weights", "w", *options).code == 0
    assert run("fit", "repeated.csv", *options).code == 0
    one, other = (load_model(tmp_path / f"gaussmix-{name}") for name in ("weighted", "repeated"))
    np.testing.assert_allclose(
        one.means_[np.argsort(one.weights_)], other.means_[np.argsort(other.weights_)], rtol=1e-6
    )
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-6)


def test_dropped_rows_are_counted_and_labels_keep_the_rows_of_the_file(run, two_groups, tmp_path):
    two_groups.loc[3, "length"] = np.nan
    two_groups.to_csv(tmp_path / "gaps.csv", index=False)
    result = run("fit", "gaps.csv", "-k", "2", "--drop-missing", "--no-report")
    assert "1 row with a missing value was dropped." in result.text
    rows = pd.read_csv(tmp_path / "gaussmix-gaps/labels.csv")["row"]
    assert rows.tolist() == [row for row in range(80) if row != 3]


@pytest.mark.parametrize("name", ["data.tsv", "data.parquet", "data.csv.gz", "data.txt", "data.tsv.gz"])
def test_every_format_gives_the_same_model(run, two_groups, tmp_path, name):
    path = tmp_path / name
    if name == "data.parquet":
        two_groups.to_parquet(path)
    elif name.endswith(".gz"):
        text = two_groups.to_csv(index=False, sep="\t" if "tsv" in name else ",")
        path.write_bytes(gzip.compress(text.encode()))
    else:
        two_groups.to_csv(path, index=False, sep="\t" if name == "data.tsv" else ";")
    for source, folder in (("groups.csv", "one"), (name, "two")):
        assert run("fit", source, "-k", "2", "--no-report", "--output", folder).code == 0
    one, two = (json.loads((tmp_path / folder / "model.json").read_text()) for folder in ("one", "two"))
    assert one["means"] == two["means"]


def test_fit_options_reach_the_model(run, two_groups, tmp_path):
    options = ["--covariance", "diag", "--starts", "3", "--seed", "7", "--max-iter", "50", "--tol", "1e-4"]
    options += ["--init", "kmeans", "--no-moves", "--spikes", "allow", "--no-acceleration"]
    assert run("fit", "groups.csv", "-k", "2", "--no-report", "--threads", "1", *options).code == 0
    parameters = load_model(tmp_path / "gaussmix-groups").get_params()
    assert parameters["covariance_type"] == "diag"
    assert parameters["n_init"] == 3
    assert parameters["random_state"] == 7
    assert parameters["max_iter"] == 50
    assert parameters["tol"] == 1e-4
    assert parameters["init_params"] == "kmeans"
    assert parameters["moves"] is None
    assert parameters["spikes"] == "allow"
    assert parameters["accelerate"] is False


def test_every_family_and_every_start_can_be_named():
    choices = {
        option.name: option.type.choices for option in command.params if hasattr(option.type, "choices")
    }
    assert list(choices["covariance"]) == list(FAMILIES)
    assert list(choices["init"]) == list(STARTS)


def test_how_the_starts_compare_is_said_and_kept(run, two_groups, tmp_path):
    said = re.compile(r"\d+ of \d+ starts agree; the next best optimum is [\d.]+ nats a row lower\.")
    result = run("fit", "groups.csv", "-k", "2", "--output", "two")
    assert said.search(result.text)
    assert said.search((tmp_path / "two/report.html").read_text())
    assert said.search(run("show", "two").text)
    document = run("fit", "groups.csv", "-k", "2", "--json", "--output", "two", "--overwrite").json
    kept = vars(load_model(tmp_path / "two").stability_)
    assert document["summary"]["stability"] == kept == run("show", "two", "--json").json["fit"]["stability"]
    assert said.search(" ".join(document["summary"]["stability_sentences"]))


def test_standardizing_keeps_how_the_starts_compare(run, two_groups, tmp_path):
    result = run("fit", "groups.csv", "-k", "2", "--standardize", "--no-report")
    assert "starts agree" in result.text


def test_a_fit_that_does_not_converge_says_so_once(run, two_groups):
    result = run("fit", "groups.csv", "-k", "5", "--max-iter", "1", "--no-report")
    assert result.code == 0
    assert result.err == ""
    assert result.text.count("The fit stopped before it converged") == 1


def test_names_from_the_file_cannot_steer_the_terminal(run, tmp_path):
    (tmp_path / "data.csv").write_text("a\x1b[31m,[bold]b<script>,w\x1b]0;x\n1,2,x\n2,3,y\n4,1,z\n3,3,z\n")
    result = run("fit", "data.csv", "-k", "1")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "[bold]b" in result.out
    page = (tmp_path / "gaussmix-data/report.html").read_text()
    assert "\x1b" not in page
    assert "[bold]b&lt;script&gt;" in page
    assert "[bold]b<script>" not in page


def test_the_folder_is_named_after_the_file_without_strange_characters(run, tmp_path):
    (tmp_path / "my data (1).csv").write_text("a,b\n1,2\n2,3\n4,1\n")
    assert run("fit", "my data (1).csv", "-k", "1", "--no-report").code == 0
    assert (tmp_path / "gaussmix-my_data_1").is_dir()


def test_unusual_rows_are_numbered_as_in_the_labels(run, two_groups, tmp_path):
    two_groups.loc[3, "length"] = np.nan
    two_groups.loc[60, "width"] = 500.0
    two_groups.to_csv(tmp_path / "gaps.csv", index=False)
    document = run("fit", "gaps.csv", "-k", "1", "--drop-missing", "--json").json
    labels = pd.read_csv(tmp_path / "gaussmix-gaps/labels.csv")
    least = labels.sort_values("log_density")["row"].tolist()
    assert least[0] == 60
    unusual = [row["row"] for row in document["summary"]["unusual_rows"]]
    assert unusual == least[: len(unusual)]


def test_collapsed_fits_are_passed_over_and_said_so(run, tmp_path):
    generator = np.random.default_rng(3)
    values = np.concatenate([generator.normal(size=(60, 2)), np.full((15, 2), 1.5)])
    pd.DataFrame(values, columns=["a", "b"]).to_csv(tmp_path / "data.csv", index=False)
    result = run("fit", "data.csv", "--covariance", "full", "--no-report")
    assert "Passed over, as a component is left with too few rows, or its rows hardly differ" in result.text
    assert "columns that follow from others" not in result.text
    assert "a simpler covariance family (--covariance) may hold more" in result.text


def test_columns_that_follow_from_others_are_told(run, tmp_path):
    generator = np.random.default_rng(0)
    values = generator.normal(size=(120, 2)) + np.repeat([[0, 0], [6, 3]], 60, axis=0)
    table = pd.DataFrame(values, columns=["a", "b"])
    table.assign(c=table["a"] + table["b"]).to_csv(tmp_path / "data.csv", index=False)
    options = ["--no-report", "--overwrite"]
    result = run("fit", "data.csv", "-k", "2", "--covariance", "full", *options)
    told = "c = a + b: what follows from other features adds nothing, and was left out of the fit."
    assert told in result.text
    assert "hardly differ" not in result.text
    assert result.err == ""
    chosen = run("fit", "data.csv", *options)
    assert told in chosen.text
    assert "there may be columns" not in chosen.text


def test_a_collapsed_component_is_told_once_and_not_in_the_words_of_python(run, tmp_path):
    values = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((15, 2), 1.5)])
    pd.DataFrame(values, columns=["a", "b"]).to_csv(tmp_path / "data.csv", index=False)
    result = run("fit", "data.csv", "-k", "2", "--no-report")
    assert (result.code, result.err) == (0, "")
    assert "reg_covar" not in result.out


@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_many_more_parameters_than_values_are_warned_of(run, tmp_path, covariance):
    values = np.random.default_rng(0).normal(size=(8, 30))
    pd.DataFrame(values, columns=[f"c{i}" for i in range(30)]).to_csv(tmp_path / "wide.csv", index=False)
    options = ["--covariance", covariance, "-k", "1", "--no-report", "--overwrite"]
    result = run("fit", "wide.csv", *options)
    # A mean of 30, and the 30 * 31 / 2 variances and covariances.
    assert (
        "1 component has 495 free parameters, but the table has only 240 values (8 rows of 30" in result.err
    )
    assert "--covariance diag" in result.err
    assert result.err.count("\n") == 1
    assert run("fit", "wide.csv", *options, "--quiet").err == ""
    assert "diag" not in run("fit", "wide.csv", *options, "--covariance", "diag").err


def test_a_file_whose_name_is_not_utf8_is_fitted(run, tmp_path):
    path = os.fsencode(tmp_path) + b"/x\xff.csv"
    with open(path, "w") as file:
        file.write("a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(30)))
    result = run("fit", os.fsdecode(path), "-k", "2")
    assert (result.code, result.err) == (0, "")
    assert "x\\udcff.csv" in result.out.replace("\n", "")  # a long path is broken over lines
    result = run("fit", os.fsdecode(path), "-k", "2", "--json", "-o", "second")
    assert result.json["source"].endswith("x\\udcff.csv")


def test_help_shows_the_examples_line_by_line(run):
    text = run("--help").out
    assert "\\b" not in text
    assert re.search(r"^ *gaussmix fit iris .*\n *gaussmix fit data.csv ", text, re.MULTILINE)
