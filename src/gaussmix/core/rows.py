"""Rows of data as the E-step reads them, and the coordinates in which it computes.

Index conventions, here and everywhere: N rows, D features, K components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coordinates:
    """The working coordinates ``z = (x - shift) * scale`` in which all arithmetic takes place.

    The scale of each feature is a power of two, so that going there and back rounds nothing; it brings
    features measured in 1e-150 or 1e150 to the order of one, and the shift brings values such as
    1e8 + noise to the noise. Covariance families, statistics and kernels know working coordinates only.

    Parameters
    ----------
    shift : ndarray of shape (D,)
        Subtracted from each feature, in the feature's own units.
    scale : ndarray of shape (D,)
        Multiplied after that; powers of two.
    """

    shift: Array
    scale: Array

    @classmethod
    def identity(cls, n_features: int) -> Coordinates:
        """Return the coordinates that leave the data as they are."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @classmethod
    def around(cls, center: Array, spread: Array) -> Coordinates:
        """Return coordinates in which `center` is 0 and a distance of `spread` is between 1/2 and 1.

        Parameters
        ----------
        center : ndarray of shape (D,)
        spread : ndarray of shape (D,)
            Typical distance from the centre. Where it is zero the scale stays 1.
        """
        usable = np.where((spread > 0) & np.isfinite(spread), spread, 0.5)
        _, exponent = np.frexp(usable)
        # 2**-exponent leaves the range of doubles for subnormal spreads.
        return cls(np.asarray(center, dtype=float), np.ldexp(1.0, np.clip(-exponent, -1021, 1021)))

    @property
    def log_jacobian(self) -> float:
        """Logarithm of the volume factor: add it to a log-density in working coordinates."""
        return float(np.sum(np.log(self.scale)))

    def to_working(self, X: NDArray[np.floating]) -> Array:
        """Return rows in working coordinates, as a new array in double precision."""
        working: Array = (np.asarray(X, dtype=np.float64) - self.shift) * self.scale
        return working

    def to_data(self, Z: Array) -> Array:
        """Return points given in working coordinates in the data's own units."""
        return Z / self.scale + self.shift


@dataclass(frozen=True)
class Rows:
    """A table of N rows to be read by an E-step: values, weights, and where to compute.

    Parameters
    ----------
    X : ndarray of shape (N, D), float64 or float32, any strides
        Finite values in the data's own units. Never copied or written to.
    coordinates : Coordinates
        Working coordinates in which the E-step computes.
    sample_weight : ndarray of shape (N,) or None
        Finite and not negative. A row of weight 0 counts as absent, one of weight 2 as repeated.
    """

    X: NDArray[np.floating]
    coordinates: Coordinates
    sample_weight: Array | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows N, those of weight zero included."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features D."""
        return int(self.X.shape[1])

    @property
    def total_weight(self) -> float:
        """Sum of the weights; the number of rows where there are none."""
        return float(self.n_rows if self.sample_weight is None else self.sample_weight.sum())
