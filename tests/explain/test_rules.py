"""A rule says exactly which rows it matches, and how many of them rightly."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaussmix.explain.rows
from gaussmix import GaussianMixture
from gaussmix.explain import explain_mixture
from gaussmix.explain.rows import RowTable
from gaussmix.explain.rules import describe_rule, find_conditions, round_threshold, threshold_text


def _matching(rule, X):
    matching = np.ones(len(X), dtype=bool)
    for one in rule.conditions:
        matching &= (X[:, one.feature] > (-np.inf if one.low is None else one.low)) & (
            X[:, one.feature] <= (np.inf if one.high is None else one.high)
        )
    return matching


@pytest.mark.parametrize("weighted", [False, True])
def test_precision_and_recall_are_those_counted_by_hand(iris, iris_model, weighted, monkeypatch):
    monkeypatch.setattr(gaussmix.explain.rows, "BLOCK_ENTRIES", 40)  # several blocks
    weight = np.random.default_rng(0).integers(0, 3, 150).astype(float) if weighted else np.ones(150)
    explanation = explain_mixture(iris_model, iris, sample_weight=weight if weighted else None)
    X, labels = iris.to_numpy(), iris_model.predict(iris)
    for group in explanation.groups:
        rule, inside = group.rule, labels == group.group
        matching = _matching(rule, X)
        assert rule.precision == pytest.approx(weight[matching & inside].sum() / weight[matching].sum())
        assert rule.recall == pytest.approx(weight[matching & inside].sum() / weight[inside].sum())
        present = weight > 0
        assert rule.n_matching == (matching & present).sum()
        assert rule.n_correct == (matching & inside & present).sum()
        assert rule.n_group == (inside & present).sum()
        assert 1 <= len(rule.conditions) <= 3
        assert rule.precision > 0.85
        assert rule.recall > 0.85


def test_setosa_is_found_by_one_feature(iris, iris_model):
    explanation = explain_mixture(iris_model, iris)
    setosa = explanation.groups[iris_model.predict(iris.iloc[[0]])[0]]
    assert (setosa.rule.precision, setosa.rule.recall) == (1.0, 1.0)
    assert len(setosa.rule.conditions) == 1
    assert setosa.rule.text in {"petal length (cm) ≤ 2", "petal width (cm) ≤ 0.8"}


def test_a_box_in_the_middle_needs_both_limits_of_both_features():
    X = np.random.default_rng(0).uniform(-1, 1, (4000, 3))
    inside = (np.abs(X[:, 0]) < 0.4) & (np.abs(X[:, 1] - 0.3) < 0.3)
    conditions = find_conditions(X, inside, np.ones(4000), range(3))
    assert sorted(one.feature for one in conditions) == [0, 1]
    for one, limits in zip(
        sorted(conditions, key=lambda one: one.feature), [(-0.4, 0.4), (0, 0.6)], strict=True
    ):
        assert (one.low, one.high) == pytest.approx(limits, abs=0.03)
    rule = describe_rule(RowTable(X), np.where(inside, 0, 1), 0, conditions, ["a", "b", "c"])
    assert min(rule.precision, rule.recall) > 0.95
    # Limits are written as they are compared.
    frame = pd.DataFrame(X, columns=list("abc"))
    parts = [part.replace("≤", "<=").split() for part in rule.text.split(" and ")]
    assert frame.query(" and ".join(" ".join(part) for part in parts)).shape[0] == rule.n_matching


def test_a_group_that_no_range_describes_has_no_rule():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 2))
    conditions = find_conditions(X, rng.random(2000) < 0.7, np.ones(2000), range(2))
    assert conditions == ()


@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(1e-9, 1e9),
)
def test_a_rounded_threshold_lies_where_the_exact_one_may(below, gap):
    above = below + gap
    threshold = round_threshold(below, above)
    assert below <= threshold
    assert threshold < above or above <= below  # a gap lost in the rounding of the numbers
    assert float(threshold_text(threshold).replace(",", "")) == threshold


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [(1.9, 3.0, 2.0), (4.8, 5.1, 5.0), (-0.4, 0.3, 0.0), (1e8 + 0.1, 1e8 + 0.3, 1e8 + 0.2), (7.0, 7.0, 7.0)],
)
def test_thresholds_have_few_digits(below, above, expected):
    assert math.isclose(round_threshold(below, above), expected, rel_tol=1e-15)


def test_values_in_any_unit_get_a_rule():
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(0, 1, (100, 2)), rng.normal(8, 1, (100, 2))])
    for scale, shift in ((1e-150, 0.0), (1e150, 0.0), (1.0, 1e8)):
        Y = X * scale + shift
        explanation = explain_mixture(GaussianMixture(2, random_state=0).fit(Y), Y)
        for group in explanation.groups:
            assert min(group.rule.precision, group.rule.recall) > 0.99
            assert _matching(group.rule, Y).sum() == group.rule.n_matching
