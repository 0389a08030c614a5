"""Diagonal covariances: features are independent within a component, and ellipsoids lie along the axes."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import DiagonalRepresentation, Representation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import regularize_variances, with_additions
from gaussmix.covariance.variances import of_equal_shape, of_equal_volume


class DiagonalFamily:
    """Ellipsoids along the axes that differ in volume and shape (mclust's VVI)."""

    name = "diag"
    identifier = "VVI"
    meaning = "each component is an ellipsoid along the axes, of its own volume and shape"
    representation: Representation = DiagonalRepresentation()
    moments = Moments.DIAGONAL
    common_scale = False
    independent = True
    in_other_units = "VVI"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components * n_features

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return each component's scatter, feature by feature, over its count."""
        variances, repaired = regularize_variances(
            statistics.second / statistics.counts[:, None],
            regularization.addition,
            regularization.floor,
            strict=regularization.strict,
        )
        return CovarianceEstimate(variances, self.representation.factor(variances), np.any(repaired, axis=1))


class EqualDiagonalFamily:
    """Ellipsoids along the axes of the same volume and shape (mclust's EEI)."""

    name = "EEI"
    identifier = "EEI"
    meaning = "all components are the same ellipsoid along the axes, in different places"
    representation: Representation = DiagonalRepresentation()
    moments = Moments.DIAGONAL
    common_scale = False
    independent = False
    in_other_units = "EEI"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_features

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return the pooled scatter, feature by feature, over the total count."""
        n_components = len(statistics.counts)
        second = with_additions(statistics, regularization)
        pooled, repaired = regularize_variances(
            second.sum(axis=0) / statistics.counts.sum(),
            np.zeros(1),
            regularization.floor,
            strict=regularization.strict,
        )
        variances = np.tile(pooled, (n_components, 1))
        at_floor = np.full(n_components, repaired.any())
        return CovarianceEstimate(variances, self.representation.factor(variances), at_floor)


class EqualShapeDiagonalFamily:
    """Ellipsoids along the axes of the same shape that differ in volume (mclust's VEI)."""

    name = "VEI"
    identifier = "VEI"
    meaning = "components are ellipsoids along the axes, of equal shape and varying volume"
    representation: Representation = DiagonalRepresentation()
    moments = Moments.DIAGONAL
    common_scale = False
    independent = False
    in_other_units = "VEI"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components + n_features - 1

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return volumes times a shape, by iteration; see `gaussmix.covariance.variances`."""
        variances, at_floor = of_equal_shape(
            with_additions(statistics, regularization),
            statistics.counts,
            regularization.floor,
            None if previous is None else previous.volumes(),
            strict=regularization.strict,
        )
        return CovarianceEstimate(variances, self.representation.factor(variances), at_floor)


class EqualVolumeDiagonalFamily:
    """Ellipsoids along the axes of the same volume that differ in shape (mclust's EVI)."""

    name = "EVI"
    identifier = "EVI"
    meaning = "components are ellipsoids along the axes, of equal volume and varying shape"
    representation: Representation = DiagonalRepresentation()
    moments = Moments.DIAGONAL
    common_scale = False
    independent = False
    in_other_units = "EVI"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return 1 + n_components * (n_features - 1)

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return each component's scatter, feature by feature, brought to one volume."""
        variances, at_floor = of_equal_volume(
            with_additions(statistics, regularization),
            statistics.counts,
            regularization.floor,
            strict=regularization.strict,
        )
        return CovarianceEstimate(variances, self.representation.factor(variances), at_floor)
