"""The grid for tables with many features beside the rows: along the few directions that lead.

A criterion that counts a mean for every feature of every component never finds groups that differ in a few
per cent of the features, and covariance matrices are singular. So a mixture is chosen along the leading
directions, and all others hold noise that the components share, of one variance. What those directions cost
in parameters is the same for every number of components.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Outputs, default_backend
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.em import EMResult, maximise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance import FAMILIES, ONE_DIMENSIONAL_MODELS, LowRankFamily
from gaussmix.covariance.low_rank import Factors
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.fitting import FitResult, with_log_likelihoods_of_data
from gaussmix.initialization import representative_sample
from gaussmix.initialization.directions import Directions, leading_directions
from gaussmix.initialization.projection import needed_rows
from gaussmix.scales import measure, regularization_for
from gaussmix.selection.grid import fit_grid
from gaussmix.selection.problem import Cell, CellFit, Clock, Problem
from gaussmix.selection.records import GridResult, row_of
from gaussmix.selection.table import SelectionRow

NO_DIRECTION = "not fitted: along no direction do the rows differ by more than noise"
LEAST_NOISE = 1e-6
"""Least variance of the noise, as a share of the mean variance of a feature."""


def has_too_few_rows_for_matrices(X: NDArray[np.floating], sample_weight: Array | None) -> bool:
    """Return whether there are fewer different rows than two components with their own matrices need.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    sample_weight : ndarray of shape (N,) or None
    """
    needed = needed_rows(FAMILIES["VVV"], 2, X.shape[1])
    different: set[bytes] = set()
    for number, row in enumerate(X):
        if sample_weight is None or sample_weight[number] > 0:
            different.add(row.tobytes())
        if len(different) >= needed:
            return False
    return len(different) > 1 and X.shape[1] > 1


@dataclass(frozen=True)
class Lift:
    """From the first directions to all features: along the others there is noise, alike for all rows.

    Parameters
    ----------
    directions : Directions
    coordinates : Coordinates
        In which the directions were found.
    number : int
        Number of directions that components tell apart.
    """

    directions: Directions
    coordinates: Coordinates
    number: int

    @cached_property
    def family(self) -> LowRankFamily:
        """The family of the mixtures in all features: noise is alike in all where these have one unit."""
        name = "ppca" if (self.directions.scale == 1.0).all() else "factor_analysis"
        family = FAMILIES[name]
        assert isinstance(family, LowRankFamily)
        return family.with_rank(self.number)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters beside those of a mixture along the directions."""
        n_features, number = self.directions.axes.shape[0], self.number
        of_directions = n_features * number - number * (number + 1) // 2
        return n_features - number + of_directions + 1

    @cached_property
    def log_likelihood(self) -> float:
        """What a row's place along the other directions adds to its log-density, in the mean."""
        noise, n_others = self._noise, self.directions.axes.shape[0] - self.number
        jacobian = self.coordinates.log_jacobian - float(np.log(self._unit).sum())
        return float(-0.5 * (n_others * np.log(2.0 * np.pi * noise) + self._rest / noise)) + jacobian

    def lifted(self, along: MixtureParameters) -> MixtureParameters:
        """Return a mixture along the directions as one in all features, in working coordinates.

        No component is narrower along the directions than the noise: else it would not be noise and factors.
        """
        axes, noise, unit = self.directions.axes[:, : self.number], self._noise, self._unit
        within = along.family.representation.matrices(along.covariances, *along.means.shape)
        values, vectors = np.linalg.eigh(within)
        excess = np.sqrt(np.maximum(values[:, ::-1] - noise, 0.0))
        loadings = unit[:, None] * (axes @ vectors[:, :, ::-1]) * excess[:, None, :]
        uniquenesses = np.tile(noise * unit * unit, (along.n_components, 1))
        factors = Factors(uniquenesses, loadings, np.zeros(along.n_components))
        return MixtureParameters(
            self.family,
            along.weights,
            self.directions.center + unit * (along.means @ axes.T),
            factors.covariances(),
            factors.whitening_factors(),
            along.repaired,
            uniquenesses=uniquenesses,
        )

    @cached_property
    def _unit(self) -> Array:
        """What one is along directions in each feature's working coordinates."""
        scale = self.directions.scale
        # Features that do not vary have no scale; some noise each has to have.
        return 1.0 / np.where(scale > 0.0, scale, scale.max())

    @property
    def _rest(self) -> float:
        """Variance of the rows along the other directions together."""
        return float(self.directions.total_variance - self.directions.variances[: self.number].sum())

    @cached_property
    def _noise(self) -> float:
        """Variance of the rows along each of the other directions."""
        n_features = self.directions.axes.shape[0]
        least = LEAST_NOISE * self.directions.total_variance / n_features
        return max(self._rest / (n_features - self.number), least)


