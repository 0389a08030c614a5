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

from gaussmix.backends import Backend, Outputs
from gaussmix.core import criteria
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.density import FactorForm
from gaussmix.core.em import EMResult, Expect, maximise, run_em
from gaussmix.core.noise import moments_beside_noise
from gaussmix.core.noise import without_noise as statistics_without_noise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.relations import Relations, find_relations
from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import LowRankFamily
from gaussmix.covariance.floor import collapsed_components
from gaussmix.covariance.rank import best_rank
from gaussmix.initialization import (
    Move,
    Region,
    Stability,
    Start,
    StartingData,
    region_of,
    representative_sample,
)
from gaussmix.scales import Scales, measure, prior_for, regularization_for
from gaussmix.starting import First, GivenParameters, Starter

MOST_RANKS = 5
"""Numbers of factors that are tried, one after the other, from where a fit has ended."""
NOTEWORTHY = 0.01
"""How much likelier an optimum has to be, in nats a row, for users to be told that it was passed over."""
MOST_ROWS_NAMED = 10


@dataclass(frozen=True)
class PassedOver:
    """An optimum to which a start leads by itself, and which few rows make likelier than the one taken.

    Parameters
    ----------
    gain : float
        How much likelier it is, in nats a row.
    rows : tuple of int
        Rows of its smallest component, the first `MOST_ROWS_NAMED`.
    n_rows : int
        How many there are.
    """

    gain: float
    rows: tuple[int, ...]
    n_rows: int


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
    region : Region, optional
        Where noise may lie, if there is noise.
    relations : Relations, optional
        Columns that follow from others, if there are some and the fit was made without them.
    passed_over : PassedOver, optional
        A likelier optimum that was not taken.
    """

    parameters: MixtureParameters
    em: EMResult
    constant: NDArray[np.bool_]
    stability: Stability | None
    region: Region | None = None
    relations: Relations | None = None
    passed_over: PassedOver | None = None


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


@dataclass(frozen=True)
class FitOptions:
    """What is fitted, and how.

    Parameters
    ----------
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
    prior : Prior, optional
    noise : bool or float
        Whether there is a component of noise, or the volume in which it is uniform, in the data's units.
    """

    family: CovarianceFamily
    n_components: int
    start: Start
    moves: Sequence[Move]
    avoid_spikes: bool
    given: GivenParameters
    reg_covar: float | None
    tol: float
    max_iter: int
    accelerate: bool
    n_init: int
    generator: np.random.RandomState
    backend: Backend
    prior: Prior | None = None
    noise: bool | float = False


def fit_mixture(
    X: NDArray[np.floating],
    sample_weight: Array | None,
    options: FitOptions,
    monitor: Monitor | None = None,
) -> FitResult:
    """Fit a mixture and return the likeliest found.

    The search for the best optimum is made on a sample that stands for all rows; EM then goes on from there
    with all of them. Where columns follow from others, and the family has matrices that can tell of it, the
    fit is made in the columns that remain.

    Parameters
    ----------
    X : ndarray of shape (N, D), float64 or float32
        Finite.
    sample_weight : ndarray of shape (N,) or None
    options : FitOptions
    monitor : Monitor, optional

    Raises
    ------
    DegenerateCovarianceError
        If a covariance becomes singular and `reg_covar` is zero.
    """
    family = options.family
    matrices = family.representation.form in (FactorForm.FULL, FactorForm.SHARED)
    relations = None
    if (
        matrices
        and options.reg_covar is None
        and not (options.given.any or isinstance(family, LowRankFamily))
    ):
        relations = find_relations(X, sample_weight)
    if relations is not None and (options.noise is not False and options.noise is not True):
        relations = None  # the volume that the user gave is one of all columns
    if relations is None:
        return _fit_columns(X, sample_weight, options, monitor)
    watching = None if monitor is None else _LiftingMonitor(monitor, relations, family)
    part = np.ascontiguousarray(X[:, relations.independent])
    return lifted(_fit_columns(part, sample_weight, options, watching), relations, family, X)


def _fit_columns(
    X: NDArray[np.floating], sample_weight: Array | None, options: FitOptions, monitor: Monitor | None
) -> FitResult:
    """Fit a mixture in columns of which none follows from others; see `fit_mixture`."""
    family, n_components, backend = options.family, options.n_components, options.backend
    given, generator, tol, max_iter = options.given, options.generator, options.tol, options.max_iter
    scales = measure(X, sample_weight, backend, common_scale=family.common_scale)
    rows = Rows(X, scales.coordinates, sample_weight)
    spread = np.sqrt(scales.variances)
    if family.common_scale:
        spread = np.full_like(spread, np.sqrt(np.mean(scales.variances)))
    sample = representative_sample(rows, spread, n_components, generator)
    regularization = regularization_for(scales, sample, options.reg_covar)
    data = StartingData(
        rows, sample, spread, family, regularization, backend, own_unit=own_unit(scales, spread)
    )
    if options.prior is not None:
        sums = prior_for(options.prior, data, n_components, generator)
        data = replace(data, regularization=replace(regularization, prior=sums))
    jacobian = scales.coordinates.log_jacobian

    chooses_rank = isinstance(family, LowRankFamily) and family.rank is None
    region = None
    if options.noise is not False:
        region = region_of(data, None if options.noise is True else float(options.noise))

    expect = e_step(backend, rows, family)

    def observe(number: int, parameters: MixtureParameters, log_likelihood: float, gain: float) -> bool:
        assert monitor is not None
        return monitor.iteration(
            number, partial(parameters.to_data, scales.coordinates), log_likelihood + jacobian, gain
        )

    def n_spikes(parameters: MixtureParameters) -> int:
        return data.count_spikes(parameters, parameters.weights * sample.weights.sum())

    best: tuple[tuple[int, float], EMResult, First] | None = None

    starter = Starter(
        data, n_components, options.start, options.moves, given, options.avoid_spikes, tol, max_iter, region
    )
    for run in range(options.n_init):
        if monitor is not None:
            monitor.begin_run(run)
        first = starter(expect, generator)
        climb = partial(
            run_em,
            expect,
            first.parameters,
            first.regularization,
            tol=tol,
            accelerate=options.accelerate,
            history=[value - jacobian for value in given.history],
        )
        result = climb(max_iter=max_iter, observer=None if monitor is None else observe)
        searched = options.avoid_spikes and first.stability is not None
        if searched:
            result = _before_new_spikes(climb, first.parameters, result, n_spikes)
        if chooses_rank:
            result = _with_best_rank(expect, result, first.regularization, tol=tol, max_iter=max_iter)
        collapsed = collapsed_components(result.parameters, first.regularization)
        result = replace(result, parameters=replace(result.parameters, repaired=collapsed))
        result = with_log_likelihoods_of_data(result, jacobian)
        if monitor is not None:
            monitor.end_run(result, partial(result.parameters.to_data, scales.coordinates))
        judged = options.n_init > 1 and searched
        merit = -n_spikes(result.parameters) if judged else 0, result.objective
        if best is None or merit > best[0]:
            best = merit, result, first
    assert best is not None
    _, em, first = best
    found = FitResult(em.parameters.to_data(scales.coordinates), em, scales.constant, first.stability, region)
    if first.passed_over is None or region is not None:
        return found
    gain = expect(first.passed_over).mean_log_likelihood + jacobian - em.log_likelihood
    if gain < NOTEWORTHY:
        return found
    labels = backend.evaluate(rows, first.passed_over.density(), Outputs.LABEL).label
    assert labels is not None
    smallest = np.flatnonzero(labels == first.passed_over.weights.argmin())
    if sample_weight is not None:
        smallest = smallest[sample_weight[smallest] > 0.0]
    named = tuple(smallest[:MOST_ROWS_NAMED].tolist())
    return replace(found, passed_over=PassedOver(gain, named, len(smallest)))


def lifted(
    result: FitResult, relations: Relations, family: CovarianceFamily, X: NDArray[np.floating]
) -> FitResult:
    """Return a fit in the columns that remain as one in all.

    Parameters
    ----------
    result : FitResult
    relations : Relations
    family : CovarianceFamily
        With matrices.
    X : ndarray of shape (N, D)
    """
    parameters = relations.lifted(result.parameters, family)
    region = result.region
    if region is not None:
        bounds = X.min(axis=0).astype(float), X.max(axis=0).astype(float)
        region = Region(*bounds, region.log_volume - relations.log_density)
    em = with_log_likelihoods_of_data(result.em, relations.log_density)
    constant = np.zeros(parameters.n_features, dtype=bool)
    return FitResult(parameters, em, constant, result.stability, region, relations, result.passed_over)


@dataclass(frozen=True)
class _LiftingMonitor:
    """Tells a monitor of a fit in the columns that remain as if it were one in all.

    Parameters
    ----------
    monitor : Monitor
    relations : Relations
    family : CovarianceFamily
    """

    monitor: Monitor
    relations: Relations
    family: CovarianceFamily

    def begin_run(self, run: int) -> None:
        """Take note that EM starts from start number `run`."""
        self.monitor.begin_run(run)

    def iteration(
        self, number: int, parameters: Callable[[], MixtureParameters], log_likelihood: float, gain: float
    ) -> bool:
        """Take note of an iteration, numbered from one; return whether to stop this run here."""
        told = log_likelihood + self.relations.log_density
        return self.monitor.iteration(number, lambda: self._lifted(parameters()), told, gain)

    def end_run(self, result: EMResult, parameters: Callable[[], MixtureParameters]) -> None:
        """Take note of how the run ended."""
        told = with_log_likelihoods_of_data(result, self.relations.log_density)
        self.monitor.end_run(told, lambda: self._lifted(parameters()))

    def _lifted(self, parameters: MixtureParameters) -> MixtureParameters:
        return self.relations.lifted(parameters, self.family)


def e_step(backend: Backend, rows: Rows, family: CovarianceFamily) -> Expect:
    """Return the E-step of mixtures of a family, with noise beside their components or without.

    Parameters
    ----------
    backend : Backend
    rows : Rows
    family : CovarianceFamily
    """

    def expect(parameters: MixtureParameters) -> SufficientStatistics:
        if parameters.noise is None:
            return backend.expect(rows, parameters.density(), family.moments)
        moments = moments_beside_noise(family.moments)
        found = backend.expect(rows, parameters.density(), moments)
        return statistics_without_noise(found, family.moments)

    return expect


def own_unit(scales: Scales, spread: Array) -> Array:
    """Return what a unit of the data is in working coordinates, but for a factor common to all features.

    Such that the largest spread in it is about one: what all features are measured in shall not matter.

    Parameters
    ----------
    scales : Scales
    spread : ndarray of shape (D,)
        In working coordinates.
    """
    unit = scales.coordinates.scale
    varying = ~scales.constant
    return unit * (spread / unit)[varying].max() if varying.any() else unit


def _before_new_spikes(
    climb: Callable[..., EMResult],
    start: MixtureParameters,
    result: EMResult,
    n_spikes: Callable[[MixtureParameters], int],
) -> EMResult:
    """Return a run, or, if it has ended in more spikes than it began with, its last point without those.

    What follows there is a climb up a spike, however many iterations it takes.

    Parameters
    ----------
    climb : callable
        Runs EM from the start; takes `max_iter` and `observer`. The same arguments give the same run.
    start : MixtureParameters
    result : EMResult
    n_spikes : callable
    """
    most = n_spikes(start)
    if n_spikes(result.parameters) <= most:
        return result
    last = 0

    def note(number: int, parameters: MixtureParameters, log_likelihood: float, gain: float) -> bool:
        nonlocal last
        if n_spikes(parameters) <= most:
            last = number
        return False

    climb(max_iter=result.n_iter, observer=note)
    ended = climb(max_iter=last)
    # The step up the spike counts as an iteration that is taken back.
    values = (*ended.log_likelihoods, ended.path[-1])
    return replace(ended, log_likelihoods=values, n_iter=last + 1, stopped=True)


def _with_best_rank(
    expect: Expect, result: EMResult, regularization: Regularization, *, tol: float, max_iter: int
) -> EMResult:
    """Return the best of runs from where one ended, with other numbers of factors as long as BIC improves."""

    def bic(run: EMResult, total: float) -> float:
        return criteria.bic(run.log_likelihood * total, run.parameters.n_parameters, total)

    for _ in range(MOST_RANKS):
        family = result.parameters.family
        assert isinstance(family, LowRankFamily)
        statistics = expect(result.parameters)
        if not (statistics.counts > 0).all():
            break
        rank = best_rank(family, statistics, regularization)
        if rank == family.rank:
            break
        start = maximise(statistics, family.with_rank(rank), regularization, result.parameters)
        other = run_em(expect, start, regularization, tol=tol, max_iter=max_iter)
        if bic(other, statistics.total_weight) >= bic(result, statistics.total_weight):
            break
        result = other
    return result


def with_log_likelihoods_of_data(result: EMResult, jacobian: float) -> EMResult:
    """Return a result with its log-likelihoods moved, as from working coordinates to the data's units."""
    return replace(
        result,
        log_likelihood=result.log_likelihood + jacobian,
        log_likelihoods=tuple(value + jacobian for value in result.log_likelihoods),
        path=tuple(value + jacobian for value in result.path),
    )
