"""Regions of rows in which a mixture's density is high, and how they join as the level falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree

from gaussmix.backends import Outputs, default_backend
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.merging.cut import Bounds, threshold_in_gap

N_NEIGHBORS = 20
"""Rows to which each row is connected, if the density does not fall below the level on the way."""
N_STOPS = 3
"""Places on the way between two neighbours at which the density is looked up."""
N_STOPS_FAR = 31
"""The same between rows far apart."""
MOST_PARTS = 100


@dataclass(frozen=True)
class Regions:
    """The cores of clusters, and how many regions there are at each level.

    Parameters
    ----------
    cores : ndarray of shape (M,), dtype int64
        Number of the core that each row lies in, -1 for none. All are one core, if nothing separates them.
    mode_function : ndarray of shape (100, 2)
        A share of the rows, and into how many large regions the densest rows of this share fall.
    """

    cores: NDArray[np.int64]
    mode_function: Array


def find_regions(
    parameters: MixtureParameters, z: Array, share: Array, *, bounds: Bounds, min_share: float
) -> Regions:
    """Let regions grow and join as the level of the density falls.

    Parameters
    ----------
    parameters : MixtureParameters
    z : ndarray of shape (M, D)
        Rows, in the same coordinates.
    share : ndarray of shape (M,)
        Of all rows that each stands for.
    bounds : tuple of two float
        Two large regions are cores of their own if the pass between them is low beside the lower of their
        peaks: never above the upper bound, always below the lower one, see `threshold_in_gap`.
    min_share : float
        Share of the rows that makes a region large.
    """
    density = _LogDensity(parameters)
    own = density(z)
    ways = list(_ways(density, z, own))
    growth = _Growth(own, share, min_share)
    levels, counts = [np.inf], [growth.n_large]
    for one, other, level in ways:
        growth.join(one, other, level)
        levels.append(level)
        counts.append(growth.n_large)
    # How high passes are is known only now, and with it which of them separate.
    threshold = threshold_in_gap(np.array(growth.passes), bounds)
    growth = _Growth(own, share, min_share, threshold)
    for one, other, level in ways:
        growth.join(one, other, level)
    cores = growth.cores if growth.n_cores else np.zeros(len(z), dtype=np.int64)
    densest = np.argsort(-own, kind="stable")
    shares = np.linspace(0.01, 1.0, 100)
    at = np.minimum(np.searchsorted(np.cumsum(share[densest]), shares - 1e-12), len(z) - 1)
    last = np.searchsorted(-np.array(levels), -own[densest][at], side="right") - 1
    return Regions(cores, np.column_stack([shares, np.array(counts)[last]]))


class _Growth:
    """Which rows are together so far, by a forest of rows; the root of a tree stands for its region."""

    def __init__(self, own: Array, share: Array, min_share: float, threshold: float = 0.0) -> None:
        self.cores = np.full(len(own), -1, dtype=np.int64)
        self.n_cores = 0
        self.passes: list[float] = []
        self.n_large = int(np.count_nonzero(share >= min_share))
        self._threshold = threshold
        self._min_share = min_share
        self._parents = list(range(len(own)))
        self._peaks = own.tolist()
        self._share = share.tolist()
        self._members = [[row] for row in range(len(own))]
        self._has_core = [False] * len(own)

    def join(self, one: int, other: int, level: float) -> None:
        """Join the regions of two rows, where the density is at this level between them."""
        low, high = sorted((self._root(one), self._root(other)), key=lambda root: self._peaks[root])
        are_large = [self._share[root] >= self._min_share for root in (low, high)]
        if all(are_large):
            self.passes.append(float(np.exp(level - self._peaks[low])))
            if self.passes[-1] < self._threshold:
                self._part(low, high)
        self._has_core[high] |= self._has_core[low]
        self._parents[low] = high
        self._members[high] += self._members[low]
        self._members[low] = []
        self._share[high] += self._share[low]
        self.n_large += int(self._share[high] >= self._min_share) - sum(are_large)

    def _part(self, *roots: int) -> None:
        """Take regions for cores, unless they hold such already, and so lie below where those joined."""
        for root in roots:
            if not self._has_core[root]:
                self.cores[self._members[root]] = self.n_cores
                self.n_cores += 1
                self._has_core[root] = True

    def _root(self, row: int) -> int:
        """Return the row that stands for the region of another."""
        while self._parents[row] != row:
            self._parents[row] = self._parents[self._parents[row]]
            row = self._parents[row]
        return row


class _LogDensity:
    """The log-density of a mixture at points in its own coordinates."""

    def __init__(self, parameters: MixtureParameters) -> None:
        self._density = parameters.density()
        self._backend = default_backend(None)

    def __call__(self, z: Array) -> Array:
        """Return the log-density at each row."""
        rows = Rows(np.ascontiguousarray(z), Coordinates.identity(z.shape[1]))
        found = self._backend.evaluate(rows, self._density, Outputs.LOG_DENSITY).log_density
        assert found is not None
        return found


def _ways(density: _LogDensity, z: Array, own: Array) -> Iterator[tuple[int, int, float]]:
    """Yield the ways by which rows are connected, the highest first, until all are.

    Each is two rows and the lowest log-density on the way. Rows between which there is no way are connected
    last, by ways without density.
    """
    n_rows = len(z)
    if n_rows == 1:
        return
    pairs = _neighbors(z)
    level = _lowest_between(density, z, own, pairs, N_STOPS)
    n_parts, part = connected_components(_graph(np.ones(len(pairs)), pairs, n_rows), directed=False)
    if n_parts > 1:
        # Groups so dense that rows have no neighbours outside: their highest rows are connected.
        descending = np.argsort(-own, kind="stable")
        peaks = descending[np.unique(part[descending], return_index=True)[1]]
        peaks = peaks[np.argsort(-own[peaks], kind="stable")][:MOST_PARTS]
        across = np.column_stack(np.triu_indices(len(peaks), 1))
        far = peaks[across]
        pairs = np.concatenate([pairs, far])
        level = np.concatenate([level, _lowest_between(density, z, own, far, N_STOPS_FAR)])
    # The tree that connects as high as possible: all levels at which regions join are in it.
    order = np.argsort(-level, kind="stable")
    ranks = np.empty(len(level))
    ranks[order] = np.arange(1.0, len(level) + 1)
    tree = minimum_spanning_tree(_graph(ranks, pairs, n_rows)).tocoo()
    kept = order[np.sort(tree.data).astype(int) - 1]
    yield from zip(*pairs[kept].T.tolist(), level[kept].tolist(), strict=True)
    n_parts, part = connected_components(_graph(np.ones(len(kept)), pairs[kept], n_rows), directed=False)
    first = np.unique(part, return_index=True)[1]
    for p in range(1, n_parts):
        yield int(first[0]), int(first[p]), -np.inf


def _neighbors(z: Array) -> NDArray[np.int64]:
    """Return pairs of rows of which one is among the nearest of the other, each pair once."""
    n_rows = len(z)
    nearest = cKDTree(z).query(z, k=min(N_NEIGHBORS + 1, n_rows))[1]
    pairs = np.column_stack([np.repeat(np.arange(n_rows), nearest.shape[1]), nearest.reshape(-1)])
    pairs.sort(axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _lowest_between(
    density: _LogDensity, z: Array, own: Array, pairs: NDArray[np.int64], n_stops: int
) -> Array:
    """Return the lowest log-density at so many places on the straight line between the rows of each pair."""
    one, other = pairs.T
    level = np.minimum(own[one], own[other])
    for stop in np.arange(1, n_stops + 1) / (n_stops + 1):
        level = np.minimum(level, density((1.0 - stop) * z[one] + stop * z[other]))
    return level


def _graph(values: Array, pairs: NDArray[np.int64], n_rows: int) -> coo_array:
    """Return values between rows as a sparse matrix."""
    one, other = pairs.T.astype(np.int32)  # the graph algorithms of older versions of SciPy take no others
    return coo_array((values, (one, other)), shape=(n_rows, n_rows))
