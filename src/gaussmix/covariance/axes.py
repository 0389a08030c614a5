"""Covariances given by variances along axes, and the axes that components share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.representation import MatrixRepresentation
from gaussmix.core.rows import Array
from gaussmix.covariance.floor import ROUNDING_OF_EIGENVALUES

GAIN_TOLERANCE = 1e-9
"""Gain of a turn of the axes, in nats a unit of weight, below which the iteration for them ends."""
PATIENCE = 0.1
"""Share of all earlier gains that a turn has to gain for the iteration to go on, within EM."""
LARGEST_NUMBER_OF_TURNS = 100
"""Of that iteration. Each turn lowers the objective, so it may end at any."""
TURNS_REMEMBERED = 6
"""Turns from which the coupling of planes is guessed."""
_HALVINGS = 30
_LEAST_SHARE = 1e-4
"""A turn gains at least this part of what the slope promises, or it is halved."""
_ROUNDING = 1e-15
"""Relative to the objective, below which nothing can be gained."""
_SOFTEST = 1e-8
"""Least stiffness of a plane, relative to the largest."""

_MATRICES = MatrixRepresentation()

VariancesOf = Callable[[Array], tuple[Array, NDArray[np.bool_]]]
"""Best variances along axes for the components' sums of squares along them, both of shape (K, D), and
which components have one at the floor."""


def along_axes(
    variances: Array, axes: Array, at_floor: NDArray[np.bool_]
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return covariance matrices, their whitening factors, and which are held up.

    An ellipsoid so thin that its matrix, as doubles hold it, is singular is held up at what they can tell
    from nothing: what is stored of a mixture is the matrix.

    Parameters
    ----------
    variances : ndarray of shape (K, D)
    axes : ndarray of shape (K, D, D) or (D, D)
        As columns.
    at_floor : ndarray of bool, shape (K,)
        Which are held up already.

    Returns
    -------
    covariances, factors : ndarray of shape (K, D, D)
    at_floor : ndarray of bool, shape (K,)
    """
    covariances = _matrices_along(axes, variances)
    try:
        return covariances, _MATRICES.factor(covariances), at_floor
    except np.linalg.LinAlgError:
        least = ROUNDING_OF_EIGENVALUES * variances.shape[1] * variances.max(axis=1, keepdims=True)
        held = (variances < least).any(axis=1)
        covariances = _matrices_along(axes, np.maximum(variances, least))
        return covariances, _MATRICES.factor(covariances), at_floor | held


def _matrices_along(axes: Array, variances: Array) -> Array:
    matrices = (axes * variances[:, None, :]) @ np.swapaxes(axes, -1, -2)
    return np.asarray(0.5 * (matrices + np.swapaxes(matrices, 1, 2)))


