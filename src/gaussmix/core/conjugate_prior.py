"""Priors on means and covariances: the conjugate ones of mclust, and one that shrinks covariances.

A mean given its covariance is normal about a common one, a covariance has an inverse Wishart distribution, a
variance an inverse gamma distribution (Fraley and Raftery 2007, Journal of Classification 24, 155).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.prior import PriorSums
from gaussmix.core.rows import Array, Coordinates
from gaussmix.core.statistics import Moments

if TYPE_CHECKING:
    from gaussmix.core.parameters import CovarianceFamily

DEFAULT_SHRINKAGE = 0.01


@dataclass(frozen=True)
class _Convention:
    """How many rows mclust lets a prior add to each component of a family.

    Parameters
    ----------
    dof : {"matrix", "variances", "sphere", "none"}
        What the degrees of freedom count for: "matrix", dof + D + 1; "variances", dof + 2; "sphere", the
        same over D; "none", nothing.
    once : bool
        Whether all components together have one scale, not each its own.
    counted_once : bool
        The same of the degrees of freedom.
    pull : {"row", "once", "feature", "none"}
        What the prior of a mean adds: a row; a row for all components together; the D-th part of a row.
    """

    dof: str
    once: bool = False
    counted_once: bool = False
    pull: str = "row"

    def count(self, dof: float, pull: float, n_features: int, n_components: int) -> float:
        """Return how many rows a component gets."""
        rows = {
            "matrix": dof + n_features + 1.0,
            "variances": dof + 2.0,
            "sphere": (dof + 2.0) / n_features,
            "none": 0.0,
        }[self.dof]
        if self.counted_once:
            rows /= n_components
        return rows + pull * {
            "row": 1.0, "once": 1.0 / n_components, "feature": 1.0 / n_features, "none": 0.0
        }[self.pull]  # fmt: skip


_EACH_MATRIX = _Convention("matrix")
_CONVENTIONS: Mapping[str, _Convention] = MappingProxyType(
    {
        "E": _Convention("sphere", once=True, counted_once=True),
        "V": _Convention("sphere"),
        "EII": _Convention("sphere", once=True, counted_once=True),
        "VII": _Convention("sphere"),
        "EEI": _Convention("variances", once=True, counted_once=True),
        "VEI": _Convention("sphere", pull="feature"),
        "EVI": _Convention("variances", counted_once=True, pull="none"),
        "VVI": _Convention("variances"),
        "EEE": _Convention("matrix", once=True, counted_once=True),
        "EEV": _Convention("matrix", counted_once=True, pull="once"),
        "VEV": _Convention("none", pull="none"),
    }
)
"""mclust's conventions. Each maximises a penalised likelihood, if not always that of a proper prior. In the
families for which mclust offers no prior, as in VVV, each component has the inverse Wishart prior."""


@dataclass(frozen=True)
class ConjugatePrior:
    """A conjugate prior on the means and covariances of a mixture, by default mclust's.

    Given its covariance S, a component's mean is normal about `mean` with covariance ``S / shrinkage``. A
    covariance matrix is inverse Wishart with `dof` degrees of freedom and scale matrix `scale`; variances of
    spheres and of ellipsoids along the axes are inverse gamma with parameters ``dof / 2`` and ``scale / 2``.

    Parameters
    ----------
    shrinkage : float, default=0.01
        How many rows the prior's mean is worth; zero leaves means alone.
    mean : array-like of shape (n_features,), optional
        None takes the mean of the data.
    dof : float, optional
        None takes the number of features plus two.
    scale : float or array-like of shape (n_features,) or (n_features, n_features), optional
        None takes the covariance of the data (where there are more rows than features; otherwise its
        diagonal), or for spheres and ellipsoids along the axes the mean of its diagonal, divided by
        ``n_components ** (2 / n_features)``. A number stands for that multiple of the identity.

    Raises
    ------
    ValueError
        If an argument is not finite, or `shrinkage` is negative or `dof` or `scale` not positive.

    Notes
    -----
    Fraley and Raftery 2007, Journal of Classification 24, 155. How much a prior counts in families whose
    components share a part of their covariances is a convention; this is mclust's, where it has one.

    Examples
    --------
    >>> from gaussmix import ConjugatePrior, GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> mixture = GaussianMixture(3, prior=ConjugatePrior(shrinkage=0.1), random_state=0)
    >>> mixture.fit(load_iris().data).converged_
    True
    """

    shrinkage: float = DEFAULT_SHRINKAGE
    mean: ArrayLike | None = None
    dof: float | None = None
    scale: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check the arguments."""
        if not (isinstance(self.shrinkage, Real) and np.isfinite(self.shrinkage) and self.shrinkage >= 0):
            raise ValueError(f"shrinkage should be a number of zero or more, but is {self.shrinkage!r}")
        if self.dof is not None and not (
            isinstance(self.dof, Real) and np.isfinite(self.dof) and self.dof > 0
        ):
            raise ValueError(f"dof should be a positive number, but is {self.dof!r}")
        if self.mean is not None:
            mean = np.asarray(self.mean, dtype=float)
            if mean.ndim != 1 or not np.isfinite(mean).all():
                raise ValueError("mean should hold a finite number for each feature")
        if self.scale is not None:
            scale = np.asarray(self.scale, dtype=float)
            if scale.ndim > 2 or not np.isfinite(scale).all():
                raise ValueError("scale should be a number, or hold one for each feature, or be a matrix")
            diagonal = np.diag(scale) if scale.ndim == 2 else scale
            if not (diagonal > 0).all() or (scale.ndim == 2 and not _is_positive_definite(scale)):
                raise ValueError("scale should be positive; a matrix symmetric and positive definite")

    def __eq__(self, other: object) -> bool:
        """Return whether two priors are the same."""
        return isinstance(other, ConjugatePrior) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        """Return a number that equal priors share."""
        return hash((self.shrinkage, self.dof))

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments as numbers and lists."""
        return {
            "shrinkage": float(self.shrinkage),
            "mean": None if self.mean is None else np.asarray(self.mean, dtype=float).tolist(),
            "dof": None if self.dof is None else float(self.dof),
            "scale": None if self.scale is None else np.asarray(self.scale, dtype=float).tolist(),
        }

    def sums(
        self,
        family: CovarianceFamily,
        n_components: int,
        coordinates: Coordinates,
        mean: Array,
        covariance: Array,
    ) -> PriorSums:
        """Return what the prior adds to the sums of each component of a mixture.

        Parameters
        ----------
        family : CovarianceFamily
        n_components : int
        coordinates : Coordinates
            Working coordinates.
        mean : ndarray of shape (D,)
            Of the data, in working coordinates.
        covariance : ndarray of shape (D, D) or (D,)
            The same, with the number of rows less one as divisor; the diagonal is enough unless the family
            wants matrices and there are more rows than features.

        Raises
        ------
        ValueError
            If an argument does not fit the number of features or the family.
        """
        n_features = len(mean)
        if self.mean is not None:
            mean = coordinates.to_working(_of_length(self.mean, n_features, "mean"))
        dof = n_features + 2.0 if self.dof is None else float(self.dof)
        scatter = self._scatter(family, n_components, coordinates.scale, covariance)
        pull = 1.0 if self.shrinkage > 0 else 0.0
        convention = _CONVENTIONS.get(family.identifier, _EACH_MATRIX)
        count = convention.count(dof, pull, n_features, n_components)
        if convention.once:
            scatter = scatter / n_components
        return PriorSums(float(self.shrinkage), mean, count, scatter, coordinates.log_jacobian)

    def suits(self, family: CovarianceFamily) -> bool:
        """Return whether a family can have the prior: any can."""
        return True

    def _scatter(self, family: CovarianceFamily, n_components: int, units: Array, covariance: Array) -> Array:
        """Return the scale in working coordinates, in the shape that `PriorSums` wants."""
        n_features = len(units)
        matrices = family.moments in (Moments.FULL, Moments.POOLED)
        if self.scale is None:
            shrunk = n_components ** (-2.0 / n_features)
            if matrices:
                return np.asarray(shrunk * covariance)
            diagonal = (np.diag(covariance) if covariance.ndim == 2 else covariance) / units / units
            scale = np.asarray(shrunk * diagonal.mean())
        else:
            scale = np.asarray(self.scale, dtype=float)
        if scale.ndim == 2:
            if scale.shape != (n_features, n_features):
                raise ValueError(f"the prior's scale has the shape {scale.shape} for {n_features} features")
            if not matrices:
                raise ValueError(f"the prior's scale is a matrix, but {family.name} covariances have none")
            return scale * units[:, None] * units
        if family.moments is Moments.TRACE:
            if scale.ndim:
                raise ValueError(f"the prior's scale should be a number for {family.name} covariances")
            return np.asarray(scale * units[0] * units[0])
        if scale.ndim:
            scale = _of_length(scale, n_features, "scale")
        return np.broadcast_to(scale, n_features) * units * units


@dataclass(frozen=True)
class ShrinkagePrior:
    """A prior that draws covariance matrices toward a diagonal, as strongly as few rows make that pay.

    The target are the variances within the clusters of k-means. Shrinking the covariance of n normal rows
    toward it by the share ``rho`` has the least expected squared error for a rho that is
    ``strength / (strength + n)`` (Chen, Wiesel, Eldar and Hero 2010, IEEE Transactions on Signal Processing
    58, 5016: the oracle): as if there were `strength` rows more, whatever n is. So this is a conjugate prior,
    whose strength follows from how correlated the features are within clusters.
    """

    def sums(
        self,
        family: CovarianceFamily,
        n_components: int,
        coordinates: Coordinates,
        within: Array,
        degrees_of_freedom: float,
    ) -> PriorSums:
        """Return what the prior adds to the sums of each component of a mixture.

        Parameters
        ----------
        family : CovarianceFamily
        n_components : int
        coordinates : Coordinates
        within : ndarray of shape (D, D)
            Covariance within clusters, in working coordinates.
        degrees_of_freedom : float
            Number of rows that it was computed from, less the number of clusters.
        """
        variances = np.diag(within)
        strength = self.strength(within, degrees_of_freedom)
        if family.moments is Moments.POOLED:
            strength /= n_components
        return PriorSums(
            0.0, np.zeros(len(variances)), strength, strength * variances, coordinates.log_jacobian
        )

    def suits(self, family: CovarianceFamily) -> bool:
        """Return whether a family can have the prior: one with matrices."""
        return family.moments in (Moments.FULL, Moments.POOLED)

    @staticmethod
    def strength(within: Array, degrees_of_freedom: float) -> float:
        """Return how many rows the prior is worth.

        Parameters
        ----------
        within : ndarray of shape (D, D)
        degrees_of_freedom : float
        """
        n_features, m = len(within), max(degrees_of_freedom, 2.0)
        deviations = np.sqrt(np.diag(within))
        unit = np.divide(1.0, deviations, out=np.zeros(n_features), where=deviations > 0)
        correlations = within * unit * unit[:, None]
        # The sum of squares of noisy correlations is too large; this is unbiased for normal rows.
        squares = ((correlations**2).sum() - n_features**2 / m) * m * m / ((m - 1.0) * (m + 2.0))
        excess = max(squares - n_features, n_features**2 / (STRONGEST * m))
        squares = n_features + excess
        return float(((1.0 - 2.0 / n_features) * squares + n_features**2) / excess)


STRONGEST = 10.0
"""Most rows that a shrinkage prior is worth, in multiples of those that there are."""

Prior = ConjugatePrior | ShrinkagePrior
PRIORS: Mapping[str, Prior] = MappingProxyType({"default": ConjugatePrior(), "shrinkage": ShrinkagePrior()})
"""The priors by the names that ``prior`` takes."""


def prior_named(prior: str | ConjugatePrior | None) -> Prior | None:
    """Return a prior that is given as an object, by its name, or not at all."""
    return PRIORS[prior] if isinstance(prior, str) else prior


def _of_length(values: ArrayLike, n_features: int, name: str) -> Array:
    array = np.asarray(values, dtype=float)
    if array.shape != (n_features,):
        raise ValueError(f"the prior's {name} has {array.size} numbers for {n_features} features")
    return array


def _is_positive_definite(matrix: Array) -> bool:
    if matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0.0):
        return False
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
