"""Rows of known mixtures: overlap set to a target, and sets of the kinds that clustering is tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from benchmarks.quality_solution import Parameters, log_densities

Array = NDArray[np.float64]

OVERLAPS = {"low": 0.005, "medium": 0.05, "high": 0.15}
FEWEST_ROWS, MOST_ROWS = 300, 20_000
ROWS_A_PARAMETER = 20
FEWEST_ROWS_A_PARAMETER = 4
LARGEST_OVER_SMALLEST = 10.0


@dataclass(frozen=True)
class Mixture:
    """A mixture to draw from.

    Parameters
    ----------
    truth : Parameters
        What the rows are drawn from.
    sizes : sequence of int
        Rows of each component: all components appear in their exact share.
    """

    truth: Parameters
    sizes: tuple[int, ...]

    def rows(self, generator: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
        """Return shuffled rows and the component that each came from, from 0."""
        X = np.vstack(
            [
                generator.multivariate_normal(mean, covariance, size, method="cholesky")
                for mean, covariance, size in zip(
                    self.truth.means, self.truth.covariances, self.sizes, strict=True
                )
            ]
        )
        order = generator.permutation(len(X))
        return X[order], np.repeat(np.arange(len(self.sizes)), self.sizes)[order]


def bayes_error(truth: Parameters, generator: np.random.Generator, n_rows: int = 4000) -> float:
    """Return the share of rows whose likeliest component is not the one that they came from."""
    labels = generator.choice(len(truth.weights), size=n_rows, p=truth.weights)
    noise = generator.normal(size=(n_rows, truth.means.shape[1]))
    roots = np.linalg.cholesky(truth.covariances)
    X = truth.means[labels] + np.einsum("nij,nj->ni", roots[labels], noise)
    return float(np.mean(log_densities(X, truth).argmax(axis=1) != labels))


def random_covariances(
    n_components: int, n_features: int, family: str, generator: np.random.Generator
) -> Array:
    """Return covariances whose differences tell components apart as well in many features as in few.

    Logarithms of covariances are random symmetric matrices of one length: the divergence between two of them
    then hardly depends on the number of features.
    """
    logarithms = generator.normal(size=(n_components, n_features, n_features))
    logarithms += logarithms.transpose(0, 2, 1)
    if family == "tied":
        logarithms[:] = logarithms[0]
    if family == "diag":
        logarithms *= np.eye(n_features)
    if family == "spherical":
        logarithms = generator.normal(size=(n_components, 1, 1)) * np.eye(n_features)
    lengths = np.linalg.norm(logarithms, axis=(1, 2), keepdims=True)
    if family == "spherical" or n_features == 1:  # only the sign would be left
        lengths = np.sqrt(n_features)
    return np.stack([expm(matrix) for matrix in 1.5 * logarithms / lengths])


def sizes_needed(n_components: int, n_features: int, balanced: bool) -> tuple[int, ...] | None:
    """Return rows a component that suffice to estimate full covariances; None if there would be too many."""
    shares = np.ones(n_components)
    if not balanced:
        shares = np.geomspace(1.0, LARGEST_OVER_SMALLEST, n_components)
    weights = shares / shares.sum()
    n_parameters = 1 + n_features + n_features * (n_features + 1) // 2
    n_rows = max(FEWEST_ROWS, min(MOST_ROWS, np.ceil(ROWS_A_PARAMETER * n_parameters / weights.min())))
    if weights.min() * n_rows < FEWEST_ROWS_A_PARAMETER * n_parameters:
        return None
    return tuple(np.round(weights * n_rows).astype(int).tolist())


def overlapping_mixture(
    sizes: tuple[int, ...], n_features: int, overlap: str, family: str, generator: np.random.Generator
) -> Mixture:
    """Return a mixture whose Bayes error is the target.

    Means are normally distributed, and scaled until the error is that of `OVERLAPS`.
    """
    n_components = len(sizes)
    sizes = tuple(generator.permutation(sizes).tolist())
    weights = np.array(sizes) / sum(sizes)
    covariances = random_covariances(n_components, n_features, family, generator)
    directions = generator.normal(size=(n_components, n_features))
    if n_features == 1:  # random places on a line would need an enormous scale before none are near
        places = np.arange(n_components) + generator.uniform(-0.25, 0.25, n_components)
        directions[:, 0] = generator.permutation(places)
    seed = int(generator.integers(2**32))

    def scaled(scale: float) -> Parameters:
        return Parameters(weights, scale * directions, covariances)

    lowest, highest = 1e-2, 1e3
    for _ in range(30):
        middle = np.sqrt(lowest * highest)
        if bayes_error(scaled(middle), np.random.default_rng(seed)) > OVERLAPS[overlap]:
            lowest = middle
        else:
            highest = middle
    return Mixture(scaled(highest), sizes)


def spaced_points(n_points: int, spacing: float, generator: np.random.Generator, fill: float = 0.5) -> Array:
    """Return random points of the plane no nearer to each other than `spacing`, as a dense crowd."""
    side = spacing * np.sqrt(n_points / fill) * 0.9
    points: list[Array] = []
    while len(points) < n_points:
        candidates = generator.uniform(0.0, side, size=(2000, 2))
        for candidate in candidates:
            if all(np.hypot(*(candidate - point)) >= spacing for point in points):
                points.append(candidate)
            if len(points) == n_points:
                break
        else:
            side *= 1.05
    return np.array(points)


def round_clusters(centres: Array, rows_each: int, spread: float = 1.0) -> Mixture:
    """Return a mixture of equal round components."""
    count, n_features = centres.shape
    covariances = np.array([spread**2 * np.eye(n_features)] * count)
    return Mixture(Parameters(np.full(count, 1.0 / count), centres, covariances), (rows_each,) * count)


def crowd(count: int, rows_each: int, spacing: float) -> Callable[[np.random.Generator], Mixture]:
    """Return round clusters at random places: the kind of A1-A3 and D31."""
    return lambda generator: round_clusters(spaced_points(count, spacing, generator), rows_each)


def ellipses(count: int, rows_each: int, spread: float) -> Callable[[np.random.Generator], Mixture]:
    """Return ellipses of random direction at random places: the kind of S1-S4, by `spread`."""

    def make(generator: np.random.Generator) -> Mixture:
        centres = spaced_points(count, 7.0, generator)
        covariances = spread**2 * random_covariances(count, 2, "full", generator)
        return Mixture(Parameters(np.full(count, 1.0 / count), centres, covariances), (rows_each,) * count)

    return make


def grid(side: int, rows_each: int, spacing: float, columns: int = 0) -> Callable[..., Mixture]:
    """Return round clusters on a square grid: the kind of Birch 1."""
    centres = np.stack(np.meshgrid(np.arange(side), np.arange(columns or side)), axis=-1).reshape(-1, 2)
    return lambda generator: round_clusters(spacing * centres.astype(float), rows_each)


def sine(count: int, rows_each: int) -> Callable[..., Mixture]:
    """Return round clusters along a sine curve: the kind of Birch 2."""
    along = np.arange(count) * 5.0
    centres = np.column_stack([along, 40.0 * np.sin(2 * np.pi * along / 125.0)])
    return lambda generator: round_clusters(centres, rows_each)


def rings(counts: tuple[int, ...], rows_each: int, spacing: float) -> Callable[..., Mixture]:
    """Return round clusters on rings around one in the middle: the kind of R15."""
    centres = [np.zeros((1, 2))]
    for number, count in enumerate(counts, start=1):
        angles = 2 * np.pi * (np.arange(count) + 0.5 * (number % 2)) / count
        radius = max(spacing * count / (2 * np.pi), spacing * number)
        centres.append(radius * np.column_stack([np.cos(angles), np.sin(angles)]))
    return lambda generator: round_clusters(np.vstack(centres), rows_each)


def unbalanced(generator: np.random.Generator) -> Mixture:
    """Return three dense clusters of 2000 rows and five far ones of 100, wider: the kind of Unbalance."""
    centres = np.array([[0, 0], [9, 0], [4, 10], [90, -25], [90, 5], [90, 35], [110, -10], [110, 20]], float)
    sizes = (2000,) * 3 + (100,) * 5
    covariances = np.array([np.eye(2)] * 3 + [6.0 * np.eye(2)] * 5)
    return Mixture(Parameters(np.array(sizes) / sum(sizes), centres, covariances), sizes)


def parallel(degrees: float, distance: float, rows_each: int) -> Callable[..., Mixture]:
    """Return two clusters side by side, each stretched 200 to 1."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    covariance = turn @ np.diag([200.0**2, 1.0]) @ turn.T
    centres = np.array([[0.0, 0.0], [0.0, distance]]) @ turn.T
    truth = Parameters(np.full(2, 0.5), centres, np.array([covariance] * 2))
    return lambda generator: Mixture(truth, (rows_each,) * 2)


