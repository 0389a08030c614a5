"""`gaussmix explain` and `gaussmix name`, and what `gaussmix fit` draws in the terminal."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from gaussmix import load_model
from gaussmix.explain import explain_row


@pytest.fixture
def two_groups(tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "length": np.r_[generator.normal(10, 1, 50), generator.normal(30, 2, 30)],
            "width": np.r_[generator.normal(5, 1, 50), generator.normal(-5, 1, 30)],
        }
    )
    frame.to_csv(tmp_path / "groups.csv", index=False)
    return frame


@pytest.fixture
def fitted(run, two_groups):
    assert run("fit", "groups.csv", "-k", "2", "--no-report", "--output", "model").code == 0
    return "model"


def test_groups_are_explained_in_words_and_as_data(run, fitted):
    result = run("explain", fitted, "groups.csv")
    assert (result.code, result.err) == (0, "")
    assert "The groups are separate" in result.text
    assert re.search(r"Roughly: (length ≤ \d+|width > \d+)\. That holds for 100% of its rows", result.text)
    assert "decision tree (it agrees with the mixture for 100% of the rows)" in result.text
    document = run("explain", fitted, "groups.csv", "--json").json
    assert sorted(group["n_rows"] for group in document["groups"]) == [30, 50]
    assert document["summary"]["feature_names"] == ["length", "width"]


def test_a_row_is_explained_as_the_model_would(run, fitted, two_groups):
    result = run("explain", fitted, "groups.csv", "--row", "60")
    assert "log-odds" in result.text
    assert re.search(r"length\s+[\d.]+\s+\+", result.text)
    for against in ("nearest", "rest", "0", "1"):
        expected = load_model(fitted)
        other = int(against) if against.isdecimal() else against
        if other == int(expected.predict(two_groups.iloc[[60]])[0]):
            continue
        document = run("explain", fitted, "groups.csv", "--row", "60", "--against", against, "--json").json
        found = explain_row(expected, two_groups.iloc[[60]], against=other)
        assert document["log_odds"] == pytest.approx(found.log_odds)
        assert document["contributions"] == pytest.approx(found.contributions)


def test_rows_are_numbered_as_in_the_file(run, fitted, two_groups, tmp_path):
    two_groups.loc[3, "length"] = np.nan
    two_groups.to_csv(tmp_path / "gaps.csv", index=False)
    document = run("explain", fitted, "gaps.csv", "--drop-missing", "--row", "60", "--json").json
    assert document["values"] == pytest.approx(two_groups.loc[60].tolist())
    explained = run("explain", fitted, "gaps.csv", "--drop-missing", "--json").json
    for group in explained["groups"]:
        for row in group["typical_rows"]:
            assert row["values"] == pytest.approx(two_groups.loc[row["number"]].tolist())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--row", "80"], "there is no row 80: rows are counted from 0, the last one read is 79"),
        (["--row", "-1"], "there is no row -1"),
        (["--row", "3", "--against", "9"], "no other group 9"),
        (["--row", "3", "--against", "all"], "--against takes the number of a component, nearest or rest"),
    ],
)
def test_what_cannot_be_explained_is_told(run, complaint, fitted, options, message):
    assert message in complaint("explain", fitted, "groups.csv", *options)


def test_names_are_kept_with_the_model_and_shown_by_all_commands(run, fitted, tmp_path):
    before = json.loads((tmp_path / "model/model.json").read_text())
    result = run("name", fitted, "0=young ones", "1=old\x1b[31m")
    assert result.out == "0: young ones\n1: old[31m\n"
    after = json.loads((tmp_path / "model/model.json").read_text())
    assert after.pop("component_names") == ["young ones", "old\x1b[31m"]
    before.pop("component_names")
    assert after == before
    for command in (["show", fitted], ["explain", fitted, "groups.csv"]):
        out = run(*command).out
        assert "young ones" in out
        assert "\x1b" not in out
    assert run("show", fitted, "--json").json["components"][0]["name"] == "young ones"
    run("name", str(tmp_path / "model/model.json"), "1=")
    assert run("name", fitted).out == "0: young ones\n1: component 1\n"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["young"], "K=NAME"),
        (["a=young"], "K=NAME"),
        (["5=young"], "there is no component 5"),
        (["0=x", "1=x"], "two components are named 'x'"),
        (["0=" + "x" * 101], "101 characters"),
    ],
)
def test_names_that_cannot_be_given_change_nothing(run, complaint, fitted, names, message, tmp_path):
    before = (tmp_path / "model/model.json").read_bytes()
    assert message in complaint("name", fitted, *names)
    assert (tmp_path / "model/model.json").read_bytes() == before


def test_the_choice_is_drawn_as_a_curve_and_told_once(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = run("fit", "faithful", "--covariance", "EEE", "--no-report")
    lines = [line.rstrip() for line in result.out.splitlines()]
    start = lines.index("BICc by number of components (low is good)")
    assert re.fullmatch(r"  █[▁▂▃▄▅▆▇█]{8}  from [\d,.]+ to [\d,.]+", lines[start + 1])
    assert lines[start + 1][4] == "▁"
    assert lines[start + 2 : start + 4] == ["  123456789", "    ^ 3 (EEE)"]
    assert result.text.count("chosen by BICc among 1 to 9") == 1
    assert result.text.count("; next best ") == 1


def test_the_choice_on_standardized_columns_has_runners_up_in_the_datas_own_units(run, two_groups):
    document = run("fit", "groups.csv", "--covariance", "VVV", "--standardize", "--no-report", "--json").json
    sound = sorted((one for one in document["selection"] if not one["message"]), key=lambda one: one["bicc"])
    assert [one["bicc"] for one in document["summary"]["runners_up"]] == [one["bicc"] for one in sound[1:6]]
    assert sound[0]["bic"] == pytest.approx(document["summary"]["bic"], rel=1e-9)


def test_options_that_have_no_effect_are_told(run, two_groups):
    options = ["--covariance", "EII", "--no-report", "--overwrite"]
    result = run("fit", "groups.csv", "--init", "kmeans", "--no-moves", *options)
    assert "warning: --init, --no-moves have no effect without --components" in result.err
    assert "warning: --starts has no effect" in run("fit", "groups.csv", "--starts", "3", *options).err
    assert run("fit", "groups.csv", *options).err == ""
    assert run("fit", "groups.csv", "-k", "2", "--init", "kmeans", *options).err == ""


@pytest.mark.parametrize("width", ["40", "80", "120"])
def test_nothing_is_wider_than_the_terminal(run, width, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", width)
    commands = (
        ["fit", "iris", "--covariance", "EEE", "--no-report", "-o", "i"],
        ["show", "i"],
        ["explain", "i", "iris"],
        ["explain", "i", "iris", "--row", "70"],
    )
    for command in commands:
        result = run(*command)
        assert result.code == 0
        lines = [line for line in result.out.splitlines() if not line.startswith("Written to")]
        assert max(map(len, lines)) <= int(width), command