def common_axes(
    second: Array,
    counts: Array,
    variances_of: VariancesOf,
    axes: Array | None,
    *,
    settled: bool = True,
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return the orthogonal axes, shared by all components, that fit their scatter matrices best.

    Minimises ``sum_kd counts_k log(v_kd) + (A' S_k A)_dd / v_kd`` over orthogonal A and the variances that
    the family allows, by rotations that never raise it: all planes of two axes turn at once, by angles that
    are best for each plane alone and then corrected by what the turns before have told of how planes hang
    together (L-BFGS: Nocedal 1980, Mathematics of Computation 35). Flury and Gautschi (1986, SIAM Journal on
    Scientific and Statistical Computing 7) turn one plane after the other; Browne and McNicholas (2014,
    Advances in Data Analysis and Classification 8) bound the objective by one that has a closed form.

    The iteration ends when a turn gains less than `GAIN_TOLERANCE`, or after `LARGEST_NUMBER_OF_TURNS`. Where
    it begins at given axes, in the course of EM, it also ends at a turn that gains less than `PATIENCE` of
    all before: the next E-step will move the optimum by more.

    Parameters
    ----------
    second : ndarray of shape (K, D, D)
        Scatter matrices.
    counts : ndarray of shape (K,)
    variances_of : callable
    axes : ndarray of shape (D, D) or None
        Where to begin. None takes the best among the axes of each component and of all.
    settled : bool
        Whether the axes are those of an M-step. If not, the others compete with them: axes of covariances
        that are spheres, or nearly, are anybody's, and may lie where the objective is level but not least.

    Returns
    -------
    axes : ndarray of shape (D, D)
        As columns.
    variances : ndarray of shape (K, D)
    at_floor : ndarray of bool, shape (K,)
    """
    patience = 0.0 if axes is None else PATIENCE
    if axes is None or not settled:
        axes = _first_axes(second, counts, variances_of, axes)
    fit = _Fit.to(axes.T @ second @ axes, counts, variances_of)
    memory: deque[tuple[Array, Array, float]] = deque(maxlen=TURNS_REMEMBERED)
    slope, stiffness = fit.derivatives()
    enough = 2.0 * GAIN_TOLERANCE * counts.sum()
    gained = 0.0
    for _ in range(LARGEST_NUMBER_OF_TURNS):
        angles = _angles(slope, stiffness, memory)
        expected = (slope * angles).sum()
        if -expected <= _ROUNDING * abs(fit.objective):
            break
        for _ in range(_HALVINGS):
            rotation = _rotation(angles)
            candidate = _Fit.to(rotation.T @ fit.scatter @ rotation, counts, variances_of)
            gain = fit.objective - candidate.objective
            if gain >= -_LEAST_SHARE * expected:
                break
            angles, expected = 0.5 * angles, 0.5 * expected
        else:
            break
        axes, fit = axes @ rotation, candidate
        gained += gain
        if gain < max(enough, patience * gained):
            break
        before = slope
        slope, stiffness = fit.derivatives()
        bend = ((slope - before) * angles).sum()
        if bend > 0.0:
            memory.append((angles, slope - before, bend))
    return _orthonormal(axes), fit.variances, fit.at_floor


@dataclass(frozen=True)
class _Fit:
    """The best variances along some axes.

    Parameters
    ----------
    scatter : ndarray of shape (K, D, D)
        In coordinates along the axes.
    sums, variances : ndarray of shape (K, D)
    at_floor : ndarray of bool, shape (K,)
    objective : float
    """

    scatter: Array
    sums: Array
    variances: Array
    at_floor: NDArray[np.bool_]
    objective: float

    @classmethod
    def to(cls, scatter: Array, counts: Array, variances_of: VariancesOf) -> _Fit:
        """Return the best variances for given scatter."""
        sums = np.einsum("kdd->kd", scatter)
        variances, at_floor = variances_of(sums)
        objective = counts @ np.log(variances).sum(axis=1) + (sums / variances).sum()
        return cls(scatter, sums, variances, at_floor, objective)

    def derivatives(self) -> tuple[Array, Array]:
        """Return slope and stiffness of the objective for turning each plane of two axes, shape (D, D).

        As a function of the angle t in the plane of i and j the sum of squares in units of the present
        variances is ``(slope sin(2 t) - stiffness cos(2 t)) / 2`` and a constant. The slope is
        antisymmetric. The stiffness is not negative, the variances being the best for these axes.
        """
        precisions = 1.0 / self.variances
        along = (precisions[:, :, None] * self.scatter).sum(axis=0)
        across = precisions.T @ self.sums
        diagonal = np.einsum("dd->d", across)
        # Sums in pairs: where the differences are mere rounding, that of i and j is still that of j and i.
        stiffness = np.abs((diagonal[:, None] + diagonal) - (across + across.T))
        return 2.0 * (along - along.T), stiffness


def _angles(slope: Array, stiffness: Array, memory: deque[tuple[Array, Array, float]]) -> Array:
    """Return the angle by which to turn each plane of two axes, shape (D, D), antisymmetric."""
    alone: Array = -0.5 * np.arctan2(slope, stiffness)
    if not memory:
        return alone
    rest = slope
    shares = []
    for angles, change, bend in reversed(memory):
        shares.append((angles * rest).sum() / bend)
        rest = rest - shares[-1] * change
    turn: Array = rest / (2.0 * stiffness + _SOFTEST * stiffness.max())
    for (angles, change, bend), share in zip(memory, reversed(shares), strict=True):
        turn = turn + (share - (change * turn).sum() / bend) * angles
    largest = np.abs(turn).max()
    if not (turn * slope).sum() > 0.0 or largest > np.pi / 4:
        return alone
    return -turn


def _rotation(angles: Array) -> Array:
    """Return the rotation by these angles in all planes at once: Cayley's transform, exact for one plane."""
    half = np.tan(0.5 * angles)
    identity = np.eye(len(angles))
    return np.asarray(np.linalg.solve(identity + half, identity - half), dtype=np.float64)


def _orthonormal(axes: Array) -> Array:
    """Return nearly orthonormal axes without the rounding that has added up: a step of Newton's iteration."""
    return axes @ (1.5 * np.eye(len(axes)) - 0.5 * (axes.T @ axes))


def _first_axes(second: Array, counts: Array, variances_of: VariancesOf, given: Array | None) -> Array:
    """Return the best axes among those given, if any, and of each component's scatter and the sum of all."""
    _, candidates = np.linalg.eigh(np.concatenate([second.sum(axis=0)[None], second]))
    if given is not None:
        candidates = np.concatenate([given[None], candidates])

    def objective(axes: Array) -> float:
        sums = np.einsum("kdd->kd", axes.T @ second @ axes)
        variances, _ = variances_of(sums)
        return float((counts[:, None] * np.log(variances) + sums / variances).sum())

    return min(candidates, key=objective)


def axes_of(covariances: Array) -> Array:
    """Return axes of covariances of shape (K, D, D) that share them, shape (D, D).

    Matrices that share axes share them with any weighted sum. Unequal weights keep axes apart along which
    the variances of several components add up to the same.
    """
    traces = np.einsum("kdd->k", covariances)
    weights = np.linspace(1.0, 2.0, len(covariances)) / traces
    _, axes = np.linalg.eigh((weights[:, None, None] * covariances).sum(axis=0))
    return np.asarray(axes)
