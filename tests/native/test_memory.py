"""Peak memory beyond the rows: the engine's is independent of their number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path

import numpy as np

from gaussmix.backends import NativeBackend, Outputs
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import Moments

def kilobytes(entry):
    return int(Path("/proc/self/status").read_text().split(entry + ":")[1].split()[0])

X = np.random.default_rng(0).normal(size=(1_000_000, 8)).astype(sys.argv[2])
density = Density(np.zeros(20), X[:20].astype(float), np.array([np.eye(8)] * 20), FactorForm.FULL)
backend = NativeBackend(2)
action = {
    "expect": lambda rows: backend.expect(rows, density, Moments.FULL),
    "evaluate": lambda rows: backend.evaluate(rows, density, Outputs.LABEL),
    "inertias": lambda rows: backend.inertias(rows, density.means, bound[: rows.n_rows]),
    "assign": lambda rows: backend.assign(rows, density.means),
}[sys.argv[1]]
bound = np.ones(len(X))
action(Rows(X[:50_000], Coordinates.identity(8)))  # threads' stacks and the allocator's first pages
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS")
action(Rows(X, Coordinates.identity(8)))
print(kilobytes("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux sets a peak back")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("action", "result"), [("expect", 0), ("evaluate", 8), ("inertias", 0), ("assign", 0)]
)
def test_the_engine_takes_no_memory_in_proportion_to_the_rows(action, result, dtype):
    """Beyond what it returns, 8 bytes a row for labels, less than 2 bytes a row of 64 or 32."""
    command = [sys.executable, "-c", PROGRAM, action, dtype]
    beyond = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1024
    assert beyond < (result + 2) * 1_000_000
