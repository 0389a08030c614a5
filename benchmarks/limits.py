"""Time one EM iteration beside scikit-learn, daal4py and the machine's own limits, and write the page.

All run in this process, in turn, from the same start, on as many threads as the machine has; daal4py
(package scikit-learn-intelex) only where it is installed. Every ratio is the median over rounds in which each
had its turn.

    python -m benchmarks.limits            everything, about ten minutes; writes docs/benchmarks-engine.md
    python -m benchmarks.limits --quick    fewer rounds, nothing written
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from benchmarks.limits_page import write_page
from benchmarks.memory import MemoryUse, memory_use
from gaussmix import GaussianMixture
from gaussmix.backends import NativeBackend, available_threads
from gaussmix.core.em import maximise
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.covariance import FAMILIES

try:
    import daal4py
except ImportError:
    daal4py = None

FULL = FAMILIES["full"]
ROUNDS = 3
SLOW = 1.0  # seconds: what takes longer is timed in one round only
TOO_SLOW = 1e8  # numbers in responsibilities times features: scikit-learn is not timed beyond
SHAPES = (
    (1_000_000, 1, 4),
    (500_000, 2, 5),
    (1_000_000, 3, 5),
    (15_000, 3, 1024),
    (200_000, 5, 5),
    (300_000, 10, 1),
    (100_000, 10, 10),
    (10_000, 10, 256),
    (60_000, 16, 8),
    (60_000, 16, 16),
    (50_000, 16, 1024),
    (25_000, 39, 64),
    (40_000, 64, 16),
    (15_000, 128, 16),
    (8_000, 256, 8),
)


@dataclass(frozen=True)
class Case:
    """What one iteration of one shape takes.

    Parameters
    ----------
    n_rows, n_features, n_components : int
    overlapping : bool
        Whether every component is responsible for part of every row, so that nothing can be skipped.
    iteration : float
        Seconds an EM iteration of this package.
    scikit_learn, daal : float
        Times of the others over ours; NaN where they were not timed.
    fraction : float
        The machine's least time for this iteration over ours.
    difference : float
        Largest relative difference of log-likelihoods, at the start and after one iteration.
    """

    n_rows: int
    n_features: int
    n_components: int
    overlapping: bool
    iteration: float
    scikit_learn: float
    daal: float
    fraction: float
    difference: float


@dataclass(frozen=True)
class Fits:
    """Whole fits at defaults.

    Parameters
    ----------
    small, small_ratio : float
        Seconds for 150 x 4 rows and 3 components; scikit-learn's time over that.
    large, large_ratio : float
        The same for 1,000,000 x 3 rows and 5 components.
    gain : float
        Mean log-likelihood of our large fit minus that of scikit-learn's, the least of all pairs.
    """

    small: float
    small_ratio: float
    large: float
    large_ratio: float
    gain: float


@dataclass(frozen=True)
class Machine:
    """Rates measured between the other measurements; medians.

    Parameters
    ----------
    product, reading : float
        Floating point operations a second in a matrix product, and bytes a second in a dot product.
    """

    product: float
    reading: float


def seconds(action: Callable[[], object], number: int = 1) -> float:
    """Return the wall time of one call, the mean of `number`, after a pause."""
    time.sleep(0.1)  # OpenBLAS's threads spin on for a while after a product
    began = time.perf_counter()
    for _ in range(number):
        action()
    return (time.perf_counter() - began) / number


class MachineRates:
    """Measures what NumPy's own products reach on this machine, now."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self._square = generator.random((1200, 1200))
        self._long = generator.random(16_000_000)
        self.measured: list[Machine] = []

    def measure(self) -> Machine:
        """Return the rates, the better of two tries, and take note of them."""
        # The second of two calls in a row finds the threads awake.
        product = min(seconds(lambda: self._square @ self._square, 2) for _ in range(2))
        reading = min(seconds(lambda: self._long @ self._long, 2) for _ in range(2))
        rates = Machine(2.0 * len(self._square) ** 3 / product, self._long.nbytes / reading)
        self.measured.append(rates)
        return rates

    def overall(self) -> Machine:
        """Return the medians of all that was measured."""
        return Machine(
            median(rates.product for rates in self.measured), median(rates.reading for rates in self.measured)
        )


