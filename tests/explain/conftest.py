"""Fitted mixtures that the tests of explanations share."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture


@pytest.fixture(scope="session")
def iris():
    return load_iris(as_frame=True).data


@pytest.fixture(scope="session", params=["full", "tied", "diag", "spherical"])
def iris_model(request, iris):
    return GaussianMixture(3, covariance_type=request.param, random_state=0).fit(iris)


@pytest.fixture(scope="session")
def overlapping():
    """Three components, the first two of which overlap; 700 rows."""
    rng = np.random.default_rng(5)
    X = np.concatenate(
        [rng.normal([0, 0], 1, (300, 2)), rng.normal([1.5, 0], 1, (300, 2)), rng.normal([0, 30], 1, (100, 2))]
    )
    model = GaussianMixture.from_parameters(
        [3 / 7, 3 / 7, 1 / 7],
        [[0.0, 0.0], [1.5, 0.0], [0.0, 30.0]],
        [1.0, 1.0, 1.0],
        covariance_type="spherical",
    )
    return model, X
