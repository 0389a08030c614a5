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
    X = np.random.RandomState(0).normal(3.0, 1.0, size=(n_rows, n_features)) * 1e130
    scales = measure(layout(X), None, default_backend(1), common_scale=False)
    np.testing.assert_allclose(
        np.sqrt(scales.variances) / scales.coordinates.scale, 1e130 * np.std(X / 1e130, axis=0), rtol=1e-9
    )
    np.testing.assert_allclose(scales.coordinates.shift, X.mean(axis=0), rtol=1e-9)


@pytest.mark.parametrize("far", [1e3, 1e9, -9999.0, 3.4e38])
def test_no_single_value_decides_location_and_scale(far):
    X = np.random.RandomState(0).normal(size=(180, 2))
    scales = measure(np.vstack([X, [[far, 0.0]]]), None, default_backend(1), common_scale=False)
    deviations = np.sqrt(scales.variances) / scales.coordinates.scale
    assert (deviations > 0.9).all()
    assert (deviations < 2.0).all()
    assert np.abs(scales.coordinates.shift).max() < 0.3


def test_weights_and_repetition_are_measured_alike():
    generator = np.random.RandomState(0)
    X, weights = generator.standard_t(1, size=(60, 3)), generator.randint(0, 4, size=60)
    repeated = measure(np.repeat(X, weights, axis=0), None, default_backend(1), common_scale=False)
    weighted = measure(X, weights.astype(float), default_backend(1), common_scale=False)
    np.testing.assert_allclose(weighted.coordinates.shift, repeated.coordinates.shift, rtol=1e-9)
    np.testing.assert_allclose(weighted.variances, repeated.variances, rtol=1e-9)
