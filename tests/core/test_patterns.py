"""Rows come once each, together with those in which the same entries are missing."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.core.patterns import missing_patterns


@pytest.mark.parametrize("n_features", [1, 3, 8, 9, 70])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_every_row_comes_once_with_its_own_pattern(n_features, share):
    missing = np.random.RandomState(0).uniform(size=(200, n_features)) < share
    seen = np.zeros(200, dtype=int)
    patterns = []
    for rows, pattern in missing_patterns(missing, 50):
        assert 0 < len(rows) <= 50
        assert (missing[rows] == pattern).all()
        assert (np.diff(rows) > 0).all()
        seen[rows] += 1
        patterns.append(pattern.tobytes())
    assert (seen == 1).all()
    assert len(set(patterns)) == len(np.unique(missing, axis=0))


def test_no_rows_have_no_patterns():
    assert list(missing_patterns(np.zeros((0, 3), dtype=bool), 10)) == []
