"""From a fitted mixture and a table to a `MixtureExplanation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.noise import NOISE_LABEL
from gaussmix.core.rows import Array
from gaussmix.explain.clouds import separateness
from gaussmix.explain.components import moments
from gaussmix.explain.confusion import confusion, error_rates, nearest_groups, shared_rows
from gaussmix.explain.contributions import shares_within
from gaussmix.explain.explanation import (
    DescribingTree,
    GroupExplanation,
    MixtureExplanation,
    Rule,
    Separation,
)
from gaussmix.explain.group_sentences import group_sentences, overlap_sentences
from gaussmix.explain.groups import Groups
from gaussmix.explain.mixture_summary import MixtureSummary
from gaussmix.explain.notable import GroupSurvey, describe_rows, survey_groups
from gaussmix.explain.row_explanation import NotableRow
from gaussmix.explain.rows import RowTable, counted_weights
from gaussmix.explain.rules import describe_rule, find_conditions
from gaussmix.explain.separation import separations
from gaussmix.explain.summary import summarize
from gaussmix.explain.tree import describe_tree, describing_tree
from gaussmix.explain.wording import display_names
from gaussmix.explain.working_mixture import WorkingMixture

SAMPLE = 6_000
"""Rows on which rules and the tree are found; they are counted on all."""
RULE_FEATURES = 16
"""Rules use the features that separate a group most."""


def explain_mixture(
    model: Any,
    X: Any,
    feature_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    group_names: Sequence[str] | None = None,
    row_numbers: ArrayLike | None = None,
    n_rows_shown: int = 5,
    summary: MixtureSummary | None = None,
) -> MixtureExplanation:
    """Say of each group of a fitted mixture what it is, what sets it apart, and which rows to look at.

    Parameters
    ----------
    model : fitted mixture
    X : array-like or frame of shape (N, D)
        The rows to describe, usually those that the model was fitted to.
    feature_names : sequence of D str, optional
        Default: the names the model was fitted with, else the frame's, else x0, x1, ...
    sample_weight : array-like of shape (N,), optional
        Weights of the rows: 0 is absence, 2 is repetition.
    groups : array-like of int, shape (K,), optional
        The group of each component, from 0 without gaps, where components were merged to clusters.
    group_names : sequence of str, optional
        Default: the names of the components.
    row_numbers : array-like of shape (N,), optional
        Numbers by which a reader knows the rows, such as those in a file. Default: from 0.
    n_rows_shown : int, default=5
        Typical, border and unusual rows of each group.
    summary : MixtureSummary, optional
        Of the same model and table, where there is one already.

    Returns
    -------
    MixtureExplanation

    Raises
    ------
    ValueError
        If the table has no rows, or names, weights or groups do not match.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> X = [[1.0], [1.1], [1.2], [7.0], [7.1], [7.2]]
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> explanation = explain_mixture(model, X, ["length"])
    >>> sorted(group.rule.text for group in explanation.groups)
    ['length > 4', 'length ≤ 4']
    """
    if summary is None:
        summary = summarize(model, X, feature_names, sample_weight, row_numbers=row_numbers)
    table, partition, mixture = RowTable(X), Groups.of(model, groups, group_names), WorkingMixture.of(model)
    weights, _ = counted_weights(sample_weight, table.n_rows)
    numbers = None if row_numbers is None else np.asarray(row_numbers)
    survey = survey_groups(model, table, partition, weights, n_shown=n_rows_shown)
    joint = confusion(mixture, partition)
    nearest = nearest_groups(mixture, partition, joint)
    depths, clouds = separateness(model, mixture, partition, joint, table, weights)
    from_rest, from_nearest = _separations(mixture, partition, nearest)
    rules, tree = _descriptions(mixture, table, partition, survey, from_rest, summary, weights)

    def described(places: NDArray[np.intp]) -> tuple[NotableRow, ...]:
        return describe_rows(model, mixture, table, partition, places, numbers)

    explained = []
    for group, members in enumerate(partition.members):
        means, deviations = _moments(model, members)
        explained.append(
            GroupExplanation(
                group=group,
                name=partition.names[group],
                components=members,
                weight=float(np.sum(mixture.weights[list(members)])),
                n_rows=int(survey.counts[group]),
                share=float(survey.weight[group] / summary.total_weight),
                means=tuple(means.tolist()),
                standard_deviations=tuple(deviations.tolist()),
                separation=from_rest[group],
                nearest=nearest[group],
                from_nearest=from_nearest[group],
                rule=rules[group],
                typical_rows=described(survey.typical[group]),
                border_rows=described(survey.border[group]),
                unusual_rows=described(survey.unusual[group]),
            )
        )
    explanation = MixtureExplanation(
        summary=summary,
        groups=tuple(explained),
        confusion=_rows_of(error_rates(joint)),
        overlap=_rows_of(shared_rows(joint)),
        valleys=_rows_of(depths),
        clouds=clouds,
        tree=tree,
        unusual_rows=described(np.array([one.row for one in summary.unusual_rows], dtype=np.intp)),
    )
    worded = tuple(
        replace(group, sentences=group_sentences(explanation, group)) for group in explanation.groups
    )
    return replace(explanation, groups=worded, sentences=overlap_sentences(explanation))


def _separations(
    mixture: WorkingMixture, groups: Groups, nearest: list[int | None]
) -> tuple[list[Separation | None], list[Separation | None]]:
    """Return what separates each group from the rest, and from its nearest."""
    if len(groups) == 1:
        return [None], [None]
    pairs: list[tuple[int, int | None]] = [(group, None) for group in range(len(groups))]
    found = separations(mixture, groups, pairs + list(enumerate(nearest)))
    return list(found[: len(groups)]), list(found[len(groups) :])


def _descriptions(
    mixture: WorkingMixture,
    table: RowTable,
    groups: Groups,
    survey: GroupSurvey,
    from_rest: list[Separation | None],
    summary: MixtureSummary,
    weights: Array | None,
) -> tuple[list[Rule | None], DescribingTree | None]:
    """Return a rule a group, and a tree for all."""
    rules: list[Rule | None] = [None] * len(groups)
    if np.count_nonzero(survey.counts) < 2:
        return rules, None
    rows, row_weights = _some_of_each(survey, weights)
    values, labels = table.take(rows)[1], survey.labels[rows]
    grouped = labels >= 0
    names = display_names(summary.feature_names)
    for group, separation in enumerate(from_rest):
        if separation is None or not survey.counts[group]:
            continue
        features = separation.order[:RULE_FEATURES]
        conditions = find_conditions(values, labels == group, row_weights, features)
        rules[group] = describe_rule(table, survey.labels, group, conditions, names, weights)
    values = values[grouped]
    Z = mixture.to_working(values)
    root = describing_tree(Z, values, labels[grouped], row_weights[grouped], len(groups))
    tree = describe_tree(root, table, survey.labels, groups.display_names(), names, weights)
    return rules, tree


def _some_of_each(survey: GroupSurvey, weights: Array | None) -> tuple[NDArray[np.intp], Array]:
    """Return the places of some rows of each group and of noise, spread over the table, and their weights.

    The weights are those of the rows for which they stand.
    """
    most = max(200, SAMPLE // len(survey.counts))
    places, stands_for = [], []
    for group in (*np.flatnonzero(survey.counts), NOISE_LABEL):
        of_group = survey.labels == group
        if weights is not None:
            of_group &= weights > 0
        mine = np.flatnonzero(of_group)
        if not len(mine):
            continue
        chosen = mine[np.linspace(0, len(mine) - 1, min(len(mine), most)).round().astype(np.intp)]
        weight = np.ones(len(chosen)) if weights is None else weights[chosen]
        places.append(chosen)
        total = len(mine) if weights is None else weights[mine].sum()
        stands_for.append(weight * (total / weight.sum()))
    return np.concatenate(places), np.concatenate(stands_for)


def _moments(model: Any, members: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the mean and the standard deviations of some components together, in the data's units."""
    shares = shares_within(np.asarray(model.weights_), members)
    means, deviations = (one[list(members)] for one in moments(model))
    mean = means[0] + shares @ (means - means[0])
    scale = np.maximum(np.max(deviations, axis=0), np.max(np.abs(means - mean), axis=0))
    unit = np.where(scale > 0, scale, 1.0)
    spread = shares @ ((deviations / unit) ** 2 + ((means - mean) / unit) ** 2)
    return mean, unit * np.sqrt(spread)


def _rows_of(matrix: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())
