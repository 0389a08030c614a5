"""E-steps by the compiled kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gaussmix import _native
from gaussmix.backends.base import Evaluation, Outputs
from gaussmix.backends.side_by_side import climb_each_by_steps, refuse_empty_ranges, run_each_by_steps
from gaussmix.backends.threads import available_threads
from gaussmix.core.density import Density
from gaussmix.core.instruction_sets import (
    DEFAULT_INSTRUCTION_SET,
    INSTRUCTION_SET_VARIABLE,
    INSTRUCTION_SETS,
)
from gaussmix.core.parameters import CovarianceFamily, Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.stack import DensityStack, Ends, MixtureStack, StatisticsStack
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.diagonal import (
    DiagonalFamily,
    EqualDiagonalFamily,
    EqualShapeDiagonalFamily,
    EqualVolumeDiagonalFamily,
)
from gaussmix.covariance.equal_volume import EqualVolumeFamily
from gaussmix.covariance.full import FullFamily
from gaussmix.covariance.own_axes import EqualEllipsoidFamily, EqualShapeFamily
from gaussmix.covariance.proportional import ProportionalFamily
from gaussmix.covariance.shared_axes import SharedAxesEqualVolumeFamily, SharedAxesFamily
from gaussmix.covariance.spherical import (
    EqualSphericalFamily,
    EqualVarianceFamily,
    SphericalFamily,
    VaryingVarianceFamily,
)
from gaussmix.covariance.tied import TiedFamily

__all__ = ["DEFAULT_INSTRUCTION_SET", "INSTRUCTION_SETS", "INSTRUCTION_SET_VARIABLE", "NativeBackend"]

FAMILIES_OF_KERNELS: Mapping[type, int] = MappingProxyType(
    {
        FullFamily: 0,
        DiagonalFamily: 1,
        SphericalFamily: 2,
        VaryingVarianceFamily: 2,
        TiedFamily: 3,
        EqualDiagonalFamily: 4,
        EqualSphericalFamily: 5,
        EqualVarianceFamily: 5,
        EqualVolumeDiagonalFamily: 6,
        EqualShapeDiagonalFamily: 7,
        EqualVolumeFamily: 8,
        ProportionalFamily: 9,
        EqualEllipsoidFamily: 10,
        EqualShapeFamily: 11,
        SharedAxesEqualVolumeFamily: 12,
        SharedAxesFamily: 13,
    }
)
"""Families whose M-step the kernels know as well, by their numbers there (src/native/em.hpp)."""


def kernels_know_m_step(family: CovarianceFamily, regularization: Regularization) -> bool:
    """Return whether the kernels can run EM of a family from beginning to end."""
    plain = not (regularization.strict or regularization.addition.any()) and regularization.prior is None
    return plain and type(family) in FAMILIES_OF_KERNELS and bool((regularization.floor > 0.0).all())


@dataclass(frozen=True)
class _Runs:
    """What the kernels say of EM runs; see src/native/em.hpp."""

    mixtures: MixtureStack
    statistics: StatisticsStack
    gain: Array
    rate: Array
    n_iter: NDArray[np.int64]
    converged: NDArray[np.bool_]
    left: NDArray[np.bool_]


class NativeBackend:
    """E-steps by compiled kernels, in threads that live as long as one call.

    Results are the same bits for any number of threads; between instruction sets they differ by rounding.

    Parameters
    ----------
    n_threads : int or None
        Upper limit on the number of threads; None takes what `available_threads` says. Work that is
        done in less than about 0.2 milliseconds a thread gets fewer.
    instruction_set : str or None
        One of `INSTRUCTION_SETS`; None takes `DEFAULT_INSTRUCTION_SET`.
    """

    name = "native"

    def __init__(self, n_threads: int | None = None, *, instruction_set: str | None = None) -> None:
        if n_threads is not None and n_threads < 1:
            raise ValueError(f"n_threads must be at least 1, not {n_threads}")
        if instruction_set is not None and instruction_set not in INSTRUCTION_SETS:
            raise ValueError(
                f"instruction_set must be one of {', '.join(INSTRUCTION_SETS)}, not {instruction_set!r}"
            )
        self.n_threads = available_threads() if n_threads is None else int(n_threads)
        self.instruction_set = instruction_set or DEFAULT_INSTRUCTION_SET

    def __repr__(self) -> str:
        return f"NativeBackend(n_threads={self.n_threads}, instruction_set={self.instruction_set!r})"

    def expect(self, rows: Rows, density: Density, moments: Moments) -> SufficientStatistics:
        """Return the sufficient statistics of the rows under the density, about its means."""
        means = density.means
        counts = np.empty(means.shape[0])
        first = np.empty(means.shape)
        second = np.empty(_second_shape(means.shape, moments))
        log_likelihood, total_weight = _native.expect(
            _readable(rows.X),
            rows.coordinates.shift,
            rows.coordinates.scale,
            rows.sample_weight,
            density.log_constants,
            means,
            density.factor,
            int(density.form),
            int(moments),
            counts,
            first,
            second,
            self.n_threads,
            self.instruction_set,
        )
        return SufficientStatistics(means, counts, first, second, moments, log_likelihood, total_weight)

    def expect_each(
        self, rows: Rows, ranges: NDArray[np.int64], densities: DensityStack, moments: Moments
    ) -> StatisticsStack:
        """Return what `expect` does of several densities, each of a range of the rows."""
        means = densities.means
        n_mixtures = len(means)
        counts = np.empty(means.shape[:2])
        first = np.empty(means.shape)
        second = np.empty((n_mixtures, *_second_shape(means.shape[1:], moments)))
        log_likelihood, total_weight = np.empty((2, n_mixtures))
        begins, ends = np.ascontiguousarray(ranges.T)
        _native.expect_each(
            _readable(rows.X),
            rows.coordinates.shift,
            rows.coordinates.scale,
            rows.sample_weight,
            begins,
            ends,
            densities.log_constants,
            means,
            densities.factor,
            int(densities.form),
            int(moments),
            counts,
            first,
            second,
            log_likelihood,
            total_weight,
            self.n_threads,
            self.instruction_set,
        )
        return StatisticsStack(means, counts, first, second, moments, log_likelihood, total_weight)

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

        Where the kernels know the M-step too, a call runs all iterations, each mixture in one thread.
        """
        if not kernels_know_m_step(starts.family, regularization):
            return run_each_by_steps(self, rows, ranges, starts, regularization, n_iter=n_iter, tol=tol)
        runs = self._run_each(
            rows, ranges, starts, regularization, tol=tol, max_iter=n_iter, accelerate=False
        )
        remaining = runs.gain * runs.rate / (1.0 - runs.rate)
        for number in np.flatnonzero(runs.left):
            one = np.array([number])
            mixtures, statistics, remaining[one] = run_each_by_steps(
                self,
                rows,
                ranges[one],
                runs.mixtures.take(one),
                regularization,
                n_iter=int(n_iter - runs.n_iter[number]),
                tol=tol,
            )
            runs.mixtures.put(one, mixtures)
            runs.statistics.put(one, statistics)
        return runs.mixtures, runs.statistics, remaining

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

        Where the kernels know the M-step too, a call runs all iterations, each mixture in one thread.
        """
        if not kernels_know_m_step(starts.family, regularization):
            return climb_each_by_steps(self, rows, ranges, starts, regularization, tol=tol, max_iter=max_iter)
        runs = self._run_each(
            rows, ranges, starts, regularization, tol=tol, max_iter=max_iter, accelerate=True
        )
        ends = Ends(runs.mixtures, runs.statistics.mean_log_likelihood, runs.n_iter, runs.converged)
        for number in np.flatnonzero(runs.left):
            one = np.array([number])
            rest = climb_each_by_steps(
                self,
                rows,
                ranges[one],
                runs.mixtures.take(one),
                regularization,
                tol=tol,
                max_iter=int(max_iter - runs.n_iter[number]),
            )
            ends.mixtures.put(one, rest.mixtures)
            ends.log_likelihood[one] = rest.log_likelihood
            ends.n_iter[one] += rest.n_iter
            ends.converged[one] = rest.converged
        return ends

    def _run_each(
        self,
        rows: Rows,
        ranges: NDArray[np.int64],
        starts: MixtureStack,
        regularization: Regularization,
        *,
        tol: float,
        max_iter: int,
        accelerate: bool,
    ) -> _Runs:
        """Run EM on several mixtures in the kernels."""
        refuse_empty_ranges(rows, ranges)
        n_mixtures = len(starts)
        mixtures = starts.copy()
        shape, family = mixtures.means.shape, starts.family
        counts, first, second = np.empty(shape[:2]), np.empty(shape), np.empty(mixtures.covariances.shape)
        log_likelihood, total_weight, gain, rate = np.empty((4, n_mixtures))
        n_iter = np.empty(n_mixtures, dtype=np.int64)
        converged, left = np.empty((2, n_mixtures), dtype=bool)
        begins, ends = np.ascontiguousarray(ranges.T)
        _native.run_em_each(
            _readable(rows.X),
            rows.coordinates.shift,
            rows.coordinates.scale,
            rows.sample_weight,
            begins,
            ends,
            mixtures.weights,
            mixtures.means,
            mixtures.covariances,
            mixtures.factor,
            mixtures.repaired,
            FAMILIES_OF_KERNELS[type(family)],
            int(family.representation.form),
            int(family.moments),
            regularization.floor,
            max_iter,
            tol,
            accelerate,
            counts,
            first,
            second,
            log_likelihood,
            total_weight,
            gain,
            rate,
            n_iter,
            converged,
            left,
            self.n_threads,
            self.instruction_set,
        )
        statistics = StatisticsStack(
            mixtures.means, counts, first, second, family.moments, log_likelihood, total_weight
        )
        return _Runs(mixtures, statistics, gain, rate, n_iter, converged, left)

    def evaluate(self, rows: Rows, density: Density, outputs: Outputs) -> Evaluation:
        """Return what the density says of each row, sample weights disregarded."""
        n_rows, n_components = rows.n_rows, density.n_components
        log_density = np.empty(n_rows) if Outputs.LOG_DENSITY in outputs else None
        label = np.empty(n_rows, dtype=np.int64) if Outputs.LABEL in outputs else None
        probability = np.empty(n_rows) if Outputs.PROBABILITY in outputs else None
        responsibilities = np.empty((n_rows, n_components)) if Outputs.RESPONSIBILITIES in outputs else None
        _native.evaluate(
            _readable(rows.X),
            rows.coordinates.shift,
            rows.coordinates.scale,
            density.log_constants,
            density.means,
            density.factor,
            int(density.form),
            rows.coordinates.log_jacobian,
            log_density,
            label,
            probability,
            responsibilities,
            self.n_threads,
            self.instruction_set,
        )
        return Evaluation(log_density, label, probability, responsibilities)

    def squared_distances(self, rows: Rows, center: Array, bound: Array) -> Array:
        """Return each row's squared distance from a centre, or its bound if that is less."""
        distances = np.empty(rows.n_rows)
        self._measure_distances(rows, center[None], bound, distances[None])
        return distances

    def inertias(self, rows: Rows, centers: Array, bound: Array) -> Array:
        """Return the weighted sums over rows of what `squared_distances` gives for each of the centres."""
        return self._measure_distances(rows, centers, bound, None)

    def _measure_distances(self, rows: Rows, centers: Array, bound: Array, distances: Array | None) -> Array:
        """Return the sums of distances, and fill those if an array is given."""
        sums = np.empty(len(centers))
        _native.distances(
            *_with_centers(rows, centers), bound, distances, sums, self.n_threads, self.instruction_set
        )
        return sums

    def assign(self, rows: Rows, centers: Array) -> tuple[Array, Array]:
        """Return sums over the rows that are nearest to each centre: the assignment step of k-means."""
        sums = np.empty(centers.size + len(centers))
        _native.assign(*_with_centers(rows, centers), sums, self.n_threads, self.instruction_set)
        return sums[: len(centers)], sums[len(centers) :].reshape(centers.shape)


