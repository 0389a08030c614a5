"""Kinds of table whose values are answers, counts, or measured to a step, and skewed amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import logsumexp
from scipy.stats import bernoulli, norm, poisson, randint

from benchmarks.answers_draws import (
    Array,
    Generator,
    Kind,
    Labels,
    Table,
    as_exponentials,
    groups_apart,
    normal_groups,
    recorded,
    shares_of,
)
from benchmarks.quality_solution import Parameters


def spherical(n_groups: int, n_features: int, deviation: float = 1.0) -> Array:
    """Return equal covariances, the same in all directions."""
    return np.broadcast_to(deviation**2 * np.eye(n_features), (n_groups, n_features, n_features))


def with_columns(
    table: Table, draw_columns: Callable[[Generator, int], Array], generator: Generator
) -> Table:
    """Return a table with columns more, the same in all groups and independent of the others.

    `draw_columns` takes a generator and a number of rows and returns the columns.
    """
    draw = table.draw
    assert draw is not None
    X = np.column_stack([table.X, draw_columns(generator, len(table.X))])

    def draw_cells(generator: Generator, n_rows: int) -> Array:
        more = draw_columns(generator, n_rows)
        return np.column_stack([draw(generator, n_rows), more + generator.uniform(-0.5, 0.5, more.shape)])

    return replace(table, X=X, draw=draw_cells, log_density=None)


def survey(generator: Generator) -> Table:
    """Draw six items answered 1 to 5 by three segments."""
    deviation, means = 0.8, np.zeros((3, 6))
    apart = 0.0
    while apart < 4.5 * deviation:
        means = generator.choice([1.6, 3.0, 4.4], size=(3, 6))
        apart = min(np.linalg.norm(means[one] - means[other]) for one, other in ((0, 1), (0, 2), (1, 2)))
    parameters = Parameters(np.array([0.4, 0.35, 0.25]), means, spherical(3, 6, deviation))
    return recorded(normal_groups(parameters, 400, generator), 1.0, 1.0, 5.0)


def ratings(generator: Generator) -> Table:
    """Draw three ratings 1 to 10 of three overlapping groups."""
    means = np.array([[3.0, 3.5, 4.0], [5.5, 6.5, 5.0], [8.0, 7.0, 8.5]])
    means += generator.uniform(-0.5, 0.5, means.shape)
    parameters = Parameters(np.full(3, 1 / 3), means, spherical(3, 3, 1.2))
    return recorded(normal_groups(parameters, 600, generator), 1.0, 1.0, 10.0)


def stepped(step: float, generator: Generator) -> Table:
    """Draw three groups recorded to a step of a fraction of their deviation."""
    parameters = groups_apart(generator, 3, 3, (3.5, 4.5))
    return recorded(normal_groups(parameters, 450, generator), step)


def two_groups_beside_flags(generator: Generator) -> Table:
    """Draw two clear groups in two columns beside three columns of 0 and 1."""
    chances = generator.uniform(0.2, 0.8, 3)

    def flags(generator: Generator, n_rows: int) -> Array:
        return (generator.uniform(size=(n_rows, 3)) < chances).astype(float)

    table = normal_groups(groups_apart(generator, 2, 2, (5.5, 7.0)), 300, generator)
    return with_columns(table, flags, generator)


def groups_beside_one_hot(generator: Generator) -> Table:
    """Draw three clear groups in three columns beside a category of four values, a column each."""
    chances = generator.dirichlet(np.full(4, 5.0))

    def one_hot(generator: Generator, n_rows: int) -> Array:
        return np.eye(4)[generator.choice(4, size=n_rows, p=chances)]

    table = normal_groups(groups_apart(generator, 3, 3, (5.5, 7.0)), 300, generator)
    return replace(with_columns(table, one_hot, generator), draw=None)


def yes_no(generator: Generator) -> Table:
    """Draw ten questions answered with yes or no by two types."""
    likely = generator.integers(2, size=10)
    chances = np.where(np.array([likely, 1 - likely]) == 1, 0.82, 0.18)
    labels = shares_of(np.array([0.55, 0.45]), 400, generator)

    def answers(labels: Labels, generator: Generator) -> Array:
        return (generator.uniform(size=(len(labels), 10)) < chances[labels]).astype(float)

    def draw(generator: Generator, n_rows: int) -> Array:
        rows = answers((generator.uniform(size=n_rows) > 0.55).astype(np.int64), generator)
        return rows + generator.uniform(-0.5, 0.5, rows.shape)

    def log_density(X: Array) -> Array:
        each = bernoulli.logpmf(np.round(X)[:, None, :], chances).sum(axis=2)
        return logsumexp(each + np.log([0.55, 0.45]), axis=1)

    return Table(answers(labels, generator), labels, 2, draw=draw, log_density=log_density)


def counts_of(rates: Array, n_rows: int, generator: Generator) -> Table:
    """Return Poisson counts of groups of equal size, with a rate a group and column."""
    n_groups = len(rates)
    labels = shares_of(np.full(n_groups, 1 / n_groups), n_rows, generator)

    def draw(generator: Generator, n_rows: int) -> Array:
        rows = generator.poisson(rates[generator.integers(n_groups, size=n_rows)]).astype(float)
        return rows + generator.uniform(-0.5, 0.5, rows.shape)

    def log_density(X: Array) -> Array:
        each = poisson.logpmf(np.round(X)[:, None, :], rates).sum(axis=2)
        return logsumexp(each, axis=1) - np.log(n_groups)

    X = generator.poisson(rates[labels]).astype(float)
    return Table(X, labels, n_groups, draw=draw, log_density=log_density)


def counts(generator: Generator) -> Table:
    """Draw three kinds of event, counted in three groups: twice the root of a count has deviation one."""
    roots, apart = np.zeros((3, 3)), 0.0
    while apart < 4.5:
        roots = generator.uniform(2.0, 11.0, (3, 3))
        apart = min(np.linalg.norm(roots[one] - roots[other]) for one, other in ((0, 1), (0, 2), (1, 2)))
    return counts_of((roots / 2) ** 2, 450, generator)


def zero_inflated(generator: Generator) -> Table:
    """Draw two clear groups, and a column that is zero in half of the rows and an amount in the others."""

    def heap(generator: Generator, n_rows: int) -> Array:
        amounts = np.round(np.exp(generator.normal(2.0, 0.6, size=(n_rows, 1))))
        return amounts * (generator.uniform(size=(n_rows, 1)) < 0.5)

    table = normal_groups(groups_apart(generator, 2, 2, (5.5, 7.0)), 300, generator)
    return with_columns(table, heap, generator)


def several_steps(generator: Generator) -> Table:
    """Draw three groups whose columns are recorded to whole numbers, halves, tens and quarters of an hour."""
    units = np.array([2.0, 1.0, 15.0, 30.0])
    parameters = groups_apart(generator, 3, 4)
    parameters = Parameters(
        parameters.weights,
        np.array([50.0, 20.0, 400.0, 600.0]) + parameters.means * units,
        parameters.covariances * np.outer(units, units),
    )
    return recorded(normal_groups(parameters, 360, generator), [1.0, 0.5, 10.0, 15.0])


def rounded_to_a_tenth(generator: Generator) -> Table:
    """Draw four groups in the plane, recorded to a tenth of a deviation."""
    return recorded(normal_groups(groups_apart(generator, 4, 2), 400, generator), 0.1)


def heaped(generator: Generator) -> Table:
    """Draw ages and years of work of three groups; some people round to fives."""
    means = np.array([[25.0, 4.0], [45.0, 22.0], [70.0, 38.0]]) + generator.uniform(-1, 1, (3, 2))
    parameters = Parameters(np.full(3, 1 / 3), means, spherical(3, 2, 3.0))
    table = normal_groups(parameters, 450, generator)
    rounds = generator.uniform(size=(450, 1)) < 0.4
    X = np.where(rounds, 5.0 * np.round(table.X / 5.0), np.round(table.X))
    return replace(table, X=X, draw=None, log_density=None)


def capped(generator: Generator) -> Table:
    """Draw marks of three groups in three exams of at most 100 points, which many of the best group reach."""
    means = np.array([[45.0, 50.0, 40.0], [70.0, 68.0, 72.0], [96.0, 95.0, 97.0]])
    means += generator.uniform(-2, 2, means.shape)
    parameters = Parameters(np.full(3, 1 / 3), means, spherical(3, 3, 6.0))
    return recorded(normal_groups(parameters, 360, generator), 1.0, 0.0, 100.0)


def skewed(generator: Generator) -> Table:
    """Draw three groups, clear in the logarithms of two columns."""
    parameters = groups_apart(generator, 3, 2, covariances=spherical(3, 2, 0.6), apart=(4.5, 5.5))
    return as_exponentials(normal_groups(parameters, 360, generator))


def amounts(generator: Generator) -> Table:
    """Draw what two kinds of customer spend on three things, to the cent."""
    parameters = groups_apart(generator, 2, 3, covariances=spherical(2, 3, 0.5), apart=(4.5, 6.0))
    parameters = parameters._replace(means=3.5 + parameters.means - parameters.means.mean(axis=0))
    return recorded(as_exponentials(normal_groups(parameters, 300, generator)), 0.01)


def one_log_normal(generator: Generator) -> Table:
    """Draw one log-normal cloud."""
    parameters = Parameters(np.ones(1), np.zeros((1, 2)), spherical(1, 2, 0.8))
    return as_exponentials(normal_groups(parameters, 300, generator))


def one_poisson(generator: Generator) -> Table:
    """Draw one cloud of counts."""
    return counts_of(generator.uniform(1.0, 6.0, size=(1, 2)), 300, generator)


def one_uniform_of_integers(generator: Generator) -> Table:
    """Draw one cloud of integers, all alike."""
    most = int(generator.choice([6, 10, 20]))

    def draw(generator: Generator, n_rows: int) -> Array:
        return generator.uniform(0.5, most + 0.5, size=(n_rows, 2))

    X = generator.integers(1, most + 1, size=(300, 2)).astype(float)
    return Table(
        X,
        np.zeros(300, dtype=np.int64),
        1,
        draw=draw,
        log_density=lambda rows: randint.logpmf(np.round(rows), 1, most + 1).sum(axis=1),
    )


def one_survey(generator: Generator) -> Table:
    """Draw five items answered 1 to 5 by people who are all alike."""
    means, limits = generator.uniform(2.2, 3.8, 5), np.array([-np.inf, 1.5, 2.5, 3.5, 4.5, np.inf])
    parameters = Parameters(np.ones(1), means[None], spherical(1, 5))
    table = recorded(normal_groups(parameters, 300, generator), 1.0, 1.0, 5.0)
    chances = np.log(np.diff(norm.cdf(limits[None, :] - means[:, None]), axis=1))
    chances = np.pad(chances, ((0, 0), (1, 1)), constant_values=-np.inf)

    def log_density(X: Array) -> Array:
        answers = np.clip(np.round(X).astype(int), 0, 6)
        return chances[np.arange(5), answers].sum(axis=1)

    return replace(table, log_density=log_density)


KINDS = (
    Kind("survey", survey, ("separated", "recorded")),
    Kind("ratings", ratings, ("recorded",)),
    Kind("step 0.25", partial(stepped, 0.25), ("recorded",)),
    Kind("step 0.5", partial(stepped, 0.5), ("recorded",)),
    Kind("two groups beside 0/1", two_groups_beside_flags, ("separated", "recorded")),
    Kind("groups beside one-hot", groups_beside_one_hot, ("separated", "recorded")),
    Kind("yes and no", yes_no, ("separated", "recorded")),
    Kind("counts", counts, ("separated", "recorded")),
    Kind("zeros in heaps", zero_inflated, ("separated", "recorded")),
    Kind("several steps", several_steps, ("separated", "recorded")),
    Kind("rounded to a tenth", rounded_to_a_tenth, ("separated", "recorded")),
    Kind("heaped ages", heaped, ("separated", "recorded")),
    Kind("marks up to 100", capped, ("separated", "recorded")),
    Kind("skewed", skewed, ("skewed",)),
    Kind("amounts", amounts, ("skewed", "recorded")),
    Kind("one log-normal", one_log_normal, ("one group", "skewed")),
    Kind("one Poisson", one_poisson, ("one group", "recorded")),
    Kind("one uniform of integers", one_uniform_of_integers, ("one group", "recorded")),
    Kind("one survey", one_survey, ("one group", "recorded")),
)
