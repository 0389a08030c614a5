"""What is measured on the data before a fit: location, scale, and how small a variance may become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Backend
from gaussmix.core.conjugate_prior import Prior, ShrinkagePrior
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.fences import fences
from gaussmix.core.parameters import VARIANCE_OF_A_STEP, Regularization
from gaussmix.core.prior import PriorSums
from gaussmix.core.resolution import resolution
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import Moments
from gaussmix.exceptions import FeatureRangeError
from gaussmix.initialization import Sample, StartingData, within_clusters

RELATIVE_FLOOR = 1e-6
"""Least variance of a component, relative to the squared spread of each feature."""
ROUNDING_FLOOR = 1e-14
"""The same where the floor only has to catch rounding."""
MIDDLE_IN_DEVIATIONS = 2 * 0.6744897501960817
"""Distance of the quartiles of a normal distribution, in standard deviations."""
FARTHEST = 1e120
"""Deviations that a value may lie from the centre, so that its square stays within the range of doubles."""
NUMBERS_AT_A_TIME = 4096
NUMBERS_IN_A_BLOCK = 1 << 20
LARGEST_DEVIATION = 1e153
"""The square of anything larger, summed over many rows, can leave the range of doubles."""


@dataclass(frozen=True)
class Scales:
    """Location and scale of each feature, measured on the data.

    Parameters
    ----------
    coordinates : Coordinates
        Working coordinates: about the mean, in units near the standard deviation.
    variances : ndarray of shape (D,)
        In working coordinates. A constant feature has that of a spread guessed from its value, or zero
        where all features are scaled alike.
    constant : ndarray of bool, shape (D,)
    """

    coordinates: Coordinates
    variances: Array
    constant: NDArray[np.bool_]


def measure(
    X: NDArray[np.floating], sample_weight: Array | None, backend: Backend, *, common_scale: bool
) -> Scales:
    """Measure location and scale of each feature, in two steps so that no square can overflow.

    Values far outside the range of nearly all count as if they lay on a fence about it: no single one, such
    as one that stands for a missing entry, decides in what units all others are seen.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    sample_weight : ndarray of shape (N,) or None
    backend : Backend
    common_scale : bool
        Scale all features alike.
    """
    present = None if sample_weight is None or sample_weight.all() else sample_weight > 0
    lowest = _of_features(np.minimum, X, present, initial=np.inf)
    highest = _of_features(np.maximum, X, present, initial=-np.inf)
    # Halved before the difference: the whole range can be larger than the largest double.
    rough = Coordinates.around(0.5 * lowest + 0.5 * highest, 0.5 * highest - 0.5 * lowest)
    n_features = X.shape[1]
    single = Density(np.zeros(1), np.zeros((1, n_features)), np.zeros(1), FactorForm.SCALAR)
    sums = backend.expect(Rows(X, rough, sample_weight), single, Moments.DIAGONAL)
    centered = sums.about(sums.centers + sums.first / sums.counts[:, None])
    center = rough.to_data(centered.centers[0])
    deviation = np.sqrt(np.maximum(centered.second[0] / centered.counts[0], 0.0)) / rough.scale
    check_range(deviation)
    low, high = fences(X, sample_weight)
    if (lowest < low).any() or (highest > high).any():
        low, high = np.maximum(low, lowest), np.minimum(high, highest)
        center, deviation = _within_fences(X, sample_weight, low, high)
        deviation = np.maximum(deviation, np.maximum(highest - center, center - lowest) / FARTHEST)
    constant = deviation <= 8 * np.finfo(X.dtype).eps * np.abs(center)
    # The units of a constant feature can only be guessed from its value.
    guessed = np.where(center == 0, 1.0, np.abs(center))
    if common_scale:
        spread = guessed if constant.all() else np.where(constant, 0.0, deviation)
        coordinates = Coordinates.around(center, np.full(n_features, spread.max()))
    else:
        spread = np.where(constant, guessed, deviation)
        coordinates = Coordinates.around(center, spread)
    return Scales(coordinates, (spread * coordinates.scale) ** 2, constant)


def _within_fences(
    X: NDArray[np.floating], sample_weight: Array | None, low: Array, high: Array
) -> tuple[Array, Array]:
    """Return mean and standard deviation of each feature, with values brought within finite bounds."""
    inner = Coordinates.around(0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low)
    step = max(1, NUMBERS_IN_A_BLOCK // X.shape[1])
    moments = []
    center = np.zeros(X.shape[1])
    for power in (1, 2):  # the second about the mean
        total, sums = 0.0, np.zeros(X.shape[1])
        for begin in range(0, len(X), step):
            z = inner.to_working(np.clip(X[begin : begin + step], low, high)) - center
            weights = np.ones(len(z)) if sample_weight is None else sample_weight[begin : begin + step]
            total += float(weights.sum())
            sums += weights @ z**power
        moments.append(sums / total)
        center = moments[0]
    return inner.to_data(center), np.sqrt(moments[1]) / inner.scale


def _of_features(
    reduction: np.ufunc, X: NDArray[np.floating], present: NDArray[np.bool_] | None, *, initial: float
) -> Array:
    """Return the least or the greatest value of each feature over the rows present, in double precision.

    NumPy is slow along short rows: rows that lie one after the other in memory are read many at a time.
    """
    n_rows, n_features = X.shape
    together = NUMBERS_AT_A_TIME // n_features
    if present is not None or together < 2 or not X.flags.c_contiguous:
        where = True if present is None else present[:, None]
        return np.asarray(reduction.reduce(X, axis=0, initial=initial, where=where), dtype=float)
    end = n_rows // together * together
    lines = reduction.reduce(X[:end].reshape(-1, together * n_features), axis=0, initial=initial)
    few = np.concatenate([lines.reshape(together, n_features), X[end:]])
    return np.asarray(reduction.reduce(few, axis=0), dtype=float)


def check_range(deviation: Array) -> None:
    """Refuse features whose variances doubles cannot hold.

    Parameters
    ----------
    deviation : ndarray of shape (D,)
        Standard deviations.

    Raises
    ------
    gaussmix.exceptions.FeatureRangeError
        If there is such a feature.
    """
    outside = (deviation > LARGEST_DEVIATION) | ((deviation > 0) & (deviation < 1.0 / LARGEST_DEVIATION))
    if outside.any():
        feature = int(np.argmax(outside))
        raise FeatureRangeError(feature, float(deviation[feature]))


def regularization_for(scales: Scales, sample: Sample, reg_covar: float | None) -> Regularization:
    """Return the regularisation in working coordinates.

    Parameters
    ----------
    scales : Scales
    sample : Sample
        Rows that stand for all.
    reg_covar : float or None
        Added to the diagonal of every covariance, in squared units of the data; zero forbids repairs.
        None sets a floor relative to the spread of each feature instead.
    """
    relative = ROUNDING_FLOOR if reg_covar else RELATIVE_FLOOR
    scale = scales.coordinates.scale
    addition = (reg_covar or 0.0) * scale * scale
    floor = relative * np.minimum(scales.variances, _variances_of_the_middle(sample, scales.variances))
    lowest = ROUNDING_FLOOR * scales.variances
    if reg_covar is not None:  # as scikit-learn has it
        return Regularization(floor, addition, reg_covar == 0, relative, lowest)
    # Rows that are repeated are no sign that values were rounded.
    recorded = VARIANCE_OF_A_STEP * resolution(sample.z[sample.is_new]) ** 2
    return Regularization(floor, addition, False, relative, lowest, recorded=recorded)


def prior_for(
    prior: Prior, data: StartingData, n_components: int, generator: np.random.RandomState
) -> PriorSums:
    """Return what a prior adds to the sums of an M-step, in working coordinates.

    Parameters
    ----------
    prior : Prior
    data : StartingData
    n_components : int
    generator : numpy.random.RandomState

    Raises
    ------
    ValueError
        If the prior does not suit the data or the family.
    """
    rows, family = data.rows, data.family
    if isinstance(prior, ShrinkagePrior):
        matrices = prior.suits(family)
        if not matrices or rows.n_features == 1:
            raise ValueError(
                "prior='shrinkage' draws covariance matrices toward their diagonals, but "
                + ("a single feature has" if matrices else f"{family.name} covariances have")
                + " no more than those"
            )
        within, freedom = within_clusters(data.on_sample(), n_components, generator)
        return prior.sums(family, n_components, rows.coordinates, within, freedom)
    single = Density(np.zeros(1), np.zeros((1, rows.n_features)), np.zeros(1), FactorForm.SCALAR)
    total = rows.n_rows if rows.sample_weight is None else rows.sample_weight.sum()
    wants_matrix = family.moments in (Moments.FULL, Moments.POOLED) and total > rows.n_features
    moments = Moments.FULL if wants_matrix else Moments.DIAGONAL
    sums = data.backend.expect(rows, single, moments).centered()
    covariance = sums.second[0] / max(total - 1.0, 1.0)
    return prior.sums(family, n_components, rows.coordinates, sums.centers[0], covariance)


def _variances_of_the_middle(sample: Sample, variances: Array) -> Array:
    """Return the variance of a normal distribution with the middle half of each feature's rows.

    Rows far out raise the variance, and a floor that followed it would rise above the spread of all others.
    Where the middle is a single value the variance itself is returned.
    """
    order = np.argsort(sample.z, axis=0)
    cumulated = np.cumsum(sample.weights[order], axis=0) / sample.weights.sum()
    low, high = (
        np.take_along_axis(sample.z, np.take_along_axis(order, (cumulated < q).sum(axis=0)[None], 0), 0)[0]
        for q in (0.25, 0.75)
    )
    middle = ((high - low) / MIDDLE_IN_DEVIATIONS) ** 2
    return np.where(middle > 0, middle, variances)
