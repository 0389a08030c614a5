"""A mixture in coordinates in which explanations compute, with its components' draws and marginals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gaussmix.backends import Outputs, default_backend
from gaussmix.core.density import LOG_2_PI
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.representation import MatrixRepresentation, invert_lower_triangular
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.transforms import FeatureTransforms

_LARGEST_BATCH = 1 << 22
"""Numbers in one temporary array."""
_LATTICE_FEATURES = 8
"""In more features random points do as well."""


@dataclass(frozen=True)
class WorkingMixture:
    """A mixture in working coordinates, in which all features are of the order of one.

    Parameters
    ----------
    parameters : MixtureParameters
        In working coordinates.
    coordinates : Coordinates
    transforms : FeatureTransforms or None
        Of features, before those.
    """

    parameters: MixtureParameters
    coordinates: Coordinates
    transforms: FeatureTransforms | None = None

    @classmethod
    def of(cls, model: Any) -> WorkingMixture:
        """Return a fitted mixture in coordinates that suit it, without its noise if it has any."""
        parameters = model._parameters_of_transformed()
        parameters = replace(parameters, noise=None, weights=parameters.weights / parameters.weights.sum())
        representation = parameters.family.representation
        shape = parameters.means.shape
        deviations = np.sqrt(representation.variances(parameters.covariances, *shape))
        centre = parameters.weights @ parameters.means
        reach = np.maximum(deviations, np.abs(parameters.means - centre))
        reach = reach[parameters.weights > 0].max(axis=0)
        if parameters.family.common_scale:
            reach = np.full_like(reach, reach.max())
        coordinates = Coordinates.around(centre, reach)
        return cls(parameters.to_working(coordinates), coordinates, getattr(model, "transforms_", None))

    def to_working(self, values: Array) -> Array:
        """Return rows in the data's units, shape (..., D), in working coordinates."""
        return self.coordinates.to_working(
            values if self.transforms is None else self.transforms.forward(values)
        )

    def to_data(self, Z: Array) -> Array:
        """Return points in working coordinates, shape (..., D), in the data's units."""
        values = self.coordinates.to_data(Z)
        return values if self.transforms is None else self.transforms.inverse(values)

    @property
    def weights(self) -> Array:
        """Weights, shape (K,)."""
        return self.parameters.weights

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return self.parameters.n_components

    @property
    def n_features(self) -> int:
        """Number of features D."""
        return self.parameters.n_features

    @property
    def is_axis_parallel(self) -> bool:
        """Whether features are independent within components."""
        return not isinstance(self.parameters.family.representation, MatrixRepresentation)

    def factors(self) -> Array:
        """Return the whitening factors as matrices, shape (K, D, D)."""
        parameters = self.parameters
        return parameters.family.representation.matrices(parameters.factor, *parameters.means.shape)

    def diagonal_factors(self) -> Array:
        """Return the diagonals of the whitening factors of an axis-parallel family, shape (K, D)."""
        parameters = self.parameters
        return parameters.family.representation.variances(parameters.factor, *parameters.means.shape)

    def covariances(self) -> Array:
        """Return the covariances as matrices, shape (K, D, D)."""
        parameters = self.parameters
        return parameters.family.representation.matrices(parameters.covariances, *parameters.means.shape)

    def responsibilities(self, Z: Array) -> Array:
        """Return the probability of each component at points, shape (points, K)."""
        return self._evaluate(Z, Outputs.RESPONSIBILITIES).responsibilities

    def log_density(self, Z: Array) -> Array:
        """Return the log-density of the mixture at points, in working coordinates."""
        return self._evaluate(Z, Outputs.LOG_DENSITY).log_density

    def _evaluate(self, Z: Array, outputs: Outputs) -> Any:
        rows = Rows(np.ascontiguousarray(Z), Coordinates.identity(self.n_features))
        return default_backend(None).evaluate(rows, self.parameters.density(), outputs)

    def log_component_densities(self, Z: Array) -> Array:
        """Return the log-density of each component at points, shape (points, K)."""
        half_log = 0.5 * self.n_features * LOG_2_PI
        result = np.empty((len(Z), self.n_components))
        for k in range(self.n_components):
            result[:, k] = -0.5 * np.sum(self.whitened(Z, k) ** 2, axis=1) - half_log
        representation = self.parameters.family.representation
        return result + representation.log_determinants(self.parameters.factor, *self.parameters.means.shape)

    def whitened(self, Z: Array, component: int) -> Array:
        """Return ``L (z - mean)`` of a component, shape (points, D)."""
        difference = Z - self.parameters.means[component]
        if self.is_axis_parallel:
            return difference * self.diagonal_factors()[component]
        factor = self.parameters.factor
        return difference @ (factor if factor.ndim == 2 else factor[component]).T

    def draws(self, n_draws: int) -> Array:
        """Return as many points of each component, shape (K, draws, D), the same at each call.

        In few features they fill space more evenly than random ones, so that means over them are closer.
        Where there are more draws than features their mean and covariance are exactly the component's,
        so that means of quadratic functions over them are, too.
        """
        if self.n_features <= _LATTICE_FEATURES:
            normal = ndtri(_lattice(n_draws, self.n_features))
        else:
            normal = np.random.RandomState(0).standard_normal((n_draws, self.n_features))
        normal = np.asarray(normal - normal.mean(axis=0))
        if n_draws > 2 * self.n_features:
            factor: Array = np.asarray(np.linalg.cholesky(normal.T @ normal / n_draws))
            normal = normal @ invert_lower_triangular(factor).T
        spread, factors = self.parameters.family.representation.spread, self.parameters.factor
        return np.stack(
            [spread(normal, factors, k) + self.parameters.means[k] for k in range(self.n_components)]
        )

    def marginal_log_densities(self, Z: Array, subsets: NDArray[np.intp]) -> Array:
        """Return each component's log-density of some of the features alone, for several choices of them.

        Parameters
        ----------
        Z : ndarray of shape (points, D)
        subsets : ndarray of int, shape (subsets, s)
            The features of each choice.

        Returns
        -------
        ndarray of shape (subsets, points, K)
        """
        n_subsets, size = subsets.shape
        result = np.empty((n_subsets, len(Z), self.n_components))
        step = max(1, _LARGEST_BATCH // max(1, len(Z) * size))
        for k in range(self.n_components):
            for first in range(0, n_subsets, step):
                part = subsets[first : first + step]
                factor = self._marginal_factors(k, part)
                difference = np.moveaxis((Z - self.parameters.means[k])[:, part], 0, -1)
                white = factor @ difference
                log_determinant = np.log(np.einsum("sdd->sd", factor)).sum(axis=1)
                square = np.einsum("sdp,sdp->sp", white, white)
                result[first : first + step, :, k] = log_determinant[:, None] - 0.5 * square
        return result - 0.5 * size * LOG_2_PI

    def _marginal_factors(self, component: int, subsets: NDArray[np.intp]) -> Array:
        """Return whitening factors of a component's marginals, shape (subsets, s, s)."""
        representation = self.parameters.family.representation
        if self.is_axis_parallel:
            return self.diagonal_factors()[component, subsets][:, :, None] * np.eye(subsets.shape[1])
        covariances = self.parameters.covariances
        covariance = covariances if covariances.ndim == 2 else covariances[component]
        return representation.factor(covariance[subsets[:, :, None], subsets[:, None, :]])

    def prefix_log_densities(self, Z: Array, order: NDArray[np.intp]) -> Array:
        """Return each component's log-density of the first 1, 2, ... D features in an order.

        Parameters
        ----------
        Z : ndarray of shape (points, D)
        order : ndarray of int, shape (D,)

        Returns
        -------
        ndarray of shape (D, points, K)
        """
        result = np.empty((self.n_features, len(Z), self.n_components))
        for k in range(self.n_components):
            difference = (Z - self.parameters.means[k])[:, order]
            if self.is_axis_parallel:
                diagonal = self.diagonal_factors()[k, order]
                white = difference * diagonal
            else:
                # The factor is lower triangular: its leading block whitens the leading features alone.
                factor = self._marginal_factors(k, order[None])[0]
                white, diagonal = difference @ factor.T, np.diagonal(factor)
            terms = np.log(diagonal) - 0.5 * white**2 - 0.5 * LOG_2_PI
            np.cumsum(terms.T, axis=0, out=result[:, :, k])
        return result


def _lattice(n_points: int, n_features: int) -> Array:
    """Return points that fill the unit cube evenly, shape (points, D), none of them on its border.

    Multiples, without their whole parts, of powers of the number that solves x**(D + 1) = x + 1: of one
    feature the golden ratio.
    """
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (n_features + 1))
    steps = ratio ** -np.arange(1.0, n_features + 1)
    points: Array = (0.5 + np.arange(1, n_points + 1)[:, None] * steps) % 1.0
    return np.clip(points, 1e-12, 1.0 - 1e-12)
