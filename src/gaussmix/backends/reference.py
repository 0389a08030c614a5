"""E-steps in plain NumPy: the specification that every other backend is tested against."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends.base import Evaluation, Outputs
from gaussmix.backends.side_by_side import climb_each_by_steps, run_each_by_steps
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.parameters import Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.stack import DensityStack, Ends, MixtureStack, StatisticsStack
from gaussmix.core.statistics import Moments, SufficientStatistics

BLOCK_ROWS = 4096
SAME_DISTANCE = 1e-12
"""Squared distances that differ by less than this part of them are the same."""


class ReferenceBackend:
    """The E-step written for reading. Works block by block, so that no N x K array exists."""

    name = "reference"

    def expect(self, rows: Rows, density: Density, moments: Moments) -> SufficientStatistics:
        """Return the sufficient statistics of the rows under the density, about its means."""
        total: SufficientStatistics | None = None
        for block, start in _blocks(rows):
            z = rows.coordinates.to_working(block)
            weight = np.ones(len(z))
            if rows.sample_weight is not None:
                weight = rows.sample_weight[start : start + len(z)]
                z, weight = z[weight > 0], weight[weight > 0]
            log_density, responsibilities = _posterior(z, density)
            part = SufficientStatistics.from_responsibilities(
                z, density.means, responsibilities * weight[:, None], moments, float(weight @ log_density)
            )
            total = part if total is None else total + part
        assert total is not None
        return total

    def expect_each(
        self, rows: Rows, ranges: NDArray[np.int64], densities: DensityStack, moments: Moments
    ) -> StatisticsStack:
        """Return what `expect` does of several densities, each of a range of the rows."""
        each = []
        for s, (begin, end) in enumerate(ranges):
            weight = None if rows.sample_weight is None else rows.sample_weight[begin:end]
            density = Density(
                densities.log_constants[s], densities.means[s], densities.factor[s], densities.form
            )
            each.append(self.expect(Rows(rows.X[begin:end], rows.coordinates, weight), density, moments))
        return StatisticsStack.of(each)

    def run_each(
        self,
        rows: Rows,
        ranges: NDArray[np.int64],
        starts: MixtureStack,
        regularization: Regularization,
        *,
        n_iter: int,
        tol: float,
    ) -> tuple[MixtureStack, StatisticsStack, Array]:
        """Return what `gaussmix.core.stack.run_each` does, each mixture on a range of the rows."""
        return run_each_by_steps(self, rows, ranges, starts, regularization, n_iter=n_iter, tol=tol)

    def climb_each(
        self,
        rows: Rows,
        ranges: NDArray[np.int64],
        starts: MixtureStack,
        regularization: Regularization,
        *,
        tol: float,
        max_iter: int,
    ) -> Ends:
        """Return where `core.em.run_em` ends from each of several starts, each on a range of the rows."""
        return climb_each_by_steps(self, rows, ranges, starts, regularization, tol=tol, max_iter=max_iter)

    def evaluate(self, rows: Rows, density: Density, outputs: Outputs) -> Evaluation:
        """Return what the density says of each row, sample weights disregarded."""
        log_densities = []
        responsibilities = []
        for block, _ in _blocks(rows):
            log_density, resp = _posterior(rows.coordinates.to_working(block), density)
            log_densities.append(log_density + rows.coordinates.log_jacobian)
            responsibilities.append(resp)
        resp = np.concatenate(responsibilities)
        return Evaluation(
            log_density=np.concatenate(log_densities) if Outputs.LOG_DENSITY in outputs else None,
            label=resp.argmax(axis=1) if Outputs.LABEL in outputs else None,
            probability=resp.max(axis=1) if Outputs.PROBABILITY in outputs else None,
            responsibilities=resp if Outputs.RESPONSIBILITIES in outputs else None,
        )

    def squared_distances(self, rows: Rows, center: Array, bound: Array) -> Array:
        """Return each row's squared distance from a centre, or its bound if that is less."""
        distances: Array = ((rows.coordinates.to_working(rows.X) - center) ** 2).sum(axis=1)
        return np.minimum(distances, bound)

    def inertias(self, rows: Rows, centers: Array, bound: Array) -> Array:
        """Return the weighted sums over rows of what `squared_distances` gives for each of the centres."""
        weight = np.ones(rows.n_rows) if rows.sample_weight is None else rows.sample_weight
        return np.array([weight @ self.squared_distances(rows, center, bound) for center in centers])

    def assign(self, rows: Rows, centers: Array) -> tuple[Array, Array]:
        """Return sums over the rows that are nearest to each centre: the assignment step of k-means."""
        z = rows.coordinates.to_working(rows.X)
        weight = np.ones(len(z)) if rows.sample_weight is None else rows.sample_weight
        far = np.full(len(z), np.inf)
        distances = np.array([self.squared_distances(rows, center, far) for center in centers])
        nearest = distances <= distances.min(axis=0) * (1.0 + SAME_DISTANCE)
        shares = weight * nearest / nearest.sum(axis=0)
        counts = shares.sum(axis=1)
        return counts, np.array([share @ (z - center) for share, center in zip(shares, centers, strict=True)])


def _blocks(rows: Rows) -> Iterator[tuple[np.ndarray, int]]:
    """Yield consecutive blocks of rows with the number of their first row (one block if N is 0)."""
    for start in range(0, max(rows.n_rows, 1), BLOCK_ROWS):
        yield rows.X[start : start + BLOCK_ROWS], start


def squared_distances(z: Array, density: Density) -> Array:
    """Return the squared Mahalanobis distance of each row from each mean, shape (N, K)."""
    result = np.empty((len(z), density.n_components))
    for k, mean in enumerate(density.means):
        difference = z - mean
        if density.form is FactorForm.FULL:
            whitened = difference @ density.factor[k].T
        elif density.form is FactorForm.SHARED:
            whitened = difference @ density.factor.T
        else:  # a diagonal, or one number: broadcasting serves both
            whitened = difference * density.factor[k]
        result[:, k] = np.einsum("nd,nd->n", whitened, whitened)
    return result


def _posterior(z: Array, density: Density) -> tuple[Array, Array]:
    """Return log-density (N,) and responsibilities (N, K) of rows in working coordinates."""
    log_joint = density.log_constants - 0.5 * squared_distances(z, density)
    highest = log_joint.max(axis=1, initial=-np.inf)
    nowhere = highest == -np.inf
    joint = np.exp(log_joint - np.where(nowhere, 0.0, highest)[:, None])
    total = joint.sum(axis=1)
    joint[nowhere] = 1.0 / density.n_components
    with np.errstate(divide="ignore"):
        log_density = np.where(nowhere, -np.inf, highest + np.log(total))
    return log_density, joint / np.where(nowhere, 1.0, total)[:, None]
