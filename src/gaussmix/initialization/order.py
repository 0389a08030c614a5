"""An order of rows that depends on what they are, not on where they stand in the table.

Random starts draw rows by their rank in this order. So a shuffled table, a table with rows repeated
instead of weighted, or one in other units gets the same start from the same seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array, Rows

BLOCK_NUMBERS = 1 << 18
"""Numbers in a block of rows that is brought to working coordinates at a time."""
SORTED_ROWS = 300_000
"""Tables with more rows are thinned at random first: sorting them would take longer than the fit, and
memory in proportion to the rows."""
SAMPLE_ROWS = 20_000
SAMPLE_ROWS_A_COMPONENT = 50


@dataclass(frozen=True)
class Sample:
    """Rows that stand for a whole table.

    Parameters
    ----------
    z : ndarray of shape (M, D)
        In working coordinates, in the canonical order.
    weights : ndarray of shape (M,)
        Positive.
    """

    z: Array
    weights: Array

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """Which rows differ from the one before, shape (M,): equal rows follow on one another."""
        return np.append(True, (self.z[1:] != self.z[:-1]).any(axis=1))


def representative_sample(
    rows: Rows, spread: Array, n_components: int, generator: np.random.RandomState
) -> Sample:
    """Return rows that stand for the whole table.

    Small tables are returned whole, in the canonical order. Larger ones are sampled systematically:
    at evenly spaced steps of cumulated weight along that order.

    Parameters
    ----------
    rows : Rows
    spread : ndarray of shape (D,)
        Unit of distance in each feature.
    n_components : int
    generator : numpy.random.RandomState

    Returns
    -------
    Sample
    """
    candidates = _candidates(rows, generator)
    weights = np.ones(len(candidates)) if rows.sample_weight is None else rows.sample_weight[candidates]
    order = np.argsort(_keys(rows, candidates, spread), kind="stable")
    candidates, weights = candidates[order], weights[order]
    size = max(SAMPLE_ROWS, SAMPLE_ROWS_A_COMPONENT * n_components)
    total = weights.sum()
    if total > size or len(candidates) > 10 * size:
        chosen, counts = systematic_draws(weights, size, generator)
        candidates, weights = candidates[chosen], counts * (total / size)
    return Sample(rows.coordinates.to_working(rows.X[candidates]), weights)


def systematic_draws(
    weights: Array, size: int, generator: np.random.RandomState
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw rows at evenly spaced steps of cumulated weight.

    Parameters
    ----------
    weights : ndarray of shape (M,)
    size : int
        Number of draws.
    generator : numpy.random.RandomState

    Returns
    -------
    chosen : ndarray of int
        Numbers of the rows drawn, each once.
    counts : ndarray of int
        How often each was drawn.
    """
    steps = (np.arange(size) + generator.uniform()) / size * weights.sum()
    positions = np.minimum(np.searchsorted(np.cumsum(weights), steps, side="right"), len(weights) - 1)
    chosen, counts = np.unique(positions, return_counts=True)
    return chosen, counts


def canonical_order(centers: Array, spread: Array) -> NDArray[np.intp]:
    """Return the numbers of centres in the same order, so that component numbers do not hang on the seed."""
    return np.argsort(centers @ _direction(spread), kind="stable")


def in_canonical_order(centers: Array, spread: Array) -> Array:
    """Return centres in that order."""
    ordered: Array = centers[canonical_order(centers, spread)]
    return ordered


def _candidates(rows: Rows, generator: np.random.RandomState) -> NDArray[np.intp]:
    """Return the numbers of rows of positive weight, thinned at random if they are very many."""
    if rows.sample_weight is not None and not rows.sample_weight.all():
        present = np.flatnonzero(rows.sample_weight)
        if len(present) <= SORTED_ROWS:
            return present
        return present[_drawn_numbers(len(present), generator)]
    if rows.n_rows <= SORTED_ROWS:
        return np.arange(rows.n_rows)
    return _drawn_numbers(rows.n_rows, generator)


def _drawn_numbers(n_rows: int, generator: np.random.RandomState) -> NDArray[np.intp]:
    """Return numbers of rows drawn at random, each once, in order."""
    drawn = np.sort(generator.randint(0, n_rows, size=SORTED_ROWS // 4))
    numbers: NDArray[np.intp] = drawn[np.append(True, drawn[1:] != drawn[:-1])]
    return numbers


def _keys(rows: Rows, candidates: NDArray[np.intp], spread: Array) -> Array:
    """Return one number a row to order by: its projection on a fixed direction."""
    direction = _direction(spread)
    keys = np.empty(len(candidates))
    block_rows = max(1, BLOCK_NUMBERS // rows.n_features)
    for start in range(0, len(candidates), block_rows):
        block = rows.X[candidates[start : start + block_rows]]
        keys[start : start + len(block)] = rows.coordinates.to_working(block) @ direction
    return keys


def _direction(spread: Array) -> Array:
    """Return a direction in which different rows hardly ever fall on one another.

    Its coefficients, in units of the spread, are fractional parts of square roots of primes: no two sums of
    whole multiples of them are equal, so that not even rows on a grid fall together.
    """
    roots = np.sqrt(np.array(_primes(len(spread)), dtype=float))
    # Beside units some 1e300 times as large a feature's spread is lost: it tells no rows apart then.
    direction: Array = (0.5 + np.modf(roots)[0]) / np.where(spread > 0.0, spread, np.inf)
    return direction


@cache
def _primes(count: int) -> tuple[int, ...]:
    """Return the first prime numbers."""
    limit = max(16, int(count * (np.log(count + 1) + np.log(np.log(count + 3)) + 2)))
    is_prime = np.ones(limit, dtype=bool)
    is_prime[:2] = False
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = False
    return tuple(np.flatnonzero(is_prime)[:count].tolist())
