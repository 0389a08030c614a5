"""The search over the grid: a tree starts every cell, and neighbours start one another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import default_backend
from gaussmix.core import criteria
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, n_free_parameters
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.fitting import FitResult, with_log_likelihoods_of_data
from gaussmix.initialization import STARTS
from gaussmix.selection.neighbours import proposals, screened
from gaussmix.selection.nesting import contained, directly_contained
from gaussmix.selection.problem import Cell, CellFit, Clock, Problem
from gaussmix.selection.table import SelectionRow

Item = TypeVar("Item")

NEGLIGIBLE = 1e-3
"""Differences of the log-likelihood of all rows together that do not matter."""
REMAINING = 2e-4
"""What an iteration of EM may gain, summed over all rows, where it stops in a cell that is not chosen."""
MOST_ROUNDS = 4
"""Passes over the grid in which neighbours start one another."""
CONTENDERS = 6
"""Cells that are looked at closely, as they may be the best."""
FINALISTS = 5
"""Cells that are fitted to all rows at least, where the search is made on a part of them."""
MOST_FINALISTS = 15
DEAR = 2_000_000
"""Rows times components times squared features from which EM in cells that can hardly win is cut short."""
SHORT_ITER = 12
SLACK = 0.01
"""What the mean log-likelihood of a cell that was cut short may still gain, in nats a feature."""
LATER = (frozenset({"VEE", "EEV", "VEV", "EVV"}), frozenset({"EVE", "VVE"}))
"""Families whose M-steps are dear: where a larger one shows that they cannot win, they are passed over."""
WORTH_THREADS = 2_000_000
"""The same product from which cells are fitted side by side; below, Python's lock eats what threads gain."""

OUT_OF_TIME = "not fitted: max_seconds was reached before"


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


def fit_grid(
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
) -> GridResult:
    """Fit mixtures of several families and numbers of components.

    Parameters
    ----------
    X : ndarray of shape (N, D), float64 or float32
    sample_weight : ndarray of shape (N,) or None
    families : sequence of CovarianceFamily
        Each after those that it contains.
    numbers : sequence of int
        Numbers of components.
    reg_covar : float or None
        See `gaussmix.scales.regularization_for`.
    tol, max_iter
        See `gaussmix.core.em.run_em`; cells that cannot be the best are fitted less closely.
    generator : numpy.random.RandomState
    thorough : bool
        Look as closely at cells that cannot be the best as at those that can.
    n_threads : int
    clock : Clock, optional
        When to stop.
    progress : callable, optional
        Called with the number of cells that are done, of all, and what is being done.
    prior : Prior, optional
    """
    clock = clock or Clock()
    # EM works in families' own order, in which each follows those that it contains.
    ordered = tuple(families)
    numbers = sorted(set(numbers))
    problem = Problem(
        X,
        sample_weight,
        families=ordered,
        most_components=max(numbers),
        reg_covar=reg_covar,
        generator=generator,
        backend=default_backend(n_threads),
        prior=prior,
    )
    search = _GridSearch(problem, ordered, numbers, tol, max_iter, thorough, n_threads, clock, progress)
    return search.run()


