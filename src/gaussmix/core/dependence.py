"""Linear equations among features, such as c = a + b, found from a mixture alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaussmix.core.rows import Array

NEGLIGIBLE = 1e-4
"""Eigenvalues of correlations up to here are as good as zero: floors leave one to fifty millionths."""
INVOLVED = 1e-4
"""Least entry of the projection on the equations for which two features stand in one of them."""


class Dependence(NamedTuple):
    """Features that linear equations bind together.

    Parameters
    ----------
    features : tuple of int
        At least two, ascending.
    n_surplus : int
        How many of them the others determine.
    """

    features: tuple[int, ...]
    n_surplus: int


def dependent_features(
    weights: Array, means: Array, covariances: Array, n_rows: int
) -> tuple[Dependence, ...]:
    """Return the features that linear equations bind together in all rows, in groups that share none.

    An equation holds in all rows if it holds within the components, where the correlation matrix has an
    eigenvalue of about zero, and for their means. So a component whose rows lie on a plane by chance says
    nothing, nor do narrow groups far apart. Nor do rows that are no more than the features, between which
    there is always an equation: then there are no groups.

    Parameters
    ----------
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, D)
    covariances : ndarray of shape (K, D, D)
        Held up at a floor where the features are dependent.
    n_rows : int
        Number of rows that the mixture was fitted to.

    Examples
    --------
    >>> import numpy as np
    >>> equation = np.array([1.0, 1.0, 0.0, -1.0])  # the last feature is the sum of the first two
    >>> covariance = np.eye(4) - np.outer(equation, equation) / 3.0
    >>> dependent_features(np.ones(1), np.zeros((1, 4)), covariance[None], 100)
    (Dependence(features=(0, 1, 3), n_surplus=1),)
    """
    if n_rows <= means.shape[1]:
        return ()
    equations = _equations(weights, means, covariances)
    projection = equations @ equations.T
    bound = np.abs(projection) >= INVOLVED
    groups, waiting = [], set(np.flatnonzero(bound.diagonal()).tolist())
    while waiting:
        group = {min(waiting)}
        while grown := set(np.flatnonzero(bound[sorted(group)].any(axis=0)).tolist()) - group:
            group |= grown
        waiting -= group
        features = sorted(group)
        if len(features) > 1:
            groups.append(Dependence(tuple(features), max(round(projection[features, features].sum()), 1)))
    return tuple(groups)


def _equations(weights: Array, means: Array, covariances: Array) -> Array:
    """Return a basis of the equations, shape (D, number), in units of deviations within components."""
    present = weights > 0
    shares = weights[present] / weights.sum()
    unit = np.sqrt(np.einsum("kdd->kd", covariances[present])).max(axis=0)
    unit[unit == 0] = 1.0
    within = np.einsum("k,kij->ij", shares, covariances[present] / unit / unit[:, None])
    deviations = np.sqrt(within.diagonal())
    deviations[deviations == 0] = 1.0
    correlations = within / deviations / deviations[:, None]
    np.fill_diagonal(correlations, 1.0)  # that of a feature without variance, too, which is in no equation
    values, vectors = np.linalg.eigh(correlations)
    candidates: Array = vectors[:, values <= NEGLIGIBLE]
    distances = (means[present] - shares @ means[present]) / unit / deviations
    _, between, rotation = np.linalg.svd(np.sqrt(shares)[:, None] * distances @ candidates)
    negligible = np.ones(len(rotation), dtype=bool)
    negligible[: len(between)] = between**2 <= NEGLIGIBLE
    equations: Array = candidates @ rotation[negligible].T
    return equations
