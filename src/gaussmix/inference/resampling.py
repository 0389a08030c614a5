"""Resampled tables: rows drawn again, weighed at random, or simulated.

Tables come in batches, one after the other in one array, as `Backend.expect_each` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.sampling import draw

BATCH_NUMBERS = 1 << 21
"""Numbers in the rows of a batch: 16 MiB in double precision."""
LARGEST_BATCH = 200
"""Tables in a batch: between batches progress is told, and an interruption heard."""


@dataclass(frozen=True)
class Batch:
    """Several tables in one array.

    Parameters
    ----------
    rows : Rows
    ranges : ndarray of int64, shape (S, 2)
        Where each table begins and ends.
    """

    rows: Rows
    ranges: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ranges)

    def total_weights(self) -> Array:
        """Return the sum of the weights of each table."""
        weight = self.rows.sample_weight
        if weight is None:
            return np.asarray(self.ranges[:, 1] - self.ranges[:, 0], dtype=np.float64)
        return np.array([weight[begin:end].sum() for begin, end in self.ranges])

    def table(self, number: int) -> Rows:
        """Return one table by itself."""
        begin, end = self.ranges[number]
        weight = self.rows.sample_weight
        return Rows(
            self.rows.X[begin:end],
            self.rows.coordinates,
            None if weight is None else weight[begin:end],
        )


class Resampling(Protocol):
    """A way to make tables like the one at hand."""

    n_rows: int
    """Most rows that a table has."""
    n_features: int

    def draw(self, size: int) -> Batch:
        """Return so many tables; the draws do not depend on how they are divided into batches."""
        ...


class RowResampling:
    """The nonparametric bootstrap: as many rows as there are, drawn with replacement.

    Weights count how often a row occurs: the draws are those from a table in which it is repeated as often.
    What is drawn is how often each row occurs; rows that do not are left out.

    Parameters
    ----------
    rows : Rows
    generator : numpy.random.RandomState
    """

    def __init__(self, rows: Rows, generator: np.random.RandomState) -> None:
        self.rows, self.generator = rows, generator
        self.n_rows, self.n_features = rows.n_rows, rows.n_features

    def draw(self, size: int) -> Batch:
        """Return tables with rows as often as they were drawn."""
        return _weighted(self.rows, np.array([self._counts() for _ in range(size)]))

    def _counts(self) -> NDArray[np.int64]:
        weights = self.rows.sample_weight
        if weights is None:
            drawn = self.generator.randint(self.n_rows, size=self.n_rows)
            return np.bincount(drawn, minlength=self.n_rows)
        total = weights.sum()
        return self.generator.multinomial(max(1, round(total)), weights / total)


class RandomWeights:
    """The weighted likelihood bootstrap: every row stays, with an exponentially distributed weight.

    Newton and Raftery 1994, Journal of the Royal Statistical Society B 56, 3. The weight of a row that counts
    w times is the sum of w such numbers.

    Parameters
    ----------
    rows : Rows
    generator : numpy.random.RandomState
    """

    def __init__(self, rows: Rows, generator: np.random.RandomState) -> None:
        self.rows, self.generator = rows, generator
        self.n_rows, self.n_features = rows.n_rows, rows.n_features

    def draw(self, size: int) -> Batch:
        """Return tables of all rows with random weights that sum to those of the rows."""
        weights = np.ones(self.n_rows) if self.rows.sample_weight is None else self.rows.sample_weight
        drawn = self.generator.standard_gamma(weights, size=(size, self.n_rows))
        return _weighted(self.rows, drawn * (weights.sum() / drawn.sum(axis=1, keepdims=True)))


class Simulation:
    """The parametric bootstrap: rows drawn from a mixture.

    Parameters
    ----------
    mixture : MixtureParameters
        In working coordinates, as are the rows.
    n_rows : int
    generator : numpy.random.RandomState
    """

    def __init__(self, mixture: MixtureParameters, n_rows: int, generator: np.random.RandomState) -> None:
        self.mixture, self.n_rows, self.generator = mixture, n_rows, generator
        self.n_features = mixture.n_features

    def draw(self, size: int) -> Batch:
        """Return tables of rows drawn from the mixture."""
        tables = [draw(self.mixture, self.n_rows, self.generator)[0] for _ in range(size)]
        ends = self.n_rows * np.arange(1, size + 1)
        coordinates = Coordinates.identity(self.n_features)
        return Batch(Rows(np.concatenate(tables), coordinates), np.column_stack([ends - self.n_rows, ends]))


def batches(resampling: Resampling, n_resamples: int, numbers_a_table: int = 0) -> Iterator[Batch]:
    """Go through resampled tables, as many at a time as memory allows.

    Parameters
    ----------
    resampling : Resampling
    n_resamples : int
    numbers_a_table : int
        Numbers that the caller holds for each table beside its rows.
    """
    numbers = resampling.n_rows * (resampling.n_features + 1) + numbers_a_table
    size = max(1, min(LARGEST_BATCH, BATCH_NUMBERS // numbers))
    if size > 10:  # progress is told in tens
        size -= size % 10
    for begin in range(0, n_resamples, size):
        yield resampling.draw(min(size, n_resamples - begin))


def _weighted(rows: Rows, weights: NDArray[np.floating] | NDArray[np.int64]) -> Batch:
    """Return tables of those rows that have a weight."""
    tables, chosen = np.nonzero(weights)
    ends = np.cumsum(np.bincount(tables, minlength=len(weights)))
    ranges = np.column_stack([np.concatenate([[0], ends[:-1]]), ends])
    together = Rows(rows.X[chosen], rows.coordinates, weights[tables, chosen].astype(np.float64))
    return Batch(together, ranges)
