"""The EM algorithm: additive statistics in, parameters out, and the loop between the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaussmix.core.convergence import has_converged
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.exceptions import DegenerateCovarianceError

Expect = Callable[[MixtureParameters], SufficientStatistics]
"""An E-step: the statistics of some data under the density of given parameters."""

Observer = Callable[[int, MixtureParameters, float, float], bool]
"""Called after each iteration with its number, the parameters, their mean log-likelihood and the gain.
Returns whether to stop there."""

EMPTY = 10 * float(np.finfo(float).eps)
"""Part of the total weight below which a component has no rows but by rounding."""

ROUNDING = 1e-12
"""Relative size below which a fall of the log-likelihood is rounding: sums of N terms in double lose
about sqrt(N) units in the last place, blocked sums less."""


@dataclass(frozen=True)
class EMResult:
    """Where one run of EM ended.

    Parameters
    ----------
    parameters : MixtureParameters
    log_likelihood : float
        Mean log-likelihood a unit of weight, of exactly these parameters.
    log_likelihoods : tuple of float
        The same after each iteration.
    path : tuple of float
        The last few of those, going back into the run that this one went on from: what `history` wants.
    n_iter : int
        Number of M-steps.
    converged : bool
    stopped : bool
        Whether the observer ended the run.
    """

    parameters: MixtureParameters
    log_likelihood: float
    log_likelihoods: tuple[float, ...]
    path: tuple[float, ...]
    n_iter: int
    converged: bool
    stopped: bool


def maximise(
    statistics: SufficientStatistics, family: CovarianceFamily, regularization: Regularization
) -> MixtureParameters:
    """Return the parameters that maximise the expected log-likelihood: the M-step.

    A component that no row belongs to keeps its mean, gets weight zero and the pooled covariance of
    the others, and counts as repaired.

    Raises
    ------
    DegenerateCovarianceError
        If a covariance is singular and the regularisation is strict.
    """
    total = statistics.counts.sum()
    occupied = statistics.counts > EMPTY * total
    if not occupied.all():
        if regularization.strict:
            raise DegenerateCovarianceError
        statistics = _with_pooled_covariance(statistics, ~occupied)
    statistics = statistics.centered()
    try:
        estimate = family.estimate(statistics, regularization)
    except np.linalg.LinAlgError:
        raise DegenerateCovarianceError from None
    weights = np.where(occupied, statistics.counts, 0.0)
    return MixtureParameters(
        family,
        weights / weights.sum(),
        statistics.centers,
        estimate.covariances,
        estimate.factor,
        estimate.repaired | ~occupied,
    )


def _with_pooled_covariance(statistics: SufficientStatistics, empty: np.ndarray) -> SufficientStatistics:
    """Return the statistics with empty components given one row's worth of the pooled second moment."""
    counts = np.where(empty, 0.0, statistics.counts)
    first = np.where(empty[:, None], 0.0, statistics.first)
    second = statistics.second.copy()
    if statistics.moments not in (Moments.NONE, Moments.POOLED):
        second[empty] = 0.0
        second[empty] = second.sum(axis=0) / counts.sum()
        counts = np.where(empty, 1.0, counts)
    else:
        counts = np.where(empty, np.finfo(float).tiny, counts)
    return replace(statistics, counts=counts, first=first, second=second)


def run_em(
    expect: Expect,
    start: MixtureParameters,
    regularization: Regularization,
    *,
    tol: float,
    max_iter: int,
    history: Sequence[float] = (),
    observer: Observer | None = None,
) -> EMResult:
    """Run EM from a start until it has converged.

    The result's log-likelihood belongs to the result's parameters. M-steps lower it by rounding only, and
    such a step is taken back and counts as one without gain; the first step may lower it, as a start need
    not obey the floor. With additions to the diagonal M-steps do not maximise anything: as in
    scikit-learn, the run then goes on, up or down, until the likelihood stands still.

    Parameters
    ----------
    expect : callable
        The E-step.
    start : MixtureParameters
    regularization : Regularization
    tol : float
        Gain an iteration, in nats a unit of weight; see `gaussmix.core.convergence.has_converged`.
    max_iter : int
        Largest number of M-steps. Zero returns the start.
    history : sequence of float
        Mean log-likelihoods of an earlier run that ended at this start: convergence is judged as if
        that run went on. Disregarded if it does not end at the start's likelihood.
    observer : callable, optional
        Told of each iteration; can stop the run.

    Raises
    ------
    DegenerateCovarianceError
        If a covariance becomes singular and the regularisation is strict.
    """
    parameters = start
    statistics = expect(start)
    at_start = statistics.mean_log_likelihood
    path = [at_start]
    if history and abs(history[-1] - at_start) <= ROUNDING * (1.0 + abs(at_start)):
        path = [*history[-3:-1], at_start]
    log_likelihoods: list[float] = []
    converged = stopped = False
    additions = bool(regularization.addition.any())
    while not (converged or stopped) and len(log_likelihoods) < max_iter:
        candidate = maximise(statistics, start.family, regularization)
        found = expect(candidate)
        gain = found.mean_log_likelihood - path[-1]
        lost = gain < -ROUNDING * (1.0 + abs(path[-1]))
        if gain < 0 and not additions and (log_likelihoods or not lost):
            gain = 0.0  # taken back
        else:
            parameters, statistics = candidate, found
        log_likelihood = statistics.mean_log_likelihood
        path = [log_likelihood] if gain < 0 and not additions else [*path[-2:], log_likelihood]
        log_likelihoods.append(log_likelihood)
        converged = has_converged(path, tol)
        if observer is not None:
            stopped = observer(len(log_likelihoods), parameters, log_likelihood, gain)
    return EMResult(
        parameters, path[-1], tuple(log_likelihoods), tuple(path), len(log_likelihoods), converged, stopped
    )
