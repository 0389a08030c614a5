"""Several mixtures side by side: many small EM runs cost little more than one.

Arrays have one more axis in front.

Index conventions: S mixtures, each of K components in D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import LOG_2_PI, FactorForm
from gaussmix.core.em import EMPTY, maximise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.exceptions import DegenerateCovarianceError


@dataclass(frozen=True)
class DensityStack:
    """The densities of several mixtures; see `gaussmix.core.density.Density`.

    Parameters
    ----------
    log_constants : ndarray of shape (S, K)
    means : ndarray of shape (S, K, D)
    factor : ndarray of shape (S, ...)
    form : FactorForm
    """

    log_constants: Array
    means: Array
    factor: Array
    form: FactorForm


@dataclass(frozen=True)
class StatisticsStack:
    """The sufficient statistics of several mixtures; see `gaussmix.core.statistics.SufficientStatistics`.

    Parameters
    ----------
    centers : ndarray of shape (S, K, D)
    counts : ndarray of shape (S, K)
    first : ndarray of shape (S, K, D)
    second : ndarray of shape (S, ...)
    moments : Moments
    log_likelihood : ndarray of shape (S,)
    total_weight : ndarray of shape (S,)
    """

    centers: Array
    counts: Array
    first: Array
    second: Array
    moments: Moments
    log_likelihood: Array
    total_weight: Array

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, number: int) -> SufficientStatistics:
        """Return the statistics of one mixture."""
        return SufficientStatistics(
            self.centers[number],
            self.counts[number],
            self.first[number],
            self.second[number],
            self.moments,
            float(self.log_likelihood[number]),
            float(self.total_weight[number]),
        )

    @classmethod
    def of(cls, statistics: Sequence[SufficientStatistics]) -> StatisticsStack:
        """Return the statistics of several mixtures as a stack."""
        return cls(
            np.stack([one.centers for one in statistics]),
            np.stack([one.counts for one in statistics]),
            np.stack([one.first for one in statistics]),
            np.stack([one.second for one in statistics]),
            statistics[0].moments,
            np.array([one.log_likelihood for one in statistics]),
            np.array([one.total_weight for one in statistics]),
        )

    def put(self, numbers: NDArray[np.intp], other: StatisticsStack) -> None:
        """Put other statistics in the place of some."""
        for name in ("centers", "counts", "first", "second", "log_likelihood", "total_weight"):
            getattr(self, name)[numbers] = getattr(other, name)

    def take(self, numbers: NDArray[np.intp]) -> StatisticsStack:
        """Return some of the statistics."""
        return StatisticsStack(
            self.centers[numbers],
            self.counts[numbers],
            self.first[numbers],
            self.second[numbers],
            self.moments,
            self.log_likelihood[numbers],
            self.total_weight[numbers],
        )

    @property
    def mean_log_likelihood(self) -> Array:
        """Log-likelihood a unit of weight, shape (S,)."""
        return self.log_likelihood / self.total_weight


@dataclass(frozen=True)
class MixtureStack:
    """The parameters of several mixtures of one family; see `gaussmix.core.parameters.MixtureParameters`.

    Parameters
    ----------
    family : CovarianceFamily
    weights : ndarray of shape (S, K)
    means : ndarray of shape (S, K, D)
    covariances, factor : ndarray of shape (S, ...)
    repaired : ndarray of bool, shape (S, K)
    """

    family: CovarianceFamily
    weights: Array
    means: Array
    covariances: Array
    factor: Array
    repaired: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, number: int) -> MixtureParameters:
        """Return one mixture."""
        return MixtureParameters(
            self.family,
            self.weights[number],
            self.means[number],
            self.covariances[number],
            self.factor[number],
            self.repaired[number],
        )

    @classmethod
    def of(cls, mixtures: Sequence[MixtureParameters]) -> MixtureStack:
        """Return several mixtures of one family and one number of components as a stack."""
        return cls(
            mixtures[0].family,
            np.stack([one.weights for one in mixtures]),
            np.stack([one.means for one in mixtures]),
            np.stack([one.covariances for one in mixtures]),
            np.stack([one.factor for one in mixtures]),
            np.stack([one.repaired for one in mixtures]),
        )

    def take(self, numbers: NDArray[np.intp]) -> MixtureStack:
        """Return some of the mixtures."""
        return MixtureStack(
            self.family,
            self.weights[numbers],
            self.means[numbers],
            self.covariances[numbers],
            self.factor[numbers],
            self.repaired[numbers],
        )

    def copy(self) -> MixtureStack:
        """Return the same in arrays of its own, which lie in memory as C wants them."""
        return MixtureStack(
            self.family,
            np.array(self.weights, order="C"),
            np.array(self.means, order="C"),
            np.array(self.covariances, order="C"),
            np.array(self.factor, order="C"),
            np.array(self.repaired, order="C"),
        )

    def put(self, numbers: NDArray[np.intp], other: MixtureStack) -> None:
        """Put other mixtures in the place of some."""
        for name in ("weights", "means", "covariances", "factor", "repaired"):
            getattr(self, name)[numbers] = getattr(other, name)

    def density(self) -> DensityStack:
        """Return the densities that an E-step evaluates."""
        n_mixtures, n_components, n_features = self.means.shape
        representation = self.family.representation
        if representation.form is FactorForm.SHARED:
            diagonals = np.einsum("sdd->sd", self.factor)
            log_determinants = np.log(diagonals).sum(axis=1)[:, None]
        else:
            flat = self.factor.reshape(n_mixtures * n_components, *self.factor.shape[2:])
            log_determinants = representation.log_determinants(flat, len(flat), n_features)
            log_determinants = log_determinants.reshape(n_mixtures, n_components)
        with np.errstate(divide="ignore"):
            log_constants = np.log(self.weights) + log_determinants - 0.5 * n_features * LOG_2_PI
        return DensityStack(log_constants, self.means, self.factor, representation.form)


@dataclass(frozen=True)
class Ends:
    """Where EM ended on each of several mixtures; see `gaussmix.core.em.EMResult`.

    Parameters
    ----------
    mixtures : MixtureStack
    log_likelihood : ndarray of shape (S,)
        Mean a unit of weight, with a prior that plus the logarithm of its density.
    n_iter : ndarray of int, shape (S,)
    converged : ndarray of bool, shape (S,)
    """

    mixtures: MixtureStack
    log_likelihood: Array
    n_iter: NDArray[np.int64]
    converged: NDArray[np.bool_]


LARGEST_RATE = 0.98
"""Gains that shrink more slowly, or grow, are taken to shrink by this factor."""

ExpectEach = Callable[[MixtureStack, NDArray[np.intp]], StatisticsStack]
"""An E-step of several mixtures, each on rows of its own or all on the same, which their numbers tell."""


def maximise_each(
    statistics: StatisticsStack,
    family: CovarianceFamily,
    regularization: Regularization,
    previous: MixtureStack | None = None,
) -> MixtureStack:
    """Return the M-steps of several mixtures.

    Where components share nothing all of them are estimated at once. A mixture that has degenerated beyond
    what doubles can hold stays as it was, if the previous ones are given: the others shall go on.

    Raises
    ------
    DegenerateCovarianceError
        If a covariance is singular and the regularisation is strict.
    """
    n_mixtures, n_components, n_features = statistics.centers.shape
    totals = statistics.counts.sum(axis=1)

    def one_by_one() -> MixtureStack:
        return MixtureStack.of(
            [_maximise_or_keep(statistics, family, regularization, previous, s) for s in range(n_mixtures)]
        )

    if not family.independent or not (statistics.counts > EMPTY * totals[:, None]).all():
        return one_by_one()
    size = n_mixtures * n_components
    flat = SufficientStatistics(
        statistics.centers.reshape(size, n_features),
        statistics.counts.reshape(size),
        statistics.first.reshape(size, n_features),
        statistics.second.reshape(size, *statistics.second.shape[2:]),
        statistics.moments,
        0.0,
        1.0,
    )
    try:
        merged = maximise(flat, family, regularization)
    except DegenerateCovarianceError:
        if previous is None:
            raise
        return one_by_one()
    shape = (n_mixtures, n_components)
    return MixtureStack(
        family,
        statistics.counts / totals[:, None],
        merged.means.reshape(*shape, n_features),
        merged.covariances.reshape(*shape, *merged.covariances.shape[1:]),
        merged.factor.reshape(*shape, *merged.factor.shape[1:]),
        merged.repaired.reshape(shape),
    )


def _maximise_or_keep(
    statistics: StatisticsStack,
    family: CovarianceFamily,
    regularization: Regularization,
    previous: MixtureStack | None,
    number: int,
) -> MixtureParameters:
    """Return the M-step of one mixture, or the mixture itself where it cannot be made."""
    try:
        return maximise(statistics[number], family, regularization)
    except DegenerateCovarianceError:
        if previous is None:
            raise
        return previous[number]


def penalised_each(
    statistics: StatisticsStack, mixtures: MixtureStack, regularization: Regularization
) -> StatisticsStack:
    """Return statistics whose log-likelihoods are what EM raises; see `gaussmix.core.prior.penalised`."""
    prior = regularization.prior
    if prior is None:
        return statistics
    log_priors = np.array([prior.log_density(mixtures[s]) for s in range(len(mixtures))])
    return replace(statistics, log_likelihood=statistics.log_likelihood + log_priors)


def run_each(
    expect_each: ExpectEach, starts: MixtureStack, regularization: Regularization, *, n_iter: int, tol: float
) -> tuple[MixtureStack, StatisticsStack, Array]:
    """Run EM on several mixtures side by side, a given number of iterations at most.

    Parameters
    ----------
    expect_each : callable
        The E-step.
    starts : MixtureStack
    regularization : Regularization
    n_iter : int
        Largest number of M-steps.
    tol : float
        A run ends when it gains less in an iteration, in nats a unit of weight.

    Returns
    -------
    mixtures : MixtureStack
    statistics : StatisticsStack
        Of exactly these mixtures; with a prior, log-likelihoods with the logarithm of its density.
    remaining : ndarray of shape (S,)
        What each mean log-likelihood would still gain if its gains went on to shrink as they did last.
    """
    active = np.arange(len(starts))
    statistics = penalised_each(expect_each(starts, active), starts, regularization)
    mixtures = MixtureStack.of([starts[number] for number in range(len(starts))])
    gains = np.zeros(len(starts))
    rates = np.zeros(len(starts))
    for _ in range(n_iter):
        before = statistics.take(active)
        candidates = maximise_each(before, starts.family, regularization, mixtures.take(active))
        found = penalised_each(expect_each(candidates, active), candidates, regularization)
        mixtures.put(active, candidates)
        statistics.put(active, found)
        gain = np.maximum(found.mean_log_likelihood - before.mean_log_likelihood, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            rates[active] = np.nan_to_num(gain / gains[active], nan=0.0, posinf=LARGEST_RATE)
        gains[active] = gain
        active = active[gain >= tol]
        if not active.size:
            break
    rates = np.minimum(rates, LARGEST_RATE)
    return mixtures, statistics, gains * rates / (1.0 - rates)
