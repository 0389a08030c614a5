"""The search finds the best optimum, whatever the start and the guise of the rows."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
from search_problems import clusters, em_from, log_likelihood, mixture_at, separate_clusters, starting_data
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnGaussianMixture

from gaussmix import GaussianMixture
from gaussmix.initialization import MOVES, STARTS, Search, Stability


def search(data, starts, moves=MOVES):
    run = Search(
        data,
        data.regularization,
        moves,
        n_components=starts[0].n_components,
        avoid_spikes=True,
        generator=np.random.RandomState(0),
    )
    return run(starts)


def parallel_sticks(standardised):
    """Two parallel clusters, 200 times as long as wide."""
    rng = np.random.RandomState(0)
    labels = np.arange(1000) % 2
    X = np.column_stack([200 * rng.normal(size=1000), 8 * labels + rng.normal(size=1000)])
    return (X / X.std(axis=0) if standardised else X), labels


def test_moves_leave_an_optimum_in_which_em_alone_stays():
    """Two components on one cluster, one on two."""
    rng = np.random.RandomState(0)
    centers = np.array([[0.0, 0.0], [60.0, 0.0], [60.0, 12.0]])
    X = np.repeat(centers, 200, axis=0) + rng.normal(size=(600, 2))
    bad = mixture_at([[-0.5, 0.0], [0.5, 0.0], [60.0, 6.0]])
    theirs = [
        ScikitLearnGaussianMixture(
            3, means_init=means, precisions_init=[np.eye(2)] * 3, tol=1e-6, max_iter=500
        )
        .fit(X)
        .score(X)
        for means in (bad.means, centers)
    ]
    assert theirs[0] < theirs[1] - 0.5  # a bad optimum it is, by an independent EM
    data = starting_data(X)
    staying, leaving = search(data, [bad], moves=()), search(data, [bad])
    assert log_likelihood(staying.mixture, X) == pytest.approx(theirs[0], abs=5e-3)
    assert log_likelihood(leaving.mixture, X) == pytest.approx(theirs[1], abs=1e-3)
    assert (staying.stability.n_moves, staying.stability.n_agreeing) == (0, 1)
    assert (leaving.stability.n_moves, leaving.stability.n_agreeing) == (1, 0)
    assert leaving.stability.gap == pytest.approx(theirs[1] - theirs[0], abs=5e-3)


@pytest.mark.parametrize("init_params", ["kmeans", "portfolio"])
@pytest.mark.parametrize("standardised", [False, True])
def test_parallel_stretched_clusters_are_found(standardised, init_params):
    """As of scikit-learn issues 34842 and 34845: k-means cuts them across, and EM stays there."""
    X, labels = parallel_sticks(standardised)
    found = GaussianMixture(2, init_params=init_params, random_state=0).fit_predict(X)
    assert adjusted_rand_score(labels, found) > 0.95


def test_parallel_stretched_clusters_are_not_found_by_scikit_learn():
    """Otherwise the test above would show nothing."""
    X, labels = parallel_sticks(standardised=False)
    found = ScikitLearnGaussianMixture(2, random_state=0).fit_predict(X)
    assert adjusted_rand_score(labels, found) < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_thirty_clusters_are_found_as_from_the_truth(seed):
    X, centers = separate_clusters(7, 30, n_rows=2400, distance=6.0)
    truth = ScikitLearnGaussianMixture(
        30, means_init=centers, precisions_init=[np.eye(2)] * 30, tol=1e-7
    ).fit(X)
    mixture = GaussianMixture(30, random_state=seed).fit(X)
    assert mixture.score(X) > truth.score(X) - 1e-4


def test_k_means_alone_does_not_find_them():
    """Otherwise the test above would show nothing of the search."""
    X, centers = separate_clusters(7, 30, n_rows=2400, distance=6.0)
    scores = [
        GaussianMixture(30, init_params="random_from_data", moves=None, random_state=seed).fit(X).score(X)
        for seed in range(2)
    ]
    truth = ScikitLearnGaussianMixture(
        30, means_init=centers, precisions_init=[np.eye(2)] * 30, tol=1e-7
    ).fit(X)
    assert max(scores) < truth.score(X) - 0.01


class TestTheSameRowsInAnotherGuise:
    """Clusters that overlap: six components, for which there are several optima."""

    @pytest.fixture(scope="class")
    @staticmethod
    def X():
        return clusters(5, n_components=6, n_rows=600, spread=2.0)

    @pytest.fixture(scope="class")
    @staticmethod
    def mixture(X):
        return GaussianMixture(6, random_state=1).fit(X)

    def test_shuffled(self, X, mixture):
        shuffled = X[np.random.RandomState(0).permutation(len(X))]
        other = GaussianMixture(6, random_state=1).fit(shuffled)
        np.testing.assert_allclose(other.means_, mixture.means_, rtol=1e-3, atol=1e-3)
        assert other.stability_.n_agreeing == mixture.stability_.n_agreeing

    def test_in_other_units(self, X, mixture):
        scale, shift = np.array([1e-3, 1e4]), np.array([5.0, -1e6])
        other = GaussianMixture(6, random_state=1).fit(X * scale + shift)
        np.testing.assert_allclose((other.means_ - shift) / scale, mixture.means_, rtol=1e-3, atol=1e-3)

    @pytest.mark.parametrize("exponent", [-60, -10, 20, 60])
    def test_in_units_common_to_all_features_to_the_last_digits(self, exponent):
        """All starts are the same there, that by k-means in the data's own units among them."""
        rng = np.random.RandomState(38)
        rng.randint(1, 7)  # seeds and draws with which the start by k-means went elsewhere in tiny units
        n_rows, _, _ = int(np.exp(rng.uniform(np.log(2), np.log(3000)))), rng.randint(1, 7), rng.randint(1, 5)
        center, rows = 4 * rng.normal(size=(1, 2)), rng.randint(1, size=n_rows)
        table = center[rows] + rng.normal(size=(n_rows, 2)) * np.exp(rng.normal(size=2))
        rng.randint(6)
        table = table[rng.randint(n_rows, size=n_rows)]
        here = GaussianMixture(4, covariance_type="EVV", random_state=0).fit(table)
        there = GaussianMixture(4, covariance_type="EVV", random_state=0).fit(table * 2.0**exponent)
        assert there.lower_bound_ + 2 * exponent * np.log(2.0) == pytest.approx(here.lower_bound_, abs=1e-9)
        np.testing.assert_allclose(there.means_ * 2.0**-exponent, here.means_, rtol=1e-6, atol=1e-9)

    def test_all_repeated(self, X, mixture):
        other = GaussianMixture(6, random_state=1).fit(np.repeat(X, 2, axis=0))
        np.testing.assert_allclose(other.means_, mixture.means_, rtol=1e-3, atol=1e-3)

    def test_weighted_and_repeated(self, X):
        weights = np.random.RandomState(2).randint(0, 3, len(X))
        weighted = GaussianMixture(6, random_state=1).fit(X, sample_weight=weights)
        repeated = GaussianMixture(6, random_state=1).fit(np.repeat(X, weights, axis=0))
        np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-3, atol=1e-3)
        assert weighted.stability_.n_agreeing == repeated.stability_.n_agreeing


