"""Columns that follow from others are found, and a mixture fitted without them is one of all columns."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import AutoGaussianMixture, DependentFeaturesWarning, GaussianMixture
from gaussmix.core.relations import find_relations

N = 150


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(size=(N, 3))


def equations(X):
    relations = find_relations(X, None)
    names = [f"x{number}" for number in range(X.shape[1])]
    return [] if relations is None else [one.equation(names) for one in relations.listed()]


def test_constants_copies_and_sums_are_named(table):
    a, b, c = table.T
    X = np.column_stack([a, np.full(N, 3.0), b, a, 2.0 * a - b + 5.0, c])
    assert equations(X) == ["x1 = 3", "x3 = x0", "x4 = 2 x0 - x2 + 5"]


def test_shares_of_a_whole_and_one_hot_columns_are_found(table):
    shares = 100.0 * np.exp(table) / np.exp(table).sum(axis=1, keepdims=True)
    assert equations(shares) == ["x2 = -x0 - x1 + 100"]
    one_hot = np.column_stack([np.eye(3)[table.argmax(axis=1)], table[:, 0]])
    assert equations(one_hot) == ["x2 = -x0 - x1 + 1"]


def test_an_equation_may_hold_up_to_the_steps_of_recorded_values(table):
    celsius = np.round(10.0 * table[:, 0] + 15.0, 1)
    fahrenheit = np.round(1.8 * celsius + 32.0, 1)
    assert equations(np.column_stack([celsius, fahrenheit])) == ["x1 = 1.8 x0 + 32"]


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("unit", [1e-100, 1.0, 1e100])
def test_neither_an_offset_nor_units_hide_an_equation(table, offset, unit):
    a, b, _ = table.T + offset
    assert len(equations(np.column_stack([a, b, a + b]) * unit)) == 1


def test_strong_correlation_is_no_equation(table):
    a, b, _ = table.T
    assert equations(np.column_stack([a, a + 1e-3 * b])) == []


def test_a_row_far_out_makes_none(table):
    X = np.vstack([table, np.full((1, 3), 1e9)])
    assert equations(X) == []
    assert equations(np.column_stack([X, X.sum(axis=1)])) == ["x3 = x0 + x1 + x2"]


def test_flags_that_mostly_agree_are_no_equation(table):
    flags = table[:, 0] > 0
    assert equations(np.column_stack([flags, flags ^ (table[:, 1] > 1.8)]).astype(float)) == []


def three_groups():
    generator = np.random.default_rng(9)
    truth = np.repeat(np.arange(3), 60)
    X = generator.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 180)
    return X + np.array([[0, 0], [6, 0], [0, 6]])[truth]


@pytest.mark.parametrize(
    "column",
    [
        lambda X: np.full(len(X), 3.0),
        lambda X: X[:, 0],
        lambda X: X.sum(axis=1),
        lambda X: 1.8 * X[:, 1] + 32,
    ],
    ids=["constant", "copy", "sum", "other unit"],
)
@pytest.mark.parametrize("mixture", [GaussianMixture(3, random_state=0), AutoGaussianMixture(random_state=0)])
def test_a_column_that_follows_from_others_changes_no_label(column, mixture):
    # https://stackoverflow.com/questions/66768784: with a constant column all covariances are spheres.
    X = three_groups()
    labels = mixture.fit(X).predict(X)
    wide = np.column_stack([X, column(X)])
    with pytest.warns(DependentFeaturesWarning):
        mixture.fit(wide)
    assert (mixture.predict(wide) == labels).all()
    expected = np.column_stack([mixture.means_[:, :2], column(mixture.means_[:, :2])])
    np.testing.assert_allclose(mixture.means_, expected, rtol=1e-9)
    assert mixture.score(wide) * len(wide) == pytest.approx(mixture.log_likelihood_, rel=1e-9)
