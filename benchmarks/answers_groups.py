"""Kinds of table by the sizes, spreads and shapes of their groups; few rows, weights, single clouds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.stats import multivariate_t

from benchmarks.answers_draws import (
    NO_GROUP,
    Array,
    Generator,
    Kind,
    Table,
    groups_apart,
    normal_groups,
    random_covariances,
    shares_of,
)
from benchmarks.quality_solution import Parameters


def apart(n_groups: int, n_features: int, n_rows: int, generator: Generator) -> Table:
    """Draw groups with covariances of their own, clear of each other."""
    return normal_groups(groups_apart(generator, n_groups, n_features), n_rows, generator)


def overlapping(generator: Generator) -> Table:
    """Draw three groups whose edges overlap."""
    return normal_groups(groups_apart(generator, 3, 2, (2.5, 3.0)), 450, generator)


def one_column(generator: Generator) -> Table:
    """Draw two to four groups in a single column."""
    n_groups = int(generator.integers(2, 5))
    return normal_groups(groups_apart(generator, n_groups, 1, (4.5, 5.5)), 90 * n_groups, generator)


def one_column_overlapping(generator: Generator) -> Table:
    """Draw two groups of unequal size in a single column."""
    parameters = groups_apart(generator, 2, 1, (3.0, 3.5), weights=[0.7, 0.3])
    return normal_groups(parameters, 300, generator)


def unequal_sizes(generator: Generator) -> Table:
    """Draw a group of 600 rows and one of 12."""
    parameters = groups_apart(generator, 2, 2, (5.5, 7.0), weights=[50, 1])
    return normal_groups(parameters, 612, generator)


def unequal_spreads(generator: Generator) -> Table:
    """Draw three groups, the deviations of which are 0.2, 1 and 3."""
    deviations = generator.permutation([0.2, 1.0, 3.0])
    covariances = deviations[:, None, None] ** 2 * np.eye(2)
    return normal_groups(groups_apart(generator, 3, 2, covariances=covariances), 360, generator)


def dense_in_a_field(generator: Generator) -> Table:
    """Draw a dense group within a wide one."""
    parameters = Parameters(
        np.array([0.4, 0.6]),
        np.array([generator.uniform(-2, 2, 2), np.zeros(2)]),
        np.array([0.3**2, 3.0**2])[:, None, None] * np.eye(2),
    )
    return normal_groups(parameters, 500, generator)


def nested(generator: Generator) -> Table:
    """Draw three groups about one centre, each ten times as wide as the one before."""
    deviations = np.array([0.1, 1.0, 10.0])
    parameters = Parameters(np.full(3, 1 / 3), np.zeros((3, 2)), deviations[:, None, None] ** 2 * np.eye(2))
    return normal_groups(parameters, 600, generator)


def thin(generator: Generator) -> Table:
    """Draw three groups side by side, all stretched twenty to one in one direction."""
    angle = generator.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    covariance = turn @ np.diag([20.0**2, 1.0]) @ turn.T
    means = np.array([[0.0, -5.0], [3.0, 0.0], [-3.0, 5.0]]) @ turn.T
    parameters = Parameters(np.full(3, 1 / 3), means, np.array([covariance] * 3))
    return normal_groups(parameters, 360, generator)


def thin_crossing(generator: Generator) -> Table:
    """Draw two stretched groups that cross."""
    covariances = np.array([[[9.0, 8.7], [8.7, 9.0]], [[9.0, -8.7], [-8.7, 9.0]]])
    means = generator.normal(size=(2, 2))
    return normal_groups(Parameters(np.full(2, 0.5), means, covariances), 400, generator)


def heavy_tails(generator: Generator) -> Table:
    """Draw three groups with the tails of Student's t with three degrees of freedom."""
    parameters = groups_apart(generator, 3, 2, (8.0, 10.0))
    table = normal_groups(parameters, 360, generator)

    def rows(labels: Array, generator: Generator) -> Array:
        widen = np.sqrt(3.0 / generator.chisquare(3, size=len(labels)))
        roots = np.linalg.cholesky(parameters.covariances)[labels]
        noise = generator.normal(size=(len(labels), 2)) * widen[:, None]
        return parameters.means[labels] + np.einsum("nij,nj->ni", roots, noise)

    def log_density(X: Array) -> Array:
        each = [
            multivariate_t(mean, covariance, df=3).pdf(X)
            for mean, covariance in zip(parameters.means, parameters.covariances, strict=True)
        ]
        return np.log(np.mean(each, axis=0))

    return replace(
        table,
        X=rows(table.labels, generator),
        draw=lambda generator, n_rows: rows(generator.integers(3, size=n_rows), generator),
        log_density=log_density,
    )


def one_heavy_tailed(generator: Generator) -> Table:
    """Draw one cloud with the tails of Student's t with five degrees of freedom."""
    cloud = multivariate_t(np.zeros(3), random_covariances(generator, 1, 3, 1.5)[0], df=5)
    return Table(
        cloud.rvs(300, random_state=generator),
        np.zeros(300, dtype=np.int64),
        1,
        draw=lambda generator, n_rows: cloud.rvs(n_rows, random_state=generator),
        log_density=lambda X: cloud.logpdf(X),
    )