def test_from_far_groups_all_starts_that_look_for_groups_agree():
    X, _ = separate_clusters(0, 3, n_rows=300, distance=30.0)
    data = starting_data(X)
    names = ("kmeans", "k-means++", "hierarchical")
    starts = [next(iter(STARTS[name](data, 3, np.random.RandomState(0)))) for name in names]
    assert search(data, starts).stability == Stability(3, 3, np.inf, 0, 0)


def test_from_two_far_groups_most_of_the_default_starts_agree():
    X, _ = separate_clusters(0, 2, n_rows=200, distance=10.0)
    stability = GaussianMixture(2, random_state=0).fit(X).stability_
    assert stability.n_agreeing > stability.n_starts / 2 > 5
    assert (stability.n_moves, stability.n_spikes) == (0, 0)


def test_agreeing_are_starts_from_which_em_alone_comes_to_the_optimum():
    X, centers = separate_clusters(3, 5, n_rows=500, distance=20.0)
    data = starting_data(X)
    starts = list(STARTS["portfolio"](data, 5, np.random.RandomState(0)))
    stability = search(data, starts).stability
    best = log_likelihood(em_from(data, mixture_at(centers)), X)
    gaps = np.array([best - log_likelihood(em_from(data, start), X) for start in starts])
    assert stability.n_starts == len(starts)
    # A trial has few iterations: a start that would have come there after many is not counted.
    assert (gaps[:4] < 1e-3).sum() <= stability.n_agreeing <= (gaps < 1e-3).sum() < len(starts)


