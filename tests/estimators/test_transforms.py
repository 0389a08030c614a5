"""Mixtures of transformed features: densities, samples, criteria and files in the data's own units."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import (
    AutoGaussianMixture,
    GaussianMixture,
    MixtureDiscriminantProjection,
    TransformedMixtureError,
    bootstrap,
    goodness_of_fit,
    high_density_clusters,
    merge_components,
    standard_errors,
)
from gaussmix.data.scaling import Scaling
from gaussmix.estimators.units import in_data_units


def log_normal(n=400, n_features=2, seed=0):
    return np.exp(np.random.default_rng(seed).normal(1.0, 0.8, (n, n_features)))


def log_normal_groups(n=400, seed=0):
    """Two groups beside each other in a skewed feature and a plain one."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    income = np.exp(generator.normal(np.where(labels, 11.0, 9.5), 0.4))
    return np.column_stack([income, generator.normal(np.where(labels, 55.0, 30.0), 6.0)]), labels


@pytest.fixture(scope="module")
def fitted():
    X, _ = log_normal_groups()
    return GaussianMixture(2, transforms=["log", "identity"], random_state=0).fit(X)


@parametrize_with_checks(
    [
        GaussianMixture(2, transforms="auto", max_iter=20),
        AutoGaussianMixture([1, 2], covariance_types=["EEE", "VVV"], transforms="auto"),
    ]
)
def test_an_estimator_with_transforms_obeys_the_interface(estimator, check):
    check(estimator)


def test_the_density_is_scipys_log_normal_where_there_is_one_component():
    x = log_normal(300, 1)
    mixture = GaussianMixture(transforms=["log"]).fit(x)
    expected = stats.lognorm(np.log(x).std(), scale=np.exp(np.log(x).mean()))
    assert mixture.score_samples(x) == pytest.approx(expected.logpdf(x[:, 0]), rel=1e-9)
    assert mixture.log_likelihood_ == pytest.approx(expected.logpdf(x[:, 0]).sum(), rel=1e-12)
    assert mixture.lower_bound_ == mixture.lower_bounds_[-1] == pytest.approx(mixture.score(x), rel=1e-12)
    assert mixture.bic(x) == pytest.approx(-2 * expected.logpdf(x[:, 0]).sum() + 2 * np.log(300))


def test_labels_are_those_of_the_mixture_of_transformed_rows(fitted):
    X, labels = log_normal_groups()
    Z = np.column_stack([np.log(X[:, 0]), X[:, 1]])
    assert adjusted_rand_score(labels, fitted.predict(X)) > 0.95
    plain = fitted.in_transformed_units()
    assert np.array_equal(plain.predict_proba(Z), fitted.predict_proba(X))
    assert plain.score_samples(Z) - Z[:, 0] == pytest.approx(fitted.score_samples(X))
    assert fitted.assign(X).log_density == pytest.approx(fitted.score_samples(X))


def test_the_inverse_of_a_mean_is_the_median_of_the_component(fitted):
    X, labels = fitted.sample(20_000, random_state=0)
    medians = [np.median(X[labels == k], axis=0) for k in range(2)]
    assert np.array(medians) == pytest.approx(fitted.transforms_.inverse(fitted.means_), rel=0.02)


@pytest.mark.parametrize("names", [["sqrt"], ["cbrt"], ["yeo-johnson"], ["log"]])
def test_samples_have_the_density_that_is_told_of_them(names):
    x = np.random.default_rng(0).chisquare(4, (500, 1))
    mixture = GaussianMixture(2, transforms=names, random_state=0).fit(x)
    grid = np.linspace(-2.0, 60.0, 100_001)[:, None]
    density = np.exp(mixture.score_samples(grid))
    distribution = np.cumsum(density) * (grid[1, 0] - grid[0, 0])
    draws, _ = mixture.sample(2_000, random_state=0)
    found = stats.kstest(draws[:, 0], lambda at: np.interp(at, grid[:, 0], distribution))
    assert distribution[-1] == pytest.approx(1.0, abs=1e-3)
    assert found.pvalue > 0.01


