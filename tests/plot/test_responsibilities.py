"""Responsibilities are drawn as the model gives them, rows sorted by component and certainty."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.plot import ResponsibilitiesDisplay


def test_bars_are_the_responsibilities_in_order(iris_model, iris, ax):
    display = ResponsibilitiesDisplay.from_estimator(iris_model, iris, ax=ax)
    expected = iris_model.predict_proba(iris)
    labels = expected.argmax(axis=1)
    expected = expected[np.lexsort((-expected.max(axis=1), labels))]
    np.testing.assert_allclose(display.responsibilities, expected, atol=1e-12)
    assert len(display.bars_) == 3
    bottom = np.zeros(150)
    for k, bar in enumerate(display.bars_):
        values, edges, baseline = bar.get_data()
        np.testing.assert_allclose(baseline, bottom, atol=1e-12)
        np.testing.assert_allclose(values - baseline, expected[:, k], atol=1e-12)
        np.testing.assert_allclose(edges, np.arange(151))
        bottom = values
    np.testing.assert_allclose(bottom, 1.0)
    assert display.note == "All 150 rows."


def test_groups_are_named_in_their_middle(iris_model, iris, ax):
    ResponsibilitiesDisplay.from_estimator(iris_model, iris, ax=ax)
    ends = np.concatenate([[0], np.cumsum(np.bincount(iris_model.predict(iris)))])
    np.testing.assert_allclose(ax.get_xticks(), (ends[1:] + ends[:-1]) / 2)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["component 0", "component 1", "component 2"]


def test_many_rows_are_taken_at_even_steps(random_model, ax):
    model, _ = random_model(3, 2)
    X, _ = model.sample(30_000, random_state=0)
    display = ResponsibilitiesDisplay.from_estimator(model, X, max_rows=300, ax=ax)
    assert display.responsibilities.shape == (300, 3)
    labels = display.responsibilities.argmax(axis=1)
    assert np.all(np.diff(labels) >= 0)
    shares = np.bincount(model.predict(X)) / len(X)
    np.testing.assert_allclose(np.bincount(labels) / 300, shares, atol=2 / 300)
    assert display.note == "300 of the 30,000 rows, at even steps of their order."


def test_many_components_are_a_heat_map(random_model, ax):
    model, X = random_model(20, 3)
    display = ResponsibilitiesDisplay.from_estimator(model, X, ax=ax)
    np.testing.assert_array_equal(display.image_.get_array(), display.responsibilities.T)
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"component {k}" for k in range(20)]


def test_rows_of_weight_zero_are_absent(iris_model, iris, ax):
    weight = (np.arange(150) % 2).astype(float)
    display = ResponsibilitiesDisplay.from_estimator(iris_model, iris, sample_weight=weight, ax=ax)
    half = ResponsibilitiesDisplay.from_estimator(iris_model, iris[1::2], ax=ax)
    np.testing.assert_array_equal(display.responsibilities, half.responsibilities)
    np.testing.assert_array_equal(display.counts, half.counts)


def test_there_are_two_kinds(iris_model, iris, ax):
    with pytest.raises(ValueError, match="'bars' or 'heatmap'"):
        ResponsibilitiesDisplay.from_estimator(iris_model, iris, kind="pie", ax=ax)
