"""What is known of each cell of a grid: its best fit, what is wrong with it, and how it compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaussmix.core import criteria
from gaussmix.core.noise import N_PARAMETERS
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
    ranking : list of Cell
        Those with a fit, by the criterion, the best first.
    """

    fits: dict[Cell, CellFit]
    messages: dict[Cell, str]
    rows: list[SelectionRow]
    problem: Problem
    timed_out: bool
    ranking: list[Cell]

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
    criterion : {"bicc", "bic"}
        What they are ranked by.

    Attributes
    ----------
    fits : dict of Cell to CellFit
    messages : dict of Cell to str
        Why a cell has no fit, or why it should not be chosen.
    seconds : dict of Cell to float
        Time spent on each.
    """

    def __init__(self, problem: Problem, cells: Sequence[Cell], criterion: str) -> None:
        self.problem = problem
        self.criterion = criterion
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
        """Return the fitted cells by the criterion, unsound ones last."""

        def merit(cell: Cell) -> tuple[bool, float, int]:
            return not self.fits[cell].sound, self.value(cell), self.n_parameters(cell)

        return sorted((cell for cell in self.cells if cell in self.fits), key=merit)

    def value(self, cell: Cell) -> float:
        """Return the criterion of a cell's fit, up to a constant that is common to all."""
        return self.value_with(cell, self.fits[cell].em.log_likelihood)

    def value_with(self, cell: Cell, mean: float) -> float:
        """Return the criterion that a cell would have with a mean log-likelihood."""
        total = self.problem.total_weight
        n_parameters = self.n_parameters(cell)
        if self.criterion == "bic":
            return criteria.bic(mean * total, n_parameters, total)
        return _bicc(self.problem, cell, mean * total, n_parameters, parameters_each(self.problem, cell))

    def n_parameters(self, cell: Cell) -> int:
        """Return the number of free parameters of a cell's mixtures."""
        return n_free_parameters(cell.family, cell.n_components, self.problem.rows.n_features)

    def row(self, cell: Cell) -> SelectionRow:
        """Describe a cell."""
        if cell not in self.fits:
            nothing = float("nan")
            return SelectionRow(
                cell.family.identifier, cell.n_components, nothing, nothing, nothing, nothing, nothing, 0.0,
                nothing, self.n_parameters(cell), 0, self.seconds[cell], False, self.messages[cell],
            )  # fmt: skip
        row = row_of(self.problem, cell, self.fits[cell], self.seconds[cell])
        return replace(row, message=self.messages.get(cell, row.message))


def _bicc(problem: Problem, cell: Cell, log_likelihood: float, n_parameters: int, n_each: float) -> float:
    """Return the criterion of a fit of a cell; see `gaussmix.core.criteria.bicc`."""
    return criteria.bicc(
        log_likelihood,
        n_parameters,
        problem.total_weight,
        problem.n_independent,
        n_each,
        cell.n_components,
        problem.rows.n_features,
    )


def parameters_each(problem: Problem, cell: Cell) -> float:
    """Return how many parameters of a cell each column has to pay for."""
    n_features = problem.rows.n_features
    of_covariances = cell.family.n_parameters(cell.n_components, n_features)
    return criteria.parameters_each(cell.n_components, n_features, of_covariances)


def row_of(problem: Problem, cell: Cell, fit: CellFit, seconds: float, n_bounds: int = 0) -> SelectionRow:
    """Describe a fit, with BICc as the criterion.

    Parameters
    ----------
    problem : Problem
    cell : Cell
    fit : CellFit
        In working coordinates.
    seconds : float
        Time that it took.
    n_bounds : int
        Bounds of noise that were measured on the rows. BIC is to be mclust's, which counts noise as two
        parameters; BICc counts each bound, and the weight.
    """
    parameters = fit.em.parameters
    n_parameters, total = parameters.n_parameters, problem.total_weight
    log_likelihood = (fit.em.log_likelihood + problem.coordinates.log_jacobian) * total
    n_counted = n_parameters if parameters.noise is None else n_parameters - N_PARAMETERS + 1 + n_bounds
    n_each = parameters_each(problem, cell)
    if parameters.noise is not None:  # that is one more label to tell
        n_each = n_each * (1 + (cell.n_components == 1)) + 2.0 * n_bounds / problem.rows.n_features
    bicc = _bicc(problem, cell, log_likelihood, n_counted, n_each)
    return SelectionRow(
        covariance_type=cell.family.identifier,
        n_components=cell.n_components,
        criterion=bicc,
        bicc=bicc,
        bic=criteria.bic(log_likelihood, n_parameters, total),
        icl=criteria.icl(log_likelihood, n_parameters, total, problem.log_certainty(parameters)),
        aic=criteria.aic(log_likelihood, n_parameters),
        bic_weight=0.0,
        log_likelihood=log_likelihood,
        n_parameters=n_parameters,
        n_iter=fit.em.n_iter,
        seconds=seconds,
        converged=fit.em.converged,
        message=None if fit.sound else _why_unsound(fit),
        noise=parameters.noise is not None,
    )


def beside_noise_row(
    row: SelectionRow,
    log_likelihood: float,
    total: float,
    n_independent: float,
    n_features: int,
    n_bounds: int,
    criterion: str,
) -> SelectionRow:
    """Describe a model on more rows than those that it was fitted to, with noise for the others.

    Parameters
    ----------
    row : SelectionRow
        Of the model on its rows, with noise already or without.
    log_likelihood : float
        Of all rows.
    total, n_independent : float
        Number of all rows, and of those that are no repetitions.
    n_features, n_bounds
        See `row_of`.
    criterion : str
    """
    n_parameters = row.n_parameters + (0 if row.noise else N_PARAMETERS)
    of_covariances = FAMILIES[row.covariance_type].n_parameters(row.n_components, n_features)
    n_each = criteria.parameters_each(row.n_components, n_features, of_covariances)
    n_each = n_each * (1 + (row.n_components == 1)) + 2.0 * n_bounds / n_features
    n_counted = n_parameters - N_PARAMETERS + 1 + n_bounds
    bic = criteria.bic(log_likelihood, n_parameters, total)
    moved = replace(
        row,
        n_parameters=n_parameters,
        log_likelihood=log_likelihood,
        bicc=criteria.bicc(
            log_likelihood, n_counted, total, n_independent, n_each, row.n_components, n_features
        ),
        bic=bic,
        icl=bic + row.icl - row.bic,
        aic=criteria.aic(log_likelihood, n_parameters),
        noise=True,
    )
    return replace(moved, criterion=getattr(moved, criterion))


def _why_unsound(fit: CellFit) -> str:
    """Say what is wrong with a fit."""
    repaired = np.flatnonzero(fit.em.parameters.repaired).tolist()
    if repaired:
        return f"the covariance of component(s) {repaired} was held up at the least allowed variance"
    return "a component collapsed on a few rows"
