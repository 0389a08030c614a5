"""Explanations as text for a terminal."""

from __future__ import annotations

from rich.console import Console

from gaussmix.explain.explanation import GroupExplanation, MixtureExplanation
from gaussmix.explain.row_explanation import NotableRow, RowExplanation
from gaussmix.explain.row_sentences import deviation_phrase
from gaussmix.explain.sentences import capitalised
from gaussmix.explain.terminal import Terminal
from gaussmix.explain.wording import (
    clean_text,
    display_names,
    format_number,
    format_probability,
    format_share,
    join_words,
)

SHOWN_GROUPS = 30
"""More groups than this are not described: the largest are."""
SHOWN_FEATURES = 12
"""More features than this are not listed: those that contribute most are."""
MATRIX_GROUPS = 12
"""Up to so many groups have their confusion shown as a matrix."""
EXPECTED = 2.0
"""A value closer to expectation than so many standard deviations is no reason."""


def render_explanation(explanation: MixtureExplanation, console: Console | None = None) -> None:
    """Print an explanation: how far the groups are separate, each of them, and the tree.

    Parameters
    ----------
    explanation : MixtureExplanation
    console : rich.console.Console, optional
        Default: standard output. Its width is kept from 40 columns on; neither colour nor letters beyond
        ASCII are needed to understand the text.
    """
    terminal = Terminal(console or Console())
    for sentence in explanation.sentences:
        terminal.line(sentence)
    shown = sorted(explanation.groups, key=lambda group: -group.share)[:SHOWN_GROUPS]
    for group in sorted(shown, key=lambda group: group.group):
        terminal.heading(capitalised(clean_text(group.name, 40)))
        for sentence in group.sentences:
            terminal.line(sentence)
        for title, rows in (
            ("Typical", group.typical_rows),
            ("At the border", group.border_rows),
            ("Unusual", group.unusual_rows),
        ):
            if rows:
                terminal.line(f"{title}: {_listed(explanation, group, rows, title)}.")
    if len(shown) < len(explanation.groups):
        terminal.line()
        terminal.line(f"{len(explanation.groups) - len(shown)} smaller groups not shown.", "dim")
    if explanation.tree is not None:
        terminal.heading(
            f"As a decision tree (it agrees with the mixture for {format_share(explanation.tree.fidelity)} "
            "of the rows)"
        )
        for line in explanation.tree.lines:
            depth = len(line) - len(line.lstrip(" "))
            terminal.line(line.lstrip(" "), indent=depth)
    if 1 < len(explanation.groups) <= MATRIX_GROUPS:
        _print_confusion(terminal, explanation)


def render_row(row: RowExplanation, console: Console | None = None) -> None:
    """Print why a row belongs where it does: sentences, and each feature's part of the log-odds.

    Parameters
    ----------
    row : RowExplanation
    console : rich.console.Console, optional
        Default: standard output.
    """
    terminal = Terminal(console or Console())
    for sentence in row.sentences:
        terminal.line(sentence)
    names = display_names(row.feature_names, max(12, min(32, terminal.width // 3)))
    listed, others = row.order[:SHOWN_FEATURES], row.order[SHOWN_FEATURES:]
    rest = sum(row.contributions[d] for d in others)
    parts = [row.from_size, rest, *(row.contributions[d] for d in listed)]
    largest = max(map(abs, parts)) or 1.0

    def line(name: str, value: str, part: float, expected: str) -> list[str]:
        cells = [name, value, f"{part:+,.2f}"]
        cells += [("-" if part < 0 else "+") + terminal.bar(abs(part) / largest)]
        return [*cells, expected] if wide else cells

    wide = terminal.width >= 72
    rows = [
        line(
            names[d],
            format_number(row.values[d], 6),
            row.contributions[d],
            f"{format_number(row.deviations[d].expected)} ± "
            f"{format_number(row.deviations[d].standard_deviation, 2)}",
        )
        for d in listed
    ]
    if others:
        rows.append(line(f"{len(others)} others", "", rest, ""))
    rows.append(line("sizes of the groups", "", row.from_size, ""))
    rows.append(["log-odds", "", f"{row.log_odds:+,.2f}", *([""] * (2 if wide else 1))])
    columns = [("feature", "left"), ("value", "right"), ("part", "right"), ("", "left")]
    if wide:
        columns.append(("expected from the others", "right"))
    terminal.line()
    terminal.table(columns, rows)
    if not row.exact:
        terminal.line("Parts are means over a sample of the orders of features; their sum is exact.", "dim")


def _listed(
    explanation: MixtureExplanation, group: GroupExplanation, rows: tuple[NotableRow, ...], title: str
) -> str:
    """Return rows by their numbers, with what is to be said of them in this kind of list."""
    if title == "Typical":
        return "rows " + join_words([str(row.number) for row in rows])
    if title == "At the border":
        return join_words(
            [
                f"row {row.number} ({format_probability(row.probability)}"
                + "".join(f"; {name} {chance}" for name, chance in _alternatives(explanation, row))
                + ")"
                for row in rows
            ]
        )
    names = display_names(explanation.summary.feature_names, 24)
    return "; ".join(_reason(row, names) for row in rows[:3])


def _alternatives(explanation: MixtureExplanation, row: NotableRow) -> list[tuple[str, str]]:
    """Return the next most probable group of a row, noise where that is likelier, and its probability."""
    if row.noise_probability > row.runner_up_probability:
        return [("noise", format_probability(row.noise_probability))]
    if row.runner_up is None:
        return []
    name = clean_text(explanation.names[row.runner_up], 24)
    return [(name, format_probability(row.runner_up_probability))]


def _reason(row: NotableRow, names: tuple[str, ...]) -> str:
    """Return a row with the values that are least expected, given its others."""
    reasons = [deviation_phrase(one, names[one.feature]) for one in row.deviations if abs(one.z) >= EXPECTED]
    told = (
        join_words(reasons[:2]) if reasons else f"a distance of {row.distance:.1f} sd from the centre in all"
    )
    return f"row {row.number} with {told}"


def _print_confusion(terminal: Terminal, explanation: MixtureExplanation) -> None:
    terminal.heading("Of the rows of each group, so many are assigned to ...")
    names = [clean_text(name, max(8, terminal.width // 4)) for name in explanation.names]
    n_groups = len(names)
    numbers = [str(group) for group in range(n_groups)]
    if len(max(names, key=len)) + 3 + 8 * n_groups > terminal.width:
        for j, name in enumerate(names):
            parts = [
                f"{numbers[k]} {format_share(explanation.confusion[j][k])}"
                for k in range(n_groups)
                if explanation.confusion[j][k] >= 0.0005
            ]
            terminal.line(f"{name}: {', '.join(parts)}")
        return
    rows = [
        [name, *(format_share(share) for share in explanation.confusion[j])] for j, name in enumerate(names)
    ]
    terminal.table([("", "left"), *((number, "right") for number in numbers)], rows)
