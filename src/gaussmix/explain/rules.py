"""Short rules that describe groups: ranges of a few features, found greedily."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.explanation import Condition, Rule
from gaussmix.explain.rows import RowTable

MOST_CONDITIONS = 3
WORTHWHILE = 0.01
"""A further condition, or a second limit, must raise the score by this."""
ROUNDING, ROUNDING_REACH = 0.003, 0.1
"""Limits are rounded where that costs so much of the score at most, and moves them by so many standard
deviations of the feature at most."""
_CUTS = np.array([0, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92.5, 95, 97, 98,
                  99, 99.5, 100]) / 100  # fmt: skip
"""Shares of the group's rows at which a range may begin or end."""


def find_conditions(
    values: Array, inside: NDArray[np.bool_], weight: Array, features: Sequence[int]
) -> tuple[Condition, ...]:
    """Return ranges of a few features that most rows of a group satisfy, and few others.

    Greedy: the range is added that raises the score most, the harmonic mean of precision and recall (van
    Rijsbergen's F), and after each the others are chosen anew.

    Parameters
    ----------
    values : ndarray of shape (rows, D)
    inside : ndarray of bool, shape (rows,)
        Which rows are of the group.
    weight : ndarray of shape (rows,)
    features : sequence of int
        Features that may be used.

    Returns
    -------
    tuple of Condition
        Empty if no range is better than none.
    """
    conditions: dict[int, Condition] = {}
    size = float(weight[inside].sum())
    score = 2.0 * size / (float(weight.sum()) + size)
    while len(conditions) < MOST_CONDITIONS:
        matching = _matching(values, conditions.values())
        candidates = [
            (*_best_range(values[matching, d], inside[matching], weight[matching], size), d)
            for d in features
            if d not in conditions
        ]
        if not candidates:
            break
        best, low, high, feature = max(candidates, key=lambda one: one[0])
        if best < score + WORTHWHILE:
            break
        conditions[feature] = Condition(feature, low, high)
        score = best
        for other in [d for d in conditions if d != feature]:
            rest = {d: one for d, one in conditions.items() if d != other}
            matching = _matching(values, rest.values())
            again, low, high = _best_range(values[matching, other], inside[matching], weight[matching], size)
            if again >= score:
                conditions[other], score = Condition(other, low, high), again
    # What a later condition made needless is left out.
    for feature in list(conditions):
        rest = {d: one for d, one in conditions.items() if d != feature}
        if rest and _score(values, rest.values(), inside, weight, size) > score - WORTHWHILE / 2:
            conditions = rest
    found = [one for one in conditions.values() if one.low is not None or one.high is not None]
    return _with_few_digits(found, values, inside, weight, size)


def _with_few_digits(
    conditions: list[Condition], values: Array, inside: NDArray[np.bool_], weight: Array, size: float
) -> tuple[Condition, ...]:
    """Return the conditions with limits that are easier to remember, where that hardly costs anything."""
    least = _score(values, conditions, inside, weight, size) - ROUNDING
    for position, one in enumerate(conditions):
        reach = ROUNDING_REACH * float(np.std(values[:, one.feature]))
        for limit in ("low", "high"):
            exact = getattr(one, limit)
            if exact is None:
                continue
            limits = {"low": one.low, "high": one.high}
            limits[limit] = round_threshold(exact - reach, exact + reach)
            rounded = Condition(one.feature, limits["low"], limits["high"])
            tried = [*conditions[:position], rounded, *conditions[position + 1 :]]
            if _score(values, tried, inside, weight, size) >= least:
                one, conditions = rounded, tried
    return tuple(conditions)


def describe_rule(
    table: RowTable,
    labels: NDArray[np.integer],
    group: int,
    conditions: tuple[Condition, ...],
    names: Sequence[str],
    sample_weight: Array | None = None,
) -> Rule:
    """Count the rows of a table that match a rule, block by block.

    Parameters
    ----------
    table : RowTable
    labels : ndarray of int, shape (N,)
        Group of each row; negative for noise, which may match but is of no group.
    group : int
    conditions : tuple of Condition
    names : sequence of D str
        Names of the features, as text may show them.
    sample_weight : ndarray of shape (N,), optional
        Precision and recall are shares of weight; the numbers are of rows.
    """
    counts = np.zeros(3, dtype=np.int64)
    weights = np.zeros(3)
    by_feature = {one.feature: one for one in conditions}
    for start, _, values in table.blocks(table.n_features):
        label = labels[start : start + len(values)]
        weight = np.ones(len(label)) if sample_weight is None else sample_weight[start : start + len(label)]
        matching = _matching(values, by_feature.values()) & (weight > 0)
        inside = label == group
        for number, chosen in enumerate((matching, matching & inside, inside)):
            counts[number] += np.count_nonzero(chosen)
            weights[number] += weight[chosen].sum()
    return Rule(
        conditions=conditions,
        precision=float(weights[1] / weights[0]) if weights[0] else 0.0,
        recall=float(weights[1] / weights[2]) if weights[2] else 0.0,
        n_matching=int(counts[0]),
        n_correct=int(counts[1]),
        n_group=int(counts[2]),
        text=rule_text(conditions, names),
    )


