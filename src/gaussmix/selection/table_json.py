"""The table of what was compared, as JSON holds it in a model file.

A list with an object a model, in the table's order; its entries are the columns of `SelectionRow`, but for
the weight of evidence, which follows from BICc. Null stands for a number that there is none of, and
the criterion and BICc may be "inf" or "-inf".
"""

from __future__ import annotations

import math
from typing import Any

from gaussmix.checked_json import Document
from gaussmix.covariance import FAMILIES
from gaussmix.selection.table import SelectionRow, SelectionTable

MOST_MODELS = 4000
"""Every covariance type with 250 numbers of components; of more, the best are written."""
MOST_COMPONENTS = 1_000_000
LONGEST_MESSAGE = 500
_NUMBERS = ("bic", "icl", "aic", "log_likelihood", "seconds")


def table_as_json(table: SelectionTable) -> list[dict[str, Any]]:
    """Return what JSON holds of a table."""
    rows = table if len(table) <= MOST_MODELS else table.ranking[:MOST_MODELS]
    return [
        {
            "covariance_type": row.covariance_type,
            "n_components": int(row.n_components),
            **{name: _perhaps_infinite(getattr(row, name)) for name in ("criterion", "bicc")},
            **{name: _or_null(getattr(row, name)) for name in _NUMBERS},
            "n_parameters": int(row.n_parameters),
            "n_iter": int(row.n_iter),
            "converged": bool(row.converged),
            "noise": bool(row.noise),
            "message": row.message if row.message is None else row.message[:LONGEST_MESSAGE],
        }
        for row in rows
    ]


def table_from_json(document: Document, name: str) -> SelectionTable:
    """Return the table that an entry of a document holds.

    Raises
    ------
    ModelFileError
        If it is damaged, longer than any that is written, or holds no model that was fitted.
    """
    rows = [_row(entry) for entry in document.parts(name, MOST_MODELS)]
    if len({(row.covariance_type, row.n_components, row.noise) for row in rows}) < len(rows):
        raise document.error(f"{name} holds a model twice")
    table = SelectionTable(rows)
    if not table.ranking:
        raise document.error(f"{name} holds no model that was fitted")
    return table


def _row(entry: Document) -> SelectionRow:
    """Return a checked row."""
    numbers = {name: math.nan if entry.get(name) is None else entry.number(name) for name in _NUMBERS}
    message = None if entry.get("message") is None else entry.text("message", LONGEST_MESSAGE)
    unexplained = message is None and math.isnan(numbers["log_likelihood"])
    if unexplained or not (message or "").isprintable():
        raise entry.damaged("message")
    return SelectionRow(
        covariance_type=entry.one_of("covariance_type", tuple(FAMILIES)),
        n_components=entry.count("n_components", most=MOST_COMPONENTS),
        criterion=_number_of(entry, "criterion"),
        bicc=_number_of(entry, "bicc"),
        bic_weight=0.0,
        n_parameters=entry.count("n_parameters", least=0),
        n_iter=entry.count("n_iter", least=0),
        converged=entry.boolean("converged"),
        message=message,
        noise=entry.get("noise") is not None and entry.boolean("noise"),
        **numbers,
    )


def _or_null(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _perhaps_infinite(number: float) -> float | str | None:
    """Return a number as JSON can hold it."""
    return str(number) if math.isinf(number) else _or_null(number)


def _number_of(entry: Document, name: str) -> float:
    """Return a number that may be infinite or missing."""
    if entry.get(name) in ("inf", "-inf"):
        return float(entry.get(name))
    return math.nan if entry.get(name) is None else entry.number(name)
