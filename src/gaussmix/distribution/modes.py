"""Where the density of a mixture has its maxima."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.distribution import pairwise
from gaussmix.distribution.critical_points import critical_points
from gaussmix.distribution.density import WithDensity
from gaussmix.distribution.mixture import MATRICES

MOST_STEPS = 5000
MOST_PAIRS = 500
"""Pairs of components, the nearest, between which ridges are searched."""
RIDGE_POINTS = 41
RANDOM_STARTS = 200
"""Points between three and more components from which to climb."""
NEIGHBOURS = 4
"""Of each component and so many others, the nearest, all barycentres are tried."""
NEWTON_STEPS = 20
SAME = 1e-3
"""Modes nearer than this, in standard deviations of their peaks, are one."""


@dataclass(frozen=True)
class Modes:
    """The maxima of a density, the highest first.

    Parameters
    ----------
    points : ndarray of shape (M, D)
    log_density : ndarray of shape (M,)
    of_component : ndarray of int, shape (K,)
        To which mode the density climbs from each component's mean; -1 for components of weight zero.
    """

    points: Array
    log_density: Array
    of_component: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.points)


class WithModes(WithDensity):
    """A mixture that knows its modes."""

    def modes(self) -> Modes:
        """Return the maxima of the density.

        With one feature all are found: intervals are excluded by bounds on the derivatives. With more,
        the density is climbed from each component's mean (Carreira-Perpiñán 2000, IEEE Transactions on
        Pattern Analysis and Machine Intelligence 22, 1318-1323), from the maxima along the ridges between
        pairs of components, on which all modes of two components lie, from points between more of them (Ray
        and Lindsay 2005, Annals of Statistics 33, 2042-2065) and barycentres of neighbours, and from where
        Newton's method leads from those. There can be more modes than components.

        Returns
        -------
        Modes
            With ``points``, ``log_density`` and ``of_component``.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.75, 0.25], [0.0, 4.0], [1.0, 1.0]).modes().points.round(3)
        array([[0.   ],
               [3.996]])
        """
        mixture = self._present()
        if self.n_features == 1:
            peaks, _ = mixture.critical_points()
            found = peaks[::2, None]
            means = mixture.means[:, 0]
            # Between two minima the density climbs to the maximum there.
            basins = np.searchsorted(peaks[1::2], means)
        else:
            found, basins = mixture._climbed_modes()
        log_density = mixture._log_density(found)
        order = np.argsort(-log_density, kind="stable")
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        of_component = np.full(self.n_components, -1, dtype=np.intp)
        of_component[self.weights > 0] = rank[basins]
        return Modes(found[order], log_density[order], of_component)

    def critical_points(self) -> tuple[Array, NDArray[np.bool_]]:
        """Return all maxima and minima of the density with one feature, in ascending order.

        Returns
        -------
        points : ndarray of shape (M,)
            Maxima and minima in turn, beginning and ending with a maximum.
        is_maximum : ndarray of bool, shape (M,)

        Raises
        ------
        ValueError
            If there are several features.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> points, is_maximum = MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).critical_points()
        >>> points.round(2), is_maximum
        (array([0., 2., 4.]), array([ True, False,  True]))
        """
        self._only_one_feature("critical_points")
        points, is_maximum = self._turning_points
        return points.copy(), is_maximum.copy()

    @cached_property
    def _turning_points(self) -> tuple[Array, NDArray[np.bool_]]:
        """What `critical_points` returns: found once, since level sets ask for it again and again."""
        mixture = self._present()
        working = mixture._working
        points, is_maximum = critical_points(
            mixture.weights, working.means[:, 0], 1.0 / working.factor.reshape(-1)
        )
        return mixture._coordinates.to_data(points[:, None])[:, 0], is_maximum

    def _climbed_modes(self) -> tuple[Array, NDArray[np.intp]]:
        """Return the modes found by climbing, shape (M, D), and the number of that of each component."""
        starts = np.concatenate([self._working.means, self._ridge_points()])
        ends = self._climb(starts)
        # A climb that begins on a line of symmetry can end on a pass: from there it goes on to both sides,
        # from a pass of higher order to the next lower one.
        for _ in range(self.n_features):
            _, hessians = self._derivatives(ends, hessian=True)
            eigenvalues, eigenvectors = np.linalg.eigh(hessians)
            curvature = np.abs(eigenvalues).max(axis=1)
            on_pass = np.flatnonzero(eigenvalues[:, -1] > 1e-8 * curvature)
            if not len(on_pass):
                break
            aside = 1e-3 * eigenvectors[on_pass, :, -1] / np.sqrt(curvature[on_pass, None])
            one, other = np.split(
                self._climb(np.concatenate([ends[on_pass] + aside, ends[on_pass] - aside])), 2
            )
            ends[on_pass] = one
            ends = np.concatenate([ends, other])
        heights = self._log_density(self._coordinates.to_data(ends))
        _, hessians = self._derivatives(ends, hessian=True)
        number = np.full(len(ends), -1)
        chosen: list[int] = []
        for index in np.argsort(-heights, kind="stable"):
            if number[index] >= 0:
                continue
            differences = ends - ends[index]
            squares = -np.einsum("nd,de,ne->n", differences, hessians[index], differences)
            number[(number < 0) & (squares < SAME**2)] = len(chosen)
            number[index] = len(chosen)
            chosen.append(int(index))
        return self._coordinates.to_data(ends[chosen]), number[: self.n_components]

    def _ridge_points(self) -> Array:
        """Return points of the ridges between components at which to begin climbs, in working coordinates.

        The critical points of a mixture lie where its precision-weighted means do for some weights.
        """
        n_components = self.n_components
        if n_components == 1:
            return np.empty((0, self.n_features))
        factor = self._full_factor()
        precisions = np.swapaxes(factor, -1, -2) @ factor
        pulls = np.einsum("kde,ke->kd", precisions, self._working.means)
        # Determinants compare the components' sizes: even steps in shares would all be near one of them.
        sizes = np.exp(-2.0 * np.log(np.einsum("kdd->kd", factor)).mean(axis=1))
        covariances = MATRICES.covariances(factor)
        distances = pairwise.bhattacharyya(self._working.means, covariances, self._working.means, covariances)
        chosen = []
        shares = np.linspace(0.0, 1.0, RIDGE_POINTS)
        pairs = np.argwhere(np.triu(np.ones((n_components, n_components)), 1))
        pairs = pairs[np.argsort(distances[pairs[:, 0], pairs[:, 1]], kind="stable")[:MOST_PAIRS]]
        for i, j in pairs:
            mixing = np.zeros((RIDGE_POINTS, n_components))
            mixing[:, i] = (1.0 - shares) * sizes[i]
            mixing[:, j] = shares * sizes[j]
            points = _ridge(mixing, precisions, pulls)
            heights = self._log_density(self._coordinates.to_data(points))
            inner = (heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:])
            chosen.append(points[1:-1][inner])
        if n_components > 2:
            # Always the same draws: the modes of a mixture are no matter of chance.
            mixing = np.random.RandomState(0).dirichlet(np.full(n_components, 0.5), RANDOM_STARTS)
            mixing = np.concatenate([mixing, _neighbourhoods(distances) * sizes])
            chosen.append(self._with_tops(_ridge(mixing, precisions, pulls)))
        return np.concatenate(chosen)

    def _with_tops(self, starts: Array) -> Array:
        """Return points, and the tops of the density to which Newton's method leads from them.

        At the centre of several components there can be a top so narrow that climbs from a little aside miss
        it. Newton's method is drawn to it as to any other point where the density is level.
        """
        z = starts.copy()
        identity = np.eye(self.n_features)
        for _ in range(NEWTON_STEPS):
            gradients, hessians = self._derivatives(z, hessian=True)
            least = 1e-13 * np.abs(hessians).max(axis=(1, 2), keepdims=True)  # or it may be singular
            step = np.linalg.solve(hessians + least * identity, gradients[:, :, None])[:, :, 0]
            z -= step / np.maximum(1.0, np.abs(step).max(axis=1, keepdims=True))
        _, hessians = self._derivatives(z, hessian=True)
        return np.concatenate([starts, z[np.linalg.eigvalsh(hessians)[:, -1] < 0.0]])

    def _climb(self, starts: Array) -> Array:
        """Return where the density is level, uphill from points in working coordinates, shape (N, D).

        Steps to the precision-weighted mean of the components' means never lead down, but are slow near
        the top, where Newton's steps take over.
        """
        z = starts.copy()
        factor = self._full_factor()
        precisions = np.swapaxes(factor, -1, -2) @ factor
        pulls = np.einsum("kde,ke->kd", precisions, self._working.means)
        active = np.arange(len(z))
        for _ in range(MOST_STEPS):
            if not len(active):
                break
            here = z[active]
            gradients, hessians = self._derivatives(here, hessian=True)
            resp = self._posterior(self._coordinates.to_data(here))
            step = _ridge(resp, precisions, pulls) - here
            curved = np.linalg.eigvalsh(hessians)[:, -1] < 0
            safe = np.where(curved[:, None, None], hessians, -np.eye(self.n_features))
            newton = -np.linalg.solve(safe, gradients[:, :, None])[:, :, 0]
            # How much higher the top is, twice, if the density is as curved there as here.
            gain = np.einsum("nd,nd->n", gradients, newton)
            near = curved & (gain < 0.01)
            step[near] = newton[near]
            z[active] = here + step
            moved = np.abs(step).max(axis=1) > 1e-13 * (1.0 + np.abs(here).max(axis=1))
            active = active[moved & ~(near & (gain < 1e-26))]
        return z


def _neighbourhoods(distances: Array) -> Array:
    """Return indicators of each component with two and more of its neighbours, and of all; shape (N, K)."""
    n_components = len(distances)
    groups = {tuple(range(n_components))}
    for k, row in enumerate(distances):
        nearest = [int(j) for j in np.argsort(row, kind="stable") if j != k][:NEIGHBOURS]
        for size in range(2, len(nearest) + 1):
            groups |= {tuple(sorted((k, *others))) for others in combinations(nearest, size)}
    indicators = np.zeros((len(groups), n_components))
    for indicator, group in zip(indicators, sorted(groups), strict=True):
        indicator[list(group)] = 1.0
    return indicators


def _ridge(mixing: Array, precisions: Array, pulls: Array) -> Array:
    """Return the precision-weighted means of the components for weights of shape (N, K), shape (N, D)."""
    points: Array = np.linalg.solve(
        np.einsum("nk,kde->nde", mixing, precisions), (mixing @ pulls)[:, :, None]
    )[:, :, 0]
    return points
