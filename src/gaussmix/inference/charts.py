"""The covariances that a family allows, near those of a mixture, in coordinates without constraints.

In coordinates in which a component's covariance is the identity, others are exp(T) for a symmetric T. A
family lets T vary along directions only, which components may share: of its volume (a multiple of the
identity), of its shape and of its orientation, each its own, equal for all, or absent.

Index conventions: K components in D features, each with M directions; Q parameters of all covariances
together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.representation import invert_lower_triangular
from gaussmix.core.rows import Array

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class CovarianceChart:
    """Directions in which the covariances of a mixture may vary.

    Parameters
    ----------
    roots : ndarray of shape (K, D, D)
        Matrices R with ``R R'`` the covariance of a component.
    directions : ndarray of shape (K, M, D, D)
        Symmetric: T changes by them with the parameters.
    numbers : ndarray of int, shape (K, M)
        Which of the Q parameters each direction belongs to.
    eigenvalues : ndarray of shape (K, D), optional
        Where covariances are described by axes and eigenvalues, those.
    """

    roots: Array
    directions: Array
    numbers: Numbers
    eigenvalues: Array | None = None

    @classmethod
    def of(cls, mixture: MixtureParameters) -> CovarianceChart:
        """Return the chart of a mixture's family about its covariances.

        Raises
        ------
        ValueError
            If the family is none of mclust's.
        """
        shape = mixture.n_components, mixture.n_features
        if not set(mixture.family.identifier) <= set("EVI"):
            raise ValueError(
                f"There are no standard errors for covariance_type={mixture.family.name!r}, only for "
                "mclust's families: use gaussmix.bootstrap."
            )
        matrices = mixture.family.representation.matrices(mixture.covariances, *shape)
        # E, V or I for equal, varying or absent: what mclust's identifiers are made of.
        volume, form, orientation = tuple(mixture.family.identifier.ljust(3, "I"))
        n_components, n_features = shape
        identity = np.broadcast_to(np.eye(n_features), (n_components, 1, n_features, n_features))
        numbers = [_numbers(volume, n_components, 1, 0)]
        directions, roots, eigenvalues = [identity], np.linalg.cholesky(matrices), None

        def add(letter: str, more: Array) -> None:
            first = int(numbers[-1].max(initial=-1)) + 1
            if more.shape[1]:
                numbers.append(_numbers(letter, n_components, more.shape[1], first))
                directions.append(more)

        stretches = _stretches(n_features)
        if form == orientation and form != "I":
            shears = _pairs(n_features, sign=1.0)
            add(
                form,
                np.broadcast_to(
                    np.concatenate([stretches, shears]),
                    (n_components, len(stretches) + len(shears), n_features, n_features),
                ),
            )
        elif form != "I":
            add(form, np.broadcast_to(stretches, (n_components, *stretches.shape)))
            if orientation != "I":
                axes, eigenvalues = _axes_and_eigenvalues(matrices, shared=orientation == "E")
                roots = axes * np.sqrt(eigenvalues)[:, None, :]
                add(orientation, np.stack([_turned(values) for values in eigenvalues]))
        return cls(
            np.asarray(roots, dtype=np.float64),
            np.concatenate(directions, axis=1),
            np.concatenate(numbers, axis=1),
            eigenvalues,
        )

    @property
    def n_parameters(self) -> int:
        """Number of parameters Q."""
        return int(self.numbers.max()) + 1

    def inverse_roots(self) -> Array:
        """Return the whitening matrices: the inverses of the roots."""
        if self.eigenvalues is None:
            return invert_lower_triangular(self.roots)
        return np.asarray(self.roots.swapaxes(1, 2) / self.eigenvalues[:, :, None])

    def curvature(self, gradient: Array) -> Array:
        """Return the second derivatives of T with respect to the parameters, times a gradient.

        Nothing where T depends on the parameters linearly, as it does unless there are axes that turn by
        themselves.

        Parameters
        ----------
        gradient : ndarray of shape (K, D, D)
            Symmetric: of some function with respect to each component's T.

        Returns
        -------
        ndarray of shape (Q, Q)
        """
        total = np.zeros((self.n_parameters, self.n_parameters))
        if self.eigenvalues is None:
            return total
        n_features = gradient.shape[-1]
        n_shape = n_features - 1
        for k, (values, slope) in enumerate(zip(self.eigenvalues, gradient, strict=True)):
            stretches = self.directions[k, 1 : 1 + n_shape]
            skews = _pairs(n_features, sign=-1.0)
            first = self.directions[k, 1:]
            root = np.sqrt(values)
            scaled = slope / root / root[:, None]
            turned = skews * values - values[:, None] * skews  # [S, diag(values)]
            second = np.zeros((len(first), len(first)))
            for i, skew in enumerate(skews, n_shape):
                nested = skew @ turned - turned @ skew
                swapped = skews @ turned[i - n_shape] - turned[i - n_shape] @ skews
                second[i, n_shape:] = 0.5 * np.einsum("de,jde->j", scaled, nested + swapped)
                stretched = np.einsum("jdd->jd", stretches) * values
                with_shape = skew * stretched[:, None, :] - stretched[:, :, None] * skew
                second[i, :n_shape] = second[:n_shape, i] = np.einsum("de,jde->j", scaled, with_shape)
            second[:n_shape, :n_shape] = np.einsum(
                "dd,id,jd->ij", slope, *(np.einsum("jdd->jd", stretches),) * 2
            )
            # T is the logarithm of the matrix that these are the derivatives of.
            second -= np.einsum("de,idf,jfe->ij", slope, first, first)
            total[np.ix_(self.numbers[k, 1:], self.numbers[k, 1:])] += 0.5 * (second + second.T)
        return total


def _numbers(letter: str, n_components: int, n_directions: int, first: int) -> Numbers:
    """Return the numbers of parameters that components have each for themselves (V), or all share (E)."""
    numbers = first + np.arange(n_directions)
    if letter == "E":
        return np.tile(numbers, (n_components, 1))
    return np.asarray(numbers + n_directions * np.arange(n_components)[:, None])


def _stretches(n_features: int) -> Array:
    """Return diagonal matrices of trace zero: each lengthens one axis and shortens the last."""
    matrices = np.zeros((n_features - 1, n_features, n_features))
    numbers = np.arange(n_features - 1)
    matrices[numbers, numbers, numbers] = 1.0
    matrices[:, -1, -1] = -1.0
    return matrices


def _pairs(n_features: int, sign: float) -> Array:
    """Return for each pair of features the matrix with 1 for it, and `sign` in the mirrored place."""
    rows, columns = np.tril_indices(n_features, -1)
    matrices = np.zeros((len(rows), n_features, n_features))
    numbers = np.arange(len(rows))
    matrices[numbers, rows, columns] = 1.0
    matrices[numbers, columns, rows] = sign
    return matrices


def _turned(eigenvalues: Array) -> Array:
    """Return how T changes as axes turn in the plane of each pair of them."""
    skews, root = _pairs(len(eigenvalues), sign=-1.0), np.sqrt(eigenvalues)
    return np.asarray((skews * eigenvalues - eigenvalues[:, None] * skews) / root / root[:, None])


def _axes_and_eigenvalues(matrices: Array, *, shared: bool) -> tuple[Array, Array]:
    """Return the axes of covariances, as columns (K, D, D), and their eigenvalues (K, D)."""
    if not shared:
        eigenvalues, axes = np.linalg.eigh(matrices)
        return axes, eigenvalues
    # Shared axes are those of any mean of the matrices: of one that leaves no two eigenvalues equal.
    traces = np.trace(matrices, axis1=1, axis2=2)
    shares = np.random.RandomState(0).uniform(1.0, 2.0, size=len(matrices)) / traces
    _, axis = np.linalg.eigh(np.tensordot(shares, matrices, axes=1))
    eigenvalues = np.einsum("di,kde,ei->ki", axis, matrices, axis)
    return np.broadcast_to(axis, matrices.shape), eigenvalues
