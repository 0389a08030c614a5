"""The automatic choice on tables with more features than rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from gaussmix import AutoGaussianMixture, load_model


def groups_in_few_features(seed, n_rows=90, n_features=300, n_groups=3, n_telling=12, shift=2.5):
    generator = np.random.default_rng(seed)
    labels = np.arange(n_rows) % n_groups
    means = np.zeros((n_groups, n_features))
    means[:, :n_telling] = shift * generator.normal(size=(n_groups, n_telling))
    return means[labels] + generator.normal(size=(n_rows, n_features)), labels


def groups_along_factors(seed, n_rows=90, n_features=300):
    generator = np.random.default_rng(seed)
    labels = np.arange(n_rows) % 3
    places = 7.0 * np.eye(3)[labels] + generator.normal(size=(n_rows, 3))
    X = places @ generator.normal(size=(3, n_features)) + generator.normal(size=(n_rows, n_features))
    return X, labels


def one_group_with_factors(seed, n_rows=90, n_features=300):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n_rows, 3)) @ generator.normal(size=(3, n_features))
    return X + generator.normal(size=(n_rows, n_features))


@pytest.mark.parametrize("make", [groups_in_few_features, groups_along_factors])
def test_groups_and_their_number_are_found(make):
    found = [AutoGaussianMixture(random_state=0).fit(make(seed)[0]) for seed in range(5)]
    right = [mixture.n_components_ == 3 for mixture in found]
    agreement = [adjusted_rand_score(make(s)[1], found[s].predict(make(s)[0])) for s in range(5)]
    assert sum(right) >= 4
    assert np.mean(agreement) > 0.9


def test_one_group_is_one_component_with_and_without_factors():
    generator = np.random.default_rng(0)
    tables = [one_group_with_factors(seed) for seed in range(4)]
    tables += [generator.normal(size=(60, 300)) for _ in range(4)]
    assert [AutoGaussianMixture(random_state=0).fit(X).n_components_ for X in tables] == [1] * 8


@pytest.fixture(scope="module")
def fitted():
    X, _ = groups_in_few_features(0)
    names = [f"gene {d}" for d in range(X.shape[1])]
    return AutoGaussianMixture(random_state=0).fit(pd.DataFrame(X, columns=names)), X


def test_the_mixture_is_one_in_all_features_with_a_few_factors(fitted):
    mixture, X = fitted
    assert mixture.covariance_type_ == "ppca"
    assert mixture.means_.shape == (3, 300)
    noise, loadings = mixture.noise_variances_, mixture.loadings_
    assert loadings.shape == (3, 300, mixture.n_factors_)
    for k in range(3):
        np.testing.assert_allclose(
            mixture.covariances_[k], loadings[k] @ loadings[k].T + np.diag(noise[k]), atol=1e-9
        )
    component = [multivariate_normal(*one) for one in zip(mixture.means_, mixture.covariances_, strict=True)]
    logs = [one.logpdf(X) + np.log(w) for one, w in zip(component, mixture.weights_, strict=True)]
    assert mixture.log_likelihood_ == pytest.approx(logsumexp(logs, axis=0).sum())


def test_along_all_other_directions_the_components_are_alike(fitted):
    mixture, X = fitted
    others = PCA().fit(X).components_[mixture.n_factors_ : len(X) - 1]
    np.testing.assert_allclose(others @ (mixture.means_ - mixture.means_[0]).T, 0.0, atol=1e-8)
    within = others @ mixture.covariances_ @ others.T
    np.testing.assert_allclose(
        within, np.broadcast_to(mixture.noise_variances_[0, 0] * np.eye(len(others)), within.shape), atol=1e-8
    )


def test_the_table_has_a_row_for_each_number_of_components(fitted):
    mixture, _ = fitted
    assert mixture.selection_["n_components"].tolist() == list(range(1, 10))
    assert set(mixture.selection_["covariance_type"]) == {"ppca"}
    assert mixture.selection_.ranking[0].n_components == mixture.n_components_
    row = mixture.selection_.ranking[0]
    assert row.bic == pytest.approx(-2 * row.log_likelihood + row.n_parameters * np.log(90))


def test_it_is_saved_explained_and_read_again(fitted, tmp_path):
    mixture, X = fitted
    mixture.save(tmp_path / "model.json")
    read = load_model(tmp_path / "model.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(read.predict(X), mixture.predict(X))
    assert read.n_factors_ == mixture.n_factors_
    assert "gene 1" in str(mixture.feature_names_in_)


def test_units_of_features_are_brought_to_one_spread_and_given_back():
    X, labels = groups_in_few_features(1, n_telling=30)
    units = 10.0 ** np.random.default_rng(1).uniform(-5, 5, size=X.shape[1])
    mixture = AutoGaussianMixture(random_state=0).fit(X * units)
    assert mixture.covariance_type_ == "factor_analysis"
    assert mixture.n_components_ == 3
    assert adjusted_rand_score(labels, mixture.predict(X * units)) > 0.9
    np.testing.assert_allclose((mixture.weights_ @ mixture.means_) / units, X.mean(axis=0), atol=0.3)


def test_a_constant_feature_and_repeated_rows_change_nothing():
    X, labels = groups_in_few_features(2, n_rows=60)
    assert adjusted_rand_score(labels, AutoGaussianMixture(random_state=0).fit_predict(X)) > 0.9
    with_constant = np.column_stack([X, np.full(len(X), 3.0)])
    repeated = AutoGaussianMixture(random_state=0).fit(np.tile(with_constant, (2, 1)))
    assert repeated.n_components_ == 3
    assert np.isfinite(repeated.score(with_constant))
    assert adjusted_rand_score(labels, repeated.predict(with_constant)) > 0.9


def test_numbers_that_are_given_are_compared_also_where_no_direction_leads():
    X = np.random.default_rng(3).normal(size=(40, 100))
    mixture = AutoGaussianMixture([2, 3], random_state=0).fit(X)
    assert mixture.n_components_ in (2, 3)
    one = AutoGaussianMixture([1, 2], random_state=0).fit(X)
    assert one.n_components_ == 1


@pytest.mark.filterwarnings("ignore::gaussmix.DegenerateComponentWarning")
def test_rows_that_are_all_the_same_are_one_component():
    assert AutoGaussianMixture(random_state=0).fit(np.ones((5, 20))).n_components_ == 1


@pytest.mark.parametrize("criterion", ["icl", "aic", "cv"])
def test_every_criterion_can_choose(criterion):
    X, labels = groups_in_few_features(0, n_features=150)
    mixture = AutoGaussianMixture(range(1, 5), criterion=criterion, random_state=0).fit(X)
    assert adjusted_rand_score(labels, mixture.predict(X)) > 0.7


def test_families_that_are_named_are_fitted_to_all_features():
    X, _ = groups_in_few_features(0, n_features=150)
    mixture = AutoGaussianMixture([1, 2], covariance_types=["EII", "VVI"], random_state=0).fit(X)
    assert mixture.covariance_type_ in ("EII", "VVI")
    assert not hasattr(mixture, "n_factors_")


def test_rows_that_differ_by_noise_alone_are_one_sphere():
    X = np.random.default_rng(2).normal(size=(12, 40))
    found = AutoGaussianMixture(random_state=0).fit(X)
    assert (found.n_components_, found.covariance_type_) == (1, "EII")
    assert found.means_[0] == pytest.approx(X.mean(axis=0))
    variance = found.covariances_[0] if found.covariances_.ndim == 1 else np.diag(found.covariances_[0])
    assert variance == pytest.approx(X.var(axis=0).mean())
    assert found.score(X) == pytest.approx(
        norm.logpdf(X, X.mean(axis=0), np.sqrt(X.var(axis=0).mean())).sum(axis=1).mean()
    )
