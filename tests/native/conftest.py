"""What all tests of the kernels share: every instruction set that this processor has."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from gaussmix.backends import NativeBackend
from gaussmix.backends.native import INSTRUCTION_SETS

# For native_problems: in pytest's import mode "importlib" a test module does not see its neighbours.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=INSTRUCTION_SETS)
def instruction_set(request):
    return request.param


@pytest.fixture
def native(instruction_set):
    return NativeBackend(2, instruction_set=instruction_set)


@pytest.fixture
def rng(request):
    """Return random numbers of the test's own, the same in every run."""
    return np.random.default_rng(list(request.node.name.encode()))
