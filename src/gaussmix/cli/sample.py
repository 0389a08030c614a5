"""`gaussmix sample`: new rows drawn from a model."""

from __future__ import annotations

import click

from gaussmix.cli.options import debug_option, json_option, model_argument

__all__ = ["command"]

# Rows are drawn and written in blocks, so that any number of them fits in memory.
_BLOCK_ROWS = 1 << 18

# A number as an element of an array, as a Python object in a list, and as text.
_JSON_BYTES = 60


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
    from gaussmix.cli.interruption import stop_if_interrupted
    from gaussmix.cli.models import feature_names
    from gaussmix.cli.output import open_output, print_json, warnings_as_lines
    from gaussmix.data.results import write_columns

    with warnings_as_lines():
        model = load_model(model_path)
        names = feature_names(model) or [f"column_{i}" for i in range(1, model.n_features_in_ + 1)]
        if as_json and output == "-":
            _require_memory(rows, len(names))
            values, labels = model.sample(rows, random_state=seed)
            print_json({"columns": names, "seed": seed, "rows": values, "label": labels})
            return

        import numpy as np

        generator = np.random.RandomState(seed)
        with open_output(output) as file:
            for start in range(0, rows, _BLOCK_ROWS):
                values, labels = model.sample(min(_BLOCK_ROWS, rows - start), random_state=generator)
                write_columns(file, [*names, "label"], [*values.T, labels], header=start == 0)
            stop_if_interrupted()
    if as_json:
        print_json({"columns": names, "seed": seed, "n_rows": rows, "file": output})


def _require_memory(n_rows: int, n_columns: int) -> None:
    from gaussmix.data.memory import physical_memory

    needed = n_rows * (n_columns + 1) * _JSON_BYTES
    if needed > physical_memory():
        raise click.UsageError(
            f"{n_rows:,} rows as one JSON document need about {needed / 2**30:,.0f} GiB of memory and this "
            f"machine has {physical_memory() / 2**30:,.0f} GiB; ask for fewer, or leave out --json, as any "
            "number of them can be written as CSV."
        )
