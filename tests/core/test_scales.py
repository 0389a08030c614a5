"""Location and spread of features are measured whatever way the rows lie in memory."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.backends import default_backend
from gaussmix.scales import measure


@pytest.mark.parametrize("n_rows", [2, 1365, 1366, 10_000])
@pytest.mark.parametrize("n_features", [1, 3, 2049, 4097])
@pytest.mark.parametrize(
    "layout", [np.ascontiguousarray, np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2]]
)
def test_spread_and_location_are_those_of_numpy(n_rows, n_features, layout):
    if n_rows * n_features > 5_000_000:
        n_rows = 1366
    X = np.random.RandomState(0).lognormal(size=(n_rows, n_features)) * 1e130
    X[-1] *= 1e6
    scales = measure(layout(X), None, default_backend(1), common_scale=False)
    np.testing.assert_allclose(
        np.sqrt(scales.variances) / scales.coordinates.scale, 1e130 * np.std(X / 1e130, axis=0), rtol=1e-9
    )
    np.testing.assert_allclose(scales.coordinates.shift, X.mean(axis=0), rtol=1e-9)
