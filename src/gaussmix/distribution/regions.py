"""Highest-density regions, and how rare a point is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri

from gaussmix.core.density import LOG_2_PI
from gaussmix.core.rows import Array
from gaussmix.distribution.estimate import Estimate
from gaussmix.distribution.level_sets import LevelSample, level_intervals, log_level_of, tail_beyond_levels
from gaussmix.distribution.modes import WithModes
from gaussmix.distribution.probability import WithProbabilities
from gaussmix.distribution.sampling import (
    N_SAMPLES,
    RandomState,
    WithSampling,
    as_generator,
    check_n_samples,
)


@dataclass(frozen=True)
class HighestDensityRegion:
    """The smallest region of a given probability: where the density is above a level.

    Parameters
    ----------
    distribution : MixtureDistribution
    probability : float
    log_density : float
        Logarithm of the density on the region's boundary, in nats.
    standard_error : float
        Of `log_density`; zero where it is exact.
    """

    distribution: WithRegions
    probability: float
    log_density: float
    standard_error: float

    def contains(self, x: Any) -> NDArray[np.bool_]:
        """Return whether points are in the region.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame

        Returns
        -------
        bool or ndarray of bool, shape (...,)

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> region = MixtureDistribution([1.0], [0.0], [1.0]).highest_density_region(0.95)
        >>> region.contains([0.0, 1.95, 1.97])
        array([ True,  True, False])
        """
        inside: NDArray[np.bool_] = self.distribution.logpdf(x) >= self.log_density
        return inside

    def intervals(self) -> Array:
        """Return the intervals that make up the region, shape (n, 2). For one feature.

        Raises
        ------
        ValueError
            If there are several features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.5, 0.5], [0.0, 8.0], [1.0, 1.0])
        >>> distribution.highest_density_region(0.9).intervals().round(3)
        array([[-1.645,  1.645],
               [ 6.355,  9.645]])
        """
        self.distribution._only_one_feature("intervals")
        return level_intervals(self.distribution, np.array([self.log_density])).joined(0)


class WithRegions(WithModes, WithSampling, WithProbabilities):
    """A mixture that knows its highest-density regions."""

    def highest_density_region(
        self, probability: float, n_samples: int = N_SAMPLES, random_state: RandomState = None
    ) -> HighestDensityRegion:
        """Return the smallest region of a given probability.

        It is where the density is above a level (Hyndman 1996, American Statistician 50, 120-126). With one
        feature, or one component, the level is exact; otherwise it is a quantile of the density at random
        draws from it, and `standard_error` says how far off it may be.

        Parameters
        ----------
        probability : float
            From 0 to 1, both excluded.
        n_samples : int, default=100000
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        HighestDensityRegion
            With `log_density`, `standard_error`, `contains` and, with one feature, `intervals`.

        Raises
        ------
        ValueError
            If the probability is not between 0 and 1, or `n_samples` is less than 100.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> region = MixtureDistribution([1.0], [0.0], [1.0]).highest_density_region(0.95)
        >>> region.intervals().round(2)
        array([[-1.96,  1.96]])
        """
        if not 0.0 < probability < 1.0:
            raise ValueError(f"the probability of a region should be between 0 and 1, but is {probability!r}")
        mixture = self._present()
        if mixture.n_components == 1:
            radius = float(chdtri(self.n_features, 1.0 - probability))
            return HighestDensityRegion(self, probability, mixture._peak() - 0.5 * radius, 0.0)
        if self.n_features == 1:
            return HighestDensityRegion(self, probability, log_level_of(mixture, probability), 0.0)
        sample = LevelSample.draw(mixture, check_n_samples(n_samples), as_generator(random_state))
        level, error = sample.level(1.0 - probability)
        return HighestDensityRegion(self, probability, level, error)

    def tail_probability(
        self, x: Any, n_samples: int = N_SAMPLES, random_state: RandomState = None
    ) -> Estimate:
        """Return how rare points are: the probability of a density less than theirs.

        It is the p-value of the hypothesis that a point was drawn from the mixture, with density as the
        measure of extremity: uniform on [0, 1] for points that were. With one feature, or one component, it
        is exact. Otherwise draws from the mixture, half of them from far in its tails with weights that make
        up for that, are counted; the same draws serve all points.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame
        n_samples : int, default=100000
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        Estimate
            ``value`` and ``standard_error`` are of shape (...,). A value of zero with several components and
            features means: rarer than any of the draws, whose least is the standard error.

        Raises
        ------
        ValueError
            If `x` has another number of features, or `n_samples` is less than 100.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.5, 0.5], [0.0, 8.0], [1.0, 1.0])
        >>> distribution.tail_probability([2.0, 4.0, -6.0]).value.round(6)
        array([4.55e-02, 6.60e-05, 0.00e+00])
        """
        mixture = self._present()
        rows, shape = self._points(x)
        levels = self._log_density(rows)
        tails, errors = np.full(len(rows), np.nan), np.zeros(len(rows))
        known = ~np.isnan(levels)
        possible = known & (levels > -np.inf)
        tails[known] = 0.0
        if mixture.n_components == 1:
            squares = 2.0 * (mixture._peak() - levels[possible])
            tails[possible] = chdtrc(self.n_features, np.maximum(squares, 0.0))
        elif self.n_features == 1:
            tails[possible] = tail_beyond_levels(mixture, levels[possible])
        else:
            sample = LevelSample.draw(mixture, check_n_samples(n_samples), as_generator(random_state))
            tails[possible], errors[possible] = sample.below(levels[possible])
        errors[~known] = np.nan
        return Estimate(tails.reshape(shape)[()], errors.reshape(shape)[()])

    def _peak(self) -> float:
        """Return the log-density at the mean of the only component."""
        working = self._working
        log_determinants = working.family.representation.log_determinants(working.factor, *self.means.shape)
        return float(log_determinants[0]) - 0.5 * self.n_features * LOG_2_PI + self._coordinates.log_jacobian
