"""`gaussmix explore`: the report on a local page, with controls that fit anew."""

from __future__ import annotations

import click

from gaussmix.cli.options import (
    debug_option,
    drop_missing_option,
    file_argument,
    header_option,
    split_names,
)

__all__ = ["command"]


@click.command("explore", short_help="Explore a table on a local page with controls that fit anew.")
@file_argument
@click.option("-k", "--components", type=int, metavar="K", help="Number of components of the first fit.")
@click.option("--covariance", metavar="FAMILY", help="Covariance family of the first fit.")
@click.option("--columns", multiple=True, metavar="A,B", help="Columns to use. [default: all with numbers]")
@click.option("--standardize", is_flag=True, help="Fit on columns brought to mean 0 and variance 1.")
@drop_missing_option
@header_option
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random starts.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port. [default: a free one]"
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@debug_option
def command(
    source: str,
    components: int | None,
    covariance: str | None,
    columns: tuple[str, ...],
    standardize: bool,
    drop_missing: bool,
    header: bool | None,
    seed: int,
    host: str,
    port: int,
    no_browser: bool,
) -> None:
    """Explore a table on a local page with controls that fit anew.

    The page is the report of gaussmix fit, with the number of components, the family, the columns and the
    rows in your hands: merge, split and name components, and download labels, model and report. It is served
    on this machine only, at an address that holds a secret; Ctrl-C ends it, with exit code 0. It needs
    Starlette and uvicorn: pip install 'gaussmix[explore]'.

    FILE is what gaussmix fit takes.
    """
    names = split_names(columns, "--columns")

    from gaussmix.cli.interruption import leave_signals_to_python
    from gaussmix.cli.output import warnings_as_lines
    from gaussmix.data import read_table
    from gaussmix.explore.browser import open_browser
    from gaussmix.explore.server import serve
    from gaussmix.explore.session import Session
    from gaussmix.explore.settings import FitSettings

    leave_signals_to_python()

    def announce(address: str) -> None:
        click.echo(f"Exploring {table.origin} at {address}")
        click.echo("Whoever has this address can use it. Ctrl-C ends.")
        if not no_browser:
            open_browser(address)

    with warnings_as_lines():
        table = read_table(source, header=header)
        document = {
            "components": components,
            "family": covariance,
            "columns": names or None,
            "standardize": standardize,
            "seed": seed,
        }
        settings = FitSettings.from_json(document, table.column_names, table.n_rows)
        serve(
            Session(table, settings, source=source, drop_missing=drop_missing, header=header),
            host=host,
            port=port,
            announce=announce,
        )
    click.echo("Ended.")
