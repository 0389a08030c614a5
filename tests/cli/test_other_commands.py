"""`predict`, `score`, `sample` and `show` work on the folder that `fit` wrote, and on its model file."""

import io
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture, load_model
from gaussmix.explain.components import moments


@pytest.fixture
def iris(tmp_path):
    frame = load_iris(as_frame=True).data
    frame.to_csv(tmp_path / "iris.csv", index=False)
    return frame


@pytest.fixture
def model(run, iris, tmp_path):
    assert run("fit", "iris", "--components", "3", "--no-report", "--output", "results").code == 0
    return load_model(tmp_path / "results")


@pytest.mark.parametrize("place", ["results", "results/model.json"])
def test_predict_gives_the_labels_of_the_fit(run, model, tmp_path, place):
    result = run("predict", place, "iris.csv")
    assert result.code == 0
    assert result.out == (tmp_path / "results/labels.csv").read_text()
    assert result.err == ""


def test_predict_finds_columns_by_name_in_any_order_and_ignores_others(run, model, iris, tmp_path):
    iris[iris.columns[::-1]].assign(extra="x").to_parquet(tmp_path / "turned.parquet")
    assert run("predict", "results", "turned.parquet").out == run("predict", "results", "iris").out


def test_predict_writes_a_file_and_says_nothing(run, model, tmp_path):
    result = run("predict", "results", "iris.csv", "--output", "labels.csv")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert (tmp_path / "labels.csv").read_text() == (tmp_path / "results/labels.csv").read_text()


def test_predict_as_json(run, model, iris):
    document = run("predict", "results", "iris.csv", "--json").json
    assert document["label"] == model.predict(iris).tolist()
    assert document["row"] == list(range(150))
    np.testing.assert_allclose(document["log_density"], model.score_samples(iris), rtol=1e-9)
    assert run("predict", "results", "iris", "--json", "-o", "x.csv").json == {
        "n_rows": 150,
        "n_rows_dropped": 0,
        "file": "x.csv",
    }


def test_predict_works_on_a_single_row(run, model, iris, tmp_path):
    iris[:1].to_csv(tmp_path / "one.csv", index=False)
    assert run("predict", "results", "one.csv").out.splitlines()[1].startswith(f"0,{model.predict(iris)[0]},")


def test_predict_drops_rows_with_missing_values_on_request(run, model, iris, tmp_path):
    iris.iloc[1, 2] = np.nan
    iris.to_csv(tmp_path / "gaps.csv", index=False)
    result = run("predict", "results", "gaps.csv", "--drop-missing")
    assert pd.read_csv(io.StringIO(result.out))["row"].tolist()[:3] == [0, 2, 3]
    assert "1 row with a missing value was dropped" in result.err


def test_a_model_without_names_takes_columns_by_position(run, iris, tmp_path):
    mixture = GaussianMixture(2, random_state=0).fit(iris.to_numpy())
    mixture.save(tmp_path / "nameless.json")
    document = run("predict", "nameless.json", "iris.csv", "--json").json
    assert document["label"] == mixture.predict(iris.to_numpy()).tolist()


def test_score_prints_the_models_own_numbers(run, model, iris):
    scores = run("score", "results", "iris.csv", "--json").json
    assert scores["n_rows"] == 150
    assert scores["mean_log_density"] == pytest.approx(model.score(iris))
    assert scores["log_likelihood"] == pytest.approx(model.log_likelihood_)
    for criterion in ("bic", "aic", "icl"):
        assert scores[criterion] == pytest.approx(getattr(model, criterion)(iris))
    text = run("score", "results", "iris.csv").out
    assert text.splitlines()[0].split() == ["Rows", "150"]
    assert f"{model.bic(iris):,.6g}" in text


def test_score_counts_weights_as_repetition(run, model, iris, tmp_path):
    counts = np.arange(150) % 3
    iris.assign(count=counts, share=1 / 150).to_csv(tmp_path / "weighted.csv", index=False)
    iris.loc[iris.index.repeat(counts)].to_csv(tmp_path / "repeated.csv", index=False)
    weighted = run("score", "results", "weighted.csv", "--weights", "count", "--json").json
    repeated = run("score", "results", "repeated.csv", "--json").json
    assert weighted["total_weight"] == repeated["total_weight"] == repeated["n_rows"] == counts.sum()
    for name in ("mean_log_density", "log_likelihood", "bic", "aic", "icl"):
        assert weighted[name] == pytest.approx(repeated[name])
    assert weighted["notes"] == []
    text = run("score", "results", "weighted.csv", "--weights", "count").out
    assert [line.split()[-1] for line in text.splitlines()[:2]] == ["150", f"{counts.sum()}"]
    shares = run("score", "results", "weighted.csv", "--weights", "share", "--json").json
    assert "proportions" in shares["notes"][0]
    assert shares["bic"] == pytest.approx(model.bic(iris))
    assert "proportions" in run("score", "results", "weighted.csv", "--weights", "share").err


