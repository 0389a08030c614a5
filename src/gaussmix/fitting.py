"""A whole fit of a plain mixture: from a table in its own units to the best of several EM runs.

Estimators validate and store; everything between is here and below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Backend
from gaussmix.core.em import EMResult, run_em
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.initialization import (
    Move,
    Search,
    Stability,
    Start,
    StartingData,
    parameters_of_partition,
    representative_sample,
)
from gaussmix.scales import measure, regularization_for

MOST_OPERATIONS_OF_M_STEP = 1_000_000
"""Components times cubed features above which there is no search: M-steps would take too long. A twentieth
of it where components share something, so that mixtures cannot be estimated side by side."""
LEAST_ITER_OF_SEARCH = 10
"""Who asks for fewer iterations wants to see EM on its way: there is no search then."""


@dataclass(frozen=True)
class GivenParameters:
    """Parts of the start that the user fixed, in the data's units; None leaves the part to the start.

    Parameters
    ----------
    weights : ndarray of shape (K,), optional
    means : ndarray of shape (K, D), optional
    factor : ndarray, shape given by the family, optional
        Whitening factors of the precisions.
    history : sequence of float
        Mean log-likelihoods of the run that ended at these parameters, if one did (`EMResult.path`).
    """

    weights: Array | None = None
    means: Array | None = None
    factor: Array | None = None
    history: Sequence[float] = ()

    @property
    def any(self) -> bool:
        """Whether any part was fixed."""
        return not (self.weights is None and self.means is None and self.factor is None)


@dataclass(frozen=True)
class FitResult:
    """A fitted mixture in the data's own units.

    Parameters
    ----------
    parameters : MixtureParameters
    em : EMResult
        The run that was chosen, in working coordinates, with log-likelihoods in the data's units.
    constant : ndarray of bool, shape (D,)
        Features with the same value in every row.
    stability : Stability or None
        How the starts compared; None if there was but one place to start from.
    """

    parameters: MixtureParameters
    em: EMResult
    constant: NDArray[np.bool_]
    stability: Stability | None


class Monitor(Protocol):
    """Watches a fit. Log-likelihoods are means a unit of weight, in the data's units."""

    def begin_run(self, run: int) -> None:
        """Take note that EM starts from start number `run`."""
        ...

    def iteration(
        self, number: int, parameters: Callable[[], MixtureParameters], log_likelihood: float, gain: float
    ) -> bool:
        """Take note of an iteration, numbered from one; return whether to stop this run here.

        The parameters, in the data's units, are computed when called for.
        """
        ...

    def end_run(self, result: EMResult, parameters: Callable[[], MixtureParameters]) -> None:
        """Take note of how the run ended."""
        ...


def fit_mixture(
    X: NDArray[np.floating],
    sample_weight: Array | None,
    *,
    family: CovarianceFamily,
    n_components: int,
    start: Start,
    moves: Sequence[Move],
    avoid_spikes: bool,
    given: GivenParameters,
    reg_covar: float | None,
    tol: float,
    max_iter: int,
    accelerate: bool,
    n_init: int,
    generator: np.random.RandomState,
    backend: Backend,
    monitor: Monitor | None = None,
) -> FitResult:
    """Fit a mixture and return the likeliest found.

    The search for the best optimum is made on a sample that stands for all rows; EM then goes on from there
    with all of them.

    Parameters
    ----------
    X : ndarray of shape (N, D), float64 or float32
        Finite.
    sample_weight : ndarray of shape (N,) or None
    family : CovarianceFamily
    n_components : int
    start : Start
    moves : sequence of Move
        Ways out of a bad optimum; none where the start is given.
    avoid_spikes : bool
        Prefer optima without components that have collapsed on a few rows.
    given : GivenParameters
        Parts of the start that are known.
    reg_covar : float or None
        See `gaussmix.scales.regularization_for`.
    tol, max_iter, accelerate
        See `gaussmix.core.em.run_em`.
    n_init : int
        Number of searches.
    generator : numpy.random.RandomState
    backend : Backend
    monitor : Monitor, optional

    Raises
    ------
    DegenerateCovarianceError
        If a covariance becomes singular and `reg_covar` is zero.
    """
    scales = measure(X, sample_weight, backend, common_scale=family.common_scale)
    rows = Rows(X, scales.coordinates, sample_weight)
    spread = np.sqrt(scales.variances)
    if family.common_scale:
        spread = np.full_like(spread, np.sqrt(np.mean(scales.variances)))
    sample = representative_sample(rows, spread, n_components, generator)
    regularization = regularization_for(scales, sample, reg_covar)
    data = StartingData(
        rows, sample, spread, family, regularization, backend, own_unit=scales.coordinates.scale
    )
    jacobian = scales.coordinates.log_jacobian

    def expect(parameters: MixtureParameters) -> SufficientStatistics:
        return backend.expect(rows, parameters.density(), family.moments)

    def observe(number: int, parameters: MixtureParameters, log_likelihood: float, gain: float) -> bool:
        assert monitor is not None
        return monitor.iteration(
            number, partial(parameters.to_data, scales.coordinates), log_likelihood + jacobian, gain
        )

    best: tuple[tuple[int, float], EMResult, Stability | None] | None = None
    for run in range(n_init):
        if monitor is not None:
            monitor.begin_run(run)
        first, floored, stability = _first_parameters(
            data, n_components, start, moves, given, generator, avoid_spikes=avoid_spikes, max_iter=max_iter
        )
        result = run_em(
            expect,
            first,
            floored,
            tol=tol,
            max_iter=max_iter,
            accelerate=accelerate,
            history=[value - jacobian for value in given.history],
            observer=None if monitor is None else observe,
        )
        result = with_log_likelihoods_of_data(result, jacobian)
        if monitor is not None:
            monitor.end_run(result, partial(result.parameters.to_data, scales.coordinates))
        weights = result.parameters.weights * sample.weights.sum()
        judged = avoid_spikes and stability is not None
        merit = -data.count_spikes(result.parameters, weights) if judged else 0, result.log_likelihood
        if best is None or merit > best[0]:
            best = merit, result, stability
    assert best is not None
    _, em, stability = best
    return FitResult(em.parameters.to_data(scales.coordinates), em, scales.constant, stability)