KINDS: dict[str, Callable[[np.random.Generator], Mixture]] = {
    "kind/crowd-20": crowd(20, 150, 4.5),
    "kind/crowd-35": crowd(35, 150, 4.5),
    "kind/crowd-50": crowd(50, 150, 4.5),
    "kind/crowd-75": crowd(75, 150, 4.5),
    "kind/crowd-100": crowd(100, 150, 4.5),
    "kind/crowd-31": crowd(31, 100, 4.0),
    "kind/ellipses-15-far": ellipses(15, 333, 1.0),
    "kind/ellipses-15-near": ellipses(15, 333, 1.3),
    "kind/ellipses-15-touching": ellipses(15, 333, 1.6),
    "kind/ellipses-15-overlapping": ellipses(15, 333, 2.0),
    "kind/rings-15": rings((7, 7), 40, 6.0),
    "kind/rings-30": rings((5, 9, 15), 150, 5.5),
    "kind/rings-60": rings((6, 12, 18, 23), 150, 5.5),
    "kind/grid-30": grid(5, 200, 5.0, columns=6),
    "kind/grid-49": grid(7, 200, 5.0),
    "kind/grid-64": grid(8, 200, 5.0),
    "kind/grid-100": grid(10, 200, 5.6),
    "kind/grid-100-many": grid(10, 1000, 5.6),
    "kind/sine-100": sine(100, 200),
    "kind/unbalanced-8": unbalanced,
    "kind/parallel-2": parallel(0.0, 10.0, 500),
    "kind/parallel-2-turned": parallel(30.0, 10.0, 500),
}
STANDARDISED = ("kind/parallel-2", "kind/parallel-2-turned")


def combinations() -> Iterator[tuple[int, int, str, bool, str]]:
    """Yield components, features, overlap, whether balanced, and family of the mixtures of set overlap."""
    count = 0
    for n_features, all_components in (
        (1, (2, 3, 5, 10)),
        (2, (2, 3, 5, 10, 20, 35, 50)),
        (5, (2, 3, 5, 10, 20, 35, 50)),
        (10, (2, 3, 5, 10, 20, 35)),
        (20, (2, 3, 5, 10)),
        (50, (2, 3)),
    ):
        for n_components in all_components:
            for overlap in OVERLAPS:
                if n_features == 1 and overlap == "high" and n_components > 3:
                    continue  # such a density is all but flat: it has no optimum worth the name
                count += 1
                yield n_components, n_features, overlap, count % 2 == 0, "full"
    for family in ("tied", "diag", "spherical"):
        for n_components, n_features, overlap in (
            (3, 2, "medium"),
            (5, 10, "medium"),
            (10, 2, "low"),
            (20, 5, "medium"),
            (35, 2, "low"),
        ):
            yield n_components, n_features, overlap, True, family
