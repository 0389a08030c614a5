"""Ellipsoids of equal shape, each with axes of its own."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation, Representation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.axes import along_axes
from gaussmix.covariance.floor import isotropic, regularize_variances, with_additions
from gaussmix.covariance.variances import of_equal_shape


class EqualEllipsoidFamily:
    """Ellipsoids of the same volume and shape that differ in orientation (mclust's EEV)."""

    name = "EEV"
    identifier = "EEV"
    meaning = "components are ellipsoids of equal volume and shape, and of varying orientation"
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = True
    independent = False
    in_other_units = "EVV"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_features + n_components * (n_features * (n_features - 1) // 2)

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return each component's own axes with the mean of the components' eigenvalues along them."""
        values, axes = np.linalg.eigh(with_additions(statistics, regularization))
        variances, repaired = regularize_variances(
            values.sum(axis=0) / statistics.counts.sum(),
            np.zeros(1),
            isotropic(regularization.floor),
            strict=regularization.strict,
        )
        at_floor = np.full(len(axes), repaired.any())
        return CovarianceEstimate(*along_axes(np.broadcast_to(variances, values.shape), axes, at_floor))


class EqualShapeFamily:
    """Ellipsoids of the same shape that differ in volume and orientation (mclust's VEV)."""

    name = "VEV"
    identifier = "VEV"
    meaning = "components are ellipsoids of equal shape, and of varying volume and orientation"
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = True
    independent = False
    in_other_units = "VVV"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components + n_features - 1 + n_components * (n_features * (n_features - 1) // 2)

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return each component's own axes with volumes times a shape along them, by iteration.

        The best axes are those of the scatter, by increasing eigenvalue, whatever the volumes are; the rest
        is the problem of ellipsoids along given axes (`gaussmix.covariance.variances.of_equal_shape`).
        """
        values, axes = np.linalg.eigh(with_additions(statistics, regularization))
        variances, at_floor = of_equal_shape(
            values,
            statistics.counts,
            isotropic(regularization.floor),
            None if previous is None else previous.volumes(),
            strict=regularization.strict,
        )
        return CovarianceEstimate(*along_axes(variances, axes, at_floor))
