"""Mixtures with one component more: many starts side by side, and the likeliest of where they end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack, StatisticsStack, maximise_each
from gaussmix.inference.refits import Problem, refit
from gaussmix.inference.resampling import Batch
from gaussmix.initialization.components import reduced

N_AXES = 3
STEP = 0.8
"""Distance of the two halves of a split from its middle, in standard deviations along the axis."""
CONCENTRIC = ((0.15, 0.05), (0.5, 0.4), (0.85, 0.6))
"""Shares of the inner one of two concentric parts, and its variance relative to that of both."""
N_ROWS = 8
"""Rows of each table about which a small component is placed."""
N_FRESH = 20
"""Starts with all components about random rows."""
SMALL = (0.15, 0.05)
"""Share that it takes of the component which the row belongs to, and its relative variance."""
N_ITER = 40
LEAST_GAIN = 1e-5
SAME = 1e-4
"""Solutions whose mean log-likelihoods differ by less, in nats a row, are taken for the same."""
N_POLISHED = 6

CountSpikes = Callable[[MixtureStack, Array], NDArray[np.intp]]


def with_one_more(
    problem: Problem,
    batch: Batch,
    smaller: MixtureStack,
    generator: np.random.RandomState,
    n_spikes: CountSpikes,
) -> Array:
    """Return how likely mixtures with one component more can be on each table of a batch.

    Each component in turn is split in several ways, small components are placed about random rows, and all
    about random rows. All that runs a few iterations side by side; the best of each table are polished.
    Solutions with a component that has collapsed on a few rows are passed over.

    Parameters
    ----------
    problem : Problem
    batch : Batch
    smaller : MixtureStack
        A mixture for each table, to begin with.
    generator : numpy.random.RandomState
    n_spikes : callable
        Counts the components of mixtures that have collapsed on a few rows, given how many rows each has.

    Returns
    -------
    ndarray of shape (S,)
        Mean log-likelihood a row of the best mixture found; minus infinity if all had collapsed.
    """
    starts, tables = _starts(problem, batch, smaller, generator)
    screened, statistics, _ = problem.data.backend.run_each(
        batch.rows,
        batch.ranges[tables],
        starts,
        problem.data.regularization,
        n_iter=N_ITER,
        tol=LEAST_GAIN,
    )
    log_likelihood = statistics.mean_log_likelihood
    chosen = _different(log_likelihood, tables)
    spiked = _are_spiked(screened.take(chosen), batch, tables[chosen], n_spikes)
    merit = np.where(spiked, -np.inf, log_likelihood[chosen])
    chosen = chosen[_best(merit, tables[chosen], N_POLISHED)]
    mine = tables[chosen]
    polished = refit(problem, _of_tables(batch, mine), screened.take(chosen))
    spiked = _are_spiked(polished.mixtures, batch, mine, n_spikes)
    merit = np.where(spiked | polished.emptied, -np.inf, polished.log_likelihood)
    return np.asarray(merit[_best(merit, mine, 1)])


def _best(merit: Array, tables: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    """Return the positions of the best few of each table, by table."""
    order = np.lexsort((-merit, tables))
    ranks = np.arange(len(order)) - np.searchsorted(tables[order], tables[order])
    return np.asarray(order[ranks < number])


def _different(merit: Array, tables: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the positions of solutions that are not as likely as another of their table, by table."""
    order = np.lexsort((-merit, tables))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(tables[order]) > 0) | ~(-np.diff(merit[order]) < SAME)
    return np.asarray(order[first])


def _are_spiked(
    mixtures: MixtureStack, batch: Batch, tables: NDArray[np.intp], n_spikes: CountSpikes
) -> NDArray[np.bool_]:
    """Return which mixtures have a component that has collapsed on a few rows of their table."""
    sizes = batch.ranges[tables, 1] - batch.ranges[tables, 0]
    return n_spikes(mixtures, mixtures.weights * sizes[:, None]) > 0


def n_starts(smaller: MixtureParameters) -> int:
    """Return from how many starts `with_one_more` begins for each table."""
    n_components, n_features = smaller.means.shape
    return N_ROWS + N_FRESH + n_components * (min(N_AXES, n_features) + len(CONCENTRIC))


