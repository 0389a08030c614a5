"""`gaussmix explain`: what sets the groups apart, or why one row belongs where it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from gaussmix.cli.options import (
    debug_option,
    drop_missing_option,
    file_argument,
    header_option,
    json_option,
    model_argument,
)

if TYPE_CHECKING:
    from gaussmix.data import Features

__all__ = ["command"]


@click.command("explain", short_help="Say what sets the groups apart, or why a row belongs to one.")
@model_argument
@file_argument
@click.option("--row", type=int, metavar="N", help="Explain this row of the table, counted from 0.")
@click.option(
    "--against", metavar="K", default="nearest", show_default=True,
    help="With --row: the component against which, 'nearest' or 'rest'.",
)  # fmt: skip
@drop_missing_option
@header_option
@json_option
@debug_option
def command(
    model_path: str,
    source: str,
    row: int | None,
    against: str,
    drop_missing: bool,
    header: bool | None,
    as_json: bool,
) -> None:
    """Say what sets the groups apart, or why a row belongs to one of them and not to another.

    MODEL is a model.json or a folder of results. FILE is a table as for gaussmix fit.

    Of each component: its size, a short rule, the features that set it apart, rows that are typical, at its
    border or unusual; and a small decision tree. Of a row: what each of its values contributes to the
    log-odds of its component.
    """
    from gaussmix.cli.models import read_for
    from gaussmix.cli.output import print_json, terminal, warnings_as_lines
    from gaussmix.explain import explain_mixture, explain_row, render_explanation, render_row

    other = _against(against)
    with warnings_as_lines():
        model, features = read_for(model_path, source, header=header, drop_missing=drop_missing)
        if row is not None:
            values = features.values[_place(features, row)]
            try:
                found = explain_row(model, values, against=other, feature_names=features.names)
            except ValueError as error:
                raise click.UsageError(str(error)) from None
            if as_json:
                print_json(found.to_dict())
            else:
                render_row(found, terminal())
            return
        explanation = explain_mixture(model, features.values, features.names, row_numbers=features.rows)
    if as_json:
        print_json(explanation.to_dict())
    else:
        render_explanation(explanation, terminal())


def _against(text: str) -> int | Literal["nearest", "rest"]:
    if text == "nearest":
        return "nearest"
    if text == "rest":
        return "rest"
    if not text.isdecimal():
        raise click.UsageError(f"--against takes the number of a component, nearest or rest, not '{text}'.")
    return int(text)


def _place(features: Features, row: int) -> int:
    """Return where a row of the table stands in what was read of it."""
    import numpy as np

    from gaussmix.exceptions import DataError

    places = np.flatnonzero(features.rows == row)
    if not len(places):
        last = int(features.rows[-1])
        raise DataError(
            f"there is no row {row}: rows are counted from 0, the last one read is {last}, and those with a "
            "missing value are not read"
        )
    return int(places[0])
