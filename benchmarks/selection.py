"""Time the automatic choice, and compare what it finds with mclust, k-means and scikit-learn.

    python -m benchmarks.selection [--data FOLDER] [--output docs/benchmarks-selection.md]

FOLDER (or the environment variable GAUSSMIX_MCLUST_DATA) holds for each data set NAME

    NAME.csv        the data; a column `class` is not a feature
    NAME_bic.csv    mclust's BIC of every family and number of components at its defaults, larger is better

Without it the comparison with mclust is left out, and the page says so. Takes some five minutes.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from gaussmix import AutoGaussianMixture
from gaussmix.backends import available_threads

VARIABLE = "GAUSSMIX_MCLUST_DATA"
SLACK = 0.01
"""BIC that may be lower than mclust's and still counts as no worse."""
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parity:
    """Cells of a data set beside mclust's.

    Parameters
    ----------
    name : str
    n_cells, n_no_worse, n_better : int
        Cells that mclust could fit; those whose BIC is at least mclust's, and those where it is higher.
    chosen, chosen_by_mclust : str
    gain : float
        BIC of the chosen model above that of mclust's choice.
    """

    name: str
    n_cells: int
    n_no_worse: int
    n_better: int
    chosen: str
    chosen_by_mclust: str
    gain: float


def main() -> None:
    """Run all parts and print or write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", default=os.environ.get(VARIABLE), help="folder with mclust's values")
    parser.add_argument("--output", type=Path, help="write the page to this file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = [
        "# Benchmarks of the automatic choice",
        "",
        f"Made by `make bench-selection`, {available_threads()} threads. Times are those of one whole fit of",
        "`AutoGaussianMixture` at defaults: fourteen families, one to nine components and more.",
        "",
        *times(),
        *against_mclust(arguments.data),
        *against_k_means(),
    ]
    page = "\n".join(lines) + "\n"
    if arguments.output:
        arguments.output.write_text(page, encoding="utf-8")
    print(page)


def times() -> list[str]:
    """Return the table of times."""
    lines = [
        "## Time",
        "",
        "| data | rows x columns | seconds | chosen | groups found (ARI) |",
        "| --- | --- | ---: | --- | ---: |",
    ]
    for name, X, truth, n_turns in tables():
        found, taken = AutoGaussianMixture(random_state=0), []
        for _ in range(n_turns):
            began = time.perf_counter()
            found.fit(X)
            taken.append(time.perf_counter() - began)
        agreement = adjusted_rand_score(truth, found.predict(X))
        seconds = statistics.median(taken)
        chosen = f"{found.covariance_type_}, {found.n_components_}"
        lines.append(f"| {name} | {len(X):,} x {X.shape[1]:,} | {seconds:.2f} | {chosen} | {agreement:.2f} |")
        print(lines[-1], flush=True)
    return [*lines, ""]


def tables() -> Iterator[tuple[str, Array, Array, int]]:
    """Yield names, rows, true groups, and how often to fit."""
    iris, cancer = load_iris(), load_breast_cancer()
    yield "iris", iris.data, iris.target, 7
    for n_rows, n_features, n_groups, apart, n_turns in ((1000, 5, 4, 2.0, 5), (100_000, 10, 6, 1.5, 1)):
        generator = np.random.default_rng(0)
        truth = generator.integers(n_groups, size=n_rows)
        centers = apart * generator.normal(size=(n_groups, n_features))
        spread = generator.uniform(0.5, 1.5, size=(n_groups, n_features))
        noise = generator.normal(size=(n_rows, n_features))
        yield "simulated ellipsoids", centers[truth] + spread[truth] * noise, truth, n_turns
    yield "breast cancer", cancer.data, cancer.target, 1
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [40, 35, 25])
    shift = np.zeros((3, 2000))
    for group in range(3):
        shift[group, generator.choice(2000, 60, replace=False)] = 1.5
    yield "as gene expression", generator.normal(size=(100, 2000)) + shift[truth], truth, 1


def against_mclust(folder: str | None) -> list[str]:
    """Return the table of cells beside mclust's."""
    lines = ["## Beside mclust", ""]
    names = (
        sorted(path.name[: -len("_bic.csv")] for path in Path(folder or "").glob("*_bic.csv"))
        if folder
        else []
    )
    if not names:
        return [*lines, f"Left out: no values of mclust. Name the folder with --data or {VARIABLE}.", ""]
    lines += [
        "BIC with own starts, beside mclust 6 at its defaults; a cell is one family with one number of",
        f"components that mclust could fit, and is no worse if its BIC is at least mclust's less {SLACK}.",
        "",
    ]
    for title, thorough in (("At defaults", False), ("With `thorough=True`", True)):
        found = [compare(Path(folder or ""), name, thorough=thorough) for name in names]
        n_cells, n_no_worse = sum(one.n_cells for one in found), sum(one.n_no_worse for one in found)
        lines += [
            f"{title}: {n_no_worse} of {n_cells} cells no worse ({n_no_worse / n_cells:.1%}).",
            "",
            "| data | cells | no worse | better | chosen | by mclust | BIC above mclust's choice |",
            "| --- | ---: | ---: | ---: | --- | --- | ---: |",
            *(
                f"| {one.name} | {one.n_cells} | {one.n_no_worse} | {one.n_better} | {one.chosen} | "
                f"{one.chosen_by_mclust} | {one.gain:.2f} |"
                for one in found
            ),
            "",
        ]
        print("\n".join(lines[-len(found) - 5 :]), flush=True)
    return lines


