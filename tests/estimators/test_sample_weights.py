"""Criteria and choices count weights as repeated rows, and tell proportions from counts."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gaussmix import (
    AutoGaussianMixture,
    GaussianMixture,
    SampleWeightWarning,
    bootstrap,
    goodness_of_fit,
    standard_errors,
)
from gaussmix.explain import explain_mixture, summarize
from gaussmix.report import write_report


@pytest.fixture(scope="module")
def cloud():
    """One normal cloud."""
    return np.random.default_rng(0).normal(size=(200, 2))


@pytest.fixture(scope="module")
def counted():
    """Two groups, and how often each row occurs."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(100, 2)) + np.repeat([[0.0, 0.0], [3.0, 0.0]], 50, axis=0)
    return X, generator.integers(0, 4, 100)


@pytest.mark.parametrize("method", ["score", "bic", "aic", "icl"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", [{}, {"covariance_type": "EEI"}, {"noise": True}])
def test_a_weighted_criterion_is_that_of_repeated_rows(counted, method, dtype, options):
    X, weights = counted[0].astype(dtype), counted[1]
    mixture = GaussianMixture(2, random_state=0, **options).fit(X)
    found = getattr(mixture, method)(X, sample_weight=weights)
    repeated = getattr(mixture, method)(np.repeat(X, weights, axis=0))
    assert found == pytest.approx(repeated, rel=1e-12 if dtype == np.float64 else 1e-5)


def test_criteria_of_the_training_rows_and_weights_follow_from_the_fitted_log_likelihood(counted):
    X, weights = counted
    mixture = GaussianMixture(2, random_state=0).fit(X, sample_weight=weights)
    deviance = -2 * mixture.log_likelihood_
    assert mixture.bic(X, weights) == pytest.approx(deviance + 11 * np.log(weights.sum()), rel=1e-12)
    assert mixture.aic(X, weights) == pytest.approx(deviance + 22, rel=1e-12)
    assert mixture.score(X, sample_weight=weights) == pytest.approx(mixture.lower_bound_, rel=1e-12)


def test_a_row_of_weight_zero_may_be_impossible():
    mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], covariance_type="spherical")
    X, weights = [[0.0], [1.0], [1e200]], [1.0, 1.0, 0.0]
    for method in (mixture.score, mixture.bic, mixture.aic, mixture.icl):
        assert method(X, sample_weight=weights) == pytest.approx(method(X[:2]), rel=1e-14)


def test_wrong_weights_are_refused(counted):
    mixture = GaussianMixture(2, random_state=0).fit(counted[0])
    with pytest.raises(ValueError, match="Negative values"):
        mixture.bic(counted[0], sample_weight=-np.ones(100))
    with pytest.raises(ValueError, match=r"expected \(100,\)"):
        mixture.score(counted[0], sample_weight=np.ones(3))


@pytest.mark.parametrize("total", [1.0, 0.5, 199.0])
def test_proportions_lead_to_the_choice_without_weights_and_are_told(cloud, total):
    weights = np.full(200, total / 200)
    plain = AutoGaussianMixture(random_state=0).fit(cloud)
    with pytest.warns(SampleWeightWarning, match="taken as proportions") as caught:
        mixture = AutoGaussianMixture(random_state=0).fit(cloud, sample_weight=weights)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (mixture.covariance_type_, mixture.n_components_) == (plain.covariance_type_, plain.n_components_)
    np.testing.assert_allclose(mixture.selection_["bic"], plain.selection_["bic"], rtol=1e-6)
    with pytest.warns(SampleWeightWarning):
        number = GaussianMixture("auto", random_state=0).fit(cloud, sample_weight=weights)
    assert number.n_components_ == 1
    with pytest.warns(SampleWeightWarning):
        assert mixture.bic(cloud, sample_weight=weights) == pytest.approx(plain.bic(cloud), rel=1e-6)


