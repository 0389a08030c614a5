"""Mixtures and axes that the tests of pictures share."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture


@pytest.fixture
def ax():
    """Axes that pyplot does not know."""
    return Figure(layout="constrained").subplots()


@pytest.fixture
def own_figures():
    """Let displays make figures of their own, and close them after the test."""
    plt.switch_backend("Agg")
    before = set(plt.get_fignums())
    yield
    for number in set(plt.get_fignums()) - before:
        plt.close(number)


@pytest.fixture(scope="session")
def iris():
    return load_iris(as_frame=True).data


@pytest.fixture(scope="session")
def iris_model(iris):
    return GaussianMixture(3, random_state=0).fit(iris)


@pytest.fixture(scope="session")
def random_model():
    """Make a mixture of unit spheres, and 400 rows drawn from it."""

    def make(n_components, n_features, seed=0):
        rng = np.random.default_rng(seed)
        model = GaussianMixture.from_parameters(
            np.full(n_components, 1 / n_components),
            rng.normal(size=(n_components, n_features)) * 5,
            np.ones(n_components),
            covariance_type="spherical",
        )
        return model, model.sample(400, random_state=seed)[0]

    return make
