"""Typical, border and unusual rows are those found by hand, and the reasons are conditional deviations."""

from __future__ import annotations

import numpy as np
import pytest

import gaussmix.explain.rows
from gaussmix import GaussianMixture
from gaussmix.explain import explain_mixture, explain_row
from gaussmix.explain.working_mixture import WorkingMixture


def _covariance(model, k):
    mixture = WorkingMixture.of(model)
    return mixture.covariances()[k] / np.outer(*[mixture.coordinates.scale] * 2)


def test_rows_of_each_kind_are_those_of_a_full_search(iris, iris_model, monkeypatch):
    monkeypatch.setattr(gaussmix.explain.rows, "BLOCK_ENTRIES", 60)  # several blocks
    explanation = explain_mixture(iris_model, iris, n_rows_shown=3)
    X, labels, probability = iris.to_numpy(), iris_model.predict(iris), iris_model.predict_proba(iris)
    for group in explanation.groups:
        k = group.group
        difference = X - iris_model.means_[k]
        distance = np.sqrt(
            np.einsum("nd,de,ne->n", difference, np.linalg.inv(_covariance(iris_model, k)), difference)
        )
        mine = np.flatnonzero(labels == k)
        by_distance = mine[np.argsort(distance[mine], kind="stable")]
        typical, unusual = group.typical_rows, group.unusual_rows
        assert [row.distance for row in typical] == pytest.approx(distance[by_distance[:3]])
        assert [row.distance for row in unusual] == pytest.approx(distance[by_distance[::-1][:3]])
        assert [row.row for row in unusual] == by_distance[::-1][:3].tolist()
        top = probability[mine, k]
        unsure = mine[np.argsort(top, kind="stable")][: min(3, (top < 0.9).sum())]
        assert [row.row for row in group.border_rows] == unsure.tolist()
        for row in (*typical, *unusual, *group.border_rows):
            assert row.group == k
            assert row.probability == pytest.approx(probability[row.row, k])
            others = np.where(np.arange(3) == k, -1, probability[row.row])
            assert row.runner_up == others.argmax()
            assert row.runner_up_probability == pytest.approx(others.max())
            assert row.values == tuple(X[row.row])


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_deviations_are_those_of_the_conditional_distribution(iris, covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(iris.to_numpy())
    row = iris.to_numpy()[106]
    found = explain_row(model, row)
    covariance, mean = _covariance(model, found.group), model.means_[found.group]
    for d, one in enumerate(found.deviations):
        rest = [e for e in range(4) if e != d]
        slope = np.linalg.solve(covariance[np.ix_(rest, rest)], covariance[rest, d])
        expected = mean[d] + slope @ (row[rest] - mean[rest])
        deviation = np.sqrt(covariance[d, d] - slope @ covariance[rest, d])
        assert (one.feature, one.value) == (d, row[d])
        assert one.expected == pytest.approx(expected)
        assert one.standard_deviation == pytest.approx(deviation)
        assert one.z == pytest.approx((row[d] - expected) / deviation)
    assert found.distance == pytest.approx(np.sqrt((row - mean) @ np.linalg.inv(covariance) @ (row - mean)))


def test_a_row_that_is_odd_only_given_its_other_values_is_explained_so():
    rng = np.random.default_rng(0)
    length = rng.normal(100, 10, 500)
    X = np.column_stack([length, 2 * length + rng.normal(0, 1, 500), rng.normal(size=500)])
    X[7] = [110, 190, 0]  # neither 110 nor 190 is far from its mean, but 190 is not twice 110
    explanation = explain_mixture(GaussianMixture(1, random_state=0).fit(X), X, ["length", "width", "depth"])
    (group,) = explanation.groups
    odd = group.unusual_rows[0]
    assert odd.row == 7
    assert {one.feature for one in odd.deviations[:2]} == {0, 1}
    assert min(abs(one.z) for one in odd.deviations[:2]) > 8
    assert explanation.unusual_rows[0] == odd


def test_rows_have_the_numbers_by_which_the_reader_knows_them(iris, iris_model):
    explanation = explain_mixture(iris_model, iris, row_numbers=np.arange(150) + 1000)
    for group in explanation.groups:
        for row in group.typical_rows + group.unusual_rows:
            assert row.number == row.row + 1000
