"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = [
    "ARGUMENTS",
    "command_line",
    "debug_option",
    "drop_missing_option",
    "file_argument",
    "header_option",
    "is_debugging",
    "json_option",
    "model_argument",
    "quiet_option",
    "split_names",
    "weights_option",
]

ARGUMENTS = "gaussmix.arguments"
"""Where a context's `meta` has the words that follow the program's name, as they were given."""
_DEBUGGING = "gaussmix.debugging"

Function = TypeVar("Function", bound=Callable[..., Any])


def _remember_debugging(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.find_root().meta[_DEBUGGING] = True


def is_debugging(ctx: click.Context | None) -> bool:
    """Tell whether --debug was given anywhere on the command line.

    Parameters
    ----------
    ctx : click.Context or None
        The context of the whole command line, if parsing came that far.
    """
    return ctx is not None and bool(ctx.meta.get(_DEBUGGING, False))


def command_line() -> str | None:
    """Return the command that runs as a shell takes it; None where it was not called from a command line."""
    import shlex

    arguments = click.get_current_context().meta.get(ARGUMENTS)
    return None if arguments is None else shlex.join(["gaussmix", *arguments])


debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember_debugging,
    help="Show the traceback of an error.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")

quiet_option = click.option("--quiet", is_flag=True, help="Print nothing but errors.")

drop_missing_option = click.option(
    "--drop-missing", is_flag=True, help="Drop the rows with a missing value in a column that is used."
)

header_option = click.option(
    "--header/--no-header",
    default=None,
    help="Whether the first row of a text file holds the column names. [default: found out]",
)

weights_option = click.option("--weights", metavar="COLUMN", help="Column with the weight of each row.")

file_argument = click.argument("source", metavar="FILE")

model_argument = click.argument("model_path", metavar="MODEL")


def split_names(values: tuple[str, ...], option: str) -> list[str]:
    """Split column names given as a list with commas, or by repeating the option, or both.

    Parameters
    ----------
    values : tuple of str
        What was given, once for each time the option occurs. A name that contains a comma is put in double
        quotes.
    option : str
        What messages call the option.

    Returns
    -------
    names : list of str

    Raises
    ------
    click.UsageError
        If a value holds no name, or a line break outside double quotes.
    """
    import csv

    names = []
    for value in values:
        try:
            given = [name for record in csv.reader([value], skipinitialspace=True) for name in record if name]
        except csv.Error as error:
            raise click.UsageError(
                f"{option} takes names separated by commas, in one line; put a name that holds a comma or a "
                "line break in double quotes."
            ) from error
        if not given:
            raise click.UsageError(f"{option} was given without a column name.")
        names += given
    return names
