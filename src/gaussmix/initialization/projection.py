"""A search along the leading directions, for tables with more features than rows a component.

There covariance matrices are singular, so that the likelihood has no bound and says nothing of which solution
is better. Along the few directions that lead (`gaussmix.initialization.directions`) it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gaussmix.backends import Outputs
from gaussmix.core.em import maximise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance import EqualDiagonalFamily
from gaussmix.initialization.base import Start, StartingData
from gaussmix.initialization.directions import leading_directions
from gaussmix.initialization.moves import Move
from gaussmix.initialization.order import Sample
from gaussmix.initialization.search import Search, Stability

RELATIVE_FLOOR = 1e-6
"""Least variance along a direction, as a share of that of all rows."""
ROUNDING_FLOOR = 1e-14
"""The same where clusters are far apart beside their spread."""


def needed_rows(family: CovarianceFamily, n_components: int, n_features: int) -> int:
    """Return how many different rows it takes for covariance matrices that are not singular; none for others.

    Parameters
    ----------
    family : CovarianceFamily
    n_components : int
    n_features : int
    """
    if family.moments not in (Moments.FULL, Moments.POOLED):
        return 0
    own = family.independent or family.identifier in ("EVV", "VVV")
    return n_components * (n_features + 1) if own else n_components + n_features


def search_along_directions(
    data: StartingData,
    n_components: int,
    start: Start,
    moves: Sequence[Move],
    generator: np.random.RandomState,
) -> tuple[MixtureParameters, Stability]:
    """Return a mixture of the groups that are found along the leading directions, and how starts compared.

    The groups are searched by ellipsoids of one size along those directions: with variances of its own a
    group of few rows would collapse on some of them.

    Parameters
    ----------
    data : StartingData
    n_components : int
    start : Start
    moves : sequence of Move
    generator : numpy.random.RandomState
    """
    z, weights = data.sample.z, data.sample.weights
    own = z / (data.spread if data.own_unit is None else data.own_unit)
    directions = leading_directions(own, weights)
    scores = directions.scores(own, max(1, directions.n_leading))
    along = _data_of_scores(data, scores)
    search = Search(
        along, along.regularization, moves, n_components=n_components, avoid_spikes=False, generator=generator
    )
    found = search(list(start(along, n_components, generator)))
    responsibilities = data.backend.evaluate(
        along.rows, found.mixture.density(), Outputs.RESPONSIBILITIES
    ).responsibilities
    assert responsibilities is not None
    shared = responsibilities * weights[:, None]
    means = shared.T @ z / np.maximum(shared.sum(axis=0), np.finfo(float).tiny)[:, None]
    statistics = SufficientStatistics.from_responsibilities(z, means, shared, data.family.moments)
    floor = data.regularization.for_spread_within(statistics.pooled_variances(), len(statistics.counts))
    return maximise(statistics, data.family, floor), found.stability


def _data_of_scores(data: StartingData, scores: np.ndarray) -> StartingData:
    """Return what starts may use of rows along directions."""
    weights = data.sample.weights
    variances = weights @ scores**2 / weights.sum()
    identity = Coordinates.identity(scores.shape[1])
    floor = replace(
        data.regularization,
        floor=RELATIVE_FLOOR * variances,
        addition=np.zeros_like(variances),
        strict=False,
        relative=RELATIVE_FLOOR,
        lowest=ROUNDING_FLOOR * variances,
        prior=None,
        recorded=0.0,
    )
    rows = Rows(np.ascontiguousarray(scores), identity, np.ascontiguousarray(weights))
    return StartingData(
        rows,
        Sample(scores, weights),
        np.sqrt(variances),
        EqualDiagonalFamily(),
        floor,
        data.backend,
        own_unit=np.ones_like(variances),
    )
