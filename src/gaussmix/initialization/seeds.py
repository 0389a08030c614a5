"""Starts from seeds: rows of the data that become means, with or without k-means after that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Backend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.order import Sample, in_canonical_order
from gaussmix.initialization.partition import parameters_at, parameters_of_partition, partition


class RandomRows:
    """Means at rows drawn at random, one covariance for all components (``"random_from_data"``)."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Sequence[MixtureParameters]:
        """Return a mixture in working coordinates."""
        rows = _draw_different_rows(data.sample, n_components, generator)
        means = in_canonical_order(rows, data.spread)
        return [parameters_at(data, partition(data, data.rows, means, data.family.moments))]


class KMeansPlusPlus:
    """Means at rows far from one another, one covariance for all components (``"k-means++"``)."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Sequence[MixtureParameters]:
        """Return a mixture in working coordinates."""
        seeds = spread_seeds(_in_units_of_spread(data), n_components, generator, data.backend) * data.spread
        means = in_canonical_order(seeds, data.spread)
        return [parameters_at(data, partition(data, data.rows, means, data.family.moments))]


class KMeans:
    """The clusters that k-means finds from k-means++ seeds (``"kmeans"``).

    k-means is run a few times on a sample, and the clusters that make the likeliest mixture are taken:
    the inertia that k-means itself goes by says little where clusters are stretched.

    Parameters
    ----------
    n_runs : int
    in_own_units : bool
        Measure distances in the data's own units, as most programs do, in place of each feature's spread.
        That is of use where all features have one unit.
    """

    max_iter = 100
    tolerance = 1e-4
    """k-means ends when no centre moves further than this, in units of the spread."""

    def __init__(self, n_runs: int = 3, *, in_own_units: bool = False) -> None:
        self.n_runs = n_runs
        self.in_own_units = in_own_units

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Sequence[MixtureParameters]:
        """Return a mixture in working coordinates."""
        if self.in_own_units and data.own_unit is not None:
            data = replace(data, spread=data.own_unit)
        z = data.sample.z
        sample = data.on_sample()
        scaled = _in_units_of_spread(data)
        best_log_likelihood, best = -np.inf, z[:n_components]
        n_runs = self.n_runs if n_components > 1 else 1
        for _ in range(n_runs):
            seeds = spread_seeds(scaled, n_components, generator, data.backend)
            centers = self._converge(scaled, seeds, data.backend) * data.spread
            centers = in_canonical_order(centers, data.spread)
            if n_runs == 1:
                best = centers
                break
            density = parameters_of_partition(sample, centers).density()
            log_likelihood = data.backend.expect(sample.rows, density, Moments.NONE).log_likelihood
            if log_likelihood > best_log_likelihood:
                best_log_likelihood, best = log_likelihood, centers
        return [parameters_of_partition(data, best)]

    def _converge(self, rows: Rows, centers: Array, backend: Backend) -> Array:
        """Return the centres that k-means ends at (Lloyd 1982, IEEE Trans. Information Theory 28, 129)."""
        for _ in range(self.max_iter):
            counts, first = backend.assign(rows, centers)
            step = first / np.where(counts > 0, counts, 1.0)[:, None]
            centers = centers + step
            if (np.abs(step) <= self.tolerance).all():
                break
        return centers


def within_clusters(
    data: StartingData, n_components: int, generator: np.random.RandomState
) -> tuple[Array, float]:
    """Return the covariance within clusters of k-means, shape (D, D), and its degrees of freedom.

    Parameters
    ----------
    data : StartingData
    n_components : int
    generator : numpy.random.RandomState
    """
    sums = clusters(data, n_components, generator, Moments.POOLED)
    freedom = max(float(sums.counts.sum() - np.count_nonzero(sums.counts)), 1.0)
    return sums.second / freedom, freedom


def clusters(
    data: StartingData, n_components: int, generator: np.random.RandomState, moments: Moments
) -> SufficientStatistics:
    """Return the statistics of clusters of k-means, about their means.

    Parameters
    ----------
    data : StartingData
    n_components : int
    generator : numpy.random.RandomState
    moments : Moments
    """
    scaled = _in_units_of_spread(data)
    seeds = spread_seeds(scaled, n_components, generator, data.backend)
    centers = KMeans()._converge(scaled, seeds, data.backend) * data.spread
    sums = partition(data, data.rows, centers, moments)
    occupied = (sums.counts > 0)[:, None]
    step = np.divide(sums.first, sums.counts[:, None], out=np.zeros_like(centers), where=occupied)
    return sums.about(centers + step)


def _in_units_of_spread(data: StartingData) -> Rows:
    """Return the sample in units in which distances are to be measured."""
    z = data.sample.z / data.spread
    return Rows(z, Coordinates.identity(z.shape[1]), data.sample.weights)


def spread_seeds(rows: Rows, n_components: int, generator: np.random.RandomState, backend: Backend) -> Array:
    """Return rows drawn with probability in proportion to their squared distance from those drawn before.

    Greedy k-means++: of a few candidates for each seed the one that leaves the least inertia is taken
    (Arthur and Vassilvitskii 2007, Proceedings of SODA, section 2 and the conclusion).

    Parameters
    ----------
    rows : Rows
        With weights, in units in which distances are to be measured.
    n_components : int
    generator : numpy.random.RandomState
    backend : Backend

    Returns
    -------
    ndarray of shape (K, D)
    """
    z, weights = np.asarray(rows.X, dtype=float), rows.sample_weight
    assert weights is not None
    n_candidates = 2 + int(np.log(n_components))
    seeds = np.empty((n_components, z.shape[1]))
    seeds[0] = z[_draw_rows(weights, 1, generator)[0]]
    nearest = backend.squared_distances(rows, seeds[0], np.full(len(z), np.inf))
    for k in range(1, n_components):
        potential = weights * nearest
        if not potential.any():  # fewer different rows than components
            potential = weights
        candidates = z[_draw_rows(potential, n_candidates, generator)]
        seeds[k] = candidates[backend.inertias(rows, candidates, nearest).argmin()]
        nearest = backend.squared_distances(rows, seeds[k], nearest)
    return seeds


def _draw_different_rows(sample: Sample, number: int, generator: np.random.RandomState) -> Array:
    """Return rows drawn one after the other by weight, all different as far as there are so many."""
    z, weights = sample.z, sample.weights
    chosen = z[_draw_rows(weights, number, generator)]
    for k in range(1, number):
        if (chosen[:k] == chosen[k]).all(axis=1).any():  # drawn before: draw again, from the others
            others = weights.copy()
            for row in np.unique(chosen[:k], axis=0):
                others[(z == row).all(axis=1)] = 0.0
            chosen[k] = z[_draw_rows(others if others.any() else weights, 1, generator)[0]]
    return chosen


def _draw_rows(potential: Array, number: int, generator: np.random.RandomState) -> NDArray[np.intp]:
    """Return row numbers drawn, one after the other, with probability in proportion to their potential."""
    cumulated = np.cumsum(potential)
    positions = np.searchsorted(cumulated, generator.uniform(size=number) * cumulated[-1], side="right")
    # Rounding can carry a draw past the last row that has any potential.
    rows: NDArray[np.intp] = np.minimum(positions, np.searchsorted(cumulated, cumulated[-1]))
    return rows