def test_rows_of_next_to_no_weight_do_not_count():
    generator = np.random.default_rng(8)
    X = np.concatenate([generator.normal(0, 1, (300, 1)), generator.normal(6, 1, (300, 1))])
    weights = np.repeat([0.5, 1e-7], 300)
    first = AutoGaussianMixture(range(1, 4), random_state=0).fit(X[:300])
    with pytest.warns(SampleWeightWarning, match="sum to 300"):
        mixture = AutoGaussianMixture(range(1, 4), random_state=0).fit(X, sample_weight=weights)
    assert mixture.n_components_ == first.n_components_ == 1
    assert mixture.log_likelihood_ == pytest.approx(first.log_likelihood_, rel=1e-4)


def test_a_fit_that_does_not_depend_on_the_number_of_rows_does_not_warn(cloud):
    weights = np.full(200, 1 / 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mixture = GaussianMixture(2, random_state=0).fit(cloud, sample_weight=weights)
        mixture.score(cloud, sample_weight=weights)
    assert mixture.log_likelihood_ == pytest.approx(mixture.score(cloud), rel=1e-9)


@pytest.mark.parametrize("options", [{"prior": "default"}, {"covariance_type": "ppca"}])
def test_a_prior_and_a_number_of_factors_take_proportions_for_as_many_rows(options):
    X = np.random.default_rng(0).normal(size=(80, 4))
    plain = GaussianMixture(2, random_state=0, **options).fit(X)
    with pytest.warns(SampleWeightWarning):
        mixture = GaussianMixture(2, random_state=0, **options).fit(X, sample_weight=np.full(80, 1 / 80))
    np.testing.assert_allclose(mixture.covariances_, plain.covariances_, rtol=1e-6)


def test_standard_errors_of_proportions_are_those_of_the_rows(cloud):
    model, weights = GaussianMixture(1).fit(cloud), np.full(200, 1 / 200)
    with pytest.warns(SampleWeightWarning) as caught:
        errors = standard_errors(model, cloud, sample_weight=weights)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(errors.means, standard_errors(model, cloud).means, rtol=1e-9)
    with pytest.warns(SampleWeightWarning):
        bootstrap(model, cloud, n_resamples=9, sample_weight=weights, random_state=0)
    with pytest.warns(SampleWeightWarning):
        goodness_of_fit(model, cloud, n_resamples=0, sample_weight=weights)


def test_copies_of_a_row_fall_in_the_same_fold(counted):
    X, weights = counted
    weighted, repeated = (AutoGaussianMixture(range(1, 5), criterion="cv", random_state=0) for _ in range(2))
    weighted.fit(X, sample_weight=weights)
    repeated.fit(np.repeat(X, weights, axis=0))
    assert weighted.covariance_type_ == repeated.covariance_type_
    assert weighted.n_components_ == repeated.n_components_
    found, expected = weighted.selection_["criterion"], repeated.selection_["criterion"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_no_row_can_be_left_out_of_a_table_of_copies():
    with pytest.warns(UserWarning, match="same value in every row"):
        mixture = AutoGaussianMixture(range(1, 3), criterion="cv").fit(np.ones((5, 2)))
    assert mixture.n_components_ == 1
    assert np.isinf(mixture.selection_.ranking[0].criterion)


def test_summary_and_page_say_what_was_assumed(cloud, tmp_path):
    weights = np.full(200, 1 / 200)
    model = GaussianMixture(1, random_state=0).fit(cloud)
    summary, plain = summarize(model, cloud, sample_weight=weights), summarize(model, cloud)
    assert "proportions" in summary.weight_assumption
    assert plain.weight_assumption is None
    for name in ("bic", "aic", "icl", "log_likelihood", "total_weight"):
        assert getattr(summary, name) == pytest.approx(getattr(plain, name), rel=1e-9)
    explanation = explain_mixture(model, cloud, sample_weight=weights, summary=summary)
    assert explanation.groups[0].share == pytest.approx(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SampleWeightWarning)
        write_report(model, cloud, tmp_path / "page.html", sample_weight=weights, pictures=False)
    assert "taken as proportions" in (tmp_path / "page.html").read_text()
