"""Data in and results out: readers, choice of columns, scaling, and files that appear complete or not at all.

The names below are loaded on first use: `gaussmix.data.atomic` needs the standard library only, and
importing it must not bring pyarrow along.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .columns import Features, LeftOut, match_features, select_features
    from .readers import read_table
    from .scaling import Scaling, standardize
    from .table import Table

_HOMES = {
    "Features": "columns",
    "LeftOut": "columns",
    "match_features": "columns",
    "select_features": "columns",
    "read_table": "readers",
    "Scaling": "scaling",
    "standardize": "scaling",
    "Table": "table",
}

__all__ = [
    "Features",
    "LeftOut",
    "Scaling",
    "Table",
    "match_features",
    "read_table",
    "select_features",
    "standardize",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
