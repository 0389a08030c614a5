"""Tied covariances: all components share one."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import Representation, SharedMatrixRepresentation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import regularize_matrices


class TiedFamily:
    """Ellipsoids of the same volume, shape and orientation (mclust's EEE)."""

    name = "tied"
    identifier = "EEE"
    meaning = "all components are the same ellipsoid in different places"
    representation: Representation = SharedMatrixRepresentation()
    moments = Moments.POOLED
    common_scale = False
    independent = False
    in_other_units = "EEE"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_features * (n_features + 1) // 2

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return the pooled scatter over the total count."""
        scatter = statistics.second[None] / statistics.counts.sum()
        matrices, factors, repaired = regularize_matrices(scatter, regularization)
        return CovarianceEstimate(matrices[0], factors[0], np.repeat(repaired, len(statistics.counts)))
