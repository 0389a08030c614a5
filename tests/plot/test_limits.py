"""Axes show the rows and the components, whatever else is there."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.plot.limits import axis_limits

ROWS = np.random.default_rng(0).normal(size=2000)
UNIT = np.array([0.0]), np.array([1.0])


def test_all_rows_are_inside():
    low, high = axis_limits(ROWS, *UNIT)
    assert low < ROWS.min()
    assert ROWS.max() < high
    assert high - low < 1.3 * np.ptp(ROWS)


@pytest.mark.parametrize("n_rows", [20, 150, 2000])
def test_one_row_far_out_leaves_the_others_their_room(n_rows):
    low, high = axis_limits(np.append(ROWS[:n_rows], 1e6), *UNIT)
    assert high - low < 8 * np.ptp(ROWS[:n_rows])


def test_a_small_component_far_away_is_shown():
    rows = np.append(ROWS, np.full(20, 500.0))
    assert axis_limits(rows, np.array([0.0, 500.0]), np.ones(2))[1] > 500


def test_a_background_component_leaves_the_rows_their_room():
    low, high = axis_limits(ROWS, np.array([0.0, 0.0]), np.array([1.0, 1e12]))
    assert high - low < 2.5 * np.ptp(ROWS)


@pytest.mark.parametrize("value", [0.0, 1e-300, -7.0, 1e8, 1e300])
def test_one_value_gets_an_axis_around_it(value):
    low, high = axis_limits(np.full(5, value), np.array([value]), np.array([0.0]))
    assert low < value < high
