"""EM of several mixtures side by side, for backends that make nothing more of it than their E-steps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.em import run_em
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.stack import Ends, MixtureStack, StatisticsStack, run_each
from gaussmix.core.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gaussmix.backends.base import Backend


def refuse_empty_ranges(rows: Rows, ranges: NDArray[np.int64]) -> None:
    """Refuse ranges without a row of positive weight: no mean log-likelihood is defined there.

    Parameters
    ----------
    rows : Rows
    ranges : ndarray of shape (S, 2)

    Raises
    ------
    ValueError
        If there is one.
    """
    numbers = np.arange(rows.n_rows + 1)
    if rows.sample_weight is not None:
        numbers = np.concatenate([[0], np.cumsum(rows.sample_weight > 0.0)])
    begins, ends = np.clip(ranges.T, 0, rows.n_rows)
    empty = numbers[begins] == numbers[ends]
    if empty.any():
        first = int(np.argmax(empty))
        begin, end = ranges[first].tolist()
        raise ValueError(
            f"EM needs rows of positive weight, but range {first}, rows {begin} to {end}, has none: leave it "
            "out"
        )


def run_each_by_steps(
    backend: Backend,
    rows: Rows,
    ranges: NDArray[np.int64],
    starts: MixtureStack,
    regularization: Regularization,
    *,
    n_iter: int,
    tol: float,
) -> tuple[MixtureStack, StatisticsStack, Array]:
    """Return what `Backend.run_each` does: E-steps by the backend, M-steps by the family."""
    refuse_empty_ranges(rows, ranges)

    def expect_each(mixtures: MixtureStack, numbers: NDArray[np.intp]) -> StatisticsStack:
        return backend.expect_each(rows, ranges[numbers], mixtures.density(), starts.family.moments)

    return run_each(expect_each, starts, regularization, n_iter=n_iter, tol=tol)


def climb_each_by_steps(
    backend: Backend,
    rows: Rows,
    ranges: NDArray[np.int64],
    starts: MixtureStack,
    regularization: Regularization,
    *,
    tol: float,
    max_iter: int,
) -> Ends:
    """Return what `Backend.climb_each` does: one run after the other."""
    refuse_empty_ranges(rows, ranges)

    def expect(part: Rows, parameters: MixtureParameters) -> SufficientStatistics:
        return backend.expect(part, parameters.density(), starts.family.moments)

    results = []
    for number, (begin, end) in enumerate(ranges.tolist()):
        weight = None if rows.sample_weight is None else rows.sample_weight[begin:end]
        part = Rows(rows.X[begin:end], rows.coordinates, weight)
        results.append(
            run_em(partial(expect, part), starts[number], regularization, tol=tol, max_iter=max_iter)
        )
    return Ends(
        MixtureStack.of([one.parameters for one in results]),
        np.array([one.objective for one in results]),
        np.array([one.n_iter for one in results]),
        np.array([one.converged for one in results]),
    )