def _starts(
    problem: Problem, batch: Batch, smaller: MixtureStack, generator: np.random.RandomState
) -> tuple[MixtureStack, NDArray[np.intp]]:
    """Return mixtures to start from, and the table that each is for."""
    n_tables, n_components, n_features = smaller.means.shape
    representation = smaller.family.representation
    covariances = np.stack(
        [representation.matrices(one, n_components, n_features) for one in smaller.covariances]
    )
    parts = [
        _split(smaller.weights, smaller.means, covariances, *halves, np.full(n_tables, k))
        for k in range(n_components)
        for halves in _halves(smaller.means[:, k], covariances[:, k])
    ]
    tables = np.arange(n_tables)
    for _ in range(N_ROWS):
        begins, ends = batch.ranges.T
        drawn = begins + (generator.uniform(size=n_tables) * (ends - begins)).astype(np.int64)
        row = batch.rows.coordinates.to_working(batch.rows.X[drawn])
        owner = _owners(smaller, covariances, row)
        mean, covariance = smaller.means[tables, owner], covariances[tables, owner]
        share, variance = SMALL
        parts.append(
            _split(
                smaller.weights,
                smaller.means,
                covariances,
                np.array([share, 1.0 - share]),
                np.stack([row, mean], axis=1),
                np.stack([variance * covariance, covariance], axis=1),
                owner,
            )
        )
    within = np.einsum("sk,skde->sde", smaller.weights, covariances)
    for _ in range(N_FRESH):
        begins, ends = batch.ranges.T
        shares = generator.uniform(size=(n_components + 1, n_tables))
        drawn = begins + (shares * (ends - begins)).astype(np.int64)
        rows = batch.rows.coordinates.to_working(batch.rows.X[drawn.ravel()])
        parts.append(
            (
                np.full((n_tables, n_components + 1), 1.0 / (n_components + 1)),
                rows.reshape(n_components + 1, n_tables, n_features).swapaxes(0, 1),
                np.repeat(within[:, None], n_components + 1, axis=1),
            )
        )
    weights, means, matrices = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    counts = weights * problem.total_weight
    statistics = StatisticsStack(
        means,
        counts,
        np.zeros_like(means),
        reduced(matrices * counts[..., None, None], smaller.family.moments),
        smaller.family.moments,
        np.zeros(len(counts)),
        counts.sum(axis=1),
    )
    stack = maximise_each(statistics, smaller.family, problem.data.regularization)
    return stack, np.tile(tables, len(parts))


def _halves(means: Array, covariances: Array) -> list[tuple[Array, Array, Array]]:
    """Return ways to split one component of each mixture.

    They are shares (2,), means (S, 2, D) and covariances (S, 2, D, D) of the halves.
    """
    values, vectors = np.linalg.eigh(covariances)
    ways = []
    for axis in range(1, min(N_AXES, means.shape[1]) + 1):
        along = STEP * vectors[:, :, -axis] * np.sqrt(np.maximum(values[:, -axis], 0.0))[:, None]
        within = covariances - along[:, :, None] * along[:, None, :]
        ways.append(
            (
                np.array([0.5, 0.5]),
                np.stack([means - along, means + along], axis=1),
                np.stack([within, within], axis=1),
            )
        )
    for share, inner in CONCENTRIC:
        outer = (1.0 - share * inner) / (1.0 - share)
        ways.append(
            (
                np.array([share, 1.0 - share]),
                np.stack([means, means], axis=1),
                np.stack([inner * covariances, outer * covariances], axis=1),
            )
        )
    return ways


def _split(
    weights: Array,
    means: Array,
    covariances: Array,
    shares: Array,
    half_means: Array,
    half_covariances: Array,
    which: NDArray[np.intp],
) -> tuple[Array, Array, Array]:
    """Return mixtures in which one component of each is replaced by two."""
    tables = np.arange(len(weights))
    new_weights = np.concatenate([weights, np.zeros((len(weights), 1))], axis=1)
    new_means = np.concatenate([means, half_means[:, 1:]], axis=1)
    new_covariances = np.concatenate([covariances, half_covariances[:, 1:]], axis=1)
    new_weights[:, -1] = shares[1] * weights[tables, which]
    new_weights[tables, which] *= shares[0]
    new_means[tables, which] = half_means[:, 0]
    new_covariances[tables, which] = half_covariances[:, 0]
    return new_weights, new_means, new_covariances


def _owners(mixtures: MixtureStack, covariances: Array, rows: Array) -> NDArray[np.intp]:
    """Return the most probable component of one row of each mixture."""
    difference = rows[:, None] - mixtures.means
    squared = np.einsum(
        "skd,skd->sk", difference, np.linalg.solve(covariances, difference[..., None])[..., 0]
    )
    with np.errstate(divide="ignore"):
        log_joint = np.log(mixtures.weights) - 0.5 * (squared + np.linalg.slogdet(covariances)[1])
    return np.asarray(log_joint.argmax(axis=1))


def _of_tables(batch: Batch, tables: NDArray[np.intp]) -> Batch:
    """Return a batch in which tables occur as often as they are named."""
    return replace(batch, ranges=batch.ranges[tables])
