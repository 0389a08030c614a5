"""Where an axis begins and ends."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.core.transforms import FeatureTransform, Identity
from gaussmix.explain.wording import format_count

REACH = 2.2
"""Standard deviations of a component to either side that an axis shows."""


def axis_limits(values: Array, means: Array, variances: Array) -> tuple[float, float]:
    """Return limits that hold the rows and the middle of every component, with a margin.

    A component that is far wider than the rows (a background) does not shrink them to a dot, nor do
    single rows far out: the axis ends at twice the range of all rows but the outermost 0.2 % and, of
    few, but the outermost one.

    Parameters
    ----------
    values : ndarray of shape (n,)
    means, variances : ndarray of shape (K,)

    Returns
    -------
    lowest, highest : float
        Always different.
    """
    outermost = min(max(0.002, 1.5 / len(values)), 0.25)
    inner_low, inner_high = np.quantile(values, [outermost, 1.0 - outermost])
    reach = inner_high - inner_low
    low, high = float(values.min()), float(values.max())
    if reach > 0:
        low, high = max(low, inner_low - reach), min(high, inner_high + reach)
    deviations = np.sqrt(np.maximum(variances, 0.0))
    width = high - low
    low = min(low, max(float(np.min(means - REACH * deviations)), low - 0.5 * width))
    high = max(high, min(float(np.max(means + REACH * deviations)), high + 0.5 * width))
    margin = 0.04 * (high - low)
    # A constant feature: room of its own magnitude, and of one for zeros.
    if not margin > 8 * np.finfo(float).eps * max(abs(low), abs(high)):
        margin = 0.1 * max(abs(low), abs(high)) or 1.0
    return low - margin, high + margin


def feature_limits(
    values: Array, means: Array, deviations: Array, transform: FeatureTransform
) -> tuple[float, float]:
    """Return limits for a feature that may be transformed, in the data's units.

    Parameters
    ----------
    values : ndarray of shape (n,)
        In the data's units.
    means, deviations : ndarray of shape (K,)
        Of the components, transformed as the feature is.
    transform : FeatureTransform
    """
    if isinstance(transform, Identity):
        return axis_limits(values, means, deviations**2)
    low = transform.inverse(means - REACH * deviations)
    high = transform.inverse(means + REACH * deviations)
    return axis_limits(values, 0.5 * (low + high), (0.5 * (high - low) / REACH) ** 2)


def beyond_note(n_rows: int) -> str:
    """Return what a caption says of rows outside the axes; nothing where there are none."""
    if not n_rows:
        return ""
    return f"{format_count(n_rows, 'row')} {'lies' if n_rows == 1 else 'lie'} beyond the axes."
