"""JSON documents that users hand in: each entry is checked for type, shape and range when it is read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from gaussmix.exceptions import ModelFileError

LARGEST_COUNT = 1 << 53
"""No data set has more rows, no fit more iterations."""
LONGEST_SHOWN = 60
"""Characters of a value in an error message."""


class Document:
    """A JSON object whose entries are checked when they are read.

    Parameters
    ----------
    entries : dict
        What `json.loads` returned.
    fault : str
        How errors begin, such as "model.json: damaged model file".
    section : str, default=""
        What stands before names of entries in errors, such as "settings.".
    """

    def __init__(self, entries: dict[str, Any], fault: str, section: str = "") -> None:
        self.entries = entries
        self.fault = fault
        self.section = section

    @classmethod
    def read(
        cls, text: str | bytes, *, form: str, version: int, what: str, source: str | None = None
    ) -> Document:
        """Return the document that a text holds.

        Parameters
        ----------
        text : str or bytes
        form : str
            What its entry ``format`` has to be.
        version : int
            The largest ``format_version`` that can be read.
        what : str
            What to call it in errors, such as "model file".
        source : str, optional
            Where it comes from, for errors.

        Raises
        ------
        ModelFileError
            If the text is not JSON, of another format or of a newer version.
        """
        place = "" if source is None else f"{source}: "
        try:
            entries = json.loads(text, parse_constant=_reject_constant)
        except (UnicodeDecodeError, RecursionError):
            raise ModelFileError(f"{place}not a gaussmix {what}") from None
        except json.JSONDecodeError as error:
            raise ModelFileError(
                f"{place}damaged or not a gaussmix {what}: line {error.lineno}, column {error.colno}: "
                f"{error.msg}. Save it again."
            ) from None
        except ValueError as error:  # from parse_constant, or a number of thousands of digits
            raise ModelFileError(f"{place}damaged {what}: {error}") from None
        if not isinstance(entries, dict) or entries.get("format") != form:
            raise ModelFileError(f"{place}not a gaussmix {what} (it does not say format: {form})")
        document = cls(entries, f"{place}damaged {what}")
        found = entries.get("format_version")
        if not _is_integer(found) or found < 1:
            raise document.damaged("format_version")
        if found > version:
            writer = entries.get("written_by")
            by = "" if writer is None else f"{shown(writer)}, "
            raise ModelFileError(
                f"{place}written by a newer version ({by}format {shown(found)}; this one reads up to "
                f"{version}). Upgrade gaussmix to read it."
            )
        return document

    def damaged(self, name: str) -> ModelFileError:
        """Return the error that shows an entry with an impossible value."""
        return self.error(f"{self.section}{name} is {shown(self.entries.get(name))}")

    def error(self, problem: str) -> ModelFileError:
        """Return an error that says what is wrong with the document."""
        return ModelFileError(f"{self.fault}: {problem}")

    def get(self, name: str) -> Any:
        """Return an entry as it is; None where there is none."""
        return self.entries.get(name)

    def count(self, name: str, least: int = 1, most: int = LARGEST_COUNT) -> int:
        """Return a whole number between two others."""
        value = self.entries.get(name)
        if not _is_integer(value) or not least <= value <= most:
            raise self.damaged(name)
        return value

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self.entries.get(name)
        if not _is_finite_number(value):
            raise self.damaged(name)
        return float(value)

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self.entries.get(name)
        if not isinstance(value, bool):
            raise self.damaged(name)
        return value

    def text(self, name: str, longest: int) -> str:
        """Return a text that can be written to files, of at most so many characters."""
        value = self.entries.get(name)
        if not is_text(value) or len(value) > longest:
            raise self.damaged(name)
        return value

    def one_of(self, name: str, choices: Sequence[Any]) -> Any:
        """Return a value that is among some texts, or None where that is one of the choices."""
        value = self.entries.get(name)
        if not (value is None or isinstance(value, str)) or value not in choices:
            raise self.damaged(name)
        return value

    def array(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Return an array of finite numbers, checked to have exactly the given shape before it is built."""

        def check(value: Any, lengths: tuple[int, ...]) -> None:
            if not lengths:
                if not _is_finite_number(value):
                    raise self.error(f"{self.section}{name} holds {shown(value)}")
                return
            if not isinstance(value, list) or len(value) != lengths[0]:
                raise self.error(f"{self.section}{name} should have the shape {shape}")
            for part in value:
                check(part, lengths[1:])

        check(self.entries.get(name), shape)
        return np.asarray(self.entries[name], dtype=np.float64)

    def of_types(self, types: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
        """Return some entries, checked to be of the right types and finite, without those that are absent."""
        checked = {}
        for name, allowed in types.items():
            value = self.entries.get(name)
            if value is None:
                continue
            wrong_boolean = isinstance(value, bool) and bool not in allowed
            infinite = isinstance(value, int | float) and not _is_finite(value)
            if wrong_boolean or infinite or not isinstance(value, allowed):
                raise self.damaged(name)
            checked[name] = value
        return checked

    def part(self, name: str) -> Document:
        """Return an entry that is an object itself; an empty one where there is none."""
        value = self.entries.get(name, {})
        if not isinstance(value, dict):
            raise self.error(f"{self.section}{name} is not an object: {shown(value)}")
        return Document(value, self.fault, f"{self.section}{name}.")

    def parts(self, name: str, most: int) -> list[Document]:
        """Return an entry that is a list of objects, of at most so many."""
        values = self.entries.get(name)
        if not isinstance(values, list):
            raise self.damaged(name)
        if len(values) > most:
            raise self.error(f"{self.section}{name} has {len(values)} entries, but at most {most} are read")
        if not all(isinstance(value, dict) for value in values):
            raise self.error(f"{self.section}{name} holds what is not an object")
        return [
            Document(value, self.fault, f"{self.section}{name}[{number}].")
            for number, value in enumerate(values)
        ]


def is_text(value: Any) -> TypeGuard[str]:
    """Return whether a value is a text that can be written to files: without lone surrogates."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def shown(value: Any) -> str:
    r"""Return a value from outside for an error message: short, without control characters.

    Examples
    --------
    >>> from gaussmix.checked_json import shown
    >>> print(shown("a\tb"))
    'a\tb'
    """
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a double
        return False


def _reject_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is not a number of JSON")
