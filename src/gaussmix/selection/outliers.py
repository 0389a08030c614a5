"""Rows so far from all others that no comparison of models should depend on them.

A row far out is likeliest with a component of its own, wherever that is allowed, and otherwise with
components as wide as its distance. Both spoil the search for groups among the other rows. So models are
compared on those; the rows left out are noise of the chosen one, if that says that they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import chi2

from gaussmix.backends import Backend, default_backend
from gaussmix.core.noise import Noise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import Moments
from gaussmix.fitting import FitResult
from gaussmix.initialization import Region
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
ROWS_AT_A_TIME = 1 << 16
EXPECTED = 1e-3
"""Rows as improbable as that in a whole table do not belong to a mixture."""


def isolated_rows(X: NDArray[np.floating], weights: Array | None) -> list[NDArray[np.bool_]]:
    """Return which rows may lie apart from all others, each of shape (N,), the most rows first.

    By the distance of the neighbour with whom a row would be one more than features, so that no small clump
    hides: sorted, these distances have gaps, and rows beyond a gap lie apart. Equal rows count as one.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    weights : ndarray of shape (N,) or None
    """
    scales = measure(X, weights, default_backend(1), common_scale=False)
    varying = ~scales.constant
    candidates = np.arange(len(X)) if weights is None else np.flatnonzero(weights)
    if not varying.any():
        return []

    def places(rows: NDArray[np.intp]) -> Array:
        """Return where rows lie, in deviations of each feature."""
        z = scales.coordinates.to_working(X[rows])[:, varying] / np.sqrt(scales.variances[varying])
        return np.clip(z, -LARGEST, LARGEST)

    if len(candidates) > MOST_NEIGHBOURS:
        n_blocks = -(-len(candidates) // ROWS_AT_A_TIME)
        looked_at = np.concatenate(
            [np.abs(places(rows)).max(axis=1) > FAR_OUT for rows in np.array_split(candidates, n_blocks)]
        )
        if looked_at.sum() > MOST * len(candidates):
            return []
        looked_at[:: -(-len(candidates) // MOST_NEIGHBOURS)] = True
        candidates = candidates[looked_at]
    z = places(candidates)
    different, numbers = np.unique(z, axis=0, return_inverse=True)
    n_rows, n_features = different.shape
    if n_rows <= 2 * (n_features + 2):
        return []
    distances = cKDTree(different).query(different, k=n_features + 2)[0][:, -1]
    ordered = np.sort(distances)
    first = n_rows - max(n_features + 1, int(MOST * n_rows))
    shares = np.ones(len(X)) if weights is None else weights
    found = []
    for gap in np.flatnonzero(ordered[first:] >= GAP * ordered[first - 1 : -1]).tolist():
        apart = candidates[(distances >= ordered[first + gap])[numbers.reshape(-1)]]
        # Equal rows may be a group: nothing bought, nobody answered.
        if len(apart) <= n_features + 1 or shares[apart].sum() <= MOST * shares.sum():
            mask = np.zeros(len(X), dtype=bool)
            mask[apart] = True
            found.append(mask)
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


def with_outliers(
    result: FitResult,
    X: NDArray[np.floating],
    weights: Array | None,
    share: float,
    volume: float | None,
    backend: Backend,
) -> FitResult:
    """Return a fit to some rows as one to all, with noise for the others.

    Its components are left as they are: of rows so far out they hold nothing.

    Parameters
    ----------
    result : FitResult
        With noise already, or without.
    X, weights
        All rows.
    share : float
        Of the rows that the fit was made without.
    volume : float or None
        In which noise is uniform, in the data's units; None takes that of a box about all rows.
    backend : Backend
    """
    parameters, region = result.parameters, result.region
    if parameters.noise is None or region is None:
        present = X if weights is None else X[weights > 0]
        lower, upper = present.min(axis=0).astype(float), present.max(axis=0).astype(float)
        variances = parameters.family.representation.variances(
            parameters.covariances, *parameters.means.shape
        )
        widths = np.sqrt(2.0 * np.pi * variances.max(axis=0))
        with np.errstate(over="ignore"):
            lengths = np.maximum(np.minimum(upper - lower, np.finfo(float).max), widths)
        log_volume = float(np.log(lengths).sum()) if volume is None else float(np.log(volume))
        region = Region(lower, upper, log_volume)
        noise = Noise(share, -log_volume)
    else:
        noise = replace(parameters.noise, weight=share + (1.0 - share) * parameters.noise.weight)
    parameters = replace(parameters, weights=parameters.weights * (1.0 - share), noise=noise)
    common_scale = parameters.family.common_scale
    coordinates = measure(X, weights, backend, common_scale=common_scale).coordinates
    density = parameters.to_working(coordinates).density()
    mean = backend.expect(Rows(X, coordinates, weights), density, Moments.NONE).mean_log_likelihood
    mean += coordinates.log_jacobian
    em = replace(result.em, parameters=parameters, log_likelihood=mean, log_likelihoods=(mean,), path=(mean,))
    return replace(result, parameters=parameters, em=em, region=region)
