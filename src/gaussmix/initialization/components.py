"""Taking mixtures apart: each component's scatter, splits, mergers, and mixtures made of the parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack, StatisticsStack, maximise_each
from gaussmix.core.statistics import Moments, SufficientStatistics


@dataclass(frozen=True)
class Parts:
    """Components as what a mixture can be made of, whatever its family.

    Parameters
    ----------
    counts : ndarray of shape (K,)
    means : ndarray of shape (K, D)
    scatter : ndarray of shape (K, D, D)
        About the means.
    """

    counts: Array
    means: Array
    scatter: Array

    @classmethod
    def of(cls, statistics: SufficientStatistics) -> Parts:
        """Return the parts that statistics with full second moments describe."""
        centered = statistics.centered()
        return cls(centered.counts, centered.centers, centered.second)

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, chosen: NDArray[np.intp] | list[np.intp]) -> Parts:
        """Return some of the parts."""
        return Parts(self.counts[chosen], self.means[chosen], self.scatter[chosen])

    def __add__(self, other: Parts) -> Parts:
        """Return these parts and others."""
        return Parts(
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.means, other.means]),
            np.concatenate([self.scatter, other.scatter]),
        )

    def scaled(self, share: float) -> Parts:
        """Return the parts with the weight of all rows multiplied."""
        return Parts(self.counts * share, self.means, self.scatter * share)

    def without(self, numbers: tuple[int, ...]) -> Parts:
        """Return all parts but some."""
        kept = np.ones(len(self), dtype=bool)
        kept[list(numbers)] = False
        return self[np.flatnonzero(kept)]

    def merged(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> Parts:
        """Return, for each pair of numbers, the part that holds the rows of both."""
        counts = self.counts[i] + self.counts[j]
        first, second = self.counts[i] / counts, self.counts[j] / counts
        apart = self.means[i] - self.means[j]
        means = first[:, None] * self.means[i] + second[:, None] * self.means[j]
        between = (counts * first * second)[:, None, None] * apart[:, :, None] * apart[:, None, :]
        return Parts(counts, means, self.scatter[i] + self.scatter[j] + between)

    def mixture(self, family: CovarianceFamily, regularization: Regularization) -> MixtureParameters:
        """Return the mixture of a family that has these parts."""
        return PartsStack.of([self]).mixtures(family, regularization)[0]


@dataclass(frozen=True)
class PartsStack:
    """The components of several mixtures, equally many of each.

    Parameters
    ----------
    counts : ndarray of shape (S, K)
    means : ndarray of shape (S, K, D)
    scatter : ndarray of shape (S, K, D, D)
        About the means.
    """

    counts: Array
    means: Array
    scatter: Array

    @classmethod
    def of(cls, parts: Sequence[Parts]) -> PartsStack:
        """Return the components of several mixtures as a stack."""
        return cls(
            np.stack([one.counts for one in parts]),
            np.stack([one.means for one in parts]),
            np.stack([one.scatter for one in parts]),
        )

    def mixtures(self, family: CovarianceFamily, regularization: Regularization) -> MixtureStack:
        """Return the mixtures of a family that have these components.

        Raises
        ------
        DegenerateCovarianceError
            If a covariance is singular and the regularisation is strict.
        """
        statistics = StatisticsStack(
            self.means,
            self.counts,
            np.zeros_like(self.means),
            reduced(self.scatter, family.moments),
            family.moments,
            np.zeros(len(self.counts)),
            self.counts.sum(axis=1),
        )
        return maximise_each(statistics, family, regularization)


def reduced(scatter: Array, moments: Moments) -> Array:
    """Return second moments of K components from their scatter matrices, shape (..., K, D, D)."""
    if moments is Moments.FULL:
        return scatter
    if moments is Moments.POOLED:
        pooled: Array = scatter.sum(axis=-3)
        return pooled
    diagonals = np.einsum("...dd->...d", scatter)
    if moments is Moments.DIAGONAL:
        return np.array(diagonals)
    traces: Array = diagonals.sum(axis=-1)
    return traces


def log_volumes(parts: Parts, moments: Moments, floor: Array, within: Array) -> Array:
    """Return the log-determinant of the covariance that each part would have of its own.

    Parameters
    ----------
    parts : Parts
    moments : Moments
        Those of the family: whether covariances are matrices, diagonal, or spheres. Where all components
        share a covariance it is linear in the scatter, about that of the present mixture.
    floor : ndarray of shape (D,)
    within : ndarray of shape (D, D)
        Pooled covariance of the present mixture.
    """
    n_features = len(floor)
    covariances = parts.scatter / parts.counts[:, None, None]
    if moments is Moments.FULL:
        covariances = covariances + np.diag(floor)
        return np.asarray(np.linalg.slogdet(covariances)[1])
    diagonals = np.einsum("kdd->kd", covariances) + floor
    if moments is Moments.DIAGONAL:
        return np.asarray(np.log(diagonals).sum(axis=1))
    if moments is Moments.TRACE:
        return np.asarray(n_features * np.log(diagonals.mean(axis=1)))
    inverse = np.linalg.pinv(within + np.diag(floor), hermitian=True)
    return np.asarray(np.einsum("de,kde->k", inverse, covariances) - n_features)
