"""The log-likelihood of rows that a model has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import Moments
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.selection.problem import Cell, Clock, Problem

N_FOLDS = 5
MAX_ITER = 200


class CrossValidation:
    """Fits to four fifths of the rows that are searched on, each with its own tree, scored on the last fifth.

    Different rows are dealt to the folds in turn along their canonical order: copies of a row fall in the
    same one, or a fit would have seen what it is scored on.

    Parameters
    ----------
    problem : Problem
    cells : sequence of Cell
    reg_covar : float or None
        See `gaussmix.scales.regularization_for`.
    tol : float
        See `gaussmix.core.em.run_em`.
    clock : Clock
    """

    def __init__(
        self, problem: Problem, cells: Sequence[Cell], *, reg_covar: float | None, tol: float, clock: Clock
    ) -> None:
        self.problem = problem
        self.cells = cells
        self.reg_covar = reg_covar
        self.tol = tol
        self.clock = clock

    @cached_property
    def _folds(self) -> list[tuple[Problem, Array]]:
        """Fits' rows, and the weights of the rows that are held out; none if all rows are the same."""
        data = self.problem.data(self.cells[0].family)
        is_new = (data.sample.z[1:] != data.sample.z[:-1]).any(axis=1)
        if not is_new.any():
            return []
        numbers = np.append(0, np.cumsum(is_new)) % N_FOLDS
        families = tuple({cell.family.identifier: cell.family for cell in self.cells}.values())
        folds = []
        for fold in range(numbers.max() + 1):
            held_out = np.where(numbers == fold, data.sample.weights, 0.0)
            training = Problem(
                data.rows.X,
                data.sample.weights - held_out,
                families=families,
                most_components=max(cell.n_components for cell in self.cells),
                reg_covar=self.reg_covar,
                generator=np.random.RandomState(fold),
                backend=self.problem.backend,
                prior=self.problem.prior,
            )
            training.prepare(sorted({cell.n_components for cell in self.cells}))
            folds.append((training, held_out))
        return folds

    def deviance(self, cell: Cell) -> float:
        """Return minus twice the log-likelihood of all rows, each under a fit to other rows.

        Parameters
        ----------
        cell : Cell

        Returns
        -------
        float
            In the data's units; infinite if the covariances of a fold are singular or no row can be left
            out.
        """
        if not self._folds:
            return float("inf")
        total = weight = 0.0
        for training, held_out in self._folds:
            try:
                start = training.start(cell)
                fit = training.climb(cell, start, tol=self.tol, max_iter=MAX_ITER, clock=self.clock)
            except (DegenerateCovarianceError, np.linalg.LinAlgError):
                return float("inf")
            rows = Rows(training.rows.X, training.coordinates, held_out)
            density = fit.em.parameters.density()
            found = training.backend.expect(rows, density, Moments.NONE)
            total += found.log_likelihood + found.total_weight * training.coordinates.log_jacobian
            weight += found.total_weight
        mean = total / weight + self.problem.coordinates.log_jacobian
        return -2.0 * mean * self.problem.total_weight
