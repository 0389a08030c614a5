"""How many components there are at least: likelihood-ratio tests by the bootstrap."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import check_random_state

from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack
from gaussmix.estimators import GaussianMixture
from gaussmix.estimators.monitors import SelectionProgress
from gaussmix.inference.parameter_values import FrameBackend
from gaussmix.inference.refits import Problem, refit
from gaussmix.inference.resampling import Batch, Simulation, batches
from gaussmix.inference.splitting import CountSpikes, n_starts, with_one_more
from gaussmix.initialization.spikes import count_spikes, least_rows


@dataclass(frozen=True)
class LikelihoodRatio:
    """The test of a number of components against one more.

    Parameters
    ----------
    n_components : int
        Number under the null hypothesis.
    statistic : float
        Twice the gain in log-likelihood by one component more.
    p_value : float
        Probability of so large a statistic if the null hypothesis holds.
    p_value_error : float
        Its standard error, from the number of resamples.
    resampled : ndarray of shape (n_resamples,)
        The statistics of tables drawn from the mixture under the null hypothesis.
    """

    n_components: int
    statistic: float
    p_value: float
    p_value_error: float
    resampled: Array


@dataclass(frozen=True)
class NComponentsTest:
    """What `n_components_test` found.

    Parameters
    ----------
    n_components : int
        The smallest number that is not rejected; the largest tested, if all are.
    tests : tuple of LikelihoodRatio
        One for each number that was tested.
    alpha : float
    covariance_type : str
    exhausted : bool
        Whether even the largest number tested was rejected.
    """

    n_components: int
    tests: tuple[LikelihoodRatio, ...]
    alpha: float
    covariance_type: str
    exhausted: bool

    def to_frame(self, backend: FrameBackend = "pandas") -> Any:
        """Return a frame with a row for each test.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        import narwhals as nw

        names = [field.name for field in fields(LikelihoodRatio) if field.name != "resampled"]
        columns = {name: [getattr(test, name) for test in self.tests] for name in names}
        return nw.from_dict(columns, backend=backend).to_native()

    def summary(self) -> str:
        """Return the tests as text."""
        lines = [
            f"Bootstrap likelihood-ratio tests, covariance_type={self.covariance_type!r}, "
            f"{len(self.tests[0].resampled)} resamples each",
            "  components   statistic   p-value   (error)",
        ]
        lines += [
            f"  {test.n_components:>3} against {test.n_components + 1:<3}{test.statistic:>8.2f}"
            f"{test.p_value:>10.4f}   ({test.p_value_error:.4f})"
            for test in self.tests
        ]
        if self.exhausted:
            lines.append(
                f"All numbers up to {self.n_components} are rejected at the level {self.alpha:g}: "
                "there are more."
            )
        else:
            lines.append(
                f"{self.n_components} is the smallest number not rejected at the level {self.alpha:g}."
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Show the summary."""
        return self.summary()


def n_components_test(
    X: ArrayLike,
    *,
    covariance_type: str = "full",
    max_components: int = 9,
    alpha: float = 0.05,
    n_resamples: int = 199,
    tol: float = 1e-7,
    reg_covar: float | str = "auto",
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> NComponentsTest:
    """Test one component against two, two against three and so on, until one more does not help.

    The usual distribution of likelihood ratios does not hold for mixtures. So tables are drawn from the
    mixture with K components, and both K and K + 1 are fitted to each, to see how much one more gains if it
    is not there.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    covariance_type : str, default="full"
        See `gaussmix.GaussianMixture`. Rejection says that K components of this family do not suffice.
    max_components : int, default=9
        Largest number tested.
    alpha : float, default=0.05
        Testing ends with the first p-value above.
    n_resamples : int, default=199
        Tables drawn for each test. The smallest p-value possible is ``1 / (n_resamples + 1)``.
    tol, reg_covar
        See `gaussmix.GaussianMixture`.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int or None, default=None
        Number of threads.
    verbose : int, default=0
        1 shows a progress bar on a terminal, lines otherwise; 2 prints lines.

    Returns
    -------
    NComponentsTest

    Raises
    ------
    ValueError
        If an argument or the data are not valid.

    Notes
    -----
    McLachlan 1987, Journal of the Royal Statistical Society C 36, 318. A p-value is the rank of the statistic
    among those of the tables, itself included.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import n_components_test
    >>> generator = np.random.RandomState(0)
    >>> X = np.concatenate([generator.normal(0, 1, (60, 1)), generator.normal(6, 1, (60, 1))])
    >>> n_components_test(X, n_resamples=19, alpha=0.1, random_state=0).n_components
    2
    """
    for name, number, least in (("max_components", max_components, 1), ("n_resamples", n_resamples, 1)):
        if not isinstance(number, Integral) or number < least:
            raise ValueError(f"{name} should be a number from {least} on, but is {number!r}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha should be between 0 and 1, but is {alpha!r}")
    if 1.0 / (n_resamples + 1) > alpha:
        raise ValueError(
            f"With n_resamples={n_resamples} no p-value can be below {1.0 / (n_resamples + 1):.3g}, so none "
            f"reaches alpha={alpha:g}: take n_resamples of at least {math.ceil(1.0 / alpha) - 1}."
        )
    generator = check_random_state(random_state)
    progress = SelectionProgress(verbose)
    tests: list[LikelihoodRatio] = []
    template = GaussianMixture(covariance_type=covariance_type, tol=tol, reg_covar=reg_covar, n_jobs=n_jobs)
    try:
        for n_components in range(1, int(max_components) + 1):
            smaller = _fitted(template, X, n_components, generator)
            tests.append(_test(X, smaller, int(n_resamples), generator, progress))
            if tests[-1].p_value > alpha:
                break
    finally:
        progress.close()
    return NComponentsTest(
        tests[-1].n_components, tuple(tests), float(alpha), covariance_type, tests[-1].p_value <= alpha
    )


def _fitted(
    template: GaussianMixture, X: ArrayLike, n_components: int, generator: np.random.RandomState
) -> GaussianMixture:
    """Return the best mixture of a number of components that a thorough search finds."""
    seed = generator.randint(np.iinfo(np.int32).max)
    model: GaussianMixture = clone(template).set_params(n_components=n_components, random_state=seed)
    # Without the warnings of `fit`: one component too many collapses easily, and the comparison takes that
    # into account. To filter them would filter those of other threads, too.
    model._fit(X)
    return model


def _test(
    X: ArrayLike,
    smaller: GaussianMixture,
    n_resamples: int,
    generator: np.random.RandomState,
    progress: SelectionProgress,
) -> LikelihoodRatio:
    """Test a fitted mixture against those with one component more.

    These are looked for in the data and in the tables in the same way: only then does a search that misses
    some of the best of them not change how often a true hypothesis is rejected.
    """
    problem = Problem.of(smaller, X)
    n_components, n_features = problem.mixture.means.shape
    n_rows = problem.rows.n_rows
    data = Batch(problem.rows, np.array([[0, n_rows]]))
    # A fit to fewer different rows than its components need has nothing but spikes to choose from. Where that
    # is not due to values that occur again and again, the tables have no more: there they do not count.
    needed = (n_components + 1) * least_rows(problem.mixture.family, n_features)
    is_short = problem.data.n_different < needed and n_rows < 2 * problem.data.n_different
    count_in_data: CountSpikes = count_spikes if is_short else problem.data.count_spikes_each
    statistic = float(_statistics(problem, data, generator, count_in_data)[0])
    doing = f"resamples of {n_components} against {n_components + 1} components"
    simulation = Simulation(problem.mixture, n_rows, generator)
    numbers = 4 * n_starts(problem.mixture) * (n_components + 1) * n_features * (n_features + 2)
    parts: list[Array] = []
    done = 0
    for batch in batches(simulation, n_resamples, numbers):
        parts.append(_statistics(problem, batch, generator, count_spikes))
        done += len(batch)
        progress(done, n_resamples, doing)
    resampled = np.concatenate(parts)
    p_value = float((1 + np.count_nonzero(resampled >= statistic)) / (n_resamples + 1))
    error = math.sqrt(p_value * (1.0 - p_value) / n_resamples)
    return LikelihoodRatio(n_components, statistic, p_value, error, resampled)


def _statistics(
    problem: Problem, batch: Batch, generator: np.random.RandomState, n_spikes: CountSpikes
) -> Array:
    """Return twice what one component more gains on each table of a batch."""
    null = refit(problem, batch, MixtureStack.of([problem.mixture] * len(batch)))
    best = with_one_more(problem, batch, null.mixtures, generator, n_spikes)
    gain = np.maximum(best - null.log_likelihood, 0.0)
    return np.asarray(2.0 * problem.rows.n_rows * gain)
