"""The parameters of a mixture, and what a covariance family has to provide for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import LOG_2_PI, Density, FactorForm
from gaussmix.core.noise import N_PARAMETERS, Noise
from gaussmix.core.prior import PriorSums
from gaussmix.core.representation import Representation
from gaussmix.core.rows import Array, Coordinates
from gaussmix.core.statistics import Moments, SufficientStatistics

VARIANCE_OF_A_STEP = 0.25
"""Least variance of a component, in squared steps of recorded values: that of rows of which half were written
down as one value and half as the next."""
FLOOR_STEP = 100.0
"""Factor by which the floor may exceed its share of the spread within components, and by which it is
lowered then."""


@dataclass(frozen=True)
class Regularization:
    """How covariances are kept away from singular, in working coordinates.

    Parameters
    ----------
    floor : ndarray of shape (D,)
        Least variance allowed: covariances are raised to ``diag(floor)`` in the order of positive
        semidefinite matrices. That is the exact M-step under this constraint, so EM stays monotone,
        and covariances above the floor are not changed at all.
    addition : ndarray of shape (D,)
        Added to the diagonal of every covariance, as scikit-learn's ``reg_covar`` is.
    strict : bool
        Raise `DegenerateCovarianceError` where a covariance is singular in place of repairing it.
    relative : float
        The floor as a share of the spread of each feature.
    lowest : ndarray of shape (D,) or float
        What rounding needs: the floor is never lowered below this.
    prior : PriorSums, optional
        Added to the sums of every M-step; what EM then raises is the likelihood times the prior's density.
    recorded : ndarray of shape (D,) or float
        Least variance that is due to the step to which values were recorded; see
        `gaussmix.core.resolution`. `for_spread_within` brings it into the floor. Who stands there has not
        collapsed: more cannot be known of its rows.
    """

    floor: Array
    addition: Array
    strict: bool = False
    relative: float = 1.0
    lowest: Array | float = 0.0
    prior: PriorSums | None = None
    recorded: Array | float = 0.0

    @property
    def step(self) -> Array:
        """The step to which the values of each feature were recorded, shape (D,), or zero."""
        return np.sqrt(np.broadcast_to(self.recorded, self.floor.shape) / VARIANCE_OF_A_STEP)

    def for_spread_within(self, variances: Array, n_components: int) -> Regularization:
        """Return the same with a floor that is small beside the variances within components too.

        And no smaller than what recorded values allow, if there are several components: a single one has
        nothing to close in on, and is the mean and covariance of the rows.

        Groups far apart have a spread between them that says nothing of the spread within. The floor is
        lowered in large steps, so that it hardly ever depends on which start the variances are those of.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.log(self.floor) - np.log(FLOOR_STEP * self.relative * variances)
        steps = np.ceil(np.maximum(excess, 0.0) / np.log(FLOOR_STEP))
        with np.errstate(invalid="ignore"):  # no floor, or no variance
            lowered = np.nan_to_num(self.floor * FLOOR_STEP**-steps)
        floor = np.maximum(np.minimum(self.floor, lowered), self.lowest)
        recorded = self.recorded if n_components > 1 else 0.0
        return replace(self, floor=np.maximum(floor, recorded), recorded=recorded)

    def without_additions(self) -> Regularization:
        """Return a floor in place of additions to the diagonal: with it EM is monotone, and never raises."""
        return replace(
            self,
            floor=np.maximum(self.floor, self.addition),
            addition=np.zeros_like(self.addition),
            strict=False,
        )


@dataclass(frozen=True)
class CovarianceEstimate:
    """What the M-step of a covariance family returns.

    Parameters
    ----------
    covariances : ndarray, shape given by the family's representation
    factor : ndarray of the same shape
        Their whitening factors.
    repaired : ndarray of bool, shape (K,)
        Components whose covariance had to be raised to the floor.
    axes : ndarray of shape (D, D), optional
        The axes that all components share, as columns, of a family that has such.
    uniquenesses : ndarray of shape (K, D), optional
        Variances of the noise beside the factors, of a family that has such.
    """

    covariances: Array
    factor: Array
    repaired: NDArray[np.bool_]
    axes: Array | None = None
    uniquenesses: Array | None = None


class CovarianceFamily(Protocol):
    """A constraint on the covariances of a mixture: one object a family, without state."""

    name: str
    """scikit-learn's name, such as ``"full"``; mclust's identifier where scikit-learn has none."""
    identifier: str
    """mclust's identifier, such as ``"VVV"``."""
    meaning: str
    """One line in plain words."""
    representation: Representation
    """How the covariances are stored."""
    moments: Moments
    """The second moments that the M-step needs."""
    common_scale: bool
    """Whether all features must be scaled alike for the family to stay what it is."""
    independent: bool
    """Whether each component's covariance is estimated from its own statistics alone."""
    in_other_units: str
    """mclust's identifier of the family that it turns into when each feature changes its own unit."""
    one_dimensional: bool
    """Whether the family is defined for a single feature only."""

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""
        ...

    def estimate(
        self,
        statistics: SufficientStatistics,
        regularization: Regularization,
        previous: MixtureParameters | None = None,
    ) -> CovarianceEstimate:
        """Return the covariances that maximise the expected log-likelihood.

        The statistics are taken about the components' new means, and every component has rows. Families
        whose M-step is an iteration begin it at the previous parameters, if there are any, so that what
        they return is never less likely than those, however early the iteration stops.
        """
        ...


