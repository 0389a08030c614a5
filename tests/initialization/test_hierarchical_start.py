"""The hierarchical start: one tree for all numbers of components, and a sample where rows are many."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from gaussmix import GaussianMixture
from gaussmix.backends import NativeBackend
from gaussmix.core.parameters import Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.covariance import FAMILIES
from gaussmix.initialization import Hierarchical, StartingData, hierarchical, representative_sample

# Where the EM of mclust 6.1.3 ends on iris from hc(modelName = "VVV", use = "SVD"), at a tolerance of 1e-10.
MCLUST_IRIS = [
    ("full", 2, -214.354704370512),
    ("full", 3, -180.185477135319),
    ("full", 4, -165.547524393558),
    ("tied", 2, -296.447574769275),
    ("tied", 3, -256.354043137165),
    ("diag", 2, -386.185346934487),
    ("diag", 3, -307.177571636546),
    ("spherical", 2, -478.559095769077),
    ("spherical", 3, -384.314095099699),
]


def starting_data(X, sample_weight=None, family="full", coordinates=None):
    n_features = X.shape[1]
    coordinates = coordinates or Coordinates.identity(n_features)
    rows = Rows(X, coordinates, sample_weight)
    variances = X.var(axis=0) * coordinates.scale**2
    return StartingData(
        rows,
        representative_sample(rows, np.sqrt(variances), 4, np.random.RandomState(0)),
        np.sqrt(variances),
        FAMILIES[family],
        Regularization(1e-6 * variances, np.zeros(n_features), relative=1e-6, lowest=1e-14 * variances),
        NativeBackend(),
    )


def clusters(n_rows=300, n_features=2, n_components=4, seed=0):
    rng = np.random.RandomState(seed)
    centers = rng.uniform(-20, 20, size=(n_components, n_features))
    return centers[np.arange(n_rows) % n_components] + rng.normal(size=(n_rows, n_features))


def start(data, n_components=4, seed=0, **options):
    return Hierarchical(**options)(data, n_components, np.random.RandomState(seed))[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_tree_gives_the_starts_for_every_number_of_components_and_every_family(family):
    X = clusters()
    tree = Hierarchical().grow(starting_data(X), np.random.RandomState(0))
    data = starting_data(X, family=family)
    for n_components in range(1, 10):
        own, cut = start(data, n_components), tree.parameters(data, n_components)
        np.testing.assert_array_equal(own.means, cut.means)
        np.testing.assert_array_equal(own.covariances, cut.covariances)


def test_parameters_are_those_of_the_clusters():
    X = clusters()
    data = starting_data(X)
    grown = Hierarchical().grow(data, np.random.RandomState(0))
    labels = grown.tree.labels(4)
    parameters = grown.parameters(data, 4)
    members = [grown.sample.z[labels == k] for k in range(4)]
    order = [np.abs(parameters.means - rows.mean(axis=0)).sum(axis=1).argmin() for rows in members]
    assert sorted(order) == [0, 1, 2, 3]
    np.testing.assert_allclose(parameters.weights[order], [len(rows) / 300 for rows in members])
    np.testing.assert_allclose(parameters.covariances[order], [np.cov(rows.T, bias=True) for rows in members])


def test_the_seed_does_not_matter_where_the_tree_is_exact():
    data = starting_data(clusters())
    np.testing.assert_array_equal(start(data, seed=0).means, start(data, seed=1).means)


def test_shuffled_rows_give_the_same_start_even_where_merges_tie():
    X = load_iris().data  # measured in whole millimetres
    shuffled = X[np.random.RandomState(3).permutation(len(X))]
    for n_components in range(1, 10):
        one, other = (start(starting_data(table), n_components) for table in (X, shuffled))
        np.testing.assert_allclose(one.means, other.means, rtol=1e-10)


def test_repeated_rows_give_the_start_of_weighted_rows():
    X = clusters()
    weights = np.random.RandomState(1).randint(0, 3, len(X)).astype(float)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    one, other = start(starting_data(X, weights)), start(starting_data(repeated))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-9)
    np.testing.assert_allclose(one.covariances, other.covariances, rtol=1e-8)


@pytest.mark.parametrize("factor", [1e-9, 1 / 300, 0.1, 3.0, 50.0])
@pytest.mark.parametrize("model", ["EII", "VII", "EEE", "VVV"])
def test_only_ratios_of_weights_matter(model, factor):
    X = load_iris().data  # rows of whole millimetres: many merges cost the same
    weights = np.random.RandomState(2).randint(1, 4, len(X)).astype(float)
    for n_components in (2, 3, 7, 20):
        one = start(starting_data(X, weights), n_components, model=model)
        other = start(starting_data(X, factor * weights), n_components, model=model)
        np.testing.assert_allclose(one.means, other.means, rtol=1e-9)
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9)


@pytest.mark.parametrize("repeats", [2, 5])
def test_a_table_that_is_there_several_times_starts_like_one(repeats):
    X = load_iris().data
    for n_components in (2, 3, 7, 20):
        one = start(starting_data(X), n_components)
        other = start(starting_data(np.repeat(X, repeats, axis=0)), n_components)
        np.testing.assert_allclose(one.means, other.means, rtol=1e-9)


def test_units_of_the_features_do_not_matter_unless_asked_for():
    """Stretched clusters in units that hide one feature: found, but not in the units of the data."""
    rng = np.random.RandomState(0)
    truth = np.arange(200) % 2
    X = np.column_stack([rng.normal(size=200), 12.0 * truth + rng.normal(size=200)]) * [1e4, 1.0]
    coordinates = Coordinates.around(X.mean(axis=0), X.std(axis=0))
    data = starting_data(X, coordinates=coordinates)
    for transformation, found in [(None, True), ("standardized", True), ("raw", False)]:
        grown = Hierarchical("EII", transformation).grow(data, rng)
        labels = grown.tree.labels(2)
        middle = grown.sample.z[:, 1] > 0
        assert (adjusted_rand_score(labels, middle) > 0.99) == found


def test_many_rows_are_sampled_and_their_weights_honoured(monkeypatch):
    monkeypatch.setattr(hierarchical, "EXACT_ROWS", 500)
    X = clusters(n_rows=4000)
    weights = np.where(np.arange(4000) % 4 == 0, 3.0, 1.0)
    data = starting_data(X, weights)
    grown = Hierarchical().grow(data, np.random.RandomState(0))
    assert len(grown.sample.z) <= 500
    parameters = grown.parameters(data, 4)
    assert sorted(parameters.weights) == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2], abs=0.03)
    assert parameters.pooled_variances() == pytest.approx([1.0, 1.0], rel=0.2)


def test_repeated_rows_do_not_count_towards_the_limit(monkeypatch):
    monkeypatch.setattr(hierarchical, "EXACT_ROWS", 300)
    data = starting_data(np.repeat(clusters(), 5, axis=0))
    grown = Hierarchical().grow(data, np.random.RandomState(0))
    assert len(grown.sample.z) == 1500
    assert grown.tree.n_groups == 300


@pytest.mark.parametrize(("covariance_type", "n_components", "log_likelihood"), MCLUST_IRIS)
def test_a_mixture_of_iris_ends_where_mclusts_does(covariance_type, n_components, log_likelihood):
    X = load_iris().data
    mixture = GaussianMixture(
        n_components,
        covariance_type=covariance_type,
        init_params="hierarchical",
        moves=None,  # which would go on to better optima
        accelerate=False,  # which may end in another one
        tol=1e-10,
        max_iter=10_000,
        reg_covar=1e-12,  # mclust does not know that values were recorded to a tenth
    ).fit(X)
    assert mixture.score(X) * len(X) == pytest.approx(log_likelihood, rel=1e-7)


@pytest.mark.parametrize(("n_rows", "n_features"), [(100, 500), (400, 40)])
def test_many_features(n_rows, n_features):
    rng = np.random.RandomState(0)
    truth = np.arange(n_rows) % 3
    X = rng.normal(size=(n_rows, n_features))
    X[:, : n_features // 5] += 3 * rng.normal(size=(3, n_features // 5))[truth]
    mixture = GaussianMixture(3, covariance_type="diag", init_params="hierarchical").fit(X)
    assert adjusted_rand_score(mixture.predict(X), truth) > 0.95
