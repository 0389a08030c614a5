"""What `gaussmix fit` tells: how the table became a matrix, what was chosen, and what was found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaussmix import GaussianMixture
    from gaussmix.data import Features
    from gaussmix.explain import MixtureSummary
    from gaussmix.selection import SelectionRow, SelectionTable

_MOST_SENTENCES = 12

__all__ = ["Outcome", "print_as_json", "print_as_text", "sentences"]


@dataclass(frozen=True)
class Outcome:
    """A fit and how it came about.

    Parameters
    ----------
    origin : str
        What messages call the table's source.
    name : str
        Short name of the table.
    features : Features
        What was fitted.
    model : fitted GaussianMixture
        In the data's own units, without feature names.
    choice : SelectionTable or None
        What the model was chosen among, if it was.
    notes : tuple of str
        Remarks, one sentence each.
    """

    origin: str
    name: str
    features: Features
    model: GaussianMixture
    choice: SelectionTable | None
    notes: tuple[str, ...]


def sentences(outcome: Outcome) -> list[str]:
    """Say how the fit came about: how many components and why, what was left out, what was noticed.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    sentences : list of str
        With names from the file in them, as they are.
    """
    left_out = [f"Column left out: {column}." for column in outcome.features.left_out]
    choice = _choice_sentences(outcome.choice) if outcome.choice else []
    return [*choice, *left_out, *outcome.notes]


def _choice_sentences(choice: SelectionTable) -> list[str]:
    best, *others = choice.ranking
    numbers = choice["n_components"]
    n_types = len(set(choice["covariance_type"]))
    families = f" and {n_types} covariance families" if n_types > 1 else ""
    text = (
        f"{_named(best, n_types)} chosen by BIC among {numbers.min()} to {numbers.max()}{families}: "
        f"BIC {best.bic:,.1f} (smaller is better)"
    )
    if best.sound:
        text += f", weight of evidence {best.bic_weight:.0%}"
    runners_up = [
        f"{one.covariance_type + ' ' if n_types > 1 else ''}{one.n_components} "
        f"({one.bic - best.bic:+,.1f}, {one.bic_weight:.0%})"
        for one in others
        if one.sound
    ]
    if runners_up:
        text += f"; next best {', '.join(runners_up[:3])}"
    sentences = [f"{text}."]
    fitted = {(row.covariance_type, row.n_components) for row in choice.ranking}
    missing = [row for row in choice if (row.covariance_type, row.n_components) not in fitted]
    unsound = [row for row in choice.ranking if not row.sound]
    if missing:
        sentences.append(f"{len(missing)} of {len(choice)} models were not fitted, such as "
                         f"{_named(missing[0], n_types)}: {missing[0].message}.")  # fmt: skip
    if unsound and best.sound:
        which = ", ".join(
            str(row.n_components) if n_types == 1 else f"{row.covariance_type} {row.n_components}"
            for row in sorted(unsound, key=lambda row: row.n_components)[:9]
        )
        from gaussmix.core.representation import ScalarRepresentation
        from gaussmix.covariance import FAMILIES

        family = FAMILIES[best.covariance_type]
        is_simplest = n_types > 1 or isinstance(family.representation, ScalarRepresentation)
        advice = "" if is_simplest else "; a simpler --covariance may hold more"
        sentences.append(f"Passed over, as a component collapsed onto too few rows: {which}{advice}.")
    return sentences


def _named(row: SelectionRow, n_types: int) -> str:
    """Say what a model is."""
    plural = "s" if row.n_components != 1 else ""
    family = f" of type {row.covariance_type}" if n_types > 1 else ""
    return f"{row.n_components} component{plural}{family}"


def _as_document(row: SelectionRow) -> dict[str, Any]:
    """Return a row for JSON, which knows no NaN."""
    values = dataclasses.asdict(row)
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }


def print_as_text(outcome: Outcome, summary: MixtureSummary, folder: str, files: Sequence[str]) -> None:
    """Print what a person wants to know, and where the results are.

    Parameters
    ----------
    outcome : Outcome
    summary : MixtureSummary
    folder : str
        The folder of results.
    files : sequence of str
        Names of the files in it.
    """
    from rich.text import Text

    from gaussmix.cli.output import terminal
    from gaussmix.data.text import printable
    from gaussmix.explain import render_text

    console = terminal()
    n_rows, n_columns = outcome.features.values.shape
    plural = "s" if n_columns != 1 else ""
    console.print(Text(f"{printable(outcome.origin)}: {n_rows:,} rows, {n_columns:,} column{plural} used."))
    for line in _shortened(sentences(outcome)):
        console.print(Text(printable(line)))
    console.print()
    render_text(summary, console)
    console.print()
    console.print(Text(f"Written to {printable(folder)}: {', '.join(files)}"), soft_wrap=True)


def _shortened(lines: list[str]) -> list[str]:
    """Keep the most telling lines where hundreds of columns were left out."""
    if len(lines) <= _MOST_SENTENCES:
        return lines
    return [
        *lines[:_MOST_SENTENCES],
        f"{len(lines) - _MOST_SENTENCES} more remarks are in the output of --json.",
    ]


def print_as_json(outcome: Outcome, summary: MixtureSummary, folder: str, files: Sequence[str]) -> None:
    """Print everything as one JSON document; see `print_as_text` for the parameters."""
    from gaussmix.cli.output import print_json

    features, choice = outcome.features, outcome.choice
    print_json(
        {
            "source": outcome.origin,
            "n_rows": len(features.values),
            "n_rows_dropped": features.n_dropped,
            "columns": features.names,
            "left_out": [dataclasses.asdict(column) for column in features.left_out],
            "notes": outcome.notes,
            "selection": None if choice is None else [_as_document(one) for one in choice],
            "summary": summary.to_dict(),
            "folder": folder,
            "files": list(files),
        }
    )
