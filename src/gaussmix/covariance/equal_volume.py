"""Ellipsoids of equal volume that differ in shape and orientation."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation, Representation
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.axes import along_axes
from gaussmix.covariance.floor import are_above_floor, with_additions
from gaussmix.covariance.variances import of_equal_volume
from gaussmix.exceptions import DegenerateCovarianceError


class EqualVolumeFamily:
    """Ellipsoids of the same volume that differ in shape and orientation (mclust's EVV)."""

    name = "EVV"
    identifier = "EVV"
    meaning = "components are ellipsoids of equal volume, and of varying shape and orientation"
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = False
    independent = False
    in_other_units = "EVV"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return 1 + n_components * (n_features * (n_features + 1) // 2 - 1)

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return each component's scatter, brought to one volume."""
        second = with_additions(statistics, regularization)
        counts = statistics.counts
        try:
            factors = self.representation.factor(second)
        except np.linalg.LinAlgError:
            if regularization.strict:
                raise DegenerateCovarianceError from None
        else:
            n_components, n_features = statistics.centers.shape
            log_determinants = self.representation.log_determinants(factors, n_components, n_features)
            volumes = np.exp(log_determinants * (-2.0 / n_features))
            ratios = volumes.sum() / counts.sum() / volumes
            covariances = second * ratios[:, None, None]
            factors /= np.sqrt(ratios)[:, None, None]
            if regularization.strict or are_above_floor(covariances, factors, regularization.floor):
                return CovarianceEstimate(covariances, factors, np.zeros(n_components, dtype=bool))
        return self._above_floor(second, counts, regularization.floor)

    def _above_floor(self, second: Array, counts: Array, floor: Array) -> CovarianceEstimate:
        """Return the same where the floor binds: then it does on eigenvalues, in units of the floor."""
        root = np.sqrt(floor)
        values, axes = np.linalg.eigh(second / root / root[:, None])
        variances, at_floor = of_equal_volume(values, counts, np.ones_like(floor), strict=False)
        covariances, factors, at_floor = along_axes(variances, axes, at_floor)
        return CovarianceEstimate(covariances * root * root[:, None], factors / root, at_floor)
