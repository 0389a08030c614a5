"""Rows so far out that doubles can hardly hold them beside the others: fits end, in finite numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gaussmix import AutoGaussianMixture, DegenerateComponentWarning, GaussianMixture
from gaussmix.backends import NativeBackend
from gaussmix.backends.side_by_side import run_each_by_steps
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.stack import MixtureStack
from gaussmix.covariance import FAMILIES
from gaussmix.covariance.floor import regularize_matrices

FAMILIES_WITH_MATRICES = ["full", "tied", "EEV", "VEV", "EVV", "VEE", "EVE", "VVE"]


def cubed_beside_normal(seed, n_rows, n_features):
    """Half of the numbers are cubes of Cauchy's distribution, half are normal."""
    rng = np.random.RandomState(seed)
    far = rng.standard_cauchy((n_rows, n_features)) ** 3
    return np.where(rng.rand(n_rows, n_features) < 0.5, far, rng.normal(size=(n_rows, n_features)))


def assert_finite(mixture, X):
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        assert np.isfinite(getattr(mixture, name)).all(), name
    assert np.isfinite(mixture.score_samples(X)).all()
    assert np.isfinite(mixture.predict_proba(X)).all()


def fit(model, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        return model.fit(X)


@pytest.mark.parametrize("keeps_sign", [False, True])
@pytest.mark.parametrize("n_components", [5, 6, 7])
def test_squares_of_cauchys_distribution_are_fitted(n_components, keeps_sign):
    X = np.random.RandomState(6).standard_cauchy((400, 3))
    X = X * abs(X) if keeps_sign else X * X
    assert_finite(fit(GaussianMixture(n_components, random_state=0), X), X)


@pytest.mark.parametrize("name", FAMILIES_WITH_MATRICES)
def test_every_family_of_matrices_fits_rows_far_out(name):
    for seed in (111, 6):
        X = cubed_beside_normal(seed, 100, 5)
        assert_finite(fit(GaussianMixture(5, covariance_type=name, random_state=0), X), X)


def test_the_automatic_choice_fits_rows_far_out():
    rng = np.random.RandomState(1024)
    n_features, n_rows, _ = (
        rng.randint(1, 6),
        int(np.exp(rng.uniform(np.log(50), np.log(2000)))),
        rng.randint(8),
    )
    X = rng.standard_cauchy((n_rows, n_features)) ** 3
    chosen = fit(AutoGaussianMixture(range(1, 6), random_state=0), X)
    assert np.isfinite(chosen.score_samples(X)).all()


@pytest.mark.parametrize("n_features", [2, 3, 5, 12])
@pytest.mark.parametrize("largest", [1e10, 1e14, 1e16, 1e20, 1e28])
def test_covariances_of_any_stretch_are_raised_to_the_floor(n_features, largest):
    """Rank one and huge, along no axis: what remains in the other directions is rounding."""
    rng = np.random.RandomState(0)
    direction = rng.normal(size=n_features)
    scatter = largest * np.outer(direction, direction)
    floor = rng.uniform(1.0, 2.0, size=n_features)
    regularization = Regularization(floor, np.zeros(n_features))
    matrices, factors, repaired = regularize_matrices(scatter[None], regularization)
    assert repaired.all() or largest > 1e16  # of which rounding alone can be more than the floor
    assert np.isfinite(matrices).all()
    # Eigenvalues of the floor relative to the covariance: none above one.
    relative = factors[0] @ np.diag(floor) @ factors[0].T
    assert np.linalg.eigvalsh(relative).max() < 1.0 + 1e-3


@pytest.mark.parametrize("n_features", [2, 12])
def test_the_kernels_raise_stretched_covariances_like_the_families(n_features):
    rng = np.random.RandomState(1)
    direction = rng.normal(size=n_features)
    X = np.concatenate([1e9 * rng.normal(size=(60, 1)) * direction, rng.normal(size=(60, n_features))])
    start = MixtureParameters(
        FAMILIES["full"],
        np.array([0.5, 0.5]),
        np.zeros((2, n_features)),
        np.stack([1e18 * np.eye(n_features), np.eye(n_features)]),
        np.stack([1e-9 * np.eye(n_features), np.eye(n_features)]),
    )
    given = (
        Rows(X, Coordinates.identity(n_features), None),
        np.array([[0, len(X)]]),
        MixtureStack.of([start]),
        Regularization(np.full(n_features, 0.1), np.zeros(n_features)),
    )
    mixtures, statistics, _ = NativeBackend(1).run_each(*given, n_iter=1, tol=0.0)
    expected, by_steps, _ = run_each_by_steps(NativeBackend(1), *given, n_iter=1, tol=0.0)
    np.testing.assert_array_equal(mixtures.repaired, expected.repaired)
    assert mixtures.repaired.tolist() == [[True, False]]
    np.testing.assert_allclose(mixtures.covariances, expected.covariances, rtol=1e-12)
    np.testing.assert_allclose(statistics.log_likelihood, by_steps.log_likelihood, rtol=1e-6)


def test_clusters_as_thin_as_rounding_start_a_fit():
    rng = np.random.RandomState(467)
    n_features, n_rows, n_components = (
        rng.randint(1, 6),
        rng.uniform(np.log(50), np.log(2000)),
        rng.randint(1, 9),
    )
    X = rng.standard_cauchy((int(np.exp(n_rows)), n_features))
    assert_finite(fit(GaussianMixture(n_components, covariance_type="EVV", random_state=0), X), X)
