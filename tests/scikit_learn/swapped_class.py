"""Pytest plugin: scikit-learn's own mixture tests, run on this package's class.

Load it with ``-p``: the class is swapped before the tests are imported. Importing this file swaps nothing.
"""

from __future__ import annotations

import pytest
import sklearn
import sklearn.mixture
from sklearn.utils.fixes import parse_version

from gaussmix import GaussianMixture

NOT_ABOUT_THE_CLASS = {
    "test_suffstat_sk_full": "calls scikit-learn's private M-step functions only",
    "test_suffstat_sk_tied": "calls scikit-learn's private M-step functions only",
    "test_suffstat_sk_diag": "calls scikit-learn's private M-step functions only",
    "test_gaussian_suffstat_sk_spherical": "calls scikit-learn's private M-step functions only",
    "test_compute_log_det_cholesky": "calls a private function of scikit-learn only",
    "test_gaussian_mixture_log_probabilities": "calls a private function of scikit-learn only",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
        "counts the calls of a private function of scikit-learn, which this class never calls"
    ),
    "test_gaussian_mixture_array_api_compliance": "array-API dispatch is not supported",
    "test_gaussian_mixture_raises_where_array_api_not_implemented": "array-API dispatch is not supported",
}
"""Tests that are left out, and why."""


def pytest_configure(config: pytest.Config) -> None:
    """Swap the class."""
    sklearn.mixture.GaussianMixture = GaussianMixture


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that are not about the class."""
    names = {getattr(item, "originalname", item.name) for item in items}
    misspelt = set(NOT_ABOUT_THE_CLASS) - names
    # Older versions lack some of these tests.
    if misspelt and parse_version(sklearn.__version__) >= parse_version("1.9"):
        raise pytest.UsageError(f"no such tests: {sorted(misspelt)}")
    left_out = [item for item in items if getattr(item, "originalname", item.name) in NOT_ABOUT_THE_CLASS]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