def mixture(shape: tuple[int, int, int], *, overlapping: bool) -> tuple[np.ndarray, MixtureParameters]:
    """Return rows and a start near the mixture that they come from.

    Means that overlap are about one standard deviation apart whatever the number of features.
    """
    n_rows, n_features, n_components = shape
    generator = np.random.default_rng(0)
    scale = 1.0 / math.sqrt(n_features) if overlapping else 4.0
    means = generator.normal(scale=scale, size=(n_components, n_features))
    X = means[generator.integers(n_components, size=n_rows)] + generator.normal(size=(n_rows, n_features))
    lower = np.tril(generator.normal(scale=0.1 / n_features, size=(n_components, n_features, n_features)), -1)
    factor = lower + np.eye(n_features)
    return X, MixtureParameters.from_factor(FULL, np.full(n_components, 1.0 / n_components), means, factor)


class Ours:
    """One iteration of this package: an E-step with its statistics, and an M-step."""

    def __init__(self, X: np.ndarray, start: MixtureParameters) -> None:
        self._start = start
        self._backend = NativeBackend()
        self._rows = Rows(X, Coordinates.identity(X.shape[1]))
        # Nothing is added to covariances and none comes near this floor: the others have neither.
        self._regularization = Regularization(np.full(X.shape[1], 1e-12), np.zeros(X.shape[1]))

    def iterate(self) -> MixtureParameters:
        """Return the parameters after one iteration from the start."""
        statistics = self._backend.expect(self._rows, self._start.density(), FULL.moments)
        return maximise(statistics, FULL, self._regularization)

    def log_likelihood(self, parameters: MixtureParameters) -> float:
        """Return the mean log-likelihood of parameters."""
        return self._backend.expect(self._rows, parameters.density(), FULL.moments).mean_log_likelihood


class ScikitLearn:
    """One iteration of scikit-learn: the two private methods that its `fit` repeats."""

    def __init__(self, X: np.ndarray, start: MixtureParameters) -> None:
        self._X, self._start = X, start
        self.mixture = ScikitLearnMixture(start.n_components, reg_covar=0.0)
        self.at_start = math.nan

    def iterate(self) -> MixtureParameters:
        """Return the parameters after one iteration from the start."""
        mixture = self.mixture
        mixture.weights_, mixture.means_ = self._start.weights, self._start.means
        mixture.precisions_cholesky_ = np.ascontiguousarray(np.swapaxes(self._start.factor, 1, 2))
        self.at_start, log_responsibilities = mixture._e_step(self._X)
        mixture._m_step(self._X, log_responsibilities)
        factor = np.swapaxes(mixture.precisions_cholesky_, 1, 2)
        return MixtureParameters(FULL, mixture.weights_, mixture.means_, mixture.covariances_, factor)


