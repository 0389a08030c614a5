"""Compare EM in every covariance family with R's mclust, from mclust's own starts, cell by cell.

    python -m benchmarks.mclust --data FOLDER [--output PAGE]

FOLDER (or the environment variable GAUSSMIX_MCLUST_DATA) holds for each data set NAME

    NAME.csv        the data; a column `class` is not a feature
    NAME_start.csv  the classification that EM with G components begins with, in a column G1, G2, ...
    NAME_me.csv     where mclust's EM from there ended: model, G, loglik, NA if a matrix became singular

A cell is one family with one number of components. It counts as reproduced if the log-likelihoods agree to
one part in a million. Both begin with an M-step on the classification, take plain steps until they stand
still, and have no floor under the covariances.

In the family VVE mclust's M-step does not maximise the likelihood: its axes are those that are best if all
components have the same volume. Cells of that family are also run with that M-step.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from gaussmix.backends import default_backend
from gaussmix.core.em import Expect, maximise
from gaussmix.core.parameters import CovarianceEstimate, CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import FAMILIES
from gaussmix.covariance.axes import along_axes, common_axes
from gaussmix.covariance.shared_axes import SharedAxesFamily
from gaussmix.covariance.variances import of_equal_volume
from gaussmix.exceptions import DegenerateCovarianceError

VARIABLE = "GAUSSMIX_MCLUST_DATA"
TOLERANCE = 1e-6
COLUMNS = ("reproduced", "better", "worse", "singular here", "singular in mclust", "singular in both")


class MclustSharedAxesFamily(SharedAxesFamily):
    """VVE as mclust computes it: axes as if all components had the same volume."""

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return the axes of EVE with the best variances along them."""
        counts = statistics.counts
        axes, _, at_floor = common_axes(
            statistics.second,
            counts,
            partial(of_equal_volume, counts=counts, floor=regularization.floor, strict=True),
            None if previous is None else previous.axes,
        )
        sums = np.einsum("kdd->kd", axes.T @ statistics.second @ axes)
        return CovarianceEstimate(*along_axes(sums / counts[:, None], axes), at_floor, axes)


def main() -> None:
    """Run all cells, print what differs and a table of counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", default=os.environ.get(VARIABLE), help="folder with mclust's values")
    parser.add_argument("--output", type=Path, help="write the table of counts to this file too")
    arguments = parser.parse_args()
    if not arguments.data or not any(Path(arguments.data).glob("*_me.csv")):
        print(
            f"Skipped: no values of mclust in {arguments.data or 'any folder'}. "
            f"Name the folder with --data or {VARIABLE}."
        )
        return
    lines = ["| data | " + " | ".join(COLUMNS) + " | seconds |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
    quirk = Counter[str]()
    for file in sorted(Path(arguments.data).glob("*_me.csv")):
        name = file.name.removesuffix("_me.csv")
        begun = time.perf_counter()
        counts, of_quirk = _compare(Path(arguments.data), name)
        seconds = time.perf_counter() - begun
        quirk += of_quirk
        lines.append(f"| {name} | " + " | ".join(str(counts[c]) for c in COLUMNS) + f" | {seconds:.1f} |")
    lines.append("")
    lines.append(
        "VVE with mclust's M-step: " + ", ".join(f"{quirk[c]} {c}" for c in COLUMNS if quirk[c]) + "."
    )
    print("\n".join(lines))
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n")


def _compare(folder: Path, name: str) -> tuple[Counter[str], Counter[str]]:
    """Return counts of outcomes for a data set, and those of VVE as mclust computes it."""
    X, starts, cells = _read(folder, name)
    counts, quirk = Counter[str](), Counter[str]()
    for cell in cells:
        n_components = int(cell["G"])
        labels = starts[:, n_components - 1] - 1
        expected = None if cell["loglik"] in ("", "NA") else float(cell["loglik"])
        found = _log_likelihood(X, labels, FAMILIES[cell["model"]])
        outcome = _outcome(found, expected)
        counts[outcome] += 1
        if cell["model"] == "VVE" and n_components > 1:
            quirk[_outcome(_log_likelihood(X, labels, MclustSharedAxesFamily()), expected)] += 1
        if outcome in ("better", "worse", "singular here"):
            print(f"{name} {cell['model']} {n_components}: {outcome}: {found} here, {expected} in mclust")
            sys.stdout.flush()
    return counts, quirk


def _outcome(found: float | None, expected: float | None) -> str:
    if expected is None:
        return "singular in both" if found is None else "singular in mclust"
    if found is None:
        return "singular here"
    if abs(found - expected) <= TOLERANCE * abs(expected):
        return "reproduced"
    return "better" if found > expected else "worse"


def _read(folder: Path, name: str) -> tuple[Array, np.ndarray, list[dict[str, str]]]:
    """Return the data, a column of labels for each number of components, and mclust's results."""
    with (folder / f"{name}.csv").open() as file:
        head, *rows = csv.reader(file)
    kept = [column for column, title in enumerate(head) if title != "class"]
    X = np.array([[float(row[column]) for column in kept] for row in rows])
    starts = np.loadtxt(folder / f"{name}_start.csv", delimiter=",", skiprows=1, dtype=int)
    with (folder / f"{name}_me.csv").open() as file:
        return X, starts, list(csv.DictReader(file))


def _log_likelihood(X: Array, labels: np.ndarray, family: CovarianceFamily) -> float | None:
    """Return where EM from hard labels ends; None if a covariance becomes singular."""
    n_components, n_features = labels.max() + 1, X.shape[1]
    deviation = X.std(axis=0)
    coordinates = Coordinates.around(
        X.mean(axis=0), np.full(n_features, deviation.max()) if family.common_scale else deviation
    )
    strict = Regularization(np.zeros(n_features), np.zeros(n_features), strict=True)
    statistics = SufficientStatistics.from_responsibilities(
        coordinates.to_working(X),
        np.zeros((n_components, n_features)),
        np.eye(n_components)[labels],
        family.moments,
    )
    rows, backend = Rows(X, coordinates), default_backend(1)

    def expect(parameters: MixtureParameters) -> SufficientStatistics:
        return backend.expect(rows, parameters.density(), family.moments)

    try:
        parameters = maximise(statistics, family, strict)
        mean = _by_plain_steps(expect, parameters, strict)
    except DegenerateCovarianceError:
        return None
    return (mean + coordinates.log_jacobian) * len(X)


def _by_plain_steps(expect: Expect, parameters: MixtureParameters, strict: Regularization) -> float:
    """Return the mean log-likelihood where EM ends without acceleration, which can lead to other optima."""
    before = -np.inf
    for _ in range(20_000):
        statistics = expect(parameters)
        now = statistics.mean_log_likelihood
        if abs(now - before) <= 1e-12 * (1.0 + abs(now)):
            break
        before = now
        parameters = maximise(statistics, parameters.family, strict, parameters)
    return float(now)


if __name__ == "__main__":
    main()
