"""How the model was chosen: the table of what was compared, for the page and for its script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gaussmix.covariance import FAMILIES
from gaussmix.explain.choice import choice_sentences, criterion_name, model_name
from gaussmix.explain.wording import DASH, clean_text, format_count, format_number
from gaussmix.selection import SelectionRow, SelectionTable

MOST_CELLS = 600
FEWEST_NUMBERS = 5
_NUMBERS = ("criterion", "bicc", "bic", "icl", "aic", "log_likelihood", "seconds", "bic_weight")


def choice_content(table: SelectionTable) -> dict[str, Any] | None:
    """Return what the page shows of a choice; None where nothing was fitted.

    Parameters
    ----------
    table : SelectionTable

    Returns
    -------
    dict
        ``sentences``; ``numbers`` and ``lines``, the table of cells with a line a family; ``models``, what
        the page's script needs.
    """
    ranking = table.ranking
    if not ranking:
        return None
    best = ranking[0]
    named = criterion_name(table)
    sentences = [clean_text(sentence, 600) for sentence in choice_sentences(table)]
    numbers = _shown_numbers(table, best)
    if len(numbers) < len({row.n_components for row in table}):
        shown = f"{numbers[0]} to {numbers[-1]} components"
        if len(numbers) == 1:
            shown = format_count(int(numbers[0]), "component")
        sentences.append(f"Shown are the models of {shown}, around the one chosen.")
    if best.sound and not all(row.sound for row in ranking):
        sentences.append("What was passed over is marked with an asterisk.")
    rows = [row for row in table if row.n_components in numbers]
    values = [row.criterion for row in rows]
    families = _families_by_merit(rows, values)
    meanings = {row.label: _meaning(row) for row in rows}
    models = [
        asdict(row)
        | {name: _finite(getattr(row, name)) for name in _NUMBERS}
        | {"covariance_type": row.label, "name": model_name(row), "value": _finite(values[number])}
        | {"sound": row.sound, "chosen": row == best}
        for number, row in enumerate(rows)
    ]
    for model in models:
        model["message"] = None if model["message"] is None else clean_text(model["message"], 300)
    places = {(row.label, row.n_components): i for i, row in enumerate(rows)}
    lowest = values[places[best.label, best.n_components]]
    lines = [
        {
            "family": family,
            "meaning": meanings[family],
            "cells": [
                _cell(places.get((family, number)), rows, values, lowest, best, named) for number in numbers
            ],
        }
        for family in families
    ]
    return {
        "criterion": named,
        "sentences": sentences,
        "numbers": numbers,
        "lines": lines,
        "models": models,
        "families": families,
        "meanings": meanings,
    }


def _shown_numbers(table: SelectionTable, best: SelectionRow) -> list[int]:
    """Return the numbers of components that have columns: all, or of very many those nearest to the best."""
    numbers = sorted({row.n_components for row in table}, key=lambda n: (abs(n - best.n_components), n))
    most = max(FEWEST_NUMBERS, MOST_CELLS // len({row.covariance_type for row in table}))
    return sorted(numbers[:most])


def _meaning(row: SelectionRow) -> str:
    """Return what a family is in plain words."""
    meaning = FAMILIES[row.covariance_type].meaning
    return f"{meaning}; beside uniform noise" if row.noise else meaning


def _families_by_merit(rows: Sequence[SelectionRow], values: list[float]) -> list[str]:
    best: dict[str, float] = {}
    for row, value in zip(rows, values, strict=True):
        merit = value if math.isfinite(value) and row.sound else math.inf
        best[row.label] = min(best.get(row.label, math.inf), merit)
    return sorted(best, key=lambda family: best[family])


def _cell(
    place: int | None,
    rows: Sequence[SelectionRow],
    values: list[float],
    lowest: float,
    best: SelectionRow,
    named: str,
) -> dict[str, Any]:
    if place is None or not math.isfinite(values[place]):
        message = "not compared" if place is None else clean_text(rows[place].message or "not fitted", 300)
        return {"model": place, "text": DASH, "tone": "none", "label": message, "strength": "0"}
    row, excess = rows[place], values[place] - lowest
    label = f"{model_name(row)}: {named} {format_number(values[place], 6)}"
    if row == best:
        return {
            "model": place,
            "text": "best",
            "tone": "best",
            "label": f"{label}, the one chosen",
            "strength": "1",
        }
    if not row.sound:
        label += f"; passed over: {clean_text(row.message or '', 300)}"
    return {
        "model": place,
        "text": f"{excess:+,.1f}" if abs(excess) < 100 else f"{excess:+,.0f}",
        "tone": "" if row.sound else "unsound",
        "label": f"{label}, {format_number(abs(excess), 3)} {'above' if excess >= 0 else 'below'} the best",
        "strength": f"{math.exp(-max(excess, 0.0) / 20.0):.2f}" if row.sound else "0",
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
