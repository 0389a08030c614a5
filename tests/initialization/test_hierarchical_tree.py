"""Trees of merges: mclust's, SciPy's, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import dendrogram, is_monotonic, is_valid_linkage, ward
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from gaussmix.backends.hierarchical import MergeModel
from gaussmix.initialization import grow_tree
from gaussmix.initialization.transformations import TRANSFORMATIONS, PrincipalDirections

MODELS = [model.name for model in MergeModel]
UNITLESS = [name for name in TRANSFORMATIONS if name != "raw"]

# Computed with mclust 6.1.3: the classes of hc(iris[, 1:4], modelName = "VVV", use = "SVD") for G = 9, row by
# row, and for each smaller G the class into which each of those nine has gone.
MCLUST_IRIS = (
    "122213112231223331331311121112213322112114213232315654566457464665644465665"
    "555644446665464764476654687866979688687786994879689666999666986688878886886"
)
MCLUST_IRIS_MERGED = {
    2: "111222222",
    3: "111232233",
    4: "121343344",
    5: "121345544",
    6: "121345564",
    7: "123456675",
    8: "123456678",
    9: "123456789",
}


def rows(n_rows=80, n_features=3, seed=0):
    rng = np.random.RandomState(seed)
    centers = rng.uniform(-6, 6, size=(3, n_features))
    return centers[np.arange(n_rows) % 3] + rng.normal(size=(n_rows, n_features))


def same(labels, others):
    return adjusted_rand_score(labels, others) == 1.0


@pytest.mark.parametrize("n_clusters", MCLUST_IRIS_MERGED)
def test_the_default_tree_of_iris_is_that_of_mclust(n_clusters):
    nine = np.array(list(MCLUST_IRIS), dtype=int)
    merged = np.array(list(MCLUST_IRIS_MERGED[n_clusters]), dtype=int)
    assert same(grow_tree(load_iris().data).labels(n_clusters), merged[nine - 1])


@pytest.mark.parametrize("transformation", ["raw", "standardized"])
def test_equal_spheres_are_clustered_as_by_ward(transformation):
    X = rows()
    ours = grow_tree(X, model="EII", transformation=transformation).linkage()
    theirs = ward(X if transformation == "raw" else X / X.std(axis=0, ddof=1))
    np.testing.assert_array_equal(ours[:, [0, 1, 3]], theirs[:, [0, 1, 3]])
    # SciPy's heights are roots of twice the increase of the sum of squares.
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2] ** 2 / 2, rtol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_the_linkage_is_one_that_scipy_draws(model):
    X = np.vstack([rows(40), rows(40)[:7], rows(40)[:3]])
    tree = grow_tree(X, model=model)
    linkage = tree.linkage()
    assert is_valid_linkage(linkage, throw=True)
    assert is_monotonic(linkage)
    assert (linkage[:10, 2] == 0).all()  # the rows that are there twice or three times
    assert len(dendrogram(linkage, no_plot=True)["leaves"]) == 50


@pytest.mark.parametrize("model", MODELS)
def test_clusters_are_nested(model):
    tree = grow_tree(rows(), model=model)
    for n_clusters in range(1, 80):
        fewer, more = tree.labels(n_clusters), tree.labels(n_clusters + 1)
        assert len(np.unique(fewer)) == n_clusters
        assert len(np.unique(np.column_stack([fewer, more]), axis=0)) == n_clusters + 1
    np.testing.assert_array_equal(tree.labels(80), np.arange(80))


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_rows_does_not_matter(model, transformation):
    X = rows()
    order = np.random.RandomState(1).permutation(len(X))
    one = grow_tree(X, model=model, transformation=transformation)
    other = grow_tree(X[order], model=model, transformation=transformation)
    for n_clusters in (2, 3, 7, 20):
        assert same(one.labels(n_clusters)[order], other.labels(n_clusters))


@pytest.mark.parametrize("transformation", UNITLESS)
@pytest.mark.parametrize("model", MODELS)
def test_units_of_the_features_do_not_matter(model, transformation):
    X = rows()
    one = grow_tree(X, model=model, transformation=transformation)
    other = grow_tree(X * [1e-3, 1.0, 7e4] + [5.0, -1e3, 0.0], model=model, transformation=transformation)
    for n_clusters in (2, 3, 7, 20):
        assert same(one.labels(n_clusters), other.labels(n_clusters))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("model", ["EII", "VII", "EEE"])
def test_one_unit_for_all_features_changes_raw_trees_of_no_model_but_vvv(model, scale):
    X = rows()
    one, other = (grow_tree(table, model=model, transformation="raw") for table in (X, X * scale))
    np.testing.assert_array_equal(one.merges, other.merges)


@pytest.mark.parametrize("model", MODELS)
def test_weights_are_repetitions(model):
    X = rows(40)
    weights = np.random.RandomState(2).randint(1, 5, 40)
    repeated = np.repeat(np.arange(40), weights)
    one = grow_tree(X, weights.astype(float), model=model)
    other = grow_tree(X[repeated], model=model)
    np.testing.assert_array_equal(one.merges, other.merges)
    np.testing.assert_allclose(one.costs, other.costs, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(one.labels(5)[repeated], other.labels(5))


@pytest.mark.parametrize("model", MODELS)
def test_a_tree_goes_on_from_groups_with_their_scatter(model):
    """Groups far apart: the tree of their moments is the top of the tree of their rows."""
    X = rows(90, seed=3)
    X += np.repeat(np.random.RandomState(4).uniform(-300, 300, (9, 3)), 10, axis=0)
    groups = X.reshape(9, 10, 3)
    means = groups.mean(axis=1)
    centered = groups - means[:, None]
    scatters = np.swapaxes(centered, 1, 2) @ centered
    top = grow_tree(means, np.full(9, 10.0), scatters, model=model, transformation="standardized")
    whole = grow_tree(X, model=model, transformation="standardized")
    assert same(whole.labels(9), np.repeat(np.arange(9), 10))
    for n_clusters in range(2, 9):
        assert same(np.repeat(top.labels(n_clusters), 10), whole.labels(n_clusters))
    np.testing.assert_allclose(top.costs, whole.costs[-8:], rtol=1e-6)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("model", MODELS)
def test_features_that_say_nothing_new_change_nothing(model, transformation):
    """Copies, constants and sums of features: there is no direction without spread to be divided by."""
    X = rows(30, 2) + 100.0 * np.array([[0, 0], [0, 1], [1, 0]])[np.arange(30) % 3]
    wide = np.column_stack([X, X, np.full(30, 3.3), X @ [[1.0], [2.0]]])
    tree = grow_tree(wide, model=model, transformation=transformation)
    assert np.isfinite(tree.costs).all()
    assert same(tree.labels(3), np.arange(30) % 3)
    if transformation == "sphered":
        assert same(tree.labels(7), grow_tree(X, model=model, transformation=transformation).labels(7))


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("model", MODELS)
def test_more_features_than_rows(model, transformation):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(20, 400)) + (np.arange(20) % 2)[:, None] * 3.0
    tree = grow_tree(X, model=model, transformation=transformation)
    assert np.isfinite(tree.costs).all()
    # Sphered rows are all as far from one another, and svd goes half-way there.
    if transformation not in ("sphered", "svd"):
        assert same(tree.labels(2), np.arange(20) % 2)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("model", MODELS)
def test_very_few_rows(model, transformation):
    def grow(X):
        return grow_tree(np.array(X), model=model, transformation=transformation)

    assert grow([[1.0, 2.0]]).labels(1).tolist() == [0]
    assert grow([[1.0, 2.0]]).linkage().shape == (0, 4)
    assert grow([[1.0, 2.0]] * 5).labels(1).tolist() == [0] * 5
    assert grow([[1.0, 2.0]] * 5).linkage()[:, 3].tolist() == [2, 3, 4, 5]
    assert grow([[1.0, 2.0], [3.0, 4.0]]).labels(2).tolist() == [0, 1]
    assert grow([[0.0], [-0.0], [1.0]]).n_groups == 2


def test_more_clusters_than_different_rows_are_refused():
    tree = grow_tree(np.array([[0.0], [1.0], [1.0]]))
    with pytest.raises(ValueError, match="from 1 to 2, the number of different rows, not 3"):
        tree.labels(3)


def test_transformations_give_the_variances_they_promise():
    X = rows() @ np.random.RandomState(5).normal(size=(3, 3))
    directions = PrincipalDirections.of(X, np.ones(len(X)))
    transformed = {
        name: (X - directions.mean) @ transformation(directions)
        for name, transformation in TRANSFORMATIONS.items()
    }
    np.testing.assert_allclose(transformed["raw"], X - X.mean(axis=0))
    np.testing.assert_allclose(transformed["standardized"].std(axis=0, ddof=1), 1.0)
    np.testing.assert_allclose(np.cov(transformed["sphered"].T, bias=True), np.eye(3), atol=1e-12)
    covariance = np.cov(transformed["svd"].T)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(X.T))[::-1]
    np.testing.assert_allclose(covariance, np.diag(np.sqrt(eigenvalues / (len(X) - 1))), atol=1e-12)
