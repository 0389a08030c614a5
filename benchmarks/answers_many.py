"""Kinds of table with many columns, and real tables with labels."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from benchmarks.answers_draws import Array, Generator, Kind, Labels, Table, shares_of

GENES_VARIABLE = "GAUSSMIX_GENES"
BESIDE = Path(__file__).parents[2] / "shared" / "data" / "genes"


def few_columns_tell(generator: Generator) -> Table:
    """Draw a hundred rows of 500 columns; three groups differ in four per cent of them each."""
    shifts = np.zeros((3, 500))
    for group in range(3):
        shifts[group, generator.choice(500, 20, replace=False)] = generator.choice([-1.6, 1.6], 20)
    labels = shares_of(np.array([0.4, 0.35, 0.25]), 100, generator)

    def draw(generator: Generator, n_rows: int) -> Array:
        rows = shifts[generator.choice(3, size=n_rows, p=[0.4, 0.35, 0.25])]
        return rows + generator.normal(size=rows.shape)

    return Table(shifts[labels] + generator.normal(size=(100, 500)), labels, 3, draw=draw)


def along_factors(generator: Generator) -> Table:
    """Draw eighty rows of 300 columns; three groups differ along four factors."""
    loadings = generator.normal(size=(4, 300))
    means = 6.0 * np.eye(4)[:3]
    labels = shares_of(np.full(3, 1 / 3), 80, generator)

    def rows(labels: Labels, generator: Generator) -> Array:
        factors = means[labels] + generator.normal(size=(len(labels), 4))
        return factors @ loadings + generator.normal(size=(len(labels), 300))

    def draw(generator: Generator, n_rows: int) -> Array:
        return rows(generator.integers(3, size=n_rows), generator)

    return Table(rows(labels, generator), labels, 3, draw=draw)


def one_cloud_of_many_columns(generator: Generator) -> Table:
    """Draw sixty rows of 200 columns without groups."""

    def draw(generator: Generator, n_rows: int) -> Array:
        return generator.normal(size=(n_rows, 200))

    return Table(
        draw(generator, 60),
        np.zeros(60, dtype=np.int64),
        1,
        draw=draw,
        log_density=lambda X: -0.5 * (X**2).sum(axis=1) - 100 * np.log(2 * np.pi),
    )


def two_of_many_columns(hub: bool, generator: Generator) -> Table:
    """Draw two groups in 2,048 rows and 32 columns, four deviations apart in a random direction.

    They are normal, or crowd about their centres: directions are uniform and distances half-normal, so that
    what is likeliest of two components is a core and a halo that each hold rows of both groups.
    """
    direction = generator.normal(size=32)
    direction *= 4.0 / np.linalg.norm(direction)
    labels = shares_of(np.full(2, 0.5), 2048, generator)

    def rows(labels: Labels, generator: Generator) -> Array:
        noise = generator.normal(size=(len(labels), 32))
        if hub:
            noise *= np.sqrt(32) / np.linalg.norm(noise, axis=1, keepdims=True)
            noise *= generator.normal(size=(len(labels), 1))
        return labels[:, None] * direction + noise

    def draw(generator: Generator, n_rows: int) -> Array:
        return rows(generator.integers(2, size=n_rows), generator)

    return Table(rows(labels, generator), labels, 2, draw=draw)


def real(load: Callable[..., tuple[Array, Labels]], n_groups: int, generator: Generator) -> Table:
    """Return a table that comes with scikit-learn, of the first so many of its groups."""
    X, labels = load(return_X_y=True)
    kept = labels < n_groups
    return Table(X[kept], labels[kept], n_groups)


def genes(name: str, generator: Generator) -> Table:
    """Return a set of gene expressions or methylations; FileNotFoundError where it is not at hand."""
    path = Path(os.environ.get(GENES_VARIABLE, BESIDE)) / f"{name}.npz"
    if not path.exists():
        raise FileNotFoundError(
            f"the set {name} is not at hand: {GENES_VARIABLE} names the folder that holds {name}.npz"
        )
    with np.load(path) as file:
        X, labels = file["X"].astype(float), np.unique(file["y"], return_inverse=True)[1]
    return Table(X, labels, len(np.unique(labels)))


KINDS = (
    Kind("4 % of 500 columns", few_columns_tell, ("separated", "many columns"), 3),
    Kind("along factors", along_factors, ("separated", "many columns"), 3),
    Kind("one cloud of 200 columns", one_cloud_of_many_columns, ("one group", "many columns"), 3),
    Kind("2,048 x 32", partial(two_of_many_columns, False), ("separated", "many columns"), 2),
    Kind("2,048 x 32, core and halo", partial(two_of_many_columns, True), ("core and halo", "merged"), 2),
    Kind("iris", partial(real, load_iris, 3), ("real",), 1),
    Kind("wine", partial(real, load_wine, 3), ("real",), 1),
    Kind("breast cancer", partial(real, load_breast_cancer, 2), ("real",), 1),
    Kind("digits 0 to 2", partial(real, load_digits, 3), ("real",), 1),
    Kind("khan", partial(genes, "khan"), ("real", "genes"), 1),
    Kind("sorlie", partial(genes, "sorlie"), ("real", "genes"), 1),
    Kind("christensen", partial(genes, "christensen"), ("real", "genes"), 1),
)
