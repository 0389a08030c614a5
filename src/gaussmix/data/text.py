"""Text that came from a file, made safe and short enough to stand in a message."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = ["listing", "printable", "quoted", "shortened"]

# Cc control (terminal escapes), Cf format (text direction), Cs half pairs, Zl and Zp line and paragraph ends.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Replace every character that steers a terminal by its escape.

    Parameters
    ----------
    text : str
        Anything: column names, values and file names come from strangers.

    Returns
    -------
    safe : str
        One line without control characters.

    Examples
    --------
    >>> print(printable("red\x1b[31m\nalert"))
    red\x1b[31m\nalert
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in _UNSAFE
        else character
        for character in text
    )


def quoted(value: object, limit: int = 40) -> str:
    """Put a value between quotation marks, safe to print and cut to a length.

    Parameters
    ----------
    value : object
        Shown as `str(value)`.
    limit : int
        The largest number of characters; a longer text is cut and ends in three dots.

    Returns
    -------
    quotation : str

    Examples
    --------
    >>> quoted("12.x")
    "'12.x'"
    """
    return f"'{shortened(str(value), limit)}'"


def shortened(text: str, limit: int = 80) -> str:
    """Cut a text to a length and make it safe to print.

    Parameters
    ----------
    text : str
        Anything.
    limit : int
        The largest number of characters; a longer text is cut and ends in three dots.

    Returns
    -------
    short : str

    Examples
    --------
    >>> shortened("a long story", limit=9)
    'a long...'
    """
    return printable(text if len(text) <= limit else text[: limit - 3] + "...")


def listing(values: Iterable[object], limit: int = 8) -> str:
    """List values for a message: quoted, separated by commas, and not endless.

    Parameters
    ----------
    values : iterable
        What to list.
    limit : int
        How many are named; the others are counted.

    Returns
    -------
    text : str

    Examples
    --------
    >>> listing(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    everything = list(values)
    text = ", ".join(quoted(value) for value in everything[:limit])
    more = len(everything) - limit
    return f"{text} and {more} more" if more > 0 else text
