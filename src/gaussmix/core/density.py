"""The density that is handed to an E-step: one Gaussian a component, ready to be evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gaussmix.core.rows import Array

LOG_2_PI = float(np.log(2.0 * np.pi))


class FactorForm(IntEnum):
    """How the whitening factors of the K components are stored.

    With ``d = z - mean`` the squared Mahalanobis distance is the squared length of ``L @ d``. The
    values of this enumeration are those of the native kernels.
    """

    FULL = 0
    """A lower triangular L a component: shape (K, D, D)."""
    SHARED = 1
    """One lower triangular L for all components: shape (D, D)."""
    DIAGONAL = 2
    """A diagonal L a component: shape (K, D)."""
    SCALAR = 3
    """A multiple of the identity a component: shape (K,)."""


@dataclass(frozen=True)
class Density:
    """Weighted component densities in the form that E-steps evaluate.

    The log of component k's weighted density at z is
    ``log_constants[k] - 0.5 * |L_k (z - means[k])|**2``.
    A plain mixture, a prior, a variational posterior or frozen parts differ only in what is put here.

    Parameters
    ----------
    log_constants : ndarray of shape (K,)
        Log-weight plus log-determinant of L minus D/2 log(2 pi). ``-inf`` switches a component off.
    means : ndarray of shape (K, D)
        Component means, in working coordinates.
    factor : ndarray
        Whitening factors, of the shape that `form` says.
    form : FactorForm
    """

    log_constants: Array
    means: Array
    factor: Array
    form: FactorForm

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return int(self.means.shape[0])
