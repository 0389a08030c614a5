"""Solutions that climb the likelihood by collapsing on a few rows.

The likelihood of a mixture with free covariances has no maximum: a component that shrinks to a few rows can
raise it at will (Day 1969, Biometrika 56, 463). Among many rows some few lie close together, or on a line, by
chance, and a component that closes in on them is no better description of the data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array

FEW_VALUES = 10
"""A feature with no more different values than these tells kinds, not rounded numbers."""
THIN = 1e-2
"""Variance in a direction, relative to that of the components on average, below which one is thin there."""


def count_spikes(parameters: MixtureParameters, counts: Array, resolution: Array, least: float = 0.0) -> int:
    """Return how many components have collapsed on a few rows.

    One has if it holds hardly more rows than a covariance matrix needs not to be singular; if it is narrower
    than the step to which values were rounded, so that its rows share a value; or if it is thin, and its rows
    are likelier in it than in the next best by no more than chance provides. About q log N is what can be had
    in rows without any structure: q numbers place a region that is thin in some directions, and each can be
    chosen in about N ways that hold different rows. Another half of log N is due for each of the component's
    parameters, as in the Bayesian information criterion. Thin groups of many rows, on a line or plane, pass.

    Parameters
    ----------
    parameters : MixtureParameters
    counts : ndarray of shape (K,)
        Different rows of each component.
    resolution : ndarray of shape (D,)
        Step to which values were rounded, in working coordinates; zero where they were not.
    least : float
        A component with fewer rows is doubted like a thin one.
    """
    family, (n_components, n_features) = parameters.family, parameters.means.shape
    collapsed = counts < least_rows(family, n_features)
    if n_components == 1 or not family.independent:
        return int(collapsed.sum())
    representation = family.representation
    variances = representation.variances(parameters.covariances, n_components, n_features)
    collapsed |= (variances < resolution**2 / 12.0).any(axis=1)
    matrices = representation.matrices(parameters.covariances, n_components, n_features)
    n_thin = _numbers_of_thin_directions(parameters, matrices)
    n_rows = counts.sum()
    for k in np.flatnonzero(~collapsed & ((n_thin > 0) | (counts < least))):
        if representation.form is FactorForm.FULL:
            n_places = n_features + (n_thin[k] + 1) * (n_features - n_thin[k])
        else:
            n_places = n_features + family.n_parameters(1, n_features)
        worth = n_places + 0.5 * (1 + n_features + family.n_parameters(1, n_features))
        gain = counts[k] * _advantage(parameters.weights, parameters.means, matrices, int(k))
        collapsed[k] = gain < worth * np.log(n_rows)
    return int(collapsed.sum())


def _numbers_of_thin_directions(parameters: MixtureParameters, matrices: Array) -> NDArray[np.intp]:
    """Return in how many directions each component is thin."""
    mean = np.tensordot(parameters.weights, matrices, axes=1)
    if parameters.family.representation.form is FactorForm.FULL:
        # The sum of the inverse eigenvalues, relative to the mean covariance: mostly none is large.
        whitened = parameters.factor @ mean
        if ((whitened * parameters.factor).sum(axis=(1, 2)) <= 1.0 / THIN).all():
            return np.zeros(len(matrices), dtype=np.intp)
    unit = 1.0 / np.sqrt(np.diag(mean))
    inverse = np.linalg.inv(np.linalg.cholesky(mean * unit * unit[:, None])) * unit
    relative = inverse @ matrices @ inverse.T
    return np.asarray(np.count_nonzero(np.linalg.eigvalsh(relative) < THIN, axis=1))


def _advantage(weights: Array, means: Array, matrices: Array, number: int) -> float:
    """Return how much likelier a component's rows are in it than in the next best, on average, in nats a row.

    Parameters
    ----------
    weights, means, matrices : ndarray of shape (K,), (K, D), (K, D, D)
    number : int
        Which component.
    """
    own = matrices[number]
    others = np.delete(np.arange(len(weights)), number)
    apart = means[number] - means[others]
    second = own + apart[:, :, None] * apart[:, None, :]
    distances = np.einsum("kij,kji->k", np.linalg.inv(matrices[others]), second)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    elsewhere = log_weights[others] - 0.5 * (np.linalg.slogdet(matrices[others])[1] + distances)
    here = log_weights[number] - 0.5 * (np.linalg.slogdet(own)[1] + len(own))
    return float(here - elsewhere.max())


def least_rows(family: CovarianceFamily, n_features: int) -> int:
    """Return how many rows a component must hold: enough for a covariance of its own, if it has one."""
    has_own_matrix = family.independent and family.n_parameters(1, n_features) > n_features
    return n_features + 2 if has_own_matrix else 3


def rounding(z: Array) -> Array:
    """Return the step to which the values of each feature were rounded, or zero.

    The median distance of neighbouring values where most values occur more than once. A few values are not
    rounded numbers but kinds.

    Parameters
    ----------
    z : ndarray of shape (N, D)

    Returns
    -------
    ndarray of shape (D,)
    """
    steps = np.zeros(z.shape[1])
    for feature, values in enumerate(z.T):
        different = np.unique(values)
        if FEW_VALUES < len(different) < len(values) / 2:
            steps[feature] = np.median(np.diff(different))
    return steps
