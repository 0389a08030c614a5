"""Components keep the names that a user gives them, in files too, until the next fit."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from gaussmix import AutoGaussianMixture, GaussianMixture, ModelFileError, load_model


@pytest.fixture
def model():
    return GaussianMixture.from_parameters(
        [0.5, 0.3, 0.2], [[0.0], [4.0], [9.0]], [1.0, 1.0, 1.0], covariance_type="spherical"
    )


def test_names_are_given_all_at_once_or_one_by_one(model):
    assert model.component_names_ is None
    model.component_names_ = ["low", " middle ", None]
    assert model.component_names_ == ("low", "middle", None)
    assert model.name_components({2: "high", 0: None}) is model
    assert model.component_names_ == (None, "middle", "high")
    assert model.name_components({np.int64(1): None, 2: None}).component_names_ is None
    assert model.name_components(["a", "b", "c"]).component_names_ == ("a", "b", "c")


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["a", "b"], ValueError, "2 component names for 3"),
        (["a", "component 2", None], ValueError, "which is what component 2 is called"),
        (["Component 1", None, None], ValueError, "which is what component 1 is called"),
        (["a", "b", "a"], ValueError, "two components are named 'a'"),
        (["a", "b", 3], TypeError, "should be texts"),
        (["a", "b", "  "], ValueError, "is empty"),
        (["a", "b", "c" * 101], ValueError, "101 characters"),
        (["a", "b", "\ud800"], ValueError, "no valid text"),
        ("abc", TypeError, "should be a sequence"),
        (3, TypeError, "should be a sequence"),
        ({3: "a"}, ValueError, "there is no component 3"),
        ({-1: "a"}, ValueError, "there is no component -1"),
        ({"low": "a"}, TypeError, "by their numbers"),
    ],
)
def test_names_that_are_none_are_refused_and_change_nothing(model, names, error, message):
    model.component_names_ = ["x", "y", "z"]
    with pytest.raises(error, match=message):
        model.name_components(names)
    if not isinstance(names, dict):
        with pytest.raises(error, match=message):
            model.component_names_ = names
    assert model.component_names_ == ("x", "y", "z")


def test_a_file_keeps_them_and_so_does_a_copy(model, tmp_path):
    model.component_names_ = ["jünger", None, "\u65e7\x1b[31m"]
    model.save(tmp_path / "model.json")
    assert load_model(tmp_path / "model.json").component_names_ == model.component_names_
    assert pickle.loads(pickle.dumps(model)).component_names_ == model.component_names_
    assert copy.deepcopy(model).component_names_ == model.component_names_


def test_a_fit_and_a_clone_begin_without(model):
    X = np.random.default_rng(0).normal(size=(50, 1))
    model.component_names_ = ["a", "b", "c"]
    assert clone(model).component_names_ is None
    assert model.fit(X).component_names_ is None


def test_an_automatic_choice_has_names_too(tmp_path):
    X = np.concatenate([np.random.default_rng(0).normal(size=(50, 1)), np.full((50, 1), 9.0)])
    X[50:] += np.random.default_rng(1).normal(size=(50, 1))
    model = AutoGaussianMixture([2], covariance_types=["E"], random_state=0).fit(X)
    model.component_names_ = ["a", "b"]
    model.save(tmp_path / "model.json")
    assert load_model(tmp_path / "model.json").component_names_ == ("a", "b")
    assert model.fit(X).component_names_ is None


@pytest.mark.parametrize(
    "names", ["abc", {"0": "a"}, ["a"], ["a", "a", "b"], [1, 2, 3], ["a", "b", "c" * 200], [[]] * 3]
)
def test_a_file_with_other_than_names_is_refused(model, tmp_path, names):
    path = tmp_path / "model.json"
    model.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"component_names": names}))
    with pytest.raises(ModelFileError, match="component_names"):
        load_model(path)


def test_a_file_of_an_older_version_has_none(model, tmp_path):
    path = tmp_path / "model.json"
    model.save(path)
    document = json.loads(path.read_text())
    del document["component_names"]
    path.write_text(json.dumps(document))
    assert load_model(path).component_names_ is None
