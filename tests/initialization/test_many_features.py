"""Tables with more features than rows a component: the directions that lead, and groups found along them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from gaussmix import GaussianMixture
from gaussmix.initialization.directions import leading_directions

pytestmark = pytest.mark.filterwarnings("ignore::gaussmix.DegenerateComponentWarning")


def groups_in_few_features(seed, n_rows=80, n_features=400, n_groups=3, n_telling=16, shift=2.0):
    generator = np.random.default_rng(seed)
    labels = np.arange(n_rows) % n_groups
    means = np.zeros((n_groups, n_features))
    means[:, :n_telling] = shift * generator.normal(size=(n_groups, n_telling))
    return means[labels] + generator.normal(size=(n_rows, n_features)), labels


def groups_along_factors(seed, n_rows=80, n_features=400, n_groups=3):
    generator = np.random.default_rng(seed)
    labels = np.arange(n_rows) % n_groups
    corners = 6.0 * np.eye(3)[:n_groups]
    places = corners[labels] + generator.normal(size=(n_rows, 3))
    X = places @ generator.normal(size=(3, n_features)) + generator.normal(size=(n_rows, n_features))
    return X, labels


def without_groups(seed, n_rows=80, n_features=400):
    return np.random.default_rng(seed).normal(size=(n_rows, n_features))


@pytest.mark.parametrize("make", [groups_in_few_features, groups_along_factors])
@pytest.mark.parametrize("seed", range(5))
def test_given_their_number_groups_are_found_at_least_as_well_as_by_k_means(make, seed):
    X, labels = make(seed)
    theirs = max(
        adjusted_rand_score(labels, KMeans(3, n_init=n_init, random_state=0).fit_predict(X))
        for n_init in (1, 10)
    )
    ours = adjusted_rand_score(labels, GaussianMixture(3, random_state=0).fit_predict(X))
    assert ours >= max(theirs, 0.9) - 0.01


def test_the_directions_are_principal_components():
    X, _ = groups_along_factors(0)
    found, theirs = leading_directions(X, np.ones(len(X))), PCA(4).fit(X)
    np.testing.assert_allclose(found.variances[:4], theirs.explained_variance_ * (1 - 1 / len(X)))
    np.testing.assert_allclose(np.abs(np.diag(theirs.components_ @ found.axes[:, :4])), 1.0)
    np.testing.assert_allclose(found.scores(X, 2).var(axis=0), found.variances[:2])


def test_weights_count_as_repeated_rows():
    X, _ = groups_along_factors(1)
    weights = 1.0 + np.arange(len(X)) % 3
    weighted = leading_directions(X, weights)
    repeated = leading_directions(np.repeat(X, weights.astype(int), axis=0), np.ones(int(weights.sum())))
    np.testing.assert_allclose(weighted.variances, repeated.variances)
    assert weighted.n_leading == repeated.n_leading


@pytest.mark.parametrize("n_factors", [1, 3, 5])
def test_as_many_directions_lead_as_there_are_factors(n_factors):
    generator = np.random.default_rng(n_factors)
    X = generator.normal(size=(80, n_factors)) @ generator.normal(size=(n_factors, 400))
    X += generator.normal(size=X.shape)
    assert leading_directions(X, np.ones(80)).n_leading == n_factors


def test_no_direction_leads_in_noise_whatever_the_spread_of_each_feature():
    generator = np.random.default_rng(0)
    for seed in range(5):
        X = without_groups(seed) * np.exp(0.5 * generator.normal(size=400))
        assert leading_directions(X, np.ones(80)).n_leading <= 1


def test_features_in_units_of_their_own_are_brought_to_one_spread():
    X, labels = groups_in_few_features(0, n_telling=30, shift=3.0)
    units = 10.0 ** np.random.default_rng(1).uniform(-6, 6, size=X.shape[1])
    assert adjusted_rand_score(labels, GaussianMixture(3, random_state=0).fit_predict(X * units)) > 0.9


def test_an_elbow_stands_where_variances_fall_off():
    generator = np.random.default_rng(2)
    X = generator.normal(size=(100, 6)) * [4, 4, 1.5, 1.5, 1.5, 1.5] @ generator.normal(size=(6, 300))
    X += generator.normal(size=X.shape)
    directions = leading_directions(X, np.ones(100))
    assert directions.n_leading == 6
    assert directions.elbows[0] == 2
    assert directions.elbows[-1] == 6


def test_neither_the_order_of_the_rows_nor_a_shift_or_a_common_unit_matters():
    X, _ = groups_in_few_features(3)
    order = np.random.default_rng(0).permutation(len(X))
    labels = GaussianMixture(3, random_state=0).fit_predict(X)
    again = GaussianMixture(3, random_state=0).fit_predict(1e3 * X[order] + 5.0)
    assert adjusted_rand_score(labels[order], again) == 1.0


def test_a_start_that_the_user_names_is_taken():
    X, _ = groups_in_few_features(0)
    assert GaussianMixture(3, init_params="kmeans", moves=None, random_state=0).fit(X).stability_ is None
    assert GaussianMixture(3, random_state=0).fit(X).stability_.n_starts > 1