class _GridSearch:
    """The state of a search."""

    def __init__(
        self,
        problem: Problem,
        families: tuple[CovarianceFamily, ...],
        numbers: list[int],
        tol: float,
        max_iter: int,
        thorough: bool,
        n_threads: int,
        clock: Clock,
        progress: Callable[[int, int, str], None] | None,
    ) -> None:
        self.problem = problem
        self.families = families
        self.numbers = numbers
        self.cells = [Cell(family, number) for number in numbers for family in families]
        self.by_key = {cell.key: cell for cell in self.cells}
        self.max_iter = max_iter
        self.thorough = thorough
        self.fine_tol = tol
        self.tol = max(tol, REMAINING / problem.total_weight)
        self.clock = clock
        self.progress = progress
        self.fits: dict[Cell, CellFit] = {}
        self.messages: dict[Cell, str] = {}
        self.seconds = dict.fromkeys(self.cells, 0.0)
        self.n_done = 0
        rows, features = problem.data(families[0]).rows.n_rows, problem.rows.n_features
        self.cost = rows * max(numbers) * features**2
        self.is_dear = self.cost >= DEAR and not thorough
        self.n_threads = n_threads if self.cost >= WORTH_THREADS else 1

    def run(self) -> GridResult:
        """Search, finish, and describe what was found."""
        possible = []
        for cell in self.cells:
            message = self.problem.too_few_rows(cell)
            if message is None:
                possible.append(cell)
            else:
                self.messages[cell] = message
        if not possible:
            # There has to be an answer, be it one that the floor alone keeps from being singular.
            some = [cell for cell in self.cells if cell.n_components <= self.problem.n_different]
            possible = sorted(some, key=lambda cell: self._n_parameters(cell))[:1]
            for cell in possible:
                self.messages[cell] = self.messages[cell].replace("not fitted", "held up by the floor alone")
        self.problem.prepare(sorted({cell.n_components for cell in possible}))
        self.n_done = len(self.messages)
        # One cell is fitted whatever the time, so that there is an answer.
        self._each(self._from_tree, possible[:1])
        for cells in self._by_price(possible[1:]):
            self._each(self._from_tree, self._worthwhile(cells))
        fitted = [cell for cell in possible if cell in self.fits]
        if self.thorough:
            self._each(self._from_portfolio, fitted)
        for _ in range(1 if self.is_dear else MOST_ROUNDS):
            if not self._agree(fitted):
                break
        for _ in range(1 if self.is_dear else 2):
            contenders = self._ranking()[: None if self.thorough else CONTENDERS]
            changed = self._each(self._from_all_neighbours, contenders)
            if not any(changed):
                break
            self._agree(fitted)
        self._finish()
        timed_out = self.clock.is_over
        for cell in possible:
            if cell not in self.fits:
                self.messages.setdefault(cell, OUT_OF_TIME)
        rows = [self._row(cell) for cell in self.cells]
        return GridResult(self.fits, self.messages, rows, self.problem, timed_out)

    def _each(self, work: Callable[[Cell], bool], cells: Sequence[Cell]) -> list[bool]:
        """Return what a function says of each cell; cells side by side if that pays."""
        if self.n_threads == 1 or len(cells) < 2:
            return [work(cell) for cell in cells]
        pool = ThreadPoolExecutor(self.n_threads)
        try:
            tasks = [pool.submit(work, cell) for cell in cells]
            wait(tasks)
            return [task.result() for task in tasks]
        except BaseException:
            self.clock.cancelled = True
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _by_price(self, cells: list[Cell]) -> list[list[Cell]]:
        """Return cells in groups, those with dear M-steps last."""
        if not self.is_dear:
            return [cells]
        groups = [[cell for cell in cells if cell.family.identifier in later] for later in LATER]
        return [[cell for cell in cells if not any(cell in group for group in groups)], *groups]

    def _worthwhile(self, cells: list[Cell]) -> list[Cell]:
        """Return the cells that may win, as far as fits of families that contain theirs tell."""
        ranking = self._ranking()
        if not self.is_dear or not ranking or not self.fits[ranking[0]].sound:
            return cells
        best = self._bic(ranking[0])
        slack = SLACK * self.problem.rows.n_features
        kept = []
        for cell in cells:
            larger = [
                other
                for other in self.fits
                if other.n_components == cell.n_components
                and cell.family.identifier in contained(other.family.identifier)
            ]
            bounds = {
                other: self._bic_with(cell, self.fits[other].em.log_likelihood + slack) for other in larger
            }
            surest = max(larger, key=lambda other: bounds[other], default=None)
            if cell.family.identifier in frozenset().union(*LATER) and surest and bounds[surest] > best:
                self.messages[cell] = (
                    "not fitted: it could not be the best by BIC even if it were as likely as "
                    f"{surest.family.identifier}, which contains it"
                )
                self.n_done += 1
            else:
                kept.append(cell)
        return kept

    def _from_tree(self, cell: Cell) -> bool:
        """Fit a cell from the clusters of the tree."""
        if self.fits and self.clock.is_over:
            return False
        clock = self.clock if self.fits else Clock()
        begun = time.perf_counter()
        try:
            start = self.problem.start(cell)
            self._keep(cell, self._climb(cell, start, clock))
        except (DegenerateCovarianceError, np.linalg.LinAlgError):
            self.messages[cell] = "not fitted: a covariance became singular"
        self.seconds[cell] += time.perf_counter() - begun
        self.n_done += 1
        self._tell("models fitted")
        return True

    def _climb(self, cell: Cell, start: MixtureParameters, clock: Clock | None = None) -> CellFit:
        """Run EM on the rows that are searched on."""
        most = min(SHORT_ITER, self.max_iter) if self.is_dear else self.max_iter
        return self.problem.climb(cell, start, tol=self.tol, max_iter=most, clock=clock or self.clock)

    def _keep(self, cell: Cell, fit: CellFit) -> bool:
        """Take a fit if it is better than the one at hand; return whether."""
        if cell in self.fits and fit.merit <= self.fits[cell].merit:
            return False
        self.fits[cell] = fit
        return True

    def _agree(self, cells: Iterable[Cell]) -> bool:
        """Let cells start those that must be at least as likely; return whether any gained."""
        changed = False
        for family in self.families:
            changed |= any(self._each(self._from_parts, [cell for cell in cells if cell.family is family]))
        for number in self.numbers[1:]:
            changed |= any(
                self._each(self._from_fewer, [cell for cell in cells if cell.n_components == number])
            )
        return changed

    def _lags(self, cell: Cell, other: CellFit) -> bool:
        """Return whether a cell is less likely than another that it should not be less likely than."""
        mine = self.fits[cell]
        if not other.sound:
            return False
        if not mine.sound:
            return True
        return (other.em.log_likelihood - mine.em.log_likelihood) * self.problem.total_weight > NEGLIGIBLE

    def _from_parts(self, cell: Cell) -> bool:
        """Start a cell from the families that it contains, if one of those is likelier."""
        present = frozenset(family.identifier for family in self.families)
        others = [
            self.by_key[part, cell.n_components]
            for part in directly_contained(cell.family.identifier, present)
        ]
        return self._improve(
            cell,
            (
                self.problem.step_into(cell, self.fits[other].em.parameters)
                for other in others
                if other in self.fits and self._lags(cell, self.fits[other])
            ),
        )

    def _from_fewer(self, cell: Cell) -> bool:
        """Start a cell from the same family with fewer components, if that is likelier."""
        position = self.numbers.index(cell.n_components)
        other = self.by_key[cell.family.identifier, self.numbers[position - 1]]
        if other not in self.fits or not self._lags(cell, self.fits[other]):
            return False
        step = cell.n_components - other.n_components
        if step > 1:
            return False
        return self._improve(
            cell, proposals(self.problem, cell, below=self.fits[other], above=None, siblings=())
        )

    def _from_portfolio(self, cell: Cell) -> bool:
        """Start a cell from all starts that a mixture fitted alone would have."""
        if self.clock.is_over:
            return False
        generator = np.random.RandomState(cell.n_components)  # whichever thread comes first
        starts = STARTS["portfolio"](self.problem.data(cell.family), cell.n_components, generator)
        return self._improve(cell, screened(self.problem, cell, list(starts)))

    def _from_all_neighbours(self, cell: Cell) -> bool:
        """Start a cell from all neighbours there are."""
        if self.clock.is_over:
            return False
        below = self.by_key.get((cell.family.identifier, cell.n_components - 1))
        above = self.by_key.get((cell.family.identifier, cell.n_components + 1))
        siblings = [
            self.fits[other]
            for other in self.cells
            if other.n_components == cell.n_components and other is not cell and other in self.fits
        ]
        return self._improve(
            cell,
            proposals(
                self.problem,
                cell,
                below=self.fits.get(below) if below else None,
                above=self.fits.get(above) if above else None,
                siblings=siblings,
            ),
        )

    def _improve(self, cell: Cell, starts: Iterable[MixtureParameters]) -> bool:
        """Run EM from starts; return whether one led further up."""
        begun = time.perf_counter()
        before = self.fits[cell]
        for start in starts:
            if self.clock.is_over:
                break
            try:
                self._keep(cell, self._climb(cell, start))
            except DegenerateCovarianceError:  # from elsewhere the cell has a fit
                continue
        self.seconds[cell] += time.perf_counter() - begun
        after = self.fits[cell]
        gain = (after.em.log_likelihood - before.em.log_likelihood) * self.problem.total_weight
        return after.merit[0] != before.merit[0] or gain > NEGLIGIBLE

    def _ranking(self) -> list[Cell]:
        """Return the fitted cells by BIC, unsound ones last."""

        def merit(cell: Cell) -> tuple[bool, float]:
            return not self.fits[cell].sound, self._bic(cell)

        return sorted((cell for cell in self.cells if cell in self.fits), key=merit)

    def _bic(self, cell: Cell) -> float:
        """Return the criterion of a cell's fit, up to a constant that is common to all."""
        return self._bic_with(cell, self.fits[cell].em.log_likelihood)

    def _bic_with(self, cell: Cell, mean: float) -> float:
        """Return the criterion that a cell would have with a mean log-likelihood."""
        total = self.problem.total_weight
        return criteria.bic(mean * total, self._n_parameters(cell), total)

    def _n_parameters(self, cell: Cell) -> int:
        return n_free_parameters(cell.family, cell.n_components, self.problem.rows.n_features)

    def _finish(self) -> None:
        """Bring the best cells to convergence on all rows, until the best is among them."""
        if self.problem.is_sampled:
            for cell, fit in self.fits.items():
                mean = self.problem.mean_on_all(fit.em.parameters)
                em = replace(
                    fit.em, log_likelihood=mean, log_likelihoods=(mean,), path=(mean,), converged=False
                )
                self.fits[cell] = replace(fit, em=em)
        finished: set[Cell] = set()
        least = FINALISTS if self.problem.is_sampled else 1
        while not self.clock.is_over and len(finished) < MOST_FINALISTS:
            ranking = self._ranking()
            waiting = [cell for cell in ranking if cell not in finished]
            if not waiting or (ranking[0] in finished and len(finished) >= least):
                break
            cell = waiting[0]
            finished.add(cell)
            self._tell("the best models brought to convergence")
            begun = time.perf_counter()
            fit = self.fits[cell]
            try:
                found = self.problem.climb(
                    cell,
                    fit.em.parameters,
                    tol=self.fine_tol,
                    max_iter=self.max_iter,
                    clock=self.clock,
                    on_all=self.problem.is_sampled,
                )
            except DegenerateCovarianceError:
                self.messages[cell] = "a covariance became singular when fitted to all rows"
                continue
            finally:
                self.seconds[cell] += time.perf_counter() - begun
            total_iter = fit.em.n_iter + found.em.n_iter
            self.fits[cell] = replace(found, em=replace(found.em, n_iter=total_iter))

    def _row(self, cell: Cell) -> SelectionRow:
        """Describe a cell."""
        problem = self.problem
        total = problem.total_weight
        name = cell.family.identifier
        n_parameters = self._n_parameters(cell)
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

    def _tell(self, doing: str) -> None:
        if self.progress is not None:
            self.progress(self.n_done, len(self.cells), doing)


def _why_unsound(fit: CellFit) -> str:
    """Say what is wrong with a fit."""
    repaired = np.flatnonzero(fit.em.parameters.repaired).tolist()
    if repaired:
        return f"the covariance of component(s) {repaired} was held up at the least allowed variance"
    return "a component collapsed on a few rows"
