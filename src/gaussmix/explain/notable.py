"""Rows worth looking at, found in one pass: typical of their group, at its border, unusual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.assignment import SURE
from gaussmix.explain.components import transforms_of
from gaussmix.explain.groups import Groups
from gaussmix.explain.row_explanation import ConditionalDeviation, NotableRow
from gaussmix.explain.rows import RowTable
from gaussmix.explain.working_mixture import WorkingMixture

DEVIATIONS = 3
"""Features named as reasons why a row is where it is."""


@dataclass(frozen=True)
class GroupSurvey:
    """To which group each row falls, and the rows of each that stand out.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
        Group of each row; -1 for noise, and for a row of weight zero.
    counts, weight : ndarray of shape (G,)
        Rows assigned to each group, and their weights.
    typical, border, unusual : tuple of ndarray of int
        Rows of each group, the most telling first.
    """

    labels: NDArray[np.int32]
    counts: NDArray[np.int64]
    weight: Array
    typical: tuple[NDArray[np.intp], ...]
    border: tuple[NDArray[np.intp], ...]
    unusual: tuple[NDArray[np.intp], ...]


class _Least:
    """The rows of least score met so far."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.rows = np.zeros(0, dtype=np.intp)
        self.scores = np.zeros(0)

    def add(self, rows: NDArray[np.intp], scores: Array) -> None:
        rows, scores = np.concatenate([self.rows, rows]), np.concatenate([self.scores, scores])
        if len(rows) > self.count:
            least = np.argpartition(scores, self.count - 1)[: self.count]
            rows, scores = rows[least], scores[least]
        order = np.lexsort((rows, scores))
        self.rows, self.scores = rows[order], scores[order]


def survey_groups(
    model: Any,
    table: RowTable,
    groups: Groups,
    sample_weight: ArrayLike | None = None,
    *,
    n_shown: int = 5,
) -> GroupSurvey:
    """Go once through the rows, in blocks.

    Parameters
    ----------
    model : fitted mixture
    table : RowTable
    groups : Groups
    sample_weight : array-like of shape (N,), optional
    n_shown : int, default=5
        Rows kept of each kind for each group.
    """
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    n_groups = len(groups)
    labels = np.full(table.n_rows, -1, dtype=np.int32)
    counts, total = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups)
    kinds = [[_Least(n_shown) for _ in range(n_groups)] for _ in range(3)]
    transforms = transforms_of(model)
    for start, rows, values in table.blocks(len(model.weights_)):
        # Of transformed features, where the middle of a component is where it is densest.
        log_density = np.asarray(model.score_samples(rows), dtype=np.float64) - transforms.log_jacobian(
            values
        )
        responsibilities = np.asarray(model.predict_proba(rows), dtype=np.float64)
        probabilities = groups.probabilities(responsibilities)
        label = probabilities.argmax(axis=1)
        top = probabilities[np.arange(len(label)), label]
        with np.errstate(divide="ignore"):
            within = log_density + np.log(top)  # of the group, but for its weight
        number = np.arange(start, start + len(label))
        weight = np.ones(len(label)) if weights is None else weights[start : start + len(label)]
        present = (weight > 0) & ~is_noise(responsibilities, len(model.weights_))
        labels[number[present]] = label[present]
        counts += np.bincount(label[present], minlength=n_groups)
        total += np.bincount(label[present], weights=weight[present], minlength=n_groups)
        for group in np.unique(label[present]):
            mine = present & (label == group)
            kinds[0][group].add(number[mine], -within[mine])
            unsure = mine & (top < SURE)
            kinds[1][group].add(number[unsure], top[unsure])
            kinds[2][group].add(number[mine], within[mine])
    typical, border, unusual = (tuple(one.rows for one in kind) for kind in kinds)
    return GroupSurvey(labels, counts, total, typical, border, unusual)


