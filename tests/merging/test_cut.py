"""Merges stop in the widest gap of their scores, within bounds."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.merging.cut import checked_bounds, threshold_in_gap


@pytest.mark.parametrize(
    ("scores", "n_made"),
    [
        ([0.9, 0.8, 0.7], 3),  # all above the upper bound
        ([0.09, 0.01], 0),  # all below the lower one
        ([0.9, 0.55, 0.5, 0.15, 0.12], 3),
        ([0.5, 0.45], 2),
        ([0.2, 0.15], 0),
        ([], 0),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_threshold_is_in_the_widest_gap(scores, n_made, seed):
    shuffled = np.random.default_rng(seed).permutation(np.array(scores, dtype=float))
    threshold = threshold_in_gap(shuffled, (0.1, 0.6))
    assert 0.1 <= threshold <= 0.6
    assert np.count_nonzero(shuffled >= threshold) == n_made


def test_equal_bounds_are_the_threshold():
    assert threshold_in_gap(np.array([0.9, 0.25, 0.01]), checked_bounds(0.25)) == pytest.approx(0.25)
    assert checked_bounds((0.2, 0.4)) == (0.2, 0.4)
