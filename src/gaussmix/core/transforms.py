"""Monotone transforms of features, with their Jacobians.

Each maps the real line onto the real line, one to one, so a mixture of transformed features is a density of
the features themselves, and every row, also one like none before, has a finite place in it. The logarithm
and the roots get there by going on along their tangent below a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array

N_NODES = 100
"""Of a quadrature: exact for log-normal moments up to a deviation of six."""
LARGEST_LOGARITHM = 709.0
"""Of a double: a draw from far out stays finite."""


@dataclass(frozen=True)
class Identity:
    """A feature as it is.

    Examples
    --------
    >>> Identity().forward(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """

    name: ClassVar[str] = "identity"

    def forward(self, x: Array) -> Array:
        """Return the values."""
        return x

    def inverse(self, z: Array) -> Array:
        """Return the values."""
        return z

    def log_slope(self, x: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(x)


@dataclass(frozen=True)
class Logarithm:
    """The natural logarithm, below a bound its tangent there.

    Parameters
    ----------
    linear_below : float
        Positive. Taken from the data it is their least value, so that all of them have their logarithms.

    Examples
    --------
    >>> Logarithm(linear_below=1.0).forward(np.array([0.0, 1.0, np.e]))
    array([-1.,  0.,  1.])
    """

    linear_below: float
    name: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        """Refuse a bound that has no logarithm."""
        _check_positive(linear_below=self.linear_below)

    def forward(self, x: Array) -> Array:
        """Return logarithms."""
        bound = self.linear_below
        z: Array = np.log(np.maximum(x, bound)) + (np.minimum(x, bound) / bound - 1.0)
        return z

    def inverse(self, z: Array) -> Array:
        """Return exponentials."""
        bound = self.linear_below
        at_bound = np.log(bound)
        x: Array = np.where(
            z < at_bound, bound * (1.0 + z - at_bound), np.exp(np.clip(z, at_bound, LARGEST_LOGARITHM))
        )
        return x

    def log_slope(self, x: Array) -> Array:
        """Return the negative logarithms of the values, no less than that of the bound."""
        slope: Array = -np.log(np.maximum(x, self.linear_below))
        return slope


@dataclass(frozen=True)
class _Root:
    """A root, below a bound its tangent there."""

    linear_below: float
    degree: ClassVar[int]

    def __post_init__(self) -> None:
        """Refuse a bound that has no root."""
        _check_positive(linear_below=self.linear_below)

    def forward(self, x: Array) -> Array:
        """Return roots."""
        bound, power = self.linear_below, 1.0 / self.degree
        z: Array = np.maximum(x, bound) ** power + bound**power * power * (np.minimum(x, bound) / bound - 1.0)
        return z

    def inverse(self, z: Array) -> Array:
        """Return powers."""
        bound, degree = self.linear_below, self.degree
        root = bound ** (1.0 / degree)
        x: Array = np.where(
            z < root, bound * (1.0 + degree * (z / root - 1.0)), np.maximum(z, root) ** degree
        )
        return x

    def log_slope(self, x: Array) -> Array:
        """Return the logarithm of the derivative."""
        at = np.log(np.maximum(x, self.linear_below))
        slope: Array = -np.log(self.degree) - (1.0 - 1.0 / self.degree) * at
        return slope


@dataclass(frozen=True)
class SquareRoot(_Root):
    """The square root, below a bound its tangent there.

    Parameters
    ----------
    linear_below : float
        Positive. Taken from the data it is their least positive value, so that of counts zero becomes 0.5.

    Examples
    --------
    >>> SquareRoot(linear_below=1.0).forward(np.array([0.0, 1.0, 4.0]))
    array([0.5, 1. , 2. ])
    """

    name: ClassVar[str] = "sqrt"
    degree: ClassVar[int] = 2


@dataclass(frozen=True)
class CubeRoot(_Root):
    """The cube root, below a bound its tangent there.

    Of waiting times, sums of squares and other gamma and chi-squared variables, which are nearly normal then.

    Parameters
    ----------
    linear_below : float
        Positive. Taken from the data it is their least positive value.

    Notes
    -----
    Wilson and Hilferty 1931, Proceedings of the National Academy of Sciences 17, 684.

    Examples
    --------
    >>> CubeRoot(linear_below=1.0).forward(np.array([-2.0, 1.0, 8.0]))
    array([0., 1., 2.])
    """

    name: ClassVar[str] = "cbrt"
    degree: ClassVar[int] = 3


@dataclass(frozen=True)
class YeoJohnson:
    """The transform of Yeo and Johnson, of values in units of their spread about their middle.

    For features of either sign, skewed to the left or to the right.

    Parameters
    ----------
    location, scale : float
        What is transformed is ``(x - location) / scale``. Taken from the data they are the median and the
        standard deviation of a normal distribution with the same quartiles.
    exponent : float
        From 0, which draws in the right tail, to 2, which draws in the left one; 1 changes nothing. Outside
        these bounds the values would have an end.

    Notes
    -----
    Yeo and Johnson 2000, Biometrika 87, 954.

    Examples
    --------
    >>> YeoJohnson(location=10.0, scale=2.0, exponent=0.0).forward(np.array([8.0, 10.0, 12.0])).round(3)
    array([-1.5  ,  0.   ,  0.693])
    """

    location: float
    scale: float
    exponent: float
    name: ClassVar[str] = "yeo-johnson"

    def __post_init__(self) -> None:
        """Refuse what is no increasing function onto all real numbers."""
        _check_positive(scale=self.scale)
        if not np.isfinite(self.location) or not 0.0 <= self.exponent <= 2.0:
            raise ValueError(
                "location should be finite and exponent from 0 to 2, but they are "
                f"{self.location} and {self.exponent}"
            )

    def forward(self, x: Array) -> Array:
        """Return transformed values."""
        u = (x - self.location) / self.scale
        left = _power(np.maximum(-u, 0.0), 2.0 - self.exponent)
        z: Array = np.where(u < 0.0, -left, _power(np.maximum(u, 0.0), self.exponent))
        return z

    def inverse(self, z: Array) -> Array:
        """Return the values that have been transformed."""
        left = _inverse_power(np.maximum(-z, 0.0), 2.0 - self.exponent)
        u: Array = np.where(z < 0.0, -left, _inverse_power(np.maximum(z, 0.0), self.exponent))
        return self.location + self.scale * u

    def log_slope(self, x: Array) -> Array:
        """Return the logarithm of the derivative."""
        u = (x - self.location) / self.scale
        slope: Array = (self.exponent - 1.0) * np.sign(u) * np.log1p(np.abs(u)) - np.log(self.scale)
        return slope


def _check_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (number > 0.0 and np.isfinite(number)):
            raise ValueError(f"{name} should be positive and finite, but is {number}")


def _power(u: Array, exponent: float) -> Array:
    """Return Box and Cox's transform of one more than some values."""
    logs = np.log1p(u)
    return logs if exponent == 0.0 else np.asarray(np.expm1(exponent * logs) / exponent)


def _inverse_power(v: Array, exponent: float) -> Array:
    logs = v if exponent == 0.0 else np.log1p(exponent * v) / exponent
    return np.asarray(np.expm1(np.minimum(logs, LARGEST_LOGARITHM)))


FeatureTransform = Identity | Logarithm | SquareRoot | CubeRoot | YeoJohnson
"""A transform of one feature: increasing, from all real numbers onto all real numbers."""

TRANSFORMS: dict[str, type[FeatureTransform]] = {
    one.name: one for one in (Identity, Logarithm, SquareRoot, CubeRoot, YeoJohnson)
}
"""The transforms by their names."""


@dataclass(frozen=True)
class FeatureTransforms:
    """A transform of each feature of a table.

    Parameters
    ----------
    features : tuple of D FeatureTransform

    Examples
    --------
    >>> transforms = FeatureTransforms((Identity(), Logarithm(linear_below=1e-3)))
    >>> Z = transforms.forward(np.array([[5.0, 1.0], [6.0, np.e]]))
    >>> Z
    array([[5., 0.],
           [6., 1.]])
    >>> transforms.inverse(Z).round(3)
    array([[5.   , 1.   ],
           [6.   , 2.718]])
    >>> transforms.log_jacobian(np.array([[5.0, np.e]]))
    array([-1.])
    """

    features: tuple[FeatureTransform, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each feature's transform."""
        return tuple(one.name for one in self.features)

    @property
    def changed(self) -> tuple[int, ...]:
        """The features that are not left as they are."""
        return tuple(d for d, one in enumerate(self.features) if not isinstance(one, Identity))

    def of(self, features: Sequence[int]) -> FeatureTransforms:
        """Return those of some features."""
        return FeatureTransforms(tuple(self.features[d] for d in features))

    def forward(self, X: NDArray[np.floating]) -> Array:
        """Return transformed rows.

        Parameters
        ----------
        X : ndarray of shape (..., D)

        Returns
        -------
        ndarray of shape (..., D)
            In double precision.
        """
        return self._applied("forward", X)

    def inverse(self, Z: NDArray[np.floating]) -> Array:
        """Return rows in the data's own units.

        Parameters
        ----------
        Z : ndarray of shape (..., D)

        Returns
        -------
        ndarray of shape (..., D)
        """
        return self._applied("inverse", Z)

    def log_jacobian(self, X: NDArray[np.floating]) -> Array:
        """Return what to add to the log-density of transformed rows to have that of the rows themselves.

        Parameters
        ----------
        X : ndarray of shape (..., D)
            In the data's own units.

        Returns
        -------
        ndarray of shape (...,)
        """
        result = np.zeros(X.shape[:-1])
        for d in self.changed:
            result += self.features[d].log_slope(np.asarray(X[..., d], dtype=np.float64))
        return result

    def moments(self, means: Array, deviations: Array) -> tuple[Array, Array]:
        """Return what means and standard deviations normal transformed features have in the data's units.

        Parameters
        ----------
        means, deviations : ndarray of shape (K, D)
            Of transformed features that are normally distributed.

        Returns
        -------
        means, deviations : ndarray of shape (K, D)
            By Gauss-Hermite quadrature.

        Examples
        --------
        >>> logarithm = FeatureTransforms((Logarithm(1e-9),))
        >>> means, deviations = logarithm.moments(np.array([[0.0]]), np.array([[1.0]]))
        >>> bool(np.isclose(means, np.exp(0.5))), bool(np.isclose(deviations**2, np.e * (np.e - 1.0)))
        (True, True)
        """
        if not self.changed:
            return means, deviations
        nodes, mass = np.polynomial.hermite_e.hermegauss(N_NODES)
        mass = mass / mass.sum()
        x = self.inverse(means[..., None, :] + deviations[..., None, :] * nodes[:, None])
        own_means: Array = np.einsum("n,...nd->...d", mass, x)
        apart = x - own_means[..., None, :]
        unit = np.maximum(np.abs(apart).max(axis=-2), np.finfo(np.float64).tiny)
        squares: Array = np.einsum("n,...nd->...d", mass, (apart / unit[..., None, :]) ** 2)
        own_deviations = unit * np.sqrt(squares)
        same = np.isin(np.arange(means.shape[-1]), self.changed, invert=True)
        return np.where(same, means, own_means), np.where(same, deviations, own_deviations)

    def _applied(self, method: str, X: NDArray[np.floating]) -> Array:
        result = np.array(X, dtype=np.float64)
        for d in self.changed:
            result[..., d] = getattr(self.features[d], method)(result[..., d])
        return result