def describe_rows(
    model: Any,
    mixture: WorkingMixture,
    table: RowTable,
    groups: Groups,
    rows: NDArray[np.intp],
    row_numbers: NDArray[np.integer] | None = None,
) -> tuple[NotableRow, ...]:
    """Say of some rows where they belong, and in what they are unlike it.

    Parameters
    ----------
    model : fitted mixture
    mixture : WorkingMixture
        The same.
    table : RowTable
    groups : Groups
    rows : ndarray of int
        Places in the table.
    row_numbers : ndarray of shape (N,), optional
        The numbers by which a reader knows the table's rows.
    """
    if not len(rows):
        return ()
    native, values = table.take(rows)
    responsibilities = np.asarray(model.predict_proba(native), dtype=np.float64)
    log_density = np.asarray(model.score_samples(native), dtype=np.float64)
    probabilities = groups.probabilities(responsibilities)
    labels = probabilities.argmax(axis=1)
    noise = is_noise(responsibilities, len(model.weights_))
    has_noise = responsibilities.shape[1] > len(model.weights_)
    described = []
    for i, row in enumerate(rows.tolist()):
        group = int(labels[i])
        runner_up = None
        if len(groups) > 1:
            runner_up = int(np.argmax(np.where(np.arange(len(groups)) == group, -1.0, probabilities[i])))
        component = most_probable(responsibilities[i], groups.members[group])
        deviations, distance = conditional_deviations(mixture, values[i], component)
        least_expected = sorted(deviations, key=lambda one: -abs(one.z))[:DEVIATIONS]
        described.append(
            NotableRow(
                row=row,
                number=row if row_numbers is None else int(row_numbers[row]),
                group=group,
                probability=float(probabilities[i, group]),
                runner_up=runner_up,
                runner_up_probability=0.0 if runner_up is None else float(probabilities[i, runner_up]),
                log_density=float(log_density[i]),
                distance=distance,
                values=tuple(values[i].tolist()),
                deviations=tuple(least_expected),
                noise_probability=float(responsibilities[i, -1]) if has_noise else 0.0,
                is_noise=bool(noise[i]),
            )
        )
    return tuple(described)


def is_noise(responsibilities: Array, n_components: int) -> NDArray[np.bool_]:
    """Return which rows are noise: those whose last column, beside the components', is the largest."""
    if responsibilities.shape[1] == n_components:
        return np.zeros(len(responsibilities), dtype=bool)
    noise: NDArray[np.bool_] = responsibilities[:, -1] > responsibilities[:, :-1].max(axis=1)
    return noise


def most_probable(responsibilities: Array, components: tuple[int, ...]) -> int:
    """Return which of some components is the most probable for a row."""
    return components[int(np.argmax(responsibilities[list(components)]))]


def conditional_deviations(
    mixture: WorkingMixture, row: Array, component: int
) -> tuple[tuple[ConditionalDeviation, ...], float]:
    """Return for each feature how far a row is from what its other values lead one to expect.

    In a Gaussian with precision P, given all other features, feature d has the variance 1 / P[d, d] and
    the mean x[d] - (P (x - mean))[d] / P[d, d]. Of a transformed feature that is a median in the data's
    units, and for its standard deviation stands half of what holds the middle 68 %.

    Parameters
    ----------
    mixture : WorkingMixture
    row : ndarray of shape (D,)
        In the data's units.
    component : int

    Returns
    -------
    deviations : tuple of ConditionalDeviation
        One a feature, in the data's order.
    distance : float
        Mahalanobis distance of the row from the component's centre.
    """
    z = mixture.to_working(row[None])
    white = mixture.whitened(z, component)[0]
    if mixture.is_axis_parallel:
        diagonal = mixture.diagonal_factors()[component]
        pull, precision = white * diagonal, diagonal**2
    else:
        factor = mixture.parameters.factor
        lower = factor if factor.ndim == 2 else factor[component]
        pull, precision = white @ lower, np.sum(lower**2, axis=0)
    deviation = 1.0 / np.sqrt(precision)
    middle = z - pull / precision
    expected = mixture.to_data(middle)[0]
    in_units = deviation / mixture.coordinates.scale
    if mixture.transforms is not None:
        in_units = 0.5 * (mixture.to_data(middle + deviation) - mixture.to_data(middle - deviation))[0]
    return tuple(
        ConditionalDeviation(
            d, float(row[d]), float(expected[d]), float(in_units[d]), float(pull[d] * deviation[d])
        )
        for d in range(len(row))
    ), float(np.sqrt(white @ white))
