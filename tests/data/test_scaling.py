"""Columns are standardized as scikit-learn does, at any magnitude."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from gaussmix.data import standardize


@pytest.fixture
def two_groups():
    generator = np.random.default_rng(7)
    groups = [generator.normal(size=(150, 3)), generator.normal(size=(100, 3)) * 0.5 + 3]
    mixing = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
    return np.concatenate(groups) @ mixing * [0.1, 1.0, 100.0] + [5.0, -2.0, 1e4]


def test_columns_are_standardized_as_scikit_learn_does(two_groups):
    weights = np.arange(len(two_groups)) % 3
    standardized, scaling = standardize(two_groups, weights)
    scaler = StandardScaler().fit(two_groups, sample_weight=weights)
    np.testing.assert_allclose(standardized, scaler.transform(two_groups), rtol=0, atol=1e-9)
    np.testing.assert_allclose(scaling.location, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(scaling.scale, scaler.scale_, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e-150, 1e150, 1e200])
def test_columns_of_any_magnitude_are_standardized(scale):
    values = np.array([[1.0], [2.0], [4.0]]) * scale
    standardized, scaling = standardize(values)
    np.testing.assert_allclose(
        standardized[:, 0], StandardScaler().fit_transform([[1.0], [2.0], [4.0]])[:, 0]
    )
    assert scaling.scale[0] == pytest.approx(scale * np.std([1, 2, 4]))


def test_a_constant_column_keeps_its_unit_and_single_precision_stays():
    standardized, scaling = standardize(np.array([[7.0, 1.0], [7.0, 3.0]], dtype=np.float32))
    assert standardized.dtype == np.float32
    assert standardized.tolist() == [[0, -1], [0, 1]]
    assert scaling.scale.tolist() == [1, 1]
