"""What a person asks for on the page: read from JSON, checked entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gaussmix.covariance import FAMILIES
from gaussmix.exceptions import DataError

MOST_COMPONENTS = 200
MOST_ROWS_LEFT_OUT = 100_000
MOST_COLUMNS = 10_000


@dataclass(frozen=True)
class FitSettings:
    """What to fit.

    Parameters
    ----------
    components : int or None
        None chooses the best, see `AutoGaussianMixture`.
    family : str or None
        None chooses among all covariance families.
    columns : tuple of str or None
        None takes all that hold numbers.
    standardize : bool
        Whether to fit on columns of mean 0 and variance 1.
    left_out : tuple of int
        Rows of the table to leave out, counted from 0.
    seed : int
    """

    components: int | None = None
    family: str | None = None
    columns: tuple[str, ...] | None = None
    standardize: bool = False
    left_out: tuple[int, ...] = ()
    seed: int = 0

    @classmethod
    def from_json(cls, document: Any, column_names: list[str], n_rows: int) -> FitSettings:
        """Return checked settings.

        Parameters
        ----------
        document : object
            As JSON gave it: entries that are missing keep their defaults, unknown ones are refused.
        column_names : list of str
            Of the table.
        n_rows : int

        Raises
        ------
        DataError
            If an entry is of a wrong type or out of range.

        Examples
        --------
        >>> FitSettings.from_json({"components": 3, "left_out": [7]}, ["a", "b"], 10).components
        3
        """
        if not isinstance(document, Mapping):
            raise DataError("the settings should be a JSON object")
        unknown = set(document) - set(asdict(cls()))
        if unknown:
            raise DataError(f"there is no setting {sorted(map(str, unknown))[0][:40]!r}")
        family = document.get("family")
        if family is not None and (not isinstance(family, str) or family not in FAMILIES):
            raise DataError(f"the covariance family should be one of {', '.join(FAMILIES)}")
        standardize = document.get("standardize", False)
        if not isinstance(standardize, bool):
            raise DataError("standardize should be true or false")
        components = document.get("components")
        if components is not None:
            components = checked_integer(components, 1, MOST_COMPONENTS, "the number of components")
        return cls(
            components=components,
            family=family,
            columns=_checked_columns(document.get("columns"), column_names),
            standardize=standardize,
            left_out=_checked_rows(document.get("left_out", []), n_rows),
            seed=checked_integer(document.get("seed", 0), 0, 2**32 - 1, "the seed"),
        )


def checked_integer(value: Any, lowest: int, highest: int, what: str) -> int:
    """Return a whole number within bounds.

    Parameters
    ----------
    value : object
        As JSON gave it.
    lowest, highest : int
        Both allowed.
    what : str
        What messages call it.

    Raises
    ------
    DataError
        If it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise DataError(f"{what} should be a whole number from {lowest:,} to {highest:,}")
    return value


def _checked_columns(given: Any, column_names: list[str]) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise DataError("columns should be a list of names")
    known = set(column_names)
    if len(given) > MOST_COLUMNS or len(set(given)) != len(given) or not set(given) <= known:
        raise DataError("columns should be different names of columns of the table")
    if not given:
        raise DataError("pick at least one column")
    return tuple(given)


def _checked_rows(given: Any, n_rows: int) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) > MOST_ROWS_LEFT_OUT:
        raise DataError(f"the rows to leave out should be a list of at most {MOST_ROWS_LEFT_OUT:,} numbers")
    return tuple(sorted({checked_integer(row, 0, n_rows - 1, "a row to leave out") for row in given}))
