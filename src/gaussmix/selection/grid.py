"""The search over the grid: a tree starts every cell, and neighbours start one another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import default_backend
from gaussmix.core import criteria
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.initialization import STARTS
from gaussmix.initialization.components import Parts
from gaussmix.initialization.search import are_same
from gaussmix.selection.neighbours import (
    proposals,
    screened,
    surroundings,
    with_one_less,
    with_one_more,
)
from gaussmix.selection.nesting import contained, directly_contained, directly_containing
from gaussmix.selection.problem import Cell, CellFit, Clock, Problem
from gaussmix.selection.records import NEGLIGIBLE, GridResult, Records

REMAINING = 2e-4
"""What an iteration of EM may gain, summed over all rows, where it stops in a cell that is not chosen."""
MOST_ROUNDS = 4
"""Passes over the grid in which neighbours start one another."""
CONTENDERS = 6
"""Cells that are looked at closely, as they may be the best."""
STEP = 0.25
"""By how much the number of components grows, relatively, where more are compared."""
ROWS_A_FEATURE = 10
"""Different rows a feature and component, on average, up to which more are compared."""
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
    goes_on: bool = False,
    thorough: bool = False,
    n_threads: int = 1,
    clock: Clock | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    prior: Prior | None = None,
    criterion: str = "bicc",
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
    goes_on : bool
        Compare more components, in the families of the best cells, as long as the best have the most.
    thorough : bool
        Look as closely at cells that cannot be the best as at those that can.
    n_threads : int
    clock : Clock, optional
        When to stop.
    progress : callable, optional
        Called with the number of cells that are done, of all, and what is being done.
    prior : Prior, optional
    criterion : {"bicc", "bic"}
        What cells are ranked by, and so which are looked at closely.
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
    search = _GridSearch(
        problem, ordered, numbers, tol, max_iter, goes_on, thorough, n_threads, clock, progress, criterion
    )
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
        goes_on: bool,
        thorough: bool,
        n_threads: int,
        clock: Clock,
        progress: Callable[[int, int, str], None] | None,
        criterion: str,
    ) -> None:
        self.problem = problem
        self.families = families
        self.present = frozenset(family.identifier for family in families)
        self.numbers = numbers
        self.goes_on = goes_on
        self.cells: list[Cell] = []
        self.by_key: dict[tuple[str, int], Cell] = {}
        self.max_iter = max_iter
        self.thorough = thorough
        self.fine_tol = tol
        self.tol = max(tol, REMAINING / problem.total_weight)
        self.clock = clock
        self.progress = progress
        self.records = Records(problem, self.cells, criterion)
        self.found: dict[Cell, list[MixtureParameters]] = {}
        rows, features = problem.data(families[0]).rows.n_rows, problem.rows.n_features
        self.cost = rows * max(numbers) * features**2
        self.is_dear = self.cost >= DEAR
        self.n_threads = n_threads if self.cost >= WORTH_THREADS else 1
        self._add([Cell(family, number) for number in numbers for family in families])

    def run(self) -> GridResult:
        """Search, finish, and describe what was found."""
        possible = self._possible(self.cells)
        if not possible:
            # There has to be an answer, be it one that the floor alone keeps from being singular.
            some = [cell for cell in self.cells if cell.n_components <= self.problem.n_different]
            possible = sorted(some, key=lambda cell: self.records.n_parameters(cell))[:1]
            for cell in possible:
                self.records.messages[cell] = self.records.messages[cell].replace(
                    "not fitted", "held up by the floor alone"
                )
        self._fit(possible)
        if self.records.fits:
            self._search_for_the_best()
        before = dict(self.records.fits)
        self._finish()
        if self.thorough and before:
            finished = dict(self.records.fits)
            self.records.fits.update(before)
            self._look_closely(possible)
            self._finish()
            for cell, fit in finished.items():  # more work never makes a cell worse
                self.records.keep(cell, fit)
        timed_out = self.clock.is_over
        for cell in self.cells:
            if cell not in self.records.fits:
                self.records.messages.setdefault(cell, OUT_OF_TIME)
        rows = [self.records.row(cell) for cell in self.cells]
        return GridResult(
            self.records.fits, self.records.messages, rows, self.problem, timed_out, self.records.ranking()
        )

    def _add(self, cells: Sequence[Cell]) -> None:
        """Take cells into the grid, by number of components and family."""
        self.by_key.update({cell.key: cell for cell in cells})
        self.cells[:] = [
            self.by_key[family.identifier, number]
            for number in self.numbers
            for family in self.families
            if (family.identifier, number) in self.by_key
        ]
        self.records.seconds.update(dict.fromkeys(cells, 0.0))

    def _possible(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return the cells for which there are rows enough, and note why the others are none."""
        possible = []
        for cell in cells:
            message = self.problem.too_few_rows(cell)
            if message is None:
                possible.append(cell)
            else:
                self.records.messages[cell] = message
        return possible

    def _fit(self, cells: Sequence[Cell]) -> None:
        """Fit cells from the tree, and let them start one another."""
        self.problem.prepare(sorted({cell.n_components for cell in cells}))
        # One cell is fitted whatever the time, so that there is an answer.
        self._each(self._from_tree, cells[:1])
        for group in self._by_price(cells[1:]):
            self._each(self._from_tree, self._worthwhile(group))
        fitted = [cell for cell in cells if cell in self.records.fits]
        for _ in range(1 if self.is_dear else MOST_ROUNDS):
            if not self._agree(fitted):
                break
        contenders = [cell for cell in self.records.ranking()[:CONTENDERS] if cell in fitted]
        if self._exchange(contenders):
            self._agree(fitted)

    def _search_for_the_best(self) -> None:
        """Search for the best optimum of the best cell, until the best is one that was searched.

        Other numbers of components are compared on the way, until the best is between two that were. Where
        that went on, or a search has found more than the grid had, optima beside the best may be bad, too:
        those with one component less and more are searched as well.
        """
        few, gained = len(self.numbers), False
        while not self.clock.is_over:
            best = self._best()
            number = self._next_number(best.n_components) if self.goes_on else None
            if number is not None:
                self._compare_with(number)
                continue
            steps = (0, -1, 1) if gained or len(self.numbers) > few else (0,)
            keys = [(best.family.identifier, best.n_components + step) for step in steps]
            beside = [self.by_key[key] for key in keys if key in self.by_key]
            waiting = [cell for cell in beside if cell in self.records.fits and cell not in self.found]
            if not waiting:
                break
            if self._improve(waiting[0], self._search(waiting[0])):
                gained = True
                fitted = list(self.records.fits)
                number = waiting[0].n_components
                self._exchange([cell for cell in fitted if cell.n_components == number])
                self._agree(fitted)

    def _best(self) -> Cell:
        """Return the best cell, judged by as many rows as are searched on.

        Taken for that of all, the likelihood of a part of the rows prefers what fits that part too closely.
        """
        if not self.problem.is_sampled:
            return self.records.ranking()[0]
        n_rows = float(self.problem.data(self.families[0]).rows.n_rows)

        def merit(cell: Cell) -> tuple[bool, float]:
            fit = self.records.fits[cell]
            value = criteria.bic(fit.em.log_likelihood * n_rows, self.records.n_parameters(cell), n_rows)
            return not fit.sound, value

        return min((cell for cell in self.cells if cell in self.records.fits), key=merit)

    def _next_number(self, best: int) -> int | None:
        """Return the number of components to compare next with the best, if there is any.

        Beyond the largest, steps grow with the number; then those between are halved.
        """
        most = self.problem.n_different // (ROWS_A_FEATURE * self.problem.rows.n_features)
        if best == self.numbers[-1]:
            number = min(best + max(1, round(best * STEP)), most)
            return number if number > best else None
        place = self.numbers.index(best)
        for other in (self.numbers[place + 1], self.numbers[max(place - 1, 0)]):
            if abs(other - best) > 1:
                return (best + other) // 2
        return None

    def _compare_with(self, number: int) -> None:
        """Take another number of components into the grid, in the families of the best cells."""
        self.numbers = sorted({*self.numbers, number})
        families = {cell.family.identifier: cell.family for cell in self.records.ranking()[:CONTENDERS]}
        cells = [Cell(family, number) for family in self.families if family.identifier in families]
        self._add(cells)
        self._fit(self._possible(cells))

    def _look_closely(self, cells: Sequence[Cell]) -> None:
        """Look at every cell as at one that may be the best."""
        self.is_dear = False
        for cell in cells:  # those that were passed over
            if cell not in self.records.fits:
                self.records.messages.pop(cell, None)
                self._from_tree(cell)
        fitted = list(self.records.fits)
        self._each(self._from_portfolio, fitted)
        for _ in range(MOST_ROUNDS):
            self._agree(fitted)
            if not self._exchange(fitted):
                break
        self._agree(fitted)
        self._search_for_the_best()

    def _from_portfolio(self, cell: Cell) -> bool:
        """Go on from where a cell has come, and from all starts that a mixture fitted alone would have."""
        if self.clock.is_over:
            return False
        fit = self.records.fits[cell]
        generator = np.random.RandomState(cell.n_components)  # whichever thread comes first
        starts = STARTS["portfolio"](self.problem.data(cell.family), cell.n_components, generator)
        found = screened(self.problem, cell, fit, MixtureStack.of(list(starts)))
        return self._improve(cell, [fit.em.parameters, *found])

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

    def _by_price(self, cells: Sequence[Cell]) -> list[list[Cell]]:
        """Return cells in groups, those with dear M-steps last."""
        if not self.is_dear:
            return [list(cells)]
        groups = [[cell for cell in cells if cell.family.identifier in later] for later in LATER]
        return [[cell for cell in cells if not any(cell in group for group in groups)], *groups]

    def _worthwhile(self, cells: list[Cell]) -> list[Cell]:
        """Return the cells that may win, as far as fits of families that contain theirs tell."""
        ranking = self.records.ranking()
        if not self.is_dear or not ranking or not self.records.fits[ranking[0]].sound:
            return cells
        best = self.records.value(ranking[0])
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
                other: self.records.value_with(cell, self.records.fits[other].em.log_likelihood + slack)
                for other in larger
            }
            surest = max(larger, key=lambda other: bounds[other], default=None)
            if cell.family.identifier in frozenset().union(*LATER) and surest and bounds[surest] > best:
                self.records.messages[cell] = (
                    "not fitted: it could not be the best even if it were as likely as "
                    f"{surest.family.identifier}, which contains it"
                )
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
        others = [
            self.by_key.get((part, cell.n_components))
            for part in directly_contained(cell.family.identifier, self.present)
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
        """Start a cell from the same family with one component less, if that is likelier."""
        below = self.by_key.get((cell.family.identifier, cell.n_components - 1))
        if below not in self.records.fits or not self.records.lags(cell, self.records.fits[below]):
            return False
        situation = surroundings(self.problem, below, self.records.fits[below])
        if situation is None:
            return False
        parts = with_one_more(situation)
        return self._improve(cell, proposals(self.problem, cell, self.records.fits[cell], (), parts))

    def _exchange(self, cells: Sequence[Cell]) -> bool:
        """Let cells start one another where neither must be the likelier; return whether any gained.

        Each is started from the families that contain its own, largest first, and by splits and mergers from
        the best cells with one component less and more.
        """
        parts = {number: self._parts_of_best(number) for number in {cell.n_components for cell in cells}}
        changed = False
        for family in reversed(self.families):
            start = partial(self._from_neighbours, parts=parts)
            changed |= any(self._each(start, [cell for cell in cells if cell.family is family]))
        return changed

    def _parts_of_best(self, number: int) -> list[Parts]:
        """Return so many components, made from the best cells with one less and one more."""
        found = []
        for other, made in ((number - 1, with_one_more), (number + 1, with_one_less)):
            best = next((cell for cell in self.records.ranking() if cell.n_components == other), None)
            if best is not None and not self.clock.is_over:
                situation = surroundings(self.problem, best, self.records.fits[best])
                found += [] if situation is None else made(situation)
        return found

    def _from_neighbours(self, cell: Cell, parts: Mapping[int, Sequence[Parts]]) -> bool:
        """Start a cell from the families that contain its own, and from parts of its number."""
        if self.clock.is_over:
            return False
        begun = time.perf_counter()
        others = [
            self.records.fits[other]
            for name in directly_containing(cell.family.identifier, self.present)
            if (other := self.by_key.get((name, cell.n_components))) in self.records.fits
        ]
        starts = proposals(self.problem, cell, self.records.fits[cell], others, parts[cell.n_components])
        self.records.seconds[cell] += time.perf_counter() - begun
        return self._improve(cell, starts)

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
            n_done = len(self.records.fits.keys() | self.records.messages.keys())
            self.progress(n_done, len(self.cells), doing)
