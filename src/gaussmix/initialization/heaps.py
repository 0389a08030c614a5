"""Components that stand on one recorded value: zeros, a highest mark, ages that people round to tens.

Where many rows share a value, a component on that value alone gains for each of them the logarithm of how
much narrower it is than the others, wherever they are. That says how values were recorded, not that there is
a group. It is one if its rows lie apart from the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import FactorForm
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack

AT_STEP = 1.05
"""Within this factor of the least variance that is due to a step, a component stands on one value."""
NARROW = 4.0
"""How many times as wide, as a variance, components have to be on average beside one on a single value."""
APART = 3.0
"""Distance of two groups in deviations of their common covariance from which the narrower need not be a heap.
Two normal distributions have two modes from two deviations on; from three, a clear gap between them."""


def heaps(mixtures: MixtureStack, recorded: Array) -> NDArray[np.bool_]:
    """Return which components of several mixtures stand on a single value amid others, shape (S, K).

    Parameters
    ----------
    mixtures : MixtureStack
    recorded : ndarray of shape (D,)
        Least variance that is due to the step to which values were recorded, or zero.
    """
    n_mixtures, n_components, n_features = mixtures.means.shape
    found = np.zeros((n_mixtures, n_components), dtype=bool)
    columns = np.flatnonzero(recorded)
    representation = mixtures.family.representation
    if not columns.size or n_components == 1 or representation.form is FactorForm.SHARED:
        return found
    flat = mixtures.covariances.reshape(n_mixtures * n_components, *mixtures.covariances.shape[2:])
    unit = np.sqrt(recorded[columns])
    if representation.form is FactorForm.FULL:
        blocks = flat[:, columns[:, None], columns] / unit[:, None] / unit
        least, directions = _least(blocks)
    else:
        variances = representation.variances(flat, len(flat), n_features)[:, columns] / unit**2
        blocks = np.einsum("md,de->mde", variances, np.eye(len(columns)))
        least, directions = variances.min(axis=1), np.eye(len(columns))[variances.argmin(axis=1)]
    least, directions = least.reshape(found.shape), directions.reshape(*found.shape, -1)
    blocks = blocks.reshape(*found.shape, *blocks.shape[1:])
    for s, k in np.argwhere(least <= AT_STEP).tolist():
        mean = np.tensordot(mixtures.weights[s], blocks[s], axes=1)
        if directions[s, k] @ mean @ directions[s, k] >= NARROW * least[s, k]:
            found[s, k] = not _lies_apart(mixtures, s, k)
    return found


def _least(matrices: Array) -> tuple[Array, Array]:
    """Return the least eigenvalue of each matrix, and its vector."""
    try:
        values, vectors = np.linalg.eigh(matrices)
    except np.linalg.LinAlgError:
        return np.full(len(matrices), np.inf), np.zeros(matrices.shape[:2])
    return values[:, 0], vectors[:, :, 0]


def _lies_apart(mixtures: MixtureStack, number: int, component: int) -> bool:
    """Return whether a component is far from each other one, by the covariance that both have on average."""
    family, (n_components, n_features) = mixtures.family, mixtures.means.shape[1:]
    weights, means = mixtures.weights[number], mixtures.means[number]
    matrices = family.representation.matrices(mixtures.covariances[number], n_components, n_features)
    others = np.flatnonzero((weights > 0.0) & (np.arange(n_components) != component))
    share = (weights[component] / (weights[component] + weights[others]))[:, None, None]
    common = share * matrices[component] + (1.0 - share) * matrices[others]
    apart = means[component] - means[others]
    try:
        distances = np.einsum("kd,kd->k", apart, np.linalg.solve(common, apart[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        return False
    return bool((distances >= APART**2).all())
