"""Which component of a refit is which component of the fitted mixture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack

BLOCK_NUMBERS = 1 << 22


def aligned(mixtures: MixtureStack, reference: MixtureParameters) -> tuple[MixtureStack, NDArray[np.intp]]:
    """Return mixtures with their components in the order of a reference's.

    A likelihood does not tell components apart, so a refit may return them in another order. Components are
    paired so that the sum of the Bhattacharyya distances of the pairs is least: these do not depend on the
    units of the data, and tell apart components that differ in their mean, their covariance or both.

    Parameters
    ----------
    mixtures : MixtureStack
        Of S mixtures.
    reference : MixtureParameters

    Returns
    -------
    mixtures : MixtureStack
    order : ndarray of int, shape (S, K)
        For each of the reference's components, the number that its partner had.
    """
    n_mixtures, n_components, n_features = mixtures.means.shape
    order = np.empty((n_mixtures, n_components), dtype=np.intp)
    step = max(1, BLOCK_NUMBERS // (n_components * n_features) ** 2)
    for begin in range(0, n_mixtures, step):
        block = np.arange(begin, min(begin + step, n_mixtures))
        order[block] = best_pairs(bhattacharyya_distances(reference, mixtures.take(block)))
    if (order == np.arange(n_components)).all():
        return mixtures, order
    shared = mixtures.family.representation.form is FactorForm.SHARED
    names = ("weights", "means", "repaired") + (() if shared else ("covariances", "factor"))
    rows = np.arange(n_mixtures)[:, None]
    return replace(mixtures, **{name: getattr(mixtures, name)[rows, order] for name in names}), order


def best_pairs(distances: Array) -> NDArray[np.intp]:
    """Return for each table of distances, of shape (S, K, K), the columns that the rows are paired with."""
    n_components = distances.shape[1]
    order = np.asarray(distances.argmin(axis=2))
    # Mostly each row's nearest column is nobody else's: no pairing can be better.
    clear = (np.sort(order, axis=1) == np.arange(n_components)).all(axis=1)
    for number in np.flatnonzero(~clear):
        order[number] = linear_sum_assignment(distances[number])[1]
    return order


def bhattacharyya_distances(reference: MixtureParameters, mixtures: MixtureStack) -> Array:
    """Return the distances of each of a mixture's components from each of the others', shape (S, K, K).

    Kailath 1967, IEEE Transactions on Communication Technology 15, equation 41.
    """
    representation, shape = mixtures.family.representation, mixtures.means.shape
    of_reference = representation.matrices(reference.covariances, *shape[1:])
    of_mixtures = np.stack([representation.matrices(one, *shape[1:]) for one in mixtures.covariances])
    middle = 0.5 * (of_reference[:, None] + of_mixtures[:, None])
    differences = reference.means[:, None] - mixtures.means[:, None]
    squared = np.einsum(
        "skld,skld->skl", differences, np.linalg.solve(middle, differences[..., None])[..., 0]
    )
    log_determinant = np.linalg.slogdet(middle)[1]
    own = np.linalg.slogdet(of_reference)[1][:, None] + np.linalg.slogdet(of_mixtures)[1][:, None]
    return np.asarray(0.125 * squared + 0.5 * log_determinant - 0.25 * own)
