"""The information of a feature is the mutual information of feature and component, over the entropy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import entropy, norm

from gaussmix import GaussianMixture
from gaussmix.explain.information import feature_information, most_telling_features


def _by_simulation(model, feature, n=400_000):
    """Mutual information from a large sample, with SciPy's densities."""
    X, _ = model.sample(n, random_state=0)
    deviations = np.sqrt(model.covariances_[:, feature])
    joint = model.weights_ * norm.pdf(X[:, feature, None], model.means_[:, feature], deviations)
    posterior = joint / joint.sum(axis=1, keepdims=True)
    total = 1 - entropy(posterior, axis=1).mean() / entropy(model.weights_)
    each = [
        1 - entropy(np.stack([p, 1 - p]), axis=0).mean() / entropy([w, 1 - w])
        for p, w in zip(posterior.T, model.weights_, strict=True)
    ]
    return total, each


def test_information_agrees_with_a_simulation():
    model = GaussianMixture.from_parameters(
        [0.2, 0.5, 0.3],
        [[0.0, 0.0, 0.0], [1.0, 4.0, 0.0], [3.0, -4.0, 0.0]],
        [[1.0, 1.0, 1.0], [0.5, 1.0, 9.0], [2.0, 1.0, 0.1]],
        covariance_type="diag",
    )
    found = feature_information(model)
    for feature in range(3):
        total, each = _by_simulation(model, feature)
        assert found.total[feature] == pytest.approx(total, abs=0.01)
        assert found.by_component[:, feature] == pytest.approx(each, abs=0.01)


@pytest.mark.parametrize("distance", [0.5, 2.0, 4.0, 6.0])
def test_information_agrees_with_adaptive_integration_into_the_tails(distance):
    model = GaussianMixture.from_parameters(
        [0.3, 0.7], [[0.0], [distance]], [1.0, 1.0], covariance_type="spherical"
    )

    def remaining_doubt(x):
        joint = np.array([0.3, 0.7]) * norm.pdf(x, [0.0, distance])
        return joint.sum() * entropy(joint)

    remaining, _ = quad(remaining_doubt, -9, distance + 9, epsabs=1e-12, limit=500)
    expected = 1 - remaining / entropy([0.3, 0.7])
    found = feature_information(model)
    assert found.total[0] == pytest.approx(expected, abs=1e-7)
    assert found.by_component[:, 0] == pytest.approx([expected, expected], abs=1e-7)


def test_a_feature_without_difference_tells_nothing_and_one_far_apart_all():
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 7.0], [100.0, 7.0]], [[1.0, 2.0], [1.0, 2.0]], covariance_type="diag"
    )
    found = feature_information(model)
    assert found.total == pytest.approx([1.0, 0.0], abs=1e-9)
    assert most_telling_features(model) == [0, 1]


def test_spread_alone_tells_too():
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0], [0.0]], [1.0, 400.0], covariance_type="spherical"
    )
    assert feature_information(model).total[0] > 0.4


def test_a_feature_that_is_constant_but_for_one_row_is_not_the_most_telling():
    """A ratio of variances would call it perfect."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.zeros(501), np.concatenate([rng.normal(0, 1, 250), rng.normal(9, 1, 251)])])
    X[-1] = [1.0, 4.5]
    model = GaussianMixture.from_parameters(
        [250 / 501, 250 / 501, 1 / 501],
        [[0.0, 0.0], [0.0, 9.0], [1.0, 4.5]],
        [[1e-12, 1.0], [1e-12, 1.0], [1e-12, 1e-6]],
        covariance_type="diag",
    )
    assert most_telling_features(model) == [1, 0]
    assert feature_information(model).by_component[2, 0] > 0.99


def test_one_component_leaves_no_doubt_to_remove():
    model = GaussianMixture.from_parameters([1.0], [[0.0, 1.0]], [1.0], covariance_type="spherical")
    assert feature_information(model).total.tolist() == [0.0, 0.0]
