"""Linear equations among features are found from a mixture in any units, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.core.dependence import Dependence, dependent_features

FLOOR = 1e-6


def mixture_of(X, n_groups=2):
    """Return weights, means and covariances of groups of rows, the covariances held up as fits do."""
    groups = [X[k::n_groups] for k in range(n_groups)]
    floor = np.diag(FLOOR * groups[0].var(axis=0))
    weights = np.array([len(group) / len(X) for group in groups])
    means = np.array([group.mean(axis=0) for group in groups])
    return weights, means, np.array([np.cov(group.T, bias=True) + floor for group in groups]), len(X)


@pytest.fixture
def X():
    generator = np.random.default_rng(0)
    return generator.normal(size=(200, 4)) + 6.0 * (np.arange(200) % 2)[:, None]


def test_independent_features_are_in_no_equation(X):
    assert dependent_features(*mixture_of(X)) == ()


@pytest.mark.parametrize("units", [np.ones(5), [1.0, 1e-6, 1e9, 1e-100, 1e100]])
def test_a_sum_is_found_with_its_parts_in_any_units(X, units):
    table = np.column_stack([X, X[:, 0] + X[:, 2]]) * units
    assert dependent_features(*mixture_of(table)) == (Dependence((0, 2, 4), 1),)


def test_means_far_from_zero_do_not_matter(X):
    table = np.column_stack([X, X[:, 0] + X[:, 2]]) + 1e6
    assert dependent_features(*mixture_of(table)) == (Dependence((0, 2, 4), 1),)


def test_equations_that_share_no_feature_are_told_apart(X):
    table = np.column_stack([X, X[:, 0] + X[:, 2], 2.0 * X[:, 1] - X[:, 3]])
    found = dependent_features(*mixture_of(table))
    assert found == (Dependence((0, 2, 4), 1), Dependence((1, 3, 5), 1))


def test_copies_of_one_feature_are_all_surplus_but_one(X):
    table = np.column_stack([X, X[:, 1], -3.0 * X[:, 1]])
    assert dependent_features(*mixture_of(table)) == (Dependence((1, 4, 5), 2),)


def test_indicators_of_all_categories_sum_to_one(X):
    indicators = np.eye(30)[np.random.default_rng(1).permutation(np.arange(600) % 30)]
    table = np.column_stack([np.resize(X, (600, 4)), indicators])
    assert dependent_features(*mixture_of(table, 1)) == (Dependence(tuple(range(4, 34)), 1),)


def test_a_constant_feature_is_not_dependent_on_others(X):
    table = np.column_stack([X, np.full(200, 3.0)])
    assert dependent_features(*mixture_of(table)) == ()


def test_a_component_whose_rows_lie_on_a_plane_says_nothing_of_the_features(X):
    table = X.copy()
    table[::2, 3] = table[::2, 0] + table[::2, 1]
    assert dependent_features(*mixture_of(table)) == ()


def test_narrow_groups_far_apart_are_no_equation(X):
    table = X + 1e5 * (np.arange(200) % 2)[:, None]
    assert dependent_features(*mixture_of(table)) == ()


def test_an_equation_that_differs_by_group_is_none(X):
    table = np.column_stack([X, X[:, 0] + X[:, 2] + np.arange(200) % 2])
    assert dependent_features(*mixture_of(table)) == ()


def test_components_without_rows_do_not_matter(X):
    weights, means, covariances, n_rows = mixture_of(np.column_stack([X, X[:, 0] + X[:, 2]]))
    weights = np.append(weights, 0.0)
    means = np.vstack([means, np.full(5, 1e3) * [1, 2, 3, 4, 5]])
    covariances = np.concatenate([covariances, np.eye(5)[None]])
    assert dependent_features(weights, means, covariances, n_rows) == (Dependence((0, 2, 4), 1),)


def test_no_more_rows_than_features_are_no_equation():
    assert dependent_features(*mixture_of(np.random.default_rng(0).normal(size=(10, 10)), 1)) == ()
