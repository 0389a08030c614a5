"""Standard errors from the curvature of the likelihood, without refits."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning

from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.inference.bootstrap_result import Intervals, check_level
from gaussmix.inference.charts import CovarianceChart
from gaussmix.inference.information import LocalDerivatives, local_derivatives
from gaussmix.inference.parameter_values import (
    FrameBackend,
    ParameterName,
    ParameterValues,
    frame_of,
    lines_of,
    names_of_features,
    parameter_names,
)
from gaussmix.inference.refits import Problem

METHODS = ("observed", "outer_product", "sandwich")
SINGULAR = 1e-10
"""Ratio of the least eigenvalue to the largest, of the information on parameters in units of their own, below
which it counts as singular."""
LARGEST_SLOPES = 1 << 28
"""Numbers that the derivatives of all covariances by all parameters may have: 2 GiB."""
FAR = 0.1
"""Distance from the optimum, in standard errors, from which on a warning is due."""


@dataclass(frozen=True)
class StandardErrors:
    """What `standard_errors` found.

    Parameters
    ----------
    method : {"observed", "outer_product", "sandwich"}
    estimate : ParameterValues
        The fitted mixture: ``weights``, ``means`` and ``covariances``.
    weights : ndarray of shape (K,)
        Standard errors of the weights.
    means : ndarray of shape (K, D)
        Of the means.
    covariances : ndarray
        Of the covariances, in the shape of the mixture's `covariances_`.
    covariance_matrix : ndarray of shape (Q, Q)
        Estimated covariances of the estimates of all parameters, in the order of `parameters`.
    parameters : tuple of ParameterName
        What each of the Q numbers is: weights, means, and of symmetric matrices the lower triangle.
    distance : float
        How far the estimate is from the top of the likelihood by a Newton step, in standard errors (the
        root of the sum of squares over all directions).
    """

    method: str
    estimate: ParameterValues
    weights: Array
    means: Array
    covariances: Array
    covariance_matrix: Array
    parameters: tuple[ParameterName, ...]
    distance: float

    def interval(self, confidence_level: float = 0.95) -> Intervals:
        """Return the estimates plus and minus a multiple of their standard errors.

        Where the rows are few or components overlap the intervals of `gaussmix.bootstrap` are better.

        Parameters
        ----------
        confidence_level : float, default=0.95

        Raises
        ------
        ValueError
            If the level is not between 0 and 1.
        """
        level = check_level(confidence_level)
        reach = norm.ppf(0.5 + 0.5 * level)
        lower, upper = (
            self.estimate.apply(lambda estimate, error, side=side: estimate + side * error, self._errors)
            for side in (-reach, reach)
        )
        return Intervals(lower, upper, level, "normal")

    def to_frame(self, backend: FrameBackend = "pandas", confidence_level: float = 0.95) -> Any:
        """Return a frame with a row for each parameter: estimate, standard error and interval.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        confidence_level : float, default=0.95

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        return frame_of(self.parameters, self._columns(confidence_level), backend)

    def summary(self, confidence_level: float = 0.95) -> str:
        """Return weights, means and variances with their errors and intervals, as text.

        Parameters
        ----------
        confidence_level : float, default=0.95
        """
        head = f"Standard errors ({self.method}), {100 * confidence_level:g}% normal intervals"
        return "\n".join([head, *lines_of(self.parameters, self._columns(confidence_level))])

    def __repr__(self) -> str:
        """Show the summary."""
        return self.summary()

    @property
    def _errors(self) -> ParameterValues:
        return ParameterValues(self.weights, self.means, self.covariances)

    def _columns(self, confidence_level: float) -> dict[str, ParameterValues]:
        found = self.interval(confidence_level)
        return {
            "estimate": self.estimate,
            "standard_error": self._errors,
            "lower": found.lower,
            "upper": found.upper,
        }


