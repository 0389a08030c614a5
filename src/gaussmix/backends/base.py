"""What every backend can do: the interface between EM and whatever computes E-steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import Density
from gaussmix.core.parameters import Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.stack import DensityStack, Ends, MixtureStack, StatisticsStack
from gaussmix.core.statistics import Moments, SufficientStatistics


class Outputs(Flag):
    """What `Backend.evaluate` shall return a row."""

    LOG_DENSITY = auto()
    LABEL = auto()
    PROBABILITY = auto()
    RESPONSIBILITIES = auto()


@dataclass(frozen=True)
class Evaluation:
    """What a density says of each row; what was not asked for is None.

    Parameters
    ----------
    log_density : ndarray of shape (N,), optional
        Log-density of the mixture, in the data's own units.
    label : ndarray of shape (N,), dtype int64, optional
        Most probable component; the lowest number where several are equally so.
    probability : ndarray of shape (N,), optional
        Responsibility of that component.
    responsibilities : ndarray of shape (N, K), optional
        Posterior probability of each component. For a row so far out that every component's density
        is zero in double precision, the responsibilities are all equal.
    """

    log_density: Array | None = None
    label: NDArray[np.int64] | None = None
    probability: Array | None = None
    responsibilities: Array | None = None

    def astype(self, dtype: type[np.floating]) -> Evaluation:
        """Return the same with other floating point numbers."""

        def cast(array: Array | None) -> Array | None:
            return None if array is None else array.astype(dtype)

        return Evaluation(
            cast(self.log_density), self.label, cast(self.probability), cast(self.responsibilities)
        )


class Backend(Protocol):
    """Computes E-steps. All methods give the same bits for any number of threads."""

    name: str

    def expect(self, rows: Rows, density: Density, moments: Moments) -> SufficientStatistics:
        """Return the sufficient statistics of the rows under the density, about its means.

        Sample weights multiply the responsibilities; rows of weight zero are not looked at.
        """
        ...

    def expect_each(
        self, rows: Rows, ranges: NDArray[np.int64], densities: DensityStack, moments: Moments
    ) -> StatisticsStack:
        """Return what `expect` does of several densities, each of a range of the rows.

        Parameters
        ----------
        rows : Rows
        ranges : ndarray of shape (S, 2)
            First row and one past the last row of each density; they may overlap.
        densities : DensityStack
        moments : Moments
        """
        ...

    def run_each(
        self,
        rows: Rows,
        ranges: NDArray[np.int64],
        starts: MixtureStack,
        regularization: Regularization,
        *,
        n_iter: int,
        tol: float,
    ) -> tuple[MixtureStack, StatisticsStack, Array]:
        """Return what `gaussmix.core.stack.run_each` does, each mixture on a range of the rows.

        Parameters
        ----------
        rows : Rows
        ranges : ndarray of shape (S, 2)
            As in `expect_each`.
        starts : MixtureStack
        regularization : Regularization
        n_iter, tol
            See `gaussmix.core.stack.run_each`.

        Raises
        ------
        ValueError
            If a range has no row of positive weight.
        """
        ...

    def climb_each(
        self,
        rows: Rows,
        ranges: NDArray[np.int64],
        starts: MixtureStack,
        regularization: Regularization,
        *,
        tol: float,
        max_iter: int,
    ) -> Ends:
        """Return where `core.em.run_em` ends from each of several starts, each on a range of the rows.

        Parameters
        ----------
        rows : Rows
        ranges : ndarray of shape (S, 2)
            As in `expect_each`.
        starts : MixtureStack
        regularization : Regularization
        tol, max_iter
            See `gaussmix.core.em.run_em`.

        Raises
        ------
        DegenerateCovarianceError
            If a covariance becomes singular and there is no floor.
        ValueError
            If a range has no row of positive weight.
        """
        ...

    def evaluate(self, rows: Rows, density: Density, outputs: Outputs) -> Evaluation:
        """Return what the density says of each row, sample weights disregarded."""
        ...

    def squared_distances(self, rows: Rows, center: Array, bound: Array) -> Array:
        """Return each row's squared distance from a centre, or its bound if that is less.

        Parameters
        ----------
        rows : Rows
        center : ndarray of shape (D,)
            In working coordinates.
        bound : ndarray of shape (N,)

        Returns
        -------
        ndarray of shape (N,)
        """
        ...

    def inertias(self, rows: Rows, centers: Array, bound: Array) -> Array:
        """Return the weighted sums over rows of what `squared_distances` gives for each of several centres.

        Parameters
        ----------
        rows : Rows
        centers : ndarray of shape (K, D)
            In working coordinates.
        bound : ndarray of shape (N,)

        Returns
        -------
        ndarray of shape (K,)
        """
        ...

    def assign(self, rows: Rows, centers: Array) -> tuple[Array, Array]:
        """Return sums over the rows that are nearest to each centre: the assignment step of k-means.

        A row that is as near to several centres, up to rounding, is shared among them.

        Parameters
        ----------
        rows : Rows
        centers : ndarray of shape (K, D)
            In working coordinates.

        Returns
        -------
        counts : ndarray of shape (K,)
            Sum of the rows' weights.
        first : ndarray of shape (K, D)
            Weighted sum of the rows' differences from their centre.
        """
        ...
