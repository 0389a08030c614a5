"""Which rows a picture shows: all of a small table, a seeded random sample of a large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.rows import RowTable
from gaussmix.explain.wording import format_count

SHOWN_ROWS = 10_000
"""Points beyond this hide each other on a picture of ordinary size."""
SEED = 20_080_101
"""Fixed, so that the same data give the same picture."""


@dataclass(frozen=True)
class ShownRows:
    """The rows that a picture shows.

    Parameters
    ----------
    values : ndarray of shape (n, D)
    labels : ndarray of int, shape (n,)
        The component to which each is assigned; -1 for noise.
    n_rows : int
        Rows of positive weight in the whole table.
    """

    values: Array
    labels: NDArray[np.int64]
    n_rows: int

    @property
    def note(self) -> str:
        """What a caption says about the rows shown; empty when all are."""
        if len(self.values) == self.n_rows:
            return ""
        return f"Points: a random sample of {len(self.values):,} of the {self.n_rows:,} rows."

    @property
    def noise(self) -> NDArray[np.bool_]:
        """Which of the rows belong to no component."""
        return self.labels < 0

    @property
    def noise_note(self) -> str:
        """What a caption says of the rows shown that are noise; empty where none is."""
        n_noise = int(np.count_nonzero(self.noise))
        return f"Grey: {format_count(n_noise, 'row')} of noise." if n_noise else ""


def choose_rows(
    model: Any, table: RowTable, max_rows: int = SHOWN_ROWS, sample_weight: ArrayLike | None = None
) -> ShownRows:
    """Return the rows of a table that count, or a random sample of `max_rows` of them, with their labels.

    Parameters
    ----------
    model : fitted GaussianMixture
    table : RowTable
    max_rows : int, default=10000
    sample_weight : array-like of shape (N,), optional
        Rows of weight zero do not count; the others enter a sample in proportion to their weight.
    """
    if sample_weight is None:
        candidates, chances = np.arange(table.n_rows), None
    else:
        weight = np.asarray(sample_weight, dtype=np.float64)
        candidates = np.flatnonzero(weight > 0)
        chances = weight[candidates] / weight[candidates].sum()
    chosen = candidates
    if len(candidates) > max_rows:
        generator = np.random.default_rng(SEED)
        chosen = np.sort(generator.choice(candidates, max_rows, replace=False, p=chances))
    rows, values = table.take(chosen)
    return ShownRows(values, np.asarray(model.predict(rows), dtype=np.int64), len(candidates))
