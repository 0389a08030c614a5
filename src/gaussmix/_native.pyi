"""The compiled kernels' binding: arrays are checked there, and filled where they are results."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_Doubles = NDArray[np.float64]
_Labels = NDArray[np.int64]
_Table = NDArray[np.floating[Any]]

def instruction_sets() -> list[str]: ...
def expect(
    X: _Table,
    shift: _Doubles,
    scale: _Doubles,
    sample_weight: _Doubles | None,
    log_constants: _Doubles,
    means: _Doubles,
    factor: _Doubles,
    form: int,
    moments: int,
    counts: _Doubles,
    first: _Doubles,
    second: _Doubles,
    n_threads: int,
    instruction_set: str,
) -> tuple[float, float]: ...
def expect_each(
    X: _Table,
    shift: _Doubles,
    scale: _Doubles,
    sample_weight: _Doubles | None,
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    log_constants: _Doubles,
    means: _Doubles,
    factor: _Doubles,
    form: int,
    moments: int,
    counts: _Doubles,
    first: _Doubles,
    second: _Doubles,
    log_likelihoods: _Doubles,
    total_weights: _Doubles,
    n_threads: int,
    instruction_set: str,
) -> None: ...
def run_em_each(
    X: _Table,
    shift: _Doubles,
    scale: _Doubles,
    sample_weight: _Doubles | None,
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    weights: _Doubles,
    means: _Doubles,
    covariances: _Doubles,
    factor: _Doubles,
    repaired: NDArray[np.bool_],
    family: int,
    form: int,
    moments: int,
    floor: _Doubles,
    max_iter: int,
    tol: float,
    accelerate: bool,
    counts: _Doubles,
    first: _Doubles,
    second: _Doubles,
    log_likelihoods: _Doubles,
    total_weights: _Doubles,
    gains: _Doubles,
    rates: _Doubles,
    n_iters: _Labels,
    converged: NDArray[np.bool_],
    left: NDArray[np.bool_],
    n_threads: int,
    instruction_set: str,
) -> None: ...
def evaluate(
    X: _Table,
    shift: _Doubles,
    scale: _Doubles,
    log_constants: _Doubles,
    means: _Doubles,
    factor: _Doubles,
    form: int,
    log_jacobian: float,
    log_density: _Doubles | None,
    label: _Labels | None,
    probability: _Doubles | None,
    responsibilities: _Doubles | None,
    n_threads: int,
    instruction_set: str,
) -> None: ...
def distances(
    X: _Table,
    shift: _Doubles,
    scale: _Doubles,
    sample_weight: _Doubles | None,
    zeros: _Doubles,
    centers: _Doubles,
    ones: _Doubles,
    bound: _Doubles,
    distances: _Doubles | None,
    sums: _Doubles,
    n_threads: int,
    instruction_set: str,
) -> None: ...
def assign(
    X: _Table,
    shift: _Doubles,
    scale: _Doubles,
    sample_weight: _Doubles | None,
    zeros: _Doubles,
    centers: _Doubles,
    ones: _Doubles,
    sums: _Doubles,
    n_threads: int,
    instruction_set: str,
) -> None: ...
def whitening_factors(matrices: _Doubles, factors: _Doubles, instruction_set: str) -> int: ...
def exp(x: _Doubles, y: _Doubles, instruction_set: str) -> None: ...
def log(x: _Doubles, y: _Doubles, instruction_set: str) -> None: ...
def merge_groups(
    means: _Doubles,
    weights: _Doubles,
    scatters: _Doubles | None,
    model: int,
    trace_addition: float,
    trace_factor: float,
    nodes: _Labels,
    costs: _Doubles,
    instruction_set: str,
) -> None: ...
