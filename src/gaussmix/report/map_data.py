"""What the page's script draws the map from: a sample of the rows and the components, packed.

Values travel as single-precision distances from the overall mean in overall standard deviations, so that no
unit and no offset of the data costs digits that a screen could show. Transformed features travel transformed,
and the script shows them in the data's units, so that ellipses become the curves that hold the same share.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.rows import Array
from gaussmix.core.transforms import FeatureTransforms, Identity
from gaussmix.explain import MixtureSummary
from gaussmix.explain.components import (
    FeatureNoise,
    fitted_covariances,
    standard_deviations,
    transforms_of,
)
from gaussmix.explain.rows import RowTable
from gaussmix.explain.sentences import feature_formats
from gaussmix.explain.wording import display_names, format_count
from gaussmix.plot.limits import axis_limits
from gaussmix.plot.sampling import SEED
from gaussmix.report.projection import location_and_scale, projection_axes

MOST_ROWS = 5_000
"""Points beyond this hide each other, and a phone draws them slowly."""
MOST_FEATURES = 24
"""Features that can be chosen as axes: of more, the most telling."""
MOST_BYTES = 500_000
"""Of what describes the sampled rows, before packing: fewer rows are taken where each needs more."""
MOST_BYTES_OF_COVARIANCES = 300_000
MOST_ENTRIES = 20_000_000
"""Of covariance matrices: with more there is no projection."""
TOLD_COMPONENTS = 4
"""Probabilities of so many components are told of a row."""
MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star")
"""Seven against eight colours, as in the pictures: the pair repeats only after 56 components."""
DASHES = ("solid", "dashed", "dotted", "dotdash")
ELLIPSE = 0.9
"""Share of a component's rows inside its ellipse."""
BARS = 60


def map_data(
    model: Any,
    X: Any,
    summary: MixtureSummary,
    *,
    component_names: Sequence[str],
    notable: Sequence[int] = (),
    sample_weight: ArrayLike | None = None,
    row_numbers: NDArray[np.integer] | None = None,
) -> dict[str, Any]:
    """Return rows, components and axes for the page's script, as JSON takes them.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : array-like or frame of shape (N, D)
    summary : MixtureSummary
    component_names : sequence of K str
    notable : sequence of int
        Places in the table of rows that have to be among those shown.
    sample_weight : array-like of shape (N,), optional
    row_numbers : array-like of shape (N,), optional
        The numbers by which a reader knows the rows.
    """
    table = RowTable(X)
    shown = _shown_features(summary)
    projection = None
    if summary.n_features > 2 and summary.n_components * summary.n_features**2 <= MOST_ENTRIES:
        projection = projection_axes(model, summary)
    n_columns = len(shown) + (0 if projection is None else 2)
    chosen, n_rows = _sampled_rows(table.n_rows, sample_weight, _affordable_rows(n_columns), notable)
    rows, values = table.take(chosen)
    probabilities = np.asarray(model.predict_proba(rows), dtype=np.float64)

    location, scale = location_and_scale(model, summary)
    transforms = transforms_of(model)
    # One side at a time: the product of two units may leave the range of doubles.
    covariances = fitted_covariances(model, shown) / scale[shown, None] / scale[shown]
    means = (np.asarray(model.means_, dtype=np.float64) - location) / scale
    values = transforms.forward(values)
    columns = [(values[:, d] - location[d]) / scale[d] for d in shown]
    centres = [means[:, d] for d in shown]
    axes = _feature_axes(summary, shown, location, scale, transforms)
    if projection is not None:
        names = tuple(
            name if isinstance(one, Identity) else f"{name} ({one.name})"
            for name, one in zip(display_names(summary.feature_names), transforms.features, strict=True)
        )
        for number, axis in enumerate(projection.axes):
            columns.append((values - location) / scale @ axis)
            centres.append(means @ axis)
            axes.append(
                {
                    "name": f"projection {number + 1}",
                    "offset": 0.0,
                    "scale": 1.0,
                    "decimals": 2,
                    "exponent": None,
                    "transform": None,
                    "about": projection.describe(number, names),
                }
            )
        covariances = projection.extend(model, summary, covariances, shown)
    for position, axis in enumerate(axes):
        low, high = axis_limits(
            columns[position], centres[position], np.maximum(covariances[:, position, position], 0.0)
        )
        axis["range"] = [low, high]
        axis["z"] = _packed(columns[position], np.float32)
    numbers = chosen if row_numbers is None else np.asarray(row_numbers)[chosen]
    told = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOLD_COMPONENTS]
    return {
        "axes": axes,
        "first": _first_axes(summary, shown, projection is not None),
        "count": len(chosen),
        "numbers": _packed(numbers, np.float64),
        "told": int(told.shape[1]),
        "components_told": _packed(told, np.uint16),
        "probabilities_told": _packed(np.take_along_axis(probabilities, told, axis=1), np.float32),
        # What is told of beyond these, number K, is noise.
        "components": [
            {
                "name": name,
                "marker": MARKERS[k % len(MARKERS)],
                "dash": DASHES[k % len(DASHES)],
                "center": [float(centre[k]) for centre in centres],
            }
            for k, name in enumerate(component_names)
        ],
        "covariances": _packed(covariances, np.float32),
        "radius": float(np.sqrt(-2.0 * np.log1p(-ELLIPSE))),
        "note": _note(len(chosen), n_rows, len(shown), summary),
        **(_density(model, table, summary, sample_weight) if summary.n_features == 1 else {}),
    }


