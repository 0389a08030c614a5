"""Standard errors rest on derivatives that are exact, and agree with theory and with the bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import approx_fprime
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning

from gaussmix import DegenerateComponentWarning, GaussianMixture, bootstrap, standard_errors
from gaussmix.backends import NativeBackend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.covariance import FAMILIES, MODELS, ONE_DIMENSIONAL_MODELS
from gaussmix.inference.asymptotic_errors import free_derivatives
from gaussmix.inference.charts import CovarianceChart
from gaussmix.inference.information import local_derivatives

MCLUST = [family.identifier for family in (*MODELS, *ONE_DIMENSIONAL_MODELS)]


def off_the_top(fitted, family):
    """Some rows, and a mixture of a family that is not the likeliest for them."""
    model, X = fitted(family)
    return model._parameters(), 1.2 * X[::5] + 0.3


def log_likelihoods(theta, X, mixture, chart):
    """The log-density of each row after a move, by matrix exponentials and SciPy's normal densities."""
    n_components, n_features = mixture.means.shape
    n_weights, n_means = n_components - 1, n_components * n_features
    logits = np.log(mixture.weights) + np.append(theta[:n_weights], 0.0)
    shifts = theta[n_weights : n_weights + n_means].reshape(n_components, n_features)
    own = theta[n_weights + n_means :][chart.numbers]
    log_joint = np.empty((len(X), n_components))
    for k in range(n_components):
        if chart.eigenvalues is None:
            moved = expm(np.einsum("m,mde->de", own[k], chart.directions[k]))
            covariance = chart.roots[k] @ moved @ chart.roots[k].T
        else:
            volume, rest = own[k, 0], own[k, 1:]
            stretch = np.append(rest[: n_features - 1], -rest[: n_features - 1].sum())
            skew = np.zeros((n_features, n_features))
            rows, columns = np.tril_indices(n_features, -1)
            skew[rows, columns] = rest[n_features - 1 :]
            axes = chart.roots[k] / np.sqrt(chart.eigenvalues[k]) @ expm(skew - skew.T)
            covariance = np.exp(volume) * (axes * chart.eigenvalues[k] * np.exp(stretch)) @ axes.T
        mean = mixture.means[k] + chart.roots[k] @ shifts[k]
        log_joint[:, k] = multivariate_normal(mean, covariance).logpdf(X)
    return logsumexp(log_joint + logits - logsumexp(logits), axis=1)


@pytest.mark.parametrize("family", MCLUST)
def test_a_chart_has_as_many_directions_as_the_family_has_parameters(fitted, family):
    model, _ = fitted(family)
    n_parameters = FAMILIES[family].n_parameters(*model.means_.shape)
    assert CovarianceChart.of(model._parameters()).n_parameters == n_parameters


@pytest.mark.parametrize("family", MCLUST)
def test_gradient_and_information_are_the_numerical_derivatives(fitted, family):
    mixture, X = off_the_top(fitted, family)
    chart = CovarianceChart.of(mixture)
    rows = Rows(X, Coordinates.identity(X.shape[1]))
    gradient, information, _ = free_derivatives(
        local_derivatives(rows, mixture, chart, NativeBackend()), chart
    )
    size = len(gradient)

    def total(theta):
        return log_likelihoods(theta, X, mixture, chart).sum()

    numerical = approx_fprime(np.zeros(size), total, 1e-6)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-3, atol=0.02)
    middle, generator = total(np.zeros(size)), np.random.RandomState(0)
    for _ in range(30):  # forms in random directions leave no entry of the matrix free
        direction = generator.normal(size=size) * (generator.uniform(size=size) < 0.5)
        move = 3e-4 * direction
        second = (total(move) + total(-move) - 2 * middle) / 3e-4**2
        np.testing.assert_allclose(-second, direction @ information @ direction, rtol=1e-3, atol=0.05)