def uniform_noise(generator: Generator) -> Table:
    """Draw three groups, and six per cent of the rows anywhere."""
    table = normal_groups(groups_apart(generator, 3, 2, (5.0, 6.5)), 376, generator)
    centre, reach = table.X.mean(axis=0), 4.0 * table.X.std(axis=0)
    noise = generator.uniform(centre - reach, centre + reach, size=(24, 2))
    order = generator.permutation(400)
    return replace(
        table,
        X=np.concatenate([table.X, noise])[order],
        labels=np.concatenate([table.labels, np.full(24, NO_GROUP)])[order],
    )


def crescents(generator: Generator) -> Table:
    """Draw two crescents, the one within the arms of the other."""
    labels = shares_of(np.full(2, 0.5), 400, generator)

    def rows(labels: Array, generator: Generator) -> Array:
        angle = generator.uniform(0, np.pi, len(labels))
        first = np.column_stack([np.cos(angle), np.sin(angle)])
        X = np.where(labels[:, None] == 0, first, np.array([1.0, 0.4]) - first)
        return X + generator.normal(0, 0.08, X.shape)

    def draw(generator: Generator, n_rows: int) -> Array:
        return rows(generator.integers(2, size=n_rows), generator)

    return Table(rows(labels, generator), labels, 2, draw=draw)


def ring_and_core(generator: Generator) -> Table:
    """Draw a ring about a group."""
    labels = shares_of(np.array([1 / 3, 2 / 3]), 450, generator)

    def rows(labels: Array, generator: Generator) -> Array:
        angle, radius = generator.uniform(0, 2 * np.pi, len(labels)), generator.normal(6, 0.5, len(labels))
        ring = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        return np.where(labels[:, None] == 0, generator.normal(size=(len(labels), 2)), ring)

    def draw(generator: Generator, n_rows: int) -> Array:
        return rows((generator.uniform(size=n_rows) > 1 / 3).astype(np.int64), generator)

    return Table(rows(labels, generator), labels, 2, draw=draw)


def single_precision(generator: Generator) -> Table:
    """Draw four groups about 1000, with the digits that a number of four bytes has."""
    table = apart(4, 3, 400, generator)
    X = (1000.0 + table.X).astype(np.float32).astype(float)
    return replace(table, X=X, draw=None, log_density=None)


def cloud(n_rows: int, generator: Generator) -> Table:
    """Draw one normal cloud in two to six columns."""
    n_features = int(generator.integers(2, 7))
    covariances = random_covariances(generator, 1, n_features, 2.0)
    parameters = Parameters(np.ones(1), generator.normal(size=(1, n_features)), covariances)
    return normal_groups(parameters, n_rows, generator)


def one_cloud_in_one_column(generator: Generator) -> Table:
    """Draw forty values of one normal distribution."""
    return normal_groups(Parameters(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))), 40, generator)


def weights_that_sum_to_one(generator: Generator) -> Table:
    """Draw three groups, the rows with unequal weights that say proportions."""
    table = apart(3, 2, 240, generator)
    weights = generator.uniform(0.5, 1.5, 240)
    return replace(table, sample_weight=weights / weights.sum())


def one_cloud_with_weights(generator: Generator) -> Table:
    """Draw one cloud, each row with the weight one by the number of rows."""
    table = cloud(200, generator)
    return replace(table, sample_weight=np.full(200, 1 / 200))


def weights_as_counts(generator: Generator) -> Table:
    """Draw three groups, each row with the number of times that it was seen."""
    table = apart(3, 2, 150, generator)
    return replace(table, sample_weight=generator.integers(1, 6, size=150).astype(float))


KINDS = (
    Kind("clear groups", partial(apart, 4, 3, 400), ("separated",)),
    Kind("five columns", partial(apart, 4, 5, 500), ("separated",)),
    Kind("seven groups", partial(apart, 7, 3, 700), ("separated",)),
    Kind("overlapping", overlapping),
    Kind("one column", one_column, ("separated",)),
    Kind("one column, overlapping", one_column_overlapping),
    Kind("sizes 50 to 1", unequal_sizes, ("separated",)),
    Kind("unequal spreads", unequal_spreads, ("separated",)),
    Kind("dense group in a field", dense_in_a_field),
    Kind("nested scales", nested),
    Kind("thin groups", thin, ("separated",)),
    Kind("crossing groups", thin_crossing),
    Kind("heavy tails", heavy_tails, ("separated",)),
    Kind("6 % noise", uniform_noise, ("separated",)),
    Kind("single precision", single_precision, ("separated",)),
    Kind("crescents", crescents, ("merged",)),
    Kind("ring and core", ring_and_core, ("merged",)),
    Kind("30 rows, 3 groups", partial(apart, 3, 2, 30), ("separated", "few rows")),
    Kind("60 rows, 3 groups", partial(apart, 3, 3, 60), ("separated", "few rows")),
    Kind("60 rows, 4 groups", partial(apart, 4, 2, 60), ("separated", "few rows")),
    *(Kind(f"one cloud, n = {n}", partial(cloud, n), ("one group", "few rows")) for n in (10, 20, 50, 100)),
    Kind("one cloud, n = 300", partial(cloud, 300), ("one group",)),
    Kind("one cloud, one column", one_cloud_in_one_column, ("one group", "few rows")),
    Kind("one heavy-tailed", one_heavy_tailed, ("one group",)),
    Kind("weights that sum to one", weights_that_sum_to_one, ("separated", "weights")),
    Kind("one cloud, weights 1/n", one_cloud_with_weights, ("one group", "weights")),
    Kind("weights as counts", weights_as_counts, ("separated", "weights")),
)
