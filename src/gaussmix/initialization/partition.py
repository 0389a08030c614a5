"""Parameters from hard partitions: each row belongs to the nearest of K centres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gaussmix.core.density import Density, FactorForm
from gaussmix.core.em import maximise
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.initialization.base import StartingData

SHARPNESS = 1e8
"""Components this narrow, in units of the spread, own the rows nearest to them outright: the E-step of
such a mixture is the assignment step of k-means, and its log-likelihood the negative inertia."""


def partition(data: StartingData, rows: Rows, centers: Array, moments: Moments) -> SufficientStatistics:
    """Return the statistics of rows that each belong to the nearest centre, ties being shared."""
    factor = np.broadcast_to(SHARPNESS / data.spread, centers.shape)
    density = Density(np.zeros(len(centers)), centers, np.ascontiguousarray(factor), FactorForm.DIAGONAL)
    return data.backend.expect(rows, density, moments)


def parameters_of_partition(data: StartingData, centers: Array) -> MixtureParameters:
    """Return weights, means and covariances of the rows nearest to each centre."""
    return parameters_of_clusters(data, partition(data, data.rows, centers, data.family.moments))


def parameters_of_clusters(data: StartingData, statistics: SufficientStatistics) -> MixtureParameters:
    """Return weights, means and covariances of clusters.

    A component with too few different rows for a covariance of its own gets the pooled one: as a start
    it would otherwise be a spike that EM never leaves.
    """
    parameters = maximise(statistics, data.family, _floor_within(data, statistics))
    if not parameters.repaired.any() or statistics.moments is Moments.POOLED:
        return replace(parameters, repaired=np.zeros(len(statistics.counts), dtype=bool))
    pooled = parameters_at(data, statistics.about(parameters.means))
    # The factors, too: of ellipsoids as thin as rounding they cannot be had from covariances.
    covariances, factor = parameters.covariances.copy(), parameters.factor.copy()
    covariances[parameters.repaired] = pooled.covariances[parameters.repaired]
    factor[parameters.repaired] = pooled.factor[parameters.repaired]
    return MixtureParameters(data.family, parameters.weights, parameters.means, covariances, factor)


def parameters_at(data: StartingData, statistics: SufficientStatistics) -> MixtureParameters:
    """Return a mixture with means at the centres of statistics, equal weights and pooled covariances."""
    n_components = len(statistics.counts)
    second = statistics.second / statistics.counts.sum()
    if statistics.moments is Moments.POOLED:
        second = second * n_components
    else:
        second = np.broadcast_to(second.sum(axis=0), second.shape)
    even = replace(
        statistics, counts=np.ones(n_components), first=np.zeros_like(statistics.first), second=second
    )
    floor = _floor_within(data, statistics)
    if floor.prior is not None:  # beside which it matters how many rows there are
        share = statistics.counts.sum() / n_components
        even = replace(even, counts=share * even.counts, second=share * even.second)
    parameters = maximise(even, data.family, floor)
    return replace(parameters, means=statistics.centers, repaired=np.zeros(n_components, dtype=bool))


def _floor_within(data: StartingData, statistics: SufficientStatistics) -> Regularization:
    """Return a regularisation for the spread about the centres of a partition, which never raises."""
    lenient = replace(data.regularization, strict=False)
    return lenient.for_spread_within(statistics.pooled_variances(), len(statistics.counts))
