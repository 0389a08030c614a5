"""Private names of scikit-learn's mixture classes that its tests, and some of its users, call."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmix.core.em import maximise
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Array
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.estimators.base import FittedMixture
from gaussmix.estimators.validation import check_positive_definite


class ScikitLearnPrivateNames(FittedMixture):
    """Scikit-learn's private methods by their names; nothing in this package calls them."""

    reg_covar: float | str
    precisions_init: Any

    def _n_parameters(self) -> int:
        """Return the number of free parameters."""
        return self.n_parameters_

    def _initialize(self, X: Array, resp: Array) -> None:
        """Set parameters from responsibilities."""
        n_features = X.shape[1]
        family = self._family()
        statistics = SufficientStatistics.from_responsibilities(
            np.asarray(X, dtype=np.float64),
            np.zeros((resp.shape[1], n_features)),
            np.asarray(resp, dtype=np.float64),
            family.moments,
        )
        addition = 0.0 if self.reg_covar == "auto" else float(self.reg_covar)
        regularization = Regularization(np.zeros(n_features), np.full(n_features, addition), strict=True)
        parameters = maximise(statistics, family, regularization)
        if self.precisions_init is not None:
            precisions = check_positive_definite(
                self.precisions_init, family, resp.shape[1], n_features, "precision"
            )
            factor = family.representation.factor_of_precisions(precisions)
            parameters = MixtureParameters.from_factor(family, parameters.weights, parameters.means, factor)
        self._publish(parameters, X.dtype)

    def _set_parameters(self, params: tuple[Array, Array, Array, Array]) -> None:
        """Set weights, means, covariances and Cholesky factors."""
        self.weights_, self.means_, self.covariances_, self.precisions_cholesky_ = params
        representation = self._family().representation
        self.precisions_ = representation.precisions(representation.transpose(self.precisions_cholesky_))
