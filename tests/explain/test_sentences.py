"""Sentences say what the numbers say, also when the numbers are bad."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from gaussmix import (
    AutoGaussianMixture,
    DegenerateComponentWarning,
    DependentFeaturesWarning,
    GaussianMixture,
)
from gaussmix.explain import summarize
from gaussmix.explain.sentences import describe_component


def test_the_headline_is_sizes_certainty_and_features(iris):
    summary = summarize(GaussianMixture(3, random_state=0).fit(iris), iris)
    sizes, certainty, telling = summary.sentences
    assert "3 components in 150 rows" in sizes
    for component in summary.components:
        assert f"component {component.component} with {component.n_rows} (" in sizes
    assert certainty.startswith("They are clearly apart")
    assert telling.startswith("What tells them apart best is petal width (cm)")


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_columns_that_depend_on_one_another_are_named_and_are_no_collapse(unit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5)) + np.repeat([[0, 0, 0, 0, 0], [6, 3, 0, 0, 0]], 200, axis=0)
    X = np.column_stack([X, unit * (X[:, 0] + X[:, 1]), X[:, 2] - 2 * X[:, 3]])
    names = ["a", "b", "x", "y", "free", "sum", "difference"]
    assert np.linalg.matrix_rank(X[:, [0, 1, 5]]) == np.linalg.matrix_rank(X[:, [2, 3, 6]]) == 2
    with pytest.warns(DependentFeaturesWarning):
        model = GaussianMixture(2, random_state=0).fit(X)
    (told,) = [one for one in summarize(model, X, names).warnings if "follows" in one]
    of_sum = "sum = a + b" if unit == 1.0 else "sum = 1e+06 a + 1e+06 b"
    assert told.startswith(f"{of_sum}; difference = x - 2 y: what follows from other features adds nothing")
    assert not any("collapsed" in one or "free" in one for one in summarize(model, X, names).warnings)


def test_many_components_give_the_range_of_sizes():
    X = np.repeat(np.arange(8.0) * 100, np.arange(10, 18))[:, None] + np.random.default_rng(0).normal(
        size=(108, 1)
    )
    model = GaussianMixture(8, means_init=np.arange(8.0)[:, None] * 100, random_state=0).fit(X)
    assert summarize(model, X).sentences[0] == (
        "The mixture has 8 components in 108 rows: from 10 rows (component 0) to 17 (component 7)."
    )


def test_one_cloud_cut_in_slices_is_called_so():
    X = np.random.default_rng(0).normal(size=(2000, 2))
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[-0.3, 0.0], [0.3, 0.0]], [0.95, 0.95], covariance_type="spherical"
    )
    summary = summarize(model, X)
    assert "hard to tell apart" in summary.sentences[1]
    assert "No single feature tells them apart" in summary.sentences[2]
    assert any("slices of one cloud" in warning for warning in summary.warnings)


def test_one_component_that_was_chosen_is_not_to_be_compared_once_more():
    X = np.random.default_rng(0).normal(size=(300, 2))
    given = summarize(GaussianMixture(1).fit(X), X)
    chosen = summarize(AutoGaussianMixture(range(1, 4), covariance_types=["EII"]).fit(X), X)
    assert chosen.n_components == 1
    assert given.sentences[2] == "More components may describe the rows better: compare their BIC."
    assert chosen.sentences[2] == "It was chosen among the models that were compared."


def test_components_at_the_floor_are_told_as_the_warning_tells_them():
    X = np.concatenate([np.random.default_rng(0).normal(size=500), np.full(100, 0.5)])[:, None]
    with pytest.warns(DegenerateComponentWarning, match="their rows hardly differ in some direction"):
        model = GaussianMixture(2, spikes="allow", random_state=0).fit(X)
    (k,) = model.repaired_components_
    told = (
        f"Component {k} was held up at the least variance allowed: its rows hardly differ in some direction"
    )
    assert any(warning.startswith(told) for warning in summarize(model, X).warnings)


def test_a_fit_that_was_stopped_says_so(iris):
    with pytest.warns(ConvergenceWarning):
        model = GaussianMixture(3, max_iter=1, random_state=0).fit(iris)
    assert any("before it converged" in warning for warning in summarize(model, iris).warnings)


def test_constant_features_are_named_in_place_of_the_components_they_spoil(iris):
    X = iris.assign(unit=1.0)
    with pytest.warns(DependentFeaturesWarning, match="unit = 1"):
        model = GaussianMixture(2, random_state=0).fit(X)
    summary = summarize(model, X)
    assert summary.constant_features == (4,)
    told = "Feature unit has one value in every row: nothing can be learned there, and it was left out"
    assert any(warning.startswith(told) for warning in summary.warnings)
    assert not any("collapsed" in warning for warning in summary.warnings)


def test_collapsed_components_are_named():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(60, 2)), np.full((20, 2), 50.0)])
    with pytest.warns(DegenerateComponentWarning):
        model = GaussianMixture(2, means_init=[[0, 0], [50, 50]], random_state=0).fit(X)
    summary = summarize(model, X)
    assert summary.components[1].repaired
    assert not summary.components[0].repaired
    assert any(
        warning.startswith("Component 1 was held up at the least variance") for warning in summary.warnings
    )


def test_more_parameters_than_rows_are_pointed_out(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(12, random_state=0).fit(iris)
    assert any("more free parameters" in warning for warning in summarize(model, iris).warnings)


def test_a_good_fit_has_no_warnings(iris):
    assert summarize(GaussianMixture(3, random_state=0).fit(iris), iris).warnings == ()


def test_a_component_is_described_by_place_and_by_spread():
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [10.0, 0.0]], [[1.0, 0.01], [1.0, 100.0]], covariance_type="diag"
    )
    X, _ = model.sample(400, random_state=0)
    summary = summarize(model, X, ["place", "spread"])
    first, second = (describe_component(summary, component) for component in summary.components)
    assert "low place (0.0 ± 1.0 against 5.0 ± 5.1 overall)" in first
    assert "narrow spread" in first
    assert "high place" in second
    assert "widely spread spread" in second
    assert first.endswith("From component 1 it differs most in place (-10.0 sd).")
