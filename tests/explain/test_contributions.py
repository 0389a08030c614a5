"""What features contribute is exact: it sums to the log-odds, and is Shapley's value of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import gaussmix.explain.contributions
from gaussmix import GaussianMixture
from gaussmix.explain import explain_row
from gaussmix.explain.groups import Groups
from gaussmix.explain.separation import separations
from gaussmix.explain.working_mixture import WorkingMixture

FAMILIES = ("full", "tied", "diag", "spherical", "VEV", "EVE", "EEI")


def _mixture(n_components, n_features, covariance_type="full", seed=0):
    rng = np.random.default_rng(seed)
    X = np.concatenate(
        [
            rng.normal(size=(60, n_features)) @ rng.normal(size=(n_features, n_features)) + 3 * k
            for k in range(n_components)
        ]
    )
    model = GaussianMixture(n_components, covariance_type=covariance_type, init_params="kmeans", moves=None)
    return model.set_params(random_state=0).fit(X), X


def _covariances(model):
    return WorkingMixture.of(model).covariances() / np.outer(
        *[WorkingMixture.of(model).coordinates.scale] * 2
    )


def _log_ratio(model, row, these, those, features):
    """Log-ratio of two sets of components from some features alone, by SciPy."""
    if not features:
        return 0.0
    features = list(features)
    covariances = _covariances(model)

    def log_density(components):
        weights = model.weights_[list(components)]
        logs = [
            multivariate_normal(model.means_[k][features], covariances[k][np.ix_(features, features)]).logpdf(
                row[features]
            )
            for k in components
        ]
        return logsumexp(logs, b=weights / weights.sum())

    return log_density(these) - log_density(those)


def _shapley(value, n_features):
    """Shapley's value by its definition: the mean over all orders of what each feature adds."""
    totals = np.zeros(n_features)
    for order in itertools.permutations(range(n_features)):
        for position, feature in enumerate(order):
            totals[feature] += value(order[: position + 1]) - value(order[:position])
    return totals / math.factorial(n_features)


@pytest.mark.parametrize("covariance_type", FAMILIES)
@pytest.mark.parametrize("against", ["nearest", "rest", 2])
def test_contributions_sum_to_the_log_odds_of_the_model(covariance_type, against):
    model, X = _mixture(3, 4, covariance_type)
    for row in (X[0], X[70], X[0] * 5):
        found = explain_row(model, row, group=0, against=against)
        responsibilities = model.predict_proba(row[None])[0]
        others = [1, 2] if against == "rest" else [found.against]
        if responsibilities.min() > 1e-290:
            expected = np.log(responsibilities[0] / responsibilities[others].sum())
            # Rounding of a probability near one is that of the rest beside it.
            assert found.log_odds == pytest.approx(expected, rel=1e-10, abs=1e-12 / responsibilities.min())
        assert found.from_size + sum(found.contributions) == pytest.approx(found.log_odds, rel=1e-10)
        assert found.from_size == pytest.approx(np.log(model.weights_[0] / model.weights_[others].sum()))


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_the_sum_is_exact_in_any_unit_and_for_many_features(scale):
    model, X = _mixture(3, 14)
    moved = GaussianMixture.from_parameters(model.weights_, model.means_ * scale, _scaled(model, scale))
    for row in X[:3]:
        found = explain_row(moved, row * scale, against="rest")
        assert not found.exact
        assert found.from_size + sum(found.contributions) == pytest.approx(found.log_odds, rel=1e-10)
        plain = explain_row(model, row, against="rest")
        assert found.contributions == pytest.approx(plain.contributions, rel=1e-6, abs=1e-6)


def _scaled(model, scale):
    return model.covariances_ * scale * scale


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
@pytest.mark.parametrize("against", [1, "rest"])
def test_contributions_are_shapleys_value_of_the_log_ratio(covariance_type, against):
    model, X = _mixture(3, 4, covariance_type)
    row = X[3]
    those = (1, 2) if against == "rest" else (against,)
    expected = _shapley(lambda known: _log_ratio(model, row, (0,), those, known), 4)
    found = explain_row(model, row, group=0, against=against)
    assert found.exact
    assert found.contributions == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_groups_of_components_are_compared_as_mixtures():
    model, X = _mixture(4, 3)
    row = X[5]
    expected = _shapley(lambda known: _log_ratio(model, row, (0, 2), (1, 3), known), 3)
    found = explain_row(model, row, group=0, groups=[0, 1, 0, 1])
    assert found.contributions == pytest.approx(expected, rel=1e-8, abs=1e-8)
    responsibilities = model.predict_proba(row[None])[0]
    assert found.probabilities == pytest.approx(
        [responsibilities[[0, 2]].sum(), responsibilities[[1, 3]].sum()]
    )


