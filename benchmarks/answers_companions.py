"""Kinds of table with companions: columns that follow from others, repeated rows, rows far out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.answers_draws import (
    NO_GROUP,
    Array,
    Generator,
    Kind,
    Table,
    beside,
    groups_apart,
    normal_groups,
    with_rows,
)
from benchmarks.quality_solution import Parameters


def clear_groups(generator: Generator, n_features: int = 2, n_rows: int = 180) -> Table:
    """Return three clear groups with covariances of their own."""
    return normal_groups(groups_apart(generator, 3, n_features, (5.0, 6.5)), n_rows, generator)


def constant_column(generator: Generator) -> Table:
    """Draw three groups and a column with one value."""
    table = clear_groups(generator)
    return beside(table, np.full(len(table.X), generator.uniform(-5, 5)))


def copied_column(generator: Generator) -> Table:
    """Draw three groups and a copy of a column."""
    table = clear_groups(generator)
    return beside(table, table.X[:, 0])


def summed_column(generator: Generator) -> Table:
    """Draw three groups and the sum of their columns."""
    table = clear_groups(generator, 3)
    return beside(table, table.X.sum(axis=1))


def celsius_and_fahrenheit(generator: Generator) -> Table:
    """Draw three groups, the first column in degrees Celsius and in degrees Fahrenheit."""
    table = clear_groups(generator)
    return beside(table, 32.0 + 1.8 * table.X[:, 0])


def percentages(generator: Generator) -> Table:
    """Draw three groups by the parts of a hundred that three things have."""
    table = clear_groups(generator)
    parts = 33.0 + 2.5 * (table.X - table.X.mean(axis=0))
    table = replace(table, X=parts)
    return beside(table, 100.0 - parts.sum(axis=1))


def rounded_percentages(generator: Generator) -> Table:
    """Draw three groups by four parts of a hundred, rounded to whole numbers: some sum to 101."""
    table = clear_groups(generator, 3, 240)
    parts = 25.0 + 2.0 * (table.X - table.X.mean(axis=0))
    X = np.round(np.column_stack([parts, 100.0 - parts.sum(axis=1)]))
    return replace(table, X=X, draw=None, log_density=None)


def pair_of_flags(generator: Generator) -> Table:
    """Draw three groups and a pair of columns 0/1 and 1/0 that tell nothing of the groups."""
    table = clear_groups(generator, 2, 240)
    flag = generator.integers(2, size=len(table.X)).astype(float)
    return replace(table, X=np.column_stack([table.X, flag, 1 - flag]), draw=None, log_density=None)


def sums_and_differences(generator: Generator) -> Table:
    """Draw three groups, and columns that are sum and difference of two others and twice one."""
    table = clear_groups(generator, 2, 240)
    first, second = table.X.T
    return beside(table, np.column_stack([first + second, first - second, 2.0 * first]))


def units(generator: Generator) -> Table:
    """Draw three groups, one column in millions and one in millionths."""
    table = clear_groups(generator, 3)
    return replace(table, X=table.X * [1e6, 1e-6, 1.0], plain=table.X, draw=None, log_density=None)


def far_from_zero(generator: Generator) -> Table:
    """Draw three groups beside times in seconds since 1970."""
    table = clear_groups(generator, 3)
    X = np.column_stack([table.X[:, :2], 1.7e9 + np.round(3600.0 * table.X[:, 2])])
    return replace(table, X=X, plain=table.X, draw=None, log_density=None)


def repeated_rows(generator: Generator) -> Table:
    """Draw three groups, every row eight times."""
    table = clear_groups(generator, 2, 150)
    return replace(table, X=np.tile(table.X, (8, 1)), labels=np.tile(table.labels, 8), plain=table.X)


def row_at(parameters: Parameters, distance: float, generator: Generator) -> Array:
    """Return a row so many deviations from the group that is nearest in a random direction."""
    direction = generator.normal(size=parameters.means.shape[1])
    direction /= np.linalg.norm(direction)
    last = int(np.argmax(parameters.means @ direction))
    deviation = np.sqrt(direction @ parameters.covariances[last] @ direction)
    return parameters.means[last] + distance * deviation * direction


def one_row_far(distance: float, generator: Generator) -> Table:
    """Draw three clear groups and a row far out; the row counts in the number of components that is given."""
    parameters = groups_apart(generator, 3, 2, (5.0, 6.5))
    table = normal_groups(parameters, 180, generator)
    far = with_rows(table, row_at(parameters, distance, generator))
    return replace(far, n_given=4, plain=table.X if distance >= 10 else None)


def one_row_far_groups_given(distance: float, generator: Generator) -> Table:
    """Draw the same with the number of groups given."""
    return replace(one_row_far(distance, generator), n_given=None)


def rows_far(n_far: int, generator: Generator) -> Table:
    """Draw three clear groups and some rows, each at another distance in another direction."""
    parameters = groups_apart(generator, 3, 2, (5.0, 6.5))
    table = normal_groups(parameters, 180, generator)
    distances = 10.0 ** generator.uniform(1, 4, n_far)
    return with_rows(table, [row_at(parameters, distance, generator) for distance in distances])


def filled(value: float, n_cells: int, generator: Generator) -> Table:
    """Draw three groups in three columns, and a few cells that hold a fill value."""
    table = clear_groups(generator, 3, 240)
    X, labels = 20.0 + 3.0 * table.X, table.labels.copy()
    rows = generator.choice(len(X), n_cells, replace=False)
    X[rows, generator.integers(3, size=n_cells)] = value
    labels[rows] = NO_GROUP
    return replace(table, X=X, labels=labels, draw=None, log_density=None)


def rows_without_data(value: float, generator: Generator) -> Table:
    """Draw three groups of small deviation and ten rows that hold nothing but a fill value."""
    table = clear_groups(generator, 2, 240)
    table = replace(table, X=0.5 + 0.02 * table.X, draw=None, log_density=None)
    return replace(with_rows(table, np.full((10, 2), value)), n_given=4)


def far_kinds() -> tuple[Kind, ...]:
    """Return the kinds with one row at many distances."""
    tags = ("separated", "far", "companion")
    distances = ("5", "10", "20", "50", "1e2", "1e3", "1e4", "1e6", "1e9")
    return (
        *(Kind(f"one row at {text}", partial(one_row_far, float(text)), tags) for text in distances),
        Kind("one row at 1e4, K = 3", partial(one_row_far_groups_given, 1e4), tags),
    )


def companion(name: str, make: Callable[[Generator], Table]) -> Kind:
    """Return a kind that must have the labels of the table without the companion."""
    return Kind(name, make, ("separated", "companion"))


KINDS = (
    companion("constant column", constant_column),
    companion("copied column", copied_column),
    companion("summed column", summed_column),
    companion("Celsius and Fahrenheit", celsius_and_fahrenheit),
    companion("percentages", percentages),
    companion("sums and differences", sums_and_differences),
    companion("units", units),
    companion("seconds since 1970", far_from_zero),
    companion("every row eight times", repeated_rows),
    Kind("rounded percentages", rounded_percentages, ("separated", "recorded")),
    Kind("a pair of flags", pair_of_flags, ("separated", "recorded")),
    *far_kinds(),
    *(
        Kind(f"{n_far} rows far out", partial(rows_far, n_far), ("separated", "far"))
        for n_far in (2, 3, 4, 5)
    ),
    Kind("-9999 in one cell", partial(filled, -9999.0, 1), ("separated", "far")),
    Kind("-9999 in three cells", partial(filled, -9999.0, 3), ("separated", "far")),
    Kind("3.4e38 in one cell", partial(filled, 3.4e38, 1), ("separated", "far")),
    Kind("ten rows of -9999", partial(rows_without_data, -9999.0), ("separated", "far")),
    Kind("ten rows of -3.4e38", partial(rows_without_data, -3.4e38), ("separated", "far")),
)
