"""The map's projection: directions that tell the components apart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from gaussmix import GaussianMixture
from gaussmix.explain import summarize
from gaussmix.report.projection import projection_axes


def test_of_two_groups_of_one_shape_the_first_direction_is_fishers_and_the_second_has_most_variance():
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], 300)
    X = rng.normal(size=(600, 4)) * [1, 2, 5, 1] + label[:, None] * [6, 0, 0, 4]
    X[:, 3] += 0.8 * X[:, 2]
    model = GaussianMixture(2, covariance_type="tied", random_state=0).fit(X)
    np.testing.assert_array_equal(model.predict(X) == model.predict(X[:1]), label == 0)
    first, second = projection_axes(model, summarize(model, X)).axes
    deviations = X.std(axis=0)
    fisher = LinearDiscriminantAnalysis(solver="eigen").fit(X, label).coef_[0] * deviations
    assert abs(first @ fisher / np.linalg.norm(fisher)) == pytest.approx(1.0, abs=1e-4)
    correlation = np.corrcoef(X.T)
    assert first @ correlation @ second == pytest.approx(0.0, abs=1e-4)
    assert max(first, key=abs) > 0
    assert max(second, key=abs) > 0
    # Any direction uncorrelated with the first tells nothing: the one that stands for most is shown.
    others = np.linalg.svd((correlation @ first)[None])[2][1:]
    middling = np.sqrt(np.median([other @ correlation @ other for other in others]))
    assert np.sqrt(second @ correlation @ second) > middling


def test_of_a_single_component_the_directions_are_its_principal_axes(iris):
    X = iris.to_numpy()
    model = GaussianMixture(1).fit(X)
    axes = projection_axes(model, summarize(model, X)).axes
    expected = PCA(2).fit(X / X.std(axis=0)).components_
    np.testing.assert_allclose(np.abs(np.sum(axes * expected, axis=1)), 1.0, atol=1e-9)
