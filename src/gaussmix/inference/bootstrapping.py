"""The bootstrap: how much the parameters of a mixture would vary from sample to sample."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from gaussmix.core.rows import Coordinates
from gaussmix.core.stack import MixtureStack
from gaussmix.estimators.monitors import SelectionProgress
from gaussmix.exceptions import DegenerateComponentWarning
from gaussmix.inference.alignment import aligned
from gaussmix.inference.bootstrap_result import BootstrapResult, check_level
from gaussmix.inference.parameter_values import (
    ParameterValues,
    names_of_features,
    parameter_names,
    values_of,
)
from gaussmix.inference.refits import Problem, refit_all
from gaussmix.inference.resampling import RandomWeights, Resampling, RowResampling, Simulation

KINDS = ("nonparametric", "weighted", "parametric")
MANY_DEGENERATE = 0.1
"""Share of degenerate resamples from which on a warning is due."""


def bootstrap(
    model: Any,
    X: ArrayLike,
    *,
    n_resamples: int = 999,
    kind: str = "nonparametric",
    sample_weight: ArrayLike | None = None,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> BootstrapResult:
    """Resample the rows, refit the mixture to each resample, and tell how its parameters vary.

    Each refit starts from the fitted parameters, with the mixture's own covariance family, regularisation and
    tolerance, and its components are paired with those of the fitted mixture.

    Parameters
    ----------
    model : fitted GaussianMixture or AutoGaussianMixture
    X : array-like of shape (n_samples, n_features)
        The rows it was fitted to.
    n_resamples : int, default=999
    kind : {"nonparametric", "weighted", "parametric"}, default="nonparametric"
        Rows drawn with replacement; all rows with random weights (the weighted likelihood bootstrap, which
        never loses the rows of a small component); or rows drawn from the fitted mixture, which trusts the
        model.
    sample_weight : array-like of shape (n_samples,), optional
        The weights it was fitted with. They count how often each row occurs: their sum is the number of rows
        of a resample. Weights that sum to less than the number of rows that have one only say proportions:
        they are scaled to sum to the effective number of rows, with a warning.
    confidence_level : float, default=0.95
        Of the intervals that the result shows.
    random_state : int, RandomState instance or None, default=None
        A seed gives the same draws for any number of threads.
    n_jobs : int or None, default=None
        Number of threads; None takes the model's.
    verbose : int, default=0
        1 shows a progress bar on a terminal, lines otherwise; 2 prints lines.

    Returns
    -------
    BootstrapResult

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the mixture has not been fitted.
    TypeError
        If `model` is no mixture of the package.
    ValueError
        If an argument is not valid, or fewer than two resamples can be refitted.

    Warns
    -----
    gaussmix.DegenerateComponentWarning
        If a component collapsed or lost its rows in more than a tenth of the resamples.

    See Also
    --------
    gaussmix.standard_errors : Errors from the curvature of the likelihood, at once.

    Notes
    -----
    O'Hagan, Murphy, Scrucca and Gormley 2019, Journal of Computational and Graphical Statistics 28, compare
    the three kinds for mixtures.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture, bootstrap
    >>> generator = np.random.RandomState(0)
    >>> X = np.concatenate([generator.normal(0, 1, (100, 1)), generator.normal(6, 1, (50, 1))])
    >>> model = GaussianMixture(2, random_state=0).fit(X)
    >>> result = bootstrap(model, X, n_resamples=200, random_state=0)
    >>> result.standard_errors.means.round(1)
    array([[0.1],
           [0.1]])
    """
    if kind not in KINDS:
        raise ValueError(f"kind should be one of {', '.join(KINDS)}, but is {kind!r}")
    if not isinstance(n_resamples, Integral) or n_resamples < 2:
        raise ValueError(f"n_resamples should be a number from 2 on, but is {n_resamples!r}")
    level = check_level(confidence_level)
    problem = Problem.of(model, X, sample_weight, n_jobs)
    progress = SelectionProgress(verbose)
    try:
        tables = resampling_of(problem, kind, check_random_state(random_state))
        refits = refit_all(problem, tables, int(n_resamples), progress)
    finally:
        progress.close()
    degenerate = refits.emptied | (refits.mixtures.repaired & ~problem.at_floor).any(axis=1)
    if (~degenerate).sum() < 2:
        raise ValueError(
            f"In {degenerate.sum()} of {n_resamples} resamples a component collapsed or lost its rows, so "
            "nothing can be said of their variation. Try fewer components, a simpler covariance_type or "
            "kind='weighted'."
        )
    if degenerate.mean() > MANY_DEGENERATE:
        warnings.warn(
            f"A component collapsed or lost its rows in {degenerate.sum()} of {n_resamples} resamples, which "
            "are left out. Errors and intervals are those of the others, and too small. Try fewer "
            "components, a simpler covariance_type or kind='weighted'.",
            DegenerateComponentWarning,
            stacklevel=2,
        )
    mixtures, order = aligned(refits.mixtures, problem.mixture)
    coordinates = problem.rows.coordinates
    fitted = problem.mixture.to_data(coordinates)
    names = parameter_names(fitted.family, fitted.means.shape, names_of_features(model))
    return BootstrapResult(
        kind,
        ParameterValues(fitted.weights, fitted.means, fitted.covariances),
        values_of(in_data_units(mixtures, coordinates)),
        refits.log_likelihood + coordinates.log_jacobian,
        degenerate,
        refits.converged,
        np.asarray((order != np.arange(order.shape[1])).any(axis=1)),
        level,
        tuple(names),
    )


def resampling_of(problem: Problem, kind: str, generator: np.random.RandomState) -> Resampling:
    """Return the way to resample the rows of a problem."""
    if kind == "parametric":
        return Simulation(problem.mixture, max(1, round(problem.total_weight)), generator)
    return (RowResampling if kind == "nonparametric" else RandomWeights)(problem.rows, generator)


def in_data_units(mixtures: MixtureStack, coordinates: Coordinates) -> MixtureStack:
    """Return mixtures given in working coordinates in the data's units."""
    representation = mixtures.family.representation
    return replace(
        mixtures,
        means=coordinates.to_data(mixtures.means),
        covariances=representation.rescale_covariances(mixtures.covariances, 1.0 / coordinates.scale),
        factor=representation.rescale_factor(mixtures.factor, 1.0 / coordinates.scale),
    )
