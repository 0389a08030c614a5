"""Whether rows look like draws from the mixture that was fitted to them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr, chdtrc, ndtr, softmax
from sklearn.utils import check_random_state

from gaussmix.backends.reference import squared_distances
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack
from gaussmix.data.text import shortened
from gaussmix.estimators.monitors import SelectionProgress
from gaussmix.inference.alignment import aligned
from gaussmix.inference.parameter_values import FrameBackend, names_of_features
from gaussmix.inference.refits import Problem, refit
from gaussmix.inference.resampling import Simulation, batches
from gaussmix.inference.uniformity import Uniformity, measure_uniformity

RARE = 0.001
"""Rows whose distance is exceeded with less than this probability count as far."""
BAND = 0.9
"""Share of the resamples that the bands of pictures hold, at each level."""


@dataclass(frozen=True)
class Check:
    """One comparison of the rows with the mixture.

    What is compared is transformed so that it is uniform on 0 to 1 if the rows come from the mixture.

    Parameters
    ----------
    what : {"feature", "component"}
        The values of a feature under the mixture's density in it; or the rows' squared Mahalanobis distances
        from a component, by the probability that they belong to it, under the chi-square distribution.
    name : str or int
        The feature's name, or the component's number.
    kolmogorov_smirnov, cramer_von_mises : float
        Statistics. Their tables do not apply, as the parameters were estimated from the same rows.
    p_value : float
        By the parametric bootstrap, of the Cramér-von Mises statistic; NaN without resamples.
    kolmogorov_smirnov_p_value : float
        The same of the other statistic.
    excess : float
        How much larger the Cramér-von Mises statistic is than in the resamples: the distance of its cube
        root, which is about normally distributed, from the mean there, in standard deviations; NaN without
        resamples.
    quantiles : ndarray of shape (100,)
        Quantiles of what was transformed, at the levels 0.005, 0.015, ..., 0.995.
    band : ndarray of shape (2, 100)
        Between which 90 % of the resamples lie, at each level; NaN without resamples.
    """

    what: str
    name: str | int
    kolmogorov_smirnov: float
    cramer_von_mises: float
    p_value: float
    kolmogorov_smirnov_p_value: float
    excess: float
    quantiles: Array
    band: Array


@dataclass(frozen=True)
class GoodnessOfFit:
    """What `goodness_of_fit` found.

    Parameters
    ----------
    features : tuple of Check
        One a feature.
    components : tuple of Check
        One a component.
    p_value : float
        Of all checks together: how often rows drawn from the mixture have a check whose excess is as large
        as the largest here. NaN without resamples.
    n_resamples : int
    labels : ndarray of shape (n_samples,)
        The most probable component of each row.
    squared_distances : ndarray of shape (n_samples,)
        Squared Mahalanobis distance of each row from it.
    n_features : int
        Degrees of freedom of the distances.
    """

    features: tuple[Check, ...]
    components: tuple[Check, ...]
    p_value: float
    n_resamples: int
    labels: NDArray[np.int64]
    squared_distances: Array
    n_features: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks: features, then components."""
        return (*self.features, *self.components)

    @property
    def tail_probabilities(self) -> Array:
        """Probability that a row of its component is as far from it as each row is, shape (n_samples,)."""
        return np.asarray(chdtrc(self.n_features, self.squared_distances))

    def to_frame(self, backend: FrameBackend = "pandas") -> Any:
        """Return a frame with a row for each check.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        import narwhals as nw

        names = [field.name for field in fields(Check) if field.name not in ("name", "quantiles", "band")]
        columns = {"name": [str(check.name) for check in self.checks]}
        columns |= {name: [getattr(check, name) for check in self.checks] for name in names}
        return nw.from_dict(columns, backend=backend).to_native()

    def summary(self) -> str:
        """Return what was found, in words and as a table."""
        lines = [self._verdict(), f"{'':<28}{'Kolmogorov':>12}{'p':>8}{'Cramér':>12}{'p':>8}"]
        for check in self.checks:
            name = shortened(f"{check.what} {check.name}", 26)
            lines.append(
                f"{name:<28}{check.kolmogorov_smirnov:>12.4f}{check.kolmogorov_smirnov_p_value:>8.3f}"
                f"{check.cramer_von_mises:>12.4f}{check.p_value:>8.3f}"
            )
        n_far = int(np.count_nonzero(self.tail_probabilities < RARE))
        lines.append(
            f"{n_far} of {len(self.labels)} rows lie further from their component than one in "
            f"{round(1 / RARE)} should ({RARE * len(self.labels):.1f} are to be expected)."
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Show the summary."""
        return self.summary()

    def _verdict(self) -> str:
        if not self.n_resamples:
            return (
                "Without resamples there are no p-values: the parameters were estimated from the same rows."
            )
        worst = max(self.checks, key=lambda check: check.excess)
        subject = (
            f"the values of feature {shortened(str(worst.name), 40)}"
            if worst.what == "feature"
            else f"the distances of the rows of component {worst.name}"
        )
        if self.p_value > 0.05:
            return f"Nothing speaks against the mixture (p = {self.p_value:.3g} for all checks together)."
        return (
            f"The rows do not look like draws from the mixture (p = {self.p_value:.3g} for all checks "
            f"together); furthest off are {subject}."
        )


