"""How covariances are stored: four shapes of array, and the linear algebra on each.

A representation says nothing about which covariances are allowed; that is the covariance family's part.
Throughout, L is the whitening factor of a covariance: lower triangular with ``L' L = inv(covariance)``,
so that ``|L (z - mean)|**2`` is the squared Mahalanobis distance (see `gaussmix.core.density`).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix import _native
from gaussmix.core.density import FactorForm
from gaussmix.core.instruction_sets import DEFAULT_INSTRUCTION_SET
from gaussmix.core.rows import Array


class Representation(Protocol):
    """Arrays of covariances, precisions and whitening factors of K components in D features."""

    form: FactorForm

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of such an array."""
        ...

    def factor(self, covariances: Array) -> Array:
        """Return the whitening factors of covariances.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a covariance is not positive definite.
        """
        ...

    def factor_of_precisions(self, precisions: Array) -> Array:
        """Return the whitening factors of precisions; raises like `factor`."""
        ...

    def covariances(self, factor: Array) -> Array:
        """Return the covariances that belong to whitening factors."""
        ...

    def precisions(self, factor: Array) -> Array:
        """Return the precisions that belong to whitening factors."""
        ...

    def transpose(self, factor: Array) -> Array:
        """Return the transposed factors (scikit-learn's ``precisions_cholesky_``), or undo that."""
        ...

    def log_determinants(self, factor: Array, n_components: int, n_features: int) -> Array:
        """Return the log-determinant of each component's whitening factor, shape (K,)."""
        ...

    def rescale_covariances(self, covariances: Array, scale: Array) -> Array:
        """Return the covariances of features multiplied by `scale`, shape (D,)."""
        ...

    def rescale_factor(self, factor: Array, scale: Array) -> Array:
        """Return the whitening factors of features multiplied by `scale`, shape (D,)."""
        ...

    def variances(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's variance in each feature, shape (K, D)."""
        ...

    def matrices(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's covariance matrix, shape (K, D, D)."""
        ...

    def marginal(self, covariances: Array, features: NDArray[np.intp]) -> Array:
        """Return the covariances of some of the features alone."""
        ...

    def spread(self, standard_normal: Array, factor: Array, component: int) -> Array:
        """Return rows of independent standard normals (N, D) with the covariance of a component."""
        ...


def invert_lower_triangular(lower: Array) -> Array:
    """Return the inverses of lower triangular matrices of shape (..., D, D).

    By halves, with substitution for the smallest: unlike a general inverse this is accurate in each
    entry, which stretched covariances need (Higham, Accuracy and Stability of Numerical Algorithms,
    section 14.2).
    """
    size = lower.shape[-1]
    inverse = np.zeros_like(lower)
    if size <= 8:
        diagonal = np.einsum("...dd->...d", lower)
        unit = lower / -diagonal[..., None]
        np.einsum("...dd->...d", inverse)[...] = 1.0 / diagonal
        for i in range(1, size):
            inverse[..., i, None, :i] = unit[..., i, None, :i] @ inverse[..., :i, :i]
        return inverse
    half = size // 2
    upper_left = invert_lower_triangular(lower[..., :half, :half])
    lower_right = invert_lower_triangular(lower[..., half:, half:])
    inverse[..., :half, :half] = upper_left
    inverse[..., half:, half:] = lower_right
    inverse[..., half:, :half] = -(lower_right @ lower[..., half:, :half] @ upper_left)
    return inverse


class MatrixRepresentation:
    """A symmetric matrix a component: shape (K, D, D)."""

    form = FactorForm.FULL

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of such an array."""
        return (n_components, n_features, n_features)

    def factor(self, covariances: Array) -> Array:
        """Return the whitening factors of covariances."""
        matrices = np.ascontiguousarray(covariances, dtype=np.float64)
        factors = np.empty(matrices.shape)
        size = matrices.shape[-1]
        n_matrices = matrices.size // size**2
        done = _native.whitening_factors(
            matrices.reshape(-1, size, size), factors.reshape(-1, size, size), DEFAULT_INSTRUCTION_SET
        )
        if done < n_matrices:
            raise np.linalg.LinAlgError(f"covariance {done} is not positive definite")
        return factors

    def factor_of_precisions(self, precisions: Array) -> Array:
        """Return the whitening factors of precisions.

        A Cholesky factor C has ``C C' = precision`` but L needs ``L' L``: with rows and columns
        reversed the one becomes the other.
        """
        reversed_factor = np.linalg.cholesky(precisions[..., ::-1, ::-1]).astype(np.float64, copy=False)
        return np.swapaxes(reversed_factor[..., ::-1, ::-1], -1, -2).copy()

    def covariances(self, factor: Array) -> Array:
        """Return the covariances that belong to whitening factors."""
        lower = invert_lower_triangular(factor)
        return lower @ np.swapaxes(lower, -1, -2)

    def precisions(self, factor: Array) -> Array:
        """Return the precisions that belong to whitening factors."""
        return np.swapaxes(factor, -1, -2) @ factor

    def transpose(self, factor: Array) -> Array:
        """Return the transposed factors."""
        return np.swapaxes(factor, -1, -2).copy()

    def log_determinants(self, factor: Array, n_components: int, n_features: int) -> Array:
        """Return the log-determinant of each component's whitening factor, shape (K,)."""
        diagonals = np.einsum("...dd->...d", factor)
        return np.broadcast_to(np.log(diagonals).sum(axis=-1), (n_components,))

    def rescale_covariances(self, covariances: Array, scale: Array) -> Array:
        """Return the covariances of features multiplied by `scale`."""
        # One factor after the other: their product can leave the range of doubles.
        return covariances * scale[:, None] * scale

    def rescale_factor(self, factor: Array, scale: Array) -> Array:
        """Return the whitening factors of features multiplied by `scale`."""
        return factor / scale

    def variances(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's variance in each feature, shape (K, D)."""
        return np.broadcast_to(np.einsum("...dd->...d", covariances), (n_components, n_features))

    def matrices(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's covariance matrix, shape (K, D, D)."""
        return np.broadcast_to(covariances, (n_components, n_features, n_features)).copy()

    def marginal(self, covariances: Array, features: NDArray[np.intp]) -> Array:
        """Return the covariances of some of the features alone."""
        return covariances[..., features[:, None], features]

    def spread(self, standard_normal: Array, factor: Array, component: int) -> Array:
        """Return rows of independent standard normals with the covariance of a component."""
        of_component = factor if factor.ndim == 2 else factor[component]
        return standard_normal @ invert_lower_triangular(of_component).T


class SharedMatrixRepresentation(MatrixRepresentation):
    """One symmetric matrix for all components: shape (D, D)."""

    form = FactorForm.SHARED

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of such an array."""
        return (n_features, n_features)


class DiagonalRepresentation:
    """The diagonal of a diagonal matrix a component: shape (K, D)."""

    form = FactorForm.DIAGONAL

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of such an array."""
        return (n_components, n_features)

    def factor(self, covariances: Array) -> Array:
        """Return the whitening factors of covariances."""
        if not (covariances > 0).all():
            raise np.linalg.LinAlgError("a variance is not positive")
        return 1.0 / np.sqrt(covariances)

    def factor_of_precisions(self, precisions: Array) -> Array:
        """Return the whitening factors of precisions."""
        if not (precisions > 0).all():
            raise np.linalg.LinAlgError("a precision is not positive")
        return np.sqrt(precisions)

    def covariances(self, factor: Array) -> Array:
        """Return the covariances that belong to whitening factors."""
        return 1.0 / factor**2

    def precisions(self, factor: Array) -> Array:
        """Return the precisions that belong to whitening factors."""
        return factor**2

    def transpose(self, factor: Array) -> Array:
        """Return the transposed factors: a diagonal is its own transpose."""
        return factor.copy()

    def log_determinants(self, factor: Array, n_components: int, n_features: int) -> Array:
        """Return the log-determinant of each component's whitening factor, shape (K,)."""
        log_determinants: Array = np.log(factor).sum(axis=1)
        return log_determinants

    def rescale_covariances(self, covariances: Array, scale: Array) -> Array:
        """Return the covariances of features multiplied by `scale`."""
        return covariances * scale * scale

    def rescale_factor(self, factor: Array, scale: Array) -> Array:
        """Return the whitening factors of features multiplied by `scale`."""
        return factor / scale

    def variances(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's variance in each feature, shape (K, D)."""
        return covariances

    def matrices(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's covariance matrix, shape (K, D, D)."""
        return covariances[:, :, None] * np.eye(n_features)

    def marginal(self, covariances: Array, features: NDArray[np.intp]) -> Array:
        """Return the covariances of some of the features alone."""
        return covariances[:, features]

    def spread(self, standard_normal: Array, factor: Array, component: int) -> Array:
        """Return rows of independent standard normals with the covariance of a component."""
        rows: Array = standard_normal / factor[component]
        return rows


class ScalarRepresentation(DiagonalRepresentation):
    """One variance a component: shape (K,). Scales must be the same for all features."""

    form = FactorForm.SCALAR

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of such an array."""
        return (n_components,)

    def log_determinants(self, factor: Array, n_components: int, n_features: int) -> Array:
        """Return the log-determinant of each component's whitening factor, shape (K,)."""
        log_determinants: Array = n_features * np.log(factor)
        return log_determinants

    def rescale_covariances(self, covariances: Array, scale: Array) -> Array:
        """Return the covariances of features multiplied by `scale`."""
        rescaled: Array = covariances * scale[0] * scale[0]
        return rescaled

    def rescale_factor(self, factor: Array, scale: Array) -> Array:
        """Return the whitening factors of features multiplied by `scale`."""
        rescaled: Array = factor / scale[0]
        return rescaled

    def variances(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's variance in each feature, shape (K, D)."""
        return np.broadcast_to(covariances[:, None], (n_components, n_features))

    def matrices(self, covariances: Array, n_components: int, n_features: int) -> Array:
        """Return each component's covariance matrix, shape (K, D, D)."""
        return covariances[:, None, None] * np.eye(n_features)

    def marginal(self, covariances: Array, features: NDArray[np.intp]) -> Array:
        """Return the covariances of some of the features alone."""
        return covariances
