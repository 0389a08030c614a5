"""Diagonal covariances: features are independent within a component."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, Regularization
from gaussmix.core.representation import DiagonalRepresentation, Representation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import regularize_variances


class DiagonalFamily:
    """Ellipsoids along the axes that differ in volume and shape (mclust's VVI)."""

    name = "diag"
    identifier = "VVI"
    meaning = "each component is an ellipsoid along the axes, of its own volume and shape"
    representation: Representation = DiagonalRepresentation()
    moments = Moments.DIAGONAL
    common_scale = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components * n_features

    def estimate(
        self, statistics: SufficientStatistics, regularization: Regularization
    ) -> CovarianceEstimate:
        """Return each component's scatter, feature by feature, over its count."""
        variances, repaired = regularize_variances(
            statistics.second / statistics.counts[:, None],
            regularization.addition,
            regularization.floor,
            strict=regularization.strict,
        )
        return CovarianceEstimate(variances, self.representation.factor(variances), np.any(repaired, axis=1))
