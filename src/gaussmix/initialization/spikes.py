"""Solutions that climb the likelihood by collapsing on a few rows.

The likelihood of a mixture with free covariances has no maximum: a component that shrinks to a few rows can
raise it at will (Day 1969, Biometrika 56, 463). Among many rows some few lie close together, or on a line, by
chance, and a component that closes in on them is no better description of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack
from gaussmix.initialization.heaps import heaps

THIN = 1e-2
"""Variance in a direction, relative to that of the components on average, below which one is thin there."""


def count_spikes(
    mixtures: MixtureStack, counts: Array, least: float = 0.0, recorded: Array | float = 0.0
) -> NDArray[np.intp]:
    """Return how many components of each of several mixtures have collapsed on a few rows, or on one value.

    One has if it holds hardly more rows than a covariance matrix needs not to be singular, unless these lie
    so far out that they would be a group with the covariance of any other; or if it is thin, and its rows
    are likelier in it than in the next best by no more than chance provides. About q log N is what can be had
    in rows without any structure: q numbers place a region that is thin in some directions, and each can be
    chosen in about N ways that hold different rows. Another half of log N is due for each of the component's
    parameters, as in the Bayesian information criterion. Thin groups of many rows, on a line or plane, pass.
    Of components on one recorded value see `gaussmix.initialization.heaps`.

    Parameters
    ----------
    mixtures : MixtureStack
    counts : ndarray of shape (S, K)
        Different rows of each component.
    least : float
        A component with fewer rows is doubted like a thin one.
    recorded : ndarray of shape (D,) or float
        Least variance that is due to the step to which values were recorded.

    Returns
    -------
    ndarray of shape (S,)
    """
    family, (_, n_components, n_features) = mixtures.family, mixtures.means.shape
    collapsed = counts < least_rows(family, n_features)
    for s, k in np.argwhere(collapsed).tolist():
        collapsed[s, k] = not _lies_far_out(mixtures[s], counts[s], k)
    collapsed |= heaps(mixtures, np.broadcast_to(recorded, n_features))
    if n_components == 1 or not family.independent:
        return np.asarray(collapsed.sum(axis=1))
    covariances = _Covariances.of(mixtures)
    n_thin = covariances.numbers_of_thin_directions()
    full = family.representation.form is FactorForm.FULL
    n_own = family.n_parameters(1, n_features)
    for s, k in np.argwhere(~collapsed & ((n_thin > 0) | (counts < least))).tolist():
        n_places = n_features + ((n_thin[s, k] + 1) * (n_features - n_thin[s, k]) if full else n_own)
        worth = n_places + 0.5 * (1 + n_features + n_own)
        advantage = _advantage(mixtures.weights[s], mixtures.means[s], covariances.entries[s], k)
        collapsed[s, k] = not counts[s, k] * advantage >= worth * np.log(counts[s].sum())
    return np.asarray(collapsed.sum(axis=1))


def _lies_far_out(mixture: MixtureParameters, counts: Array, number: int) -> bool:
    """Return whether a component of few rows is a group whatever its covariance is.

    With the covariance of the component in which its rows are likeliest otherwise, the gain is that of the
    distance alone.
    """
    family, (n_components, n_features) = mixture.family, mixture.means.shape
    others = np.flatnonzero(mixture.weights > 0.0)
    others = others[others != number]
    if not others.size or not mixture.weights[number] > 0.0:
        return False
    matrices = family.representation.matrices(mixture.covariances, n_components, n_features)[others]
    apart = mixture.means[number] - mixture.means[others]
    try:
        distances = np.einsum("kd,kd->k", apart, np.linalg.solve(matrices, apart[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        return False
    advantages = np.log(mixture.weights[number] / mixture.weights[others]) + 0.5 * distances
    elsewhere = np.log(mixture.weights[others]) - 0.5 * (np.linalg.slogdet(matrices)[1] + distances)
    worth = n_features + 0.5 * (1 + n_features + family.n_parameters(1, n_features))
    return bool(counts[number] * advantages[elsewhere.argmax()] >= worth * np.log(counts.sum()))


@dataclass(frozen=True)
class _Covariances:
    """The covariances of several mixtures: matrices of shape (S, K, D, D), or variances along the axes."""

    mixtures: MixtureStack
    entries: Array

    @classmethod
    def of(cls, mixtures: MixtureStack) -> _Covariances:
        """Return the covariances of mixtures whose components each have their own."""
        if mixtures.family.representation.form is FactorForm.FULL:
            return cls(mixtures, mixtures.covariances)
        shape = mixtures.means.shape
        flat = mixtures.covariances.reshape(shape[0] * shape[1], *mixtures.covariances.shape[2:])
        variances = mixtures.family.representation.variances(flat, len(flat), shape[2])
        return cls(mixtures, variances.reshape(shape))

    def numbers_of_thin_directions(self) -> NDArray[np.intp]:
        """Return in how many directions each component is thin, shape (S, K)."""
        weights, entries = self.mixtures.weights, self.entries
        if entries.ndim == 3:
            mean = (weights[:, :, None] * entries).sum(axis=1, keepdims=True)
            return np.asarray(np.count_nonzero(entries < THIN * mean, axis=2))
        mean = (weights[:, :, None, None] * entries).sum(axis=1)
        # The sum of the inverse eigenvalues, relative to the mean covariance: mostly none is large.
        factor = self.mixtures.factor
        sums = ((factor @ mean[:, None]) * factor).sum(axis=(2, 3))
        some = np.flatnonzero(~(sums <= 1.0 / THIN).all(axis=1))
        numbers = np.zeros(weights.shape, dtype=np.intp)
        unit = 1.0 / np.sqrt(np.einsum("sdd->sd", mean[some]))
        try:
            lower = np.linalg.cholesky(mean[some] * unit[:, None] * unit[:, :, None])
            inverse = (np.linalg.inv(lower) * unit[:, None])[:, None]
            relative = inverse @ entries[some] @ inverse.swapaxes(2, 3)
            numbers[some] = np.count_nonzero(np.linalg.eigvalsh(relative) < THIN, axis=2)
        except np.linalg.LinAlgError:  # sizes further apart than doubles can tell: doubt all
            numbers[some] = entries.shape[-1] - 1
        return numbers


def _advantage(weights: Array, means: Array, matrices: Array, number: int) -> float:
    """Return how much likelier a component's rows are in it than in the next best, on average, in nats a row.

    Not a number, where another is as good as singular.

    Parameters
    ----------
    weights, means, matrices : ndarray of shape (K,), (K, D), (K, D, D)
        Or (K, D), the diagonals.
    number : int
        Which component.
    """
    own = matrices[number]
    others = np.delete(np.arange(len(weights)), number)
    apart = means[number] - means[others]
    if matrices.ndim == 2:
        distances = ((own + apart**2) / matrices[others]).sum(axis=1)
        log_determinants = np.log(matrices).sum(axis=1)
    else:
        second = own + apart[:, :, None] * apart[:, None, :]
        try:
            distances = np.einsum("kij,kji->k", np.linalg.inv(matrices[others]), second)
        except np.linalg.LinAlgError:
            return np.nan
        log_determinants = np.linalg.slogdet(matrices)[1]
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    elsewhere = log_weights[others] - 0.5 * (log_determinants[others] + distances)
    here = log_weights[number] - 0.5 * (log_determinants[number] + len(own))
    return float(here - elsewhere.max())


def least_rows(family: CovarianceFamily, n_features: int) -> int:
    """Return how many different rows a component must hold not to be taken for collapsed.

    One more than its covariance needs not to be singular, where it has an orientation of its own; three where
    it has a volume or a shape of its own; one where it has the same as all others, and nothing is gained by
    holding few.

    Parameters
    ----------
    family : CovarianceFamily
    n_features : int
    """
    rank = getattr(family, "rank", None)
    if rank is not None:
        return int(rank) + 2
    volume_and_shape, orientation = family.identifier[:2], family.identifier[2:]
    if orientation == "V" and n_features > 1:
        return n_features + 2
    return 3 if "V" in volume_and_shape else 1
