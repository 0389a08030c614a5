"""What components are worth as estimates: predictive distributions of wanted features, given others.

The rows of a component tell its mean and its covariance only so well. A further row is then expected not from
the normal distribution that they suggest but from Student's t: wider, the more so the further what is given
lies from the mean, and with heavier tails (Geisser 1993, Predictive Inference, section 9.2; for one component
and one wanted feature these are the exact prediction intervals of least squares). How probable the components
are for what is given follows from their predictive densities of it, too.

Index conventions: N rows, K components, G given features, W wanted features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from gaussmix.core.conditioning import Conditioner
from gaussmix.core.quantiles import quantile
from gaussmix.core.rows import Array

LEAST_ROWS = 1.0
"""Rows that a component counts at least, be its weight that of less than one."""
LEAST_DEGREES = 1.0
"""Degrees of freedom of components that have hardly more rows than parameters."""


@dataclass(frozen=True)
class Evidence:
    """How many rows stand behind the estimates of each component.

    Parameters
    ----------
    of_means : ndarray of shape (K,)
        Rows from which the component's mean was estimated.
    of_covariances : ndarray of shape (K,)
        Rows from which its covariance was: those of all components where they share one.
    n_means : int
        Means that were estimated from those same rows.
    n_slopes : int or None
        Most coefficients of a regression of one feature on others; None for as many as there are others.
    """

    of_means: Array
    of_covariances: Array
    n_means: int
    n_slopes: int | None

    def slopes(self, n_given: int) -> int:
        """Return how many coefficients a regression on so many features has."""
        return n_given if self.n_slopes is None else min(n_given, self.n_slopes)

    def degrees(self, n_given: int) -> Array:
        """Return the degrees of freedom that the variance about such a regression has, shape (K,)."""
        left = self.of_covariances - self.n_means - self.slopes(n_given)
        return np.maximum(left, LEAST_DEGREES)


@dataclass(frozen=True)
class PredictiveMixtures:
    """One mixture of Student's t distributions a row and wanted feature.

    Parameters
    ----------
    weights : ndarray of shape (N, K)
    means : ndarray of shape (N, K, W)
    scales : ndarray of shape (N, K, W)
    degrees : ndarray of shape (K,)
        Degrees of freedom.

    Examples
    --------
    >>> import numpy as np
    >>> conditioner = Conditioner.of(np.ones(1), np.zeros((1, 2)), np.array([[[4.0, 1.0], [1.0, 9.0]]]), [0])
    >>> rows = np.array([10.0])
    >>> found = PredictiveMixtures.of(conditioner, np.array([[8.0]]), Evidence(rows, rows, 1, None))
    >>> found.means.round(2).item(), found.scales.round(2).item(), found.degrees
    (2.0, 5.43, array([8.]))
    """

    weights: Array
    means: Array
    scales: Array
    degrees: Array

    @classmethod
    def of(cls, conditioner: Conditioner, rows: Array, evidence: Evidence) -> PredictiveMixtures:
        """Return what the wanted features of each row follow as far as the fitted rows tell.

        Parameters
        ----------
        conditioner : Conditioner
        rows : ndarray of shape (N, G)
            The given features.
        evidence : Evidence
        """
        n_given = len(conditioner.given)
        n_slopes = evidence.slopes(n_given)
        of_mean = np.maximum(evidence.of_means, LEAST_ROWS)
        of_covariance = np.maximum(evidence.of_covariances, LEAST_ROWS)
        squares = conditioner.squared_distances(rows)
        degrees = evidence.degrees(n_given)
        leverage = 1.0 / of_mean + (squares / of_covariance if n_slopes else np.zeros_like(squares))
        variances = np.einsum("kww->kw", conditioner.covariances) * (of_covariance / degrees)[:, None]
        return cls(
            _weights(conditioner, squares, of_mean, of_covariance, evidence.degrees(n_given - 1)),
            conditioner.means(rows),
            np.sqrt((1.0 + leverage)[:, :, None] * variances),
            degrees,
        )

    def quantile(self, probability: float) -> Array:
        """Return the value that each wanted feature stays below with a probability, shape (N, W)."""
        n_rows, _, n_wanted = self.means.shape
        found = np.empty((n_rows, n_wanted))
        for w in range(n_wanted):
            found[:, w] = quantile(
                probability, self.weights, self.means[:, :, w], self.scales[:, :, w], self.degrees
            )
        return found


def _weights(
    conditioner: Conditioner, squares: Array, of_mean: Array, of_covariance: Array, degrees: Array
) -> Array:
    """Return how probable the components are for what is given, shape (N, K)."""
    n_given = len(conditioner.given)
    spread = (1.0 + 1.0 / of_mean) * of_covariance  # times the degrees of freedom
    half = 0.5 * (degrees + n_given)
    log_determinants = np.log(np.einsum("kdd->kd", conditioner.given_factor)).sum(axis=1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(conditioner.weights)
    log_joint = np.tile(log_weights + log_determinants - 0.5 * n_given * np.log(spread), (len(squares), 1))
    if n_given:  # the ratio of two gamma functions, as a beta function: those of many rows are huge
        log_joint -= betaln(0.5 * degrees, 0.5 * n_given) + half * np.log1p(squares / spread)
    weights = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    shares: Array = weights / weights.sum(axis=1, keepdims=True)
    return shares
