"""The tables of the page, as rows of text."""

from __future__ import annotations

from typing import Any

from gaussmix.explain import ComponentSummary, MixtureExplanation, MixtureSummary, NotableRow
from gaussmix.explain.sentences import feature_formats, signed_distance
from gaussmix.explain.wording import (
    FeatureFormat,
    display_names,
    format_count,
)

SHOWN_COMPONENTS = 60
"""More components than this make a page that nobody reads: the largest are shown."""
ACROSS = 6
"""Up to so many components or features stand side by side in a table."""
DOWN = 24
"""Up to so many features stand below each other in a table."""


def shown_components(summary: MixtureSummary) -> list[ComponentSummary]:
    """Return the components that the page lists, in their order: all, or the largest of very many."""
    largest = sorted(summary.components, key=lambda component: -component.share)[:SHOWN_COMPONENTS]
    return sorted(largest, key=lambda component: component.component)


def means_tables(
    summary: MixtureSummary, components: list[ComponentSummary]
) -> tuple[list[dict[str, Any]], str]:
    """Return the table of means, the shorter of components and features across, and what it leaves out."""
    formats = feature_formats(summary)
    names = display_names(summary.feature_names)

    def cell(component: ComponentSummary, d: int) -> dict[str, Any]:
        feature = component.features[d]
        distance = feature.mean - summary.overall_means[d] if summary.n_components > 1 else 0.0
        strength = min(abs(distance) / (1.5 * (summary.overall_deviations[d] or 1.0)), 1.0) * 0.45
        return {
            "text": f"{formats[d](feature.mean)} ± {formats[d].spread(feature.standard_deviation)}",
            "tone": "" if strength < 0.03 else "above" if distance > 0 else "below",
            "strength": f"{strength:.2f}",
        }

    components_across = len(components) <= ACROSS
    most = DOWN if components_across else ACROSS
    features = (
        sorted(summary.telling_features[:most]) if summary.n_features > most else range(summary.n_features)
    )
    if components_across:
        table: dict[str, Any] = {
            "corner": "feature",
            "components_across": True,
            "headings": [component.component for component in components],
            "rows": [
                {"heading": names[d], "cells": [cell(component, d) for component in components]}
                for d in features
            ],
        }
    else:
        table = {
            "corner": "component",
            "components_across": False,
            "headings": [names[d] for d in features],
            "rows": [
                {"heading": component.component, "cells": [cell(component, d) for d in features]}
                for component in components
            ],
        }
    return [table], _features_left_out(summary, len(features))


def unusual_table(explanation: MixtureExplanation) -> dict[str, Any]:
    """Return the rows of least density with their values in the most telling features, and why."""
    summary = explanation.summary
    formats = feature_formats(summary)
    names = display_names(summary.feature_names)
    shown = sorted(summary.telling_features[:ACROSS])
    rows = [
        {
            "number": row.number,
            "log_density": f"{row.log_density:,.2f}",
            "component": None if row.is_noise else row.group,
            "reason": _reason(row, names, formats),
            "cells": [formats[d](row.values[d]) for d in shown],
        }
        for row in explanation.unusual_rows
    ]
    return {
        "headings": [names[d] for d in shown],
        "rows": rows,
        "left_out": _features_left_out(summary, len(shown)),
    }


def _features_left_out(summary: MixtureSummary, n_shown: int) -> str:
    left_out = summary.n_features - n_shown
    if left_out <= 0:
        return ""
    return (
        f"Shown are the {n_shown} features that tell most about the component; "
        f"{format_count(left_out, 'feature')} {'is' if left_out == 1 else 'are'} not shown."
    )


def _reason(row: NotableRow, names: tuple[str, ...], formats: tuple[FeatureFormat, ...]) -> str:
    """Return the value that is least expected given the row's other values."""
    if not row.deviations:
        return ""
    worst = row.deviations[0]
    d = worst.feature
    return (
        f"{names[d]} is {formats[d](worst.value)}, expected {formats[d](worst.expected)} "
        f"({signed_distance(worst.z)} sd)"
    )
