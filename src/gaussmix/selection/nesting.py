"""Which covariance families are special cases of which."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "EII": (),
        "VII": ("EII",),
        "EEI": ("EII",),
        "VEI": ("EEI", "VII"),
        "EVI": ("EEI",),
        "VVI": ("VEI", "EVI"),
        "EEE": ("EEI",),
        "VEE": ("EEE", "VEI"),
        "EVE": ("EEE", "EVI"),
        "VVE": ("VEE", "EVE", "VVI"),
        "EEV": ("EEE",),
        "VEV": ("EEV", "VEE"),
        "EVV": ("EEV", "EVE"),
        "VVV": ("VEV", "EVV", "VVE"),
        "E": (),
        "V": ("E",),
    }
)
"""The largest families that each contains, by mclust's identifiers; each follows those it contains."""


@cache
def contained(identifier: str) -> frozenset[str]:
    """Return all families that one contains, itself not among them.

    Examples
    --------
    >>> sorted(contained("VEI"))
    ['EEI', 'EII', 'VII']
    """
    found: set[str] = set()
    for part in PARTS[identifier]:
        found |= {part} | contained(part)
    return frozenset(found)


@cache
def directly_contained(identifier: str, present: frozenset[str]) -> tuple[str, ...]:
    """Return the largest among some families that one contains.

    Parameters
    ----------
    identifier : str
    present : frozenset of str

    Examples
    --------
    >>> directly_contained("VVV", frozenset({"EII", "EEE", "VVI"}))
    ('EEE', 'VVI')
    """
    within = contained(identifier) & present
    smaller = frozenset().union(*(contained(one) for one in within))
    return tuple(sorted(within - smaller))


@cache
def directly_containing(identifier: str, present: frozenset[str]) -> tuple[str, ...]:
    """Return the smallest among some families that contain one.

    Parameters
    ----------
    identifier : str
    present : frozenset of str

    Examples
    --------
    >>> directly_containing("VII", frozenset({"EII", "VII", "VEI", "VVI"}))
    ('VEI',)
    """
    return tuple(sorted(one for one in present if identifier in directly_contained(one, present)))
