"""Splits of components: which of them would be better described by two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import CovarianceFamily, Regularization
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.stack import penalised_each
from gaussmix.core.statistics import Moments
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.components import Parts, PartsStack
from gaussmix.initialization.spikes import least_rows

N_AXES = 3
N_RANDOM_PAIRS = 2
N_RANDOM_ROWS = 2
STEP = 0.8
"""Distance of the two halves of a split from its middle, in standard deviations along the axis."""
CONCENTRIC = ((0.15, 0.05), (0.5, 0.4), (0.85, 0.6))
"""Shares of the inner one of two concentric parts, and its variance relative to that of both."""
SMALL = CONCENTRIC[0]
"""The same for a small part about a random row within the whole."""
N_ITER = 12
LEAST_GAIN = 1e-5
LEAST_RESPONSIBILITY = 1e-3
LARGEST_NUMBER_OF_ROWS = 1000
ROWS_A_PARAMETER = 8
"""A component with more rows than these is split by a part of them."""
SAME_GAIN = 2e-4
"""Splits whose gains differ by less, in nats a row, are the same split."""


@dataclass(frozen=True)
class Split:
    """A component in two halves.

    Parameters
    ----------
    gain : float
        What the log-likelihood, summed over rows, gains at least if the halves take the component's place.
    halves : Parts
    """

    gain: float
    halves: Parts


def find_splits(
    data: StartingData,
    regularization: Regularization,
    responsibilities: Array,
    groups: Parts,
    generator: np.random.RandomState,
    *,
    number: int,
) -> list[list[Split]]:
    """Return for each group of rows the best ways found to describe it by two components.

    Each group is fitted by EM with two components from a few starts: halves along its longest axes, one
    within the other, and about pairs of its rows. All the fits run side by side.

    Parameters
    ----------
    data : StartingData
        Its sample is worked on.
    regularization : Regularization
    responsibilities : ndarray of shape (M, G)
        How much of each row of the sample belongs to each group.
    groups : Parts
        The groups' counts, means and scatter.
    generator : numpy.random.RandomState
    number : int
        Largest number of splits of a group to return, each different from the others, best first.
    """
    family = data.family
    found: list[list[Split]] = [[] for _ in range(len(groups))]
    chosen, rows, bounds = _rows_of_groups(data, responsibilities, groups, family)
    if not chosen.size:
        return found
    groups = groups[chosen]
    starts = _starts(rows, bounds, groups, generator, data.spread)
    n_trials = len(starts.counts) // len(groups)
    ranges = np.repeat(bounds, n_trials, axis=0)
    try:
        stack = starts.mixtures(family, regularization)
    except DegenerateCovarianceError:  # a group as good as singular: nothing to split
        return found

    mixtures, statistics, _ = data.backend.run_each(
        rows, ranges, stack, regularization, n_iter=N_ITER, tol=LEAST_GAIN
    )
    full = statistics
    if family.moments is not Moments.FULL:
        full = data.backend.expect_each(rows, ranges, mixtures.density(), Moments.FULL)
    wholes = _log_likelihoods_of_wholes(data, rows, bounds, groups, regularization)
    # A group may be represented by a part of its rows.
    shares = np.repeat(groups.counts, n_trials) / statistics.total_weight
    gains = (statistics.log_likelihood - np.repeat(wholes, n_trials)) * shares
    same = SAME_GAIN * float(data.sample.weights.sum())
    of_halves = statistics.counts * shares[:, None]
    n_spikes = data.count_spikes_each(mixtures, of_halves)
    # Of the rows of one component alone some always lie far out.
    n_spikes += (of_halves * data.rows_a_weight < least_rows(family, rows.n_features)).any(axis=1)
    for g, group in enumerate(chosen):
        trials = range(g * n_trials, (g + 1) * n_trials)
        for s in sorted(trials, key=lambda s: -gains[s]):
            splits = found[group]
            if len(splits) == number:
                break
            counts = statistics.counts[s] * shares[s]
            if (splits and splits[-1].gain - gains[s] <= same) or counts.min() <= 0:
                continue
            if not n_spikes[s]:
                splits.append(Split(float(gains[s]), Parts.of(full[s]).scaled(shares[s])))
    return found


def _rows_of_groups(
    data: StartingData, responsibilities: Array, groups: Parts, family: CovarianceFamily
) -> tuple[NDArray[np.intp], Rows, NDArray[np.int64]]:
    """Return the groups that have rows for two components, their rows one after the other, and where."""
    z, weights = data.sample.z, data.sample.weights
    n_features = z.shape[1]
    a_component = n_features + family.n_parameters(1, n_features)
    most = max(LARGEST_NUMBER_OF_ROWS, ROWS_A_PARAMETER * a_component)
    chosen, rows, parts, bounds, end = [], [], [], [], 0
    for g in range(len(groups)):
        members = np.flatnonzero(responsibilities[:, g] > LEAST_RESPONSIBILITY)
        if groups.counts[g] * data.rows_a_weight < 2 * least_rows(family, n_features):
            continue
        members = members[:: max(1, len(members) // most)]
        chosen.append(g)
        rows.append(members)
        parts.append(responsibilities[members, g] * weights[members])
        bounds.append((end, end + len(members)))
        end += len(members)
    if not chosen:
        return np.empty(0, dtype=np.intp), data.rows, np.empty((0, 2), dtype=np.int64)
    together = np.ascontiguousarray(z[np.concatenate(rows)])
    return (
        np.array(chosen),
        Rows(together, Coordinates.identity(n_features), np.concatenate(parts)),
        np.array(bounds, dtype=np.int64),
    )


def _starts(
    rows: Rows, bounds: NDArray[np.int64], groups: Parts, generator: np.random.RandomState, spread: Array
) -> PartsStack:
    """Return first halves of each group: all but random ones keep its mean and scatter."""
    n_features = groups.means.shape[1]
    n_axes = min(N_AXES, n_features)
    covariances = groups.scatter / groups.counts[:, None, None]
    values, vectors = np.linalg.eigh(covariances / spread / spread[:, None])
    values = np.maximum(values[:, -n_axes:], 0.0)
    # Vectors of one standard deviation along each of the longest axes, shape (G, axes, D).
    axes = vectors[:, :, -n_axes:].swapaxes(1, 2) * np.sqrt(values)[:, :, None] * spread
    n_fixed = n_axes + len(CONCENTRIC)
    n_trials = n_fixed + N_RANDOM_PAIRS + N_RANDOM_ROWS
    shares = np.full((n_trials, 2), 0.5)
    means = np.repeat(groups.means[:, None, None], n_trials, axis=1).repeat(2, axis=2)
    within = np.repeat(covariances[:, None, None], n_trials, axis=1).repeat(2, axis=2)
    along = STEP * axes
    means[:, :n_axes, 0] -= along
    means[:, :n_axes, 1] += along
    within[:, :n_axes] -= (along[..., :, None] * along[..., None, :])[:, :, None]
    for trial, (share, inner) in enumerate(CONCENTRIC, n_axes):
        shares[trial] = share, 1.0 - share
        within[:, trial, 0] *= inner
        within[:, trial, 1] *= (1.0 - share * inner) / (1.0 - share)
    pairs = slice(n_fixed, n_fixed + N_RANDOM_PAIRS)
    rows_alone = slice(n_fixed + N_RANDOM_PAIRS, n_trials)
    means[:, pairs] = _random_rows(rows, bounds, generator, 2 * N_RANDOM_PAIRS).reshape(means[:, pairs].shape)
    within[:, pairs] *= 0.5
    means[:, rows_alone, 0] = _random_rows(rows, bounds, generator, N_RANDOM_ROWS)
    shares[rows_alone] = SMALL[0], 1.0 - SMALL[0]
    within[:, rows_alone, 0] *= SMALL[1]
    counts = groups.counts[:, None, None] * shares
    scatter = within * counts[..., None, None]
    return PartsStack(*(array.reshape(-1, *array.shape[2:]) for array in (counts, means, scatter)))


def _random_rows(
    rows: Rows, bounds: NDArray[np.int64], generator: np.random.RandomState, number: int
) -> Array:
    """Return rows of each group, drawn by weight, shape (G, number, D)."""
    X, weights = np.asarray(rows.X, dtype=float), rows.sample_weight
    assert weights is not None
    cumulated = np.concatenate([[0.0], np.cumsum(weights)])
    first, last = bounds[:, :1], bounds[:, 1:]
    below, above = cumulated[first], cumulated[last]
    drawn = below + generator.uniform(size=(len(bounds), number)) * (above - below)
    numbers = np.clip(np.searchsorted(cumulated, drawn, side="right") - 1, first, last - 1)
    chosen: Array = X[numbers]
    return chosen


def _log_likelihoods_of_wholes(
    data: StartingData, rows: Rows, bounds: NDArray[np.int64], groups: Parts, regularization: Regularization
) -> Array:
    """Return the log-likelihood of each group's rows under a single component."""
    alone = PartsStack(groups.counts[:, None], groups.means[:, None], groups.scatter[:, None])
    wholes = alone.mixtures(data.family, regularization)
    found = data.backend.expect_each(rows, bounds, wholes.density(), Moments.NONE)
    return penalised_each(found, wholes, regularization).log_likelihood
