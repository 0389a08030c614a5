"""The chosen model has the best optimum known of it: the choice searches no less than a single fit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from gaussmix import AutoGaussianMixture, GaussianMixture
from gaussmix.explain.choice import choice_sentences
from gaussmix.report.recipe import python_code

TOLERANCE = 0.01
"""BIC that the chosen model may be worse, of all rows together."""


def plane_clusters(n_clusters: int, seed: int):
    """Return clusters of the plane, of 30 to 300 rows, and where each row came from."""
    generator = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n_clusters)))
    places = generator.permutation([(i, j) for i in range(side) for j in range(side)])[:n_clusters]
    centers = 7.0 * places + generator.uniform(-1.5, 1.5, (n_clusters, 2))
    labels = np.repeat(np.arange(n_clusters), generator.integers(30, 300, n_clusters))
    stretch = np.exp(generator.uniform(-0.5, 0.5, (n_clusters, 2)))
    return centers[labels] + stretch[labels] * generator.normal(size=(len(labels), 2)), labels


def unbalanced():
    """Return three dense clusters of 2,000 rows and five far ones of 100, and where each row came from."""
    generator = np.random.default_rng(0)
    centers = np.array([[0, 0], [9, 0], [4, 10], [90, -25], [90, 5], [90, 35], [110, -10], [110, 20]])
    labels = np.repeat(np.arange(8), [2000] * 3 + [100] * 5)
    spread = np.where(labels < 3, 1.0, 2.4)[:, None]
    return centers[labels] + spread * generator.normal(size=(len(labels), 2)), labels


def bic_from_truth(X, labels):
    """Return scikit-learn's BIC of full covariances where EM leads from the true groups."""
    n_clusters = labels.max() + 1
    groups = [X[labels == k] for k in range(n_clusters)]
    mixture = ScikitLearnMixture(
        n_clusters,
        tol=1e-9,
        reg_covar=0.0,
        max_iter=2000,
        weights_init=np.bincount(labels) / len(X),
        means_init=[group.mean(axis=0) for group in groups],
        precisions_init=[np.linalg.inv(np.cov(group.T)) for group in groups],
    )
    return mixture.fit(X).bic(X)


@pytest.mark.parametrize("n_clusters", [12, 25])
def test_the_optimum_of_many_clusters_is_no_worse_than_the_one_near_the_truth(n_clusters):
    X, labels = plane_clusters(n_clusters, seed=n_clusters)
    mixture = AutoGaussianMixture(n_clusters, covariance_types=["VVI", "VVV"], random_state=0).fit(X)
    assert mixture.selection_.ranking[0].bic <= bic_from_truth(X, labels) + TOLERANCE


def test_groups_of_very_different_sizes_and_distances_are_found_as_they_were_drawn():
    X, labels = unbalanced()
    mixture = AutoGaussianMixture(8, random_state=0).fit(X)
    assert mixture.selection_.ranking[0].bic <= bic_from_truth(X, labels)
    assert len(set(zip(labels, mixture.predict(X), strict=True))) == 8


@pytest.mark.parametrize(
    ("name", "n_components"),
    [("iris", 3), ("iris", 5), ("wine", 3), ("cancer", 3), ("clusters", 3), ("clusters", 7)],
)
def test_the_chosen_model_is_no_worse_than_the_same_model_fitted_alone(name, n_components):
    X = {
        "iris": load_iris().data,
        "wine": load_wine().data[:, [0, 6, 9, 11, 12]],
        "cancer": load_breast_cancer().data[:, :8],
        "clusters": plane_clusters(n_components, seed=1)[0],
    }[name]
    mixture = AutoGaussianMixture(n_components, random_state=0).fit(X)
    alone = GaussianMixture(n_components, covariance_type=mixture.covariance_type_, random_state=0).fit(X)
    assert mixture.selection_.ranking[0].bic <= alone.bic(X) + TOLERANCE


