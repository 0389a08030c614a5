"""How the rows of a table fall to the components: everything a summary needs of them, in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.components import transforms_of
from gaussmix.explain.rows import RowTable

SURE = 0.9
"""A row is assigned surely from this probability on."""
UNSURE = 0.6
"""A row whose largest probability is below this belongs to no component in particular."""
CERTAINTY_BINS = 20
"""Bins of equal width on [0, 1] in which the largest probabilities are counted."""
MOST_NAMED = 10
"""Rows of noise of which the numbers are kept."""


@dataclass
class Assignment:
    """Counts and sums over the rows of a table, by the component to which each row is assigned.

    Rows of weight zero are absent. Every sum is over rows times their weights.

    Attributes
    ----------
    n_rows : int
        Rows of positive weight.
    total_weight : float
    counts : ndarray of int, shape (K,)
        Rows assigned to each component.
    weight : ndarray of shape (K,)
        Their weights.
    probability : ndarray of shape (K,)
        Sum of their assignment probabilities.
    sure : ndarray of shape (K,)
        Weight of those assigned with at least `SURE`.
    log_likelihood : float
    log_probability : float
        Sum of the logarithms of the assignment probabilities.
    certainty : float
        Sum of the assignment probabilities.
    n_noise : int
        Rows assigned to noise rather than to a component.
    noise_rows : list of int
        Numbers of the first of them, at most `MOST_NAMED`.
    n_unsure : int
        Rows whose largest probability is below `UNSURE`.
    certainty_histogram : ndarray of int, shape (CERTAINTY_BINS,)
    lowest, highest : ndarray of shape (D,)
        Least and greatest value of each feature.
    unusual : ndarray of int
        Numbers of the rows of least density, the least first: that of transformed features, where some are.
    unusual_log_density : ndarray
    """

    n_components: int
    n_features: int
    n_unusual: int
    n_rows: int = 0
    total_weight: float = 0.0
    log_likelihood: float = 0.0
    log_probability: float = 0.0
    certainty: float = 0.0
    n_noise: int = 0
    noise_rows: list[int] = field(default_factory=list)
    n_unsure: int = 0
    counts: NDArray[np.int64] = field(init=False)
    weight: Array = field(init=False)
    probability: Array = field(init=False)
    sure: Array = field(init=False)
    certainty_histogram: NDArray[np.int64] = field(init=False)
    lowest: Array = field(init=False)
    highest: Array = field(init=False)
    unusual: NDArray[np.int64] = field(init=False)
    unusual_log_density: Array = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.n_components, dtype=np.int64)
        self.weight = np.zeros(self.n_components)
        self.probability = np.zeros(self.n_components)
        self.sure = np.zeros(self.n_components)
        self.certainty_histogram = np.zeros(CERTAINTY_BINS, dtype=np.int64)
        self.lowest = np.full(self.n_features, np.inf)
        self.highest = np.full(self.n_features, -np.inf)
        self.unusual = np.zeros(0, dtype=np.int64)
        self.unusual_log_density = np.zeros(0)

    def add(self, start: int, values: Array, found: Any, weight: Array | None, log_jacobian: Array) -> None:
        """Add a block of rows.

        Parameters
        ----------
        start : int
            Number of the block's first row.
        values : ndarray of shape (rows, D)
        found : Evaluation
            What the model's `assign` says of the rows.
        weight : ndarray of shape (rows,) or None
        log_jacobian : ndarray of shape (rows,)
            What transforms of features add to the log-densities.
        """
        number = np.arange(start, start + len(found.label))
        label, top, log_density = found.label, found.probability, found.log_density
        if weight is not None and not weight.all():
            present = weight > 0
            number, values, label, top = number[present], values[present], label[present], top[present]
            log_density, weight, log_jacobian = log_density[present], weight[present], log_jacobian[present]
        if len(values):
            self.lowest = np.minimum(self.lowest, values.min(axis=0))
            self.highest = np.maximum(self.highest, values.max(axis=0))
        row_weight = np.ones(len(label)) if weight is None else weight
        self.n_rows += len(label)
        self.total_weight += float(row_weight.sum())
        self.log_likelihood += float(row_weight @ log_density)
        self.log_probability += float(row_weight @ np.log(top))
        self.certainty += float(row_weight @ top)
        self.n_unsure += int(np.count_nonzero(top < UNSURE))
        bins = np.minimum((top * CERTAINTY_BINS).astype(np.int64), CERTAINTY_BINS - 1)
        self.certainty_histogram += np.bincount(bins, minlength=CERTAINTY_BINS)
        self._add_unusual(number, log_density - log_jacobian)
        grouped = label >= 0
        self.n_noise += int(np.count_nonzero(~grouped))
        if self.n_noise:
            self.noise_rows += number[~grouped].tolist()[: MOST_NAMED - len(self.noise_rows)]
            label, top, row_weight = label[grouped], top[grouped], row_weight[grouped]
        self.counts += np.bincount(label, minlength=self.n_components)
        for sums, values in (
            (self.weight, row_weight),
            (self.probability, row_weight * top),
            (self.sure, row_weight * (top >= SURE)),
        ):
            sums += np.bincount(label, weights=values, minlength=self.n_components)

    def _add_unusual(self, number: NDArray[np.int64], log_density: Array) -> None:
        candidates = np.concatenate([self.unusual, number])
        density = np.concatenate([self.unusual_log_density, log_density])
        if len(candidates) > self.n_unusual:
            least = np.argpartition(density, self.n_unusual)[: self.n_unusual]
            candidates, density = candidates[least], density[least]
        order = np.lexsort((candidates, density))
        self.unusual, self.unusual_log_density = candidates[order], density[order]


def survey_assignment(
    model: Any, table: RowTable, weight: Array | None = None, *, n_unusual: int = 10
) -> Assignment:
    """Go once through the rows, in blocks, and see to which component each falls and how surely.

    Parameters
    ----------
    model : fitted GaussianMixture
    table : RowTable
    weight : ndarray of shape (N,), optional
    n_unusual : int, default=10
        How many rows of least density are kept.

    Returns
    -------
    Assignment
    """
    n_components = len(model.weights_)
    assignment = Assignment(n_components, table.n_features, n_unusual)
    transforms = transforms_of(model)
    for start, rows, values in table.blocks(n_components):
        found = model.assign(rows)
        part = None if weight is None else weight[start : start + len(found.label)]
        assignment.add(start, values, found, part, transforms.log_jacobian(values))
    return assignment
