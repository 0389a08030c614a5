"""The sums that EM needs of the data: additive over rows, chunks, threads and machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from gaussmix.core.rows import Array

_ROUNDING = float(np.finfo(float).eps)


class Moments(IntEnum):
    """Which second moments a covariance family asks of the E-step, and so pays for.

    The values of this enumeration are those of the native kernels.
    """

    NONE = 0
    """No second moments: shape (0,)."""
    FULL = 1
    """Scatter matrix of each component: shape (K, D, D)."""
    POOLED = 2
    """Sum over components of their scatter matrices: shape (D, D)."""
    DIAGONAL = 3
    """Scatter of each component feature by feature: shape (K, D)."""
    TRACE = 4
    """Trace of each component's scatter matrix: shape (K,)."""


@dataclass(frozen=True)
class SufficientStatistics:
    """Sums over rows, weighted by responsibility and sample weight, about given centres.

    With ``r_nk`` the responsibility of component k for row n times that row's weight, and
    ``d_nk = z_n - centers_k``. Sums are taken about centres near the components' means, never about
    the origin, so that no scatter is the small difference of two large numbers.

    Parameters
    ----------
    centers : ndarray of shape (K, D)
    counts : ndarray of shape (K,)
        Sum of ``r_nk``.
    first : ndarray of shape (K, D)
        Sum of ``r_nk d_nk``.
    second : ndarray, shape given by `moments`
        Sum of ``r_nk d_nk d_nk'``, or the part of it that `moments` names.
    moments : Moments
    log_likelihood : float
        Sum over rows of weight times log-density (in working coordinates).
    total_weight : float
        Sum of the rows' weights.
    noise : float
        Weight of the rows that belong to noise; the counts are those of the others.
    """

    centers: Array
    counts: Array
    first: Array
    second: Array
    moments: Moments
    log_likelihood: float
    total_weight: float
    noise: float = 0.0

    @classmethod
    def from_responsibilities(
        cls, z: Array, centers: Array, responsibilities: Array, moments: Moments, log_likelihood: float = 0.0
    ) -> SufficientStatistics:
        """Return the statistics of rows whose responsibilities are given.

        Parameters
        ----------
        z : ndarray of shape (N, D)
            Rows in working coordinates.
        centers : ndarray of shape (K, D)
        responsibilities : ndarray of shape (N, K)
            Multiplied by the rows' weights.
        moments : Moments
        log_likelihood : float
            Of these rows.
        """
        n_components, n_features = centers.shape
        first = np.empty((n_components, n_features))
        scatter = np.empty((n_components, n_features, n_features))
        for k in range(n_components):
            difference = z - centers[k]
            weighted = responsibilities[:, k, None] * difference
            first[k] = weighted.sum(axis=0)
            scatter[k] = weighted.T @ difference
        diagonal = np.einsum("kdd->kd", scatter)
        second = {
            Moments.NONE: np.empty(0),
            Moments.FULL: scatter,
            Moments.POOLED: scatter.sum(axis=0),
            Moments.DIAGONAL: diagonal,
            Moments.TRACE: diagonal.sum(axis=1),
        }[moments]
        counts = responsibilities.sum(axis=0)
        return cls(centers, counts, first, second, moments, log_likelihood, float(responsibilities.sum()))

    @property
    def mean_log_likelihood(self) -> float:
        """Log-likelihood a unit of weight: a row, if rows are not weighted."""
        return self.log_likelihood / self.total_weight

    def pooled_variances(self) -> Array:
        """Return the variance of each feature about the components' centres, shape (D,).

        Of all features alike where only traces are known; needs second moments.
        """
        n_features = self.centers.shape[1]
        if self.moments is Moments.TRACE:
            return np.full(n_features, self.second.sum() / (n_features * self.counts.sum()))
        second = self.second if self.moments is Moments.POOLED else self.second.sum(axis=0)
        diagonal = second if self.moments is Moments.DIAGONAL else np.diag(second)
        variances: Array = diagonal / self.counts.sum()
        return variances

    def about(self, centers: Array) -> SufficientStatistics:
        """Return the same statistics taken about other centres (the parallel axis theorem).

        The new sums can be small differences of the old ones. Variances are not let fall below what
        such a subtraction rounds, one unit in the last place of the old sums: rounding alone never makes
        a variance zero or negative.
        """
        step = self.centers - centers
        first = self.first + self.counts[:, None] * step
        second = self.second
        if self.moments in (Moments.FULL, Moments.POOLED):
            cross = self.first[:, :, None] * step[:, None, :]
            moved = (
                cross
                + np.swapaxes(cross, 1, 2)
                + self.counts[:, None, None] * step[:, :, None] * step[:, None, :]
            )
            second = second + (moved if self.moments is Moments.FULL else moved.sum(axis=0))
            diagonal = np.einsum("...dd->...d", second)  # a view
            np.maximum(diagonal, _ROUNDING * np.einsum("...dd->...d", self.second), out=diagonal)
        elif self.moments in (Moments.DIAGONAL, Moments.TRACE):
            along = 2.0 * self.first * step + self.counts[:, None] * step**2
            second = second + (along if self.moments is Moments.DIAGONAL else along.sum(axis=1))
            second = np.maximum(second, _ROUNDING * self.second)
        return replace(self, centers=centers, first=first, second=second)

    def centered(self) -> SufficientStatistics:
        """Return the same statistics taken about the components' own means: `about`, but cheaper.

        Every component must have rows.
        """
        step = self.first / self.counts[:, None]
        second = self.second
        if self.moments in (Moments.FULL, Moments.POOLED):
            moved = self.first[:, :, None] * step[:, None, :]
            second = second - (moved if self.moments is Moments.FULL else moved.sum(axis=0))
            diagonal = np.einsum("...dd->...d", second)  # a view
            np.maximum(diagonal, _ROUNDING * np.einsum("...dd->...d", self.second), out=diagonal)
        elif self.moments in (Moments.DIAGONAL, Moments.TRACE):
            along = self.first * step
            second = second - (along if self.moments is Moments.DIAGONAL else along.sum(axis=1))
            second = np.maximum(second, _ROUNDING * self.second)
        return SufficientStatistics(
            self.centers + step,
            self.counts,
            np.zeros_like(self.first),
            second,
            self.moments,
            self.log_likelihood,
            self.total_weight,
            self.noise,
        )

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics of both sets of rows together."""
        if self.moments is not other.moments:
            raise ValueError(
                f"statistics with moments {self.moments.name} and {other.moments.name} cannot be added"
            )
        if not np.array_equal(self.centers, other.centers):
            other = other.about(self.centers)
        return SufficientStatistics(
            centers=self.centers,
            counts=self.counts + other.counts,
            first=self.first + other.first,
            second=self.second + other.second,
            moments=self.moments,
            log_likelihood=self.log_likelihood + other.log_likelihood,
            total_weight=self.total_weight + other.total_weight,
            noise=self.noise + other.noise,
        )