def standard_errors(
    model: Any, X: ArrayLike, *, method: str = "observed", sample_weight: ArrayLike | None = None
) -> StandardErrors:
    """Return the standard errors of a mixture's parameters from the curvature of the likelihood at its top.

    That is the large-sample approximation, at the cost of a few E-steps. `gaussmix.bootstrap` needs no such
    approximation, and is to be preferred where components overlap or hold few rows.

    Parameters
    ----------
    model : fitted GaussianMixture or AutoGaussianMixture
    X : array-like of shape (n_samples, n_features)
        The rows it was fitted to.
    method : {"observed", "outer_product", "sandwich"}, default="observed"
        The inverse of the observed information, exact second derivatives; of the sum over rows of the
        products of their scores; or both together, which holds even where the rows are no draws from a
        mixture of this family.
    sample_weight : array-like of shape (n_samples,), optional
        The weights it was fitted with: how often each row occurs.

    Returns
    -------
    StandardErrors

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the mixture has not been fitted.
    ValueError
        If the information is singular, a component stands at the least variance allowed, so that the
        likelihood has no top there, there are too many parameters for the memory, or the family is none of
        mclust's.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the parameters are more than a tenth of a standard error away from the top.

    See Also
    --------
    gaussmix.bootstrap : Errors and intervals from refits.

    Notes
    -----
    Louis 1982, Journal of the Royal Statistical Society B 44, 226; Boldea and Magnus 2009, Journal of the
    American Statistical Association 104, 1539. Weights that sum to one and the constraints of the covariance
    family enter by the delta method.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture, standard_errors
    >>> X = np.random.RandomState(0).normal(size=(400, 1))
    >>> model = GaussianMixture(1).fit(X)
    >>> errors = standard_errors(model, X)
    >>> (errors.means / np.sqrt(model.covariances_[0] / 400)).round(6)  # the deviation over the root of n
    array([[1.]])
    """
    if method not in METHODS:
        raise ValueError(f"method should be one of {', '.join(METHODS)}, but is {method!r}")
    problem = Problem.of(model, X, sample_weight)
    if problem.at_floor.any():
        raise ValueError(
            f"Component(s) {np.flatnonzero(problem.at_floor).tolist()} collapsed and stand at the least "
            "variance allowed, so the likelihood has no top there and its curvature says nothing. Fit fewer "
            "components or a simpler covariance_type."
        )
    mixture = problem.mixture
    if not (mixture.weights > 0).all():
        raise ValueError(
            f"Component(s) {np.flatnonzero(mixture.weights <= 0).tolist()} have no rows: fit fewer."
        )
    _check_size(*mixture.means.shape)
    chart = CovarianceChart.of(mixture)
    found = local_derivatives(problem.rows, mixture, chart, problem.data.backend)
    gradient, information, outer = free_derivatives(found, chart)
    covariance = _inverse(outer if method == "outer_product" else information)
    distance = float(np.sqrt(gradient @ covariance @ gradient))
    if method == "sandwich":
        covariance = covariance @ outer @ covariance
    if distance > FAR:
        warnings.warn(
            f"The parameters are {distance:.2g} standard errors away from the top of the likelihood of these "
            "rows. If they are the rows that the mixture was fitted to, fit with a smaller tol or a larger "
            "max_iter, and without a prior or a number for reg_covar.",
            ConvergenceWarning,
            stacklevel=2,
        )
    coordinates = problem.rows.coordinates
    names = tuple(parameter_names(mixture.family, mixture.means.shape, names_of_features(model)))
    slopes = _slopes_of_parameters(mixture, chart, 1.0 / coordinates.scale)
    errors = slopes.apply(
        lambda slope: np.sqrt(np.maximum(np.einsum("...p,...p->...", slope @ covariance, slope), 0.0))
    )
    fitted = mixture.to_data(coordinates)
    by_name = np.array([_slope_of(name, slopes) for name in names])
    return StandardErrors(
        method,
        ParameterValues(fitted.weights, fitted.means, fitted.covariances),
        errors.weights,
        errors.means,
        errors.covariances,
        by_name @ covariance @ by_name.T,
        names,
        distance,
    )


