"""Acceleration of EM: leaps along the path that the last two steps took.

The squared extrapolation of Varadhan and Roland (2008, Scandinavian Journal of Statistics 35, 335; scheme
SqS3), with limits on the length of a leap. What is extrapolated is not the parameters but the sufficient
statistics: an M-step follows each leap, so that any covariance family, floor or prior is obeyed without the
acceleration knowing of it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics

LONGEST_FIRST_LEAP = 1.0
"""Length of the first leap, in steps of EM."""
LEAP_GROWTH = 4.0
"""Factor by which the limit grows after a leap that it cut short, and shrinks after one that failed."""
REMEMBERED_RATES = 4
LARGEST_LOGARITHM = 300.0


class Acceleration:
    """Turns the statistics that EM's steps end at into those that its next step shall begin at.

    Tell it of each step with `after`; where a leap did not raise the likelihood, take it back with `refuse`.
    """

    def __init__(self) -> None:
        self._limit = LONGEST_FIRST_LEAP
        self._path: list[Array] = []
        self._rates: list[float] = []
        self.rate: float | None = None
        """Factor by which the likelihood's gains shrink from one step of EM to the next near an optimum, None
        where it is not known: the squared ratio of the lengths of two successive steps, the largest of the
        last few, since the slowest direction shows only now and then."""

    def after(self, begin: SufficientStatistics, end: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics to go on from after a step of EM.

        They are `end` itself, or a leap ahead of it: something other than `end`.

        Parameters
        ----------
        begin, end : SufficientStatistics
            Before and after the step.
        """
        self.rate = None
        try:
            if not self._path:
                self._path.append(unconstrained(begin))
            self._path.append(unconstrained(end))
            if len(self._path[-1]) != len(self._path[0]):  # noise that has vanished
                raise np.linalg.LinAlgError
        except np.linalg.LinAlgError:  # fewer rows than features: nothing to take the logarithm of
            self._path = []
            return end
        if len(self._path) < 3:
            return end
        start, middle, last = self._path
        self._path = []
        unit = 1.0 / _scale(end)
        step, next_step = (middle - start) * unit, (last - middle) * unit
        length = np.linalg.norm(step)
        bend = np.linalg.norm(next_step - step)
        if not (length > 0 and bend > 0 and np.isfinite(length) and np.isfinite(bend)):
            return end
        self._rates = [*self._rates[1 - REMEMBERED_RATES :], float((np.linalg.norm(next_step) / length) ** 2)]
        self.rate = max(self._rates)
        leap = float(length / bend)
        if leap >= self._limit:
            leap = self._limit
            self._limit *= LEAP_GROWTH
        if leap <= 1.0:
            return end
        far = start + 2.0 * leap * (middle - start) + leap * leap * (last - 2.0 * middle + start)
        if not (np.abs(far) < LARGEST_LOGARITHM).all():
            return end
        self._path.append(far)
        return from_unconstrained(far, end)

    def begin_anew(self) -> None:
        """Forget the path so far."""
        self._path = []
        self.rate = None

    def refuse(self) -> None:
        """Take note that the last leap did not raise the likelihood."""
        self.begin_anew()
        self._limit = max(LONGEST_FIRST_LEAP, self._limit / LEAP_GROWTH)


def unconstrained(statistics: SufficientStatistics) -> Array:
    """Return statistics as a vector, any value of which stands for valid statistics.

    Logarithms of the counts, the means, and logarithms of standard deviations, or Cholesky factors with
    logarithms on the diagonal; last, where there is noise, the logarithm of its count.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a covariance is singular.
    """
    if not (statistics.counts > 0).all():
        raise np.linalg.LinAlgError("a component is empty")
    centered = statistics.centered()
    noise = np.log([statistics.noise]) if statistics.noise > 0.0 else np.empty(0)
    counts, second = centered.counts, centered.second
    if statistics.moments in (Moments.FULL, Moments.POOLED):
        pooled = statistics.moments is Moments.POOLED
        lower = np.linalg.cholesky(second / (counts.sum() if pooled else counts[:, None, None]))
        n_features = lower.shape[-1]
        flat = lower.reshape(-1, n_features * n_features)
        diagonal, triangle = _triangle(n_features)
        flat[:, diagonal] = np.log(flat[:, diagonal])
        spread = flat[:, triangle].ravel()
    elif statistics.moments is Moments.NONE:
        spread = np.empty(0)
    else:
        ratios = second / (counts[:, None] if second.ndim == 2 else counts)
        if not (ratios > 0).all():
            raise np.linalg.LinAlgError("a variance is zero")
        spread = 0.5 * np.log(ratios).ravel()
    return np.concatenate([np.log(counts), centered.centers.ravel(), spread, noise])


