"""The curve between two Gaussians on which all modes of their mixture lie, and the valley on it."""

from __future__ import annotations

import numpy as np

from gaussmix.backends import Outputs, default_backend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows

N_STEPS = 200
"""Steps in which a ridge line is walked."""


def ridge_lines(parameters: MixtureParameters, n_steps: int = N_STEPS) -> Array:
    """Return points on the ridge line of each pair of components.

    A ridge line leads from one mean to the other through the points where ellipsoids of the two Gaussians
    touch: ``x(a) = ((1 - a) P + a Q)^-1 ((1 - a) P m + a Q n)`` for means m, n and precisions P, Q, with a
    from 0 to 1. Every mode and every saddle of the mixture of the two lies on it, whatever the weights (Ray
    and Lindsay 2005, Annals of Statistics 33, 2042).

    Parameters
    ----------
    parameters : MixtureParameters
    n_steps : int

    Returns
    -------
    ndarray of shape (K * (K - 1) / 2, n_steps + 1, D)
        Pairs in the order of ``numpy.triu_indices(K, 1)``.
    """
    means = parameters.means
    representation = parameters.family.representation
    covariances = representation.matrices(parameters.covariances, *means.shape)
    roots = np.linalg.cholesky(covariances)
    t = np.linspace(0.0, 1.0, n_steps + 1)[:, None]
    lines = []
    for one, other in zip(*np.triu_indices(len(means), 1), strict=True):
        # Where the first is a standard normal and the axes of the second are the coordinates', the curve has
        # in each coordinate the form a d / ((1 - a) v + a), v being the second's variance.
        axes, deviations, _ = np.linalg.svd(np.linalg.solve(roots[one], roots[other]))
        variances = np.maximum(deviations, np.finfo(float).tiny ** 0.25) ** 2
        distance = axes.T @ np.linalg.solve(roots[one], means[other] - means[one])
        # Even steps on the curve, roughly: with a alone nearly all lie near the wider of the two.
        typical = np.exp(np.mean(np.log(variances)))
        a = t * typical / (1.0 - t + t * typical)
        curve = a * distance / ((1.0 - a) * variances + a)
        lines.append(means[one] + (roots[one] @ axes @ curve.T).T)
    return np.reshape(lines, (-1, n_steps + 1, means.shape[1]))


def log_densities_on_ridge_lines(parameters: MixtureParameters) -> Array:
    """Return the log-density of the whole mixture along the ridge line of each pair of components.

    Parameters
    ----------
    parameters : MixtureParameters

    Returns
    -------
    ndarray of shape (K * (K - 1) / 2, N_STEPS + 1)
    """
    # In units near one, whatever those of the data.
    spread = np.sqrt(parameters.pooled_variances())
    coordinates = Coordinates.around(parameters.weights @ parameters.means, spread)
    working = parameters.to_working(coordinates)
    lines = ridge_lines(working)
    rows = Rows(
        np.ascontiguousarray(lines.reshape(-1, working.n_features)), Coordinates.identity(working.n_features)
    )
    found = default_backend(None).evaluate(rows, working.density(), Outputs.LOG_DENSITY).log_density
    assert found is not None
    return found.reshape(lines.shape[:2]) + coordinates.log_jacobian


class RidgeAgglomeration:
    """Clusters of components, and how deep the valley of the density between two of them is.

    The height of a cluster is the highest density at the mean of one of its components. The pass between two
    clusters is the highest of the lowest densities on the ridge lines between their components. Their ratio
    is pass over lower height: one, if there is no valley.

    Parameters
    ----------
    parameters : MixtureParameters
    """

    def __init__(self, parameters: MixtureParameters) -> None:
        n_components = parameters.n_components
        log_density = log_densities_on_ridge_lines(parameters)
        above = np.triu_indices(n_components, 1)
        self._passes = np.full((n_components, n_components), -np.inf)
        self._passes[above] = log_density.min(axis=1)
        self._passes = np.maximum(self._passes, self._passes.T)
        self._heights = np.zeros(n_components)
        self._heights[above[0]] = log_density[:, 0]
        self._heights[above[1]] = log_density[:, -1]

    def scores(self) -> Array:
        """Return the ratio of pass and lower height of each pair, shape (G, G)."""
        return np.exp(np.minimum(self._passes - np.minimum.outer(self._heights, self._heights), 0.0))

    def merge(self, one: int, other: int) -> None:
        """Merge two clusters."""
        passes = np.maximum(self._passes[one], self._passes[other])
        self._passes[one] = self._passes[:, one] = passes
        self._passes[one, one] = -np.inf
        self._passes = np.delete(np.delete(self._passes, other, axis=0), other, axis=1)
        self._heights[one] = max(self._heights[one], self._heights[other])
        self._heights = np.delete(self._heights, other)