def test_the_gap_is_that_to_the_next_best_optimum():
    rng = np.random.RandomState(0)
    centers = np.array([[0.0, 0.0], [60.0, 0.0], [60.0, 12.0]])
    X = np.repeat(centers, 200, axis=0) + rng.normal(size=(600, 2))
    data = starting_data(X)
    starts = [mixture_at(centers), mixture_at([[-0.5, 0.0], [0.5, 0.0], [60.0, 6.0]])]
    stability = search(data, starts, moves=()).stability
    scores = [log_likelihood(em_from(data, start), X) for start in starts]
    assert (stability.n_starts, stability.n_agreeing, stability.n_moves) == (2, 1, 0)
    assert stability.gap == pytest.approx(scores[0] - scores[1], abs=5e-3)


def test_without_moves_a_single_start_is_plain_em_from_there():
    X = clusters(2)
    first = GaussianMixture(4, init_params="kmeans", max_iter=0, random_state=0).fit(X)
    plain = GaussianMixture(
        4,
        init_params="kmeans",
        moves=None,
        accelerate=False,
        tol=0,
        max_iter=30,
        reg_covar=1e-9,
        random_state=0,
    )
    with pytest.warns(match="did not converge"):
        plain.fit(X)
    theirs = ScikitLearnGaussianMixture(
        4,
        weights_init=first.weights_,
        means_init=first.means_,
        precisions_init=first.precisions_,
        tol=0,
        max_iter=30,
        reg_covar=1e-9,
    )
    with pytest.warns(match="did not converge"):
        theirs.fit(X)
    np.testing.assert_allclose(plain.means_, theirs.means_, rtol=1e-6)
    assert plain.stability_ is None


def test_a_start_that_is_given_is_not_left():
    rng = np.random.RandomState(0)
    X = np.repeat([[0.0, 0.0], [60.0, 0.0], [60.0, 12.0]], 100, axis=0) + rng.normal(size=(300, 2))
    mixture = GaussianMixture(3, means_init=[[-0.5, 0.0], [0.5, 0.0], [60.0, 6.0]]).fit(X)
    assert mixture.stability_ is None
    assert (mixture.means_[:, 0] < 30).sum() == 2


def test_with_fewer_than_ten_iterations_em_is_seen_on_its_way():
    X = clusters(2)
    with pytest.warns(match="did not converge"):
        mixture = GaussianMixture(5, max_iter=2, random_state=0).fit(X)
    assert mixture.stability_ is None
    assert mixture.n_iter_ == 2


class Interrupting:
    def proposals(self, situation):
        raise KeyboardInterrupt


def test_an_interrupted_search_leaves_a_fitted_mixture_as_it_was():
    mixture = GaussianMixture(3, random_state=0).fit(clusters(0))
    before = copy.deepcopy({name: value for name, value in vars(mixture).items() if name.endswith("_")})
    mixture.set_params(moves=[Interrupting()])
    with pytest.raises(KeyboardInterrupt):
        mixture.fit(clusters(1, n_features=3))
    after = {name: value for name, value in vars(mixture).items() if name.endswith("_")}
    assert after.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


def test_an_interrupted_first_search_leaves_a_mixture_unfitted():
    mixture = GaussianMixture(3, moves=[Interrupting()], random_state=0)
    with pytest.raises(KeyboardInterrupt):
        mixture.fit(clusters(1))
    assert [name for name in vars(mixture) if name.endswith("_")] == []


@pytest.mark.parametrize(("seed", "power", "n_rows"), [(8, 3, 500), (1, 2, 400), (9, 2, 400)])
def test_tails_beyond_what_doubles_tell_apart_do_not_stop_a_search(seed, power, n_rows):
    X = np.random.RandomState(seed).standard_cauchy((n_rows, 3)) ** power
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture = GaussianMixture(6, random_state=0).fit(X)
    assert np.isfinite(mixture.score(X))
