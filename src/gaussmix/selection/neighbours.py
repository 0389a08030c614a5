"""What the neighbours of a cell in the grid offer it to start from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.stack import MixtureStack
from gaussmix.core.statistics import Moments
from gaussmix.covariance import FAMILIES
from gaussmix.initialization.components import Parts
from gaussmix.initialization.moves import MOST_NUMBERS, Situation
from gaussmix.selection.problem import MATRIX_MOMENTS, Cell, CellFit, Problem

FREE = {
    Moments.FULL: FAMILIES["VVV"],
    Moments.POOLED: FAMILIES["VVV"],
    Moments.DIAGONAL: FAMILIES["VVI"],
    Moments.TRACE: FAMILIES["VII"],
}
"""For each kind of moments the family in which components share nothing."""
SCREEN_ITER = 5
SCREEN_TOL = 1e-4
N_SPLITS = 4
N_SIBLINGS = 4
N_MERGERS = 2
N_CLIMBED = 2
"""Starts from which EM is run to the end, after a few iterations from each."""
SAME = 1e-5
"""Starts whose mean log-likelihoods differ by less after those count as the same."""


def proposals(
    problem: Problem,
    cell: Cell,
    *,
    below: CellFit | None,
    above: CellFit | None,
    siblings: Sequence[CellFit],
) -> list[MixtureParameters]:
    """Return the most promising starts, after a few iterations of EM from each.

    Parameters
    ----------
    problem : Problem
    cell : Cell
    below, above : CellFit or None
        Of the same family with one component less, of which one is split, or more, of which two merge.
    siblings : sequence of CellFit
        Of other families with as many components.
    """
    starts = [problem.step_into(cell, one.em.parameters) for one in _different(siblings)]
    n_components, n_features = cell.n_components, problem.rows.n_features
    if (n_components + 1) * n_features**2 <= MOST_NUMBERS // 10 or cell.family.moments in MATRIX_MOMENTS:
        regularization = problem.floor(cell).without_additions()
        starts += [
            parts.mixture(cell.family, regularization)
            for parts in _split_or_merged(problem, cell, below, above)
        ]
    if not starts:
        return []
    return screened(problem, cell, starts)


def _different(fits: Sequence[CellFit]) -> list[CellFit]:
    """Return the likeliest fits, those of collapsed components left out."""
    sound = [fit for fit in fits if fit.sound]
    return sorted(sound, key=lambda fit: -fit.em.log_likelihood)[:N_SIBLINGS]


def _split_or_merged(
    problem: Problem, cell: Cell, below: CellFit | None, above: CellFit | None
) -> list[Parts]:
    """Return components after a split of one, or a merger of two."""
    # Parts are what they are in every family; where components share nothing all of them are split at once.
    data = problem.data(FREE[cell.family.moments])
    found: list[Parts] = []
    regularization = problem.floor(cell).without_additions()
    generator = np.random.RandomState(0)  # proposals must not hang on the order in which cells are visited
    if below is not None:
        situation = Situation.of(data, regularization, below.em.parameters, generator)
        splits = [(split.gain, k, split) for k, of_one in enumerate(situation.splits) for split in of_one]
        splits.sort(key=lambda entry: -entry[0])
        found += [situation.parts.without((k,)) + split.halves for _, k, split in splits[:N_SPLITS]]
    if above is not None:
        situation = Situation.of(data, regularization, above.em.parameters, generator)
        for merger in situation.mergers[:N_MERGERS]:
            found.append(situation.parts.without(merger.numbers) + merger.remains)
    return found


def screened(problem: Problem, cell: Cell, starts: list[MixtureParameters]) -> list[MixtureParameters]:
    """Return the best of some starts after a few iterations."""
    data = problem.data(cell.family)

    mixtures, statistics, _ = data.backend.run_each(
        data.rows,
        np.tile(np.array([[0, data.rows.n_rows]]), (len(starts), 1)),
        MixtureStack.of(starts),
        problem.floor(cell).without_additions(),
        n_iter=SCREEN_ITER,
        tol=SCREEN_TOL,
    )
    means = statistics.mean_log_likelihood
    chosen: list[int] = []
    for s in np.argsort(-means, kind="stable").tolist():
        if all(abs(means[s] - means[other]) > SAME for other in chosen):
            chosen.append(s)
        if len(chosen) == N_CLIMBED:
            break
    return [mixtures[s] for s in chosen]
