"""Models with uniform noise beside their components, to compare with those of the grid without.

Rows that belong to no group make the search for groups worse, not only the likelihood: so groups are sought
among the rows that do not look like noise, and then fitted to all rows with noise beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from gaussmix.core.em import run_em
from gaussmix.core.parameters import CovarianceFamily
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.fitting import FitResult, e_step, with_log_likelihoods_of_data
from gaussmix.initialization import Region, region_of, without_noise
from gaussmix.selection.problem import Cell, CellFit, Problem
from gaussmix.selection.records import GridResult, row_of
from gaussmix.selection.table import SelectionRow
from gaussmix.starting import beside_noise

SOUGHT = ("EII", "VII", "EEI", "VVI", "EEE", "VVV", "E", "V")
"""Families by which groups are sought among the rows that do not look like noise: small and large ones."""
MORE_COMPONENTS = 2
"""Components more than without noise that are compared. Mostly fewer are needed: some had stood for noise."""
MOST_MODELS = 4
"""Models that are fitted with noise beside them."""
MOST_NOISE = 0.5
"""Noise of more than this share of the rows is no background but what the table is."""


@dataclass(frozen=True)
class NoisyFit:
    """A model with noise beside its components.

    Parameters
    ----------
    row : SelectionRow
    result : FitResult
    """

    row: SelectionRow
    result: FitResult


def fit_beside_noise(
    found: GridResult,
    volume: float | None,
    grid: Callable[[Array, Array, Sequence[CovarianceFamily], int], GridResult],
    *,
    tol: float,
    max_iter: int,
) -> list[NoisyFit]:
    """Return the most promising models with noise, none if no rows look like it.

    Parameters
    ----------
    found : GridResult
        The search without noise.
    volume : float or None
        In which noise is uniform, in the data's units; None measures it.
    grid : callable
        Makes the same search on other rows and weights, by some of its families, with at most so many
        components.
    tol, max_iter
        See `gaussmix.core.em.run_em`.
    """
    problem = found.problem
    clean, share = without_noise(problem.data(problem.families[0]), 1)
    if len(clean.sample.z) == len(problem.sample.z):
        return []
    families = [FAMILIES[name] for name in _sought(found)]
    rows = problem.coordinates.to_data(clean.sample.z)
    most = found.ranking[0].n_components + MORE_COMPONENTS
    among = grid(rows, clean.sample.weights, families, most)
    best = _best(among)
    problem.prepare(sorted({cell.n_components for cell in best}))
    fits = []
    for cell in best:
        start = among.fit_of(cell).parameters.to_working(problem.coordinates)
        data = replace(problem.data(cell.family), rows=problem.rows)
        region = region_of(data, volume)
        jacobian = problem.coordinates.log_jacobian
        floor = problem.floor(cell)
        try:
            em = run_em(
                e_step(problem.backend, problem.rows, cell.family),
                beside_noise(start, region, share, jacobian),
                floor,
                tol=tol,
                max_iter=max_iter,
            )
        except DegenerateCovarianceError:
            continue
        fit = problem.judged(cell, em, floor)
        noise = fit.em.parameters.noise
        if noise is not None and noise.weight <= MOST_NOISE:
            n_bounds = 0 if volume is not None else 2 * problem.rows.n_features
            fits.append(_noisy_fit(problem, cell, fit, region, n_bounds))
    return fits


def _noisy_fit(problem: Problem, cell: Cell, fit: CellFit, region: Region, n_bounds: int) -> NoisyFit:
    em = with_log_likelihoods_of_data(fit.em, problem.coordinates.log_jacobian)
    parameters = em.parameters.to_data(problem.coordinates)
    result = FitResult(parameters, em, problem.constant, None, region)
    return NoisyFit(row_of(problem, cell, fit, seconds=0.0, n_bounds=n_bounds), result)


def _sought(found: GridResult) -> Iterable[str]:
    """Return the families to seek groups by: some of those of the grid, and the one that was best there."""
    present = dict.fromkeys(cell.family.identifier for cell in found.fits)
    best = found.ranking[0].family.identifier
    return [name for name in present if name in SOUGHT or name == best]


def _best(found: GridResult) -> list[Cell]:
    """Return the best models, of each number of components at most two."""
    best: list[Cell] = []
    for cell in found.ranking:
        alike = sum(other.n_components == cell.n_components for other in best)
        if found.fits[cell].sound and alike < 2:
            best.append(cell)
    return best[:MOST_MODELS]
