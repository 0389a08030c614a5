"""The group of commands, and the one place where errors become exit codes.

Exit codes: 0 done, 1 a bug, 2 bad input, 130 interrupted, 143 and 129 ended by SIGTERM and SIGHUP. A server
is meant to be ended by Ctrl-C: 0. Nothing heavy is imported here or at the top of any command's file, so that
`--help` answers at once.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from gaussmix.cli.interruption import exit_code, handle_signals
from gaussmix.cli.options import ARGUMENTS, debug_option, is_debugging
from gaussmix.exceptions import GaussmixError

__all__ = ["group", "main"]

_COMMANDS = ("fit", "predict", "score", "sample", "show", "explore", "explain", "name")


class _LazyGroup(click.Group):
    """Imports the file of a command when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"gaussmix.cli.{cmd_name}").command
        return command


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        import gaussmix

        click.echo(f"gaussmix {gaussmix.__version__}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version and exit.",
)  # fmt: skip
@debug_option
@click.pass_context
def group(ctx: click.Context) -> None:
    """Find the groups in a table of numbers with Gaussian mixture models.

    \b
    gaussmix fit iris                  find the groups of a bundled data set
    gaussmix fit data.csv              the same for a file: CSV, TSV or Parquet
    gaussmix predict gaussmix-data new.csv
                                       the group of each row of another file
    """  # noqa: D301 - not raw: Click keeps the lines of a paragraph after the character, not the letters
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        What follows the program's name; None takes it from the command line.

    Returns
    -------
    exit_code : int
        0 done, 1 a bug, 2 bad input, 130 interrupted.
    """
    if arguments is None:
        arguments = sys.argv[1:]
        handle_signals()
        # A terminal that knows no plus-minus sign is no reason to lose a result.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
    if sys.stdout is None:
        return _complain("standard output is closed; send it to a file, or to /dev/null")
    code = _run(list(arguments))
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more when it exits, and would complain about the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if code == 0 and not isinstance(error, BrokenPipeError):
            return _explain(error)
    return code


def _run(arguments: list[str]) -> int:
    context: click.Context | None = None
    try:
        context = group.make_context("gaussmix", list(arguments))
        context.meta[ARGUMENTS] = tuple(arguments)
        with context:
            group.invoke(context)
        return 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "gaussmix"
        return _complain(f"{error.format_message()} See {command} --help.")
    except click.ClickException as error:
        return _complain(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return 130
    except BrokenPipeError:  # whoever read our output has enough
        return 0
    except Exception as error:
        code = exit_code()
        if code is not None:  # what a library made of the interruption is no news
            _say("interrupted")
            return code
        if is_debugging(context):
            raise
        return _explain(error)


def _explain(error: Exception) -> int:
    if isinstance(error, GaussmixError):
        return _complain(str(error))
    if isinstance(error, MemoryError):
        return _complain("there is not enough memory; give a part of the rows or columns")
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}")
    _complain(
        f"unexpected {type(error).__name__}: {str(error).rstrip('.')}. This is a bug in gaussmix; "
        "the same command with --debug shows where"
    )
    return 1


def _complain(message: str) -> int:
    from gaussmix.data.text import printable

    _say(printable(" ".join(message.splitlines())))
    return 2


def _say(message: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the exit code still tells
        click.echo(f"gaussmix: {message}", err=True)
