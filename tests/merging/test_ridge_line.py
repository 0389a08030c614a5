"""Modes and valleys of mixtures lie on ridge lines, and decide whether two components are one cluster."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from gaussmix import GaussianMixture, merge_components
from gaussmix.merging.ridge_line import RidgeAgglomeration, log_densities_on_ridge_lines, ridge_lines


def random_mixture(seed, n_components=2, n_features=3):
    generator = np.random.default_rng(seed)
    roots = generator.normal(size=(n_components, n_features, n_features + 1))
    return GaussianMixture.from_parameters(
        generator.dirichlet(np.full(n_components, 5.0)),
        3 * generator.normal(size=(n_components, n_features)),
        roots @ roots.transpose(0, 2, 1),
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_gradients_of_two_components_are_opposite_all_along_their_ridge_line(seed):
    mixture = random_mixture(seed)
    line = ridge_lines(mixture._parameters())[0]
    np.testing.assert_allclose(line[[0, -1]], mixture.means_, atol=1e-9)
    one, other = (
        (line - mean) @ precision
        for mean, precision in zip(mixture.means_, np.linalg.inv(mixture.covariances_), strict=True)
    )
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines = np.einsum("nd,nd->n", one, other)[1:-1] / lengths[1:-1]
    np.testing.assert_allclose(cosines, -1.0, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_modes_of_two_components_lie_on_their_ridge_line(seed):
    mixture = random_mixture(seed)
    line = ridge_lines(mixture._parameters(), 4000)[0]
    for mean in mixture.means_:
        found = minimize(lambda x: -mixture.score_samples(x[None])[0], mean, method="Nelder-Mead", tol=1e-10)
        assert np.linalg.norm(line - found.x, axis=1).min() < 2e-3 * np.linalg.norm(
            np.diff(mixture.means_, axis=0)
        )


def test_the_density_along_the_lines_is_that_of_the_whole_mixture():
    mixture = random_mixture(7, n_components=4)
    lines = ridge_lines(mixture._parameters())
    expected = mixture.score_samples(lines.reshape(-1, 3)).reshape(lines.shape[:2])
    np.testing.assert_allclose(log_densities_on_ridge_lines(mixture._parameters()), expected, rtol=1e-9)


@pytest.mark.parametrize("distance", [1.0, 1.99, 2.5, 5.0])
def test_the_valley_between_equal_spheres_is_as_deep_as_theory_says(distance):
    mixture = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [distance, 0.0]], [1.0, 1.0], covariance_type="spherical"
    )
    score = RidgeAgglomeration(mixture._parameters()).scores()[0, 1]
    # Two equal spheres are bimodal from two standard deviations on.
    at_mean = 1 + np.exp(-(distance**2) / 2)
    assert score == pytest.approx(min(1.0, 2 * np.exp(-(distance**2) / 8) / at_mean), rel=1e-9)


def test_a_wide_background_does_not_join_what_it_underlies():
    mixture = GaussianMixture.from_parameters(
        [0.4, 0.4, 0.2], [[-4.0, 0.0], [4.0, 0.0], [0.0, 0.0]], [0.5, 0.5, 20.0], covariance_type="spherical"
    )
    merged = merge_components(mixture, mixture.means_)
    assert merged.n_clusters_ == 2
    assert merged.clusters_[0] != merged.clusters_[1]


def test_scores_never_rise_from_merge_to_merge(bent):
    X, _, mixture = bent
    scores = merge_components(mixture, X).scores_
    assert (np.diff(scores) <= 1e-12).all()
