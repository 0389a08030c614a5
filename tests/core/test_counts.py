"""Weights that may count rows stay as they are; those that only say proportions become counts."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.core.counts import as_counts, effective_number


def test_the_effective_number_is_that_by_which_the_variance_of_a_weighted_mean_is_known():
    generator = np.random.default_rng(0)
    weights = generator.uniform(size=40)
    means = generator.normal(size=(200_000, 40)) @ weights / weights.sum()
    assert 1.0 / means.var() == pytest.approx(effective_number(weights), rel=0.02)


@pytest.mark.parametrize("weights", [[1, 1, 1], [3, 0, 1, 2], [0.5, 2.5], np.full(7, 1.0 - 1e-8)])
def test_weights_that_sum_to_the_number_of_rows_or_more_are_counts(weights):
    weights = np.asarray(weights, dtype=float)
    counts, assumption = as_counts(weights)
    assert counts is weights
    assert assumption is None


@pytest.mark.parametrize("scale", [1e-90, 1e-3, 0.5])
def test_proportions_sum_to_the_effective_number_whatever_their_unit(scale):
    weights = np.array([1.0, 0.5, 0.25, 0.0, 0.25])
    counts, assumption = as_counts(scale * weights)
    np.testing.assert_allclose(counts, weights / 2 * (4 / (1 + 0.25 + 0.125)), rtol=1e-14)
    assert "4 rows" in assumption
    assert "2.90909" in assumption
    again, nothing = as_counts(counts)
    assert again is counts
    assert nothing is None
