"""Measure what `gaussmix.inference` promises: coverage of intervals, levels of tests, and speed.

    python -m benchmarks.inference [--tables 300] [--resamples 299] [--only coverage|tests|speed] [--output
    PAGE]

Coverage: tables are drawn from known mixtures, a mixture is fitted to each, starting at the truth, and 90 %
intervals are made for its parameters. What is counted is how many of them hold the true value. Standard
errors of such a count from 300 tables are 1.7 %, and less for averages over several parameters.

Tests: tables are drawn from known mixtures, and how often the tests reject at the level of 10 % is counted;
where the hypothesis is true that should be a tenth.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaussmix import GaussianMixture, bootstrap, goodness_of_fit, n_components_test, standard_errors
from gaussmix.core.stack import MixtureStack
from gaussmix.data.datasets import load_bundled
from gaussmix.inference import Intervals
from gaussmix.inference.alignment import aligned
from gaussmix.inference.bootstrap_result import INTERVALS

LEVEL = 0.9
PARAMETERS = ("weights", "means", "covariances")


@dataclass(frozen=True)
class Scenario:
    """A known mixture and the number of rows to draw.

    Parameters
    ----------
    name : str
    n_rows : int
    truth : GaussianMixture
    """

    name: str
    n_rows: int
    truth: GaussianMixture


def scenarios() -> list[Scenario]:
    """Return mixtures from well separated to hardly told apart."""
    faithful = load_bundled("faithful").data.to_pandas().to_numpy(dtype=float)
    eruptions = GaussianMixture(2, random_state=0).fit(faithful)

    def plane(distance: float) -> GaussianMixture:
        means = [[0.0, 0.0], [distance, 0.0], [0.5 * distance, distance]]
        covariances = [[[1.0, 0.3], [0.3, 1.0]], [[1.0, 0.0], [0.0, 0.5]], [[0.6, -0.2], [-0.2, 1.2]]]
        return GaussianMixture.from_parameters([0.3, 0.3, 0.4], means, covariances)

    def line(distance: float) -> GaussianMixture:
        return GaussianMixture.from_parameters(
            [0.4, 0.6], [[0.0], [distance]], [1.0, 1.0], covariance_type="spherical"
        )

    return [
        Scenario("faithful, 2 components", 272, eruptions),
        Scenario("3 in the plane, 5 deviations apart", 300, plane(5.0)),
        Scenario("3 in the plane, 3.5 apart", 300, plane(3.5)),
        Scenario("3 in the plane, 3.5 apart", 1000, plane(3.5)),
        Scenario("2 on a line, 3 apart", 200, line(3.0)),
        Scenario("2 on a line, 2 apart", 200, line(2.0)),
        Scenario("2 on a line, 2 apart", 1000, line(2.0)),
    ]


def tables(scenario: Scenario, number: int) -> Iterator[tuple[np.ndarray, GaussianMixture]]:
    """Draw tables and fit a mixture to each, with components in the order of the truth's."""
    truth = scenario.truth
    for seed in range(number):
        X, _ = truth.sample(scenario.n_rows, random_state=seed)
        model = GaussianMixture.from_parameters(
            truth.weights_, truth.means_, truth.covariances_, covariance_type=truth.covariance_type
        )
        model.set_params(warm_start=True, tol=1e-9).fit(X)
        mixtures, _ = aligned(MixtureStack.of([model._parameters()]), truth._parameters())
        yield X, model._publish(mixtures[0], X.dtype)


def coverage(scenario: Scenario, n_tables: int, n_resamples: int) -> dict[str, dict[str, float]]:
    """Return the share of intervals that hold the truth: by method, and by kind of parameter."""
    held: dict[str, dict[str, list[float]]] = {}
    for seed, (X, model) in enumerate(tables(scenario, n_tables)):
        found: dict[str, Intervals] = {}
        for kind in ("nonparametric", "weighted", "parametric"):
            draws = bootstrap(
                model, X, n_resamples=n_resamples, kind=kind, confidence_level=LEVEL, random_state=seed
            )
            methods = INTERVALS if kind == "nonparametric" else ("percentile",)
            found |= {f"{kind}, {method}": draws.interval(method) for method in methods}
        for method in ("observed", "sandwich"):
            try:
                found[f"standard errors, {method}"] = standard_errors(model, X, method=method).interval(LEVEL)
            except ValueError:  # no top of the likelihood here
                continue
        for name, intervals in found.items():
            counts = held.setdefault(name, {parameter: [] for parameter in PARAMETERS})
            for parameter in PARAMETERS:
                true = getattr(scenario.truth, f"{parameter}_")
                lower, upper = (getattr(side, parameter) for side in (intervals.lower, intervals.upper))
                counts[parameter].append(float(((lower <= true) & (true <= upper)).mean()))
    return {
        name: {parameter: float(np.mean(values)) for parameter, values in counts.items()}
        for name, counts in held.items()
    }


