"""Distances from centres and the assignment step of k-means, beside the reference."""

from __future__ import annotations

import numpy as np
import pytest
from native_problems import plain

from gaussmix.backends import NativeBackend, ReferenceBackend
from gaussmix.core.rows import Coordinates, Rows

SHAPES = [(1, 1, 1), (37, 2, 3), (999, 3, 40), (1003, 9, 5), (500, 17, 33), (260, 64, 4), (5000, 8, 300)]


def a_problem(rng, n_rows, n_features, n_components, dtype=np.float64):
    """Return weighted rows, some of no weight, in coordinates of their own, and centres near some of them."""
    X = rng.normal(size=(n_rows, n_features)).astype(dtype)
    weight = rng.random(n_rows) * (rng.random(n_rows) > 0.1)
    coordinates = Coordinates(np.full(n_features, 0.5), np.full(n_features, 2.0))
    centers = coordinates.to_working(X[rng.integers(n_rows, size=n_components)]) + 0.1
    return Rows(X, coordinates, weight), centers


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n_rows", "n_features", "n_components"), SHAPES)
def test_distances_are_those_of_the_reference(native, rng, n_rows, n_features, n_components, dtype):
    rows, centers = a_problem(rng, n_rows, n_features, n_components, dtype)
    bound = rng.random(n_rows) * 4 * n_features
    reference = ReferenceBackend()
    for center in centers[:3]:
        expected = reference.squared_distances(rows, center, bound)
        np.testing.assert_allclose(native.squared_distances(rows, center, bound), expected, rtol=1e-12)
    expected = reference.inertias(rows, centers, bound)
    np.testing.assert_allclose(native.inertias(rows, centers, bound), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n_rows", "n_features", "n_components"), SHAPES)
def test_rows_are_assigned_as_in_the_reference(native, rng, n_rows, n_features, n_components, dtype):
    rows, centers = a_problem(rng, n_rows, n_features, n_components, dtype)
    counts, first = native.assign(rows, centers)
    expected_counts, expected_first = ReferenceBackend().assign(rows, centers)
    np.testing.assert_allclose(counts, expected_counts, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(first, expected_first, rtol=1e-12, atol=1e-12 * n_rows)


def test_a_row_as_near_to_several_centres_is_shared_among_them(native):
    rows, centers = plain(np.array([[0.0], [3.0], [1.0]])), np.array([[1.0], [-1.0], [1.0]])
    counts, first = native.assign(rows, centers)
    np.testing.assert_allclose(counts, [1 / 3 + 1.0, 1 / 3, 1 / 3 + 1.0], rtol=1e-15)
    np.testing.assert_allclose(first, [[1.0 - 1 / 3], [1 / 3], [1.0 - 1 / 3]], rtol=1e-15)


def test_rounding_does_not_decide_to_which_centre_a_row_belongs(native):
    counts, _ = native.assign(plain(np.array([[0.2]])), np.array([[0.1], [0.3]]))
    assert 0.2 - 0.1 != 0.3 - 0.2
    np.testing.assert_array_equal(counts, [0.5, 0.5])


def test_an_unbounded_distance_may_overflow_to_infinity(native):
    distances = native.squared_distances(plain(np.array([[1e200]])), np.zeros(1), np.array([np.inf]))
    assert distances[0] == np.inf


def test_any_number_of_threads_gives_the_same_bits(instruction_set, rng):
    rows, centers = a_problem(rng, 300_001, 3, 20)
    bound = rng.random(rows.n_rows)
    results = [
        (
            backend.squared_distances(rows, centers[0], bound),
            backend.inertias(rows, centers, bound),
            *backend.assign(rows, centers),
        )
        for backend in (NativeBackend(n, instruction_set=instruction_set) for n in (1, 2, 5))
    ]
    for other in results[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(results[0], other, strict=True))


def test_arrays_of_other_shapes_are_refused(native, rng):
    rows, centers = a_problem(rng, 10, 2, 3)
    with pytest.raises(ValueError, match="bound"):
        native.inertias(rows, centers, np.zeros(9))
    with pytest.raises(ValueError, match="means"):
        native.assign(rows, np.zeros((3, 5)))
