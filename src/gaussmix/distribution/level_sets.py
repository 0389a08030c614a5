"""Where a density is above a level, and how probable that is.

With one feature exactly, piece by piece between the density's maxima and minima. With several, from draws of
the density itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri

from gaussmix.core.density import LOG_2_PI
from gaussmix.core.rows import Array
from gaussmix.distribution.density import BLOCK_ENTRIES
from gaussmix.distribution.mixture import log_sum
from gaussmix.distribution.roots import solve_increasing

if TYPE_CHECKING:
    from gaussmix.distribution.regions import WithRegions

HEAVY_TAIL = 0.1
"""Rate at which half of the draws thin out, in the logarithm of the tail probability: plain draws have 1."""


@dataclass(frozen=True)
class LevelIntervals:
    """The intervals in which a density of one feature is above given levels.

    Parameters
    ----------
    lower, upper : ndarray of shape (L, M)
        Ends of the interval around each of M maxima for each of L levels, as the minima cut them; an
        interval that goes on beyond a minimum ends there and the next begins. NaN where the maximum is below.
    """

    lower: Array
    upper: Array

    def joined(self, level: int) -> Array:
        """Return the intervals of one level, those that touch joined, shape (n, 2)."""
        present = ~np.isnan(self.lower[level])
        joined: list[list[float]] = []
        for low, high in zip(self.lower[level][present], self.upper[level][present], strict=True):
            if joined and joined[-1][1] == low:
                joined[-1][1] = float(high)
            else:
                joined.append([float(low), float(high)])
        return np.array(joined).reshape(-1, 2)


def level_intervals(mixture: WithRegions, log_levels: Array) -> LevelIntervals:
    """Return where the density of one feature is above levels given by their logarithms, shape (L,)."""
    turning, _ = mixture._turning_points
    maxima, minima = turning[::2], turning[1::2]
    at_maxima, at_minima = mixture._log_density(maxima[:, None]), mixture._log_density(minima[:, None])
    # Beyond these the density is below the level: no component reaches it.
    means, deviations = mixture.means[:, 0], np.sqrt(mixture.covariances[:, 0, 0])
    present = mixture.weights > 0
    means, deviations = means[present], deviations[present]
    heights = -np.log(deviations) - 0.5 * LOG_2_PI
    reach = deviations * np.sqrt(2.0 * np.maximum(heights - log_levels[:, None], 0.0) + 1e-8)
    leftmost, rightmost = (means - reach).min(axis=1), (means + reach).max(axis=1)
    shape = (len(log_levels), len(maxima))
    lower, upper = np.full(shape, np.nan), np.full(shape, np.nan)
    for m, maximum in enumerate(maxima):
        above = np.flatnonzero(log_levels < at_maxima[m])
        wanted = log_levels[above]
        left = np.full(len(above), minima[m - 1]) if m > 0 else leftmost[above]
        right = np.full(len(above), minima[m]) if m < len(minima) else rightmost[above]
        left_is_above = (wanted < at_minima[m - 1]) if m > 0 else np.zeros(len(above), dtype=bool)
        right_is_above = (wanted < at_minima[m]) if m < len(minima) else np.zeros(len(above), dtype=bool)
        lower[above, m], upper[above, m] = left, right
        for ends, whole, sign, other in (
            (lower, left_is_above, 1.0, left),
            (upper, right_is_above, -1.0, right),
        ):
            cut = above[~whole]
            ends[cut, m] = _crossings(mixture, log_levels[cut], other[~whole], float(maximum), sign)
    return LevelIntervals(lower, upper)


def tail_beyond_levels(mixture: WithRegions, log_levels: Array) -> Array:
    """Return the probability that the density of one feature is below levels, shape (L,), exactly."""
    intervals = level_intervals(mixture, log_levels)
    tails = np.zeros(len(log_levels))
    n_levels, n_maxima = intervals.lower.shape
    # What is outside is summed gap by gap: one minus what is inside would lose far tails.
    reached = np.full(n_levels, -np.inf)
    for m in range(n_maxima):
        present = ~np.isnan(intervals.lower[:, m])
        low, high = intervals.lower[present, m], intervals.upper[present, m]
        tails[present] += mixture._interval_probability(reached[present], low)
        reached[present] = high
    tails += mixture._interval_probability(reached, np.full(n_levels, np.inf))
    return np.minimum(tails, 1.0)


def log_level_of(mixture: WithRegions, probability: float) -> float:
    """Return the log-density above which the density of one feature is with a probability, exactly."""
    turning, is_maximum = mixture._turning_points
    heights = mixture._log_density(turning[:, None])
    highest = float(heights[is_maximum].max())
    if probability == 0.0:
        return highest
    # The region is within that above the least density of any interval of the same probability.
    outside = 0.5 * (1.0 - probability)
    ends = np.array([mixture.ppf(outside), mixture.isf(outside)])
    between = heights[(turning > ends[0]) & (turning < ends[1])]
    lowest = float(min(mixture._log_density(ends[:, None]).min(), between.min(initial=np.inf))) - 1e-6

    def excess(log_level: float) -> float:
        return float(tail_beyond_levels(mixture, np.array([log_level]))[0]) - (1.0 - probability)

    if excess(lowest) >= 0.0:
        return lowest
    # Between groups very far apart the density may be that low that its logarithm is halved for long.
    return float(brentq(excess, lowest, highest, xtol=1e-13, rtol=4 * np.finfo(float).eps, maxiter=2000))


@dataclass(frozen=True)
class LevelSample:
    """Log-densities at random draws, sorted, with the weights of the draws summed up.

    Half of the draws are from each component's far tail, with weights that make up for it, and half of all
    are the same number for each component, so that probabilities far below one in the number of draws are
    known too.

    Parameters
    ----------
    log_density : ndarray of shape (n,)
        Ascending.
    cumulated : ndarray of shape (n + 1,)
        Probability that the density is less than that of each draw; one at the end.
    standard_error : ndarray of shape (n + 1,)
        Of that.
    """

    log_density: Array
    cumulated: Array
    standard_error: Array

    @classmethod
    def draw(cls, mixture: WithRegions, n_samples: int, generator: Any) -> LevelSample:
        """Return the log-densities at about `n_samples` draws from a mixture."""
        levels, weights, shares = [], [], []
        chosen = np.flatnonzero(mixture.weights)
        for k in chosen:
            weight = float(mixture.weights[k])
            count = max(10, round(n_samples * 0.5 * (weight + 1.0 / len(chosen))))
            step = max(1, BLOCK_ENTRIES // max(mixture.n_features, len(chosen)))
            for start in range(0, count, step):
                n_rows = min(step, count - start)
                directions = generator.standard_normal((n_rows, mixture.n_features))
                directions /= np.sqrt(np.einsum("nd,nd->n", directions, directions))[:, None]
                # The logarithm of the tail probability is exponential; half of it is drawn at a lower rate.
                exponent = generator.exponential(size=n_rows)
                exponent[: n_rows // 2] /= HEAVY_TAIL
                share = (n_rows // 2) / n_rows
                ratio = 1.0 / (1.0 - share + share * HEAVY_TAIL * np.exp((1.0 - HEAVY_TAIL) * exponent))
                radius = np.sqrt(chdtri(mixture.n_features, np.exp(-np.minimum(exponent, 700.0))))
                levels.append(mixture._log_density(mixture._colour(int(k), directions * radius[:, None])))
                weights.append(ratio * weight / count)
                shares.append(np.full(n_rows, weight**2 / count))
        log_density, parts = np.concatenate(levels), np.concatenate(weights)
        order = np.argsort(log_density)
        cumulated = np.concatenate([[0.0], np.cumsum(parts[order])])
        squares = np.concatenate([[0.0], np.cumsum(parts[order] ** 2)])
        total = cumulated[-1]
        # The weights of the draws sum to one but for chance: what is known of the whole corrects the part.
        share_below = cumulated / total
        variance = squares * (1.0 - 2.0 * share_below) + share_below**2 * squares[-1]
        errors = np.sqrt(np.maximum(variance, 0.0)) / total
        errors[0] = share_below[1]  # below all draws the probability is about that of the last, or less
        return cls(log_density[order], share_below, errors)

    def below(self, log_levels: Array) -> tuple[Array, Array]:
        """Return the probability that the density is less than levels, and its standard error."""
        index: NDArray[np.intp] = np.searchsorted(self.log_density, log_levels)
        return self.cumulated[index], self.standard_error[index]

    def level(self, probability_below: float) -> tuple[float, float]:
        """Return the level below which the density is with a probability, and its standard error."""
        index = int(np.searchsorted(self.cumulated, probability_below))
        spread = self.standard_error[min(index, len(self.standard_error) - 1)]
        sides = [self._level(probability_below + side * spread) for side in (-1.0, 0.0, 1.0)]
        return sides[1], 0.5 * (sides[2] - sides[0])

    def _level(self, probability_below: float) -> float:
        middles = 0.5 * (self.cumulated[1:] + self.cumulated[:-1])
        return float(np.interp(probability_below, middles, self.log_density))


def _crossings(mixture: WithRegions, log_levels: Array, ends: Array, maximum: float, sign: float) -> Array:
    """Return where the density has given levels between `ends`, where it is below, and a maximum.

    Parameters
    ----------
    mixture : WithRegions
    log_levels, ends : ndarray of shape (L,)
    maximum : float
    sign : float
        1 if the ends are on the left of the maximum, -1 if on the right.
    """
    found = np.empty(len(log_levels))
    scale, shift = float(mixture._coordinates.scale[0]), float(mixture._coordinates.shift[0])
    working = mixture._working
    means, factors = working.means, working.factor.reshape(-1, 1)
    constants = (
        mixture._log_weights[:, None] + np.log(factors) - 0.5 * LOG_2_PI + mixture._coordinates.log_jacobian
    )
    step = max(1, BLOCK_ENTRIES // len(means))
    for start in range(0, len(found), step):
        block = slice(start, start + step)
        wanted = log_levels[block]

        def excess(y: Array, index: Any, wanted: Array = wanted) -> tuple[Array, Array]:
            whitened = (sign * y - means) * factors
            logs = constants - 0.5 * whitened**2
            log_density = log_sum(logs)
            slope = -(np.exp(logs - log_density) * whitened * factors).sum(axis=0)
            return log_density - wanted[index], sign * slope

        low = sign * (ends[block] - shift) * scale
        high = np.full(len(low), sign * (maximum - shift) * scale)
        found[block] = sign * solve_increasing(excess, low, high) / scale + shift
    return found
