"""The log-ratio of two densities, split into what each feature contributes.

A Gaussian mixture knows its density of any choice of features alone, so that the log-ratio when only some
features are known needs no model but the mixture itself. What a feature adds to those known before depends
on which those are; averaged over all orders in which features can become known it is Shapley's value
(1953, Contributions to the Theory of Games II, 307): the contributions sum to the log-ratio, features that
say the same share it, and one that says nothing has none of it, however strongly it varies. A sequence of
conditional densities in one order would be exact, too, but give all to the feature that comes first.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.working_mixture import WorkingMixture

EXACT_FEATURES = 10
"""Up to so many features all their subsets can be looked at."""
MOST_EVALUATIONS = 8_000_000
"""Densities evaluated at most; beyond, orders are sampled."""
FEWEST_ORDERS, MOST_ORDERS = 4, 60


@dataclass(frozen=True)
class Contrast:
    """Two sets of components, and the points at which their densities are compared.

    Parameters
    ----------
    these, those : tuple of int
        Components.
    points : slice
        Which of the points; default: all.
    average : ndarray of shape (points of the slice,), optional
        Weights with which the points are averaged; None keeps them apart.
    """

    these: tuple[int, ...]
    those: tuple[int, ...]
    points: slice = field(default_factory=lambda: slice(None))
    average: Array | None = None

    def values(self, log_densities: Array, weights: Array) -> Array:
        """Return the log-ratios, shape (subsets, points) or averaged (subsets,).

        Parameters
        ----------
        log_densities : ndarray of shape (subsets, points, K)
            At all points.
        weights : ndarray of shape (K,)
            Of the mixture; within each set they count as shares of its weight.
        """
        chosen = log_densities[:, self.points]
        ratios = _log_density_of(chosen, weights, self.these) - _log_density_of(chosen, weights, self.those)
        return ratios if self.average is None else ratios @ self.average


def split_log_ratio(
    mixture: WorkingMixture, Z: Array, contrasts: Sequence[Contrast]
) -> tuple[list[Array], bool]:
    """Split log-ratios at points into the features' contributions.

    Parameters
    ----------
    mixture : WorkingMixture
    Z : ndarray of shape (points, D)
        In working coordinates.
    contrasts : sequence of Contrast

    Returns
    -------
    contributions : list of ndarray
        For each contrast of shape (D, points), or (D,) if averaged.
    exact : bool
        Whether all orders were averaged.
    """
    n_features = mixture.n_features
    evaluations = len(Z) * mixture.n_components
    # Where components have independent features, the log-ratio of two of them is a sum over features.
    additive = mixture.is_axis_parallel and all(len(one.these) == len(one.those) == 1 for one in contrasts)
    if additive or n_features == 1:
        orders = np.arange(n_features)[None]
        return _by_orders(mixture, Z, contrasts, orders), True
    if n_features <= EXACT_FEATURES and evaluations * 2**n_features <= MOST_EVALUATIONS:
        return _by_subsets(mixture, Z, contrasts), True
    wanted = MOST_EVALUATIONS // (evaluations * n_features)
    pairs = int(np.clip(wanted, FEWEST_ORDERS, MOST_ORDERS)) // 2
    generator = np.random.RandomState(0)
    half = [generator.permutation(n_features) for _ in range(pairs)]
    # An order and its reverse err in opposite directions.
    orders = np.array([order for one in half for order in (one, one[::-1])])
    return _by_orders(mixture, Z, contrasts, orders), False


def shares_within(weights: Array, components: Sequence[int]) -> Array:
    """Return the weights of some components as shares of their sum; equal ones where all are zero."""
    chosen = np.asarray(weights, dtype=np.float64)[list(components)]
    total = chosen.sum()
    return chosen / total if total > 0 else np.full(len(chosen), 1.0 / len(chosen))


def _log_density_of(log_densities: Array, weights: Array, components: tuple[int, ...]) -> Array:
    if len(components) == 1:
        return log_densities[..., components[0]]
    shares = shares_within(weights, components)
    present = shares > 0
    terms = log_densities[..., np.asarray(components)[present]] + np.log(shares[present])
    largest = terms.max(axis=-1)
    density: Array = largest + np.log(np.exp(terms - largest[..., None]).sum(axis=-1))
    return density


def _by_orders(
    mixture: WorkingMixture,
    Z: Array,
    contrasts: Sequence[Contrast],
    orders: NDArray[np.intp],
) -> list[Array]:
    sums: list[Array] = []
    for order in orders:
        log_densities = mixture.prefix_log_densities(Z, order)
        for number, contrast in enumerate(contrasts):
            values = contrast.values(log_densities, mixture.weights)
            gains = np.diff(values, axis=0, prepend=0.0)
            if len(sums) <= number:
                sums.append(np.zeros_like(gains))
            sums[number][order] += gains
    return [total / len(orders) for total in sums]


def _by_subsets(mixture: WorkingMixture, Z: Array, contrasts: Sequence[Contrast]) -> list[Array]:
    n_features = mixture.n_features
    totals: list[Array] = []
    for size in range(1, n_features + 1):
        subsets = np.array(list(itertools.combinations(range(n_features), size)), dtype=np.intp)
        log_densities = mixture.marginal_log_densities(Z, subsets)
        # A value v(S) counts for each of its features as the end of a step, and for each of the others
        # as the beginning of one.
        as_end = 1.0 / (n_features * comb(n_features - 1, size - 1))
        as_beginning = 1.0 / (n_features * comb(n_features - 1, size)) if size < n_features else 0.0
        share = np.full((n_features, len(subsets)), -as_beginning)
        for position in range(size):
            share[subsets[:, position], np.arange(len(subsets))] = as_end
        for number, contrast in enumerate(contrasts):
            values = contrast.values(log_densities, mixture.weights)
            part = np.tensordot(share, values, axes=(1, 0))
            if len(totals) <= number:
                totals.append(part)
            else:
                totals[number] = totals[number] + part
    return totals
