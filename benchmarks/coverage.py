"""How often do intervals contain the truth? Simulate, fit, and count on rows that were not fitted to.

python -m benchmarks.coverage              as a Markdown table; about seven minutes on one core
python -m benchmarks.coverage --tables 4   fewer simulated tables, about a minute
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gaussmix import (
    DegenerateComponentWarning,
    GaussianMixture,
    GaussianMixtureImputer,
    GaussianMixtureRegressor,
)

LEVEL = 0.9
N_ROWS = (25, 50, 100, 300, 1_000)
N_NEW_ROWS = 2_000

Draw = Callable[[int, np.random.RandomState], tuple[np.ndarray, np.ndarray]]


def linear(n_rows: int, generator: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Draw five normal inputs, a linear target and normal errors."""
    inputs = generator.normal(size=(n_rows, 5))
    return inputs, inputs @ [1.0, -1.0, 0.5, 0.0, 0.0] + generator.normal(size=n_rows)


def mixture(n_rows: int, generator: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Draw from a mixture of three components in two inputs and a target."""
    covariances = [np.eye(3), [[1, 0.5, 0.8], [0.5, 2, 0.5], [0.8, 0.5, 2]], np.diag([0.5, 0.5, 3])]
    truth = GaussianMixture.from_parameters([0.4, 0.4, 0.2], [[0, 0, 0], [2, 1, 4], [-2, 3, -3]], covariances)
    rows, _ = truth.sample(n_rows, random_state=generator)
    return rows[:, :2], rows[:, 2]


def curve(n_rows: int, generator: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Draw a sine with errors that grow."""
    x = generator.uniform(0.0, 6.0, n_rows)
    return x[:, None], np.sin(x) + (0.1 + 0.1 * x) * generator.normal(size=n_rows)


def fork(n_rows: int, generator: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Draw one of two branches, which come together at zero."""
    x = generator.uniform(0.0, 3.0, n_rows)
    branch = np.where(generator.uniform(size=n_rows) < 0.7, 1.0, -1.0)
    return x[:, None], branch * x + 0.3 * generator.normal(size=n_rows)


def skewed(n_rows: int, generator: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Draw a linear target in two inputs, with errors that follow an exponential distribution."""
    inputs = generator.normal(size=(n_rows, 2))
    return inputs, inputs.sum(axis=1) + generator.exponential(size=n_rows)


PROBLEMS: dict[str, Draw] = {
    "linear, 5 inputs": linear,
    "mixture of 3, 2 inputs": mixture,
    "sine, growing errors": curve,
    "fork of two branches": fork,
    "skewed errors, 2 inputs": skewed,
}


@dataclass(frozen=True)
class Coverage:
    """How often intervals contained the truth, over simulated tables.

    Parameters
    ----------
    share : float
        Share of new rows whose target lay within.
    error : float
        Its standard error, from the differences between tables.
    """

    share: float
    error: float


def regression_coverage(draw: Draw, n_rows: int, n_tables: int, n_components: int | str) -> Coverage:
    """Return the coverage of `GaussianMixtureRegressor.predict_interval` on new rows."""
    within = np.empty(n_tables)
    for table in range(n_tables):
        generator = np.random.RandomState(table)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DegenerateComponentWarning)
            fitted = GaussianMixtureRegressor(n_components, random_state=0).fit(*draw(n_rows, generator))
        inputs, truth = draw(N_NEW_ROWS, generator)
        low, high = fitted.predict_interval(inputs, level=LEVEL).T
        within[table] = np.mean((low <= truth) & (truth <= high))
    error = float(within.std(ddof=1)) / math.sqrt(n_tables) if n_tables > 1 else math.nan
    return Coverage(float(within.mean()), error)


def print_regression(n_tables: int) -> None:
    """Print a table in Markdown: coverage for each problem and number of rows."""
    print(f"Share of new rows within intervals of {LEVEL:.0%}, in per cent, with standard errors\n")
    print("| data | " + " | ".join(f"{n_rows:,} rows" for n_rows in N_ROWS) + " |")
    print("| --- |" + " ---: |" * len(N_ROWS))
    for name, draw in PROBLEMS.items():
        cells = []
        for n_rows in N_ROWS:
            found = regression_coverage(draw, n_rows, n_tables, "auto")
            cells.append(f"{100 * found.share:.1f} ± {100 * found.error:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def gaps(n_rows: int, generator: np.random.RandomState) -> np.ndarray:
    """Draw two columns, the second 1 times the first and a normal error, and take 60 % of the second out."""
    table = generator.normal(size=(n_rows, 2))
    table[:, 1] += table[:, 0]
    table[generator.permutation(n_rows)[: 6 * n_rows // 10], 1] = np.nan
    return table


def imputation_coverage(n_rows: int, n_tables: int, n_imputations: int = 10) -> Coverage:
    """Return how often 95 % intervals by Rubin's rules, from `impute_many`, hold the slope of a line."""
    held = np.empty(n_tables)
    for number in range(n_tables):
        table = gaps(n_rows, np.random.RandomState(number))
        imputer = GaussianMixtureImputer(1).fit(table)
        found = [
            stats.linregress(filled[:, 0], filled[:, 1])
            for filled in imputer.impute_many(table, n_imputations, random_state=number)
        ]
        slopes = np.array([one.slope for one in found])
        between = (1 + 1 / n_imputations) * slopes.var(ddof=1)
        total = np.mean([one.stderr**2 for one in found]) + between
        degrees = (n_imputations - 1) * (total / between) ** 2
        held[number] = abs(slopes.mean() - 1.0) < stats.t(degrees).ppf(0.975) * np.sqrt(total)
    return Coverage(float(held.mean()), math.sqrt(held.mean() * (1 - held.mean()) / n_tables))


def print_imputation(n_tables: int) -> None:
    """Print a table in Markdown: coverage of slopes from imputed tables."""
    print("\nShare of 95 % intervals for a slope that hold it, 60 % of the targets missing, in per cent\n")
    print("| rows | hold |\n| ---: | ---: |")
    for n_rows in (60, 100, 300):
        found = imputation_coverage(n_rows, 10 * n_tables)
        print(f"| {n_rows} | {100 * found.share:.1f} ± {100 * found.error:.1f} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=40, help="number of simulated tables a cell")
    arguments = parser.parse_args()
    print_regression(arguments.tables)
    print_imputation(arguments.tables)


if __name__ == "__main__":
    main()
