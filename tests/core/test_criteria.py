"""BICc charges for few rows what the likelihood of normal samples flatters, and is BIC with many."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from gaussmix import AutoGaussianMixture
from gaussmix.core.criteria import aic, bic, bicc, parameters_each


def test_for_one_column_the_correction_is_that_of_hurvich_and_tsai():
    correction = bicc(-50.0, 2, 15, 15, parameters_each(1, 1, 1), 1, 1) - bic(-50.0, 2, 15)
    assert correction == pytest.approx(2 * 2 * 3 / (15 - 2 - 1))


@pytest.mark.parametrize(("n_rows", "n_features"), [(12, 3), (30, 5)])
def test_the_correction_is_by_how_much_the_likelihood_of_a_normal_sample_flatters(n_rows, n_features):
    # Twice the log-likelihood of the sample less that of as many new rows, in the mean, by drawing.
    generator = np.random.default_rng(0)
    gaps = []
    for _ in range(4000):
        X = generator.normal(size=(n_rows, n_features))
        mean, covariance = X.mean(axis=0), np.cov(X.T, bias=True)
        # Of new rows the expected squared distance is known: trace(inv(S)) + mean' inv(S) mean.
        inverse = np.linalg.inv(covariance)
        gaps.append(n_rows * (np.trace(inverse) + mean @ inverse @ mean - n_features))
    n_parameters = n_features + n_features * (n_features + 1) // 2
    each = parameters_each(1, n_features, n_features * (n_features + 1) // 2)
    correction = bicc(0.0, n_parameters, n_rows, n_rows, each, 1, n_features) - bic(0.0, n_parameters, n_rows)
    standard_error = np.std(gaps) / math.sqrt(len(gaps))
    assert aic(0.0, n_parameters) + correction == pytest.approx(np.mean(gaps), abs=4 * standard_error)


def test_with_many_rows_it_is_bic_with_half_a_parameter_more_a_feature_of_each_component_beyond_the_first():
    each = parameters_each(3, 4, 10)
    assert bicc(-1e6, 20, 1e6, 1e6, each, 3, 4) == pytest.approx(bic(-1e6, 24, 1e6), abs=1e-3)
    assert bicc(-1e6, 20, 1e6, 1e6, each, 3, 40) == pytest.approx(bic(-1e6, 24, 1e6), abs=1e-3)  # at most two
    assert bicc(-1e6, 20, 1e6, 1e6, each, 1, 4) == pytest.approx(bic(-1e6, 20, 1e6), abs=1e-3)


def test_repetition_changes_the_scale_alone():
    once = bicc(-80.0, 7, 40, 40, 6.0, 2, 3)
    assert bicc(-8 * 80.0, 7, 8 * 40, 40, 6.0, 2, 3) == pytest.approx(8 * once)


@pytest.mark.parametrize("n_rows", [10, 20, 50])
@pytest.mark.parametrize("n_features", [2, 4])
def test_few_rows_without_groups_are_one_group(n_rows, n_features):
    found = []
    for seed in range(5):
        generator = np.random.default_rng(seed)
        X = generator.normal(size=(n_rows, n_features)) @ generator.normal(size=(n_features, n_features))
        found.append(AutoGaussianMixture(range(1, 6), random_state=0).fit(X).n_components_)
    assert found.count(1) >= 4


def test_few_rows_with_groups_far_apart_keep_them():
    truth = np.repeat(np.arange(3), 10)
    X = np.array([[0, 0], [6, 0], [0, 6]])[truth] + np.random.default_rng(1).normal(size=(30, 2))
    assert AutoGaussianMixture(random_state=0).fit(X).n_components_ == 3


def test_every_row_eight_times_says_no_more_than_once():
    truth = np.repeat(np.arange(3), 20)
    X = np.array([[0, 0], [6, 0], [0, 6]])[truth] + np.random.default_rng(1).normal(size=(60, 2))
    once = AutoGaussianMixture(random_state=0).fit(X)
    repeated = AutoGaussianMixture(random_state=0).fit(np.repeat(X, 8, axis=0))
    weighted = AutoGaussianMixture(random_state=0).fit(X, sample_weight=np.full(60, 8.0))
    assert once.n_components_ == repeated.n_components_ == weighted.n_components_ == 3
    assert adjusted_rand_score(once.predict(X), repeated.predict(X)) == 1.0
