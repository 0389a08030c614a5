"""Starts: what they draw, whatever the order, the repetition and the units of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans as ScikitLearnKMeans

from gaussmix.backends import NativeBackend
from gaussmix.core.parameters import Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import Moments
from gaussmix.covariance import FAMILIES
from gaussmix.initialization import STARTS, StartingData, order
from gaussmix.initialization.order import SAMPLE_ROWS, representative_sample
from gaussmix.initialization.partition import partition
from gaussmix.initialization.seeds import KMeans, spread_seeds


def starting_data(X, sample_weight=None, family="full", spread=None):
    n_features = X.shape[1]
    rows = Rows(X, Coordinates.identity(n_features), sample_weight)
    spread = np.ones(n_features) if spread is None else spread
    return StartingData(
        rows,
        representative_sample(rows, spread, 4, np.random.RandomState(0)),
        spread,
        FAMILIES[family],
        Regularization(
            1e-6 * X.var(axis=0), np.zeros(n_features), relative=1e-6, lowest=1e-14 * X.var(axis=0)
        ),
        NativeBackend(),
    )


def clusters(n_rows=300, n_features=2, n_components=4, seed=0):
    rng = np.random.RandomState(seed)
    centers = rng.uniform(-20, 20, size=(n_components, n_features))
    return centers[np.arange(n_rows) % n_components] + rng.normal(size=(n_rows, n_features))


def test_a_partition_is_the_assignment_step_of_k_means():
    X = clusters()
    centers = X[:4].copy()
    statistics = partition(starting_data(X), Rows(X, Coordinates.identity(2)), centers, Moments.NONE)
    nearest = ((X[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_allclose(statistics.counts, np.bincount(nearest), rtol=1e-12)
    means = centers + statistics.first / statistics.counts[:, None]
    np.testing.assert_allclose(means, [X[nearest == k].mean(axis=0) for k in range(4)], rtol=1e-10)


def test_k_means_ends_where_scikit_learns_does_from_the_same_seeds():
    X = clusters(n_components=5)
    data = starting_data(X)
    seeds = X[[0, 10, 20, 33, 41]]
    ours = KMeans()._converge(data.rows, seeds, data.backend)
    theirs = ScikitLearnKMeans(5, init=seeds, n_init=1, tol=0).fit(X).cluster_centers_
    np.testing.assert_allclose(ours, theirs, atol=1e-3)  # the step at which k-means ends, in spreads


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_start_gives_a_valid_mixture(name, family):
    X = clusters()
    parameters = next(iter(STARTS[name](starting_data(X, family=family), 4, np.random.RandomState(0))))
    assert parameters.weights.sum() == pytest.approx(1)
    assert (parameters.weights > 0).all()
    matrices = FAMILIES[family].representation.matrices(parameters.covariances, 4, 2)
    assert (np.linalg.eigvalsh(matrices) > 0).all()


@pytest.mark.parametrize("name", STARTS)
def test_the_same_seed_gives_the_same_start(name):
    data = starting_data(clusters())
    one, other = (next(iter(STARTS[name](data, 4, np.random.RandomState(7)))) for _ in range(2))
    np.testing.assert_array_equal(one.means, other.means)


@pytest.mark.parametrize("name", ["kmeans", "k-means++", "random_from_data"])
def test_shuffled_rows_give_the_same_start(name):
    X = clusters()
    shuffled = X[np.random.RandomState(3).permutation(len(X))]
    one = next(iter(STARTS[name](starting_data(X), 4, np.random.RandomState(0))))
    other = next(iter(STARTS[name](starting_data(shuffled), 4, np.random.RandomState(0))))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-10)


@pytest.mark.parametrize("name", ["kmeans", "k-means++", "random_from_data"])
def test_repeated_rows_give_the_start_of_weighted_rows(name):
    X = clusters()
    weights = np.random.RandomState(1).randint(0, 3, len(X)).astype(float)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    one = next(iter(STARTS[name](starting_data(X, weights), 4, np.random.RandomState(0))))
    other = next(iter(STARTS[name](starting_data(repeated), 4, np.random.RandomState(0))))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-9)


@pytest.mark.parametrize("name", ["k-means++", "random_from_data"])
def test_seeds_are_rows_of_the_data(name):
    X = clusters()
    means = next(iter(STARTS[name](starting_data(X), 4, np.random.RandomState(0)))).means
    assert all((mean == X).all(axis=1).any() for mean in means)
    assert len(np.unique(means, axis=0)) == 4


def test_rows_are_drawn_without_replacement():
    X = clusters(n_rows=12)
    means = next(iter(STARTS["random_from_data"](starting_data(X), 12, np.random.RandomState(0)))).means
    np.testing.assert_array_equal(np.unique(means, axis=0), np.unique(X, axis=0))


def test_seeds_are_spread_by_squared_distance():
    """Two heaps of one row each, at distances 1 and 3 from the first seed: drawn as 1 to 9."""
    z = np.array([[0.0], [1.0], [-3.0]])
    weights = np.array([1e12, 1.0, 1.0])  # the first seed is the first row
    generator = np.random.RandomState(0)
    n_draws = 2000
    rows = Rows(z, Coordinates.identity(1), weights)
    backend = NativeBackend()
    far = sum(spread_seeds(rows, 2, generator, backend)[1, 0] == -3.0 for _ in range(n_draws))
    # Greedy seeding takes the better of two candidates: the near row only if both are, 1 time in 100.
    assert far / n_draws == pytest.approx(0.99, abs=5 * np.sqrt(0.0099 / n_draws))


def test_fewer_different_rows_than_components_still_give_a_start():
    X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 20, axis=0)
    for name in STARTS:
        assert np.isfinite(
            next(iter(STARTS[name](starting_data(X), 5, np.random.RandomState(0)))).covariances
        ).all()


def test_a_cluster_of_one_row_starts_with_the_pooled_covariance_not_as_a_spike():
    X = np.vstack([clusters(n_components=2), [[500.0, 500.0]]])
    parameters = next(iter(STARTS["kmeans"](starting_data(X), 3, np.random.RandomState(0))))
    alone = np.argmax(parameters.means[:, 0])
    np.testing.assert_allclose(parameters.means[alone], [500.0, 500.0])
    assert np.linalg.eigvalsh(parameters.covariances[alone]).min() > 0.1


def test_rows_on_a_grid_are_ordered_by_what_they_are():
    """Whole numbers that a direction with related coefficients would project onto one another."""
    X = np.random.RandomState(0).randint(0, 17, (3000, 4)).astype(float)
    samples = [
        representative_sample(
            Rows(X[order], Coordinates.identity(4)), np.ones(4), 2, np.random.RandomState(0)
        ).z
        for order in (np.arange(3000), np.random.RandomState(1).permutation(3000))
    ]
    np.testing.assert_array_equal(*samples)


def test_rows_of_weight_zero_use_up_no_random_responsibilities():
    X = clusters()
    weights = np.arange(len(X)) % 2.0
    one = next(iter(STARTS["random"](starting_data(X, weights), 4, np.random.RandomState(0))))
    other = next(iter(STARTS["random"](starting_data(X[1::2]), 4, np.random.RandomState(0))))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-10)


def test_large_tables_are_sampled_in_proportion_to_their_weights():
    rng = np.random.RandomState(0)
    X = np.r_[rng.normal(0, 1, (30_000, 1)), rng.normal(50, 1, (30_000, 1))]
    weights = np.r_[np.full(30_000, 1.0), np.full(30_000, 3.0)]
    rows = Rows(X, Coordinates.identity(1), weights)
    sample = representative_sample(rows, np.ones(1), 2, np.random.RandomState(0))
    z, sampled = sample.z, sample.weights
    assert len(z) <= SAMPLE_ROWS
    assert sampled.sum() == pytest.approx(weights.sum())
    # Systematic sampling: the share is right to one row of the sample.
    assert sampled[z[:, 0] > 25].sum() / sampled.sum() == pytest.approx(0.75, abs=1 / SAMPLE_ROWS)


def test_an_absolute_scale_of_the_weights_does_not_change_which_rows_are_drawn():
    X = clusters()
    weights = np.random.RandomState(1).uniform(0.5, 2, len(X))
    one = next(iter(STARTS["kmeans"](starting_data(X, weights), 4, np.random.RandomState(0))))
    other = next(iter(STARTS["kmeans"](starting_data(X, weights * 1e-6), 4, np.random.RandomState(0))))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-10)


def test_k_means_measures_distance_in_the_units_it_is_told():
    """One feature in units a thousand times smaller, with the spread saying so: nothing changes."""
    X = clusters()
    data = starting_data(X)
    scaled = starting_data(X * [1.0, 1000.0], spread=np.array([1.0, 1000.0]))
    one = next(iter(STARTS["kmeans"](data, 4, np.random.RandomState(0)))).means
    other = next(iter(STARTS["kmeans"](scaled, 4, np.random.RandomState(0)))).means
    np.testing.assert_allclose(one * [1.0, 1000.0], other, rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_very_many_rows_are_thinned_and_still_represented(weighted, monkeypatch):
    """Above 300,000 rows in earnest; the limit is lowered here so that the test need not take so long."""
    monkeypatch.setattr(order, "SORTED_ROWS", 100_000)
    X = np.random.RandomState(0).normal(size=(400_000, 2))
    weights = np.where(np.arange(len(X)) % 2, 2.0, 0.0) if weighted else None
    sample = representative_sample(
        Rows(X, Coordinates.identity(2), weights), np.ones(2), 3, np.random.RandomState(0)
    )
    z, sampled = sample.z, sample.weights
    assert SAMPLE_ROWS / 2 < len(z) <= SAMPLE_ROWS
    mean = sampled @ z / sampled.sum()
    np.testing.assert_allclose(mean, 0.0, atol=5 / np.sqrt(SAMPLE_ROWS))
    if weighted:
        assert np.isin(z[:, 0], X[1::2, 0]).all()
