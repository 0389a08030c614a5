"""Draws of a mixture's parameters, and the errors and intervals that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from gaussmix.core.rows import Array
from gaussmix.inference.parameter_values import (
    FrameBackend,
    ParameterName,
    ParameterValues,
    frame_of,
    lines_of,
)

INTERVALS = ("percentile", "basic", "normal", "bias_corrected")


@dataclass(frozen=True)
class Intervals:
    """Confidence intervals of a mixture's parameters.

    Parameters
    ----------
    lower, upper : ParameterValues
        Bounds of ``weights``, ``means`` and ``covariances``.
    confidence_level : float
    method : str
        How they were made.
    """

    lower: ParameterValues
    upper: ParameterValues
    confidence_level: float
    method: str


@dataclass(frozen=True)
class BootstrapResult:
    """What `bootstrap` found.

    Parameters
    ----------
    kind : {"nonparametric", "weighted", "parametric"}
    estimate : ParameterValues
        The fitted mixture: ``weights``, ``means`` and ``covariances``.
    draws : ParameterValues
        The refits, with components in the order of the fitted mixture's: ``weights`` of shape (n_resamples,
        K), ``means`` (n_resamples, K, D) and ``covariances`` (n_resamples, ...) behind which stands the shape
        of the mixture's ``covariances_``.
    log_likelihoods : ndarray of shape (n_resamples,)
        Mean log-likelihood a row of each refit, on its own resample.
    degenerate : ndarray of bool, shape (n_resamples,)
        Refits in which a component collapsed or lost its rows. They are among the draws but left out of
        errors and intervals.
    converged : ndarray of bool, shape (n_resamples,)
    relabelled : ndarray of bool, shape (n_resamples,)
        Refits whose components came in another order and were put in that of the fitted mixture's.
    confidence_level : float
        Of the intervals in `summary` and `to_frame`.
    parameters : tuple of ParameterName
        What each number of the arrays is, in the order of the rows of `to_frame`.
    """

    kind: str
    estimate: ParameterValues
    draws: ParameterValues
    log_likelihoods: Array
    degenerate: NDArray[np.bool_]
    converged: NDArray[np.bool_]
    relabelled: NDArray[np.bool_]
    confidence_level: float
    parameters: tuple[ParameterName, ...]

    @property
    def n_resamples(self) -> int:
        """Number of resamples."""
        return len(self.degenerate)

    @property
    def n_degenerate(self) -> int:
        """Number of resamples in which a component collapsed or lost its rows."""
        return int(self.degenerate.sum())

    @cached_property
    def _sound(self) -> ParameterValues:
        """The draws that count."""
        return self.draws.apply(lambda draws: draws[~self.degenerate])

    @cached_property
    def standard_errors(self) -> ParameterValues:
        """Standard deviations of the draws: ``weights``, ``means`` and ``covariances``."""
        return self._sound.apply(_deviation)

    @cached_property
    def bias(self) -> ParameterValues:
        """Mean of the draws less the estimate."""
        return self._sound.apply(lambda draws, estimate: draws.mean(axis=0) - estimate, self.estimate)

    def interval(self, method: str = "percentile", confidence_level: float | None = None) -> Intervals:
        """Return confidence intervals.

        Parameters
        ----------
        method : {"percentile", "basic", "normal", "bias_corrected"}, default="percentile"
            Quantiles of the draws; the same mirrored at the estimate; the estimate plus and minus a multiple
            of the standard error; or quantiles moved by how far the estimate is from the middle of the draws.
        confidence_level : float, optional
            Default: that of the result.

        Raises
        ------
        ValueError
            If there is no such method, or the level is not between 0 and 1.

        Notes
        -----
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 12 to 14.
        """
        level = self.confidence_level if confidence_level is None else check_level(confidence_level)
        if method not in INTERVALS:
            raise ValueError(f"method should be one of {', '.join(INTERVALS)}, but is {method!r}")
        tail = 0.5 * (1.0 - level)
        lower, upper = (
            self._sound.apply(partial(_bound, p=p, method=method), self.estimate) for p in (tail, 1.0 - tail)
        )
        return Intervals(lower, upper, level, method)

    def to_frame(self, backend: FrameBackend = "pandas", method: str = "percentile") -> Any:
        """Return a frame with a row for each parameter: estimate, bias, standard error and interval.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        method : str, default="percentile"
            See `interval`.

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        return frame_of(self.parameters, self._columns(method), backend)

    def summary(self, method: str = "percentile") -> str:
        """Return weights, means and variances with their errors and intervals, as text.

        Parameters
        ----------
        method : str, default="percentile"
            See `interval`.
        """
        level = f"{100 * self.confidence_level:g}%"
        head = f"{self.n_resamples} {self.kind} bootstrap resamples, {level} {method} intervals"
        notes = []
        if self.n_degenerate:
            notes.append(
                f"{self.n_degenerate} resamples are left out: a component collapsed or lost its rows"
            )
        n_unfinished = int((~self.converged & ~self.degenerate).sum())
        if n_unfinished:
            notes.append(
                f"{n_unfinished} refits did not converge: a larger max_iter of the mixture would help"
            )
        return "\n".join([head, *lines_of(self.parameters, self._columns(method)), *notes])

    def __repr__(self) -> str:
        """Show the summary."""
        return self.summary()

    def _columns(self, method: str) -> dict[str, ParameterValues]:
        found = self.interval(method)
        return {
            "estimate": self.estimate,
            "bias": self.bias,
            "standard_error": self.standard_errors,
            "lower": found.lower,
            "upper": found.upper,
        }


def check_level(confidence_level: float) -> float:
    """Return a confidence level, checked to be between 0 and 1."""
    if not 0.0 < confidence_level < 1.0:
        raise ValueError(f"confidence_level should be between 0 and 1, but is {confidence_level!r}")
    return float(confidence_level)


def _deviation(draws: Array) -> Array:
    """Return the standard deviation over the first axis."""
    # Squares of covariances leave the range of doubles where those of values are well within.
    size = np.abs(draws).max(axis=0)
    unit = np.where(size > 0.0, size, 1.0)
    return np.asarray((draws / unit).std(axis=0, ddof=1) * unit)


def _bound(draws: Array, estimate: Array, p: float, method: str) -> Array:
    """Return the bound of intervals below which the true value lies with probability p."""
    if method == "normal":
        return np.asarray(estimate + norm.ppf(p) * _deviation(draws))
    if method == "basic":
        return np.asarray(2.0 * estimate - np.quantile(draws, 1.0 - p, axis=0))
    if method == "percentile":
        return np.asarray(np.quantile(draws, p, axis=0))
    below = (
        np.count_nonzero(draws < estimate, axis=0) + 0.5 * np.count_nonzero(draws == estimate, axis=0)
    ) / len(draws)
    least = 0.5 / len(draws)
    shift = norm.ppf(np.clip(below, least, 1.0 - least))
    levels = norm.cdf(2.0 * shift + norm.ppf(p))
    ordered = np.sort(draws, axis=0)
    position = levels * (len(draws) - 1)
    low = np.floor(position).astype(np.intp)
    high = np.minimum(low + 1, len(draws) - 1)
    first, second = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (low, high))
    return np.asarray(first + (position - low) * (second - first))
