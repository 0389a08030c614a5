"""Mixtures whose clusters need several Gaussians, shared by the tests of merging."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons

from gaussmix import GaussianMixture

MAKERS = {
    "moons": lambda: make_moons(600, noise=0.06, random_state=1),
    "circles": lambda: make_circles(800, noise=0.05, factor=0.5, random_state=1),
}


@pytest.fixture(scope="session", params=MAKERS)
def bent(request):
    """Rows of two bent clusters, their true clusters, and a mixture of twelve Gaussians."""
    X, y = MAKERS[request.param]()
    return X, y, GaussianMixture(12, random_state=0).fit(X)


@pytest.fixture(scope="session")
def spheres():
    """Three spheres in two dimensions, two of them overlapping, and rows drawn from them."""
    mixture = GaussianMixture.from_parameters(
        [0.3, 0.3, 0.4], [[0.0, 0.0], [2.5, 0.0], [0.0, 20.0]], [1.0, 1.0, 2.0], covariance_type="spherical"
    )
    X, labels = mixture.sample(2000, random_state=0)
    return mixture, X, labels


def reordered(mixture, order):
    """Return the same mixture with its components in another order."""
    return GaussianMixture.from_parameters(
        mixture.weights_[order], mixture.means_[order], mixture.covariances_[order], covariance_type="full"
    )


@pytest.fixture(scope="session")
def permuted():
    """Return the mixture with components in another order, and that order."""

    def permute(mixture):
        order = np.random.default_rng(3).permutation(len(mixture.weights_))
        return reordered(mixture, order), order

    return permute


@pytest.fixture(scope="session")
def in_other_units():
    """Return rows and mixture with the features in other units and other places."""

    def change(X, mixture):
        scale, shift = np.array([1e-6, 3e5]), np.array([40.0, -1e7])
        changed = GaussianMixture.from_parameters(
            mixture.weights_, mixture.means_ * scale + shift, mixture.covariances_ * np.outer(scale, scale)
        )
        return X * scale + shift, changed

    return change