@pytest.mark.parametrize("family", ["VVV", "EEE", "VEV", "EVE", "VEI", "EII"])
def test_outer_products_are_those_of_numerical_scores(fitted, family):
    mixture, X = off_the_top(fitted, family)
    chart = CovarianceChart.of(mixture)
    _, _, outer = free_derivatives(
        local_derivatives(Rows(X, Coordinates.identity(3)), mixture, chart, NativeBackend()), chart
    )
    step = 1e-5
    scores = np.array(
        [
            (log_likelihoods(move, X, mixture, chart) - log_likelihoods(-move, X, mixture, chart))
            / (2 * step)
            for move in step * np.eye(len(outer))
        ]
    )
    np.testing.assert_allclose(outer, scores @ scores.T, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("method", ["observed", "outer_product", "sandwich"])
def test_errors_of_one_component_are_those_of_theory(method):
    X = np.random.RandomState(0).normal(size=(20_000, 2)) @ [[1.0, 0.7], [0.0, 2.0]]
    model = GaussianMixture(1).fit(X)
    found = standard_errors(model, X, method=method)
    covariance = model.covariances_[0]
    exact = {"rtol": 1e-8} if method == "observed" else {"rtol": 0.03}
    np.testing.assert_allclose(found.means[0], np.sqrt(np.diag(covariance) / 20_000), **exact)
    variances = np.diag(covariance)
    theory = np.sqrt((np.outer(variances, variances) + covariance**2) / 20_000)
    np.testing.assert_allclose(found.covariances[0], theory, **exact)


@pytest.mark.parametrize("family", ["VVV", "EEE", "VVI", "VII", "VEV", "E"])
def test_errors_agree_with_the_bootstrap(fitted, family):
    model, X = fitted(family)
    found = standard_errors(model, X, method="sandwich")
    draws = bootstrap(model, X, n_resamples=300, random_state=0).standard_errors
    assert found.distance < 1e-4
    np.testing.assert_allclose(found.weights, draws.weights, rtol=0.2)
    np.testing.assert_allclose(found.means, draws.means, rtol=0.2)
    present = found.covariances > 0
    ratios = (draws.covariances[present] / found.covariances[present]).ravel()
    assert 0.85 < np.median(ratios) < 1.15
    np.testing.assert_array_equal(draws.covariances[~present] > 1e-6, False)


def test_shared_parameters_share_their_errors_and_weights_sum_to_one(fitted):
    model, X = fitted("tied")
    found = standard_errors(model, X)
    assert found.covariances.shape == (3, 3)
    weights = [i for i, name in enumerate(found.parameters) if name.parameter == "weight"]
    np.testing.assert_allclose(found.covariance_matrix[weights].sum(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance_matrix))[weights], found.weights)
    for i, name in enumerate(found.parameters):
        if name.parameter == "mean":
            np.testing.assert_allclose(np.sqrt(found.covariance_matrix[i, i]), found.means[name.index])


def test_errors_follow_the_units_of_the_data(space):
    scale, shift = np.array([1e-9, 1.0, 1e9]), np.array([0.0, 1e8, 0.0])
    near = standard_errors(GaussianMixture(2, random_state=0, tol=1e-12).fit(space), space)
    far = standard_errors(
        GaussianMixture(2, random_state=0, tol=1e-12).fit(space * scale + shift), space * scale + shift
    )
    order = np.argsort(near.estimate.weights), np.argsort(far.estimate.weights)
    np.testing.assert_allclose(far.means[order[1]] / scale, near.means[order[0]], rtol=1e-4)
    np.testing.assert_allclose(
        far.covariances[order[1]] / scale / scale[:, None], near.covariances[order[0]], rtol=1e-4
    )


def test_weights_count_how_often_rows_occur(space):
    weights = np.random.RandomState(0).randint(0, 3, len(space))
    model = GaussianMixture(2, random_state=0, tol=1e-12).fit(space, sample_weight=weights)
    repeated = np.repeat(space, weights, axis=0)
    for method in ("observed", "sandwich"):
        weighted = standard_errors(model, space, method=method, sample_weight=weights)
        again = standard_errors(model, repeated, method=method)
        np.testing.assert_allclose(weighted.means, again.means, rtol=1e-9)
        np.testing.assert_allclose(weighted.covariances, again.covariances, rtol=1e-8)


