"""What the neighbours of a cell in the grid offer it to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.stack import MixtureStack, StatisticsStack, maximise_each
from gaussmix.core.statistics import Moments
from gaussmix.covariance import FAMILIES
from gaussmix.initialization.components import Parts, reduced
from gaussmix.initialization.moves import MOST_NUMBERS, Situation
from gaussmix.initialization.search import are_same
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
N_MERGERS = 2
N_CLIMBED = 2
"""Starts from which EM is run to the end, after a few iterations from each."""
SAME = 1e-5
"""Starts whose mean log-likelihoods differ by less after those count as the same."""


def surroundings(problem: Problem, cell: Cell, fit: CellFit) -> Situation | None:
    """Return how a fit's components may be split and merged, or nothing if its matrices would be too large.

    Parts are what they are in every family; where components share nothing all of them are split at once.

    Parameters
    ----------
    problem : Problem
    cell : Cell
    fit : CellFit
    """
    numbers = cell.n_components * problem.rows.n_features**2
    if numbers > MOST_NUMBERS // 10 and cell.family.moments not in MATRIX_MOMENTS:
        return None
    return Situation.of(
        problem.data(FREE[cell.family.moments]),
        problem.floor(cell).without_additions(),
        fit.em.parameters,
        np.random.RandomState(0),  # proposals must not hang on the order in which cells are visited
    )


def with_one_more(situation: Situation) -> list[Parts]:
    """Return components after the most promising splits of one of them."""
    splits = [(split.gain, k, split) for k, of_one in enumerate(situation.splits) for split in of_one]
    splits.sort(key=lambda entry: -entry[0])
    return [situation.parts.without((k,)) + split.halves for _, k, split in splits[:N_SPLITS]]


def with_one_less(situation: Situation) -> list[Parts]:
    """Return components after the mergers of two of them that lose least."""
    return [
        situation.parts.without(merger.numbers) + merger.remains for merger in situation.mergers[:N_MERGERS]
    ]


def proposals(
    problem: Problem, cell: Cell, fit: CellFit, others: Sequence[CellFit], parts: Sequence[Parts]
) -> list[MixtureParameters]:
    """Return the most promising starts for a cell, after a few iterations of EM from each.

    Parameters
    ----------
    problem : Problem
    cell : Cell
    fit : CellFit
        What is known of the cell. Starts that lead there again are left out.
    others : sequence of CellFit
        Of other families, with as many components.
    parts : sequence of Parts
        As many components each.
    """
    mixtures = [one.em.parameters for one in others if one.sound]
    mixtures = [one for one in mixtures if not are_same(one, fit.em.parameters)]
    starts = _starts(problem, cell, mixtures, parts)
    return [] if starts is None else screened(problem, cell, fit, starts)


def _starts(
    problem: Problem, cell: Cell, others: Sequence[MixtureParameters], parts: Sequence[Parts]
) -> MixtureStack | None:
    """Return mixtures with the components of others, and of parts, as a cell's E-step can read them.

    Components share nothing yet: the first M-step in the cell's family sees to that.
    """
    moments = cell.family.moments
    entries = [(one.weights, one.means, _second_moments(one, moments)) for one in others]
    for one in parts:
        total = one.counts.sum()
        entries.append((one.counts / total, one.means, reduced(one.scatter, moments) / total))
    if not entries:
        return None
    weights, means, second = (np.stack(arrays) for arrays in zip(*entries, strict=True))
    nothing = np.zeros(len(entries))
    statistics = StatisticsStack(
        means, weights, np.zeros_like(means), second, moments, nothing, nothing + 1.0
    )
    family = cell.family if moments is Moments.POOLED else FREE[moments]
    floor = replace(problem.floor(cell).without_additions(), prior=None)
    return replace(maximise_each(statistics, family, floor), family=cell.family)


def _second_moments(mixture: MixtureParameters, moments: Moments) -> np.ndarray:
    """Return what a row's second moments about its component's mean are on average, by component."""
    weights, representation = mixture.weights, mixture.family.representation
    shape = mixture.means.shape
    if moments in MATRIX_MOMENTS:
        return reduced(weights[:, None, None] * representation.matrices(mixture.covariances, *shape), moments)
    variances = weights[:, None] * representation.variances(mixture.covariances, *shape)
    return variances if moments is Moments.DIAGONAL else variances.sum(axis=1)


def screened(problem: Problem, cell: Cell, fit: CellFit, starts: MixtureStack) -> list[MixtureParameters]:
    """Return the best of some starts after a few iterations, those left out that lead to a fit again."""
    data = problem.data(cell.family)
    mixtures, statistics, _ = data.backend.run_each(
        data.rows,
        np.tile(np.array([[0, data.rows.n_rows]]), (len(starts), 1)),
        starts,
        problem.floor(cell).without_additions(),
        n_iter=SCREEN_ITER,
        tol=SCREEN_TOL,
    )
    means = statistics.mean_log_likelihood
    chosen: list[int] = []
    for s in np.argsort(-means, kind="stable").tolist():
        is_new = all(abs(means[s] - means[other]) > SAME for other in chosen)
        if is_new and not are_same(mixtures[s], fit.em.parameters):
            chosen.append(s)
        if len(chosen) == N_CLIMBED:
            break
    return [mixtures[s] for s in chosen]
