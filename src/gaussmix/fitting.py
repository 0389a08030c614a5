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
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.initialization import Start, StartingData, parameters_of_partition, representative_sample
from gaussmix.scales import measure, regularization_for


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
    """

    parameters: MixtureParameters
    em: EMResult
    constant: NDArray[np.bool_]


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
    given: GivenParameters,
    reg_covar: float | None,
    tol: float,
    max_iter: int,
    n_init: int,
    generator: np.random.RandomState,
    backend: Backend,
    monitor: Monitor | None = None,
) -> FitResult:
    """Fit a mixture by EM from one or more starts and return the likeliest.

    Parameters
    ----------
    X : ndarray of shape (N, D), float64 or float32
        Finite.
    sample_weight : ndarray of shape (N,) or None
    family : CovarianceFamily
    n_components : int
    start : Start
    given : GivenParameters
        Parts of the start that are known.
    reg_covar : float or None
        See `gaussmix.scales.regularization_for`.
    tol, max_iter
        See `gaussmix.core.em.run_em`.
    n_init : int
        Number of starts.
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
    data = StartingData(rows, sample, spread, family, regularization, backend)
    jacobian = scales.coordinates.log_jacobian

    def expect(parameters: MixtureParameters) -> SufficientStatistics:
        return backend.expect(rows, parameters.density(), family.moments)

    def observe(number: int, parameters: MixtureParameters, log_likelihood: float, gain: float) -> bool:
        assert monitor is not None
        return monitor.iteration(
            number, partial(parameters.to_data, scales.coordinates), log_likelihood + jacobian, gain
        )

    best: EMResult | None = None
    for run in range(n_init):
        if monitor is not None:
            monitor.begin_run(run)
        first = starting_parameters(data, n_components, start, given, generator)
        result = run_em(
            expect,
            first,
            regularization.for_spread_within(first.pooled_variances()),
            tol=tol,
            max_iter=max_iter,
            history=[value - jacobian for value in given.history],
            observer=None if monitor is None else observe,
        )
        result = _with_log_likelihoods_of_data(result, jacobian)
        if monitor is not None:
            monitor.end_run(result, partial(result.parameters.to_data, scales.coordinates))
        if best is None or result.log_likelihood > best.log_likelihood:
            best = result
    assert best is not None
    return FitResult(best.parameters.to_data(scales.coordinates), best, scales.constant)


def _with_log_likelihoods_of_data(result: EMResult, jacobian: float) -> EMResult:
    """Return a result with its log-likelihoods moved from working coordinates to the data's units."""
    return replace(
        result,
        log_likelihood=result.log_likelihood + jacobian,
        log_likelihoods=tuple(value + jacobian for value in result.log_likelihoods),
        path=tuple(value + jacobian for value in result.path),
    )


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
        parameters = start(data, n_components, generator)
    if given.weights is not None:
        parameters = replace(parameters, weights=given.weights)
    if factor is not None:
        covariances = family.representation.covariances(factor)
        parameters = replace(parameters, factor=factor, covariances=covariances)
    return parameters
