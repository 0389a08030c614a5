"""`gaussmix sample`: new rows drawn from a model."""

from __future__ import annotations

import click

from gaussmix.cli.options import debug_option, json_option, model_argument

__all__ = ["command"]

# Rows are drawn and written in blocks, so that any number of them fits in memory.
_BLOCK_ROWS = 1 << 18


@click.command("sample", short_help="Draw new rows from a model.")
@model_argument
@click.option("-n", "--rows", type=int, required=True, metavar="N", help="Number of rows.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random numbers.")
@click.option("-o", "--output", default="-", metavar="FILE", help="File to write. [default: standard output]")
@json_option
@debug_option
def command(model_path: str, rows: int, seed: int, output: str, as_json: bool) -> None:
    """Draw new rows from a model.

    MODEL is a model.json or a folder of results. Writes CSV: the model's columns, then the label of the
    component, counted from 0, from which the row was drawn. The same seed gives the same rows.
    """
    if rows < 1:
        raise click.UsageError(f"--rows must be 1 or more, but {rows} was given.")
    if not 0 <= seed < 2**32:
        raise click.UsageError(f"--seed must lie between 0 and 4294967295, but {seed} was given.")

    from gaussmix import load_model
    from gaussmix.cli.models import feature_names
    from gaussmix.cli.output import open_output, print_json
    from gaussmix.data.results import write_columns

    model = load_model(model_path)
    names = feature_names(model) or [f"column_{i}" for i in range(1, model.n_features_in_ + 1)]
    if as_json and output == "-":
        values, labels = model.sample(rows, random_state=seed)
        print_json({"columns": names, "seed": seed, "rows": values, "label": labels})
        return

    import numpy as np

    generator = np.random.RandomState(seed)
    with open_output(output) as file:
        for start in range(0, rows, _BLOCK_ROWS):
            values, labels = model.sample(min(_BLOCK_ROWS, rows - start), random_state=generator)
            write_columns(file, [*names, "label"], [*values.T, labels], header=start == 0)
    if as_json:
        print_json({"columns": names, "seed": seed, "n_rows": rows, "file": output})