def _shown_features(summary: MixtureSummary) -> list[int]:
    # All pairs of features of all components travel with the page.
    room = int((MOST_BYTES_OF_COVARIANCES / 4 / summary.n_components) ** 0.5) - 2
    return sorted(summary.telling_features[: max(2, min(MOST_FEATURES, room))])


def _first_axes(summary: MixtureSummary, shown: list[int], has_projection: bool) -> list[int]:
    """Return the axes that are shown first: the two most telling features, or of many the projection."""
    if has_projection and summary.n_features > 5:
        return [len(shown), len(shown) + 1]
    first = [shown.index(d) for d in summary.telling_features[:2]]
    return first if len(first) == 2 else [0, 0]


def _affordable_rows(n_columns: int) -> int:
    bytes_a_row = 4 * n_columns + 8 + TOLD_COMPONENTS * 6
    return min(MOST_ROWS, MOST_BYTES // bytes_a_row)


def _sampled_rows(
    n_rows: int,
    sample_weight: ArrayLike | None,
    most: int,
    notable: Sequence[int],
) -> tuple[NDArray[np.intp], int]:
    """Return the rows to show, with all notable ones, and how many there are to choose from."""
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    candidates = np.arange(n_rows) if weight is None else np.flatnonzero(weight > 0)
    if len(candidates) <= most:
        return candidates, len(candidates)
    chances = None if weight is None else weight[candidates] / weight[candidates].sum()
    chosen = np.random.default_rng(SEED).choice(candidates, most, replace=False, p=chances)
    return np.union1d(chosen, np.asarray(notable, dtype=np.intp)), len(candidates)


def _feature_axes(
    summary: MixtureSummary,
    shown: list[int],
    location: Array,
    scale: Array,
    transforms: FeatureTransforms,
) -> list[dict[str, Any]]:
    formats = feature_formats(summary)
    names = display_names(summary.feature_names)
    return [
        {
            "name": names[d],
            "offset": float(location[d]),
            "scale": float(scale[d]),
            "decimals": formats[d].decimals,
            "exponent": formats[d].exponent,
            # What leads back to the data's units, for the script.
            "transform": None
            if isinstance(transforms.features[d], Identity)
            else {"name": transforms.features[d].name, **vars(transforms.features[d])},
        }
        for d in shown
    ]


def _density(
    model: Any, table: RowTable, summary: MixtureSummary, sample_weight: ArrayLike | None
) -> dict[str, Any]:
    """Return histogram and densities of a single feature.

    Places are in overall standard deviations of the feature, transformed if it is; densities are those in the
    data's units, times the unit of the places.
    """
    location, scale = (float(one[0]) for one in location_and_scale(model, summary))
    transform = transforms_of(model).features[0]
    z = (transform.forward(table.column(0)) - location) / scale
    weight = np.ones(len(z)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    means = (np.asarray(model.means_, dtype=np.float64)[:, 0] - location) / scale
    variances = np.maximum((standard_deviations(model)[:, 0] / scale) ** 2, 1e-12)
    low, high = axis_limits(z[weight > 0], means, variances)
    heights, edges = np.histogram(z, bins=BARS, range=(low, high), weights=weight)
    grid = np.linspace(low, high, 401)
    deviations = np.sqrt(variances)
    curves = (
        np.asarray(model.weights_, dtype=np.float64)[:, None]
        * np.exp(-0.5 * ((grid - means[:, None]) / deviations[:, None]) ** 2)
        / (deviations[:, None] * np.sqrt(2.0 * np.pi))
    )
    at = transform.inverse(location + scale * grid)
    widths = np.diff(transform.inverse(location + scale * edges)) / scale
    noise = FeatureNoise.of(model, 0)
    return {
        "density": {
            "edges": _packed(edges, np.float32),
            "heights": _packed(heights / (weight.sum() * widths), np.float32),
            "grid": _packed(grid, np.float32),
            "curves": _packed(curves * np.exp(transform.log_slope(at)), np.float32),
            "noise": None if noise is None else _packed(noise.density(at) * scale, np.float32),
        }
    }


def _note(n_shown: int, n_rows: int, n_features: int, summary: MixtureSummary) -> str:
    n_all_features = summary.n_features
    if n_all_features == 1:
        return "The histogram counts all rows; a click shows the nearest " + (
            "row." if n_shown >= n_rows else f"of a random sample of {n_shown:,} of the {n_rows:,} rows."
        )
    parts = [
        f"Every one of the {format_count(n_rows, 'row')} is a point."
        if n_shown >= n_rows
        else f"The points are a random sample of {n_shown:,} of the {n_rows:,} rows, those that "
        "the page names among them."
    ]
    parts.append(f"Each ellipse holds {ELLIPSE:.0%} of its component.")
    if summary.n_noise:
        parts.append("Grey: noise.")
    if n_features < n_all_features:
        parts.append(f"The axes offer the {n_features} most telling of {n_all_features} features.")
    return " ".join(parts)


def _packed(values: ArrayLike, dtype: Any) -> str:
    little = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")
