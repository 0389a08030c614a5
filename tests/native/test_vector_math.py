"""exp and log of the kernels: within 2 units in the last place, and right at the ends."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import _native

SMALLEST_NORMAL = np.finfo(float).tiny

extended = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="needs a long double longer than a double to compare with"
)


def computed(function, x, instruction_set):
    x = np.asarray(x, dtype=float)
    y = np.empty_like(x)
    getattr(_native, function)(x, y, instruction_set)
    return y


def error_in_last_places(actual, exact):
    return np.abs((actual - exact) / np.spacing(np.abs(exact).astype(float)))


@extended
def test_exp_is_within_two_units_in_the_last_place(instruction_set, rng):
    x = np.concatenate(
        [
            rng.uniform(-708.396, 709.78, 400_000),
            rng.uniform(-50, 1, 400_000),
            rng.uniform(-1e-3, 1e-3, 50_000),
            (np.arange(-1021, 1024)[:, None] * np.log(2) + [[-0.5 * np.log(2), 0, 0.5 * np.log(2)]]).ravel(),
            10.0 ** np.arange(-300, 0),
        ]
    )
    x = x[(x > -708.396) & (x < 709.78)]
    error = error_in_last_places(computed("exp", x, instruction_set), np.exp(x.astype(np.longdouble)))
    assert error.max() <= 2.0


def test_exp_is_exact_where_it_must_be(instruction_set):
    x = [0.0, -0.0, -np.inf, np.inf, -1e308, 1e308, -709.0, -744.0, -745.5, -1e5, 709.9]
    expected = [1.0, 1.0, 0.0, np.inf, 0.0, np.inf, 0.0, 0.0, 0.0, 0.0, np.inf]
    np.testing.assert_array_equal(computed("exp", x, instruction_set), expected)


@extended
def test_exp_gives_zero_below_the_normal_numbers_and_not_sooner(instruction_set):
    x = np.linspace(-708.5, -708.2, 10_001)
    y = computed("exp", x, instruction_set)
    assert (y[np.exp(x.astype(np.longdouble)) < 0.999 * SMALLEST_NORMAL] == 0).all()
    assert (y[np.exp(x.astype(np.longdouble)) > 1.001 * SMALLEST_NORMAL] > 0).all()
    assert ((y == 0) | (y >= SMALLEST_NORMAL)).all()


@extended
def test_log_is_within_two_units_in_the_last_place(instruction_set, rng):
    x = np.concatenate(
        [
            2.0 ** rng.uniform(-1022, 1023.99, 400_000),
            rng.uniform(1, 64, 300_000),
            rng.uniform(0.5, 2, 300_000),
            1 + rng.uniform(-1e-6, 1e-6, 50_000),
            1 + 2.0 ** -np.arange(1, 53),
            1 - 2.0 ** -np.arange(1, 53),
            2.0 ** np.arange(-1074.0, 1024.0),
            rng.integers(1, 2**52, 50_000) * 5e-324,  # subnormal
        ]
    )
    x = x[x != 1.0]
    error = error_in_last_places(computed("log", x, instruction_set), np.log(x.astype(np.longdouble)))
    assert error.max() <= 2.0


def test_log_is_exact_where_it_must_be(instruction_set):
    x = [1.0, 0.0, -0.0, np.inf, -1.0, -np.inf]
    expected = [0.0, -np.inf, -np.inf, np.inf, np.nan, np.nan]
    np.testing.assert_array_equal(computed("log", x, instruction_set), expected)


@pytest.mark.parametrize("n", [0, 1, 3, 7, 8, 9])
def test_any_number_of_elements_is_computed(instruction_set, n):
    np.testing.assert_allclose(
        computed("exp", np.arange(n), instruction_set), np.exp(np.arange(n)), rtol=1e-15
    )
