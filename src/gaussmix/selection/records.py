"""What is known of each cell of a grid: its best fit, what is wrong with it, and how it compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaussmix.core import criteria
from gaussmix.core.parameters import n_free_parameters
from gaussmix.covariance import FAMILIES
from gaussmix.fitting import FitResult, with_log_likelihoods_of_data
from gaussmix.selection.problem import Cell, CellFit, Problem
from gaussmix.selection.table import SelectionRow

NEGLIGIBLE = 1e-3
"""Differences of the log-likelihood of all rows together that do not matter."""


@dataclass(frozen=True)
class GridResult:
    """What a search over the grid found.

    Parameters
    ----------
    fits : dict of Cell to CellFit
        The best of each cell; log-likelihoods are means over the rows that were searched on.
    messages : dict of Cell to str
        Why a cell has no fit, or why it should not be chosen.
    rows : list of SelectionRow
        In the order of the cells, with BIC as the criterion.
    problem : Problem
    timed_out : bool
    """

    fits: dict[Cell, CellFit]
    messages: dict[Cell, str]
    rows: list[SelectionRow]
    problem: Problem
    timed_out: bool

    def cell(self, row: SelectionRow) -> Cell:
        """Return the cell that a row describes."""
        key = FAMILIES[row.covariance_type].identifier, row.n_components
        return next(cell for cell in self.fits if cell.key == key)

    def fit_of(self, cell: Cell) -> FitResult:
        """Return a cell's mixture in the data's units, and the run that led to it."""
        coordinates = self.problem.coordinates
        em = with_log_likelihoods_of_data(self.fits[cell].em, coordinates.log_jacobian)
        return FitResult(em.parameters.to_data(coordinates), em, self.problem.constant, None)


class Records:
    """The best fits so far.

    Parameters
    ----------
    problem : Problem
    cells : sequence of Cell

    Attributes
    ----------
    fits : dict of Cell to CellFit
    messages : dict of Cell to str
        Why a cell has no fit, or why it should not be chosen.
    seconds : dict of Cell to float
        Time spent on each.
    """

    def __init__(self, problem: Problem, cells: Sequence[Cell]) -> None:
        self.problem = problem
        self.cells = cells
        self.fits: dict[Cell, CellFit] = {}
        self.messages: dict[Cell, str] = {}
        self.seconds = dict.fromkeys(cells, 0.0)

    def keep(self, cell: Cell, fit: CellFit) -> bool:
        """Take a fit if it is better than the one at hand; return whether."""
        if cell in self.fits and fit.merit <= self.fits[cell].merit:
            return False
        self.fits[cell] = fit
        return True

    def lags(self, cell: Cell, other: CellFit) -> bool:
        """Return whether a cell is less likely than another that it should not be less likely than."""
        mine = self.fits[cell]
        if not other.sound:
            return False
        if not mine.sound:
            return True
        return (other.em.log_likelihood - mine.em.log_likelihood) * self.problem.total_weight > NEGLIGIBLE

    def ranking(self) -> list[Cell]:
        """Return the fitted cells by BIC, unsound ones last."""

        def merit(cell: Cell) -> tuple[bool, float]:
            return not self.fits[cell].sound, self.bic(cell)

        return sorted((cell for cell in self.cells if cell in self.fits), key=merit)

    def bic(self, cell: Cell) -> float:
        """Return the criterion of a cell's fit, up to a constant that is common to all."""
        return self.bic_with(cell, self.fits[cell].em.log_likelihood)

    def bic_with(self, cell: Cell, mean: float) -> float:
        """Return the criterion that a cell would have with a mean log-likelihood."""
        total = self.problem.total_weight
        return criteria.bic(mean * total, self.n_parameters(cell), total)

    def n_parameters(self, cell: Cell) -> int:
        """Return the number of free parameters of a cell's mixtures."""
        return n_free_parameters(cell.family, cell.n_components, self.problem.rows.n_features)

    def row(self, cell: Cell) -> SelectionRow:
        """Describe a cell."""
        problem = self.problem
        total = problem.total_weight
        name = cell.family.identifier
        n_parameters = self.n_parameters(cell)
        if cell not in self.fits:
            nothing = float("nan")
            return SelectionRow(
                name, cell.n_components, nothing, nothing, nothing, nothing, 0.0, nothing, n_parameters,
                0, self.seconds[cell], False, self.messages[cell],
            )  # fmt: skip
        fit = self.fits[cell]
        parameters = fit.em.parameters
        mean = fit.em.log_likelihood
        log_likelihood = (mean + problem.coordinates.log_jacobian) * total
        if not fit.sound:
            self.messages.setdefault(cell, _why_unsound(fit))
        bic = criteria.bic(log_likelihood, n_parameters, total)
        return SelectionRow(
            covariance_type=name,
            n_components=cell.n_components,
            criterion=bic,
            bic=bic,
            icl=criteria.icl(log_likelihood, n_parameters, total, problem.log_certainty(parameters)),
            aic=criteria.aic(log_likelihood, n_parameters),
            bic_weight=0.0,
            log_likelihood=log_likelihood,
            n_parameters=n_parameters,
            n_iter=fit.em.n_iter,
            seconds=self.seconds[cell],
            converged=self.fits[cell].em.converged,
            message=self.messages.get(cell),
        )


def _why_unsound(fit: CellFit) -> str:
    """Say what is wrong with a fit."""
    repaired = np.flatnonzero(fit.em.parameters.repaired).tolist()
    if repaired:
        return f"the covariance of component(s) {repaired} was held up at the least allowed variance"
    return "a component collapsed on a few rows"
