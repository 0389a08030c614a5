"""Whether the rows themselves fill the valley that a mixture has between two groups.

Gaussians next to each other have valleys between them also where the rows lie evenly, as in a box or along a
bow. There the rows are more than the mixture expects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.contributions import shares_within
from gaussmix.explain.groups import Groups
from gaussmix.explain.working_mixture import WorkingMixture

FILLED = 0.8
"""A valley is filled if this share of the rows at the lower of the peaks beside it is there ..."""
SIGNIFICANT = 2.0
"""... and these are so many standard deviations more than the mixture expects."""
_REACH = 0.15
"""Half the width of what counts as the valley, and as a peak, as a share of the way between the centres."""


def bridged(
    mixture: WorkingMixture, groups: Groups, pairs: NDArray[np.bool_], Z: Array, sample_weight: Array
) -> NDArray[np.bool_]:
    """Return between which groups rows fill the valley, shape (G, G).

    Rows are looked at along the direction in which two groups differ most for their spread (Fisher's
    discriminant), each counted as far as it belongs to the two.

    Parameters
    ----------
    mixture : WorkingMixture
    groups : Groups
    pairs : ndarray of bool, shape (G, G)
        The pairs to look at, once or twice each.
    Z : ndarray of shape (rows, D)
        Rows, or a sample of them, in working coordinates.
    sample_weight : ndarray of shape (rows,)
    """
    filled = np.zeros(pairs.shape, dtype=bool)
    if not np.triu(pairs | pairs.T, 1).any():
        return filled
    counts = (
        groups.probabilities(mixture.responsibilities(Z)) * (sample_weight / sample_weight.mean())[:, None]
    )
    for j, k in zip(*np.nonzero(np.triu(pairs | pairs.T, 1)), strict=True):
        along = _Way.between(mixture, groups.members[j], groups.members[k])
        if along is not None:
            filled[j, k] = filled[k, j] = along.is_filled(Z @ along.direction, counts[:, [j, k]].sum(axis=1))
    return filled


class _Way:
    """The marginal density of two groups along the direction in which they differ."""

    def __init__(self, direction: Array, shares: Array, means: Array, deviations: Array, ends: Array) -> None:
        self.direction, self.shares, self.means, self.deviations = direction, shares, means, deviations
        self.start, self.length = float(ends[0]), float(ends[1] - ends[0])

    @classmethod
    def between(cls, mixture: WorkingMixture, these: tuple[int, ...], those: tuple[int, ...]) -> _Way | None:
        """Return the way between two groups; None if their centres are the same."""
        covariances, means = mixture.covariances(), mixture.parameters.means
        centres, within = [], np.zeros(covariances.shape[1:])
        for members in (these, those):
            shares = shares_within(mixture.weights, members)
            centre = shares @ means[list(members)]
            distance = means[list(members)] - centre
            within += np.tensordot(shares, covariances[list(members)], axes=1)
            within += (shares[:, None] * distance).T @ distance
            centres.append(centre)
        direction: Array = np.asarray(np.linalg.solve(within, centres[1] - centres[0]))
        ends = np.array(centres) @ direction
        if not ends[1] > ends[0]:
            return None
        both = [*these, *those]
        deviations = np.sqrt(np.einsum("d,kde,e->k", direction, covariances[both], direction))
        shares = shares_within(mixture.weights, both)
        return cls(direction, shares, means[both] @ direction, deviations, ends)

    def is_filled(self, places: Array, counts: Array) -> bool:
        """Return whether rows, given by their places along the way, fill the valley."""
        grid = np.linspace(0.0, 1.0, 101)
        density = self._density(grid)
        left, right = np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1]
        lowest = int(np.argmin(density / np.minimum(left, right)))
        peaks = grid[int(np.argmax(density[: lowest + 1]))], grid[lowest + int(np.argmax(density[lowest:]))]
        places = (places - self.start) / self.length

        def number_at(centre: float) -> float:
            return float(counts[np.abs(places - centre) <= _REACH].sum())

        window = np.linspace(grid[lowest] - _REACH, grid[lowest] + _REACH, 41)
        expected = float(counts.sum()) * float(self._density(window).mean()) * 2.0 * _REACH
        found = number_at(grid[lowest])
        enough = found >= FILLED * min(number_at(peaks[0]), number_at(peaks[1]))
        return enough and found - expected >= SIGNIFICANT * np.sqrt(max(expected, 1.0))

    def _density(self, places: Array) -> Array:
        """Return the density per unit of the way."""
        z = (self.start + self.length * places[:, None] - self.means) / self.deviations
        heights = np.exp(-0.5 * z**2) / (np.sqrt(2.0 * np.pi) * self.deviations)
        density: Array = self.length * (heights @ self.shares)
        return density