@pytest.mark.parametrize("seed", range(3))
def test_one_log_normal_cloud_is_one_component(seed):
    X = log_normal(300, seed=seed)
    mixture = AutoGaussianMixture(transforms="auto", random_state=0).fit(X)
    assert mixture.n_components_ == 1
    assert mixture.transforms_.names == ("log", "log")
    assert mixture.bic(X) == pytest.approx(mixture.selection_.ranking[0].bic)


@pytest.mark.parametrize("kind", ["chi-squared", "exponential", "gamma"])
def test_one_cloud_of_waiting_times_is_one_component(kind):
    generator = np.random.default_rng(0)
    draw = {
        "chi-squared": lambda: generator.chisquare(4.0, (400, 2)),
        "exponential": lambda: generator.exponential(3.0, (400, 2)),
        "gamma": lambda: generator.gamma(2.0, 3.0, (400, 2)),
    }[kind]
    mixtures = [
        AutoGaussianMixture(range(1, 5), transforms="auto", random_state=0).fit(draw()) for _ in range(3)
    ]
    assert [mixture.n_components_ for mixture in mixtures].count(1) >= 2


def test_criteria_compare_transforms():
    X = log_normal()
    plain = AutoGaussianMixture(range(1, 7), covariance_types="VVV", random_state=0).fit(X)
    transformed = AutoGaussianMixture(1, covariance_types="VVV", transforms="auto").fit(X)
    assert transformed.bic(X) < plain.bic(X) - 50
    assert plain.n_components_ > 1


def test_incomes_find_their_groups():
    X, labels = log_normal_groups()
    mixture = AutoGaussianMixture(transforms="auto", random_state=0).fit(X)
    assert mixture.n_components_ == 2
    assert adjusted_rand_score(labels, mixture.predict(X)) > 0.95


def test_normal_features_are_fitted_as_without_transforms():
    X = np.random.default_rng(0).normal(20.0, 1.0, (200, 3))
    mixture = GaussianMixture(2, transforms="auto", random_state=0).fit(X)
    assert mixture.transforms_ is None
    assert np.array_equal(mixture.means_, GaussianMixture(2, random_state=0).fit(X).means_)


def test_a_number_of_components_that_is_chosen_goes_with_transforms():
    X = log_normal()
    mixture = GaussianMixture("auto", transforms="auto", random_state=0).fit(X)
    assert mixture.n_components_ == 1
    assert mixture.selection_.ranking[0].log_likelihood == pytest.approx(mixture.log_likelihood_)


def test_a_criterion_of_the_users_own_sees_rows_in_their_units():
    X = log_normal()
    mixture = AutoGaussianMixture(
        [1, 2], criterion=lambda model, rows: model.bic(rows), transforms="auto", random_state=0
    ).fit(X)
    ranking = mixture.selection_.ranking
    assert mixture.n_components_ == 1
    assert ranking[0].criterion == pytest.approx(mixture.bic(X))


def test_weights_count_as_repetitions():
    X = log_normal(100)
    weight = np.random.default_rng(0).integers(1, 4, 100).astype(float)
    repeated = GaussianMixture(2, transforms=["log", "sqrt"], random_state=0).fit(
        np.repeat(X, weight.astype(int), axis=0)
    )
    weighted = GaussianMixture(2, transforms=["log", "sqrt"], random_state=0).fit(X, sample_weight=weight)
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-6)


def test_a_warm_start_keeps_the_transforms():
    X = log_normal()
    mixture = GaussianMixture(2, transforms="auto", warm_start=True, random_state=0).fit(X)
    before = mixture.transforms_
    mixture.fit(np.random.default_rng(0).normal(20.0, 1.0, (100, 2)))
    assert mixture.transforms_ == before
    assert mixture.score(X) == pytest.approx(np.mean(mixture.score_samples(X)))
    plain = GaussianMixture.from_parameters([1.0], [[3.0, 3.0]], [np.eye(2)])
    plain.set_params(transforms="auto", warm_start=True).fit(X)
    assert plain.transforms_ is None


