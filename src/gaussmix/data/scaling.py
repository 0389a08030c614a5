"""Standardised columns, and what leads back to the data's own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Scaling", "standardize"]

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Scaling:
    """Location and unit of each column.

    Parameters
    ----------
    location : ndarray of shape (D,)
        What was subtracted: the mean of each column.
    scale : ndarray of shape (D,)
        What the columns were divided by: their standard deviations.
    """

    location: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    @property
    def log_volume(self) -> float:
        """Logarithm of the volume, in the data's units, of what has volume 1 in standardized columns.

        Log-densities per unit of the data are lower by this than those on standardized columns.
        """
        return float(np.log(self.scale).sum())


def standardize(values: Array, sample_weight: Array | None = None) -> tuple[Array, Scaling]:
    """Bring every column to mean 0 and standard deviation 1.

    Parameters
    ----------
    values : ndarray of shape (N, D)
        The data.
    sample_weight : ndarray of shape (N,) or None
        Weight of each row in the mean and the standard deviation.

    Returns
    -------
    standardized : ndarray of shape (N, D)
        In the precision of `values`. A column that is constant over the rows with weight keeps its unit.
    scaling : Scaling
        The way back.

    Examples
    --------
    >>> standardized, scaling = standardize(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> standardized.tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    n_features = values.shape[1]
    location, scale = np.empty(n_features), np.ones(n_features)
    standardized = np.empty(values.shape, dtype=values.dtype)
    for d in range(n_features):  # by column: whole-matrix expressions would hold several copies of the data
        column = values[:, d].astype(np.float64)
        location[d] = np.average(column, weights=sample_weight)
        column -= location[d]
        largest = np.abs(column).max()
        # In units of the largest deviation, as squares of 1e200 or 1e-200 have no double.
        if largest > 0:
            relative = column / largest
            deviation = float(largest * np.sqrt(np.average(relative * relative, weights=sample_weight)))
            scale[d] = deviation if deviation > 0 else 1.0
        standardized[:, d] = column / scale[d]
    return standardized, Scaling(location, scale)
