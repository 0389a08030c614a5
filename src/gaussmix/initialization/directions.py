"""The few directions along which the rows of a table of many features differ by more than noise.

With more features than rows, groups differ in a small part of the features or along a few factors. Both show
in the leading principal components, while all other directions hold noise alone, in which every row is far
from every other. How many directions lead says Horn's parallel analysis with permuted columns (Horn 1965,
Psychometrika 30, 179; Buja and Eyuboglu 1992, Multivariate Behavioral Research 27, 509), and where their
variances fall off the profile likelihood of Zhu and Ghodsi (2006, Computational Statistics and Data Analysis
51, 918).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaussmix.core.rows import Array

N_PERMUTATIONS = 5
LARGEST_NUMBER_OF_ROWS = 1000
"""Rows that directions are sought among: their number cubed is the price."""
MOST_TIMES_OTHERS = 10.0
"""How many times the upper quartile of all a feature's standard deviation may be in comparable units."""


@dataclass(frozen=True)
class Directions:
    """Principal components of a table.

    Parameters
    ----------
    center : ndarray of shape (D,)
    scale : ndarray of shape (D,)
        What features are multiplied by first.
    axes : ndarray of shape (D, R)
        Orthonormal, as columns, that of the largest variance first.
    variances : ndarray of shape (R,)
        Of the rows along each.
    total_variance : float
        In all directions.
    n_leading : int
        Along how many of the first the rows vary more than without any relation between features.
    """

    center: Array
    scale: Array
    axes: Array
    variances: Array
    total_variance: float
    n_leading: int

    def scores(self, z: Array, number: int) -> Array:
        """Return where rows lie along the first directions.

        Parameters
        ----------
        z : ndarray of shape (N, D)
        number : int

        Returns
        -------
        ndarray of shape (N, number)
        """
        scores: Array = ((z - self.center) * self.scale) @ self.axes[:, :number]
        return scores

    @property
    def elbows(self) -> list[int]:
        """Numbers of leading directions after which the variances fall off, ending with all that lead."""
        found: list[int] = []
        start = 0
        while start < self.n_leading:
            start += _first_elbow(self.variances[start:])
            found.append(min(start, self.n_leading))
        return found


def leading_directions(z: Array, weights: Array) -> Directions:
    """Return the principal components of rows, and how many of them lead.

    Features are taken in their own units where these are comparable: where no standard deviation is more than
    ten times the upper quartile of all. Then a feature that hardly varies is not made as loud as those in
    which groups differ. Otherwise some are in other units than the rest, and all are scaled to one variance.

    Parameters
    ----------
    z : ndarray of shape (N, D)
        In an order that does not hang on the table's, equal rows after one another.
    weights : ndarray of shape (N,)
        Positive.
    """
    # A row that is repeated says no more of what noise does than one of weight two.
    begins = np.flatnonzero(np.append(True, (z[1:] != z[:-1]).any(axis=1)))
    z, weights = z[begins], np.add.reduceat(weights, begins)
    if len(z) > LARGEST_NUMBER_OF_ROWS:
        chosen = np.arange(LARGEST_NUMBER_OF_ROWS) * len(z) // LARGEST_NUMBER_OF_ROWS
        z, weights = z[chosen], weights[chosen]
    shares = weights / weights.sum()
    center = shares @ z
    centered = z - center
    variances = shares @ centered**2
    deviations = np.sqrt(variances)
    scale = np.ones(len(center))
    if deviations.max() > MOST_TIMES_OTHERS * np.quantile(deviations, 0.75):
        scale = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations > 0.0)
    centered *= scale
    root = np.sqrt(shares)[:, None]
    values, axes = _principal_axes(root * centered)
    generator = np.random.default_rng(0)  # the null distribution is no part of what may vary with the seed
    null = np.zeros(min(centered.shape))
    for _ in range(N_PERMUTATIONS):
        permuted = root * generator.permuted(centered, axis=0)
        gram = permuted @ permuted.T if len(z) <= len(center) else permuted.T @ permuted
        null += np.linalg.eigvalsh(gram)[::-1] / N_PERMUTATIONS
    within = values <= null[: len(values)]
    n_leading = min(int(np.argmax(within)) if within.any() else len(values), len(center) - 1)
    return Directions(center, scale, axes, values, float((variances * scale**2).sum()), n_leading)


def _principal_axes(table: Array) -> tuple[Array, Array]:
    """Return the squares of a table's singular values that are not zero, and its right singular vectors.

    Largest first. Signs are a convention: the largest entry of each vector is positive.
    """
    wide = table.shape[0] <= table.shape[1]
    values, vectors = np.linalg.eigh(table @ table.T if wide else table.T @ table)
    present = values > max(table.shape) * np.finfo(float).eps * values.max(initial=0.0)
    values, vectors = values[present][::-1], vectors[:, present][:, ::-1]
    axes = table.T @ (vectors / np.sqrt(values)) if wide else vectors
    largest = np.abs(axes).argmax(axis=0)
    return values, axes * np.sign(axes[largest, np.arange(axes.shape[1])])


def _first_elbow(variances: Array) -> int:
    """Return after how many of the variances, which fall, they are best parted into two normal groups."""
    number = len(variances)
    if number < 3:
        return number
    deviances = [
        ((part - part.mean()) ** 2).sum() + ((rest - rest.mean()) ** 2).sum()
        for part, rest in ((variances[:q], variances[q:]) for q in range(1, number))
    ]
    return 1 + int(np.argmin(deviances))
