"""The step to which values were recorded is found, and there is none where there was none."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.core.resolution import resolution


def column(n_rows, seed=0):
    return np.random.default_rng(seed).normal(size=n_rows)


@pytest.mark.parametrize("n_rows", [10, 100, 3000])
@pytest.mark.parametrize("step", [0.01, 0.1, 0.25, 1.0, 7.0, 1e6])
def test_the_step_of_rounded_values_is_found(n_rows, step):
    values = np.round(3.0 * column(n_rows)) * step
    assert resolution(values[:, None]) == pytest.approx([step], rel=1e-9)


@pytest.mark.parametrize("n_rows", [3, 5, 10, 100, 3000])
def test_continuous_values_have_none(n_rows):
    table = np.column_stack([column(n_rows, seed) for seed in range(50)])
    assert (resolution(table) == 0.0).all()
    assert (resolution(table.astype(np.float32)) < 1e-3).all()


def test_it_follows_a_change_of_units():
    values = np.round(3.0 * column(200)) * 0.5
    in_other_units = (values - 0.123) / 7.7
    assert resolution(in_other_units[:, None]) == pytest.approx([0.5 / 7.7], rel=1e-3)


def test_yes_and_no_are_one_step_apart_whatever_stands_for_them():
    answers = column(40) > 0
    table = np.column_stack([answers, np.where(answers, 9.0, -1.0)])
    assert resolution(table) == pytest.approx([1.0, 10.0])


def test_a_few_values_off_the_steps_do_not_hide_them():
    values = np.round(3.0 * column(400))
    values[:20] = values[20:].mean()  # filled in
    values[20] = 1e9
    assert resolution(values[:, None]) == pytest.approx([1.0])


def test_logarithms_of_counts_have_the_distance_of_neighbours():
    values = np.log1p(np.random.default_rng(0).poisson(4, 300))
    assert 0.1 < resolution(values[:, None])[0] < 0.7
