"""Noise: a component whose density is the same everywhere, for rows that belong to no group.

Kernels need not know of it. A Gaussian component whose whitening factor is zero has a constant density, so
noise is one more component in the E-step; its sums are dropped but for their count, and the M-step sets its
weight alone (Banfield and Raftery 1993, Biometrics 49, 803).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments, SufficientStatistics

NOISE_LABEL = -1
N_PARAMETERS = 2
"""Free parameters of noise, as mclust counts: its weight and its density."""


@dataclass(frozen=True)
class Noise:
    """The noise of a mixture.

    Parameters
    ----------
    weight : float
        Share of the rows; the weights of the components sum to what it leaves.
    log_density : float
        Logarithm of its density, in the coordinates of the mixture.
    """

    weight: float
    log_density: float

    def beside(self, density: Density) -> Density:
        """Return the density of components and, last, noise."""
        n_components, n_features = density.means.shape
        factor, form = density.factor, density.form
        if form is FactorForm.SHARED:  # noise cannot share it
            factor = np.broadcast_to(factor, (n_components, n_features, n_features))
            form = FactorForm.FULL
        with np.errstate(divide="ignore"):
            log_constant = np.log(self.weight) + self.log_density
        return Density(
            np.append(density.log_constants, log_constant),
            np.concatenate([density.means, np.zeros((1, n_features))]),
            np.concatenate([factor, np.zeros((1, *factor.shape[1:]))]),
            form,
        )


def moments_beside_noise(moments: Moments) -> Moments:
    """Return the second moments to ask for so that noise can be told apart."""
    return Moments.FULL if moments is Moments.POOLED else moments


def without_noise(statistics: SufficientStatistics, moments: Moments) -> SufficientStatistics:
    """Return the statistics of the components alone, and the weight of the rows in noise beside.

    Parameters
    ----------
    statistics : SufficientStatistics
        Of components and, last, noise.
    moments : Moments
        Those that the family asks for.
    """
    second = statistics.second if statistics.moments is Moments.NONE else statistics.second[:-1]
    if moments is Moments.POOLED:
        second = second.sum(axis=0)
    return replace(
        statistics,
        centers=statistics.centers[:-1],
        counts=statistics.counts[:-1],
        first=statistics.first[:-1],
        second=second,
        moments=moments,
        noise=float(statistics.counts[-1]),
    )


@dataclass(frozen=True)
class UniformNoise:
    """The noise of a fitted mixture, in the data's units.

    Parameters
    ----------
    weight : float
        Share of the rows.
    log_volume : float
        Logarithm of the volume in which noise is uniform: its density is ``exp(-log_volume)`` everywhere.
    lower, upper : ndarray of shape (D,)
        Bounds of the data, between which `sample` draws noise.
    """

    weight: float
    log_volume: float
    lower: Array
    upper: Array
