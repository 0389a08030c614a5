"""Time one EM iteration and whole fits beside scikit-learn, and write docs/benchmarks.md.

Both packages run in this process, in turn, from the same start, on as many threads as the machine has. Only
ratios are worth keeping: each is the median over several pairs of runs.

    python -m benchmarks.engine            the whole table
    python -m benchmarks.engine --quick    the small shapes only, printed and not written
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sklearn
from rich.console import Console
from rich.progress import track
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

import gaussmix
from gaussmix import GaussianMixture
from gaussmix.backends import NativeBackend

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PAIRS = 3
FAMILIES = ("full", "tied", "diag", "spherical")
SHAPES = (
    (150, 4, 3),
    (10_000, 2, 5),
    (100_000, 2, 5),
    (100_000, 10, 10),
    (50_000, 16, 8),
    (20_000, 39, 16),
    (1_000_000, 3, 5),
)

EXPLANATION = """# Benchmarks

Written by `make bench`. scikit-learn and gaussmix run in turn in one process. A ratio is the time of
scikit-learn over the time of gaussmix (above one: gaussmix is faster), from the medians of {pairs} turns each
for an iteration and as the median of 3 pairs for a whole fit. An iteration starts from the same parameters
in both, on rows of a mixture whose components overlap, and both have the same likelihood after five
iterations, up to the relative difference shown. A whole fit takes each package's defaults: gaussmix goes on
until it has converged, where scikit-learn stops at `tol=1e-3`; the last column says how much higher the
mean log-likelihood is that it reaches, in nats a row (negative: lower).

Machine: {machine}.
Absolute times move by half from one hour to the next on shared machines; ratios move less.

How far the engine is from the machine's own limits, and a comparison with daal4py, iteration by
iteration and with a picture, stands in [Benchmarks of the engine](benchmarks-engine.md);
`make bench-engine` repeats it.
"""
TABLE_HEAD = (
    "| rows | features | components | covariance | iteration, ms | ratio | likelihoods differ by "
    "| default fit, ms | ratio | likelihood gained |",
    "| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    n_rows, n_features, n_components : int
    family : str
    iteration : float
        Milliseconds an EM iteration of this package.
    iteration_ratio : float
        scikit-learn's time over ours.
    difference : float
        Largest difference of the mean log-likelihoods reached, relative.
    fit : float
        Milliseconds a whole default fit of this package.
    fit_ratio : float
        scikit-learn's time over ours, each with its own defaults.
    gain : float
        Mean log-likelihood of our default fit minus that of scikit-learn's: where it is not zero, the
        two stopped at different places and the times do not compare like with like.
    """

    n_rows: int
    n_features: int
    n_components: int
    family: str
    iteration: float
    iteration_ratio: float
    difference: float
    fit: float
    fit_ratio: float
    gain: float


