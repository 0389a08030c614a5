"""Mixtures and rows to try kernels on, and how far two sets of sums may be apart."""

from __future__ import annotations

import numpy as np

from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import SufficientStatistics

# Sums of N terms in another order differ by a few eps relative to the sum of their absolute values; a
# whitened difference adds about D eps. 1e-12 leaves a factor of some hundred at N = 1000 and D = 130, while
# any term that were forgotten or counted twice shows above 1e-6.
TOLERANCE = 1e-12


def a_density(rng, n_features, n_components, form, separation=1.0):
    """Return a mixture with means `separation` apart and factors near the identity."""
    D, K = n_features, n_components
    means = rng.normal(size=(K, D)) * separation
    full = np.tril(rng.normal(size=(K, D, D)) * 0.2 / np.sqrt(D), -1)
    full[:, np.arange(D), np.arange(D)] = np.exp(rng.normal(size=(K, D)) * 0.2)
    factor, log_determinant = {
        FactorForm.FULL: lambda: (full, np.log(np.einsum("kdd->kd", full)).sum(axis=1)),
        FactorForm.SHARED: lambda: (full[0].copy(), np.full(K, np.log(np.diag(full[0])).sum())),
        FactorForm.DIAGONAL: lambda: (
            np.einsum("kdd->kd", full).copy(),
            np.log(np.einsum("kdd->kd", full)).sum(axis=1),
        ),
        FactorForm.SCALAR: lambda: (full[:, 0, 0].copy(), D * np.log(full[:, 0, 0])),
    }[form]()
    weights = rng.dirichlet(np.full(K, 3.0))
    return Density(np.log(weights) + log_determinant - D / 2 * np.log(2 * np.pi), means, factor, form)


def drawn_from(rng, density, n_rows):
    """Return rows scattered with unit variance around the means."""
    K, D = density.means.shape
    return density.means[rng.integers(K, size=n_rows)] + rng.normal(size=(n_rows, D))


def plain(X, sample_weight=None):
    """Return rows in coordinates that leave them as they are."""
    return Rows(X, Coordinates.identity(X.shape[1]), sample_weight)


def assert_same_sums(actual: SufficientStatistics, expected: SufficientStatistics, tolerance=TOLERANCE):
    """Fail unless all sums agree relative to the largest of their kind (and to the total weight)."""
    assert actual.moments is expected.moments
    assert actual.centers is expected.centers or np.array_equal(actual.centers, expected.centers)
    for name in ("counts", "first", "second"):
        a, b = getattr(actual, name), getattr(expected, name)
        assert a.shape == b.shape, name
        assert a.dtype == np.float64, name
        if b.size:
            size = max(np.abs(b).max(), expected.total_weight, 1e-300)
            assert np.abs(a - b).max() <= tolerance * size, name
    np.testing.assert_allclose(actual.total_weight, expected.total_weight, rtol=tolerance)
    np.testing.assert_allclose(
        actual.log_likelihood, expected.log_likelihood, rtol=tolerance, atol=tolerance * expected.total_weight
    )


def same_bits(a: SufficientStatistics, b: SufficientStatistics) -> bool:
    """Return whether two sets of sums are equal to the last bit."""
    return (
        np.array_equal(a.counts, b.counts)
        and np.array_equal(a.first, b.first)
        and np.array_equal(a.second, b.second)
        and a.log_likelihood == b.log_likelihood
        and a.total_weight == b.total_weight
    )
