"""Measure the memory that fit, predict and score take beyond the rows, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ACTIONS = ("expect", "fit", "predict", "score")
SHAPES = ((4_000_000, 5, 8), (500_000, 39, 16))


@dataclass(frozen=True)
class MemoryUse:
    """What one action took.

    Parameters
    ----------
    action : str
        ``"expect"`` is one E-step with its sums, the engine alone.
    n_rows, n_features, n_components : int
    rows : float
        Megabytes of the rows.
    beyond : float
        Megabytes by which the process grew at most, over what it held before.
    """

    action: str
    n_rows: int
    n_features: int
    n_components: int
    rows: float
    beyond: float


def memory_use() -> list[MemoryUse]:
    """Return what each action took on each shape; nothing where the system does not tell."""
    if not Path("/proc/self/clear_refs").exists():
        return []
    return [measure_in_a_process(action, *shape) for shape in SHAPES for action in ACTIONS]


def measure_in_a_process(action: str, n_rows: int, n_features: int, n_components: int) -> MemoryUse:
    """Run this file in a process of its own and return what it says."""
    command = [sys.executable, __file__, action, str(n_rows), str(n_features), str(n_components)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return MemoryUse(action, n_rows, n_features, n_components, float(said[0]), float(said[1]))


def _megabytes(entry: str) -> float:
    """Return an entry of the kernel's table of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(entry + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(entry)


def _main() -> None:
    """Measure in this process: action and shape are arguments; prints megabytes of rows, and beyond them."""
    import numpy as np

    from gaussmix import GaussianMixture
    from gaussmix.backends import NativeBackend
    from gaussmix.core.rows import Coordinates, Rows
    from gaussmix.core.statistics import Moments

    action = sys.argv[1]
    n_rows, n_features, n_components = map(int, sys.argv[2:])
    generator = np.random.default_rng(0)
    means = generator.normal(scale=4.0, size=(n_components, n_features))
    X = np.empty((n_rows, n_features))
    for row in range(0, n_rows, 10_000):
        block = X[row : row + 10_000]
        block[:] = means[generator.integers(n_components, size=len(block))]
        block += generator.normal(size=block.shape)
    # Modules, threads and the allocator's first pages belong to no action.
    mixture = GaussianMixture(n_components, max_iter=5, random_state=0).fit(X[:2_000])
    mixture.predict(X[:2_000])
    density = (
        GaussianMixture.from_parameters(mixture.weights_, mixture.means_, mixture.covariances_)
        ._parameters()
        .density()
    )
    rows = Rows(X, Coordinates.identity(n_features))
    actions = {
        "expect": lambda: NativeBackend().expect(rows, density, Moments.FULL),
        "fit": lambda: mixture.fit(X),
        "predict": lambda: mixture.predict(X),
        "score": lambda: mixture.score(X),
    }
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the peak back to what is held now
    before = _megabytes("VmRSS")
    actions[action]()
    print(X.nbytes / 2**20, _megabytes("VmHWM") - before)


if __name__ == "__main__":
    _main()
