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
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.em import EMResult, run_em
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.initialization import Start, StartingData, parameters_of_partition

RELATIVE_FLOOR = 1e-6
"""Least variance of a component, relative to the variance of each feature over all rows."""
ROUNDING_FLOOR = 1e-12
"""The same where an absolute number is added anyway and the floor only has to catch rounding."""


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
class Scales:
    """Location and scale of each feature, measured on the data.

    Parameters
    ----------
    coordinates : Coordinates
        Working coordinates: about the mean, in units near the standard deviation.
    variances : ndarray of shape (D,)
        In working coordinates. A constant feature has that of a spread guessed from its value, or zero
        where all features are scaled alike.
    constant : ndarray of bool, shape (D,)
    """

    coordinates: Coordinates
    variances: Array
    constant: NDArray[np.bool_]


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


def measure(
    X: NDArray[np.floating], sample_weight: Array | None, backend: Backend, *, common_scale: bool
) -> Scales:
    """Measure location and scale of each feature, in two steps so that no square can overflow.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    sample_weight : ndarray of shape (N,) or None
    backend : Backend
    common_scale : bool
        Scale all features alike.
    """
    present = X
    if sample_weight is not None and not sample_weight.all():
        present = X[sample_weight > 0]
    lowest = present.min(axis=0).astype(float)
    highest = present.max(axis=0).astype(float)
    # Halved before the difference: the whole range can be larger than the largest double.
    rough = Coordinates.around(0.5 * lowest + 0.5 * highest, 0.5 * highest - 0.5 * lowest)
    n_features = X.shape[1]
    single = Density(np.zeros(1), np.zeros((1, n_features)), np.zeros(1), FactorForm.SCALAR)
    sums = backend.expect(Rows(X, rough, sample_weight), single, Moments.DIAGONAL)
    centered = sums.about(sums.centers + sums.first / sums.counts[:, None])
    center = rough.to_data(centered.centers[0])
    deviation = np.sqrt(np.maximum(centered.second[0] / centered.counts[0], 0.0)) / rough.scale
    constant = deviation <= 8 * np.finfo(X.dtype).eps * np.abs(center)
    # The units of a constant feature can only be guessed from its value.
    guessed = np.where(center == 0, 1.0, np.abs(center))
    if common_scale:
        spread = guessed if constant.all() else np.where(constant, 0.0, deviation)
        coordinates = Coordinates.around(center, np.full(n_features, spread.max()))
    else:
        spread = np.where(constant, guessed, deviation)
        coordinates = Coordinates.around(center, spread)
    return Scales(coordinates, (spread * coordinates.scale) ** 2, constant)


def regularization_for(scales: Scales, reg_covar: float | None) -> Regularization:
    """Return the regularisation in working coordinates.

    Parameters
    ----------
    scales : Scales
    reg_covar : float or None
        Added to the diagonal of every covariance, in squared units of the data; zero forbids repairs.
        None sets a floor relative to each feature's variance instead.
    """
    relative = ROUNDING_FLOOR if reg_covar else RELATIVE_FLOOR
    scale = scales.coordinates.scale
    addition = (reg_covar or 0.0) * scale * scale
    return Regularization(relative * scales.variances, addition, strict=reg_covar == 0)


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
        See `regularization_for`.
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
    regularization = regularization_for(scales, reg_covar)
    spread = np.sqrt(scales.variances)
    if family.common_scale:
        spread = np.full_like(spread, np.sqrt(np.mean(scales.variances)))
    data = StartingData(rows, spread, family, regularization, backend)

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
        result = run_em(
            expect,
            starting_parameters(data, n_components, start, given, generator),
            regularization,
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
