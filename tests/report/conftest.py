"""A fitted mixture that the tests of the page share."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture


@pytest.fixture(scope="session")
def iris():
    return load_iris(as_frame=True).data


@pytest.fixture(scope="session")
def iris_model(iris):
    return GaussianMixture(3, random_state=0).fit(iris)
