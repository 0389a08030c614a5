"""The native backend as the package uses it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from gaussmix.backends import Backend, NativeBackend, ReferenceBackend, default_backend
from gaussmix.backends.native import INSTRUCTION_SETS
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import Moments


def imported_with(name):
    code = "from gaussmix.backends import NativeBackend; print(NativeBackend().instruction_set)"
    environment = os.environ | {"GAUSSMIX_INSTRUCTION_SET": name}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", INSTRUCTION_SETS)
def test_the_environment_chooses_the_instruction_set(name):
    assert imported_with(name).stdout.strip() == name


def test_an_instruction_set_that_is_not_there_is_refused_at_import_with_those_that_are():
    result = imported_with("sse9")
    assert result.returncode != 0
    message = result.stderr.strip().splitlines()[-1]
    assert message.startswith("RuntimeError:")
    assert "sse9" in message
    assert all(name in message for name in INSTRUCTION_SETS)


def test_the_fastest_instruction_set_is_the_default():
    assert imported_with("").stdout.strip() == INSTRUCTION_SETS[-1]


def test_arguments_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="n_threads"):
        NativeBackend(0)
    with pytest.raises(ValueError, match="instruction_set"):
        NativeBackend(instruction_set="sse9")


def test_the_default_backend_is_native_with_the_threads_asked_for():
    backend: Backend = default_backend(3)
    assert isinstance(backend, NativeBackend)
    assert backend.n_threads == 3
    assert backend.name == "native"
    assert "n_threads=3" in repr(backend)


def test_input_is_left_as_it_was():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    density = Density(np.zeros(2), rng.normal(size=(2, 3)), np.ones(2), FactorForm.SCALAR)
    before = X.copy(), density.means.copy()
    NativeBackend(1).expect(Rows(X, Coordinates.identity(3)), density, Moments.FULL)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(density.means, before[1])


def test_both_backends_return_the_same_kinds_of_things():
    rng = np.random.default_rng(0)
    rows = Rows(rng.normal(size=(10, 3)), Coordinates.identity(3))
    density = Density(np.zeros(2), rng.normal(size=(2, 3)), np.ones(2), FactorForm.SCALAR)
    for moments in Moments:
        native, reference = (
            backend.expect(rows, density, moments) for backend in (NativeBackend(1), ReferenceBackend())
        )
        assert native.centers is reference.centers is density.means
        assert type(native.log_likelihood) is type(reference.log_likelihood) is float
        assert type(native.total_weight) is type(reference.total_weight) is float
        assert native.second.shape == reference.second.shape