_Centers = tuple[NDArray[np.floating], Array, Array, Array | None, Array, Array, Array]


def _with_centers(rows: Rows, centers: Array) -> _Centers:
    """Return rows and centres as the kernels take them: spheres of the same size, constants and factors."""
    coordinates = rows.coordinates
    return (
        _readable(rows.X),
        coordinates.shift,
        coordinates.scale,
        rows.sample_weight,
        np.zeros(len(centers)),
        centers,
        np.ones(len(centers)),
    )


def _second_shape(means: tuple[int, ...], moments: Moments) -> tuple[int, ...]:
    """Return the shape of second moments for means of shape (K, D)."""
    n_components, n_features = means
    if moments is Moments.FULL:
        return n_components, n_features, n_features
    if moments is Moments.POOLED:
        return n_features, n_features
    if moments is Moments.DIAGONAL:
        return n_components, n_features
    if moments is Moments.TRACE:
        return (n_components,)
    return (0,)


def _readable(X: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return X as it is if the kernels can read it where it lies, which is nearly always, else a copy.

    They count strides in elements of the processor's own byte order; fields of packed records and
    files from other machines may have neither.
    """
    size = X.itemsize
    if X.dtype.isnative and X.flags.aligned and X.strides[0] % size == 0 and X.strides[1] % size == 0:
        return X
    return np.array(X, dtype=X.dtype.newbyteorder("="))
