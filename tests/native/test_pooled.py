"""Pooled scatter about row means is the sum of the components' scatter."""

from __future__ import annotations

import numpy as np
import pytest
from native_problems import a_density, assert_same_sums, drawn_from, plain, same_bits

from gaussmix.backends import NativeBackend, ReferenceBackend
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.statistics import Moments

REFERENCE = ReferenceBackend()


@pytest.mark.parametrize("separation", [0.1, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_pooled_scatter_agrees_with_the_reference(native, rng, separation, weighted):
    for n_features, n_components in [(13, 2), (13, 13), (16, 14), (24, 7), (39, 39), (65, 5), (65, 17)]:
        density = a_density(rng, n_features, n_components, FactorForm.SHARED, separation)
        X = drawn_from(rng, density, 1500)
        weight = 10.0 ** rng.uniform(-5, 5, size=1500) * (rng.random(1500) > 0.2) if weighted else None
        rows = plain(X, weight)
        actual = native.expect(rows, density, Moments.POOLED)
        assert_same_sums(actual, REFERENCE.expect(rows, density, Moments.POOLED))
        np.testing.assert_array_equal(actual.second, actual.second.T)


def test_rows_that_no_component_explains_are_shared_by_all(native, rng):
    density = a_density(rng, 20, 4, FactorForm.SHARED)
    X = drawn_from(rng, density, 300)
    X[::7] = 1e200
    statistics = native.expect(plain(X), density, Moments.POOLED)
    assert statistics.log_likelihood == -np.inf
    far = len(X[::7])
    np.testing.assert_allclose(statistics.counts.sum(), len(X), rtol=1e-14)
    assert (statistics.counts >= 0.25 * far * (1 - 1e-14)).all()


def test_weights_too_small_for_a_reciprocal_do_no_harm(native, rng):
    density = a_density(rng, 20, 4, FactorForm.SHARED)
    X = drawn_from(rng, density, 300)
    weight = np.where(np.arange(300) % 3 == 0, 5e-324, 1.0)
    assert_same_sums(
        native.expect(plain(X, weight), density, Moments.POOLED),
        REFERENCE.expect(plain(X, weight), density, Moments.POOLED),
    )


def test_small_spread_far_from_the_origin_is_not_lost(native, rng):
    """Components a thousand times farther apart than they are wide."""
    width = 1e-3
    means = rng.normal(size=(5, 16))
    density = Density(np.zeros(5), means, np.eye(16) / width, FactorForm.SHARED)
    X = means[rng.integers(5, size=2000)] + width * rng.normal(size=(2000, 16))
    actual = native.expect(plain(X), density, Moments.POOLED)
    expected = REFERENCE.expect(plain(X), density, Moments.POOLED)
    np.testing.assert_allclose(actual.second, expected.second, rtol=0, atol=1e-11 * expected.second.max())


def test_pooled_scatter_has_the_same_bits_for_any_number_of_threads(instruction_set, rng):
    density = a_density(rng, 24, 12, FactorForm.SHARED)
    rows = plain(drawn_from(rng, density, 20_000))
    backends = [NativeBackend(n, instruction_set=instruction_set) for n in (1, 2, 3, 7)]
    one, *others = (backend.expect(rows, density, Moments.POOLED) for backend in backends)
    assert all(same_bits(one, other) for other in others)
