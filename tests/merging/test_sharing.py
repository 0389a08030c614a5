"""A wide component for the outskirts of several clusters is shared by them, each row by where it lies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from gaussmix import AutoGaussianMixture, GaussianMixture, merge_components

CENTERS = np.array([[0.0] * 6, [5.0] + [0.0] * 5])


def hubs(shares, seed=0, n_rows=3000):
    """Return rows that crowd about two centres, with outskirts, and to which centre they belong."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(2, size=n_rows, p=shares)
    widths = np.where(generator.uniform(size=n_rows) < 0.5, 0.3, 1.5)
    return CENTERS[labels] + widths[:, None] * generator.normal(size=(n_rows, 6)), labels


def with_common_outskirts(shares):
    """Return two narrow components and a wide one, in the middle of the rows, for the outskirts of both."""
    weights, middle = np.array([*(0.5 * np.array(shares)), 0.5]), np.array(shares) @ CENTERS
    variance = 1.5**2 * np.eye(6)
    variance[0, 0] += shares[0] * shares[1] * 25.0
    covariances = np.stack([0.09 * np.eye(6), 0.09 * np.eye(6), variance])
    return GaussianMixture.from_parameters(weights, np.vstack([CENTERS, middle]), covariances)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.7, 0.3)])
def test_the_outskirts_of_two_clusters_are_shared_out(shares):
    X, labels = hubs(shares)
    mixture = with_common_outskirts(shares)
    merged = merge_components(mixture, X)
    assert merged.n_clusters_ == 2
    # By the densities that the rows were drawn from, no rule is right more often.
    drawn = np.column_stack(
        [
            share * sum(multivariate_normal(center, width**2).pdf(X) for width in (0.3, 1.5))
            for share, center in zip(shares, CENTERS, strict=True)
        ]
    )
    best = adjusted_rand_score(labels, drawn.argmax(axis=1))
    assert adjusted_rand_score(labels, merged.labels_) > best - 0.03
    # Whichever the outskirts went with as a whole, all rows there of the other would be wrong.
    whole = mixture.predict_proba(X) @ (merged.clusters_[:, None] == np.arange(2))
    assert adjusted_rand_score(labels, whole.argmax(axis=1)) < best - 0.2
    np.testing.assert_allclose(merged.weights_, shares, atol=0.04)
    assert "component 2 lies over several" in str(merged)


def test_probabilities_are_those_of_one_component_about_each_centre():
    shares = (0.7, 0.3)
    X, _ = hubs(shares)
    mixture = with_common_outskirts(shares)
    merged = merge_components(mixture, X)
    responsibilities = mixture.predict_proba(X)
    # EM with both centres and all but the variance between them given.
    share, variance = 0.5, 1.0
    for _ in range(300):
        densities = np.column_stack([norm(place, np.sqrt(variance)).pdf(X[:, 0]) for place in (0.0, 5.0)])
        copies = densities * [share, 1.0 - share]
        copies /= copies.sum(axis=1, keepdims=True)
        counts = responsibilities[:, 2:] * copies
        share = counts[:, 0].sum() / counts.sum()
        variance = (counts * (X[:, :1] - [0.0, 5.0]) ** 2).sum() / counts.sum()
    np.testing.assert_allclose(merged.shares_[2], [share, 1.0 - share], atol=1e-3)
    expected = responsibilities[:, :2] + responsibilities[:, 2:] * copies
    np.testing.assert_allclose(merged.probabilities_, expected, atol=0.01)
    np.testing.assert_allclose(merged.predict_proba(X[:50]), merged.probabilities_[:50], atol=1e-12)
    np.testing.assert_array_equal(merged.predict(X), merged.labels_)


def test_weights_are_repetitions():
    X, _ = hubs((0.6, 0.4), n_rows=400)
    mixture = with_common_outskirts((0.6, 0.4))
    counts = np.random.default_rng(1).integers(0, 4, size=len(X))
    weighted = merge_components(mixture, X, sample_weight=counts)
    repeated = merge_components(mixture, np.repeat(X, counts, axis=0))
    np.testing.assert_allclose(weighted.shares_, repeated.shares_, atol=1e-9)