def test_the_sandwich_holds_where_the_family_is_wrong():
    # Rows with heavy tails: the variance of a variance is larger than a normal distribution's.
    X = np.random.RandomState(0).standard_t(8, size=(20_000, 1))
    model = GaussianMixture(1).fit(X)
    theory = np.sqrt(((X - X.mean()) ** 2).var() / len(X))
    robust = standard_errors(model, X, method="sandwich").covariances
    np.testing.assert_allclose(robust, theory, rtol=1e-6)
    assert standard_errors(model, X).covariances < 0.9 * theory


def test_parameters_that_the_rows_do_not_determine_are_an_error(space):
    twins = GaussianMixture.from_parameters(
        [0.5, 0.5], np.repeat(space.mean(axis=0)[None], 2, axis=0), [np.cov(space.T, bias=True)] * 2
    )
    with pytest.raises(ValueError, match="singular or not positive"):
        standard_errors(twins, space)


def test_a_collapsed_component_is_an_error():
    X = np.concatenate([np.random.RandomState(0).normal(size=(100, 2)), np.full((30, 2), 5.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)  # on purpose
        model = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"Component\(s\) \[[01]\] collapsed"):
        standard_errors(model, X)


@pytest.mark.parametrize(
    "family", sorted(name for name in FAMILIES if FAMILIES[name].identifier not in MCLUST)
)
def test_families_without_a_chart_are_sent_to_the_bootstrap(space, family):
    model = GaussianMixture.from_parameters([1.0], [[0.0] * 3], [np.eye(3)], covariance_type=family)
    with pytest.raises(ValueError, match=r"use gaussmix\.bootstrap"):
        standard_errors(model, space)


def test_a_fit_that_ended_early_is_warned_of(space):
    model = GaussianMixture(2, random_state=0, tol=1e-12).fit(space)
    moved = GaussianMixture.from_parameters(model.weights_, model.means_ + 0.02, model.covariances_)
    with pytest.warns(ConvergenceWarning, match="standard errors away from the top"):
        found = standard_errors(moved, space)
    assert 0.2 < found.distance < 2.0


def test_intervals_and_table_are_estimates_and_errors(fitted):
    model, X = fitted("VVV")
    found = standard_errors(model, X)
    intervals = found.interval(0.9)
    np.testing.assert_allclose(intervals.upper.means - found.estimate.means, 1.6448536 * found.means)
    assert len(found.to_frame()) == 2 + 6 + 12
    assert "Standard errors (observed), 95% normal intervals" in repr(found)
    with pytest.raises(ValueError, match="method should be one of"):
        standard_errors(model, X, method="hessian")
    with pytest.raises(ValueError, match="between 0 and 1"):
        found.interval(1.5)


def test_many_rows_are_added_up_in_blocks(space, monkeypatch):
    from gaussmix.inference import information

    mixture = MixtureParameters.from_covariances(
        FAMILIES["full"], np.array([0.5, 0.5]), np.array([[0.0] * 3, [3.0] * 3]), np.array([np.eye(3)] * 2)
    )
    chart, rows = CovarianceChart.of(mixture), Rows(space, Coordinates.identity(3))
    whole = local_derivatives(rows, mixture, chart, NativeBackend())
    monkeypatch.setattr(information, "BLOCK_NUMBERS", 2000)
    parts = local_derivatives(rows, mixture, chart, NativeBackend())
    np.testing.assert_allclose(parts.information, whole.information, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parts.gradient, whole.gradient, rtol=1e-9, atol=1e-9)


def test_parameters_too_many_for_the_memory_are_refused_before_it_is_filled():
    many = GaussianMixture.from_parameters(
        np.full(60, 1 / 60), np.random.default_rng(0).normal(size=(60, 50)), np.tile(np.eye(50), (60, 1, 1))
    )
    with pytest.raises(ValueError, match="up to 79560 parameters, whose derivatives would fill the memory"):
        standard_errors(many, np.random.default_rng(1).normal(size=(100, 50)))
