"""Which covariance family, and how many components: a grid of mixtures, fitted together and compared."""

from __future__ import annotations

from gaussmix.selection.along_directions import (
    LiftedGrid,
    fit_grid_along_directions,
    has_too_few_rows_for_matrices,
)
from gaussmix.selection.grid import fit_grid
from gaussmix.selection.problem import Cell, Clock
from gaussmix.selection.records import GridResult
from gaussmix.selection.table import SelectionRow, SelectionTable

__all__ = [
    "Cell",
    "Clock",
    "GridResult",
    "LiftedGrid",
    "SelectionRow",
    "SelectionTable",
    "fit_grid",
    "fit_grid_along_directions",
    "has_too_few_rows_for_matrices",
]