def test_units_of_features_and_the_order_of_components_do_not_matter():
    X, _ = hubs((0.6, 0.4))
    mixture = with_common_outskirts((0.6, 0.4))
    expected = merge_components(mixture, X)
    scale, order = 10.0 ** np.arange(-6.0, 6.0, 2.0), [2, 1, 0]
    other = GaussianMixture.from_parameters(
        mixture.weights_[order],
        (mixture.means_ * scale)[order] + 3.0,
        (mixture.covariances_ * np.outer(scale, scale))[order],
    )
    found = merge_components(other, X * scale + 3.0)
    assert adjusted_rand_score(expected.labels_, found.labels_) == 1.0
    np.testing.assert_allclose(np.sort(found.shares_[0]), np.sort(expected.shares_[2]), atol=1e-5)


def test_a_wide_component_over_three_clusters_in_a_line_is_shared_by_all():
    """Far from zero, and in one direction of three, so that the centres span less than they could."""
    generator = np.random.default_rng(0)
    labels = generator.integers(3, size=3000)
    wide = generator.uniform(size=3000) < 0.3
    X = np.where(wide, 2.0, 0.3)[:, None] * generator.normal(size=(3000, 3)) + 1e6
    X[:, 0] += 10.0 * labels
    means = np.full((4, 3), 1e6) + np.outer([0.0, 10.0, 20.0, 10.0], [1.0, 0.0, 0.0])
    covariances = np.array([[0.09, 0.09, 0.09]] * 3 + [[70.0, 4.0, 4.0]])
    mixture = GaussianMixture.from_parameters(
        [*[0.7 / 3] * 3, 0.3], means, covariances, covariance_type="diag"
    )
    merged = merge_components(mixture, X, n_clusters=3)
    np.testing.assert_allclose(merged.shares_[3], np.bincount(labels[wide]) / wide.sum(), atol=0.02)
    assert adjusted_rand_score(labels, merged.labels_) > 0.98


def test_outskirts_of_its_own_remain_with_each_cluster():
    shares = (0.6, 0.4)
    X, labels = hubs(shares)
    weights = np.repeat(0.5 * np.array(shares), 2)
    variances = np.array([0.09, 2.25, 0.09, 2.25])
    own = GaussianMixture.from_parameters(
        weights, np.repeat(CENTERS, 2, axis=0), variances, covariance_type="spherical"
    )
    merged = merge_components(own, X)
    assert merged.components_ == ((0, 1), (2, 3))
    np.testing.assert_allclose(merged.shares_, [[1, 0], [1, 0], [0, 1], [0, 1]], atol=0.03)
    whole = own.predict_proba(X) @ (merged.clusters_[:, None] == np.arange(2))
    assert np.mean(merged.labels_ == whole.argmax(axis=1)) > 0.99
    assert adjusted_rand_score(labels, merged.labels_) > 0.85


def test_what_is_chosen_of_two_hubs_is_merged_as_well_as_k_means_parts_them():
    """Distances from the centres are half-normal: two components would be a core and a halo."""
    generator = np.random.default_rng(100)
    labels = np.repeat([0, 1], 700)
    noise = generator.normal(size=(1400, 32))
    noise *= np.sqrt(32) * generator.normal(size=(1400, 1)) / np.linalg.norm(noise, axis=1, keepdims=True)
    X = noise
    X[:, 3] += 4.0 * labels
    merged = merge_components(AutoGaussianMixture(random_state=0).fit(X), X)
    k_means = KMeans(2, n_init=10, random_state=0).fit_predict(X)
    assert merged.n_clusters_ == 2
    assert adjusted_rand_score(labels, merged.labels_) > adjusted_rand_score(labels, k_means) - 0.05
