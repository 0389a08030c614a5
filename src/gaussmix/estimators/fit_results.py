"""What a fit leaves behind: fitted attributes, and warnings of what users can act on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gaussmix.core.dependence import dependent_features
from gaussmix.core.noise import UniformNoise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.covariance import LowRankFamily
from gaussmix.covariance.low_rank import loadings_of
from gaussmix.estimators.transformed import FittedRows
from gaussmix.estimators.validation import stack_level_of_user
from gaussmix.exceptions import DegenerateComponentWarning, DependentFeaturesWarning
from gaussmix.fitting import FitResult

if TYPE_CHECKING:
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

FACTOR_ATTRIBUTES = ("n_factors_", "loadings_", "noise_variances_")
"""Fitted attributes that only low-rank families have."""
MOST_NAMED = 8
"""How many features of a group a warning names."""


def store_fit(
    mixture: GaussianMixture, result: FitResult, rows: FittedRows, n_samples: int, total_weight: float
) -> None:
    """Set the fitted attributes of a mixture.

    Parameters
    ----------
    mixture : GaussianMixture
    result : FitResult
    rows : FittedRows
        What was fitted.
    n_samples : int
        Number of rows of positive weight.
    total_weight : float
    """
    mixture._publish(result.parameters, rows.values.dtype)
    mixture.transforms_ = rows.transforms
    mixture.stability_ = result.stability
    _store_factors(mixture, result.parameters)
    mixture.linear_relations_ = () if result.relations is None else result.relations.listed()
    mixture.noise_ = None
    noise, region = result.parameters.noise, result.region
    if noise is not None and region is not None:
        mixture.noise_ = UniformNoise(noise.weight, region.log_volume, region.lower, region.upper)
    mixture.converged_ = result.em.converged
    mixture.n_iter_ = result.em.n_iter
    mixture.lower_bound_ = result.em.objective + rows.log_jacobian
    mixture._path = result.em.path
    mixture.lower_bounds_ = [one + rows.log_jacobian for one in result.em.log_likelihoods]
    mixture.log_likelihood_ = (result.em.log_likelihood + rows.log_jacobian) * total_weight
    mixture.n_samples_ = n_samples
    at_floor = result.parameters.repaired & (result.parameters.weights > 0.0)  # the others are empty
    mixture.repaired_components_ = tuple(np.flatnonzero(at_floor).tolist())


def _store_factors(mixture: GaussianMixture, parameters: MixtureParameters) -> None:
    """Set the attributes that only low-rank families have."""
    for name in FACTOR_ATTRIBUTES:
        if hasattr(mixture, name):
            delattr(mixture, name)
    family, noise = parameters.family, parameters.uniquenesses
    if isinstance(family, LowRankFamily) and family.rank is not None:
        mixture.n_factors_ = min(family.rank, max(parameters.n_features - 1, 1))
        if noise is not None:
            mixture.noise_variances_ = noise
            mixture.loadings_ = loadings_of(parameters.covariances, noise, mixture.n_factors_)


def warn_of_fit(mixture: GaussianMixture, result: FitResult) -> None:
    """Tell the user, once each, of what they can act on.

    Parameters
    ----------
    mixture : GaussianMixture
        With the fitted attributes of the result.
    result : FitResult
    """
    if not (mixture.converged_ or result.em.stopped) and mixture.max_iter > 0:
        warnings.warn(
            "Best performing initialization did not converge. Try different init parameters, or "
            "increase max_iter, tol, or check for degenerate data.",
            ConvergenceWarning,
            stacklevel=stack_level_of_user(),
        )
    if result.relations is not None:
        names = [str(name) for name in _names(mixture)]
        equations = [relation.equation(names) for relation in mixture.linear_relations_]
        left = len(equations) - MOST_NAMED
        told = ", ".join(equations[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
        warnings.warn(
            f"Features that follow from others add nothing and were left out of the fit: {told}. What is "
            "told of them follows from the others.",
            DependentFeaturesWarning,
            stacklevel=stack_level_of_user(),
        )
    passed_over = result.passed_over
    if passed_over is not None:
        rows = ", ".join(map(str, passed_over.rows))
        rows += " ..." if passed_over.n_rows > len(passed_over.rows) else ""
        warnings.warn(
            f"An optimum that is likelier by {passed_over.gain:.2g} nats a row was passed over: few rows, or "
            f"rows that share a value, make it so. Its smallest component has {passed_over.n_rows} (row "
            f"{rows}). If these are a group, spikes='allow' takes it; if they belong to none, noise=True says"
            " so.",
            DegenerateComponentWarning,
            stacklevel=stack_level_of_user(),
        )
    empty = np.flatnonzero(result.parameters.weights == 0.0).tolist()
    if empty:
        warnings.warn(
            f"Component(s) {empty} have lost all their rows; they keep their mean, and no row will come back "
            "to a weight of 0. Try fewer components, or start anew: without warm_start, weights_init and "
            "means_init.",
            DegenerateComponentWarning,
            stacklevel=stack_level_of_user(),
        )
    if mixture.repaired_components_:
        hint = ""
        if mixture.n_samples_ <= mixture.means_.shape[1]:
            hint = (
                " For fewer rows than features there are covariance_type='factor_analysis' and "
                "prior='shrinkage'."
            )
        warnings.warn(
            f"The covariance of component(s) {list(mixture.repaired_components_)} was held up at the least "
            f"allowed variance: {_cause_of_repair(mixture, result)}. Otherwise try fewer components or a "
            "simpler covariance_type; if so narrow a group is real, pass a number that is small beside its "
            f"variance as reg_covar.{hint}",
            DegenerateComponentWarning,
            stacklevel=stack_level_of_user(),
        )


def _names(mixture: GaussianMixture) -> Sequence[str]:
    """Return what messages call the features."""
    names = getattr(mixture, "feature_names_in_", None)
    return [f"feature {d}" for d in range(mixture.means_.shape[1])] if names is None else list(names)


def _cause_of_repair(mixture: GaussianMixture, result: FitResult) -> str:
    """Say why a component stands at the floor: what is wrong with features, if there is something."""
    names = getattr(mixture, "feature_names_in_", None)

    def listed(features: Sequence[int]) -> str:
        called = [str(d) if names is None else repr(str(names[d])) for d in features[:MOST_NAMED]]
        left = len(features) - len(called)
        return f"[{', '.join(called)}]" + (f" and {left} more" if left else "")

    causes = []
    constant = np.flatnonzero(result.constant).tolist()
    if constant:
        causes.append(f"feature(s) {listed(constant)} have the same value in every row, so leave them out")
    parameters = result.parameters
    matrices = parameters.family.representation.matrices(parameters.covariances, *parameters.means.shape)
    for features, n_surplus in dependent_features(
        parameters.weights, parameters.means, matrices, mixture.n_samples_
    ):
        surplus = "one" if n_surplus == 1 else str(n_surplus)
        causes.append(f"features {listed(features)} are linearly dependent, so leave {surplus} of them out")
    return "; ".join(causes) or "their rows hardly differ in some direction"
