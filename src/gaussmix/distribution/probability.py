"""Probabilities of boxes, and in one dimension tails and quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr, ndtri_exp

from gaussmix.core.rows import Array
from gaussmix.distribution.box_probability import box_probability, interval_probability
from gaussmix.distribution.density import BLOCK_ENTRIES
from gaussmix.distribution.mixture import Mixture, log_sum
from gaussmix.distribution.roots import solve_increasing

LOG_2_PI = float(np.log(2.0 * np.pi))
LOG_HALF = float(np.log(0.5))


class WithProbabilities(Mixture):
    """A mixture that knows the probability of boxes, and in one dimension its quantiles."""

    def cdf(self, x: Any, lower_limit: ArrayLike | None = None, *, absolute_error: float = 1e-5) -> Any:
        """Return the probability that no feature exceeds x, or of a box.

        With one or two features, or where no component has correlations, it is exact up to rounding. With
        three or more SciPy integrates numerically: a few milliseconds a box and component with few features;
        with 50, from fractions of a second to many seconds, the longer the more they are correlated.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame
            Upper corners of the boxes. With one feature, numbers of shape (...,) too.
        lower_limit : array-like or frame, optional
            Lower corners, of the same shape as `x` or one for all, or one number. Default: minus infinity.
        absolute_error : float, default=1e-5
            Wanted of numerical integration.

        Returns
        -------
        float or ndarray of shape (...,)
            Zero where a lower limit is not below x.

        Raises
        ------
        ValueError
            If there is another number of features, or of lower corners.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
        >>> distribution.cdf([0.0, 2.0]).round(4)
        array([0.25, 0.5 ])
        >>> round(float(distribution.cdf(5.0, lower_limit=3.0)), 4)
        0.342
        """
        upper, shape = self._points(x)
        given: ArrayLike = -np.inf if lower_limit is None else lower_limit
        # One number is the lower limit of all features.
        lower = self._points(given)[0] if np.ndim(given) else np.full_like(upper, given)
        if len(lower) not in (1, len(upper)):
            raise ValueError(f"there are {len(lower)} lower corners for {len(upper)} points")
        lower = np.broadcast_to(lower, upper.shape)
        total = np.zeros(len(upper))
        for k in np.flatnonzero(self.weights):
            deviations = np.sqrt(np.diagonal(self.covariances[k]))
            correlation = self.covariances[k] / deviations[:, None] / deviations
            total += self.weights[k] * box_probability(
                (lower - self.means[k]) / deviations,
                (upper - self.means[k]) / deviations,
                correlation,
                absolute_error,
            )
        unknown = np.isnan(upper).any(axis=1) | np.isnan(lower).any(axis=1)
        total[unknown] = np.nan
        return np.clip(total, 0.0, 1.0).reshape(shape)[()]

    def logcdf(self, x: ArrayLike) -> Any:
        """Return the logarithm of `cdf`, however far out. For one feature.

        Parameters
        ----------
        x : array-like

        Raises
        ------
        ValueError
            If there are several features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> round(float(MixtureDistribution([1.0], [0.0], [1.0]).logcdf(-100.0)), 3)
        -5005.524
        """
        return self._log_tail(x, 1.0)

    def logsf(self, x: ArrayLike) -> Any:
        """Return the logarithm of `sf`, however far out. For one feature.

        Parameters
        ----------
        x : array-like

        Raises
        ------
        ValueError
            If there are several features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> round(float(MixtureDistribution([1.0], [0.0], [1.0]).logsf(100.0)), 3)
        -5005.524
        """
        return self._log_tail(x, -1.0)

    def sf(self, x: ArrayLike) -> Any:
        """Return the probability of more than x. For one feature.

        Parameters
        ----------
        x : array-like

        Returns
        -------
        float or ndarray
            Exact up to rounding, relative to itself too.

        Raises
        ------
        ValueError
            If there are several features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> round(float(MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).sf(2.0)), 4)
        0.5
        """
        self._only_one_feature("sf")
        values, shape = self._points(x)
        means, deviations = self.means[:, 0], self._deviations()
        tails = self._by_blocks(lambda block: ndtr((means - block) / deviations) @ self.weights, values)
        return tails.reshape(shape)[()]

    def ppf(self, p: ArrayLike) -> Any:
        """Return quantiles: where `cdf` is p. For one feature.

        Newton's method on the logarithm of the nearer tail, within the components' own quantiles, which
        bracket the mixture's.

        Parameters
        ----------
        p : array-like
            Probabilities from 0 to 1. For the far upper tail see `isf`.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ValueError
            If there are several features, or a probability is outside [0, 1].

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).ppf([1e-9, 0.5]).round(4)
        array([-5.8842,  2.    ])
        """
        return self._quantiles(p, upper=False)

    def isf(self, p: ArrayLike) -> Any:
        """Return upper quantiles: where `sf` is p. For one feature.

        Parameters
        ----------
        p : array-like
            Probabilities from 0 to 1, however small.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ValueError
            If there are several features, or a probability is outside [0, 1].

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> round(float(MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).isf(1e-300)), 4)
        41.0284
        """
        return self._quantiles(p, upper=True)

    def median(self) -> float:
        """Return the median. For one feature.

        Raises
        ------
        ValueError
            If there are several features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([1.0], [3.0], [4.0]).median()
        3.0
        """
        return float(self.ppf(0.5))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval around the median that leaves as much probability below as above.

        For the shortest region see `highest_density_region`. For one feature.

        Parameters
        ----------
        confidence : float
            Probability of the interval, from 0 to 1.

        Raises
        ------
        ValueError
            If there are several features, or the probability is outside [0, 1].

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> low, high = MixtureDistribution([1.0], [0.0], [1.0]).interval(0.95)
        >>> round(low, 4), round(high, 4)
        (-1.96, 1.96)
        """
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"the confidence should be between 0 and 1, but is {confidence!r}")
        outside = 0.5 * (1.0 - confidence)
        return float(self.ppf(outside)), float(self.isf(outside))

    def _interval_probability(self, lower: Array, upper: Array) -> Array:
        """Return the probability between numbers, shape (N,). For one feature."""
        means, deviations = self.means[:, 0], self._deviations()
        below, above = np.ravel(lower)[:, None], np.ravel(upper)[:, None]
        inside = interval_probability((below - means) / deviations, (above - means) / deviations)
        total: Array = inside @ self.weights
        return total

    def _deviations(self) -> Array:
        """Return the standard deviations with one feature, shape (K,)."""
        return np.sqrt(self.covariances[:, 0, 0])

    def _log_tail(self, x: ArrayLike, sign: float) -> Any:
        """Return the logarithm of the probability below x, or above it for a sign of -1."""
        self._only_one_feature("logcdf" if sign > 0 else "logsf")
        values, shape = self._points(x)
        deviations, log_weights = self._deviations()[:, None], self._log_weights[:, None]

        def log_tails(block: Array) -> Array:
            return log_sum(log_ndtr(sign * (block[:, 0] - self.means) / deviations) + log_weights)

        return self._by_blocks(log_tails, values).reshape(shape)[()]

    def _by_blocks(self, function: Callable[[Array], Array], values: Array) -> Array:
        """Return a number for each row, computed block by block: rows by components may not fit in memory."""
        found = np.empty(len(values))
        step = max(1, BLOCK_ENTRIES // self.n_components)
        for start in range(0, len(values), step):
            block = slice(start, start + step)
            found[block] = function(values[block])
        return found

    def _quantiles(self, p: ArrayLike, *, upper: bool) -> Any:
        """Return quantiles for probabilities counted from below or above."""
        self._only_one_feature("isf" if upper else "ppf")
        given = np.asarray(p, dtype=np.float64)
        flat = given.ravel()
        if not ((flat >= 0) & (flat <= 1)).all():
            raise ValueError("probabilities should be between 0 and 1")
        found = np.empty(len(flat))
        # Each is sought from the tail that is nearer: there its logarithm is known best.
        for near in (True, False):
            chosen = (flat <= 0.5) == near
            with np.errstate(divide="ignore"):
                log_p = np.log(flat[chosen]) if near else np.log1p(-flat[chosen])
            from_above = upper == near
            found[chosen] = self._from_tail(log_p, -1.0 if from_above else 1.0)
        return found.reshape(given.shape)[()]

    def _from_tail(self, log_p: Array, sign: float) -> Array:
        """Return where the logarithm of the lower tail is `log_p`, or of the upper for a sign of -1."""
        present = self.weights > 0
        working = self._working
        log_weights = self._log_weights[present, None]
        means = sign * working.means[present]
        deviations = 1.0 / working.factor[present].reshape(-1, 1)
        log_peaks = log_weights - np.log(deviations) - 0.5 * LOG_2_PI
        quantiles = np.full(len(log_p), -np.inf)
        chosen = np.flatnonzero(log_p > -np.inf)
        step = max(1, BLOCK_ENTRIES // len(means))
        for start in range(0, len(chosen), step):
            block = chosen[start : start + step]
            wanted = log_p[block]

            def excess(x: Array, index: Any, wanted: Array = wanted) -> tuple[Array, Array]:
                z = (x - means) / deviations
                log_tail = log_sum(log_ndtr(z) + log_weights)
                log_density = log_sum(log_peaks - 0.5 * z**2)
                return log_tail - wanted[index], np.exp(log_density - log_tail)

            each = means + deviations * ndtri_exp(wanted)
            quantiles[block] = solve_increasing(excess, each.min(axis=0), each.max(axis=0))
        coordinates = self._coordinates
        scaled: Array = sign * quantiles / coordinates.scale[0] + coordinates.shift[0]
        return scaled
