"""What a fit says of components that it held up: which features are to blame, and what to do."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from gaussmix import (
    AutoGaussianMixture,
    DegenerateComponentWarning,
    DependentFeaturesWarning,
    GaussianMixture,
    standard_errors,
)
from gaussmix.explain import summarize


@pytest.fixture
def frame():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(200, 3)) + 6.0 * (np.arange(200) % 2)[:, None]
    return pd.DataFrame(X, columns=["width", "height", "age"])


@pytest.mark.parametrize("covariance_type", ["full", "tied", "VEV"])
def test_columns_that_follow_from_others_are_named(frame, covariance_type):
    frame["sum"] = frame["width"] + frame["age"]
    mixture = GaussianMixture(2, covariance_type=covariance_type, random_state=0)
    with pytest.warns(DependentFeaturesWarning) as caught:
        mixture.fit(frame)
    assert len(caught) == 1
    assert "left out of the fit: sum = width + age." in str(caught[0].message)
    assert caught[0].filename == __file__
    with pytest.warns(DependentFeaturesWarning, match=r"feature 3 = feature 0 \+ feature 2"):
        mixture.fit(frame.to_numpy())


def test_of_a_family_that_cannot_tell_the_columns_that_determine_one_another_are_named(frame):
    frame["sum"] = frame["width"] + frame["age"]
    mixture = GaussianMixture(2, covariance_type="ppca", random_state=0)
    with pytest.warns(DegenerateComponentWarning) as caught:
        mixture.fit(frame)
    text = str(caught[0].message)
    assert "features ['width', 'age', 'sum'] are linearly dependent, so leave one of them out." in text
    assert "hardly differ" not in text


def test_the_advice_helps(frame):
    frame["sum"] = frame["width"] + frame["age"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mixture = GaussianMixture(2, random_state=0).fit(frame.drop(columns="age"))
    assert mixture.repaired_components_ == ()


def test_several_equations_and_constant_columns_are_told_of_together(frame):
    frame["twice"], frame["minus"] = 2.0 * frame["width"], -frame["width"]
    frame["one"] = 1.0
    with pytest.warns(DependentFeaturesWarning, match="twice = 2 width, minus = -width, one = 1"):
        GaussianMixture(2, random_state=0).fit(frame)


def test_of_many_dependent_features_the_first_are_named():
    X = np.random.default_rng(0).normal(size=(300, 1)) * np.arange(1.0, 13.0)
    with pytest.warns(DependentFeaturesWarning, match=r"feature 8 = 9 feature 0 and 3 more"):
        GaussianMixture(1).fit(X)


def test_a_chosen_mixture_warns_alike(frame):
    frame["sum"] = frame["width"] + frame["age"]
    mixture = AutoGaussianMixture([1, 2], covariance_types="full", random_state=0)
    with pytest.warns(DependentFeaturesWarning, match="sum = width"):
        mixture.fit(frame)


def test_a_group_of_equal_rows_is_not_blamed_on_features():
    X = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((30, 2), 9.0)])
    with pytest.warns(DegenerateComponentWarning, match="their rows hardly differ in some direction"):
        GaussianMixture(2, random_state=0).fit(X)


def test_fewer_rows_than_features_are_not_blamed_on_features():
    X = np.random.default_rng(0).normal(size=(8, 20))
    with pytest.warns(DegenerateComponentWarning, match=r"hardly differ.*factor_analysis"):
        GaussianMixture(1).fit(X)


@pytest.fixture
def after_half_the_rows_left():
    """A mixture of two far groups that went on with the rows of the first alone, and these."""
    generator = np.random.default_rng(0)
    first, second = generator.normal(0, 1, (100, 2)), generator.normal(20, 1, (100, 2))
    mixture = GaussianMixture(2, warm_start=True, random_state=0).fit(np.concatenate([first, second]))
    lost = int(mixture.predict([[20.0, 20.0]])[0])
    mean = mixture.means_[lost].copy()
    with pytest.warns(DegenerateComponentWarning) as caught:
        mixture.fit(first)
    return mixture, first, lost, mean, [str(one.message) for one in caught]


def test_a_component_without_rows_is_not_said_to_stand_at_the_floor(after_half_the_rows_left):
    mixture, rows, lost, mean, messages = after_half_the_rows_left
    (message,) = messages
    assert message.startswith(f"Component(s) [{lost}] have lost all their rows; they keep their mean")
    assert "reg_covar" not in message
    assert mixture.repaired_components_ == ()
    assert mixture.weights_[lost] == 0.0
    np.testing.assert_array_equal(mixture.means_[lost], mean)
    with pytest.raises(ValueError, match=rf"Component\(s\) \[{lost}\] have no rows"):
        standard_errors(mixture, rows)


def test_a_component_that_is_far_from_all_rows_from_the_start_is_told_alike():
    X = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.warns(DegenerateComponentWarning, match=r"\[1\] have lost all their rows"):
        GaussianMixture(2, means_init=[[0, 0], [1e3, 1e3]], precisions_init=[np.eye(2)] * 2).fit(X)


def test_summary_and_page_tell_of_a_component_without_rows(after_half_the_rows_left, tmp_path):
    mixture, rows, lost, _, _ = after_half_the_rows_left
    told = [warning for warning in summarize(mixture, rows).warnings if f"Component {lost}" in warning]
    assert told[0].startswith(f"Component {lost} has lost all its rows")
    assert not any("held up" in warning or "of its own" in warning for warning in told)
    mixture.report(rows, tmp_path / "page.html", pictures=False)
    page = (tmp_path / "page.html").read_text()
    assert f"Component {lost} has lost all its rows" in page
    assert "held up at" not in page
