"""Rows and components across all features: a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.explain.components import moments
from gaussmix.explain.information import most_telling_features
from gaussmix.explain.rows import RowTable, feature_index, resolve_feature_names
from gaussmix.plot.display import Display
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import ShownRows, choose_rows
from gaussmix.plot.style import (
    LEGEND,
    LIGHT,
    Theme,
    axis_names,
    component_handles,
    component_line,
    component_marker,
    noise_handle,
    plain_legend,
    plain_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FEATURES = 20
SHOWN_LINES = 400
"""More lines than this cover each other."""
BAND_COMPONENTS = 3
"""Bands of more components cover each other."""


class ParallelCoordinatesDisplay(Display):
    """Centres of the components across features, in units of the mixture's spread, over lines of rows.

    Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    rows : ShownRows
        Rows to show, in the features shown and the data's units.
    means, deviations : ndarray of shape (K, d)
        Of the components, in the data's units.
    center, spread : ndarray of shape (d,)
        Mean and standard deviation of the whole mixture: the units of the picture.
    feature_names : tuple of str
    n_features : int
        Features in the whole table.
    components : ComponentNames, optional
        Default: numbers.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    row_lines_ : LineCollection
        One line a row.
    center_lines_ : list of Line2D
        One line a component.
    bands_ : list of PolyCollection
        One standard deviation to either side of each centre, for up to three components.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_iris
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import ParallelCoordinatesDisplay
    >>> X = load_iris().data
    >>> model = GaussianMixture(3, random_state=0).fit(X)
    >>> display = ParallelCoordinatesDisplay.from_estimator(model, X, ax=Figure().subplots())
    >>> len(display.row_lines_.get_segments()), len(display.center_lines_)
    (150, 3)
    """

    def __init__(
        self,
        *,
        rows: ShownRows,
        means: Array,
        deviations: Array,
        center: Array,
        spread: Array,
        feature_names: tuple[str, ...],
        n_features: int,
        components: ComponentNames | None = None,
    ) -> None:
        self.rows = rows
        self.means = means
        self.deviations = deviations
        self.center = center
        self.spread = spread
        self.feature_names = feature_names
        self.n_features = n_features
        self.components = components or ComponentNames.given(None, len(means))

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None,
        max_rows: int = SHOWN_LINES,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> ParallelCoordinatesDisplay:
        """Draw a fitted mixture and a table.

        Parameters
        ----------
        model : fitted mixture
        X : array-like or frame of shape (N, D)
        features : sequence of int or str, optional
            Indices or names of the features to show, in this order. Default: all, or of more than twenty
            those that tell most about the component.
        feature_names : sequence of D str, optional
            Default: the names the model was fitted with, else the frame's, else x0, x1, ...
        sample_weight : array-like of shape (N,), optional
            Weights of the rows; those of weight zero are not shown.
        max_rows : int, default=400
            Of a longer table, a seeded random sample of so many rows is shown.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        ParallelCoordinatesDisplay

        Raises
        ------
        ValueError
            If there is no such feature.
        """
        table = RowTable(X)
        names = resolve_feature_names(model, table, feature_names)
        chosen = choose_features(model, names, features)
        rows = choose_rows(model, table, max_rows, sample_weight)
        center, spread = mixture_moments(model)
        shown = axis_names(names, 26)
        display = cls(
            rows=ShownRows(rows.values[:, chosen], rows.labels, rows.n_rows),
            means=moments(model)[0][:, chosen],
            deviations=moments(model)[1][:, chosen],
            center=center[chosen],
            spread=spread[chosen],
            feature_names=tuple(shown[d] for d in chosen),
            n_features=len(names),
            components=ComponentNames.of(model),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        legend: bool = True,
        theme: Theme = LIGHT,
    ) -> ParallelCoordinatesDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        legend : bool, default=True
            Name the components beside the axes.
        theme : Theme, optional
            Colours of the components. The axes' own colours stay as they are.

        Returns
        -------
        ParallelCoordinatesDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.collections import LineCollection
        from matplotlib.patheffects import withStroke

        n_components, n_features = self.means.shape
        ax = self._begin(ax, theme, float(np.clip(3.0 + 0.55 * n_features, 7.0, 13.0)), 5.2)
        places = np.arange(n_features)
        lines = self._standardised(self.rows.values)
        colors = [theme.component_color(k) for k in range(n_components)]
        row_colors = [*colors, theme.muted]  # noise has the label -1
        self.row_lines_ = LineCollection(
            [np.column_stack([places, line]) for line in lines],
            colors=[row_colors[k] for k in self.rows.labels],
            linewidths=0.6,
            alpha=float(np.clip(40 / len(lines), 0.12, 0.5)),
            rasterized=len(lines) > 200,
            zorder=1,
        )
        ax.add_collection(self.row_lines_, autolim=False)
        centers = self._standardised(self.means)
        deviations = self.deviations / self._unit()
        self.bands_ = []
        if n_components <= BAND_COMPONENTS:
            self.bands_ = [
                ax.fill_between(places, centers[k] - deviations[k], centers[k] + deviations[k],
                                color=colors[k], alpha=0.16, linewidth=0, zorder=2)
                for k in range(n_components)
            ]  # fmt: skip
        self.center_lines_ = [
            ax.plot(
                places, centers[k], color=colors[k], linestyle=component_line(k), zorder=3,
                linewidth=2.0 if n_components <= 8 else 1.2, markersize=6 if n_components <= 8 else 4,
                marker=component_marker(k), label=self.components.full[k],
                path_effects=[withStroke(linewidth=3.2, foreground=theme.background)],
            )[0]
            for k in range(n_components)
        ]  # fmt: skip
        inner = np.quantile(lines, [0.002, 0.998])
        low, high = min(inner[0], centers.min()), max(inner[1], centers.max())
        ax.set_xlim(-0.2, n_features - 0.8)
        ax.set_ylim(low - 0.05 * (high - low) - 1e-3, high + 0.05 * (high - low) + 1e-3)
        ax.set_xticks(places, self.feature_names)
        crowded = sum(len(name) for name in self.feature_names) > 70
        for label in ax.get_xticklabels():
            label.set(**plain_text(label.get_text()))
            if crowded:
                label.set(rotation=40, ha="right", rotation_mode="anchor")
        ax.set_ylabel("standard deviations from the mean of all")
        any_noise = bool(self.rows.noise.any())
        if legend and n_components + any_noise > 1:
            handles = component_handles(self.components.full, theme)
            handles += [noise_handle(theme, marker=False)] * any_noise
            plain_legend(
                ax.legend(
                    handles=handles, **{**LEGEND, "loc": "upper left"}, bbox_to_anchor=(1.01, 1.0),
                    borderaxespad=0.0, ncols=1 + n_components // 24,
                )
            )  # fmt: skip
        return self._finish(theme)

    @property
    def title(self) -> str:
        """What the picture shows."""
        return (
            f"Components across {len(self.feature_names)} feature{'s' if len(self.feature_names) > 1 else ''}"
        )

    @property
    def note(self) -> str:
        """What a caption says: lines, bands, rows and features."""
        band = "; bands: one standard deviation" if len(self.means) <= BAND_COMPONENTS else ""
        parts = [f"Thick lines: centres of the components{band}. Thin lines: rows."]
        if len(self.rows.values) < self.rows.n_rows:
            parts[0] = (
                f"Thick lines: centres of the components{band}. Thin lines: a random sample of "
                f"{len(self.rows.values):,} of the {self.rows.n_rows:,} rows."
            )
        if self.rows.noise.any():
            parts.append(self.rows.noise_note)
        if len(self.feature_names) < self.n_features:
            parts.append(f"Shown are {len(self.feature_names)} of {self.n_features} features.")
        return " ".join(parts)

    def _unit(self) -> Array:
        return np.where(self.spread > 0, self.spread, 1.0)

    def _standardised(self, values: Array) -> Array:
        result: Array = (values - self.center) / self._unit()
        return result


def mixture_moments(model: Any) -> tuple[Array, Array]:
    """Return mean and standard deviation of all components together in each feature, in the data's units."""
    weights = np.asarray(model.weights_, dtype=np.float64)
    weights = weights / weights.sum()  # noise, if there is any, has its own
    means, deviations = moments(model)
    center = weights @ means
    largest = np.maximum(np.abs(means - center), deviations).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)  # squares of values near 1e200 would overflow
    variance = weights @ (((means - center) / unit) ** 2 + (deviations / unit) ** 2)
    return center, np.sqrt(variance) * largest


def choose_features(
    model: Any, names: Sequence[str], features: Sequence[int | str] | None, most: int = MOST_FEATURES
) -> list[int]:
    """Return the features that a picture of many shows: those asked for, all, or the most telling.

    Raises
    ------
    ValueError
        If there is no such feature, or none is asked for.
    """
    if features is not None:
        chosen = [feature_index(feature, names) for feature in features]
        if not chosen:
            raise ValueError("features is empty: give at least one feature.")
        return chosen
    if len(names) <= most:
        return list(range(len(names)))
    return sorted(most_telling_features(model)[:most])