def with_log_likelihoods_of_data(result: EMResult, jacobian: float) -> EMResult:
    """Return a result with its log-likelihoods moved from working coordinates to the data's units."""
    return replace(
        result,
        log_likelihood=result.log_likelihood + jacobian,
        log_likelihoods=tuple(value + jacobian for value in result.log_likelihoods),
        path=tuple(value + jacobian for value in result.path),
    )


def _first_parameters(
    data: StartingData,
    n_components: int,
    start: Start,
    moves: Sequence[Move],
    given: GivenParameters,
    generator: np.random.RandomState,
    *,
    avoid_spikes: bool,
    max_iter: int,
) -> tuple[MixtureParameters, Regularization, Stability | None]:
    """Return what EM shall start from, in working coordinates, the floor to hold, and how starts compared."""

    def floored(parameters: MixtureParameters) -> Regularization:
        return data.regularization.for_spread_within(parameters.pooled_variances())

    n_features = data.rows.n_features
    most = MOST_OPERATIONS_OF_M_STEP if data.family.independent else MOST_OPERATIONS_OF_M_STEP // 20
    too_large = n_components * n_features**3 > most
    if given.any or n_components == 1 or max_iter < LEAST_ITER_OF_SEARCH or too_large:
        first = starting_parameters(data, n_components, start, given, generator)
        return first, floored(first), None
    starts = list(start(data.on_sample(), n_components, generator))
    regularization = floored(starts[0])
    if len(starts) == 1 and not moves:
        return starts[0], regularization, None
    search = Search(
        data,
        regularization.without_additions(),
        moves,
        n_components=n_components,
        avoid_spikes=avoid_spikes,
        generator=generator,
    )
    found = search(starts)
    return found.mixture, regularization, found.stability


def starting_parameters(
    data: StartingData,
    n_components: int,
    start: Start,
    given: GivenParameters,
    generator: np.random.RandomState,
) -> MixtureParameters:
    """Return a start in working coordinates, with the given parts put in.

    Known means decide to which component a row belongs, so weights and covariances that are not known
    are those of the rows nearest to each mean.
    """
    coordinates = data.rows.coordinates
    family = data.family
    means = None if given.means is None else coordinates.to_working(given.means)
    factor = (
        None
        if given.factor is None
        else family.representation.rescale_factor(given.factor, coordinates.scale)
    )
    if given.weights is not None and means is not None and factor is not None:
        return MixtureParameters.from_factor(family, given.weights, means, factor)
    if means is not None:
        parameters = replace(parameters_of_partition(data, means), means=means)
    else:
        parameters = next(iter(start(data, n_components, generator)))
    if given.weights is not None:
        parameters = replace(parameters, weights=given.weights)
    if factor is not None:
        covariances = family.representation.covariances(factor)
        parameters = replace(parameters, factor=factor, covariances=covariances)
    return parameters
