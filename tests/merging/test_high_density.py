"""Regions of high density are clusters, found without knowing their shape or number."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from gaussmix import GaussianMixture, high_density_clusters
from gaussmix.merging.high_density import LARGEST_GRAPH


def test_two_bent_clusters_are_found(bent):
    X, y, mixture = bent
    found = high_density_clusters(mixture, X)
    assert found.n_clusters_ == 2
    assert adjusted_rand_score(y, found.labels_) > 0.98
    assert adjusted_rand_score(y, found.predict(X)) > 0.98
    np.testing.assert_allclose(found.predict_proba(X), mixture.predict_proba(X) @ found.shares_)
    np.testing.assert_allclose(found.shares_.sum(axis=1), 1.0)


def test_cores_are_where_the_density_is_high_and_belong_to_their_clusters(bent):
    X, _, mixture = bent
    found = high_density_clusters(mixture, X)
    inside = found.cores_ >= 0
    assert 0.3 < inside.mean() <= 1.0
    np.testing.assert_array_equal(found.labels_[inside], found.cores_[inside])
    density = mixture.score_samples(X)
    for cluster in range(found.n_clusters_):
        # A core holds every row of its cluster whose density is above the level at which it joins another.
        core = density[found.cores_ == cluster]
        rest = density[(found.labels_ == cluster) & ~inside]
        assert np.median(core) > np.median(rest) if len(rest) else True
    assert density[~inside].max(initial=-np.inf) < density[inside].max()


def test_one_gaussian_of_two_may_lie_in_two_clusters():
    # A wide background under two narrow peaks belongs to both, about as the peaks' rows do.
    mixture = GaussianMixture.from_parameters(
        [0.4, 0.4, 0.2], [[-5.0, 0.0], [5.0, 0.0], [0.0, 0.0]], [1.0, 1.0, 25.0], covariance_type="spherical"
    )
    X, _ = mixture.sample(3000, random_state=0)
    found = high_density_clusters(mixture, X)
    assert found.n_clusters_ == 2
    assert found.shares_[0].max() > 0.99
    assert found.shares_[1].max() > 0.99
    assert 0.3 < found.shares_[2].max() < 0.7


def test_the_mode_function_counts_the_regions():
    # One of the three peaks is much lower: it is a region of its own only once shares reach its level.
    mixture = GaussianMixture.from_parameters(
        [0.45, 0.45, 0.1], [[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]], np.ones(3), covariance_type="spherical"
    )
    X, _ = mixture.sample(2000, random_state=0)
    share, count = high_density_clusters(mixture, X).mode_function_.T
    np.testing.assert_allclose(share, np.arange(1, 101) / 100)
    assert (count[(share > 0.05) & (share < 0.5)] == 2).all()
    assert (count[(share > 0.85) & (share < 0.95)] == 3).all()


def test_one_cluster_is_all_core():
    mixture = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [1.0], covariance_type="spherical")
    found = high_density_clusters(mixture, mixture.sample(300, random_state=0)[0])
    assert found.n_clusters_ == 1
    assert not found.labels_.any()
    assert not found.cores_.any()


def test_the_order_of_components_and_rows_and_the_units_do_not_matter(bent, permuted, in_other_units):
    X, _, mixture = bent
    found = high_density_clusters(mixture, X)
    other, order = permuted(mixture)
    again = high_density_clusters(other, X)
    np.testing.assert_allclose(
        np.sort(again.shares_, axis=1), np.sort(found.shares_[order], axis=1), atol=1e-9
    )
    assert adjusted_rand_score(found.labels_, again.labels_) == 1.0
    shuffle = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(high_density_clusters(mixture, X[shuffle]).labels_, found.labels_[shuffle])
    changed = high_density_clusters(*reversed(in_other_units(X, mixture)))
    assert adjusted_rand_score(changed.labels_, found.labels_) > 0.995


def test_large_tables_are_sampled(spheres):
    mixture, _, _ = spheres
    X, labels = mixture.sample(4 * LARGEST_GRAPH, random_state=1)
    found = high_density_clusters(mixture, X)
    assert np.count_nonzero(found.cores_ >= 0) <= LARGEST_GRAPH
    assert found.n_clusters_ == 2
    assert adjusted_rand_score(labels == 2, found.labels_) > 0.999


def test_rows_of_weight_zero_make_no_core(spheres):
    mixture, X, labels = spheres
    weight = (labels != 2).astype(float)
    found = high_density_clusters(mixture, X, sample_weight=weight)
    assert found.n_clusters_ == 1
    assert (found.cores_[labels == 2] == -1).all()


def test_a_region_of_too_few_rows_is_no_cluster(spheres):
    mixture, X, labels = spheres
    few = np.concatenate([np.flatnonzero(labels != 2), np.flatnonzero(labels == 2)[:40]])
    assert high_density_clusters(mixture, X[few]).n_clusters_ == 2
    assert high_density_clusters(mixture, X[few], min_share=0.1).n_clusters_ == 1


@pytest.mark.parametrize("options", [{"threshold": 0.0}, {"threshold": 1.1}, {"min_share": 2.0}])
def test_shares_are_between_zero_and_one(spheres, options):
    mixture, X, _ = spheres
    with pytest.raises(ValueError, match=f"{next(iter(options))} should be"):
        high_density_clusters(mixture, X, **options)


def test_how_deep_a_valley_separates_is_a_matter_of_the_threshold():
    # The pass between two spheres four standard deviations apart is 0.27 times as high as they are.
    mixture = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [4.0, 0.0]], [1.0, 1.0], covariance_type="spherical"
    )
    X, _ = mixture.sample(3000, random_state=0)
    assert high_density_clusters(mixture, X, threshold=0.2).n_clusters_ == 1
    assert high_density_clusters(mixture, X, threshold=0.35).n_clusters_ == 2


def test_a_model_without_a_density_is_refused(spheres):
    with pytest.raises(TypeError, match="from_parameters"):
        high_density_clusters(object(), spheres[1])


def test_rounded_values_and_repeated_rows_are_ordinary(bent):
    X, y, mixture = bent
    rounded = np.round(np.repeat(X, 40, axis=0), 1)
    found = high_density_clusters(mixture, rounded)
    assert found.n_clusters_ == 2
    assert adjusted_rand_score(np.repeat(y, 40), found.labels_) > 0.95


def test_groups_without_neighbours_outside_are_joined_if_the_density_between_them_is_high():
    # All rows lie in two dense heaps, but the mixture knows nothing of that.
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(200, 2)) * 0.01 + [side, 0.0] for side in (-0.5, 0.5)])
    one = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [1.0], covariance_type="spherical")
    assert high_density_clusters(one, X).n_clusters_ == 1
    two = GaussianMixture.from_parameters(
        [0.5, 0.5], [[-0.5, 0.0], [0.5, 0.0]], [0.01, 0.01], covariance_type="spherical"
    )
    assert high_density_clusters(two, X).n_clusters_ == 2
