"""Starts from seeds: rows of the data that become means, with or without k-means after that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import Moments
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.order import in_canonical_order
from gaussmix.initialization.partition import parameters_at, parameters_of_partition, partition


class RandomRows:
    """Means at rows drawn at random, one covariance for all components (``"random_from_data"``)."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> MixtureParameters:
        """Return parameters in working coordinates."""
        z, weights = data.sample.z, data.sample.weights
        # Different rows, one after the other by weight: all copies of a drawn row are out.
        remaining = weights.copy()
        chosen = []
        for _ in range(n_components):
            row = _draw_row(remaining if remaining.any() else weights, generator)
            remaining[(z == z[row]).all(axis=1)] = 0.0
            chosen.append(row)
        means = in_canonical_order(z[chosen], data.spread)
        return parameters_at(data, partition(data, data.rows, means, data.family.moments))


class KMeansPlusPlus:
    """Means at rows far from one another, one covariance for all components (``"k-means++"``)."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> MixtureParameters:
        """Return parameters in working coordinates."""
        z, weights = data.sample.z, data.sample.weights
        seeds = spread_seeds(z / data.spread, weights, n_components, generator) * data.spread
        means = in_canonical_order(seeds, data.spread)
        return parameters_at(data, partition(data, data.rows, means, data.family.moments))


class KMeans:
    """The clusters that k-means finds from k-means++ seeds (``"kmeans"``).

    k-means is run a few times on a sample, and the clusters that make the likeliest mixture are taken:
    the inertia that k-means itself goes by says little where clusters are stretched.
    """

    n_runs = 3
    max_iter = 100
    tolerance = 1e-4
    """k-means ends when no centre moves further than this, in units of the spread."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> MixtureParameters:
        """Return parameters in working coordinates."""
        z, weights = data.sample.z, data.sample.weights
        sample = replace(data, rows=Rows(z, Coordinates.identity(z.shape[1]), weights))
        best_log_likelihood, best = -np.inf, z[:n_components]
        for _ in range(self.n_runs if n_components > 1 else 1):
            seeds = spread_seeds(z / data.spread, weights, n_components, generator) * data.spread
            centers = in_canonical_order(self._converge(sample, seeds), data.spread)
            density = parameters_of_partition(sample, centers).density()
            log_likelihood = data.backend.expect(sample.rows, density, Moments.NONE).log_likelihood
            if log_likelihood > best_log_likelihood:
                best_log_likelihood, best = log_likelihood, centers
        return parameters_of_partition(data, best)

    def _converge(self, sample: StartingData, centers: Array) -> Array:
        """Return the centres that k-means ends at (Lloyd 1982, IEEE Trans. Information Theory 28, 129)."""
        for _ in range(self.max_iter):
            statistics = partition(sample, sample.rows, centers, Moments.NONE)
            counts = np.where(statistics.counts > 0, statistics.counts, 1.0)
            step = statistics.first / counts[:, None]
            centers = centers + step
            if (np.abs(step) <= self.tolerance * sample.spread).all():
                break
        return centers


def spread_seeds(z: Array, weights: Array, n_components: int, generator: np.random.RandomState) -> Array:
    """Return rows drawn with probability in proportion to their squared distance from those drawn before.

    Greedy k-means++: of a few candidates for each seed the one that leaves the least inertia is taken
    (Arthur and Vassilvitskii 2007, Proceedings of SODA, section 2 and the conclusion).

    Parameters
    ----------
    z : ndarray of shape (M, D)
        Rows, in units in which distances are to be measured.
    weights : ndarray of shape (M,)
    n_components : int
    generator : numpy.random.RandomState

    Returns
    -------
    ndarray of shape (K, D)
    """
    n_candidates = 2 + int(np.log(n_components))
    seeds = np.empty((n_components, z.shape[1]))
    seeds[0] = z[_draw_row(weights, generator)]
    nearest = _squared_distances(z, seeds[0])
    for k in range(1, n_components):
        potential = weights * nearest
        if not potential.any():  # fewer different rows than components
            potential = weights
        best_inertia = np.inf
        for _ in range(n_candidates):
            row = _draw_row(potential, generator)
            candidate = np.minimum(nearest, _squared_distances(z, z[row]))
            inertia = float(weights @ candidate)
            if inertia < best_inertia:
                best_inertia, best, best_nearest = inertia, row, candidate
        seeds[k], nearest = z[best], best_nearest
    return seeds


def _squared_distances(z: Array, center: Array) -> Array:
    """Return the squared distance of each row from a point."""
    difference = z - center
    squared: Array = np.einsum("nd,nd->n", difference, difference)
    return squared


def _draw_row(potential: Array, generator: np.random.RandomState) -> int:
    """Return a row number drawn with probability in proportion to its potential."""
    cumulated = np.cumsum(potential)
    position = np.searchsorted(cumulated, generator.uniform() * cumulated[-1], side="right")
    # Rounding can carry the draw past the last row that has any potential.
    return int(min(position, np.flatnonzero(potential)[-1]))
