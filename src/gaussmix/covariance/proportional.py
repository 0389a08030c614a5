"""Ellipsoids of equal shape and orientation: covariances that are multiples of one matrix."""

from __future__ import annotations

import numpy as np

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation, Representation
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.axes import along_axes
from gaussmix.covariance.floor import are_above_floor, with_additions
from gaussmix.covariance.variances import LARGEST_NUMBER_OF_SWEEPS, ROUNDING, Patience
from gaussmix.exceptions import DegenerateCovarianceError

_LEAST_TRACE = 1e-14
"""A component without any scatter begins with this part of the total."""


class ProportionalFamily:
    """Ellipsoids of the same shape and orientation that differ in volume (mclust's VEE)."""

    name = "VEE"
    identifier = "VEE"
    meaning = "components are ellipsoids of equal shape and orientation, and of varying volume"
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = False
    independent = False
    in_other_units = "VEE"
    one_dimensional = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        return n_components - 1 + n_features * (n_features + 1) // 2

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return volumes times a matrix, by turns in the two (Celeux and Govaert 1995, model lambda_k C).

        Each turn is exact. The iteration ends when no volume changes by `VOLUME_TOLERANCE`, or after
        `LARGEST_NUMBER_OF_SWEEPS`.
        """
        second = with_additions(statistics, regularization)
        counts = statistics.counts
        if previous is not None:
            first = previous.volumes()
        else:
            traces = np.einsum("kdd->k", second)
            first = np.maximum(traces, _LEAST_TRACE * traces.sum()) / counts
        first = np.maximum(first, np.finfo(float).tiny)  # where all rows are on one point
        try:
            stop = Patience(within_em=previous is not None)
            volumes, matrix, factor = self._free(second, counts, first, stop)
        except np.linalg.LinAlgError:
            if regularization.strict:
                raise DegenerateCovarianceError from None
        else:
            factors = factor / np.sqrt(volumes)[:, None, None]
            covariances = volumes[:, None, None] * (0.5 * (matrix + matrix.T))
            if regularization.strict or are_above_floor(covariances, factors, regularization.floor):
                return CovarianceEstimate(covariances, factors, np.zeros(len(counts), dtype=bool))
        stop = Patience(within_em=previous is not None)
        return self._above_floor(second, counts, first, regularization.floor, stop)

    def _free(
        self, second: Array, counts: Array, volumes: Array, stop: Patience
    ) -> tuple[Array, Array, Array]:
        """Return volumes, the matrix that they multiply, and its whitening factor."""
        n_features = second.shape[1]
        flat = second.reshape(len(counts), -1)
        per_volume = 1.0 / (n_features * counts)
        for _ in range(LARGEST_NUMBER_OF_SWEEPS):
            matrix = ((1.0 / volumes / counts.sum()) @ flat).reshape(n_features, n_features)
            factor = self.representation.factor(matrix)
            found = flat @ (factor.T @ factor).ravel() * per_volume
            if not found.min() > 0.0:
                raise np.linalg.LinAlgError("a component has no scatter")
            change = np.abs(found / volumes - 1.0).max()
            volumes = found
            if stop.after(change):
                break
        return volumes, matrix, factor

    def _above_floor(
        self, second: Array, counts: Array, volumes: Array, floor: Array, stop: Patience
    ) -> CovarianceEstimate:
        """Return the same where the floor binds.

        In units of the floor, and with the factor that is free between volumes and matrix chosen so that the
        least volume is one, covariances are above the floor if the eigenvalues of the matrix are above one,
        and the other way round; compare `gaussmix.covariance.variances`.
        """
        n_features = second.shape[1]
        root = np.sqrt(floor)
        flat = (second / root / root[:, None]).reshape(len(counts), -1)
        found = volumes
        for sweep in range(LARGEST_NUMBER_OF_SWEEPS):
            volumes = found / found.min()
            values, vectors = np.linalg.eigh(((counts.sum() * volumes) ** -1 @ flat).reshape(n_features, -1))
            values = np.maximum(values, 1.0)
            values /= values.min()
            before = found
            found = np.maximum(flat @ ((vectors / values) @ vectors.T).ravel() / (n_features * counts), 1.0)
            # The volumes that it begins with are in other units.
            if sweep > 0 and stop.after(np.abs(found / before - 1.0).max()):
                break
        covariances, factors, at_floor = along_axes(found[:, None] * values, vectors, found <= 1.0 + ROUNDING)
        return CovarianceEstimate(covariances * root * root[:, None], factors / root, at_floor)
