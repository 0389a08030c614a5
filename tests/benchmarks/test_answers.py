"""The tables of the benchmark of answers are what they say, and answers are judged as its page says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.special import expit
from scipy.stats import gaussian_kde
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmarks.answers_draws import Table, distances_apart, groups_apart
from benchmarks.answers_fits import judged, same_groups
from benchmarks.answers_tables import KINDS

DRAWN = [kind for kind in KINDS.values() if "genes" not in kind.tags]
WITH_DENSITY = [
    kind for kind in DRAWN if kind.table(0).log_density is not None and "many columns" not in kind.tags
]
WITH_COMPANION = [kind for kind in DRAWN if kind.table(0).plain is not None]
SEPARATED = [kind for kind in DRAWN if "separated" in kind.tags and "many columns" not in kind.tags]
named = {"ids": lambda kind: kind.name}


def test_there_are_at_least_forty_kinds():
    assert len(KINDS) >= 40


@pytest.mark.parametrize("kind", DRAWN, **named)
def test_a_table_is_a_function_of_its_seed(kind):
    table, again, other = kind.table(1), kind.table(1), kind.table(2)
    assert_array_equal(table.X, again.X)
    assert_array_equal(table.labels, again.labels)
    assert (table.X.shape == other.X.shape and np.array_equal(table.X, other.X)) == (kind.n_tables == 1)


@pytest.mark.parametrize("kind", DRAWN, **named)
def test_a_table_has_a_label_a_row_and_all_of_its_groups(kind):
    table = kind.table(0)
    assert np.isfinite(table.X).all()
    assert table.labels.shape == table.X.shape[:1]
    assert set(table.labels) - {-1} == set(range(table.n_groups))
    assert table.sample_weight is None or table.sample_weight.shape == table.labels.shape
    new_rows = kind.new_rows(table, 0, 7)
    assert new_rows is None or new_rows.shape == (7, table.X.shape[1])


@pytest.mark.parametrize("kind", SEPARATED, **named)
def test_groups_that_are_said_to_be_apart_can_be_told_apart(kind):
    table = kind.table(0)
    grouped = table.labels >= 0
    X, labels = table.X[grouped], table.labels[grouped]
    assert LinearDiscriminantAnalysis().fit(X, labels).score(X, labels) > 0.93


@pytest.mark.parametrize("kind", WITH_DENSITY, **named)
def test_the_density_is_that_of_the_new_rows(kind):
    """For densities p and q, q / (p + q) over draws from p has the mean of p / (p + q) over draws from q."""
    table = kind.table(0)
    q = gaussian_kde(kind.new_rows(table, 0, 500).T)
    drawn, smoothed = kind.new_rows(table, 1, 1000), q.resample(1000, seed=0).T

    def share(rows):
        return expit(table.log_density(rows) - q.logpdf(rows.T))

    assert 1 - np.mean(share(drawn)) == pytest.approx(np.mean(share(smoothed)), abs=0.06)


@pytest.mark.parametrize("kind", WITH_COMPANION, **named)
def test_the_first_rows_are_those_without_the_companion_but_for_units(kind):
    table = kind.table(0)
    first = table.X[: len(table.plain)]
    assert table.labels[: len(table.plain)].min() >= 0
    for column in table.plain.T:
        agreements = [np.corrcoef(column, other)[0, 1] for other in first.T if np.ptp(other) > 0]
        assert max(agreements) == pytest.approx(1.0, abs=1e-6)


def test_groups_are_as_far_apart_as_is_asked_for():
    parameters = groups_apart(np.random.default_rng(0), 4, 3, (5.0, 5.0))
    assert distances_apart(parameters.means, parameters.covariances).min() == pytest.approx(5.0)


def test_rows_of_no_group_count_neither_for_agreement_nor_for_the_number_of_groups():
    table = Table(np.zeros((6, 1)), np.array([0, 0, 1, 1, -1, -1]), 2)
    answer = judged(table, np.array([5, 5, 3, 3, 7, 3]), 3, 0.0, np.nan)
    assert (answer.ari, answer.n_found) == (1.0, 2)


def test_labels_that_differ_in_names_only_are_unchanged():
    labels = np.array([2, 2, 0, 0, 1, 9])
    assert same_groups(labels, np.array([0, 0, 1, 1, 2])) == 1.0
    assert same_groups(labels, np.array([0, 1, 1, 1, 2])) == pytest.approx(0.8)
