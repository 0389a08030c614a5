"""The components one by one: their cards, and how they are told from one another."""

from __future__ import annotations

from typing import Any

from gaussmix.explain import ComponentSummary, GroupExplanation, MixtureExplanation, NotableRow
from gaussmix.explain.sentences import feature_formats
from gaussmix.explain.wording import display_names, format_count, format_probability, format_share

CARD_FEATURES = 5
"""Bars on a component's card."""
CARD_ROWS = 3
"""Typical rows and rows at the border that a card names."""
MATRIX_COMPONENTS = 12
"""Up to so many components the overlaps are shown as a matrix."""

BARS_NOTE = (
    "The bars show how much each feature contributes to what separates the component from all others, "
    "relative to the largest; the percentages are shares of the whole. Features that say the same share what "
    "they say. Orange where the component's mean "
    "is above the overall mean, blue where it is below. At the right, its mean ± standard deviation."
)


def component_cards(explanation: MixtureExplanation, shown: list[int]) -> list[dict[str, Any]]:
    """Return a card a component: size, rule, what sets it apart as bars, nearest other, rows to look at.

    Parameters
    ----------
    explanation : MixtureExplanation
        Whose groups are the components.
    shown : list of int
        The components that have cards.
    """
    if len(explanation.groups) == 1:
        return []
    return [_card(explanation, explanation.groups[k]) for k in shown]


def component_rows(components: list[ComponentSummary]) -> list[dict[str, Any]]:
    """Return one row a component: size, certainty, nearest other."""
    rows = []
    for component in components:
        rows.append(
            {
                "component": component.component,
                "rows": f"{component.n_rows:,}",
                "share": format_share(component.share),
                "probability": format_probability(component.mean_probability),
                "sure": format_share(component.sure_share),
                "nearest": component.nearest,
                "overlap": format_share(component.overlap),
            }
        )
    return rows


def overlap_matrix(explanation: MixtureExplanation) -> dict[str, Any] | None:
    """Return the overlap of each component with each other as a table; None for one or very many."""
    n_components = len(explanation.groups)
    if not 1 < n_components <= MATRIX_COMPONENTS:
        return None
    return {
        "components": list(range(n_components)),
        "rows": [
            {
                "component": j,
                "cells": [
                    {"text": "", "strength": "0"}
                    if j == k
                    else {"text": format_share(share), "strength": f"{min(1.0, 4 * share) * 0.6:.2f}"}
                    for k, share in enumerate(row)
                ],
            }
            for j, row in enumerate(explanation.overlap)
        ],
    }


def notable_rows(explanation: MixtureExplanation) -> list[int]:
    """Return the places in the table of all rows that the page names: the map has to show them."""
    rows = [one.row for one in explanation.unusual_rows]
    for group in explanation.groups:
        rows += [one.row for one in (*group.typical_rows[:CARD_ROWS], *group.border_rows[:CARD_ROWS])]
    return rows


def _card(explanation: MixtureExplanation, group: GroupExplanation) -> dict[str, Any]:
    summary = explanation.summary
    names, formats = display_names(summary.feature_names), feature_formats(summary)
    bars = []
    if group.separation is not None:
        shares = group.separation.shares
        largest = max(max(shares), 1e-12)
        for d in group.separation.order[:CARD_FEATURES]:
            mean, deviation = group.means[d], group.standard_deviations[d]
            bars.append(
                {
                    "name": names[d],
                    "tone": "above" if mean > summary.overall_means[d] else "below",
                    "width": f"{max(0.0, 100 * shares[d] / largest):.1f}",
                    "text": format_share(max(0.0, shares[d])),
                    "centre": f"{formats[d](mean)} ± {formats[d].spread(deviation)}",
                }
            )
    rule = None
    if group.rule is not None and group.rule.conditions:
        recall, precision = format_share(group.rule.recall), format_share(group.rule.precision)
        quality = f"holds for {recall} of its rows; {precision} of the rows for which it holds are its own"
        rule = {"text": group.rule.text, "quality": quality}
    return {
        "component": group.group,
        "share": format_share(group.share),
        "size": format_count(group.n_rows, "row"),
        "rule": rule,
        "bars": bars,
        "sentences": group.sentences[-1:] if group.nearest is not None else (),
        "rows": [
            {"what": what, "numbers": _numbers(rows)}
            for what, rows in (
                ("Typical rows", group.typical_rows),
                ("At the border", group.border_rows),
            )
            if rows
        ],
    }


def _numbers(rows: tuple[NotableRow, ...]) -> list[int]:
    return [one.number for one in rows[:CARD_ROWS]]
