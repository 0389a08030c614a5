"""Mixtures that the tests of distributions share."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import MixtureDistribution


@pytest.fixture(scope="session")
def random_mixture():
    """Make a mixture with random weights, means and covariances."""

    def make(n_components, n_features, seed=0, *, spread=2.0, scale=1.0, shift=0.0, names=None):
        generator = np.random.default_rng(seed)
        roots = generator.normal(size=(n_components, n_features, n_features)) / np.sqrt(n_features)
        covariances = roots @ np.swapaxes(roots, 1, 2) + 0.1 * np.eye(n_features)
        scales = np.broadcast_to(np.asarray(scale, dtype=float), (n_features,))
        return MixtureDistribution(
            generator.dirichlet(np.full(n_components, 2.0)),
            generator.normal(size=(n_components, n_features)) * spread * scales + shift,
            covariances * scales[:, None] * scales,
            names,
        )

    return make


@pytest.fixture(scope="session")
def two_groups():
    """Two groups in two correlated features with names."""
    return MixtureDistribution(
        [0.6, 0.4],
        [[0.0, 0.0], [3.0, 1.0]],
        [[[1.0, 0.6], [0.6, 2.0]], [[0.5, -0.2], [-0.2, 1.0]]],
        ["length", "width"],
    )


@pytest.fixture(scope="session")
def skewed():
    """A mixture in one dimension with two modes, neither symmetric nor alike."""
    return MixtureDistribution([0.3, 0.6, 0.1], [0.0, 4.0, 5.0], [1.0, 0.25, 4.0])


@pytest.fixture(scope="session")
def integral():
    """Integrate over a grid of two features, or one: sums of smooth functions converge exponentially."""

    def integrate(function, low, high, n=401):
        axes = [np.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
        volume = np.prod([axis[1] - axis[0] for axis in axes])
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
        return np.sum(function(grid) * volume, axis=0)

    return integrate
