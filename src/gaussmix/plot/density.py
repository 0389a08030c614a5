"""The density of a mixture in one feature, over a histogram of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.core.transforms import FeatureTransform, Identity
from gaussmix.explain.components import (
    FeatureNoise,
    moments,
    root_mean_square,
    standard_deviations,
    transforms_of,
)
from gaussmix.explain.information import most_telling_features
from gaussmix.explain.rows import RowTable, feature_index, resolve_feature_names
from gaussmix.explain.wording import format_count
from gaussmix.plot.display import Display
from gaussmix.plot.limits import beyond_note, feature_limits
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.style import (
    LEGEND,
    LEGEND_COMPONENTS,
    LIGHT,
    Theme,
    axis_names,
    component_handles,
    component_line,
    noise_handle,
    plain_legend,
    plain_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BINS = 120


class DensityDisplay(Display):
    """Histogram of one feature with the components' densities, that of noise if there is any, and their sum.

    Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    edges : ndarray of shape (bins + 1,)
    heights : ndarray of shape (bins,)
        Share of the rows, by weight, in each bin over the bin's width: the scale is that of a density.
    weights, means, deviations : ndarray of shape (K,)
        Of the components, in this feature, transformed if it is.
    feature_name : str
    limits : tuple of two float
        Where the axis begins and ends. Rows beyond are counted in no bin but in the shares.
    n_outside : int
        Rows beyond the limits.
    components : ComponentNames, optional
        Default: numbers.
    noise : FeatureNoise, optional
        The mixture's noise in this feature, if it has any.
    transform : FeatureTransform, optional
        Of the feature. What is shown is in the data's units all the same.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    histogram_ : StepPatch
    component_curves_ : LineCollection
        One curve a component.
    noise_line_ : Line2D or None
    total_line_ : Line2D
        Of components and noise together.
    numbers_ : list of Text
        The components' numbers at their peaks, where they are too many for a legend.
    """

    def __init__(
        self,
        *,
        edges: Array,
        heights: Array,
        weights: Array,
        means: Array,
        deviations: Array,
        feature_name: str,
        limits: tuple[float, float],
        n_outside: int = 0,
        components: ComponentNames | None = None,
        noise: FeatureNoise | None = None,
        transform: FeatureTransform | None = None,
    ) -> None:
        self.edges = edges
        self.heights = heights
        self.weights = weights
        self.means = means
        self.deviations = deviations
        self.feature_name = feature_name
        self.limits = limits
        self.n_outside = n_outside
        self.components = components or ComponentNames.given(None, len(means))
        self.noise = noise
        self.transform = transform or Identity()

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        feature: int | str | None = None,
        feature_names: Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None,
        bins: int | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> DensityDisplay:
        """Draw one feature of a fitted mixture and a table.

        Parameters
        ----------
        model : fitted GaussianMixture
        X : array-like or frame of shape (N, D)
        feature : int or str, optional
            Index or name of the feature. Default: the one that tells most about the component. Of
            several features the marginal density of this one is drawn.
        feature_names : sequence of D str, optional
        sample_weight : array-like of shape (N,), optional
            Weights of the rows in the histogram.
        bins : int, optional
            Default: by the rule of Freedman and Diaconis within components, at most 120.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        DensityDisplay

        Raises
        ------
        ValueError
            If there is no such feature.
        """
        table = RowTable(X)
        names = resolve_feature_names(model, table, feature_names)
        d = most_telling_features(model)[0] if feature is None else feature_index(feature, names)
        return cls.prepare(model, table, d, axis_names(names)[d], sample_weight, bins).plot(
            ax=ax, **plot_options
        )

    @classmethod
    def prepare(
        cls,
        model: Any,
        table: RowTable,
        d: int,
        feature_name: str,
        sample_weight: ArrayLike | None = None,
        bins: int | None = None,
    ) -> DensityDisplay:
        """Return the display of feature `d`, not drawn yet."""
        values = table.column(d)
        row_weight = (
            np.ones(len(values)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        )
        values, row_weight = values[row_weight > 0], row_weight[row_weight > 0]
        means = np.asarray(model.means_, dtype=np.float64)[:, d]
        deviations = standard_deviations(model)[:, d]
        transform = transforms_of(model, [d]).features[0]
        limits = feature_limits(values, means, deviations, transform)
        is_inside = (values >= limits[0]) & (values <= limits[1])
        inside = values[is_inside]
        weights = np.asarray(model.weights_, dtype=np.float64)
        within = float(root_mean_square(moments(model)[1][:, d], weights / weights.sum()))
        edges = _bin_edges(inside, within, bins)
        heights, _ = np.histogram(inside, bins=edges, weights=row_weight[is_inside])
        return cls(
            edges=edges,
            heights=heights / row_weight.sum() / np.diff(edges),
            weights=weights,
            means=means,
            deviations=deviations,
            feature_name=feature_name,
            limits=limits,
            n_outside=len(values) - len(inside),
            components=ComponentNames.of(model),
            noise=FeatureNoise.of(model, d),
            transform=transform,
        )

    def plot(self, ax: Axes | None = None, *, legend: bool = True, theme: Theme = LIGHT) -> DensityDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's.
        legend : bool, default=True
            Add a legend; where the components are too many for one, write their numbers at their peaks.
        theme : Theme, optional
            Colours of the components, the histogram and the sum. The axes' own colours stay as they are.

        Returns
        -------
        DensityDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.collections import LineCollection

        ax = self._begin(ax, theme, 7.0, 4.4)
        self.histogram_ = ax.stairs(
            self.heights, self.edges, fill=True, color=theme.bars, linewidth=0, zorder=1
        )
        grid = self._grid()
        components = self.component_densities(grid)
        self.component_curves_ = LineCollection(
            [np.column_stack([grid, density]) for density in components],
            colors=[theme.component_color(k) for k in range(len(components))],
            linestyles=[component_line(k) for k in range(len(components))],
            linewidths=1.7,
            zorder=3,
        )
        ax.add_collection(self.component_curves_, autolim=False)
        total = components.sum(axis=0)
        self.noise_line_ = None
        if self.noise is not None:
            density = self.noise.density(grid)
            total = total + density
            self.noise_line_ = ax.plot(grid, density, color=theme.muted, linewidth=1.2, zorder=2)[0]
        self.total_line_ = ax.plot(
            grid, total, color=theme.text, linewidth=1.0, label="all together", zorder=2
        )[0]
        ax.set_xlim(*self.limits)
        ax.set_ylim(0.0, self._top(total))
        ax.set_xlabel(self.feature_name, **plain_text(self.feature_name))
        ax.set_ylabel("density")
        any_noise = self.noise is not None
        if legend and len(self.means) + any_noise > 1 and len(self.means) <= LEGEND_COMPONENTS:
            handles = component_handles(self.components.full, theme, marker=False)
            handles += [noise_handle(theme, marker=False)] * any_noise
            plain_legend(ax.legend(handles=[*handles, self.total_line_], **LEGEND))
        self.numbers_ = []
        if legend and len(self.means) > LEGEND_COMPONENTS:  # numbers at the peaks stand in for the legend
            self.numbers_ = self._mark_peaks(ax, theme)
        return self._finish(theme)

    def _mark_peaks(self, ax: Axes, theme: Theme) -> list[Any]:
        """Write each component's number or name at its peak, higher where another stands already."""
        from matplotlib.patheffects import withStroke

        (left, right), (_, top) = ax.get_xlim(), ax.get_ylim()
        medians = self.transform.inverse(self.means)
        peaks = self.component_densities(medians).diagonal()
        taken: list[tuple[float, float]] = []
        marks = []
        for k in np.argsort(peaks):
            x, y = (medians[k] - left) / (right - left), min(peaks[k] / top, 0.95)
            if not 0 <= x <= 1:
                continue
            while any(abs(x - other) < 0.03 and abs(y - height) < 0.045 for other, height in taken):
                y += 0.015
            taken.append((x, y))
            marks.append(
                ax.text(
                    x, y, self.components.short[k], color=theme.component_color(k), fontsize=8,
                    fontweight="bold", ha="center", va="bottom", transform=ax.transAxes, clip_on=True,
                    zorder=4, path_effects=[withStroke(linewidth=2, foreground=theme.background)],
                    **plain_text(self.components.short[k]),
                )
            )  # fmt: skip
        return marks

    @property
    def title(self) -> str:
        """Which feature is shown."""
        return f"{self.feature_name}: {format_count(len(self.means), 'component')}"

    def component_densities(self, points: Array) -> Array:
        """Return each component's weighted density at some points in the data's units, shape (K, points)."""
        deviations = np.maximum(self.deviations, np.finfo(float).tiny)[:, None]
        standardised = (self.transform.forward(points) - self.means[:, None]) / deviations
        with np.errstate(over="ignore"):  # a square beyond the range of doubles is a density of zero
            densities: Array = np.exp(-0.5 * standardised**2) / np.sqrt(2.0 * np.pi) / deviations
        return self.weights[:, None] * densities * np.exp(self.transform.log_slope(points))

    @property
    def note(self) -> str:
        """What a caption says about rows that are not shown; empty when all are."""
        return beyond_note(self.n_outside)

    def _grid(self) -> Array:
        """Points for the curves: even over the axis, and fine around each component however narrow."""
        around = np.linspace(-5.0, 5.0, 81)
        points = np.concatenate(
            [
                np.linspace(*self.limits, 400),
                self.transform.inverse(self.means[:, None] + self.deviations[:, None] * around).ravel(),
            ]
        )
        return np.unique(points[(points >= self.limits[0]) & (points <= self.limits[1])])

    def _top(self, total: Array) -> float:
        """Height of the axis: a component that collapsed onto one value does not flatten all others."""
        bars = float(np.max(self.heights, initial=0.0))
        curve = float(np.max(total, initial=0.0))
        top = min(curve, 3.0 * bars) if bars > 0 else curve
        return 1.08 * max(bars, top) or 1.0


def _bin_edges(values: Array, within: float, bins: int | None) -> Array:
    """Return the edges of a histogram whose bins suit the components rather than the whole.

    The rule of Freedman and Diaconis, with the quartiles' distance that a Gaussian of the pooled
    within-component deviation has: that of the rows themselves is too coarse where groups are far apart.
    """
    low, high = float(values.min()), float(values.max())
    if not high - low > 64 * np.finfo(float).eps * max(abs(low), abs(high)):
        half = 0.05 * max(abs(low), abs(high)) or 0.5
        return np.array([low - half, low + half])
    if bins is None:
        width = 2.0 * 1.349 * within / len(values) ** (1 / 3)
        wanted = (high - low) / width if width > (high - low) / MOST_BINS else MOST_BINS
        bins = int(np.clip(np.ceil(wanted), 5, MOST_BINS))
    edges: Array = np.linspace(low, high, bins + 1)
    return edges
