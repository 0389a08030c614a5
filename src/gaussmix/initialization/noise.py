"""Where noise may lie, and which rows look like it before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Array, Rows
from gaussmix.core.statistics import Moments
from gaussmix.covariance.floor import isotropic
from gaussmix.covariance.low_rank import HEYWOOD, FactorAnalysisFamily
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.order import Sample

FEW_FEATURES = 200
"""Features up to which a box along the principal axes is looked at, too."""
BLOCK_NUMBERS = 1 << 20
LARGEST_NUMBER_OF_ROWS = 5000
"""Rows among which neighbours are sought."""
NEIGHBOUR = 12
"""The neighbour whose distance tells how dense it is about a row, as in the R package prabclus."""
MOST_DIMENSIONS = 10
"""Volumes of balls are powers of distances; in many features rows lie near fewer dimensions than those."""
N_ITER = 100
LEAST_SHARE = 0.02
"""Share of noise that EM starts from at least."""


@dataclass(frozen=True)
class Region:
    """Where noise may lie: in a box.

    Parameters
    ----------
    lower, upper : ndarray of shape (D,)
        Bounds of the data, in their units.
    log_volume : float
        Logarithm of the volume in which noise is uniform, in the data's units.
    """

    lower: Array
    upper: Array
    log_volume: float


def region_of(data: StartingData, volume: float | None) -> Region:
    """Return the region of noise: the bounding box of the rows, or that along their principal axes.

    The smaller of the two, as in mclust; where components lie along the axes of the features, and for
    spheres, the former: a box along a direction that components cannot follow would leave them no rows. No
    edge is shorter than a component at the floor is wide: in a direction in which the rows do not vary, noise
    is no denser than components.

    Parameters
    ----------
    data : StartingData
    volume : float or None
        The volume, in the data's units, if it is known.
    """
    rows = data.rows
    X = rows.X if rows.sample_weight is None else rows.X[rows.sample_weight > 0]
    lower, upper = X.min(axis=0).astype(float), X.max(axis=0).astype(float)
    if volume is not None:
        return Region(lower, upper, float(np.log(volume)))
    scale = rows.coordinates.scale
    with np.errstate(over="ignore"):
        lengths = (0.5 * upper - 0.5 * lower) * 2.0 * scale  # in working coordinates
    lengths = lengths + data.regularization.step  # of recorded values, the cells
    floor = _least_variances(data, lengths <= 0)
    lengths = np.maximum(lengths, np.sqrt(2.0 * np.pi * floor))
    log_volume = float(np.log(lengths).sum())
    n_different = len(_different_rows(data.sample)[0])
    turned = data.family.representation.form in (FactorForm.FULL, FactorForm.SHARED)
    if turned and 1 < rows.n_features <= min(FEW_FEATURES, n_different - 1):
        log_volume = min(log_volume, _log_volume_along_axes(data, rows, floor))
    return Region(lower, upper, log_volume - rows.coordinates.log_jacobian)


def _least_variances(data: StartingData, constant: NDArray[np.bool_]) -> Array:
    """Return the variances of a component at the floor, in working coordinates.

    A uniform density on an edge of ``sqrt(2 pi)`` of its deviations is as high as that component's.
    """
    family, regularization = data.family, data.regularization
    if family.representation.form is FactorForm.SCALAR:  # a sphere is as wide where the rows do not vary
        return np.where(constant, data.spread**2, 0.0)
    if family.common_scale:
        floor = isotropic(regularization.floor)
    else:  # of a feature without variance the floor is lowered as far as it can be
        floor = np.where(constant, regularization.lowest, regularization.floor)
    if isinstance(family, FactorAnalysisFamily):
        floor = HEYWOOD * floor
    return np.maximum(floor, regularization.addition)


def _log_volume_along_axes(data: StartingData, rows: Rows, floor: Array) -> float:
    """Return the log-volume, in working coordinates, of the box along the principal axes of the raw data."""
    n_features = rows.n_features
    # Relative to the largest: features in the data's units, within the range of doubles.
    units = rows.coordinates.scale.min() / rows.coordinates.scale
    single = Density(np.zeros(1), np.zeros((1, n_features)), np.zeros(1), FactorForm.SCALAR)
    scatter = data.backend.expect(rows, single, Moments.FULL).centered().second[0]
    _, axes = np.linalg.eigh(scatter * units[:, None] * units)
    lowest, highest = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    step = max(1, BLOCK_NUMBERS // n_features)
    for start in range(0, rows.n_rows, step):
        z = rows.coordinates.to_working(rows.X[start : start + step])
        if rows.sample_weight is not None:
            z = z[rows.sample_weight[start : start + step] > 0]
        if len(z):
            along = (z * units) @ axes
            lowest = np.minimum(lowest, along.min(axis=0))
            highest = np.maximum(highest, along.max(axis=0))
    least = np.sqrt(2.0 * np.pi * ((units**2 * floor) @ axes**2))
    lengths = np.maximum(highest - lowest, least) + (units * data.regularization.step) @ np.abs(axes)
    if not (lengths > 0).all():
        return float(np.inf)
    return float(np.log(lengths).sum() - np.log(units).sum())


def without_noise(data: StartingData, n_components: int) -> tuple[StartingData, float]:
    """Return the rows that do not look like noise, and the share of those that do.

    By the distance of the twelfth neighbour: the volumes of balls up to it have a gamma distribution where
    rows are uniform, and so two of them where there are groups and noise (Byers and Raftery 1998, Journal of
    the American Statistical Association 93, 577).

    Parameters
    ----------
    data : StartingData
    n_components : int
    """
    z, weights = _different_rows(data.sample)
    step = max(1, -(-len(z) // LARGEST_NUMBER_OF_ROWS))
    z, weights = z[::step], weights[::step]
    neighbour = min(NEIGHBOUR, len(z) // 4)
    if neighbour < 2:
        return data.on_sample(), LEAST_SHARE
    scaled = z / data.spread
    distances, _ = cKDTree(scaled).query(scaled, k=neighbour + 1)
    probabilities = _probabilities_of_noise(distances[:, -1], neighbour, z.shape[1])
    clean = probabilities < 0.5
    share = 1.0 - float(weights[clean].sum() / weights.sum())
    if clean.sum() < max(2 * n_components, len(z) // 10):
        return data.on_sample(), LEAST_SHARE
    sample = Sample(np.ascontiguousarray(z[clean]), np.ascontiguousarray(weights[clean]))
    return replace(data, sample=sample).on_sample(), max(share, LEAST_SHARE)


def _different_rows(sample: Sample) -> tuple[Array, Array]:
    """Return each row once, with the weight of all that are equal to it: neither may change what is noise."""
    new = sample.is_new
    return sample.z[new], np.add.reduceat(sample.weights, np.flatnonzero(new))


def _probabilities_of_noise(distances: Array, neighbour: int, n_features: int) -> Array:
    """Return how probably each row is noise, given the distance of one of its neighbours."""
    positive = distances > 0
    if positive.sum() < len(distances) / 2:
        return np.zeros(len(distances))
    logarithms = np.log(np.where(positive, distances, distances[positive].min()))
    logarithms = min(n_features, MOST_DIMENSIONS) * (logarithms - np.median(logarithms))
    volumes = np.exp(np.clip(logarithms, -300.0, 300.0))
    noise = (logarithms > np.quantile(logarithms, 0.75)).astype(float)
    for _ in range(N_ITER):
        share = noise.mean()
        if not 0.0 < share < 1.0:
            break
        sparse = neighbour * noise.sum() / (noise @ volumes)
        dense = neighbour * (1.0 - noise).sum() / ((1.0 - noise) @ volumes)
        if not dense > sparse:
            return np.zeros(len(distances))
        odds = np.log(share / (1.0 - share)) + neighbour * np.log(sparse / dense)
        odds = np.clip(odds - (sparse - dense) * volumes, -700.0, 700.0)
        before, noise = noise, 1.0 / (1.0 + np.exp(-odds))
        if np.abs(noise - before).max() < 1e-6:
            break
    return np.asarray(noise)
