"""What `gaussmix fit` tells: how the table became a matrix, what was chosen, and what was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaussmix import GaussianMixture
    from gaussmix.data import Features
    from gaussmix.explain import MixtureSummary
    from gaussmix.explain.terminal import Terminal
    from gaussmix.selection import SelectionTable

_MOST_SENTENCES = 12

__all__ = ["Outcome", "data_sentences", "print_as_json", "print_as_text", "sentences"]


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
    from gaussmix.explain.choice import choice_sentences

    choice = choice_sentences(outcome.choice) if outcome.choice else ()
    return [*choice, *data_sentences(outcome)]


def data_sentences(outcome: Outcome) -> list[str]:
    """Say what was done to the data: what was left out, and what was noticed.

    Parameters
    ----------
    outcome : Outcome
    """
    return [*(f"Column left out: {column}." for column in outcome.features.left_out), *outcome.notes]


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
    from gaussmix.cli.output import terminal
    from gaussmix.data.text import printable
    from gaussmix.explain import render_text
    from gaussmix.explain.terminal import Terminal

    screen = Terminal(terminal())
    n_rows, n_columns = outcome.features.values.shape
    plural = "s" if n_columns != 1 else ""
    screen.line(f"{printable(outcome.origin)}: {n_rows:,} rows, {n_columns:,} column{plural} used.")
    remarks = sentences(replace(outcome, choice=None))  # the summary tells the choice
    for line in _shortened(remarks):
        screen.line(printable(line))
    if outcome.choice is not None:
        _print_curve(screen, outcome.choice)
    screen.line()
    render_text(summary, screen.console)
    screen.line()
    written = screen.text(f"Written to {printable(folder)}: {', '.join(files)}")
    screen.console.print(written, soft_wrap=True)


def _print_curve(screen: Terminal, choice: SelectionTable) -> None:
    """Print the criterion over the numbers of components as a curve of blocks, its values at the ends."""
    from gaussmix.explain.choice import best_by_number, criterion_name
    from gaussmix.explain.wording import format_number

    best = best_by_number(choice)
    if len(best) < 2:
        return
    values = [row.criterion for row in best]
    curve = screen.sparkline(values)
    numbers = [row.n_components for row in best]
    consecutive = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    screen.line()
    name = criterion_name(choice).removeprefix("the ")
    screen.line(f"{name[0].upper()}{name[1:]} by number of components (low is good)")
    low, high = format_number(min(values), 6), format_number(max(values), 6)
    screen.line(f"{curve}  from {low} to {high}", indent=2)
    if consecutive and numbers[-1] < 10:
        screen.line("".join(map(str, numbers)), indent=2)
    chosen = choice.ranking[0]
    mark = numbers.index(chosen.n_components) if chosen.sound else 0
    screen.line(f"{' ' * mark}^ {chosen.n_components} ({chosen.covariance_type})", indent=2)


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
            "selection": None if choice is None else [dataclasses.asdict(row) for row in choice],
            "summary": summary.to_dict(),
            "folder": folder,
            "files": list(files),
        }
    )