@dataclass(frozen=True)
class LiftedGrid:
    """What a search along directions found, as mixtures in all features.

    Parameters
    ----------
    grid : GridResult
        Of the rows' places along the first directions.
    lift : Lift
        From those.
    finish : callable
        Fits the mixture in all features that a cell of a grid leads to.
    numbers : list of int
        Numbers of components that were asked for.
    criterion : {"bicc", "bic"}
        What models are compared by.
    """

    grid: GridResult
    lift: Lift
    finish: Callable[[GridResult, Cell], FitResult]
    numbers: list[int]
    criterion: str

    @property
    def problem(self) -> Problem:
        """The problem along the directions: what rows are along the others is common to all models."""
        return self.grid.problem

    @property
    def timed_out(self) -> bool:
        """Whether time was up before all was done."""
        return self.grid.timed_out

    @property
    def fits(self) -> dict[Cell, CellFit]:
        """The fits along the directions that rows stand for."""
        return {cell: self.grid.fits[cell] for cell in self._cells.values()}

    @cached_property
    def rows(self) -> list[SelectionRow]:
        """Of each number of components the best model along the first directions."""
        total = self.problem.total_weight
        more, cost = self.lift.log_likelihood * total, self.lift.n_parameters
        return [
            replace(
                row,
                covariance_type=self.lift.family.name,
                criterion=row.criterion - 2.0 * more + cost * np.log(total),
                bicc=row.bicc - 2.0 * more + cost * np.log(total),
                bic=row.bic - 2.0 * more + cost * np.log(total),
                icl=row.icl - 2.0 * more + cost * np.log(total),
                aic=row.aic - 2.0 * more + 2.0 * cost,
                log_likelihood=row.log_likelihood + more,
                n_parameters=row.n_parameters + cost,
            )
            for row in self._best_of_each_number
        ]

    def cell(self, row: SelectionRow) -> Cell:
        """Return the cell along the directions that a row describes."""
        return self._cells[row.n_components]

    def fit_of(self, cell: Cell) -> FitResult:
        """Return the mixture in all features and the data's units that a cell leads to."""
        return self.finish(self.grid, cell)

    @cached_property
    def _best_of_each_number(self) -> list[SelectionRow]:
        """Rows of the grid."""
        best: dict[int, SelectionRow] = {}
        for row in sorted(self.grid.rows, key=lambda row: _merit(row, self.criterion), reverse=True):
            best[row.n_components] = row
        return [best.get(number, _without_direction(number)) for number in self.numbers]

    @cached_property
    def _cells(self) -> dict[int, Cell]:
        """The cells that rows stand for, by their numbers of components."""
        fitted = [row for row in self._best_of_each_number if not np.isnan(row.log_likelihood)]
        return {row.n_components: self.grid.cell(row) for row in fitted}