def test_a_large_table_is_searched_no_less_than_by_a_single_fit():
    X, _ = plane_clusters(20, seed=3)
    X = np.concatenate([X + np.random.default_rng(i).normal(scale=0.1, size=X.shape) for i in range(4)])
    mixture = AutoGaussianMixture(20, covariance_types=["VVI", "VVV"], random_state=0).fit(X)
    alone = GaussianMixture(20, covariance_type=mixture.covariance_type_, random_state=0).fit(X)
    assert mixture.selection_.ranking[0].bic <= alone.bic(X) + TOLERANCE


@pytest.mark.parametrize("n_clusters", [12, 20])
def test_the_number_of_components_goes_on_as_long_as_the_best_has_the_most(n_clusters):
    generator = np.random.default_rng(n_clusters)
    places = np.array([(i, j) for i in range(5) for j in range(4)])[:n_clusters]
    X = np.repeat(9.0 * places, 60, axis=0) + generator.normal(size=(60 * n_clusters, 2))
    mixture = AutoGaussianMixture(random_state=0).fit(X)
    assert mixture.n_components_ == n_clusters
    compared = set(mixture.selection_["n_components"])
    assert {*range(1, 10), n_clusters - 1, n_clusters, n_clusters + 1} <= compared
    labels = mixture.predict(X)
    assert len(set(zip(np.repeat(np.arange(n_clusters), 60), labels, strict=True))) == n_clusters
    single = GaussianMixture("auto", covariance_type="spherical", random_state=0).fit(X)
    assert single.n_components_ == n_clusters
    first = choice_sentences(mixture.selection_)[0]
    assert f"among {len(compared)} numbers from 1 to {max(compared)}" in first
    assert "model = AutoGaussianMixture(random_state=0).fit(X)" in python_code(
        mixture.best_estimator_, None, mixture.selection_
    )


def test_a_list_of_numbers_is_compared_as_it_stands():
    X = np.repeat(9.0 * np.arange(12.0)[:, None], 30, axis=0)
    X = X + np.random.default_rng(0).normal(size=X.shape)
    mixture = AutoGaussianMixture(range(1, 10), random_state=0).fit(X)
    assert sorted(set(mixture.selection_["n_components"])) == list(range(1, 10))


def test_components_have_ten_rows_a_feature_on_average_where_more_are_compared():
    X = np.repeat(2.0 ** np.arange(15), 8)[:, None] * (
        1 + 0.01 * np.random.default_rng(0).normal(size=(120, 1))
    )
    numbers = AutoGaussianMixture(random_state=0).fit(X).selection_["n_components"]
    assert 9 < numbers.max() <= 12


@pytest.mark.parametrize("seed", range(6))
def test_a_thorough_choice_makes_no_model_worse(seed):
    generator = np.random.default_rng(seed)
    n_groups, n_features = 2 + seed % 3, 2 + seed % 2
    centers = 2.0 * generator.normal(size=(n_groups, n_features))
    X = centers[generator.integers(n_groups, size=60)] + generator.normal(size=(60, n_features))
    quick = AutoGaussianMixture(range(1, 6), random_state=0).fit(X)
    thorough = AutoGaussianMixture(range(1, 6), thorough=True, random_state=0).fit(X)
    for row in quick.selection_:
        if row.noise:  # fitted to the best models alone, which can be others
            continue
        other = thorough.selection_.cell(row.covariance_type, row.n_components)
        assert other.sound or not row.sound
        if row.sound:
            assert other.bic <= row.bic + 1e-6
    assert thorough.selection_.ranking[0].bicc <= quick.selection_.ranking[0].bicc + 1e-6


def test_a_thorough_choice_makes_no_model_of_a_large_table_worse():
    X, _ = plane_clusters(4, seed=2)
    X = np.concatenate([X + np.random.default_rng(i).normal(scale=0.2, size=X.shape) for i in range(25)])
    names = ["VII", "EEI", "VVI"]
    quick = AutoGaussianMixture([3, 4, 5], covariance_types=names, random_state=0).fit(X)
    thorough = AutoGaussianMixture([3, 4, 5], covariance_types=names, thorough=True, random_state=0).fit(X)
    assert len(X) > 10_000
    for row in quick.selection_:
        if row.noise:
            continue
        other = thorough.selection_.cell(row.covariance_type, row.n_components)
        assert not row.sound or (other.sound and other.bic <= row.bic + 1e-6 * abs(row.bic))
