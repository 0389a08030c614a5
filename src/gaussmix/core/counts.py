"""Weights as numbers of rows: criteria, priors and standard errors ask how many rows there are."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array

TOLERANCE = 1e-6
"""Sums of weights may miss a number of rows by the rounding of single precision."""


def effective_number(weights: Array) -> float:
    """Return how many rows of equal weight a mean knows as precisely as one with these weights.

    Parameters
    ----------
    weights : ndarray of shape (N,)
        Not negative, not all zero.

    Notes
    -----
    Kish 1965, Survey Sampling, section 11.7.

    Examples
    --------
    >>> import numpy as np
    >>> effective_number(np.array([0.25, 0.25, 0.25, 0.25, 0.0]))
    4.0
    """
    return float(weights.sum() ** 2 / (weights @ weights))


def as_counts(weights: Array) -> tuple[Array, str | None]:
    """Return weights that can stand for numbers of rows, and what was assumed if that was not sure.

    Weights that count rows, as repetition does, sum to at least the number of rows that have one. Where they
    sum to less they only say proportions, and are scaled to sum to the effective number of rows.

    Parameters
    ----------
    weights : ndarray of shape (N,)
        Not negative, not all zero.

    Returns
    -------
    counts : ndarray of shape (N,)
        The same weights if they may be counts.
    assumption : str or None
        A sentence for the user; None if the weights were not changed.

    Examples
    --------
    >>> import numpy as np
    >>> as_counts(np.array([0.5, 0.5]))[0]
    array([1., 1.])
    >>> as_counts(np.array([3.0, 0.0, 1.0]))
    (array([3., 0., 1.]), None)
    """
    total, n_rows = float(weights.sum()), int(np.count_nonzero(weights))
    if total >= n_rows * (1.0 - TOLERANCE):
        return weights, None
    number = effective_number(weights)
    if abs(total - number) <= TOLERANCE * number:
        return weights, None
    return weights * (number / total), (
        f"The weights sum to {total:.6g}, less than the {n_rows:,} rows that have one, so they were taken as "
        f"proportions and not as counts: scaled to sum to {number:,.6g}, the effective number of rows. If "
        f"they count rows, scale them to sum to as many as they stand for, {n_rows:,} or more."
    )