def levels_of_tests(n_tables: int, n_resamples: int) -> list[tuple[str, str, float]]:
    """Return how often tests reject at the level of 10 %."""
    two = GaussianMixture.from_parameters([0.4, 0.6], [[0.0], [3.0]], [1.0, 1.0], covariance_type="spherical")
    one = GaussianMixture.from_parameters(
        [1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.5, 1.0]]], covariance_type="full"
    )
    rows = []
    for name, truth, n_rows, family, n_true in (
        ("1 component in the plane", one, 150, "full", 1),
        ("2 on a line, 3 apart", two, 200, "V", 2),
    ):
        more = lacks = fits = 0
        for seed in range(n_tables):
            X, _ = truth.sample(n_rows, random_state=seed)
            found = n_components_test(
                X, covariance_type=family, alpha=0.1, n_resamples=n_resamples, random_state=seed,
                max_components=n_true,
            )  # fmt: skip
            more += found.exhausted
            lacks += found.n_components < n_true
            model = GaussianMixture(n_true, covariance_type=family, random_state=0).fit(X)
            fits += goodness_of_fit(model, X, n_resamples=n_resamples, random_state=seed).p_value <= 0.1
        rows.append((name, "number of components: too many", more / n_tables))
        rows.append((name, "number of components: too few", lacks / n_tables))
        rows.append((name, "goodness of fit rejected", fits / n_tables))
    return rows


def speed() -> list[tuple[str, float]]:
    """Return seconds for 1,000 refits of faithful with three components."""
    X = load_bundled("faithful").data.to_pandas().to_numpy(dtype=float)
    rows = []
    for family in ("VVV", "EEE", "VVI", "VEV"):
        model = GaussianMixture(3, covariance_type=family, random_state=0).fit(X)
        for kind in ("nonparametric", "weighted", "parametric"):
            times = []
            for seed in range(3):
                began = time.perf_counter()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    bootstrap(model, X, n_resamples=1000, kind=kind, random_state=seed)
                times.append(time.perf_counter() - began)
            rows.append((f"{family}, {kind}", min(times)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=299)
    parser.add_argument("--only", choices=("coverage", "tests", "speed"))
    parser.add_argument("--output", type=Path, help="write a Markdown page")
    arguments = parser.parse_args()
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    if arguments.only in (None, "speed"):
        say(f"\nSeconds for 1,000 refits of faithful, 3 components; {os.cpu_count()} processors, load "
            f"{os.getloadavg()[0]:.1f}\n")  # fmt: skip
        say("| | seconds |\n| --- | ---: |")
        for name, seconds in speed():
            say(f"| {name} | {seconds:.2f} |")
    if arguments.only in (None, "coverage"):
        say(f"\nShare of {LEVEL:.0%} intervals that hold the truth, {arguments.tables} tables, "
            f"{arguments.resamples} resamples\n")  # fmt: skip
        say("| rows from | intervals | weights | means | covariances |\n| --- | --- | ---: | ---: | ---: |")
        for scenario in scenarios():
            began = time.perf_counter()
            found = coverage(scenario, arguments.tables, arguments.resamples)
            for name, shares in found.items():
                values = " | ".join(f"{100 * shares[parameter]:.1f}" for parameter in PARAMETERS)
                say(f"| {scenario.name}, {scenario.n_rows} rows | {name} | {values} |")
            print(f"({time.perf_counter() - began:.0f} s)", file=sys.stderr)
    if arguments.only in (None, "tests"):
        say(f"\nShare of tables that a test at the level of 10 % rejects, {arguments.tables} tables\n")
        say("| rows from | test | share |\n| --- | --- | ---: |")
        for name, test, share in levels_of_tests(arguments.tables, 99):
            say(f"| {name} | {test} | {100 * share:.1f} |")
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
