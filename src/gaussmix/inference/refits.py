"""Refits: the same mixture fitted to many tables, each from the parameters that the data gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Backend, default_backend
from gaussmix.core.conjugate_prior import prior_named
from gaussmix.core.em import EMResult, run_em
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array, Rows
from gaussmix.core.stack import MixtureStack
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.estimators.base import FittedMixture
from gaussmix.estimators.validation import check_sample_weight, counted
from gaussmix.inference.resampling import Batch, Resampling, batches
from gaussmix.initialization import StartingData, representative_sample
from gaussmix.scales import measure, prior_for, regularization_for

Progress = Callable[[int, int, str], None]
"""Told how many of how many are done, and of what."""


@dataclass(frozen=True)
class Problem:
    """A fitted mixture, its rows, and what a fit of them holds to.

    Parameters
    ----------
    mixture : MixtureParameters
        In working coordinates.
    data : StartingData
        The rows, their floor and who computes.
    at_floor : ndarray of bool, shape (K,)
        Components that collapsed in the data already.
    tol, max_iter, accelerate
        See `gaussmix.core.em.run_em`.
    """

    mixture: MixtureParameters
    data: StartingData
    at_floor: NDArray[np.bool_]
    tol: float
    max_iter: int
    accelerate: bool

    @classmethod
    def of(cls, model: Any, X: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Problem:
        """Return the problem of a fitted mixture and the rows it was fitted to.

        Family, tolerance, regularisation and numbers of threads are the model's own.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        TypeError
            If the model is no mixture of the package.
        ValueError
            If the rows are not valid, there are fewer of them than components, or the mixture has noise or
            is one of transformed features.
        """
        if not isinstance(model, FittedMixture):
            raise TypeError(
                "model should be a fitted GaussianMixture or AutoGaussianMixture of gaussmix, but is a "
                f"{type(model).__name__} of {type(model).__module__.partition('.')[0]}"
            )
        X = model._checked_rows(X)[0].X
        weights = counted(check_sample_weight(sample_weight, len(X)))
        parameters = model._parameters()
        if parameters.noise is not None:
            raise ValueError(
                "The mixture has noise beside its components, which inference does not take account of yet. "
                "Fit a mixture without noise to the rows that this one does not label as noise."
            )
        n_samples = len(X) if weights is None else int(np.count_nonzero(weights))
        if n_samples < max(2, parameters.n_components):
            raise ValueError(
                f"There are {n_samples} row(s) for a mixture of {parameters.n_components} component(s): "
                "pass the rows that the mixture was fitted to."
            )
        backend = default_backend(model.n_jobs if n_jobs is None else n_jobs)
        data = prepared(X, weights, parameters.family, parameters.n_components, model.reg_covar, backend)
        prior = prior_named(getattr(model, "prior", None))
        if prior is not None:
            sums = prior_for(prior, data, parameters.n_components, np.random.RandomState(0))
            data = replace(data, regularization=replace(data.regularization, prior=sums))
        mixture = parameters.to_working(data.rows.coordinates)
        floored = data.regularization.for_spread_within(mixture.pooled_variances(), mixture.n_components)
        return cls(
            mixture,
            replace(data, regularization=floored),
            np.isin(np.arange(mixture.n_components), getattr(model, "repaired_components_", ())),
            float(model.tol),
            max(1, int(model.max_iter)),
            bool(getattr(model, "accelerate", True)),
        )

    @property
    def rows(self) -> Rows:
        """The rows."""
        return self.data.rows

    @property
    def total_weight(self) -> float:
        """Number of rows, or the sum of their weights."""
        return self.rows.total_weight


def prepared(
    X: NDArray[np.floating],
    weights: Array | None,
    family: CovarianceFamily,
    n_components: int,
    reg_covar: float | str,
    backend: Backend,
) -> StartingData:
    """Return rows with what `gaussmix.fitting.fit_mixture` measures on them.

    A strict regularisation becomes a floor: a collapse in one resample must not end all.
    """
    scales = measure(X, weights, backend, common_scale=family.common_scale)
    rows = Rows(X, scales.coordinates, weights)
    spread = np.sqrt(scales.variances)
    if family.common_scale:
        spread = np.full_like(spread, np.sqrt(np.mean(scales.variances)))
    sample = representative_sample(rows, spread, n_components, np.random.RandomState(0))
    chosen = None if reg_covar in ("auto", 0) else float(reg_covar)
    regularization = regularization_for(scales, sample, chosen)
    return StartingData(rows, sample, spread, family, regularization, backend)


@dataclass(frozen=True)
class Refits:
    """Where the refits ended.

    Parameters
    ----------
    mixtures : MixtureStack
        In working coordinates.
    log_likelihood : ndarray of shape (S,)
        Mean log-likelihood a unit of weight.
    converged : ndarray of bool, shape (S,)
    emptied : ndarray of bool, shape (S,)
        Whether a component lost all its rows.
    """

    mixtures: MixtureStack
    log_likelihood: Array
    converged: NDArray[np.bool_]
    emptied: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: Sequence[Refits]) -> Refits:
        """Return several batches of refits as one."""
        arrays = {
            name: np.concatenate([getattr(part.mixtures, name) for part in parts])
            for name in ("weights", "means", "covariances", "factor", "repaired")
        }
        return cls(
            MixtureStack(parts[0].mixtures.family, **arrays),
            np.concatenate([part.log_likelihood for part in parts]),
            np.concatenate([part.converged for part in parts]),
            np.concatenate([part.emptied for part in parts]),
        )


def refit_all(problem: Problem, tables: Resampling, n_resamples: int, progress: Progress) -> Refits:
    """Refit a mixture to resampled tables, each from the parameters that the data gave."""
    parts: list[Refits] = []
    done = 0
    for batch in batches(tables, n_resamples):
        parts.append(refit(problem, batch, MixtureStack.of([problem.mixture] * len(batch))))
        done += len(batch)
        progress(done, n_resamples, "resamples")
    return Refits.joined(parts)


def refit(problem: Problem, batch: Batch, starts: MixtureStack) -> Refits:
    """Fit a mixture to each table of a batch.

    Parameters
    ----------
    problem : Problem
    batch : Batch
    starts : MixtureStack
        One for each table, in working coordinates.
    """
    regularization = problem.data.regularization
    if problem.accelerate and len(batch) > 1:
        ends = problem.data.backend.climb_each(
            batch.rows, batch.ranges, starts, regularization, tol=problem.tol, max_iter=problem.max_iter
        )
        mixtures, log_likelihood, converged = ends.mixtures, ends.log_likelihood, ends.converged
        if regularization.prior is not None:
            log_priors = [regularization.prior.log_density(mixtures[s]) for s in range(len(batch))]
            log_likelihood = log_likelihood - np.array(log_priors) / batch.total_weights()
    else:  # threads share the rows of a large table
        results = [_alone(problem, batch.table(s), starts[s]) for s in range(len(batch))]
        mixtures = MixtureStack.of([result.parameters for result in results])
        log_likelihood = np.array([result.log_likelihood for result in results])
        converged = np.array([result.converged for result in results])
    return Refits(mixtures, log_likelihood, converged, (mixtures.weights == 0).any(axis=1))


def _alone(problem: Problem, rows: Rows, start: MixtureParameters) -> EMResult:
    """Fit a mixture to one table."""
    backend, moments = problem.data.backend, start.family.moments

    def expect(parameters: MixtureParameters) -> SufficientStatistics:
        return backend.expect(rows, parameters.density(), moments)

    return run_em(
        expect,
        start,
        problem.data.regularization,
        tol=problem.tol,
        max_iter=problem.max_iter,
        accelerate=problem.accelerate,
    )
