"""`gaussmix predict`: the group of each row of a table."""

from __future__ import annotations

from typing import Any

import click

from gaussmix.cli.options import (
    debug_option,
    drop_missing_option,
    file_argument,
    header_option,
    json_option,
    model_argument,
)

__all__ = ["command"]


@click.command("predict", short_help="Assign each row of a table to a component of a model.")
@model_argument
@file_argument
@click.option("-o", "--output", default="-", metavar="FILE", help="File to write. [default: standard output]")
@drop_missing_option
@header_option
@json_option
@debug_option
def command(
    model_path: str, source: str, output: str, drop_missing: bool, header: bool | None, as_json: bool
) -> None:
    """Assign each row of a table to a component of a model.

    MODEL is a model.json or a folder of results. FILE is a table as for gaussmix fit: the model's columns
    are found by name, in any order, and other columns are ignored.

    Writes CSV: row of the table and label of its component, both counted from 0; the label's probability;
    the log-density in the data's units.
    """
    from gaussmix.cli.models import read_for
    from gaussmix.cli.output import open_output, print_json, warnings_as_lines
    from gaussmix.data.results import write_labels

    with warnings_as_lines():
        model, features = read_for(model_path, source, header=header, drop_missing=drop_missing)
        found = model.assign(features.values)
    if not as_json or output != "-":
        with open_output(output) as file:
            write_labels(file, features.rows, found)
    if as_json:
        document: dict[str, Any] = {"n_rows": len(features.rows), "n_rows_dropped": features.n_dropped}
        if output == "-":
            document |= {
                "row": features.rows,
                "label": found.label,
                "probability": found.probability,
                "log_density": found.log_density,
            }
        else:
            document["file"] = output
        print_json(document)
    elif features.n_dropped:
        click.echo(f"gaussmix: {features.drop_sentence}", err=True)