def _check_size(n_components: int, n_features: int) -> None:
    """Refuse mixtures whose derivatives would fill the memory."""
    size = n_components * (1 + n_features + n_features * (n_features + 1) // 2)
    if n_components * n_features**2 * size > LARGEST_SLOPES:
        raise ValueError(
            f"{n_components} components in {n_features} features have up to {size} parameters, whose "
            "derivatives would fill the memory: use gaussmix.bootstrap, or take fewer features."
        )


def free_derivatives(found: LocalDerivatives, chart: CovarianceChart) -> tuple[Array, Array, Array]:
    """Return gradient, information and outer product with respect to the free parameters of a mixture.

    They are the logarithms of the weights but the last, relative to it; the means' shifts t; and the
    parameters of the covariances.
    """
    n_components, n_features, _ = found.slopes.shape
    n_block = n_features + n_features * (n_features + 1) // 2
    n_first = n_components - 1 + n_components * n_features
    slopes = np.zeros((len(found.gradient), n_first + chart.n_parameters))
    slopes[: n_components - 1, : n_components - 1] = np.eye(n_components - 1)
    rows, columns = np.tril_indices(n_features)
    for k in range(n_components):
        begin, own = n_components + k * n_block, n_components - 1 + k * n_features
        slopes[begin : begin + n_features, own : own + n_features] = np.eye(n_features)
        into = slopes[begin + n_features : begin + n_block]
        into[:, n_first + chart.numbers[k]] += chart.directions[k][:, rows, columns].T
    information = slopes.T @ found.information @ slopes
    information[n_first:, n_first:] -= chart.curvature(found.slopes)
    return slopes.T @ found.gradient, information, slopes.T @ found.outer_product @ slopes


def _inverse(information: Array) -> Array:
    """Return the inverse of an information matrix.

    Raises
    ------
    ValueError
        If it is not positive definite.
    """
    diagonal = np.diag(information)
    positive = bool((diagonal > 0).all())
    if positive:
        unit = 1.0 / np.sqrt(diagonal)
        values, vectors = np.linalg.eigh(information * unit * unit[:, None])
        positive = bool(values[0] > SINGULAR * values[-1])
    if not positive:
        raise ValueError(
            "The information is singular or not positive: these rows do not determine all parameters, or the "
            "mixture is not at the top of their likelihood. Pass the rows it was fitted to; fit with a "
            "smaller tol, fewer components or a simpler covariance_type; or use gaussmix.bootstrap."
        )
    scaled = vectors * unit[:, None]
    return np.asarray((scaled / values) @ scaled.T)


def _slopes_of_parameters(
    mixture: MixtureParameters, chart: CovarianceChart, scale: Array
) -> ParameterValues:
    """Return how weights, means and covariances, in the data's units, change with the free parameters.

    The last axis of each array is that of the free parameters.
    """
    n_components, n_features = mixture.means.shape
    n_weights, n_first = n_components - 1, n_components - 1 + n_components * n_features
    size = n_first + chart.n_parameters
    weights = np.zeros((n_components, size))
    weights[:, :n_weights] = (np.diag(mixture.weights) - np.outer(mixture.weights, mixture.weights))[:, :-1]
    roots = chart.roots * scale[:, None]
    means = np.zeros((n_components, n_features, size))
    matrices = np.zeros((n_components, n_features, n_features, size))
    for k in range(n_components):
        own = n_weights + k * n_features
        means[k, :, own : own + n_features] = roots[k]
        changes = np.einsum("ad,mde,be->abm", roots[k], chart.directions[k], roots[k])
        matrices[k][:, :, n_first + chart.numbers[k]] += changes
    form = mixture.family.representation.form
    if form is FactorForm.SCALAR:
        covariances = matrices[:, 0, 0]
    elif form is FactorForm.DIAGONAL:
        covariances = np.einsum("kddp->kdp", matrices)
    else:
        covariances = matrices[0] if form is FactorForm.SHARED else matrices
    return ParameterValues(weights, means, covariances)


def _slope_of(name: ParameterName, slopes: ParameterValues) -> Array:
    arrays = {"weight": slopes.weights, "mean": slopes.means, "covariance": slopes.covariances}
    return np.asarray(arrays[name.parameter][name.index])
