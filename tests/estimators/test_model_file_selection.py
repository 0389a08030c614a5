"""Model files keep the table of what a mixture was chosen among, and trust none that they read."""

from __future__ import annotations

import json
from dataclasses import astuple, replace

import numpy as np
import pytest

from gaussmix import AutoGaussianMixture, GaussianMixture, ModelFileError, load_model
from gaussmix.data.scaling import standardize
from gaussmix.estimators.units import in_data_units
from gaussmix.explain import summarize
from gaussmix.selection import SelectionTable
from gaussmix.selection.table_json import MOST_MODELS

X = np.random.RandomState(0).normal(size=(60, 2)) + 6.0 * (np.arange(60) % 2)[:, None]


@pytest.fixture(scope="module")
def chosen():
    types = ["spherical", "VVV", "EEE"]
    return AutoGaussianMixture([1, 2, 3, 40], covariance_types=types, random_state=0).fit(X)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.json"


def assert_same_tables(one, other):
    np.testing.assert_equal([astuple(row) for row in one], [astuple(row) for row in other])


def test_the_table_comes_back_with_models_that_were_not_fitted_and_the_runners_up(chosen, path):
    chosen.save(path)
    again = load_model(path)
    assert any(np.isnan(row.bic) for row in chosen.selection_)
    assert_same_tables(again.selection_, chosen.selection_)
    assert again.runners_up_ == chosen.runners_up_ != ()
    assert again.selection_.ranking[0].covariance_type == again.covariance_type


def test_it_comes_back_a_second_time_and_a_new_fit_forgets_it(chosen, path):
    chosen.save(path)
    again = load_model(path)
    again.save(path)
    assert_same_tables(load_model(path).selection_, chosen.selection_)
    again.fit(X)
    assert not hasattr(again, "selection_")


def test_a_chosen_number_of_components_comes_back(path):
    mixture = GaussianMixture("auto", covariance_type="diag", random_state=0).fit(X)
    mixture.save(path)
    assert_same_tables(load_model(path).selection_, mixture.selection_)


def test_what_was_chosen_on_standardised_columns_comes_back_in_the_datas_units(path):
    rows, scaling = standardize(X * [1.0, 1000.0], None)
    mixture = AutoGaussianMixture([1, 2], covariance_types="spherical", random_state=0).fit(rows)
    mapped = in_data_units(mixture.best_estimator_, scaling)
    mapped.save(path)
    again = load_model(path)
    assert again.covariance_type != again.selection_.ranking[0].covariance_type
    assert_same_tables(again.selection_, mapped.selection_)
    assert again.runners_up_ == mapped.runners_up_


def test_a_loaded_mixture_tells_the_choice(chosen, path):
    chosen.save(path)
    told = summarize(load_model(path), X)
    fitted = summarize(chosen.best_estimator_, X)
    assert told.choice_sentences == fitted.choice_sentences != ()
    assert told.runners_up == fitted.runners_up


def test_infinite_criteria_come_back(chosen, path):
    values = [np.inf, -np.inf, np.nan, 1.0]
    rows = [
        replace(row, criterion=value) for row, value in zip(chosen.selection_.ranking, values, strict=False)
    ]
    mixture = GaussianMixture(2, random_state=0).fit(X)
    mixture.selection_ = SelectionTable(rows)
    mixture.save(path)
    json.loads(path.read_text(), parse_constant=pytest.fail)  # Infinity and NaN are not JSON
    np.testing.assert_array_equal(load_model(path).selection_["criterion"], values)


def test_of_a_very_long_table_the_best_models_are_kept(chosen, path):
    row = chosen.selection_.ranking[0]
    mixture = GaussianMixture(2, random_state=0).fit(X)
    numbers = range(1, MOST_MODELS + 11)
    mixture.selection_ = SelectionTable([replace(row, n_components=k, criterion=float(k)) for k in numbers])
    mixture.save(path)
    kept = load_model(path).selection_
    assert kept["n_components"].tolist() == list(numbers)[:MOST_MODELS]


@pytest.mark.parametrize("absent", [True, False])
def test_a_file_without_a_table_is_read(chosen, path, absent):
    chosen.save(path)
    document = json.loads(path.read_text())
    if absent:
        del document["selection"]
    else:
        document["selection"] = None
    path.write_text(json.dumps(document))
    again = load_model(path)
    assert not hasattr(again, "selection_")
    assert not hasattr(again, "runners_up_")
    GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]]).save(path)
    assert json.loads(path.read_text())["selection"] is None


def first(**changes):
    return lambda table: [table[0] | changes, *table[1:]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: {"0": table[0]}, "selection is {'0'"),
        (lambda table: "x" * 10**6, "selection is 'xxx"),
        (lambda table: [], "no model that was fitted"),
        (lambda table: [[1, 2]], "selection holds what is not an object"),
        (lambda table: table[:1] * 2, "selection holds a model twice"),
        (
            lambda table: [table[0] | {"n_components": k} for k in range(1, 5001)],
            "selection has 5000 entries, but at most 4000",
        ),
        (lambda table: [table[0] | {"n_components": 7}], "selection has no model with 2"),
        (lambda table: [table[0] | {"log_likelihood": None, "message": "no"}], "no model that was fitted"),
        (first(covariance_type="x" * 10**6), r"selection\[0\].covariance_type is 'xxx"),
        (first(covariance_type=["VVV"]), r"selection\[0\].covariance_type is"),
        (first(covariance_type=None), r"selection\[0\].covariance_type is None"),
        (first(n_components=0), r"selection\[0\].n_components is 0"),
        (first(n_components=True), r"selection\[0\].n_components is True"),
        (first(n_components=2.0), r"selection\[0\].n_components is 2.0"),
        (first(n_components=10**9), r"selection\[0\].n_components is 1000"),
        (first(bic="low"), r"selection\[0\].bic is 'low'"),
        (first(bic=True), r"selection\[0\].bic is True"),
        (first(icl=[1.0]), r"selection\[0\].icl is \[1.0\]"),
        (first(aic=10**400), r"selection\[0\].aic is 1000"),
        (first(criterion="nan"), r"selection\[0\].criterion is 'nan'"),
        (first(criterion=["inf"]), r"selection\[0\].criterion is"),
        (first(seconds={}), r"selection\[0\].seconds is {}"),
        (first(n_parameters=-1), r"selection\[0\].n_parameters is -1"),
        (first(n_iter=10**60), r"selection\[0\].n_iter is 1000"),
        (first(converged=1), r"selection\[0\].converged is 1"),
        (first(message=3), r"selection\[0\].message is 3"),
        (first(message="x" * 501), r"selection\[0\].message is 'xxx"),
        (first(message="a\x1b[31mb"), r"selection\[0\].message is 'a\\x1b"),
        (first(message="a\nb"), r"selection\[0\].message is 'a\\nb"),
        (first(message="\ud800"), r"selection\[0\].message is"),
        (first(log_likelihood=None, message=None), r"selection\[0\].message is None"),
        (lambda table: [{}], r"selection\[0\]"),
    ],
)
def test_a_damaged_table_is_refused_with_what_is_wrong(chosen, path, change, message):
    chosen.save(path)
    document = json.loads(path.read_text())
    document["selection"] = change(document["selection"])
    path.write_text(json.dumps(document))
    with pytest.raises(ModelFileError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(chosen, path, value):
    chosen.save(path)
    document = json.loads(path.read_text())
    document["selection"][0]["bic"] = "HERE"
    path.write_text(json.dumps(document).replace('"HERE"', value))
    with pytest.raises(ModelFileError, match=f"it holds {value}"):
        load_model(path)
