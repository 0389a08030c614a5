"""Rows so far from all others that no comparison of models should depend on them.

A row far out is likeliest with a component of its own, wherever that is allowed, and otherwise with
components as wide as its distance. Both spoil the search for groups among the other rows. So models are
compared on those; the rows left out are noise of the chosen one, if that says that they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import chi2

from gaussmix.backends import default_backend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array
from gaussmix.scales import measure

GAP = 3.0
"""How many times as far from its neighbours as the next a row is that lies apart from all."""
MOST = 0.05
"""Share of the different rows that may lie apart; more are no exception."""
MOST_NEIGHBOURS = 5_000
"""Rows among which neighbours are sought, and those besides that are far out in some feature."""
FAR_OUT = 6.0
"""Deviations of a feature from which a row of many is looked at."""
LARGEST = 1e100
EXPECTED = 1e-3
"""Rows as improbable as that in a whole table do not belong to a mixture."""


def isolated_rows(X: NDArray[np.floating], weights: Array | None) -> NDArray[np.bool_]:
    """Return which rows lie apart from all others, shape (N,).

    By the distance of the neighbour with whom a row would be one more than features, so that no small clump
    hides: sorted, these distances have a gap. Equal rows count as one.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    weights : ndarray of shape (N,) or None
    """
    found = np.zeros(len(X), dtype=bool)
    scales = measure(X, weights, default_backend(1), common_scale=False)
    varying = ~scales.constant
    candidates = np.arange(len(X)) if weights is None else np.flatnonzero(weights)
    if not varying.any():
        return found
    z = scales.coordinates.to_working(X[candidates])[:, varying] / np.sqrt(scales.variances[varying])
    z = np.clip(z, -LARGEST, LARGEST)
    if len(z) > MOST_NEIGHBOURS:
        looked_at = np.abs(z).max(axis=1) > FAR_OUT
        if looked_at.sum() > MOST * len(z):
            return found
        looked_at[:: -(-len(z) // MOST_NEIGHBOURS)] = True
        z, candidates = z[looked_at], candidates[looked_at]
    different, numbers = np.unique(z, axis=0, return_inverse=True)
    n_rows, n_features = different.shape
    if n_rows <= 2 * (n_features + 2):
        return found
    distances = cKDTree(different).query(different, k=n_features + 2)[0][:, -1]
    ordered = np.sort(distances)
    first = n_rows - max(n_features + 1, int(MOST * n_rows))
    gaps = np.flatnonzero(ordered[first:] >= GAP * ordered[first - 1 : -1])
    if gaps.size:
        apart = candidates[(distances >= ordered[first + gaps[0]])[numbers.reshape(-1)]]
        shares = np.ones(len(X)) if weights is None else weights
        # Equal rows may be a group: nothing bought, nobody answered.
        found[apart] = len(apart) <= n_features + 1 or shares[apart].sum() <= MOST * shares.sum()
    return found


def are_outliers(rows: NDArray[np.floating], parameters: MixtureParameters, n_rows: int) -> bool:
    """Return whether rows are too far from every component to be of the mixture, among so many.

    Parameters
    ----------
    rows : ndarray of shape (M, D)
    parameters : MixtureParameters
    n_rows : int
        Rows of the whole table.
    """
    means = parameters.means
    matrices = parameters.family.representation.matrices(parameters.covariances, *means.shape)
    nearest = np.full(len(rows), np.inf)
    for mean, matrix in zip(means, matrices, strict=True):
        unit = np.sqrt(np.diag(matrix))
        apart = np.clip((rows - mean) / unit, -LARGEST, LARGEST)
        distances = (apart * np.linalg.solve(matrix / unit / unit[:, None], apart.T).T).sum(axis=1)
        nearest = np.minimum(nearest, distances)
    return bool((chi2.sf(nearest, parameters.n_features) * n_rows < EXPECTED).all())
