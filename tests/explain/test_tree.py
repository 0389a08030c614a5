"""The describing tree counts the rows that come to each leaf, and says how far it agrees."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.explain import explain_mixture


def _leaf(node, row):
    while node.feature is not None:
        node = node.low if row[node.feature] <= node.threshold else node.high
    return node


def _leaves(node):
    return [node] if node.feature is None else _leaves(node.low) + _leaves(node.high)


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_and_fidelity_are_those_of_sending_down_each_row(iris, iris_model, weighted):
    weight = np.random.default_rng(0).integers(0, 3, 150).astype(float) if weighted else None
    tree = explain_mixture(iris_model, iris, sample_weight=weight).tree
    weight = np.ones(150) if weight is None else weight
    labels, X = iris_model.predict(iris), iris.to_numpy()
    reached = [_leaf(tree.root, row) for row in X]
    for leaf in _leaves(tree.root):
        mine = np.array([one is leaf for one in reached])
        expected = np.bincount(labels[mine], weights=weight[mine], minlength=3)
        assert leaf.counts == pytest.approx(expected)
    agree = np.array([leaf.group for leaf in reached]) == labels
    assert tree.fidelity == pytest.approx(weight[agree].sum() / weight.sum())
    assert tree.fidelity > 0.95
    assert tree.n_leaves == len(_leaves(tree.root)) <= 6
    assert sum(tree.root.counts) == weight.sum()


def test_lines_name_features_units_groups_and_counts(iris):
    model = GaussianMixture(3, random_state=0).fit(iris)
    model.component_names_ = ["setosa", "versicolor", "virginica"]
    tree = explain_mixture(model, iris).tree
    assert re.fullmatch(r"petal (width|length) \(cm\) ≤ [\d.]+: setosa \(50 rows\)", tree.lines[0])
    counted = [int(count) for line in tree.lines for count in re.findall(r"\((\d+) rows?", line)]
    assert sum(counted) == 150
    assert len(counted) == tree.n_leaves


def test_a_question_must_be_worth_asking():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (500, 4)), rng.normal([6, 0, 0, 0], 1, (500, 4))])
    tree = explain_mixture(GaussianMixture(2, random_state=0).fit(X), X).tree
    assert tree.n_leaves == 2
    assert tree.root.feature == 0
    assert 2 < tree.root.threshold < 4
    assert len(str(tree.root.threshold)) <= 4


def test_values_beyond_single_precision_are_asked_for_in_double():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (200, 1)), rng.normal(9, 1, (200, 1))]) + 1e10
    tree = explain_mixture(GaussianMixture(2, random_state=0).fit(X), X).tree
    assert tree.fidelity > 0.99