def test_fit_with_proportions_as_weights_says_what_was_assumed(run, iris, tmp_path):
    iris.assign(share=1 / 150).to_csv(tmp_path / "weighted.csv", index=False)
    result = run("fit", "weighted.csv", "-k", "2", "--weights", "share", "-o", "shares")
    assert result.code == 0
    assert "taken as proportions" in result.text
    assert result.err == ""
    assert "taken as proportions" in (tmp_path / "shares" / "report.html").read_text()
    document = run(
        "fit", "weighted.csv", "-k", "2", "--weights", "share", "-o", "shares", "--overwrite", "--json"
    ).json
    assert "taken as proportions" in document["summary"]["weight_assumption"]
    plain = run("fit", "iris.csv", "-k", "2", "-o", "plain", "--json").json
    assert document["summary"]["bic"] == pytest.approx(plain["summary"]["bic"])
    models = [load_model(tmp_path / folder) for folder in ("shares", "plain")]
    assert models[0].log_likelihood_ == pytest.approx(models[1].log_likelihood_)


def test_samples_repeat_and_follow_the_model(run, model):
    first, second = (run("sample", "results", "-n", "20000").out for _ in range(2))
    other = run("sample", "results", "-n", "20000", "--seed", "1").out
    assert first == second != other
    frame = pd.read_csv(io.StringIO(first))
    assert frame.columns.tolist() == [*model.feature_names_in_, "label"]
    shares = np.bincount(frame["label"], minlength=3) / 20000
    np.testing.assert_allclose(shares, model.weights_, atol=0.02)
    np.testing.assert_allclose(
        frame.groupby("label").mean().to_numpy(), moments(model)[0], atol=5 * 0.7 / np.sqrt(5000)
    )


def test_samples_can_be_fitted_again(run, model, tmp_path):
    assert run("sample", "results", "-n", "3000", "-o", "new.csv").code == 0
    assert run("fit", "new.csv", "-k", "3", "--exclude", "label", "--no-report").code == 0
    assert sorted(load_model(tmp_path / "gaussmix-new").weights_) == pytest.approx(
        sorted(model.weights_), abs=0.05
    )


def test_samples_as_json(run, model):
    document = run("sample", "results", "-n", "4", "--seed", "3", "--json").json
    assert np.shape(document["rows"]) == (4, 4)
    assert len(document["label"]) == 4
    assert document["columns"] == list(model.feature_names_in_)


def test_a_sample_of_more_rows_than_a_block_has_them_all_and_one_header(run, model, tmp_path):
    assert run("sample", "results", "-n", "300000", "-o", "many.csv").code == 0
    frame = pd.read_csv(tmp_path / "many.csv")
    assert len(frame) == 300_000
    assert frame.dtypes.unique().tolist() == [np.dtype(float), np.dtype(int)]


def test_show_gives_sizes_means_deviations_and_correlations(run, model):
    document = run("show", "results", "--json").json
    assert document["transforms"] == ["identity", "identity", "identity", "sqrt"]
    means, own_deviations = moments(model)
    for k, component in enumerate(document["components"]):
        assert component["weight"] == pytest.approx(model.weights_[k])
        np.testing.assert_allclose(component["mean"], means[k])
        deviations = np.sqrt(np.diag(model.covariances_[k]))
        np.testing.assert_allclose(component["standard_deviation"], own_deviations[k])
        np.testing.assert_allclose(
            component["correlation"], model.covariances_[k] / np.outer(deviations, deviations), atol=1e-12
        )
    assert document["fit"]["n_samples"] == 150
    text = run("show", "results").out
    assert "3 components, 4 columns, full covariances" in text
    assert "fitted to 150 rows: converged after" in text
    assert "petal length (cm)" in text
    assert "Correlations of 0.5 or more" in text
    assert "Transformed columns: petal width (cm) (sqrt);" in text


def test_show_tells_the_choice_as_fit_told_it(run):
    fitted = run("fit", "faithful", "--covariance", "EEE", "--no-report", "-o", "chosen")
    told = run("fit", "faithful", "--covariance", "EEE", "--no-report", "-o", "again", "--json").json
    document = run("show", "chosen", "--json").json
    sentences = document["fit"]["choice_sentences"]
    assert sentences == told["summary"]["choice_sentences"]
    assert sentences[0].startswith("3 components chosen by BICc among 1 to 9: ")
    shown = run("show", "chosen").text
    for sentence in sentences:
        assert " ".join(sentence.split()) in fitted.text
        assert " ".join(sentence.split()) in shown
    numbers = [row["n_components"] for row in document["selection"] if not row["noise"]]
    assert numbers == list(range(1, 10))
    assert [row["bic"] for row in document["selection"]] == [row["bic"] for row in told["selection"]]


def test_show_has_no_choice_where_there_was_none(run, model):
    document = run("show", "results", "--json").json
    assert document["selection"] is None
    assert document["fit"]["choice_sentences"] == []
    assert "chosen" not in run("show", "results").out


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_show_works_for_every_family(run, iris, covariance):
    assert run("fit", "iris", "-k", "12", "--covariance", covariance, "--no-report").code == 0
    result = run("show", "gaussmix-iris")
    assert result.code == 0
    assert "component 11" in result.out
    assert ("Correlations" in result.out) == (covariance in {"full", "tied"})


def test_show_of_a_model_that_was_not_fitted(run, tmp_path):
    GaussianMixture.from_parameters([1.0], [[2.0]], [[[4.0]]]).save(tmp_path / "made.json")
    assert "built from parameters, not fitted" in run("show", "made.json").out


def test_a_copied_model_file_works_anywhere(run, model, tmp_path):
    shutil.copy(tmp_path / "results/model.json", tmp_path / "elsewhere.anything")
    assert run("show", "elsewhere.anything").code == 0