def fit_grid_along_directions(
    X: NDArray[np.floating],
    sample_weight: Array | None,
    *,
    families: Sequence[CovarianceFamily],
    numbers: Sequence[int],
    reg_covar: float | None,
    tol: float,
    max_iter: int,
    generator: np.random.RandomState,
    thorough: bool = False,
    n_threads: int = 1,
    clock: Clock | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    prior: Prior | None = None,
    criterion: str = "bicc",
) -> LiftedGrid:
    """Fit mixtures of several families and numbers of components along the directions that lead.

    First along those before the first elbow of their variances; as long as one component is the best there,
    along those before the next. The groups found there then start mixtures along all directions that lead.

    Parameters
    ----------
    X : ndarray of shape (N, D), float64 or float32
    sample_weight : ndarray of shape (N,) or None
    families : sequence of CovarianceFamily
        To compare along several directions, each after those that it contains.
    numbers : sequence of int
        Numbers of components.
    reg_covar, tol, max_iter, generator, thorough, n_threads, clock, progress, prior, criterion
        See `gaussmix.selection.fit_grid`.
    """
    numbers = sorted(set(numbers))
    clock = clock or Clock()
    backend = default_backend(n_threads)
    scales = measure(X, sample_weight, backend, common_scale=True)
    coordinates = scales.coordinates
    spread = np.full(X.shape[1], np.sqrt(np.mean(scales.variances)))
    rows = Rows(X, coordinates, sample_weight)
    sample = representative_sample(rows, spread, max(numbers), generator)
    directions = leading_directions(sample.z, sample.weights)
    z = coordinates.to_working(X)
    elbows = directions.elbows
    in_grid = sorted({1, *numbers}) if elbows or 1 not in numbers else [1]
    for number in elbows or [1]:
        grid = fit_grid(
            directions.scores(z, number),
            sample_weight,
            families=families if number > 1 else ONE_DIMENSIONAL_MODELS,
            numbers=in_grid,
            reg_covar=reg_covar,
            tol=tol,
            max_iter=max_iter,
            generator=generator,
            thorough=thorough,
            n_threads=n_threads,
            clock=clock,
            progress=progress,
            prior=prior,
            criterion=criterion,
        )
        if grid.ranking[0].n_components > 1 or clock.is_over:
            break

    def as_fit(working: MixtureParameters, em: EMResult) -> FitResult:
        """Return a mixture in all features with the run that led to it."""
        mean = backend.expect(rows, working.density(), Moments.NONE).mean_log_likelihood
        em = with_log_likelihoods_of_data(em, mean + coordinates.log_jacobian - em.log_likelihood)
        parameters = working.to_data(coordinates)
        return FitResult(parameters, replace(em, parameters=parameters), scales.constant, None)

    def finish(found: GridResult, cell: Cell) -> FitResult:
        """Return the mixture of a cell's groups along all directions that lead, in all features."""
        if cell.n_components == 1 and not directions.n_leading:
            # All directions are noise: a first one would be the longest by chance.
            family = FAMILIES["EII" if (directions.scale == 1.0).all() else "EEI"]
            middle = Density(np.zeros(1), np.zeros((1, X.shape[1])), np.zeros(1), FactorForm.SCALAR)
            sums = backend.expect(rows, middle, family.moments)
            floor = regularization_for(scales, sample, reg_covar).without_additions()
            return as_fit(maximise(sums, family, floor), found.fits[cell].em)
        lift = Lift(directions, coordinates, max(1, directions.n_leading))
        compared = tuple(families) if lift.number > 1 else ONE_DIMENSIONAL_MODELS
        problem = Problem(
            directions.scores(z, lift.number),
            sample_weight,
            families=compared,
            most_components=cell.n_components,
            reg_covar=reg_covar,
            generator=generator,
            backend=backend,
            prior=prior,
        )
        groups = found.fit_of(cell)
        places = Rows(directions.scores(z, number), Coordinates.identity(number))
        shared = backend.evaluate(
            places, groups.parameters.density(), Outputs.RESPONSIBILITIES
        ).responsibilities
        assert shared is not None
        if sample_weight is not None:
            shared = shared * sample_weight[:, None]
        em = _best_from_groups(
            problem, compared, shared, tol=tol, max_iter=max_iter, clock=clock, criterion=criterion
        )
        if em is None:
            lift, em = Lift(directions, coordinates, number), groups.em
        return as_fit(lift.lifted(em.parameters), em)

    return LiftedGrid(grid, Lift(directions, coordinates, number), finish, numbers, criterion)


def _best_from_groups(
    problem: Problem,
    families: Sequence[CovarianceFamily],
    responsibilities: Array,
    *,
    tol: float,
    max_iter: int,
    clock: Clock,
    criterion: str,
) -> EMResult | None:
    """Return the run with the best criterion among those that begin with groups of rows, one for each family.

    None, if none ends at a sound mixture. In the units of the problem's rows.
    """
    n_components = responsibilities.shape[1]
    problem.prepare([n_components])
    z = problem.coordinates.to_working(problem.rows.X)
    means = responsibilities.T @ z / responsibilities.sum(axis=0)[:, None]
    best: tuple[float, EMResult] | None = None
    for family in families:
        cell = Cell(family, n_components)
        if problem.too_few_rows(cell):
            continue
        statistics = SufficientStatistics.from_responsibilities(z, means, responsibilities, family.moments)
        try:
            start = maximise(statistics, family, problem.floor(cell).without_additions())
            found = problem.climb(cell, start, tol=tol, max_iter=max_iter, clock=clock)
        except DegenerateCovarianceError:
            continue
        value = float(getattr(row_of(problem, cell, found, seconds=0.0), criterion))
        if found.sound and (best is None or value < best[0]):
            best = value, found.em
    if best is None:
        return None
    em = with_log_likelihoods_of_data(best[1], problem.coordinates.log_jacobian)
    return replace(em, parameters=em.parameters.to_data(problem.coordinates))


def _merit(row: SelectionRow, criterion: str) -> tuple[bool, float]:
    """Return what rows of a grid are compared by; the smaller the better."""
    value = float(getattr(row, criterion))
    return not row.sound, np.inf if np.isnan(value) else value


def _without_direction(number: int) -> SelectionRow:
    """Return the row of a number of components that was not fitted as no direction leads."""
    nothing = float("nan")
    return SelectionRow(
        "", number, nothing, nothing, nothing, nothing, nothing, 0.0, nothing, 0, 0, 0.0, False, NO_DIRECTION
    )