def goodness_of_fit(
    model: Any,
    X: ArrayLike,
    *,
    n_resamples: int = 199,
    sample_weight: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> GoodnessOfFit:
    """Check whether rows look like draws from the mixture that was fitted to them.

    Each feature's values go through the mixture's distribution function in it, and the squared Mahalanobis
    distances from each component through the chi-square distribution with as many degrees of freedom as there
    are features: both should be uniform. A row counts for a component by the probability that it belongs to
    it, for those that are assigned to one of two overlapping components are nearer to it than all of its
    rows.

    Parameters
    ----------
    model : fitted GaussianMixture or AutoGaussianMixture
    X : array-like of shape (n_samples, n_features)
        The rows it was fitted to.
    n_resamples : int, default=199
        Tables drawn from the mixture, to each of which it is refitted: the p-values compare with them. With 0
        there are none.
    sample_weight : array-like of shape (n_samples,), optional
        The weights it was fitted with: how often each row occurs.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int or None, default=None
        Number of threads; None takes the model's.
    verbose : int, default=0
        1 shows a progress bar on a terminal, lines otherwise; 2 prints lines.

    Returns
    -------
    GoodnessOfFit

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the mixture has not been fitted.
    ValueError
        If an argument is not valid.

    See Also
    --------
    gaussmix.plot.GoodnessOfFitDisplay : The picture.

    Notes
    -----
    Parametric bootstrap of goodness-of-fit tests: Stute, González Manteiga and Presedo Quindimil 1993,
    Metrika 40, 243. All checks together are judged by the largest of their standardised statistics, as in
    multiple tests by resampling (Westfall and Young 1993).

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture, goodness_of_fit
    >>> X = np.random.RandomState(0).exponential(size=(300, 1))
    >>> model = GaussianMixture(1).fit(X)
    >>> goodness_of_fit(model, X, n_resamples=99, random_state=0).p_value
    0.01
    """
    if not isinstance(n_resamples, Integral) or n_resamples < 0:
        raise ValueError(f"n_resamples should be a number from 0 on, but is {n_resamples!r}")
    problem = Problem.of(model, X, sample_weight, n_jobs)
    generator = check_random_state(random_state)
    z = problem.rows.coordinates.to_working(problem.rows.X)
    weights = problem.rows.sample_weight
    found, labels, distances = _measured(z, weights, problem.mixture)
    progress = SelectionProgress(verbose)
    resampled: list[list[Uniformity]] = []
    try:
        simulation = Simulation(problem.mixture, max(1, round(problem.total_weight)), generator)
        for batch in batches(simulation, int(n_resamples)):
            refits = refit(problem, batch, MixtureStack.of([problem.mixture] * len(batch)))
            mixtures, _ = aligned(refits.mixtures, problem.mixture)
            for number in range(len(batch)):
                resampled.append(_measured(batch.table(number).X, None, mixtures[number])[0])
                progress(len(resampled), int(n_resamples), "resamples")
    finally:
        progress.close()
    smirnov, mises = (
        np.array([[getattr(one, statistic) for one in table] for table in (found, *resampled)])
        for statistic in ("kolmogorov_smirnov", "cramer_von_mises")
    )
    excess, together = _excess(mises)
    quantiles = np.array([[one.quantiles for one in table] for table in resampled])
    tails = (0.5 - 0.5 * BAND, 0.5 + 0.5 * BAND)
    bands = (
        np.quantile(quantiles, tails, axis=0).swapaxes(0, 1)
        if resampled
        else np.full((len(found), 2, len(found[0].quantiles)), np.nan)
    )
    n_components, n_features = problem.mixture.means.shape
    names = [("feature", name) for name in names_of_features(model)]
    names += [("component", k) for k in range(n_components)]
    checks = tuple(
        Check(what, name, one.kolmogorov_smirnov, one.cramer_von_mises, p, q, float(far), one.quantiles, band)
        for (what, name), one, p, q, far, band in zip(
            names, found, _p_values(mises), _p_values(smirnov), excess, bands, strict=True
        )
    )
    return GoodnessOfFit(
        checks[:n_features], checks[n_features:], together, int(n_resamples), labels, distances, n_features
    )


def _measured(
    z: Array, weights: Array | None, mixture: MixtureParameters
) -> tuple[list[Uniformity], NDArray[np.int64], Array]:
    """Return how uniform each check's numbers are, each row's component, and its squared distance from it."""
    n_components, n_features = mixture.means.shape
    density = mixture.density()
    variances = mixture.family.representation.variances(mixture.covariances, n_components, n_features)
    found = [
        measure_uniformity(
            ndtr((z[:, d, None] - mixture.means[:, d]) / np.sqrt(variances[:, d])) @ mixture.weights, weights
        )
        for d in range(n_features)
    ]
    squared = squared_distances(z, density)
    log_joint = density.log_constants - 0.5 * squared
    responsibilities = softmax(log_joint, axis=1)
    labels = log_joint.argmax(axis=1)
    distances = squared[np.arange(len(z)), labels]
    shares = responsibilities if weights is None else responsibilities * weights[:, None]
    found += [measure_uniformity(chdtr(n_features, squared[:, k]), shares[:, k]) for k in range(n_components)]
    return found, labels, distances


def _p_values(statistics: Array) -> list[float]:
    """Return the p-values of checks: the ranks of the data among all tables, itself included.

    Parameters
    ----------
    statistics : ndarray of shape (1 + B, checks)
        Of the data in the first row, and of B resamples.
    """
    if len(statistics) == 1:
        return [float("nan")] * statistics.shape[1]
    return [float(share) for share in (statistics >= statistics[0]).mean(axis=0)]


def _excess(statistics: Array) -> tuple[Array, float]:
    """Return how far the statistics of the data are out, and the p-value of the largest.

    For that p-value all tables, the data among them, are standardised alike, so that it holds for any number
    of resamples. The smallest of many ranks would not do: nearly every table is the worst of all in some
    check.

    Parameters
    ----------
    statistics : ndarray of shape (1 + B, checks)
    """
    if len(statistics) == 1:
        return np.full(statistics.shape[1], np.nan), float("nan")
    roots = np.cbrt(statistics)
    excess, standardised = (
        (of - among.mean(axis=0)) / np.where(np.ptp(among, axis=0) > 0, among.std(axis=0), 1.0)
        for of, among in ((roots[0], roots[1:]), (roots, roots))
    )
    largest = standardised.max(axis=1)
    return excess, float((largest >= largest[0]).mean())
