"""Low-rank covariances: a few factors and independent noise, for many features.

A component's covariance is ``W W' + diag(psi)`` with loadings W of shape (D, rank): its features depend on
one another through a few hidden factors alone. The noise is the same in every direction (mixtures of
probabilistic principal component analysers: Tipping and Bishop 1999, Neural Computation 11, 443), or each
feature's own (mixtures of factor analysers: McLachlan and Peel 2000, Finite Mixture Models, chapter 8).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import CovarianceEstimate, MixtureParameters, Regularization
from gaussmix.core.representation import MatrixRepresentation, Representation
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import isotropic, with_additions
from gaussmix.covariance.scatter import Scatters
from gaussmix.exceptions import DegenerateCovarianceError

MOST_TURNS = 20
"""Turns in loadings and noise where an M-step begins anew."""
TURNS_WITHIN_EM = 4
"""The same where it goes on from the last one: the next E-step will move the optimum by more."""
TURN_TOLERANCE = 1e-6
"""Relative change of all variances of noise below which the turns end."""


HEYWOOD = 50.0
"""Least noise of a feature, in multiples of the floor. Of few rows a factor often becomes one of the features
(a Heywood case), whose noise then vanishes ever more slowly: there is nothing to be gained by waiting."""


@dataclass(frozen=True)
class Factors:
    """Covariances as noise and loadings.

    Parameters
    ----------
    noise : ndarray of shape (K, D)
        Variances of the noise.
    loadings : ndarray of shape (K, D, rank)
    deviance : ndarray of shape (K,)
        ``log|S| + trace(inv(S) scatter)`` of each covariance S, for scatter over its count.
    """

    noise: Array
    loadings: Array
    deviance: Array

    def covariances(self) -> Array:
        """Return the covariance matrices, shape (K, D, D)."""
        matrices: Array = self.loadings @ self.loadings.swapaxes(1, 2)
        np.einsum("kdd->kd", matrices)[...] += self.noise
        return matrices

    def whitening_factors(self) -> Array:
        """Return the whitening factors of the covariances, shape (K, D, D), at little cost.

        Row i whitens feature i given those before it. With P the covariance of the factors given those, and
        m their mean, that is ``(z_i - w_i m) / sqrt(psi_i + w_i' P w_i)``.
        """
        n_factors = self.loadings.shape[2]
        weighted = self.loadings / self.noise[:, :, None]
        information = np.cumsum(self.loadings[..., :, None] * weighted[..., None, :], axis=1)
        before = np.concatenate([np.zeros_like(information[:, :1]), information[:, :-1]], axis=1)
        posterior = np.linalg.inv(before + np.eye(n_factors))
        spread = np.einsum("kdij,kdj->kdi", posterior, self.loadings)
        deviations = np.sqrt(self.noise + (spread * self.loadings).sum(axis=2))
        spread /= -deviations[:, :, None]
        factors: Array = np.tril(spread @ weighted.swapaxes(1, 2), -1)
        np.einsum("kdd->kd", factors)[...] = 1.0 / deviations
        return factors


def loadings_of(covariances: Array, noise: Array, rank: int) -> Array:
    """Return the loadings that covariances have beside noise, shape (K, D, rank).

    Of all rotations that along the leading eigenvectors in units of the noise.

    Parameters
    ----------
    covariances : ndarray of shape (K, D, D)
    noise : ndarray of shape (K, D)
    rank : int
    """
    rest = covariances.copy()
    np.einsum("kdd->kd", rest)[...] -= noise
    root = np.sqrt(noise)
    values, vectors = Scatters(rest).leading(1.0 / root, min(rank, covariances.shape[1]))
    return np.asarray(root[:, :, None] * vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])


class LowRankFamily(ABC):
    """What the low-rank families share.

    Parameters
    ----------
    rank : int or None
        Number of factors. None where it is still to be chosen; it counts as one until then.
    """

    name: str
    identifier: str
    meaning: str
    representation: Representation = MatrixRepresentation()
    moments = Moments.FULL
    common_scale = False
    independent = True
    in_other_units = "factor_analysis"
    one_dimensional = False

    def __init__(self, rank: int | None = None) -> None:
        self.rank = rank

    def with_rank(self, rank: int) -> Self:
        """Return the family with a number of factors."""
        return type(self)(rank)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters: loadings count up to rotation."""
        rank = min(self.rank or 1, n_features - 1)
        loadings = n_features * rank - rank * (rank - 1) // 2
        return n_components * (loadings + self._n_noise(n_features))

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return loadings and noise that fit each component's scatter best."""
        second = with_additions(statistics, regularization)
        scatters = Scatters(second / statistics.counts[:, None, None])
        before = None if previous is None else previous.uniquenesses
        found, repaired = self.factors(scatters, regularization, before)
        return CovarianceEstimate(
            found.covariances(), found.whitening_factors(), repaired, uniquenesses=found.noise
        )

    @abstractmethod
    def factors(
        self, scatters: Scatters, regularization: Regularization, before: Array | None = None
    ) -> tuple[Factors, NDArray[np.bool_]]:
        """Return what fits scatter over counts best, and which components stand at the floor.

        Parameters
        ----------
        scatters : Scatters
        regularization : Regularization
        before : ndarray of shape (K, D), optional
            Variances of noise to begin at.

        Raises
        ------
        DegenerateCovarianceError
            If there is no noise left and the regularisation is strict.
        """

    @abstractmethod
    def _n_noise(self, n_features: int) -> int:
        """Return the number of free variances of a component's noise."""


class PrincipalComponentsFamily(LowRankFamily):
    """A few factors and noise of one variance in all directions (mixtures of PPCA)."""

    name = "ppca"
    identifier = "ppca"
    meaning = "each component varies along a few directions of its own, and alike in all others"
    common_scale = True

    def factors(
        self, scatters: Scatters, regularization: Regularization, before: Array | None = None
    ) -> tuple[Factors, NDArray[np.bool_]]:
        """Return the leading eigenvectors, and the mean of the other eigenvalues as noise (closed form)."""
        n_features = scatters.n_features
        rank = min(self.rank or 1, n_features - 1)
        values, vectors = scatters.leading(np.ones((scatters.number, n_features)), rank)
        values = np.maximum(values, 0.0)
        rest = np.maximum(scatters.diagonals.sum(axis=1) - values.sum(axis=1), 0.0)
        noise = rest / (n_features - rank)
        if regularization.strict:
            if not (noise > np.finfo(float).eps * scatters.diagonals.max(axis=1)).all():
                raise DegenerateCovarianceError
            floor = 0.0
        else:
            floor = float(isotropic(regularization.floor)[0])
        repaired = noise < floor
        noise = np.maximum(noise, floor)
        kept = np.maximum(values, noise[:, None])
        deviance = np.log(kept).sum(axis=1) + (n_features - rank) * np.log(noise)
        deviance = deviance + (values / kept).sum(axis=1) + rest / noise
        loadings = vectors * np.sqrt(kept - noise[:, None])[:, None, :]
        return Factors(np.tile(noise[:, None], n_features), loadings, deviance), repaired

    def _n_noise(self, n_features: int) -> int:
        return 1


class FactorAnalysisFamily(LowRankFamily):
    """A few factors and noise of its own variance in each feature (mixtures of factor analysers)."""

    name = "factor_analysis"
    identifier = "factor_analysis"
    meaning = "in each component a few hidden factors of its own bind the features, each noisy by itself"

    def factors(
        self, scatters: Scatters, regularization: Regularization, before: Array | None = None
    ) -> tuple[Factors, NDArray[np.bool_]]:
        """Return loadings and noise, by turns.

        The best loadings for given noise are leading eigenvectors in units of it; the noise that follows is
        what they leave of each feature's variance, which is a step of EM, so that no turn lowers the
        likelihood.
        """
        rank = min(self.rank or 1, scatters.n_features - 1)
        strict = regularization.strict
        floor = np.finfo(float).eps * scatters.diagonals if strict else HEYWOOD * regularization.floor
        noise = np.maximum(scatters.diagonals if before is None else before, floor)
        if not (noise > 0.0).all():
            raise DegenerateCovarianceError
        for _ in range(MOST_TURNS if before is None else TURNS_WITHIN_EM):
            last = noise
            root = np.sqrt(noise)
            values, vectors = scatters.leading(1.0 / root, rank)
            values = np.maximum(values, 1.0)
            loadings = root[:, :, None] * vectors * np.sqrt(values - 1.0)[:, None, :]
            noise = np.maximum(scatters.diagonals - (loadings**2).sum(axis=2), floor)
            if np.abs(noise / last - 1.0).max() < TURN_TOLERANCE:
                break
        # The loadings are the best for the noise of the last turn but one.
        deviance = np.log(last).sum(axis=1) + (scatters.diagonals / last).sum(axis=1)
        deviance = deviance + (np.log(values) - values + 1.0).sum(axis=1)
        at_floor = (noise <= floor).sum(axis=1)
        if strict and (at_floor > rank).any():
            raise DegenerateCovarianceError
        # A feature without noise of its own is as good as a factor; only more of them make a flat ellipsoid.
        return Factors(noise, loadings, deviance), at_floor > rank

    def _n_noise(self, n_features: int) -> int:
        return n_features
