"""Clusters of several components: the right ones, whatever the method, the order and the units."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, is_valid_linkage
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from gaussmix import GaussianMixture, high_density_clusters, merge_components
from gaussmix.merging import METHODS


@pytest.mark.parametrize("method", METHODS)
def test_two_clusters_of_many_gaussians_are_found(bent, method):
    X, y, mixture = bent
    assert adjusted_rand_score(y, mixture.predict(X)) < 0.35
    two = merge_components(mixture, X, method=method, n_clusters=2)
    assert adjusted_rand_score(y, two.labels_) > 0.98


def test_the_default_finds_that_there_are_two(bent):
    X, y, mixture = bent
    merged = merge_components(mixture, X)
    assert merged.n_clusters_ == 2
    assert adjusted_rand_score(y, merged.labels_) > 0.98


@pytest.mark.parametrize("method", METHODS)
def test_components_far_apart_are_not_merged_and_those_in_one_place_are(method):
    apart = GaussianMixture.from_parameters(
        np.full(3, 1 / 3), [[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]], np.ones(3), covariance_type="spherical"
    )
    X, _ = apart.sample(900, random_state=0)
    assert merge_components(apart, X, method=method).n_clusters_ == 3
    together = GaussianMixture.from_parameters(
        np.full(3, 1 / 3), [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]], np.ones(3), covariance_type="spherical"
    )
    assert merge_components(together, X[:300], method=method).n_clusters_ == 1


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_components_does_not_matter(bent, permuted, method):
    X, _, mixture = bent
    other, order = permuted(mixture)
    one, two = (merge_components(model, X, method=method) for model in (mixture, other))
    assert one.n_clusters_ == two.n_clusters_
    assert adjusted_rand_score(one.clusters_[order], two.clusters_) == 1.0
    np.testing.assert_allclose(one.entropies_, two.entropies_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_units_of_the_features_do_not_matter(bent, in_other_units, method):
    X, _, mixture = bent
    one = merge_components(mixture, X, method=method)
    two = merge_components(*reversed(in_other_units(X, mixture)), method=method)
    np.testing.assert_array_equal(one.merges_, two.merges_)
    np.testing.assert_array_equal(one.clusters_, two.clusters_)
    np.testing.assert_allclose(one.scores_, two.scores_, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_are_sums_of_responsibilities(bent, method):
    X, _, mixture = bent
    merged = merge_components(mixture, X, method=method, n_clusters=3)
    responsibilities = mixture.predict_proba(X)
    expected = np.column_stack(
        [responsibilities[:, list(members)].sum(axis=1) for members in merged.components_]
    )
    np.testing.assert_allclose(merged.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_allclose(merged.probabilities_, expected, rtol=1e-12)
    np.testing.assert_array_equal(merged.labels_, expected.argmax(axis=1))
    np.testing.assert_array_equal(merged.predict(X[:50]), merged.labels_[:50])
    assert sorted(k for members in merged.components_ for k in members) == list(range(12))
    np.testing.assert_allclose(
        merged.weights_, [mixture.weights_[list(members)].sum() for members in merged.components_]
    )


def test_each_further_merge_joins_two_clusters_and_leaves_the_others(bent):
    X, _, mixture = bent
    merged = merge_components(mixture, X, method="entropy")
    for n_clusters in range(2, 13):
        more = set(merged.with_n_clusters(n_clusters).components_)
        fewer = set(merged.with_n_clusters(n_clusters - 1).components_)
        (new,) = fewer - more
        assert set(new) == {k for members in more - fewer for k in members}
        assert len(more - fewer) == 2


@pytest.mark.parametrize("method", METHODS)
def test_the_linkage_matrix_cuts_to_the_same_clusters(bent, method):
    X, _, mixture = bent
    merged = merge_components(mixture, X, method=method)
    linkage = merged.linkage()
    assert is_valid_linkage(linkage)
    assert (np.diff(linkage[:, 2]) >= 0).all()
    assert ((linkage[:, 2] >= 0) & (linkage[:, 2] <= 1)).all()
    assert linkage[-1, 2] > 0.95
    if method == "entropy":  # the first merge by hand
        r = merged.responsibilities_
        one, other = (r[:, k] for k in merged.merges_[0])
        share = one.sum() / (one + other).sum()
        most = (one + other).sum() * -(share * np.log(share) + (1 - share) * np.log(1 - share))
        assert linkage[0, 2] == pytest.approx(1 - merged.scores_[0] / most)
    else:
        np.testing.assert_allclose(linkage[:, 2], np.maximum.accumulate(1 - merged.scores_))
    for n_clusters in (1, 2, 5):
        cut = fcluster(linkage, n_clusters, "maxclust")
        if len(np.unique(cut)) == n_clusters:  # not where heights are equal
            assert adjusted_rand_score(cut, merged.with_n_clusters(n_clusters).clusters_) == 1.0
    assert len(np.unique(fcluster(linkage, 2, "maxclust"))) == 2


def test_the_result_is_frozen_and_says_what_it_found(bent):
    X, _, mixture = bent
    merged = merge_components(mixture, X)
    with pytest.raises(dataclasses.FrozenInstanceError):
        merged.n_clusters_ = 5
    lines = str(merged).splitlines()
    assert lines[0] == "12 components in 2 clusters, merged by unimodality"
    assert lines[1].startswith("cluster 0:")
    assert str(merged.components_[0][1]) in lines[1]


def test_components_with_names_are_called_by_them(spheres):
    mixture, X, _ = spheres
    named = GaussianMixture.from_parameters(
        mixture.weights_, mixture.means_, mixture.covariances_, covariance_type="spherical"
    ).name_components({2: "far"})
    assert "far" in str(merge_components(named, X)).splitlines()[2]


def test_one_component_is_one_cluster():
    mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], covariance_type="spherical")
    for method in METHODS:
        merged = merge_components(mixture, [[0.0], [1.0]], method=method)
        assert (merged.n_clusters_, merged.components_, merged.linkage().shape) == (1, ((0,),), (0, 4))


def test_entropy_and_overlap_take_any_model_with_probabilities(bent):
    X, _, mixture = bent
    theirs = ScikitLearnMixture(12)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        setattr(theirs, name, getattr(mixture, name))
    for method in ("entropy", "overlap"):
        merged = merge_components(theirs, X, method=method)
        np.testing.assert_array_equal(merged.labels_, merge_components(mixture, X, method=method).labels_)
    with pytest.raises(TypeError, match="from_parameters"):
        merge_components(theirs, X, method="unimodality")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "ward"}, "method should be one of"),
        ({"n_clusters": 13}, "from 1 to 12"),
        ({"n_clusters": 0}, "from 1 to 12"),
        ({"n_clusters": "many"}, "whole number or 'auto'"),
        ({"n_clusters": 2.5}, "whole number or 'auto'"),
        ({"threshold": 1.5}, "at most 1"),
        ({"threshold": (0.0, 0.5)}, "above 0"),
        ({"threshold": (0.5, 0.1)}, "lower bound first"),
        ({"threshold": (0.1, 0.2, 0.3)}, "or two"),
        ({"method": "entropy", "threshold": 0.5}, "no threshold"),
        ({"sample_weight": [1.0]}, "sample_weight"),
    ],
)
def test_what_is_wrong_is_said(bent, options, message):
    X, _, mixture = bent
    with pytest.raises(ValueError, match=message):
        merge_components(mixture, X, **options)


def test_a_mixture_that_was_not_fitted_is_refused(bent):
    with pytest.raises(NotFittedError):
        merge_components(GaussianMixture(3), bent[0])


def test_noise_stays_apart(spheres):
    _, X, labels = spheres
    generator = np.random.default_rng(0)
    rows = np.concatenate([X[::4], generator.uniform([-40, -40], [40, 60], size=(60, 2))])
    mixture = GaussianMixture(3, noise=True, random_state=0).fit(rows)
    assert (mixture.predict(rows) == -1).any()
    for found in (
        *(merge_components(mixture, rows, method=m) for m in METHODS),
        high_density_clusters(mixture, rows),
    ):
        assert found.n_clusters_ == 2
        probabilities = found.predict_proba(rows)
        assert probabilities.shape == (560, 3)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
        noise = found.predict(rows) == -1
        np.testing.assert_array_equal(noise, probabilities.argmax(axis=1) == 2)
        assert 30 < np.count_nonzero(noise[500:]) <= 60
        assert (
            adjusted_rand_score(labels[::4] == 2, found.labels_[:500] == found.predict([[0.0, 20.0]])) > 0.98
        )


@pytest.mark.parametrize("model", [None, "mixture", [1.0]])
def test_what_is_no_mixture_is_refused(model):
    with pytest.raises(TypeError, match="model should be a fitted mixture"):
        merge_components(model, [[0.0], [1.0]])