def n_free_parameters(family: CovarianceFamily, n_components: int, n_features: int) -> int:
    """Return the number of free parameters of a mixture: of weights, means and covariances."""
    weights_and_means = n_components - 1 + n_components * n_features
    return weights_and_means + family.n_parameters(n_components, n_features)


@dataclass(frozen=True)
class MixtureParameters:
    """Weights, means, covariances and whitening factors of a Gaussian mixture.

    The factors are kept beside the covariances because both are wanted everywhere, and computing one
    from the other anew would round.

    Parameters
    ----------
    family : CovarianceFamily
    weights : ndarray of shape (K,)
        Not negative, summing to one, or to what noise leaves of it.
    means : ndarray of shape (K, D)
    covariances : ndarray, shape given by the family's representation
    factor : ndarray of the same shape
        Whitening factors, see `gaussmix.core.density`.
    repaired : ndarray of bool, shape (K,)
        Components whose covariance stands at the floor.
    axes : ndarray of shape (D, D), optional
        The axes that all components share, as columns, if an M-step found such.
    noise : Noise, optional
    uniquenesses : ndarray of shape (K, D), optional
        Variances of the noise beside the factors of each component, if an M-step found such.
    """

    family: CovarianceFamily
    weights: Array
    means: Array
    covariances: Array
    factor: Array
    repaired: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    axes: Array | None = None
    noise: Noise | None = None
    uniquenesses: Array | None = None

    def __post_init__(self) -> None:
        """Fill in what was left out."""
        if len(self.repaired) != len(self.weights):
            object.__setattr__(self, "repaired", np.zeros(len(self.weights), dtype=bool))

    @classmethod
    def from_covariances(
        cls, family: CovarianceFamily, weights: Array, means: Array, covariances: Array
    ) -> MixtureParameters:
        """Return parameters with the factors computed from covariances.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a covariance is not positive definite.
        """
        return cls(family, weights, means, covariances, family.representation.factor(covariances))

    @classmethod
    def from_factor(
        cls, family: CovarianceFamily, weights: Array, means: Array, factor: Array
    ) -> MixtureParameters:
        """Return parameters with the covariances computed from whitening factors."""
        return cls(family, weights, means, family.representation.covariances(factor), factor)

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return int(self.means.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features D."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: of weights, means and covariances."""
        of_components = n_free_parameters(self.family, self.n_components, self.n_features)
        return of_components + (0 if self.noise is None else N_PARAMETERS)

    def reordered(self, order: NDArray[np.intp]) -> MixtureParameters:
        """Return the same mixture with its components in another order."""
        shared = self.family.representation.form is FactorForm.SHARED
        return replace(
            self,
            weights=self.weights[order],
            means=self.means[order],
            covariances=self.covariances if shared else self.covariances[order],
            factor=self.factor if shared else self.factor[order],
            repaired=self.repaired[order],
            uniquenesses=None if self.uniquenesses is None else self.uniquenesses[order],
        )

    def pooled_variances(self) -> Array:
        """Return the variance of each feature within components, shape (D,)."""
        variances = self.family.representation.variances(self.covariances, *self.means.shape)
        pooled: Array = self.weights @ variances
        return pooled

    def volumes(self) -> Array:
        """Return the geometric mean of the eigenvalues of each component's covariance, shape (K,)."""
        log_determinants = self.family.representation.log_determinants(self.factor, *self.means.shape)
        return np.exp(log_determinants * (-2.0 / self.n_features))

    def density(self) -> Density:
        """Return the density that an E-step evaluates, with noise as one more component at the end."""
        representation = self.family.representation
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.weights)
        log_determinants = representation.log_determinants(self.factor, *self.means.shape)
        log_constants = log_weights + log_determinants - 0.5 * self.n_features * LOG_2_PI
        density = Density(log_constants, self.means, self.factor, representation.form)
        return density if self.noise is None else self.noise.beside(density)

    def to_working(self, coordinates: Coordinates) -> MixtureParameters:
        """Return the same mixture, given in the data's units, in working coordinates."""
        return self._mapped(coordinates.to_working(self.means), coordinates.scale)

    def to_data(self, coordinates: Coordinates) -> MixtureParameters:
        """Return the same mixture, given in working coordinates, in the data's units."""
        return self._mapped(coordinates.to_data(self.means), 1.0 / coordinates.scale)

    def _mapped(self, means: Array, scale: Array) -> MixtureParameters:
        """Return the mixture with other means and with features multiplied by `scale`."""
        representation = self.family.representation
        noise = self.noise
        if noise is not None:
            noise = replace(noise, log_density=noise.log_density - float(np.log(scale).sum()))
        return replace(
            self,
            noise=noise,
            uniquenesses=None if self.uniquenesses is None else self.uniquenesses * scale * scale,
            means=means,
            covariances=representation.rescale_covariances(self.covariances, scale),
            factor=representation.rescale_factor(self.factor, scale),
        )
