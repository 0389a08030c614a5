"""`gaussmix fit` takes skewed columns as logarithms or roots, and all commands speak the data's units."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from gaussmix import load_model


@pytest.fixture
def people(tmp_path):
    generator = np.random.default_rng(0)
    group = generator.integers(0, 2, 300)
    frame = pd.DataFrame(
        {
            "income": np.exp(generator.normal(np.where(group, 11.0, 9.5), 0.4)).round(-1),
            "age": generator.normal(np.where(group, 55.0, 30.0), 6.0).round(1),
        }
    )
    frame.to_csv(tmp_path / "people.csv", index=False)
    return frame


def test_a_skewed_column_is_transformed_and_the_summary_says_so(run, people, tmp_path):
    result = run("fit", "people.csv", "--covariance", "EEI", "-o", "out")
    assert result.code == 0
    assert result.err == ""
    text = " ".join(result.out.split())
    assert "2 components" in text
    assert "Fitted to the logarithm of income; means, deviations and densities are in the data's own" in text
    model = load_model(tmp_path / "out")
    assert model.transforms_.names == ("log", "identity")
    labels = pd.read_csv(tmp_path / "out/labels.csv")
    assert labels["log_density"].to_numpy() == pytest.approx(model.score_samples(people), rel=1e-6)
    assert "Fitted to the logarithm of income" in (tmp_path / "out/report.html").read_text()
    assert (tmp_path / "out/plot.png").exists()


def test_other_commands_take_such_a_model(run, people, tmp_path):
    run("fit", "people.csv", "-k", "2", "--no-report", "-o", "out")
    model = load_model(tmp_path / "out")
    assert run("predict", "out", "people.csv").out == (tmp_path / "out/labels.csv").read_text()
    scores = run("score", "out", "people.csv", "--json").json
    assert scores["bic"] == pytest.approx(model.bic(people))
    assert run("sample", "out", "-n", "2000", "-o", "new.csv").code == 0
    drawn = pd.read_csv(tmp_path / "new.csv")
    assert drawn["income"].median() == pytest.approx(people["income"].median(), rel=0.2)
    assert run("name", "out", "0=poor", "1=rich").code == 0
    assert load_model(tmp_path / "out").transforms_ == model.transforms_
    explained = run("explain", "out", "people.csv", "--json")
    assert explained.code == 0
    assert run("explain", "out", "people.csv", "--row", "3").code == 0


def test_columns_can_be_left_as_they_are(run, people, tmp_path):
    assert run("fit", "people.csv", "-k", "2", "--transform", "none", "--no-report", "-o", "out").code == 0
    document = json.loads((tmp_path / "out/model.json").read_text())
    assert document["format_version"] == 1
    assert "transforms" not in document


def test_standardized_columns_are_not_transformed(run, complaint, people, tmp_path):
    told = complaint("fit", "people.csv", "--standardize", "--transform", "auto")
    assert "--standardize and --transform auto exclude each other" in told
    assert run("fit", "people.csv", "-k", "2", "--standardize", "--no-report", "-o", "out").code == 0
    assert load_model(tmp_path / "out").transforms_ is None
