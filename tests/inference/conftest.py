"""Data sets and mixtures that the tests of inference share."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.data.datasets import load_bundled

# Values that several of these tests use stand in a module beside them.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def faithful():
    return load_bundled("faithful").data.to_pandas().to_numpy(dtype=float)


@pytest.fixture(scope="session")
def space():
    """Seven hundred rows of two overlapping components in three features."""
    generator = np.random.RandomState(0)
    first = [[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.5]]
    second = [[1.0, -0.3, 0.1], [-0.3, 1.0, 0.0], [0.1, 0.0, 2.0]]
    return np.vstack(
        [
            generator.multivariate_normal([0, 0, 0], first, 400),
            generator.multivariate_normal([4, 2, 1], second, 300),
        ]
    )


@pytest.fixture(scope="session")
def fitted(space):
    """Fit two components of a family to the rows, or to the first feature where the family wants one."""
    models = {}

    def fit(family):
        if family not in models:
            X = space[:, :1] if family in ("E", "V") else space
            model = GaussianMixture(2, covariance_type=family, random_state=0, tol=1e-12, max_iter=5000)
            models[family] = model.fit(X), X
        return models[family]

    return fit
