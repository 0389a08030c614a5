"""The density of a mixture: its value, logarithm, gradient and Hessian."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaussmix.backends import Outputs, default_backend
from gaussmix.core.rows import Array, Rows
from gaussmix.distribution.mixture import Mixture

BLOCK_ENTRIES = 1 << 21
"""Numbers in one block of the arrays with rows and components: 16 MiB."""


class WithDensity(Mixture):
    """A mixture that knows its density."""

    def pdf(self, x: Any) -> Any:
        """Return the density at points.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame
            With one feature, numbers of shape (...,) too. A frame's columns are found by name.

        Returns
        -------
        float or ndarray of shape (...,)
            In the units of the features. Zero where it is less than the least double; see `logpdf`.

        Raises
        ------
        ValueError
            If `x` has another number of features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
        >>> distribution.pdf([0.0, 2.0]).round(4)
        array([0.1995, 0.054 ])
        """
        return np.exp(self.logpdf(x))

    def logpdf(self, x: Any) -> Any:
        """Return the logarithm of the density at points, however far out.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame
            With one feature, numbers of shape (...,) too. A frame's columns are found by name.

        Returns
        -------
        float or ndarray of shape (...,)
            In nats. NaN where an entry is NaN, minus infinity where one is infinite.

        Raises
        ------
        ValueError
            If `x` has another number of features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> round(float(MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).logpdf(1000.0)), 3)
        -496009.612
        """
        rows, shape = self._points(x)
        return self._log_density(rows).reshape(shape)[()]

    def responsibilities(self, x: Any) -> Array:
        """Return the probability of each component given each point.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame

        Returns
        -------
        ndarray of shape (..., K)
            Summing to one over the components. NaN where an entry is NaN.

        Raises
        ------
        ValueError
            If `x` has another number of features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).responsibilities(2.0)
        array([0.5, 0.5])
        """
        rows, shape = self._points(x)
        found = np.full((len(rows), self.n_components), np.nan)
        usable = ~np.isnan(rows).any(axis=1)
        found[usable] = self._posterior(rows[usable])
        return found.reshape(*shape, self.n_components)

    def gradient(self, x: Any) -> Array:
        """Return the gradient of the log-density: the score function.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame

        Returns
        -------
        ndarray of shape (..., D)
            With one feature and numbers of shape (...,), of shape (..., 1).

        Raises
        ------
        ValueError
            If `x` has another number of features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).gradient([10.0])
        array([[-6.]])
        """
        rows, shape = self._points(x)
        scale = self._coordinates.scale
        found = self._derivatives(self._coordinates.to_working(rows), hessian=False)[0] * scale
        return found.reshape(*shape, self.n_features)

    def hessian(self, x: Any) -> Array:
        """Return the matrix of second derivatives of the log-density.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame

        Returns
        -------
        ndarray of shape (..., D, D)

        Raises
        ------
        ValueError
            If `x` has another number of features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([1.0], [[0.0]], [[[4.0]]]).hessian([3.0])
        array([[[-0.25]]])
        """
        rows, shape = self._points(x)
        scale = self._coordinates.scale
        found = (
            self._derivatives(self._coordinates.to_working(rows), hessian=True)[1] * scale[:, None] * scale
        )
        return found.reshape(*shape, self.n_features, self.n_features)

    def _log_density(self, rows: Array) -> Array:
        """Return the log-density of rows of shape (N, D) in the data's units, shape (N,)."""
        usable = np.isfinite(rows).all(axis=1)
        found = np.where(np.isnan(rows).any(axis=1), np.nan, -np.inf)
        chosen = rows if usable.all() else rows[usable]
        if len(chosen):
            density = self._working.density()
            evaluated = default_backend().evaluate(
                Rows(chosen, self._coordinates), density, Outputs.LOG_DENSITY
            )
            assert evaluated.log_density is not None
            found[usable] = evaluated.log_density
        return found

    def _posterior(self, rows: Array) -> Array:
        """Return the responsibilities for rows of shape (N, D), shape (N, K)."""
        if not len(rows):
            return np.empty((0, self.n_components))
        evaluated = default_backend().evaluate(
            Rows(rows, self._coordinates), self._working.density(), Outputs.RESPONSIBILITIES
        )
        assert evaluated.responsibilities is not None
        return evaluated.responsibilities

    def _full_factor(self) -> Array:
        """Return the whitening factors in working coordinates as matrices, shape (K, D, D)."""
        factor = self._working.factor
        return factor[:, :, None] * np.eye(self.n_features) if factor.ndim == 2 else factor

    def _derivatives(self, z: Array, *, hessian: bool) -> tuple[Array, Array]:
        """Return gradients and Hessians of the log-density at rows, all in working coordinates.

        Parameters
        ----------
        z : ndarray of shape (N, D)
        hessian : bool
            Compute those too; otherwise the second array has no rows.

        Returns
        -------
        gradients : ndarray of shape (N, D)
        hessians : ndarray of shape (N, D, D) or (0, D, D)
        """
        factor = self._full_factor()
        n_features = self.n_features
        gradients = np.empty(z.shape)
        hessians = np.empty((len(z) if hessian else 0, n_features, n_features))
        precisions = np.swapaxes(factor, -1, -2) @ factor
        step = max(1, BLOCK_ENTRIES // (self.n_components * n_features * (n_features if hessian else 1)))
        for start in range(0, len(z), step):
            block = slice(start, start + step)
            resp = self._posterior(self._coordinates.to_data(z[block]))
            pulls = [(mean - z[block]) @ p for mean, p in zip(self._working.means, precisions, strict=True)]
            gradients[block] = sum(resp[:, k, None] * pull for k, pull in enumerate(pulls))
            if hessian:
                # The spread of the components' gradients about their mean: far out, the difference of
                # second moment and square would cancel.
                apart = np.stack(pulls, axis=1) - gradients[block, None]
                spread = np.swapaxes(apart * resp[:, :, None], 1, 2) @ apart
                hessians[block] = spread - np.einsum("nk,kde->nde", resp, precisions)
        return gradients, hessians