def test_sampled_orders_come_close_to_all_of_them(monkeypatch):
    model, X = _mixture(3, 5)
    exact = explain_row(model, X[3], against="rest")
    monkeypatch.setattr(gaussmix.explain.contributions, "EXACT_FEATURES", 2)
    sampled = explain_row(model, X[3], against="rest")
    assert exact.exact
    assert not sampled.exact
    assert sampled.log_odds == exact.log_odds
    assert sampled.contributions == pytest.approx(exact.contributions, abs=0.05 * abs(exact.log_odds))


def test_features_that_say_the_same_share_it_and_one_that_says_nothing_has_none():
    # Features 0 and 1 are the same but for little; 2 does not differ between the groups.
    covariance = np.array([[1.0, 0.9999, 0.0], [0.9999, 1.0, 0.0], [0.0, 0.0, 4.0]])
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0, 1.0], [4.0, 4.0, 1.0]], [covariance, covariance]
    )
    found = explain_row(model, [0.0, 0.0, 9.0], against=1)
    assert found.contributions[0] == pytest.approx(found.contributions[1])
    assert found.contributions[2] == pytest.approx(0.0, abs=1e-9)
    # Each alone would claim all of it.
    assert found.contributions[0] == pytest.approx(found.log_odds / 2)
    assert _log_ratio(model, np.zeros(3), (0,), (1,), [0]) == pytest.approx(found.log_odds, rel=1e-3)


def test_a_feature_without_a_difference_of_its_own_can_separate_by_its_correlation():
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [1.0, 0.0]], [[[1.0, 0.95], [0.95, 1.0]]] * 2
    )
    (found,) = separations(WorkingMixture.of(model), Groups.of(model), [(0, 1)])
    assert found.contributions[1] > 0.4 * found.nats


def _divergence(model, one, other, features):
    """Kullback-Leibler divergence of two components' marginals, in closed form."""
    if not features:
        return 0.0
    features = list(features)
    a, b = (_covariances(model)[k][np.ix_(features, features)] for k in (one, other))
    difference = (model.means_[other] - model.means_[one])[features]
    inverse = np.linalg.inv(b)
    return 0.5 * (
        np.trace(inverse @ a) + difference @ inverse @ difference - len(features)
        + np.linalg.slogdet(b)[1] - np.linalg.slogdet(a)[1]
    )  # fmt: skip


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_separation_from_one_component_is_the_divergence_in_closed_form(covariance_type):
    model, _ = _mixture(3, 4, covariance_type)
    (found,) = separations(WorkingMixture.of(model), Groups.of(model), [(0, 1)])
    assert found.nats == pytest.approx(_divergence(model, 0, 1, range(4)), rel=1e-8)
    expected = _shapley(lambda known: _divergence(model, 0, 1, known), 4)
    assert found.contributions == pytest.approx(expected, rel=1e-8, abs=1e-8)
    assert sum(found.shares) == pytest.approx(1.0)
    assert found.order == tuple(np.argsort(-expected, kind="stable"))


def test_separation_from_the_rest_is_the_mean_log_ratio_over_the_groups_rows():
    model, _ = _mixture(3, 3)
    mixture, groups = WorkingMixture.of(model), Groups.of(model)
    (found,) = separations(mixture, groups, [(0, None)])
    rows, labels = model.sample(60_000, random_state=1)
    rows, weights, covariances = rows[labels == 0], model.weights_, _covariances(model)
    mine, *others = (multivariate_normal(model.means_[k], covariances[k]).logpdf(rows) for k in range(3))
    log_ratio = mine - logsumexp(others, b=weights[1:, None] / weights[1:].sum(), axis=0)
    assert found.nats == pytest.approx(log_ratio.mean(), rel=0.02)
    assert sum(found.contributions) == pytest.approx(found.nats, rel=1e-12)
