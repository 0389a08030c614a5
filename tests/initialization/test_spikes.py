"""Solutions that climb the likelihood by collapsing on a few rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnGaussianMixture

from gaussmix import DegenerateComponentWarning, GaussianMixture
from gaussmix.backends import NativeBackend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.stack import MixtureStack
from gaussmix.covariance import FAMILIES
from gaussmix.inference.refits import prepared
from gaussmix.initialization.spikes import count_spikes

K = 6


@pytest.fixture(scope="module")
def noise():
    """Rows without any structure: components on a few of them make the likeliest mixtures."""
    return np.random.RandomState(1).normal(size=(80, 3))


def fit(X, n_components, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        return GaussianMixture(n_components, random_state=0, **params).fit(X)


def least_rows(mixture, n_rows=80):
    return mixture.weights_.min() * n_rows


def test_a_spike_is_passed_over_unless_it_is_allowed(noise):
    avoiding, allowing = fit(noise, K), fit(noise, K, spikes="allow")
    assert allowing.score(noise) > avoiding.score(noise) + 0.1
    assert least_rows(allowing) < 4.5 < least_rows(avoiding)  # four rows are a plane's worth, and one
    assert avoiding.stability_.n_spikes > 0
    assert allowing.stability_.n_spikes == 0


def test_scikit_learn_climbs_the_spike_from_there(noise):
    allowing = fit(noise, K, spikes="allow")
    theirs = ScikitLearnGaussianMixture(
        K,
        means_init=allowing.means_,
        weights_init=allowing.weights_,
        precisions_init=allowing.precisions_,
        reg_covar=1e-9,
    ).fit(noise)
    assert least_rows(theirs) < 4.5
    assert theirs.score(noise) > fit(noise, K).score(noise) + 0.1


@pytest.mark.parametrize("spikes", ["avoid", "allow"])
def test_a_start_that_is_given_is_gone_on_from_whatever_it_leads_to(noise, spikes):
    precisions = [1e8 * np.eye(3), np.eye(3)]
    given = fit(noise, 2, spikes=spikes, means_init=[noise[0], np.zeros(3)], precisions_init=precisions)
    assert least_rows(given) < 4.5


def test_neither_repeating_rows_nor_weights_make_a_spike_a_group(noise):
    repeated = fit(np.repeat(noise, 3, axis=0), K)
    weighted = GaussianMixture(K, random_state=0).fit(noise, sample_weight=np.full(80, 3.0))
    assert min(least_rows(repeated), least_rows(weighted)) > 4.5


@pytest.mark.parametrize("n_features", [2, 3])
def test_many_rows_exactly_on_a_line_or_plane_are_a_group(n_features):
    rng = np.random.RandomState(1)
    flat = rng.normal(size=(120, n_features)) * 3
    flat[:, -1] = flat[:, 0] - 1
    X = np.concatenate([flat, rng.normal(size=(200, n_features)) * 2])
    mixture = fit(X, 2)
    labels = mixture.predict(X)
    group = np.bincount(labels[:120]).argmax()
    assert (labels[:120] == group).mean() == 1.0
    assert (labels[120:] == group).mean() < 0.1
    assert mixture.repaired_components_ == (group,)


def test_many_equal_rows_are_a_group():
    rng = np.random.RandomState(2)
    X = np.concatenate([np.full((60, 2), 0.25), rng.normal(size=(200, 2))])
    mixture = fit(X, 2)
    group = mixture.predict([[0.25, 0.25]])[0]
    assert mixture.weights_[group] == pytest.approx(60 / 260, abs=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_with_too_few_rows_for_sound_components_the_likelihood_decides(seed):
    # scikit-learn's own example: six rows, and either component of any two is degenerate.
    X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    mixture = GaussianMixture(2, random_state=seed, reg_covar=1e-6).fit(X)
    np.testing.assert_allclose(np.sort(mixture.means_, axis=0), [[1, 2], [10, 2]], atol=1e-6)


@pytest.mark.parametrize("accelerate", [True, False])
def test_the_last_run_of_em_ends_before_it_climbs_a_spike_that_the_search_has_not_seen(accelerate):
    rng = np.random.RandomState(2)
    n_features, n_rows, n_components = rng.randint(1, 5), rng.randint(200, 1500), rng.randint(3, 10)
    X = rng.standard_t(3, (n_rows, n_features)) + 3 * rng.randint(0, 3, (n_rows, 1))
    n_different = len(X)

    def n_spikes(mixture):
        parameters = MixtureParameters.from_covariances(
            FAMILIES["full"], mixture.weights_, mixture.means_, mixture.covariances_
        )
        counts = n_different * mixture.weights_[None]
        return count_spikes(MixtureStack.of([parameters]), counts)[0]

    careful = fit(X, n_components, accelerate=accelerate)
    assert n_spikes(careful) == 0
    assert not careful.converged_  # more iterations would lead up the spike
    assert careful.lower_bound_ == pytest.approx(careful.score(X), rel=1e-12)
    assert len(careful.lower_bounds_) == careful.n_iter_ > 0
    going_on = fit(
        X,
        n_components,
        accelerate=accelerate,
        weights_init=careful.weights_,
        means_init=careful.means_,
        precisions_init=careful.precisions_,
    )
    assert n_spikes(going_on) > 0
    assert going_on.score(X) > careful.score(X)


def recorded(X):
    data = prepared(X, None, FAMILIES["full"], 1, "auto", NativeBackend())
    return np.all(data.regularization.recorded > 0.0)


def test_repeated_rows_are_not_taken_for_rounded_ones():
    X = np.random.RandomState(0).normal(size=(200, 2))
    for table, rounded in [(X, False), (np.repeat(X, 3, axis=0), False), (np.round(X, 1), True)]:
        assert recorded(table) == rounded
        assert recorded(np.repeat(table, 3, axis=0)) == rounded


@pytest.mark.parametrize("distance", [8.0, 20.0, 100.0, 1e4, 1e9])
def test_one_row_far_out_is_a_component_and_no_spike(distance):
    truth = np.repeat(np.arange(3), 60)
    X = np.array([[0, 0], [6, 0], [0, 6]])[truth] + np.random.default_rng(0).normal(size=(180, 2))
    labels = fit(np.vstack([X, [[distance, distance]]]), 4).predict(X)
    assert adjusted_rand_score(truth, labels) > 0.96


@pytest.mark.parametrize("covariance_type", ["tied", "EII", "EEI", "EEV"])
@pytest.mark.parametrize("distance", [20.0, 100.0, 1e3])
def test_where_covariances_are_shared_a_row_far_out_costs_no_likelihood(covariance_type, distance):
    # scikit-learn's tied optimum is -3.9248 nats a row at every distance.
    truth = np.repeat(np.arange(3), 60)
    X = np.array([[0, 0], [6, 0], [0, 6]])[truth] + np.random.default_rng(0).normal(size=(180, 2))
    X = np.vstack([X, [[distance, distance]]])
    assert fit(X, 4, covariance_type=covariance_type).score(X) > -3.95


def test_a_likelier_optimum_of_few_rows_that_is_passed_over_is_told_with_its_rows():
    generator = np.random.default_rng(0)
    X = np.concatenate(
        [np.array([[0, 0], [6, 0], [0, 6]])[np.repeat(range(3), 60)] + generator.normal(size=(180, 2))]
    )
    X = np.concatenate([X, [[5.0, 12.0], [5.5, 12.5], [-9.0, -9.0]]])
    with pytest.warns(DegenerateComponentWarning, match="passed over") as told:
        avoiding = GaussianMixture(4, random_state=0).fit(X)
    message = str(next(one.message for one in told if "passed over" in str(one.message)))
    allowing = fit(X, 4, spikes="allow")
    assert allowing.score(X) > avoiding.score(X) + 0.01
    assert any(str(row) in message for row in (180, 181, 182))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateComponentWarning)
        GaussianMixture(3, random_state=0).fit(X[:180])
