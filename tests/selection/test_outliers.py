"""Rows that lie apart take no part in the comparison of models, and are noise of the chosen one."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import AutoGaussianMixture, DependentFeaturesWarning, GaussianMixture
from gaussmix.selection.outliers import isolated_rows

FAR = [20.0, 1e2, 1e4, 1e9, 3.4e38]


def apart(X, weights=None):
    """Return which rows lie apart by the first gap."""
    found = isolated_rows(X, weights)
    return found[0] if found else np.zeros(len(X), dtype=bool)


@pytest.fixture(scope="module")
def groups():
    labels = np.repeat(range(3), 60)
    X = np.array([[0, 0], [6, 0], [0, 6]])[labels] + np.random.default_rng(0).normal(size=(180, 2))
    return X, labels


@pytest.mark.parametrize("far", FAR)
def test_a_row_far_out_lies_apart_and_no_other(groups, far):
    X, _ = groups
    table = np.concatenate([X, [[far, -far]]])
    assert np.flatnonzero(apart(table)).tolist() == [180]
    assert not apart(X).any()


def test_small_clumps_lie_apart_and_groups_do_not(groups):
    X, _ = groups
    clump = 100.0 + np.random.default_rng(1).normal(size=(3, 2))
    assert np.flatnonzero(apart(np.concatenate([X, clump]))).tolist() == [180, 181, 182]
    group = 100.0 + np.random.default_rng(1).normal(size=(8, 2))
    assert not apart(np.concatenate([X, group])).any()


def test_a_value_that_stands_for_a_missing_entry_lies_apart_but_many_equal_rows_are_a_group(groups):
    X, _ = groups
    few, many = np.full((5, 2), -9999.0), np.zeros((60, 2)) - 50.0
    assert apart(np.concatenate([X, few])).sum() == 5
    assert not apart(np.concatenate([X, many])).any()


def test_rows_without_weight_are_not_looked_at(groups):
    X, _ = groups
    table, weights = np.concatenate([X, [[1e4, 1e4]]]), np.ones(181)
    weights[-1] = 0.0
    assert not apart(table, weights).any()


def test_hardly_any_normal_table_in_two_columns_or_more_has_such_rows():
    generator = np.random.default_rng(2)
    found = [apart(generator.normal(size=(n, d))).any() for n in (20, 100) for d in (2, 5) for _ in range(25)]
    assert sum(found) <= 1


@pytest.mark.parametrize("far", FAR)
def test_a_row_far_out_changes_no_label_of_the_others(groups, far):
    X, _ = groups
    plain = AutoGaussianMixture(random_state=0).fit(X)
    found = AutoGaussianMixture(random_state=0).fit(np.concatenate([X, [[far, far]]]))
    labels = found.predict(np.concatenate([X, [[far, far]]]))
    assert np.array_equal(labels[:180], plain.predict(X))
    assert labels[180] == -1
    assert (found.n_components_, found.covariance_type_) == (plain.n_components_, plain.covariance_type_)


def test_the_table_of_models_is_about_all_rows_with_noise(groups):
    X, _ = groups
    table = np.concatenate([X, [[1e4, 1e4]]])
    found = AutoGaussianMixture(range(1, 5), random_state=0).fit(table)
    assert all(row.noise for row in found.selection_)
    best = found.selection_.ranking[0]
    assert best.bic == pytest.approx(found.bic(table))
    assert best.log_likelihood == pytest.approx(181 * found.score(table))


def test_without_noise_no_row_is_left_out(groups):
    X, _ = groups
    table = np.concatenate([X, [[1e4, 1e4]]])
    assert AutoGaussianMixture(range(1, 5), noise=False, random_state=0).fit(table).noise_ is None


def test_a_number_that_is_chosen_for_one_family_is_not_spoilt_by_a_row(groups):
    X, _ = groups
    table = np.concatenate([X, [[1e4, 1e4]]])
    found = GaussianMixture("auto", random_state=0).fit(table)
    assert found.n_components_ == 3
    assert np.flatnonzero(found.predict(table) == -1).tolist() == [180]


def test_the_tails_of_one_wide_group_are_not_noise():
    # A row may lie apart from all others and still be what a wide component makes one expect.
    generator = np.random.default_rng(3)
    X = np.concatenate([generator.normal(size=(200, 1)), 30.0 * generator.normal(size=(15, 1))])
    found = AutoGaussianMixture(random_state=0).fit(X)
    assert found.n_components_ <= 2


@pytest.mark.parametrize("criterion", ["bicc", "bic", "icl", "aic"])
@pytest.mark.parametrize("seed", [14, 22, 46, 51])
def test_the_chosen_row_the_fit_and_its_criteria_are_of_one_model(criterion, seed):
    generator = np.random.default_rng(seed)
    parts = [generator.normal(size=(40, 2)), generator.normal(size=(40, 2)) + 7]
    parts += [generator.uniform(-6, 13, size=(int(generator.integers(1, 6)), 2)), [[1e4, 1e4]]]
    X = np.concatenate(parts)
    found = AutoGaussianMixture([1, 2, 3, 4], criterion=criterion, random_state=0).fit(X)
    best = found.selection_.ranking[0]
    assert (found.n_components_, found.covariance_type_) == (best.n_components, best.covariance_type)
    assert len(found.means_) == found.n_components_
    assert best.bic == pytest.approx(found.bic(X))
    assert best.log_likelihood == pytest.approx(len(X) * found.score(X))


@pytest.mark.parametrize(
    "far", [(0.0, 0.0, 103.0), (0.0, 0.0, 1e6), (-999.0, -999.0, -999.0), (500.0, 500.0, 503.0)]
)
@pytest.mark.parametrize("dependent", ["constant", "sum"])
def test_a_row_that_breaks_a_relation_changes_no_label(far, dependent):
    generator = np.random.default_rng(1)
    X = np.concatenate([generator.normal(size=(60, 2)), generator.normal(size=(60, 2)) + 8])
    column = np.full(120, 3.0) if dependent == "constant" else X.sum(axis=1)
    X = np.column_stack([X, column])
    with pytest.warns(DependentFeaturesWarning):
        found = AutoGaussianMixture(random_state=0).fit(np.concatenate([X, [far]]))
    labels = found.predict(np.concatenate([X, [far]]))
    assert found.n_components_ == 2
    assert len(set(labels[:60])) == len(set(labels[60:120])) == 1
    assert labels[0] != labels[60]
    assert labels[120] == -1


@pytest.mark.parametrize("seed", [10, 20, 33])
def test_an_edge_of_one_column_hides_no_row_far_out(seed):
    X = np.concatenate([np.random.default_rng(seed).normal(size=(25, 1)), [[1e5]]])
    found = AutoGaussianMixture(random_state=0).fit(X)
    assert found.n_components_ == 1
    assert np.flatnonzero(found.predict(X) == -1).tolist() == [25]


def test_noise_among_the_others_stays_what_it_is_beside_a_row_far_out():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(100, 2)), generator.normal(size=(100, 2)) + 8])
    X = np.concatenate([X, generator.uniform(-10, 20, size=(30, 2))])
    plain = AutoGaussianMixture(random_state=0).fit(X)
    found = AutoGaussianMixture(random_state=0).fit(np.concatenate([X, [[1e4, 1e4]]]))
    assert plain.noise_ is not None
    labels = found.predict(np.concatenate([X, [[1e4, 1e4]]]))
    assert np.mean(labels[:230] == plain.predict(X)) > 0.99
