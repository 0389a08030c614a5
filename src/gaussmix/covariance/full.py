"""Full covariances: every component has its own."""

from __future__ import annotations

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation, Representation
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import regularize_matrices


class FullFamily:
    """Ellipsoids that differ in volume, shape and orientation (mclust's VVV)."""

    name = "full"
    identifier = "VVV"
    meaning = "each component is an ellipsoid of its own volume, shape and orientation"
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = False
    independent = True
    in_other_units = "VVV"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components * n_features * (n_features + 1) // 2

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return each component's own scatter over its count."""
        scatter = statistics.second / statistics.counts[:, None, None]
        return CovarianceEstimate(*regularize_matrices(scatter, regularization))
