"""Names that users give to components, checked."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any

ComponentNames = tuple[str | None, ...]

_DEFAULT_NAME = re.compile(r"component\s*([0-9]+)", re.IGNORECASE)
LONGEST_NAME = 100
"""Characters. More is a description, and has no place in a legend."""


def check_component_names(names: Any, n_components: int) -> ComponentNames | None:
    """Return names of components as a tuple; None if no component has one.

    Parameters
    ----------
    names : sequence of K (str or None), or None
        None is a component without a name.
    n_components : int

    Raises
    ------
    TypeError
        If it is not a sequence, or an entry is neither text nor None.
    ValueError
        If there are not K entries, two are the same, one is what another component is called without a
        name, such as "component 2", or one is empty, too long or cannot be written to a file.

    Examples
    --------
    >>> check_component_names(["young", None], 2)
    ('young', None)
    """
    if names is None:
        return None
    if isinstance(names, str | bytes | Mapping) or not hasattr(names, "__len__"):
        raise TypeError(
            f"component_names_ should be a sequence with a name for each of the {n_components} component(s), "
            f"but is {names!r}. To name some of them, use name_components."
        )
    given = [None if name is None else _checked_name(name) for name in names]
    if len(given) != n_components:
        raise ValueError(f"there are {len(given)} component names for {n_components} component(s)")
    present = set()
    for k, name in enumerate(given):
        number = None if name is None else _DEFAULT_NAME.fullmatch(name)
        if number is not None and int(number[1]) != k and int(number[1]) < n_components:
            raise ValueError(
                f"component {k} is named {name!r}, which is what component {int(number[1])} is called: take "
                "another name"
            )
        if name is not None and name in present:
            raise ValueError(f"two components are named {name!r}: names should differ")
        present.add(name)
    return tuple(given) if present - {None} else None


def merged_names(
    names: Mapping[int, str | None] | Sequence[str | None], before: ComponentNames | None, n_components: int
) -> ComponentNames | None:
    """Return the names of all components after some were named; raises like `check_component_names`.

    Parameters
    ----------
    names : mapping of int to (str or None), or sequence of K (str or None)
        A mapping changes the components that are its keys; None takes a name away.
    before : tuple of K (str or None), or None
        The names so far.
    n_components : int
    """
    if not isinstance(names, Mapping):
        return check_component_names(names, n_components)
    merged = list(before or [None] * n_components)
    for key, name in names.items():
        try:
            component = operator.index(key)
        except TypeError:
            raise TypeError(f"components are named by their numbers, but one key is {key!r}") from None
        if not 0 <= component < n_components:
            raise ValueError(
                f"there is no component {component}: components are numbered 0 to {n_components - 1}"
            )
        merged[component] = name
    return check_component_names(merged, n_components)


def _checked_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"names of components should be texts, but one is {name!r}")
    stripped = name.strip()
    if not stripped:
        raise ValueError("the name of a component is empty; None takes a name away")
    if len(stripped) > LONGEST_NAME:
        raise ValueError(
            f"the name of a component has {len(stripped)} characters, but at most {LONGEST_NAME} are allowed"
        )
    if any("\ud800" <= character <= "\udfff" for character in stripped):
        raise ValueError(f"the name of a component is no valid text: {stripped!r}")
    return str(stripped)