def test_noise_is_drawn_and_scored_in_the_units_of_the_data():
    generator = np.random.default_rng(0)
    X = np.concatenate([log_normal(300), np.exp(generator.uniform(-4.0, 6.0, (60, 2)))])
    mixture = GaussianMixture(noise=True, transforms=["log", "log"], random_state=0).fit(X)
    plain = mixture.in_transformed_units()
    assert mixture.score_samples(X) == pytest.approx(plain.score_samples(np.log(X)) - np.log(X).sum(axis=1))
    draws, labels = mixture.sample(2_000)
    assert (draws > 0).all()
    assert draws[labels == -1].max() <= X.max() * (1 + 1e-12)
    with pytest.raises(ValueError, match=r"noise=3\.0 is a volume in the units of the data"):
        GaussianMixture(noise=3.0, transforms="auto").fit(X)


def test_single_precision_and_frames_are_taken():
    X, _ = log_normal_groups()
    frame = pd.DataFrame(X.astype(np.float32), columns=["income", "age"])
    mixture = GaussianMixture(2, transforms="auto", random_state=0).fit(frame)
    assert mixture.transforms_.names == ("log", "identity")
    assert mixture.score_samples(frame) == pytest.approx(np.log(np.exp(mixture.score_samples(frame))))
    with pytest.raises(ValueError, match="feature 'age' has values from"):
        GaussianMixture(transforms=["log", "log"]).fit(frame.assign(age=-frame["age"]))


def test_zeros_and_negative_values_can_be_scored(fitted):
    found = fitted.score_samples([[0.0, 40.0], [-5.0, 40.0]])
    assert np.isfinite(found).all()
    assert (found < fitted.score_samples([[20_000.0, 40.0]])).all()


def test_copies_say_the_same(fitted):
    X, _ = log_normal_groups()
    copied = pickle.loads(pickle.dumps(fitted))
    assert copied.transforms_ == fitted.transforms_
    assert np.array_equal(copied.score_samples(X), fitted.score_samples(X))
    assert clone(fitted).transforms == ["log", "identity"]
    assert not hasattr(clone(fitted), "transforms_")


@pytest.mark.parametrize(
    "use",
    [
        lambda model, X: model.distribution_,
        lambda model, X: bootstrap(model, X, n_resamples=10),
        lambda model, X: goodness_of_fit(model, X),
        lambda model, X: high_density_clusters(model, X),
        lambda model, X: standard_errors(model, X),
        lambda model, X: MixtureDiscriminantProjection(model).fit(X),
        lambda model, X: in_data_units(model, Scaling(np.zeros(2), np.ones(2))),
    ],
)
def test_what_needs_a_gaussian_mixture_says_how_to_have_one(fitted, use):
    X, _ = log_normal_groups()
    with pytest.raises(TransformedMixtureError, match=r"in_transformed_units\(\)"):
        use(fitted, X)
    plain = fitted.in_transformed_units()
    use(plain, fitted.transforms_.forward(X))


def test_starts_are_in_transformed_units():
    X, _ = log_normal_groups()
    start = [[9.5, 30.0], [11.0, 55.0]]
    mixture = GaussianMixture(2, transforms=["log", "identity"], means_init=start, max_iter=0).fit(X)
    assert mixture.means_ == pytest.approx(np.array(start), abs=6)


@pytest.mark.parametrize("method", ["unimodality", "entropy", "overlap"])
def test_components_are_merged_by_what_they_are_when_transformed(fitted, method):
    X, _ = log_normal_groups()
    merged = merge_components(fitted, X, method=method)
    plain = merge_components(fitted.in_transformed_units(), fitted.transforms_.forward(X), method=method)
    assert merged.scores_ == pytest.approx(plain.scores_)
    assert np.array_equal(merged.predict(X), plain.labels_)
