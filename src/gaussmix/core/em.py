"""The EM algorithm: additive statistics in, parameters out, and the loop between the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaussmix.core.acceleration import Acceleration
from gaussmix.core.convergence import LEAPING_PLATEAU_ITERATIONS, PLATEAU_ITERATIONS, has_converged
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.prior import penalised
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.exceptions import DegenerateCovarianceError

Expect = Callable[[MixtureParameters], SufficientStatistics]
"""An E-step: the statistics of some data under the density of given parameters."""

Observer = Callable[[int, MixtureParameters, float, float], bool]
"""Called after each iteration with its number, the parameters, their mean log-likelihood and the gain.
Returns whether to stop there."""

EMPTY = 10 * float(np.finfo(float).eps)
"""Part of the total weight below which a component has no rows but by rounding."""

NEXT_TO_NOTHING = 1e-30
"""Part of a sum that does not change it."""

LARGE_GAIN = 1e-2
"""Steps that gain more, in nats a unit of weight, still decide where to go: a leap could lead elsewhere."""

WINDOW_OF_LEAPS = 10
"""Iterations over which gains are added up where some of them are leaps."""

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
        What EM raises after each iteration: the same, with a prior that plus `log_prior`.
    path : tuple of float
        The last few of those, going back into the run that this one went on from: what `history` wants.
    n_iter : int
        Number of M-steps.
    converged : bool
    stopped : bool
        Whether the observer ended the run.
    log_prior : float
        Logarithm of the prior's density at the parameters, up to a constant, over the total weight.
    """

    parameters: MixtureParameters
    log_likelihood: float
    log_likelihoods: tuple[float, ...]
    path: tuple[float, ...]
    n_iter: int
    converged: bool
    stopped: bool
    log_prior: float = 0.0

    @property
    def objective(self) -> float:
        """What EM has raised: the mean log-likelihood, with a prior that plus the prior's."""
        return self.log_likelihood + self.log_prior


def maximise(
    statistics: SufficientStatistics,
    family: CovarianceFamily,
    regularization: Regularization,
    previous: MixtureParameters | None = None,
) -> MixtureParameters:
    """Return the parameters that maximise the expected log-likelihood: the M-step.

    Families whose M-step is an iteration begin it at the previous parameters, if those are given.

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
    weights = np.where(occupied, statistics.counts, 0.0)
    noise = None if previous is None else previous.noise
    total = weights.sum()
    if noise is not None:
        total += statistics.noise
        noise = replace(noise, weight=float(statistics.noise / total))
    statistics = statistics.centered()
    if regularization.prior is not None:
        statistics = regularization.prior.posterior(statistics)
    try:
        estimate = family.estimate(statistics, regularization, previous)
    except np.linalg.LinAlgError:
        raise DegenerateCovarianceError from None
    return MixtureParameters(
        family,
        weights / total,
        statistics.centers,
        estimate.covariances,
        estimate.factor,
        estimate.repaired | ~occupied,
        estimate.axes,
        noise,
        estimate.uniquenesses,
    )


def _with_pooled_covariance(statistics: SufficientStatistics, empty: np.ndarray) -> SufficientStatistics:
    """Return the statistics with empty components given next to nothing of the pooled second moment.

    So little that it is lost in the sums over components that some families make.
    """
    counts = np.where(empty, 0.0, statistics.counts)
    first = np.where(empty[:, None], 0.0, statistics.first)
    second = statistics.second.copy()
    if statistics.moments not in (Moments.NONE, Moments.POOLED):
        second[empty] = 0.0
        second[empty] = NEXT_TO_NOTHING * second.sum(axis=0)
    counts = np.where(empty, NEXT_TO_NOTHING * counts.sum(), counts)
    return replace(statistics, counts=counts, first=first, second=second)


def run_em(
    expect: Expect,
    start: MixtureParameters,
    regularization: Regularization,
    *,
    tol: float,
    max_iter: int,
    accelerate: bool = True,
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
    accelerate : bool
        Leap ahead along the path of the last steps where that raises the likelihood further
        (`gaussmix.core.acceleration`). Not done with additions to the diagonal.
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
    prior = regularization.prior
    parameters = start
    statistics = penalised(expect(start), start, prior)
    at_start = statistics.mean_log_likelihood
    path = [at_start]
    if history and abs(history[-1] - at_start) <= ROUNDING * (1.0 + abs(at_start)):
        path = [*history[-3:-1], at_start]
    log_likelihoods: list[float] = []
    converged = stopped = leaps = False
    additions = bool(regularization.addition.any())
    acceleration = Acceleration() if accelerate and not additions else None
    origin = statistics
    while not (converged or stopped) and len(log_likelihoods) < max_iter:
        leapt = origin is not statistics
        leaps = leaps or leapt
        plateau_iterations = LEAPING_PLATEAU_ITERATIONS if leaps else PLATEAU_ITERATIONS
        candidate = maximise(origin, start.family, regularization, parameters)
        found = penalised(expect(candidate), candidate, prior)
        gain = found.mean_log_likelihood - path[-1]
        if acceleration is not None and leapt and not gain >= 0:
            acceleration.refuse()
            origin, gain = statistics, 0.0
            log_likelihoods.append(path[-1])
        else:
            lost = gain < -ROUNDING * (1.0 + abs(path[-1]))
            if gain < 0 and not additions and (log_likelihoods or not lost):
                gain = 0.0  # taken back
                origin, rate = statistics, None
                # A start may not know that it is at the floor; the step from it, lost in rounding, tells.
                parameters = replace(parameters, repaired=candidate.repaired)
            else:
                next_origin, rate = found, None
                if acceleration is not None and gain < LARGE_GAIN:
                    next_origin, rate = acceleration.after(origin, found), acceleration.rate
                elif acceleration is not None:
                    acceleration.begin_anew()
                parameters, statistics, origin = candidate, found, next_origin
            log_likelihood = statistics.mean_log_likelihood
            path = [log_likelihood] if gain < 0 and not additions else [*path[-2:], log_likelihood]
            log_likelihoods.append(log_likelihood)
            converged = (
                has_converged(path, tol, rate, plateau_iterations)
                and (rate is not None or not leapt)
                and not (leaps and _still_gains(log_likelihoods, tol))
            )
        if observer is not None:
            stopped = observer(len(log_likelihoods), parameters, path[-1], gain)
    log_prior = 0.0 if prior is None else prior.log_density(parameters) / statistics.total_weight
    return EMResult(
        parameters,
        path[-1] - log_prior,
        tuple(log_likelihoods),
        tuple(path),
        len(log_likelihoods),
        converged,
        stopped,
        log_prior,
    )


def _still_gains(log_likelihoods: Sequence[float], tol: float) -> bool:
    """Return whether the last few iterations, leaps among them, gained more than a plateau would."""
    gain = log_likelihoods[-1] - log_likelihoods[-min(len(log_likelihoods), 1 + WINDOW_OF_LEAPS)]
    return gain >= LEAPING_PLATEAU_ITERATIONS * tol
