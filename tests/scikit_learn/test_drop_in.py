"""What scikit-learn itself promises of its GaussianMixture, asked of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import GaussianMixture

HERE = Path(__file__).parent


@parametrize_with_checks([GaussianMixture(), GaussianMixture(n_components=2, n_init=2, max_iter=20)])
def test_scikit_learns_estimator_checks_pass_without_exception(estimator, check):
    check(estimator)


@pytest.mark.parametrize("float32", ["0", "1"])
def test_scikit_learns_own_mixture_tests_pass_with_the_class_swapped_in(float32):
    """One process for each precision, since the class must be swapped before the tests are imported."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "swapped_class", "-p", "no:cacheprovider"),
        *("--pyargs", "sklearn.mixture.tests.test_gaussian_mixture", "sklearn.mixture.tests.test_mixture"),
    ]
    environment = os.environ | {"PYTHONPATH": str(HERE), "SKLEARN_RUN_FLOAT32_TESTS": float32}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed >= (60 if float32 == "1" else 40), done.stdout[-500:]


def test_every_parameter_of_scikit_learns_class_exists_under_its_name():
    theirs = sklearn.mixture._gaussian_mixture.GaussianMixture().get_params()
    ours = GaussianMixture().get_params()
    assert set(theirs) <= set(ours)
    # Defaults that differ on purpose; docs/guide/scikit-learn.md says why.
    differing = {name for name in theirs if theirs[name] != ours[name]}
    assert differing == {"tol", "max_iter", "reg_covar", "init_params"}


def test_every_public_method_of_scikit_learns_class_exists():
    theirs = {name for name in dir(sklearn.mixture._gaussian_mixture.GaussianMixture) if name[0] != "_"}
    assert theirs <= set(dir(GaussianMixture)), theirs - set(dir(GaussianMixture))


def test_every_fitted_attribute_of_scikit_learns_class_exists_with_its_shape():
    X = np.random.RandomState(0).normal(size=(60, 3))
    for covariance_type in ("full", "tied", "diag", "spherical"):
        theirs = sklearn.mixture._gaussian_mixture.GaussianMixture(2, covariance_type=covariance_type).fit(X)
        ours = GaussianMixture(2, covariance_type=covariance_type).fit(X)
        for name, value in vars(theirs).items():
            if name.endswith("_"):
                assert hasattr(ours, name), name
                assert type(getattr(ours, name)) is type(value) or name == "lower_bound_", name
                if isinstance(value, np.ndarray):
                    assert getattr(ours, name).shape == value.shape, name


def test_a_clone_has_the_same_parameters_and_is_not_fitted():
    X = np.random.RandomState(0).normal(size=(60, 3))
    fitted = GaussianMixture(2, random_state=3, means_init=X[:2]).fit(X)
    copy = clone(fitted)
    assert copy.get_params()["random_state"] == 3
    assert not hasattr(copy, "means_")
