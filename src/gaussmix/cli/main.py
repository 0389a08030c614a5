"""The group of commands, and the one place where errors become exit codes.

Exit codes: 0 done, 1 a bug, 2 bad input, 130 interrupted. Nothing heavy is imported here or at the top of any
command's file, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from gaussmix.cli.options import debug_option, is_debugging
from gaussmix.exceptions import GaussmixError

__all__ = ["group", "main"]

_COMMANDS = ("fit", "predict", "score", "sample", "show")


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
    r"""Find the groups in a table of numbers with Gaussian mixture models.

    \b
    gaussmix fit iris                  find the groups of a bundled data set
    gaussmix fit data.csv              the same for a file: CSV, TSV or Parquet
    gaussmix predict gaussmix-data new.csv
                                       the group of each row of another file
    """
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
        signal.signal(signal.SIGTERM, _exit_cleanly)
        # A terminal that knows no plus-minus sign is no reason to lose a result.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
    context: click.Context | None = None
    try:
        context = group.make_context("gaussmix", list(arguments))
        with context:
            group.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "gaussmix"
        return _complain(f"{error.format_message()} See {command} --help.")
    except click.ClickException as error:
        return _complain(error.format_message())
    except GaussmixError as error:
        if is_debugging(context):
            raise
        return _complain(str(error))
    except (KeyboardInterrupt, click.Abort):
        click.echo("gaussmix: interrupted", err=True)
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if is_debugging(context):
            raise
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}")
    except Exception as error:
        if is_debugging(context):
            raise
        _complain(
            f"unexpected {type(error).__name__}: {error}. This is a bug in gaussmix; "
            "the same command with --debug shows where"
        )
        return 1


def _complain(message: str) -> int:
    from gaussmix.data.text import printable

    click.echo(f"gaussmix: {printable(' '.join(message.splitlines()))}", err=True)
    return 2


def _exit_cleanly(signal_number: int, frame: FrameType | None) -> None:
    """Leave through the cleaning-up of every open block, as Ctrl-C does."""
    raise SystemExit(128 + signal_number)
