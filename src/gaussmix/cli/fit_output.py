"""What `gaussmix fit` tells: how the table became a matrix, what was chosen, and what was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaussmix import GaussianMixture
    from gaussmix.data import Features
    from gaussmix.explain import MixtureSummary
    from gaussmix.selection.n_components import ComponentChoice

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
    choice : ComponentChoice or None
        How the number of components was chosen, if it was.
    notes : tuple of str
        Remarks, one sentence each.
    """

    origin: str
    name: str
    features: Features
    model: GaussianMixture
    choice: ComponentChoice | None
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


def _choice_sentences(choice: ComponentChoice) -> list[str]:
    best, *others = choice.ranking
    numbers = [candidate.n_components for candidate in choice.candidates]
    text = (
        f"{best.n_components} component{'s' if best.n_components != 1 else ''} chosen by BIC among "
        f"{numbers[0]} to {numbers[-1]}: BIC {best.bic:,.1f} (smaller is better)"
    )
    runners_up = [f"{one.n_components} ({one.bic - best.bic:+,.1f})" for one in others if not one.repaired]
    if runners_up:
        text += f"; next best {', '.join(runners_up[:3])}"
    repaired = [str(one.n_components) for one in choice.candidates if one.repaired]
    if not repaired or best.repaired:
        return [f"{text}."]
    from gaussmix.core.representation import ScalarRepresentation
    from gaussmix.covariance import FAMILIES

    is_simplest = isinstance(FAMILIES[choice.model.covariance_type].representation, ScalarRepresentation)
    advice = "" if is_simplest else "; a simpler --covariance may hold more"
    return [
        f"{text}.",
        f"Passed over, as a component collapsed onto too few rows: {', '.join(repaired)}{advice}.",
    ]


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
            "selection": None if choice is None else [dataclasses.asdict(one) for one in choice.candidates],
            "summary": summary.to_dict(),
            "folder": folder,
            "files": list(files),
        }
    )
