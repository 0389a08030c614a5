"""Are clusters that need several Gaussians found by merging components? Simulate, fit, merge and compare.

python -m benchmarks.merging              as a Markdown table; about five minutes on two busy cores
python -m benchmarks.merging --tables 2   fewer simulated tables
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.metrics import adjusted_rand_score

from gaussmix import AutoGaussianMixture, high_density_clusters, merge_components
from gaussmix.merging import METHODS, change_point

FAMILIES = ("VII", "VVI", "EEV", "VVV")
FIRST_SEED = 1000
"""The thresholds were chosen on tables of other seeds."""

Table = tuple[np.ndarray, np.ndarray]


def moons(generator: np.random.RandomState, n_rows: int) -> Table:
    """Draw two crescents."""
    rows, labels = make_moons(n_rows, noise=generator.uniform(0.04, 0.12), random_state=generator)
    return rows, labels


def circles(generator: np.random.RandomState, n_rows: int) -> Table:
    """Draw a ring in a ring."""
    noise = generator.uniform(0.03, 0.07)
    rows, labels = make_circles(n_rows, noise=noise, factor=0.5, random_state=generator)
    return rows, labels


def ring_and_core(generator: np.random.RandomState, n_rows: int) -> Table:
    """Draw a ring about a normal distribution."""
    angle = generator.uniform(0, 2 * np.pi, n_rows)
    radius = 5 + 0.5 * generator.normal(size=n_rows)
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    core = generator.normal(size=(n_rows // 2, 2))
    return np.concatenate([ring, core]), np.repeat([0, 1], [n_rows, n_rows // 2])


def bananas(generator: np.random.RandomState, n_rows: int) -> Table:
    """Draw two parabolas with normal errors."""

    def banana(bend: float, right: float, up: float) -> np.ndarray:
        along, across = generator.normal(size=(2, n_rows))
        return np.column_stack([2 * along + right, 0.5 * across + bend * (2 * along) ** 2 + up])

    return np.concatenate([banana(0.4, 0, 0), banana(-0.3, 1, -6)]), np.repeat([0, 1], n_rows)


def spheres(generator: np.random.RandomState, n_rows: int) -> Table:
    """Draw four normal distributions, a Gaussian each."""
    centers = [[0, 0], [5.5, 0], [0, 5.5], [6, 6]]
    rows, labels = make_blobs(n_rows, centers=centers, random_state=generator)
    return rows, labels


def one_skewed(generator: np.random.RandomState, n_rows: int) -> Table:
    """Draw one cluster, exponential in two features."""
    return generator.exponential(size=(n_rows, 2)), np.zeros(n_rows, dtype=int)


def skewed(n_features: int) -> Callable[[np.random.RandomState, int], Table]:
    """Draw two exponential clusters that lean away from one another in two features."""

    def draw(generator: np.random.RandomState, n_rows: int) -> Table:
        rows = generator.exponential(size=(2 * n_rows, n_features))
        rows[n_rows:, :2] = -1.5 - rows[n_rows:, :2]
        return rows, np.repeat([0, 1], n_rows)

    return draw


def heavy_tailed(n_features: int) -> Callable[[np.random.RandomState, int], Table]:
    """Draw two clusters with t distributions of five degrees of freedom."""

    def draw(generator: np.random.RandomState, n_rows: int) -> Table:
        rows = generator.standard_t(5, size=(2 * n_rows, n_features))
        rows[n_rows:, :2] += 5.0
        return rows, np.repeat([0, 1], n_rows)

    return draw


def cubes(n_features: int) -> Callable[[np.random.RandomState, int], Table]:
    """Draw two uniform cubes."""

    def draw(generator: np.random.RandomState, n_rows: int) -> Table:
        rows = generator.uniform(0, 4, size=(2 * n_rows, n_features))
        rows[n_rows:, 0] += 6.0
        return rows, np.repeat([0, 1], n_rows)

    return draw


KINDS: dict[str, Callable[[np.random.RandomState, int], Table]] = {
    "moons": moons,
    "circles": circles,
    "ring and core": ring_and_core,
    "bananas": bananas,
    "4 spheres": spheres,
    "1 skewed": one_skewed,
    "2 skewed": skewed(2),
    "2 skewed, 10 features": skewed(10),
    "heavy tails, 5 features": heavy_tailed(5),
    "cubes, 5 features": cubes(5),
}


def scores_of(rows: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, float]:
    """Return the adjusted Rand index that each way attains."""
    model = AutoGaussianMixture(range(1, 13), covariance_types=FAMILIES, random_state=seed).fit(rows)
    scores = {"components": adjusted_rand_score(labels, model.predict(rows))}
    n_clusters = len(np.unique(labels))
    for method in METHODS:
        merged = merge_components(model, rows, method=method)
        scores[method] = adjusted_rand_score(labels, merged.labels_)
        known = merged.with_n_clusters(min(n_clusters, merged.n_components_))
        scores[f"{method}, number known"] = adjusted_rand_score(labels, known.labels_)
        if method == "entropy":
            lines = merged.with_n_clusters(change_point(merged.entropies_))
            scores["entropy, two lines"] = adjusted_rand_score(labels, lines.labels_)
    scores["high density"] = adjusted_rand_score(labels, high_density_clusters(model, rows).labels_)
    return scores


def main() -> None:
    """Print the mean index by kind and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=5, help="simulated tables of each kind")
    n_tables = parser.parse_args().tables
    warnings.simplefilter("ignore")
    means: dict[str, list[float]] = {}
    for draw in KINDS.values():
        found: dict[str, list[float]] = {}
        for table in range(n_tables):
            generator = np.random.RandomState(FIRST_SEED + table)
            rows, labels = draw(generator, int(generator.choice([400, 800, 1500])))
            for way, score in scores_of(rows, labels, table).items():
                found.setdefault(way, []).append(score)
        for way, scores in found.items():
            means.setdefault(way, []).append(float(np.mean(scores)))
    print("| | " + " | ".join([*KINDS, "mean"]) + " |")
    print("| --- |" + " ---: |" * (len(KINDS) + 1))
    for way, values in means.items():
        print(f"| {way} | " + " | ".join(f"{value:.2f}" for value in [*values, np.mean(values)]) + " |")


if __name__ == "__main__":
    main()
