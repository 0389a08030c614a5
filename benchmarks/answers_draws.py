"""Tables with known groups for the benchmark of answers: what one is, and how its rows are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from benchmarks.quality_solution import Parameters, log_densities

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Generator = np.random.Generator

NO_GROUP = -1
"""Label of rows that belong to no group: noise, rows far out, rows with a fill value."""


@dataclass(frozen=True)
class Table:
    """Rows whose groups are known.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
    labels : array of shape (n_rows,)
        Groups from 0; -1 for rows that belong to none.
    n_groups : int
    n_given : int, optional
        The number of components to give where it is not that of the groups.
    sample_weight : array of shape (n_rows,), optional
    draw : callable, optional
        Takes a generator and a number, returns so many new rows, none of them noise or far out. Values that
        are recorded to a step are spread evenly over their cells, so that a density cannot win by standing
        on the steps alone.
    log_density : callable, optional
        Takes rows, returns the logarithm of the density that `draw` draws from.
    plain : array of shape (at most n_rows, n_features), optional
        The same table without its companion: a column that follows from others, repeated rows, a row far
        out. Its rows are the first of X, in this order.
    """

    X: Array
    labels: Labels
    n_groups: int
    n_given: int | None = None
    sample_weight: Array | None = None
    draw: Callable[[Generator, int], Array] | None = None
    log_density: Callable[[Array], Array] | None = None
    plain: Array | None = None

    @property
    def n_components(self) -> int:
        """The number of components to give."""
        return self.n_groups if self.n_given is None else self.n_given


@dataclass(frozen=True)
class Kind:
    """A kind of table: each seed makes another one.

    Parameters
    ----------
    name : str
    make : callable
        Takes a generator, returns a `Table`.
    tags : tuple of str
        What the kind counts for:
        ``"separated"``: groups at least four deviations apart;
        ``"one group"``: there is one;
        ``"companion"``: labels must be those of the table without the companion;
        ``"skewed"``: groups are normal in logarithms;
        ``"recorded"``: values have a step;
        ``"far"``: rows far out, or fill values;
        ``"merged"``: groups are no ellipsoids, so that those of the automatic choice are merged components;
        ``"core and halo"``: the likeliest mixture of as many components is not that of the groups;
        ``"many columns"``; ``"weights"``; ``"few rows"``; ``"real"``.
    n_tables : int, default=10
        The most tables worth fitting: fewer where a fit takes long, one where there is only one.
    """

    name: str
    make: Callable[[Generator], Table]
    tags: tuple[str, ...] = ()
    n_tables: int = 10

    def table(self, seed: int) -> Table:
        """Return the table of a seed."""
        return self.make(np.random.default_rng([crc32(self.name.encode()), seed]))

    def new_rows(self, table: Table, seed: int, n_rows: int = 2000) -> Array | None:
        """Return new rows for the table of a seed; None where the kind draws none."""
        if table.draw is None:
            return None
        return table.draw(np.random.default_rng([crc32(self.name.encode()), seed, 1]), n_rows)


def distances_apart(means: Array, covariances: Array) -> Array:
    """Return how many deviations apart each two components are, by the mean of both covariances."""
    one, other = np.triu_indices(len(means), 1)
    differences = means[one] - means[other]
    between = np.linalg.solve((covariances[one] + covariances[other]) / 2, differences[:, :, None])[:, :, 0]
    return np.sqrt(np.einsum("pd,pd->p", differences, between))


def random_covariances(generator: Generator, n_groups: int, n_features: int, stretch: float) -> Array:
    """Return covariances of random directions; standard deviations lie between 1/stretch and stretch."""
    turns = np.linalg.qr(generator.normal(size=(n_groups, n_features, n_features)))[0]
    deviations = np.exp(generator.uniform(-1, 1, (n_groups, n_features)) * np.log(stretch))
    return np.einsum("kij,kj,klj->kil", turns, deviations**2, turns)


def groups_apart(
    generator: Generator,
    n_groups: int,
    n_features: int,
    apart: tuple[float, float] = (4.5, 6.5),
    covariances: ArrayLike | None = None,
    stretch: float = 1.5,
    weights: ArrayLike | None = None,
) -> Parameters:
    """Return groups the nearest two of which are `apart` deviations apart; a random number between both.

    Of many random places of the means those are taken that are spread most evenly.
    """
    if covariances is None:
        covariances = random_covariances(generator, n_groups, n_features, stretch)
    covariances = np.asarray(covariances, dtype=float)

    def evenness(means: Array) -> float:
        distances = distances_apart(means, covariances)
        return float(distances.min() / distances.max())

    means = max((generator.normal(size=(n_groups, n_features)) for _ in range(50)), key=evenness)
    means *= generator.uniform(*apart) / distances_apart(means, covariances).min()
    shares = np.full(n_groups, 1.0 / n_groups) if weights is None else np.asarray(weights, dtype=float)
    return Parameters(shares / shares.sum(), means, covariances)


def normal_rows(parameters: Parameters, labels: Labels, generator: Generator) -> Array:
    """Return a row of the component that each label names."""
    roots = np.linalg.cholesky(parameters.covariances)
    noise = generator.normal(size=(len(labels), parameters.means.shape[1]))
    return parameters.means[labels] + np.einsum("nij,nj->ni", roots[labels], noise)


def shares_of(weights: Array, n_rows: int, generator: Generator) -> Labels:
    """Return shuffled labels; each group has its share of the rows, but for rounding."""
    bounds = np.round(np.cumsum(weights) * n_rows)
    labels = np.searchsorted(bounds, np.arange(n_rows), side="right")
    return generator.permutation(np.minimum(labels, len(weights) - 1)).astype(np.int64)


def normal_groups(parameters: Parameters, n_rows: int, generator: Generator) -> Table:
    """Return a table of normal groups."""
    labels = shares_of(parameters.weights, n_rows, generator)

    def draw(generator: Generator, n_rows: int) -> Array:
        labels = generator.choice(len(parameters.weights), size=n_rows, p=parameters.weights)
        return normal_rows(parameters, labels, generator)

    return Table(
        normal_rows(parameters, labels, generator),
        labels,
        len(parameters.weights),
        draw=draw,
        log_density=lambda X: logsumexp(log_densities(X, parameters), axis=1),
    )


def as_exponentials(table: Table) -> Table:
    """Return the table whose logarithms are the rows of a table."""
    draw, log_density = table.draw, table.log_density
    assert draw is not None
    assert log_density is not None

    def log_density_of_exponentials(X: Array) -> Array:
        positive = (X > 0).all(axis=1)
        logarithms = np.log(np.where(positive[:, None], X, 1.0))
        return np.where(positive, log_density(logarithms) - logarithms.sum(axis=1), -np.inf)

    return replace(
        table,
        X=np.exp(table.X),
        draw=lambda generator, n_rows: np.exp(draw(generator, n_rows)),
        log_density=log_density_of_exponentials,
    )


def recorded(table: Table, step: ArrayLike, least: float = -np.inf, most: float = np.inf) -> Table:
    """Return a table as it is when values are recorded to a step, a number or one a column, within limits."""
    steps, draw = np.broadcast_to(np.asarray(step, dtype=float), table.X.shape[1:]), table.draw
    assert draw is not None

    def rounded(X: Array) -> Array:
        return np.clip(np.round(X / steps) * steps, least, most)

    def draw_cells(generator: Generator, n_rows: int) -> Array:
        cells = rounded(draw(generator, n_rows))
        return cells + steps * generator.uniform(-0.5, 0.5, cells.shape)

    return replace(table, X=rounded(table.X), draw=draw_cells, log_density=None)


def beside(table: Table, columns: ArrayLike) -> Table:
    """Return a table with companions: columns that follow from the others."""
    return replace(table, X=np.column_stack([table.X, columns]), plain=table.X, draw=None, log_density=None)


def with_rows(table: Table, rows: ArrayLike) -> Table:
    """Return a table with rows more that belong to no group."""
    rows = np.atleast_2d(np.asarray(rows, dtype=float))
    return replace(
        table,
        X=np.concatenate([table.X, rows]),
        labels=np.concatenate([table.labels, np.full(len(rows), NO_GROUP)]),
    )
