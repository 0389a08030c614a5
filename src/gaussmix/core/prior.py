"""What a conjugate prior does to an M-step: a few rows that are added to the sums before it.

With a conjugate prior the M-step is the one without, on sums to which the prior has added its own: any family
can have it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gaussmix.core.density import FactorForm
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics

if TYPE_CHECKING:
    from gaussmix.core.parameters import MixtureParameters


@dataclass(frozen=True)
class PriorSums:
    """What a prior adds to the sums of each component, in working coordinates.

    Its log-density is ``-0.5 * (count * log|S| + trace(inv(S) scatter) + shrinkage * |m - mean|**2)``,
    summed over components, up to a constant; S and m are a component's covariance, in the data's units, and
    mean, and the distance is Mahalanobis's.

    Parameters
    ----------
    shrinkage : float
        How many rows at the prior's mean each component gets.
    mean : ndarray of shape (D,)
    count : float
        Rows added for the covariance.
    scatter : ndarray of shape (D, D), (D,) or ()
        Their scatter: a matrix, its diagonal where it is diagonal or the family asks for no more, or its
        trace where the family asks for that.
    log_jacobian : float
        Of the working coordinates.
    """

    shrinkage: float
    mean: Array
    count: float
    scatter: Array
    log_jacobian: float = 0.0

    def posterior(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return sums about the components' means with those of the prior, about the means that follow.

        Parameters
        ----------
        statistics : SufficientStatistics
            About the components' own means.
        """
        counts = statistics.counts
        difference = statistics.centers - self.mean
        drawn = self.shrinkage / (self.shrinkage + counts)
        weights = counts * drawn
        second: Array
        if statistics.moments in (Moments.FULL, Moments.POOLED):
            between = weights[:, None, None] * difference[:, :, None] * difference[:, None, :]
            scatter = np.diag(self.scatter) if self.scatter.ndim == 1 else self.scatter
            if statistics.moments is Moments.POOLED:
                second = statistics.second + between.sum(axis=0) + len(counts) * scatter
            else:
                second = statistics.second + between + scatter
        else:
            between = weights[:, None] * difference**2
            if statistics.moments is Moments.TRACE:
                between = between.sum(axis=1)
            second = statistics.second + between + self.scatter
        return replace(
            statistics,
            centers=statistics.centers - drawn[:, None] * difference,
            counts=counts + self.count,
            second=second,
        )

    def log_density(self, parameters: MixtureParameters) -> float:
        """Return the logarithm of the prior's density at some parameters, up to a constant."""
        representation, factor = parameters.family.representation, parameters.factor
        n_components, n_features = parameters.means.shape
        log_determinants = representation.log_determinants(factor, n_components, n_features)
        traces = self._traces(factor, representation.form, n_features)
        difference = parameters.means - self.mean
        if representation.form in (FactorForm.FULL, FactorForm.SHARED):
            matrices = np.broadcast_to(factor, (n_components, n_features, n_features))
            whitened = np.einsum("kij,kj->ki", matrices, difference)
        else:
            whitened = difference * (factor if factor.ndim == 2 else factor[:, None])
        distances = np.einsum("kd,kd->k", whitened, whitened)
        log_volumes = -2.0 * (log_determinants + self.log_jacobian)
        sums = self.count * log_volumes + traces + self.shrinkage * distances
        return -0.5 * float(sums.sum())

    def _traces(self, factor: Array, form: FactorForm, n_features: int) -> Array:
        """Return the trace of the prior's scatter in units of each covariance, or one that all share."""
        if form is FactorForm.SCALAR:
            return np.asarray(factor**2 * self.scatter)
        if form is FactorForm.DIAGONAL:
            return np.asarray((factor**2 * self.scatter).sum(axis=1))
        matrices = factor.reshape(-1, n_features, n_features)
        if self.scatter.ndim == 1:
            return np.asarray(np.einsum("kij,kij,j->k", matrices, matrices, self.scatter))
        return np.asarray(((matrices @ self.scatter) * matrices).sum(axis=(1, 2)))


def penalised(
    statistics: SufficientStatistics, parameters: MixtureParameters, prior: PriorSums | None
) -> SufficientStatistics:
    """Return statistics whose log-likelihood is what EM raises: with the logarithm of the prior's density."""
    if prior is None:
        return statistics
    return replace(statistics, log_likelihood=statistics.log_likelihood + prior.log_density(parameters))