def from_unconstrained(vector: Array, like: SufficientStatistics) -> SufficientStatistics:
    """Return the statistics that a vector stands for: the inverse of `unconstrained`.

    Parameters
    ----------
    vector : ndarray
    like : SufficientStatistics
        Statistics of the same moments and total count.
    """
    n_components, n_features = like.centers.shape
    counts = np.exp(vector[:n_components] - vector[:n_components].max())
    noise = 0.0
    if like.noise > 0.0:
        noise = float(np.exp(vector[-1] - vector[:n_components].max()))
        vector = vector[:-1]
    factor = (like.counts.sum() + like.noise) / (counts.sum() + noise)
    counts *= factor
    noise *= factor
    end = n_components * (1 + n_features)
    means, spread = vector[n_components:end].reshape(n_components, n_features), vector[end:]
    second: Array
    if like.moments in (Moments.FULL, Moments.POOLED):
        pooled = like.moments is Moments.POOLED
        diagonal, triangle = _triangle(n_features)
        flat = np.zeros((1 if pooled else n_components, n_features * n_features))
        flat[:, triangle] = spread.reshape(len(flat), -1)
        flat[:, diagonal] = np.exp(flat[:, diagonal])
        lower = flat.reshape(-1, n_features, n_features)
        covariances = lower @ lower.transpose(0, 2, 1)
        second = covariances[0] * counts.sum() if pooled else covariances * counts[:, None, None]
    elif like.moments is Moments.NONE:
        second = np.empty(0)
    else:
        variances = np.exp(2.0 * spread).reshape(like.second.shape)
        second = variances * (counts[:, None] if variances.ndim == 2 else counts)
    return SufficientStatistics(
        means,
        counts,
        np.zeros_like(means),
        second,
        like.moments,
        like.log_likelihood,
        like.total_weight,
        noise,
    )


def _scale(statistics: SufficientStatistics) -> Array:
    """Return how much each entry of the vector is worth: its standard error, but for a common factor.

    Lengths measured in these units do not depend on the units of the data.
    """
    n_components, n_features = statistics.centers.shape
    share = 1.0 / np.sqrt(statistics.counts / statistics.counts.sum())
    if statistics.moments is Moments.FULL:
        deviations = np.sqrt(np.einsum("kdd->kd", statistics.second) / statistics.counts[:, None])
        matrices = np.repeat((deviations * share[:, None])[:, :, None], n_features, axis=2)
        flat = matrices.reshape(n_components, n_features * n_features)
        diagonal, triangle = _triangle(n_features)
        flat[:, diagonal] = share[:, None]
        spread = flat[:, triangle].ravel()
    elif statistics.moments is Moments.POOLED:
        deviations = np.sqrt(np.diag(statistics.second) / statistics.counts.sum())[None]
        matrix = np.repeat(deviations.T, n_features, axis=1).ravel()
        diagonal, triangle = _triangle(n_features)
        matrix[diagonal] = 1.0
        spread = matrix[triangle]
    elif statistics.moments is Moments.DIAGONAL:
        deviations = np.sqrt(statistics.second / statistics.counts[:, None])
        spread = np.repeat(share, n_features)
    elif statistics.moments is Moments.TRACE:
        deviations = np.sqrt(statistics.second / (statistics.counts * n_features))[:, None]
        spread = share / np.sqrt(n_features)
    else:
        deviations, spread = np.ones((1, 1)), np.empty(0)
    means = np.broadcast_to(deviations * share[:, None], (n_components, n_features)).ravel()
    scale = np.concatenate([share, means, spread])
    if statistics.noise > 0.0:
        scale = np.append(scale, np.sqrt(statistics.counts.sum() / statistics.noise))
    return np.where(scale > 0, scale, np.inf)


@cache
def _triangle(n_features: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the diagonal and the lower triangle of a D x D matrix stand in its flat array."""
    rows, columns = np.tril_indices(n_features)
    return np.arange(n_features) * (n_features + 1), rows * n_features + columns