def compare(folder: Path, name: str, *, thorough: bool) -> Parity:
    """Fit a data set and compare all cells."""
    X = read_features(folder / f"{name}.csv")
    theirs = read_bics(folder / f"{name}_bic.csv")
    found = AutoGaussianMixture(criterion="bic", noise=False, thorough=thorough, random_state=0).fit(X)
    ours = {(row.covariance_type, row.n_components): -row.bic for row in found.selection_}
    gaps = [ours[cell] - bic for cell, bic in theirs.items()]
    family, number = max(theirs, key=lambda cell: theirs[cell])
    chosen = (found.covariance_type_, found.n_components_)
    return Parity(
        name,
        len(gaps),
        sum(gap >= -SLACK for gap in gaps),
        sum(gap > SLACK for gap in gaps),
        f"{chosen[0]}, {chosen[1]}",
        f"{family}, {number}",
        ours[chosen] - theirs[family, number],
    )


def read_features(path: Path) -> Array:
    """Return the columns of a table but the true classes."""
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    kept = [place for place, name in enumerate(head) if name != "class"]
    return np.array([[float(row[place]) for place in kept] for row in rows])


def read_bics(path: Path) -> dict[tuple[str, int], float]:
    """Return mclust's BIC of the cells that it could fit."""
    with path.open(newline="") as file:
        return {
            (family, int(row["G"])): float(value)
            for row in csv.DictReader(file)
            for family, value in row.items()
            if family != "G" and value.strip() not in ("", "NA")
        }


def against_k_means() -> list[str]:
    """Return the table of two spheres in many dimensions."""
    lines = [
        "## Two spheres in many dimensions",
        "",
        "2,048 rows of two normal distributions of equal size and spread, their means sqrt(2) * 100 / s",
        "standard deviations apart (as in Mariescu-Istodor and Zhong's G2 sets, but with spreads that grow",
        "with the root of the dimension), s = 10, 30, ..., 90. Mean agreement with the truth (ARI). The",
        "number of components is chosen, too, up to 32 dimensions only, so that the benchmark ends.",
        "",
        "| dimensions | both chosen | family chosen for two | k-means | scikit-learn, full, n_init=10 |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    contestants: tuple[Callable[[Array], Array], ...] = (
        lambda X: (
            AutoGaussianMixture(random_state=0).fit_predict(X) if X.shape[1] <= 32 else np.full(len(X), -1)
        ),
        lambda X: AutoGaussianMixture(2, random_state=0).fit_predict(X),
        lambda X: KMeans(2, n_init=10, random_state=0).fit_predict(X),
        lambda X: ScikitLearnMixture(2, n_init=10, random_state=0).fit(X).predict(X),
    )
    for n_features in (16, 32, 64, 128):
        scores = []
        for s in range(10, 100, 20):
            generator = np.random.default_rng(s)
            truth = np.repeat([0, 1], 1024)
            noise = generator.normal(size=(2048, n_features))
            X = 500.0 + 100.0 * truth[:, None] + s * np.sqrt(n_features / 2) * noise
            labels = [contestant(X) for contestant in contestants]
            scores.append([adjusted_rand_score(truth, one) if one[0] >= 0 else np.nan for one in labels])
        means = " | ".join("" if np.isnan(mean) else f"{mean:.3f}" for mean in np.mean(scores, axis=0))
        lines.append(f"| {n_features} | {means} |")
        print(lines[-1], flush=True)
    return [*lines, ""]


if __name__ == "__main__":
    main()
