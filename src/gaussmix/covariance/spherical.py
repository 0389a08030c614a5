"""Spherical covariances: one variance a component."""

from __future__ import annotations

from gaussmix.core.parameters import CovarianceEstimate, Regularization
from gaussmix.core.representation import Representation, ScalarRepresentation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import regularize_variances


class SphericalFamily:
    """Spheres that differ in volume (mclust's VII)."""

    name = "spherical"
    identifier = "VII"
    meaning = "each component is a sphere of its own volume"
    representation: Representation = ScalarRepresentation()
    moments = Moments.TRACE
    common_scale = True

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components

    def estimate(
        self, statistics: SufficientStatistics, regularization: Regularization
    ) -> CovarianceEstimate:
        """Return the mean over features of each component's scatter over its count."""
        n_features = statistics.centers.shape[1]
        variances, repaired = regularize_variances(
            statistics.second / (statistics.counts * n_features),
            regularization.addition.mean(),
            regularization.floor.mean(),
            strict=regularization.strict,
        )
        return CovarianceEstimate(variances, self.representation.factor(variances), repaired)
