"""Ellipsoids of equal orientation: components that share their axes."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation, Representation
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.axes import VariancesOf, along_axes, axes_of, common_axes
from gaussmix.covariance.floor import isotropic, regularize_variances, with_additions
from gaussmix.covariance.variances import of_equal_volume


class SharedAxesFamily:
    """Ellipsoids of the same orientation that differ in volume and shape (mclust's VVE)."""

    name = "VVE"
    identifier = "VVE"
    meaning = "components are ellipsoids of equal orientation, and of varying volume and shape"
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = True
    independent = False
    in_other_units = "VVV"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components * n_features + n_features * (n_features - 1) // 2

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return common axes with variances along them, by iteration; see `gaussmix.covariance.axes`."""
        second = with_additions(statistics, regularization)
        axes, variances, at_floor = common_axes(
            second,
            statistics.counts,
            self._variances_of(statistics.counts, regularization),
            None if previous is None else _axes_of(previous),
            settled=previous is None or previous.axes is not None,
        )
        return CovarianceEstimate(*along_axes(variances, axes, at_floor), axes)

    def _variances_of(self, counts: Array, regularization: Regularization) -> VariancesOf:
        """Return what finds the best variances for sums of squares along axes."""
        floor = isotropic(regularization.floor)

        def own_variances(sums: Array) -> tuple[Array, NDArray[np.bool_]]:
            variances, below = regularize_variances(
                sums / counts[:, None], np.zeros(1), floor, strict=regularization.strict
            )
            return variances, np.any(below, axis=1)

        return own_variances


class SharedAxesEqualVolumeFamily(SharedAxesFamily):
    """Ellipsoids of the same volume and orientation that differ in shape (mclust's EVE)."""

    name = "EVE"
    identifier = "EVE"
    meaning = "components are ellipsoids of equal volume and orientation, and of varying shape"
    in_other_units = "EVV"

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return 1 + n_components * (n_features - 1) + n_features * (n_features - 1) // 2

    def _variances_of(self, counts: Array, regularization: Regularization) -> VariancesOf:
        """Return what finds the best variances for sums of squares along axes."""
        return partial(
            of_equal_volume,
            counts=counts,
            floor=isotropic(regularization.floor),
            strict=regularization.strict,
        )


def _axes_of(previous: MixtureParameters) -> Array:
    """Return the axes that the components of a mixture share."""
    if previous.axes is not None:
        return previous.axes
    matrices = previous.family.representation.matrices(previous.covariances, *previous.means.shape)
    return axes_of(matrices)
