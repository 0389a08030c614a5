"""The clustering cuts its tree, and the tree is the one that starts are cut from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, fcluster, is_valid_linkage, ward
from scipy.spatial.distance import squareform
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import HierarchicalGaussianClustering
from gaussmix.initialization import grow_tree

X = load_iris().data
MODELS = ("EII", "VII", "EEE", "VVV")


@parametrize_with_checks(
    [
        HierarchicalGaussianClustering(),
        HierarchicalGaussianClustering(model="EII", transformation="sphered", max_samples=20, random_state=0),
    ]
)
def test_scikit_learns_estimator_checks_pass_without_exception(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("transformation", ["raw", "standardized", "sphered", "svd"])
def test_labels_and_heights_are_those_of_the_tree(model, transformation):
    clustering = HierarchicalGaussianClustering(4, model=model, transformation=transformation).fit(X)
    tree = grow_tree(X, model=model, transformation=transformation)
    np.testing.assert_array_equal(clustering.labels_, tree.labels(4))
    np.testing.assert_allclose(clustering.linkage_, tree.linkage(), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(clustering.children_, clustering.linkage_[:, :2])
    np.testing.assert_array_equal(clustering.distances_, clustering.linkage_[:, 2])
    np.testing.assert_array_equal(clustering.leaves_, np.arange(150))
    assert (clustering.n_leaves_, clustering.n_clusters_) == (150, 4)


# R, mclust 6: hclass(hc(iris[, -5], modelName = "VVV", use = "SVD"), 3).
IRIS_IN_THREE = (
    "111111111111111111111111111111111111111112111111113232322232222223222223223"
    "333222222223222222222232232322323233232232332323233222333222332233323332332"
)


def test_three_clusters_of_iris_are_mclust_s():
    labels = HierarchicalGaussianClustering(3).fit(X).labels_
    assert labels.tolist() == [int(digit) - 1 for digit in IRIS_IN_THREE]


def test_ward_s_heights_are_half_of_scipy_s_squared_ones():
    rows = np.random.default_rng(0).normal(size=(200, 3))
    clustering = HierarchicalGaussianClustering(3, model="EII", transformation="raw").fit(rows)
    np.testing.assert_allclose(clustering.distances_, ward(rows)[:, 2] ** 2 / 2, rtol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_the_dendrogram_is_valid_and_cuts_to_the_same_clusters(model):
    clustering = HierarchicalGaussianClustering(3, model=model).fit(X)
    assert is_valid_linkage(clustering.linkage_)
    assert (np.diff(clustering.distances_) >= 0).all()
    # Rows of one cluster meet below the height at which clusters do.
    heights = squareform(cophenet(clustering.linkage_))
    together = clustering.labels_[:, None] == clustering.labels_
    assert heights[together].max() <= heights[~together].min()


def test_a_threshold_makes_the_merges_below_it():
    whole = HierarchicalGaussianClustering(1).fit(X)
    for n_clusters in (1, 2, 5, 20):
        first = 150 - n_clusters
        edge = whole.distances_[first] if n_clusters > 1 else whole.distances_[-1] + 1.0
        cut = HierarchicalGaussianClustering(None, distance_threshold=edge).fit(X)
        assert cut.n_clusters_ == 1 + np.count_nonzero(whole.distances_ >= edge)
        expected = HierarchicalGaussianClustering(cut.n_clusters_).fit(X).labels_
        np.testing.assert_array_equal(cut.labels_, expected)


def test_equal_rows_are_never_parted():
    doubled = np.repeat(X, 2, axis=0)
    clustering = HierarchicalGaussianClustering(None, distance_threshold=0.0).fit(doubled)
    assert clustering.n_clusters_ == len(np.unique(X, axis=0))
    np.testing.assert_array_equal(clustering.labels_[::2], clustering.labels_[1::2])


def groups(n_rows, stretch=1.0):
    """Return rows of three groups of one shape, stretched in one direction, and the group of each."""
    generator = np.random.default_rng(0)
    label = generator.integers(0, 3, n_rows)
    centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    return (generator.normal(size=(n_rows, 2)) + centers[label]) @ [[stretch, 0.0], [0.5, 1.0]], label


@pytest.mark.parametrize(("model", "stretch"), [("EII", 1.0), ("VII", 1.0), ("EEE", 15.0), ("VVV", 1.0)])
def test_long_tables_are_clustered_by_a_sample_and_the_rest_follows(model, stretch):
    rows, label = groups(20_000, stretch)
    clustering = HierarchicalGaussianClustering(3, model=model, max_samples=600, random_state=0).fit(rows)
    assert clustering.n_leaves_ == len(clustering.leaves_) <= 600
    assert clustering.linkage_.shape == (clustering.n_leaves_ - 1, 4)
    assert (np.diff(clustering.leaves_) > 0).all()
    assert adjusted_rand_score(label, clustering.labels_) > 0.99
    at_leaves = fcluster(clustering.linkage_, 3, "maxclust")
    assert adjusted_rand_score(at_leaves, clustering.labels_[clustering.leaves_]) == 1.0


def test_a_long_table_of_few_different_rows_needs_no_sample():
    grid = np.random.default_rng(0).integers(0, 8, size=(20_000, 2)).astype(float)
    clustering = HierarchicalGaussianClustering(4, model="EII", max_samples=100).fit(grid)
    assert clustering.n_leaves_ == 20_000
    small, counts = np.unique(grid, axis=0, return_counts=True)
    weighted = HierarchicalGaussianClustering(4, model="EII").fit(small, sample_weight=counts)
    _, where = np.unique(grid, axis=0, return_inverse=True)
    assert adjusted_rand_score(weighted.labels_[where.reshape(-1)], clustering.labels_) == 1.0


def test_rows_of_weight_zero_follow_the_others():
    rows, label = groups(900)
    weight = (np.arange(900) % 3 > 0).astype(float)
    clustering = HierarchicalGaussianClustering(3, model="VVV").fit(rows, sample_weight=weight)
    np.testing.assert_array_equal(clustering.leaves_, np.flatnonzero(weight))
    alone = HierarchicalGaussianClustering(3, model="VVV").fit(rows[weight > 0])
    assert adjusted_rand_score(alone.labels_, clustering.labels_[weight > 0]) == 1.0
    assert adjusted_rand_score(label, clustering.labels_) > 0.95


def test_units_matter_in_raw_coordinates_only():
    scale = np.array([1.0, 100.0, 0.01, 1.0])
    for transformation, same in (("svd", True), ("standardized", True), ("sphered", True), ("raw", False)):
        one, other = (
            HierarchicalGaussianClustering(4, model="EII", transformation=transformation).fit_predict(data)
            for data in (X, X * scale)
        )
        assert (adjusted_rand_score(one, other) == 1.0) is same


def test_clusters_are_numbered_by_their_first_rows():
    rows, _ = groups(5000)
    for options in ({}, {"max_samples": 300, "random_state": 1}):
        labels = HierarchicalGaussianClustering(5, **options).fit_predict(rows)
        first = [np.flatnonzero(labels == cluster)[0] for cluster in range(5)]
        assert first == sorted(first)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="Exactly one of n_clusters and distance_threshold"):
        HierarchicalGaussianClustering(2, distance_threshold=1.0).fit(X)
    with pytest.raises(ValueError, match="Exactly one of n_clusters and distance_threshold"):
        HierarchicalGaussianClustering(None).fit(X)
    with pytest.raises(ValueError, match="number of different rows"):
        HierarchicalGaussianClustering(3).fit(np.repeat([[1.0], [2.0]], 5, axis=0))
    with pytest.raises(ValueError, match="'model' parameter"):
        HierarchicalGaussianClustering(model="VEV").fit(X)
