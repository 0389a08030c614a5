"""Spherical covariances: one variance a component, or one for all."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import Representation, ScalarRepresentation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import regularize_variances, with_additions


class SphericalFamily:
    """Spheres that differ in volume (mclust's VII)."""

    name = "spherical"
    identifier = "VII"
    meaning = "each component is a sphere of its own volume"
    representation: Representation = ScalarRepresentation()
    moments = Moments.TRACE
    common_scale = True
    independent = True
    in_other_units = "VVI"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
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


class EqualSphericalFamily:
    """Spheres of the same volume (mclust's EII)."""

    name = "EII"
    identifier = "EII"
    meaning = "all components are spheres of the same volume"
    representation: Representation = ScalarRepresentation()
    moments = Moments.TRACE
    common_scale = True
    independent = False
    in_other_units = "EEI"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return 1

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return the mean over features of the pooled scatter over the total count."""
        n_components, n_features = statistics.centers.shape
        second = with_additions(statistics, regularization)
        variance, repaired = regularize_variances(
            second.sum(keepdims=True) / (statistics.counts.sum() * n_features),
            np.zeros(1),
            regularization.floor.mean(),
            strict=regularization.strict,
        )
        variances = np.repeat(variance, n_components)
        return CovarianceEstimate(
            variances, self.representation.factor(variances), np.repeat(repaired, n_components)
        )


class EqualVarianceFamily(EqualSphericalFamily):
    """One variance for all components, of a single feature (mclust's E)."""

    name = "E"
    identifier = "E"
    meaning = "all components have the same variance, of a single feature"
    in_other_units = "E"
    one_dimensional = True


class VaryingVarianceFamily(SphericalFamily):
    """A variance for each component, of a single feature (mclust's V)."""

    name = "V"
    identifier = "V"
    meaning = "each component has a variance of its own, of a single feature"
    in_other_units = "V"
    one_dimensional = True
