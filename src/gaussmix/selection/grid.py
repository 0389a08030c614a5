"""The search over the grid: a tree starts every cell, and neighbours start one another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import default_backend
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.initialization import STARTS
from gaussmix.initialization.search import are_same
from gaussmix.selection.neighbours import proposals, screened
from gaussmix.selection.nesting import contained, directly_contained
from gaussmix.selection.problem import Cell, CellFit, Clock, Problem
from gaussmix.selection.records import NEGLIGIBLE, GridResult, Records

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
        self.records = Records(problem, self.cells)
        self.found: dict[Cell, list[MixtureParameters]] = {}
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
                self.records.messages[cell] = message
        if not possible:
            # There has to be an answer, be it one that the floor alone keeps from being singular.
            some = [cell for cell in self.cells if cell.n_components <= self.problem.n_different]
            possible = sorted(some, key=lambda cell: self.records.n_parameters(cell))[:1]
            for cell in possible:
                self.records.messages[cell] = self.records.messages[cell].replace(
                    "not fitted", "held up by the floor alone"
                )
        self.problem.prepare(sorted({cell.n_components for cell in possible}))
        self.n_done = len(self.records.messages)
        # One cell is fitted whatever the time, so that there is an answer.
        self._each(self._from_tree, possible[:1])
        for cells in self._by_price(possible[1:]):
            self._each(self._from_tree, self._worthwhile(cells))
        fitted = [cell for cell in possible if cell in self.records.fits]
        if self.thorough:
            self._each(self._from_portfolio, fitted)
        for _ in range(1 if self.is_dear else MOST_ROUNDS):
            if not self._agree(fitted):
                break
        for _ in range(1 if self.is_dear else 2):
            contenders = self.records.ranking()[: None if self.thorough else CONTENDERS]
            changed = self._each(self._from_all_neighbours, contenders)
            if not any(changed):
                break
            self._agree(fitted)
        self._search_for_the_best(fitted)
        self._finish()
        timed_out = self.clock.is_over
        for cell in possible:
            if cell not in self.records.fits:
                self.records.messages.setdefault(cell, OUT_OF_TIME)
        rows = [self.records.row(cell) for cell in self.cells]
        return GridResult(self.records.fits, self.records.messages, rows, self.problem, timed_out)

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
        ranking = self.records.ranking()
        if not self.is_dear or not ranking or not self.records.fits[ranking[0]].sound:
            return cells
        best = self.records.bic(ranking[0])
        slack = SLACK * self.problem.rows.n_features
        kept = []
        for cell in cells:
            larger = [
                other
                for other in self.records.fits
                if other.n_components == cell.n_components
                and cell.family.identifier in contained(other.family.identifier)
            ]
            bounds = {
                other: self.records.bic_with(cell, self.records.fits[other].em.log_likelihood + slack)
                for other in larger
            }
            surest = max(larger, key=lambda other: bounds[other], default=None)
            if cell.family.identifier in frozenset().union(*LATER) and surest and bounds[surest] > best:
                self.records.messages[cell] = (
                    "not fitted: it could not be the best by BIC even if it were as likely as "
                    f"{surest.family.identifier}, which contains it"
                )
                self.n_done += 1
            else:
                kept.append(cell)
        return kept

    def _from_tree(self, cell: Cell) -> bool:
        """Fit a cell from the clusters of the tree."""
        if self.records.fits and self.clock.is_over:
            return False
        clock = self.clock if self.records.fits else Clock()
        begun = time.perf_counter()
        try:
            start = self.problem.start(cell)
            self.records.keep(cell, self._climb(cell, start, clock))
        except (DegenerateCovarianceError, np.linalg.LinAlgError):
            self.records.messages[cell] = "not fitted: a covariance became singular"
        self.records.seconds[cell] += time.perf_counter() - begun
        self.n_done += 1
        self._tell("models fitted")
        return True

    def _climb(self, cell: Cell, start: MixtureParameters, clock: Clock | None = None) -> CellFit:
        """Run EM on the rows that are searched on."""
        most = min(SHORT_ITER, self.max_iter) if self.is_dear else self.max_iter
        return self.problem.climb(cell, start, tol=self.tol, max_iter=most, clock=clock or self.clock)

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
                self.problem.step_into(cell, self.records.fits[other].em.parameters)
                for other in others
                if other in self.records.fits and self.records.lags(cell, self.records.fits[other])
            ),
        )

    def _from_fewer(self, cell: Cell) -> bool:
        """Start a cell from the same family with fewer components, if that is likelier."""
        position = self.numbers.index(cell.n_components)
        other = self.by_key[cell.family.identifier, self.numbers[position - 1]]
        if other not in self.records.fits or not self.records.lags(cell, self.records.fits[other]):
            return False
        step = cell.n_components - other.n_components
        if step > 1:
            return False
        return self._improve(
            cell, proposals(self.problem, cell, below=self.records.fits[other], above=None, siblings=())
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
            self.records.fits[other]
            for other in self.cells
            if other.n_components == cell.n_components and other is not cell and other in self.records.fits
        ]
        return self._improve(
            cell,
            proposals(
                self.problem,
                cell,
                below=self.records.fits.get(below) if below else None,
                above=self.records.fits.get(above) if above else None,
                siblings=siblings,
            ),
        )

    def _search_for_the_best(self, fitted: list[Cell]) -> None:
        """Search for the best optimum of the best cell, until the best is one that was searched."""
        while not self.clock.is_over:
            best = self.records.ranking()[0]
            if best in self.found:
                break
            if self._improve(best, self._search(best)):
                others = [cell for cell in fitted if cell.n_components == best.n_components]
                self._each(self._from_all_neighbours, others)
                self._agree(fitted)

    def _search(self, cell: Cell) -> list[MixtureParameters]:
        """Return where the search for a mixture fitted alone ends, or nothing if there is no search."""
        begun = time.perf_counter()
        self.found[cell] = []
        if cell.n_components > 1:
            with suppress(DegenerateCovarianceError):
                known = self.records.fits[cell].em.parameters
                self.found[cell] = [self.problem.search(cell, known, max_iter=self.max_iter)]
        self.records.seconds[cell] += time.perf_counter() - begun
        return self.found[cell]

    def _improve(self, cell: Cell, starts: Iterable[MixtureParameters]) -> bool:
        """Run EM from starts; return whether one led further up."""
        begun = time.perf_counter()
        before = self.records.fits[cell]
        for start in starts:
            if self.clock.is_over:
                break
            try:
                self.records.keep(cell, self._climb(cell, start))
            except DegenerateCovarianceError:  # from elsewhere the cell has a fit
                continue
        self.records.seconds[cell] += time.perf_counter() - begun
        after = self.records.fits[cell]
        gain = (after.em.log_likelihood - before.em.log_likelihood) * self.problem.total_weight
        return after.merit[0] != before.merit[0] or gain > NEGLIGIBLE

    def _finish(self) -> None:
        """Bring the best cells to convergence on all rows, until the best is among them."""
        if self.problem.is_sampled:
            for cell, fit in self.records.fits.items():
                mean = self.problem.mean_on_all(fit.em.parameters)
                em = replace(
                    fit.em, log_likelihood=mean, log_likelihoods=(mean,), path=(mean,), converged=False
                )
                self.records.fits[cell] = replace(fit, em=em)
        finished: set[Cell] = set()
        least = FINALISTS if self.problem.is_sampled else 1
        while not self.clock.is_over and len(finished) < MOST_FINALISTS:
            ranking = self.records.ranking()
            waiting = [cell for cell in ranking if cell not in finished]
            if not waiting or (ranking[0] in finished and len(finished) >= least):
                break
            cell = waiting[0]
            finished.add(cell)
            self._tell("the best models brought to convergence")
            if cell is ranking[0] and cell not in self.found:  # another than on a part of the rows
                self._search(cell)
            begun = time.perf_counter()
            fit = self.records.fits[cell]
            starts = [fit.em.parameters]
            if self.problem.is_sampled:  # what is best on a part of the rows need not be on all
                starts += [one for one in self.found.get(cell, ()) if not are_same(one, starts[0])]
            ends = []
            for start in starts:
                with suppress(DegenerateCovarianceError):
                    ends.append(self._climb_to_the_end(cell, start))
            self.records.seconds[cell] += time.perf_counter() - begun
            if not ends:
                self.records.messages[cell] = "a covariance became singular when fitted to all rows"
                continue
            best = max(ends, key=lambda end: end.merit)
            n_iter = fit.em.n_iter + best.em.n_iter
            self.records.fits[cell] = replace(best, em=replace(best.em, n_iter=n_iter))

    def _climb_to_the_end(self, cell: Cell, start: MixtureParameters) -> CellFit:
        """Run EM to convergence on all rows."""
        return self.problem.climb(
            cell,
            start,
            tol=self.fine_tol,
            max_iter=self.max_iter,
            clock=self.clock,
            on_all=self.problem.is_sampled,
        )

    def _tell(self, doing: str) -> None:
        if self.progress is not None:
            self.progress(self.n_done, len(self.cells), doing)