def overlapping_mixture(n_rows: int, n_features: int, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a mixture whose components overlap, and the components' means."""
    generator = np.random.RandomState(0)
    # Means about three standard deviations apart, whatever the number of features.
    means = generator.normal(scale=2.0 / np.sqrt(n_features), size=(n_components, n_features))
    labels = generator.randint(n_components, size=n_rows)
    return means[labels] + generator.normal(size=(n_rows, n_features)), means


def same_start(means: np.ndarray, family: str) -> dict[str, object]:
    """Return constructor arguments that make both packages start alike and run all iterations."""
    n_components, n_features = means.shape
    precisions = {
        "full": np.array([np.eye(n_features)] * n_components),
        "tied": np.eye(n_features),
        "diag": np.ones((n_components, n_features)),
        "spherical": np.ones(n_components),
    }[family]
    return {
        "n_components": n_components,
        "covariance_type": family,
        "weights_init": np.full(n_components, 1.0 / n_components),
        "means_init": means,
        "precisions_init": precisions,
        "reg_covar": 1e-6,
        "tol": 0.0,
    }


def seconds(action: Callable[[], object]) -> float:
    """Return the wall time that something takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


class Stopwatch:
    """Times one iteration of an estimator over several turns.

    A fit of one iteration is subtracted from one of many, each being the median over all turns: what comes
    before and after the loop drops out. The difference is divided by the iterations that took place, as a
    run ends early where the likelihood no longer rises.
    """

    def __init__(self, estimator: type, start: dict[str, object], X: np.ndarray, n_iter: int) -> None:
        self.X = X
        self.repeats = max(1, 2_000_000 // X.size // n_iter)
        self.short, self.long = estimator(max_iter=1, **start), estimator(max_iter=1 + n_iter, **start)
        self.times_short: list[float] = []
        self.times_long: list[float] = []

    def take_turn(self) -> None:
        """Time both fits once more."""
        for mixture, times in ((self.short, self.times_short), (self.long, self.times_long)):
            times += [seconds(lambda: mixture.fit(self.X)) for _ in range(self.repeats)]  # noqa: B023

    def seconds_an_iteration(self) -> float:
        """Return the time of one iteration."""
        difference = statistics.median(self.times_long) - statistics.median(self.times_short)
        return difference / (self.long.n_iter_ - self.short.n_iter_)


def measure(shape: tuple[int, int, int], family: str) -> Row:
    """Measure one line of the table."""
    X, means = overlapping_mixture(*shape)
    start = same_start(means, family)
    n_iter = 10 if shape[0] * shape[1] ** 2 * shape[2] < 1e8 else 3
    ours_timed = Stopwatch(GaussianMixture, start, X, 20)
    theirs_timed = Stopwatch(ScikitLearnMixture, start, X, n_iter)
    for _ in range(PAIRS):
        ours_timed.take_turn()
        theirs_timed.take_turn()
    iteration = ours_timed.seconds_an_iteration()
    reached = [
        estimator(max_iter=5, **start).fit(X).score(X) for estimator in (GaussianMixture, ScikitLearnMixture)
    ]
    fits = []
    scores = []
    for seed in range(3):
        ours, theirs = (
            estimator(shape[2], covariance_type=family, random_state=seed)
            for estimator in (GaussianMixture, ScikitLearnMixture)
        )
        fits.append((seconds(lambda: ours.fit(X)), seconds(lambda: theirs.fit(X))))  # noqa: B023
        scores.append(ours.score(X) - theirs.score(X))
    return Row(
        *shape,
        family,
        iteration=1e3 * iteration,
        iteration_ratio=theirs_timed.seconds_an_iteration() / iteration,
        difference=abs(reached[0] - reached[1]) / abs(reached[1]),
        fit=1e3 * statistics.median(ours for ours, _ in fits),
        fit_ratio=statistics.median(theirs / ours for ours, theirs in fits),
        gain=statistics.median(scores),
    )


def page(rows: list[Row]) -> str:
    """Return the page of results in Markdown."""
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, kernels for {NativeBackend().instruction_set}; "
        f"gaussmix {gaussmix.__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}"
    )
    lines = [EXPLANATION.format(pairs=PAIRS, machine=machine), *TABLE_HEAD]
    lines += [
        f"| {row.n_rows:,} | {row.n_features} | {row.n_components} | {row.family} | {row.iteration:.3g} "
        f"| {row.iteration_ratio:.1f} | {row.difference:.0e} | {row.fit:.3g} | {row.fit_ratio:.1f} "
        f"| {row.gain:+.1e} |"
        for row in rows
    ]
    lost = [row for row in rows if row.fit_ratio < 1]
    lines += ["", f"Whole default fits that take longer than scikit-learn's: {len(lost)} of {len(rows)}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure all lines and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="the small shapes only, printed and not written")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", ConvergenceWarning)  # runs of a fixed number of iterations
    shapes = [shape for shape in SHAPES if not quick or shape[0] <= 10_000]
    cases = [(shape, family) for shape in shapes for family in FAMILIES]
    rows = [measure(*case) for case in track(cases, "Measuring", console=Console(stderr=True))]
    text = page(rows)
    if not quick:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