def rule_text(conditions: Sequence[Condition], names: Sequence[str]) -> str:
    """Return a rule in words.

    Examples
    --------
    >>> rule_text([Condition(0, 1.5, 2.0), Condition(1, None, 3.0)], ["length", "width"])
    '1.5 < length ≤ 2 and width ≤ 3'
    """
    parts = []
    for one in conditions:
        name = names[one.feature]
        if one.low is None and one.high is not None:
            parts.append(f"{name} ≤ {threshold_text(one.high)}")
        elif one.high is None and one.low is not None:
            parts.append(f"{name} > {threshold_text(one.low)}")
        elif one.low is not None and one.high is not None:
            parts.append(f"{threshold_text(one.low)} < {name} ≤ {threshold_text(one.high)}")
    return " and ".join(parts)


def round_threshold(below: float, above: float) -> float:
    """Return the number of fewest digits from `below` on that is less than `above`, near their middle.

    Examples
    --------
    >>> round_threshold(1.9, 3.0), round_threshold(99_961.2, 100_047.8), round_threshold(0.131, 0.134)
    (2.0, 100000.0, 0.133)
    """
    middle = below / 2 + above / 2
    gap = above / 2 - below / 2
    if not (math.isfinite(middle) and gap > 0):
        return below
    for decimals in range(-math.floor(math.log10(gap)) - 1, 330):
        if decimals > 300:
            break
        candidate = round(middle, decimals)
        if below <= candidate < above:
            return candidate
        if 10.0**-decimals < 1e-17 * abs(middle):
            break
    return middle if below <= middle < above else below


def threshold_text(value: float) -> str:
    """Return a threshold with all its digits.

    Examples
    --------
    >>> threshold_text(1250000.0), threshold_text(2.35), threshold_text(1.5e-9)
    ('1,250,000', '2.35', '1.5e-09')
    """
    if value and not 1e-4 <= abs(value) < 1e15:
        return repr(value)
    whole, _, decimals = np.format_float_positional(value, trim="-").partition(".")
    text = f"{int(whole):,}" if int(whole) or not whole.startswith("-") else "-0"
    return f"{text}.{decimals}" if decimals else text


def _matching(values: Array, conditions: Iterable[Condition]) -> NDArray[np.bool_]:
    matching = np.ones(len(values), dtype=bool)
    for one in conditions:
        column = values[:, one.feature]
        if one.low is not None:
            matching &= column > one.low
        if one.high is not None:
            matching &= column <= one.high
    return matching


def _score(
    values: Array, conditions: Iterable[Condition], inside: NDArray[np.bool_], weight: Array, size: float
) -> float:
    matching = _matching(values, conditions)
    correct = float(weight[matching & inside].sum())
    return 2.0 * correct / (float(weight[matching].sum()) + size)


def _best_range(
    column: Array, inside: NDArray[np.bool_], weight: Array, size: float
) -> tuple[float, float | None, float | None]:
    """Return the best score of a range of one feature, and its limits."""
    mine = np.sort(column[inside])
    if not len(mine):
        return 0.0, None, None
    distinct = np.unique(column)
    cuts = np.unique(mine[np.round(_CUTS * (len(mine) - 1)).astype(np.intp)])
    place = np.searchsorted(distinct, cuts)
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    all_weight = np.concatenate([[0.0], np.cumsum(weight[order])])
    my_weight = np.concatenate([[0.0], np.cumsum(np.where(inside, weight, 0.0)[order])])
    first = np.concatenate([[0], np.searchsorted(ordered, cuts, side="left")])
    last = np.concatenate([np.searchsorted(ordered, cuts, side="right"), [len(column)]])
    correct = my_weight[last] - my_weight[first][:, None]
    matching = all_weight[last] - all_weight[first][:, None]
    # Rows of the table: where a range begins, the first not at all; columns: where it ends, the last not.
    is_range = last > first[:, None]
    scores = np.where(is_range, 2.0 * correct / np.where(is_range, matching + size, 1.0), -1.0)
    limits = (np.arange(len(first))[:, None] > 0).astype(float) + (np.arange(len(last)) < len(last) - 1)
    begin, end = np.unravel_index(np.argmax(scores - WORTHWHILE / 2 * limits), scores.shape)
    low = high = None
    if begin > 0 and place[begin - 1] > 0:
        low = round_threshold(float(distinct[place[begin - 1] - 1]), float(distinct[place[begin - 1]]))
    if end < len(cuts) and place[end] + 1 < len(distinct):
        high = round_threshold(float(distinct[place[end]]), float(distinct[place[end] + 1]))
    return float(scores[begin, end]), low, high