class Daal:
    """Iterations of daal4py; it has no way to run a step by itself, so differences of runs are timed."""

    def __init__(self, X: np.ndarray, start: MixtureParameters) -> None:
        self._X, self._start = X, start

    def iterate(self, n_iter: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return weights, means and covariances after some iterations from the start."""
        start = self._start
        algorithm = daal4py.em_gmm(start.n_components, maxIterations=n_iter, accuracyThreshold=0.0)
        covariances = list(np.ascontiguousarray(start.covariances))
        result = algorithm.compute(self._X, start.weights[None], start.means, covariances)
        return np.ravel(result.weights), result.means, np.array(result.covariances)

    def seconds_an_iteration(self) -> float:
        """Return the time of one iteration."""
        short, long = seconds(self.iterate), seconds(partial(self.iterate, 4))
        return max(long - short, 1e-9) / 3


def measure(shape: tuple[int, int, int], rates: MachineRates, rounds: int, *, overlapping: bool) -> Case:
    """Measure one iteration of one shape."""
    n_rows, n_features, n_components = shape
    X, start = mixture(shape, overlapping=overlapping)
    ours, scikit_learn, daal = Ours(X, start), ScikitLearn(X, start), Daal(X, start) if daal4py else None
    once = seconds(ours.iterate)
    number = max(1, min(100, math.ceil(0.02 / once)))
    reached = [ours.log_likelihood(ours.iterate())]
    if daal:
        reached.append(ours.log_likelihood(MixtureParameters.from_covariances(FULL, *daal.iterate())))
    # Whether components overlap makes no difference to scikit-learn.
    with_scikit_learn = overlapping and n_rows * n_components * n_features <= TOO_SLOW
    times: list[float] = []
    fractions: list[float] = []
    of_scikit_learn: list[float] = []
    of_daal: list[float] = []
    for _ in range(rounds):
        times.append(min(seconds(ours.iterate, number) for _ in range(2)))
        limit = rates.measure()
        least = max(2.0 * n_rows * n_components * n_features**2 / limit.product, X.nbytes / limit.reading)
        fractions.append(least / times[-1])
        if daal:
            of_daal.append(daal.seconds_an_iteration() / times[-1])
        if with_scikit_learn and (not of_scikit_learn or of_scikit_learn[0] * times[0] < SLOW):
            of_scikit_learn.append(seconds(scikit_learn.iterate) / times[-1])
    differences = [value - reached[0] for value in reached]
    if with_scikit_learn:
        differences.append(ours.log_likelihood(scikit_learn.iterate()) - reached[0])
        differences.append(scikit_learn.at_start - ours.log_likelihood(start))
    return Case(
        *shape,
        overlapping,
        iteration=median(times),
        scikit_learn=median(of_scikit_learn) if of_scikit_learn else math.nan,
        daal=median(of_daal) if of_daal else math.nan,
        fraction=median(fractions),
        difference=max(map(abs, differences)) / abs(reached[0]),
    )


def measure_fits(rounds: int) -> Fits:
    """Measure whole fits at defaults."""
    X = load_iris().data
    pairs = []
    for seed in range(2 * rounds):
        ours, theirs = (
            estimator(3, random_state=seed) for estimator in (GaussianMixture, ScikitLearnMixture)
        )
        pairs.append((seconds(partial(ours.fit, X), 20), seconds(partial(theirs.fit, X))))
    X, _ = mixture((1_000_000, 3, 5), overlapping=False)
    large_pairs = []
    gains = []
    for seed in range(2 * rounds - 1):
        ours, theirs = (
            estimator(5, random_state=seed) for estimator in (GaussianMixture, ScikitLearnMixture)
        )
        large_pairs.append((seconds(partial(ours.fit, X)), seconds(partial(theirs.fit, X))))
        gains.append(ours.score(X) - theirs.score(X))
    return Fits(
        small=median(pair[0] for pair in pairs),
        small_ratio=median(pair[1] / pair[0] for pair in pairs),
        large=median(pair[0] for pair in large_pairs),
        large_ratio=median(pair[1] / pair[0] for pair in large_pairs),
        gain=min(gains),
    )


def main() -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, nothing written")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", ConvergenceWarning)  # scikit-learn's defaults end before it has converged
    if daal4py:
        daal4py.daalinit(available_threads())
    rounds = 1 if quick else ROUNDS
    rates = MachineRates()
    rates.measure()
    shapes = [(shape, overlapping) for shape in SHAPES for overlapping in (True, False)]
    cases = [
        measure(shape, rates, rounds, overlapping=overlapping)
        for shape, overlapping in track(shapes, "Iterations", console=Console(stderr=True))
    ]
    fits = measure_fits(rounds)
    memory: list[MemoryUse] = memory_use()
    versions = {"scikit-learn-intelex": version("scikit-learn-intelex")} if daal4py else {}
    print(write_page(cases, fits, memory, rates.overall(), versions, write=not quick))


if __name__ == "__main__":
    main()
