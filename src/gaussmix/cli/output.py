"""What commands print: text for people, JSON for programs, warnings and progress on standard error."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from gaussmix.cli.interruption import stop_if_interrupted

if TYPE_CHECKING:
    from rich.console import Console

_FOR_PROGRAMMERS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning)

__all__ = ["open_output", "print_json", "progress_line", "terminal", "warnings_as_lines"]


def terminal() -> Console:
    """Give the console for text on standard output."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for main, where any broken pipe ends the command quietly

    return Terminal(file=sys.stdout, highlight=False)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document; what is not a finite number becomes null.

    Parameters
    ----------
    document : mapping
        Values may be arrays.
    """
    click.echo(json.dumps(_plain(document), allow_nan=False))


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@contextlib.contextmanager
def warnings_as_lines(quiet: bool = False, silent: Sequence[type[Warning]] = ()) -> Iterator[None]:
    """Show each warning once, as one line on standard error, and keep matplotlib's notes on fonts to itself.

    Parameters
    ----------
    quiet : bool
        Whether to show none.
    silent : sequence of types of warnings
        Those that are not shown, because what is printed says the same.
    """
    import logging

    from gaussmix.data.text import printable

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    shown = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: IO[str] | None = None,
        line: str | None = None,
    ) -> None:
        text = printable(" ".join(str(message).split()))
        if not quiet and text not in shown:
            shown.add(text)
            click.echo(f"gaussmix: warning: {text}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        unshown: list[type[Warning]] = [*silent, *_FOR_PROGRAMMERS]
        for category in unshown:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def progress_line(quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show what is going on in one line on standard error, on terminals only.

    Parameters
    ----------
    quiet : bool
        Whether to show nothing.

    Yields
    ------
    say : callable
        Takes the new text.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda text: stop_if_interrupted()
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text("Reading")) as status:

        def say(text: str) -> None:
            stop_if_interrupted()
            status.update(Text(text))

        yield say


@contextlib.contextmanager
def open_output(path: str) -> Iterator[Any]:
    """Open a file that appears complete or not at all, or standard output for "-".

    Parameters
    ----------
    path : str
        Destination.

    Yields
    ------
    file : binary file object
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    from gaussmix.data.atomic import atomic_write

    with atomic_write(path) as file:
        yield file
