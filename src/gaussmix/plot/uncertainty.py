"""How sure a mixture is of each row's component: where the unsure rows lie, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.components import marginal_covariances
from gaussmix.explain.rows import RowTable, resolve_feature_names
from gaussmix.explain.wording import format_count, format_share
from gaussmix.plot.display import Display
from gaussmix.plot.ellipse import ellipse_curve
from gaussmix.plot.limits import axis_limits
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import SEED, SHOWN_ROWS
from gaussmix.plot.scatter import choose_two_features
from gaussmix.plot.style import (
    LEGEND,
    LEGEND_COMPONENTS,
    LIGHT,
    Theme,
    axis_names,
    component_line,
    plain_legend,
    plain_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNSURE = 0.1
"""Uncertainty from which on a row is called unsure."""
LEAST_SEEN = 0.005
"""Curves are shown as far as one is above this."""
CURVE_POINTS = 1001
NAMED_CURVES = 6
"""Of components too many for a legend, so many of the least sure are named."""


class UncertaintyDisplay(Display):
    """Uncertainty of rows: one minus the probability of the component to which a row is assigned.

    As a map of two features, the less sure a row the darker and larger, or as curves: which share of each
    component's rows is at least so uncertain. Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    values : ndarray of shape (n, 2) or (n, 1)
        The rows to show in a map, in the features shown.
    uncertainty : ndarray of shape (n,)
        Of the rows to show.
    curves : ndarray of shape (K + 1, points)
        Uncertainty at even steps of the rows' share, the least sure first: each component's own rows, and
        all. NaN for a component without rows.
    n_rows : int
        Rows of positive weight in the whole table.
    n_least_sure : int
        So many of the rows to show are the least sure of all; the others are a random sample.
    unsure_share : float
        Share of all rows, by weight, whose uncertainty is at least 0.1.
    means : ndarray of shape (K, 1 or 2)
    covariances : ndarray of shape (K, 1 or 2, 1 or 2)
    feature_names : tuple of str
    components : ComponentNames, optional
        Default: numbers.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    points_ : PathCollection
        Of a map: the rows, the least sure on top.
    ellipses_ : LineCollection
        Of a map of two features: each holds 90% of its component.
    lines_ : list of Line2D
        Of curves: one a component with rows, then that of all rows.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import UncertaintyDisplay
    >>> model = GaussianMixture.from_parameters(
    ...     [0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], covariance_type="spherical")
    >>> display = UncertaintyDisplay.from_estimator(model, [[0.0], [2.0], [4.0]], ax=Figure().subplots())
    >>> display.uncertainty.round(3).tolist()
    [0.0, 0.0, 0.5]
    """

    def __init__(
        self,
        *,
        values: Array,
        uncertainty: Array,
        curves: Array,
        n_rows: int,
        n_least_sure: int,
        unsure_share: float,
        means: Array,
        covariances: Array,
        feature_names: tuple[str, ...],
        components: ComponentNames | None = None,
    ) -> None:
        self.values = values
        self.uncertainty = uncertainty
        self.curves = curves
        self.n_rows = n_rows
        self.n_least_sure = n_least_sure
        self.unsure_share = unsure_share
        self.means = means
        self.covariances = covariances
        self.feature_names = feature_names
        self.components = components or ComponentNames.given(None, len(means))
        self._kind: Literal["map", "curves"] = "map"

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None,
        max_rows: int = SHOWN_ROWS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> UncertaintyDisplay:
        """Draw how sure a fitted mixture is of the rows of a table.

        Parameters
        ----------
        model : fitted mixture
        X : array-like or frame of shape (N, D)
        features : sequence of two int or str, optional
            Indices or names of the features of the map. Default: the two that tell most about the
            component.
        feature_names : sequence of D str, optional
            Default: the names the model was fitted with, else the frame's, else x0, x1, ...
        sample_weight : array-like of shape (N,), optional
            Weights of the rows; those of weight zero are not shown.
        max_rows : int, default=10000
            Of a longer table a map shows so many: a fifth of them the least sure, the others drawn at random.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        UncertaintyDisplay

        Raises
        ------
        ValueError
            If the features named are not two of the table's.
        """
        table = RowTable(X)
        if table.n_features == 1:
            chosen, names = [0], resolve_feature_names(model, table, feature_names)
        else:
            chosen, names = choose_two_features(model, table, features, feature_names)
        n_components = len(model.weights_)
        weight = (
            np.ones(table.n_rows) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        )
        uncertainty = np.empty(table.n_rows)
        labels = np.empty(table.n_rows, dtype=np.int64)
        for start, rows, values in table.blocks(1):
            found = model.assign(rows)
            # A probability that rounds to one must not give an uncertainty below zero.
            uncertainty[start : start + len(values)] = np.maximum(1.0 - found.probability, 0.0)
            labels[start : start + len(values)] = found.label
        present = weight > 0
        groups = [present & (labels == k) for k in range(n_components)] + [present]
        shown, n_least_sure = _choose(uncertainty, np.flatnonzero(present), max_rows)
        _, values = table.take(shown)
        shown_names = axis_names(names)
        display = cls(
            values=values[:, chosen],
            uncertainty=uncertainty[shown],
            curves=np.array([_curve(uncertainty[group], weight[group]) for group in groups]),
            n_rows=int(np.count_nonzero(present)),
            n_least_sure=n_least_sure,
            unsure_share=float(weight[uncertainty >= UNSURE].sum() / weight.sum()),
            means=np.asarray(model.means_, dtype=np.float64)[:, chosen],
            covariances=marginal_covariances(model, chosen),
            feature_names=tuple(shown_names[d] for d in chosen),
            components=ComponentNames.of(model),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["map", "curves"] = "map",
        legend: bool = True,
        theme: Theme = LIGHT,
    ) -> UncertaintyDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        kind : {"map", "curves"}, default="map"
            The rows where they lie, or which share of them is how uncertain.
        legend : bool, default=True
            Add a colour bar to a map, and a legend to curves: of many components it names the least sure.
        theme : Theme, optional
            Colours of what is drawn. The axes' own colours stay as they are.

        Returns
        -------
        UncertaintyDisplay
            This object, with `ax_`, `figure_` and the artists.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        if kind not in ("map", "curves"):
            raise ValueError(f"kind must be 'map' or 'curves', but it is {kind!r}.")
        self._kind = kind
        ax = self._begin(ax, theme, 7.0, 5.0)
        if kind == "map":
            self._draw_map(ax, theme, legend)
        else:
            self._draw_curves(ax, theme, legend)
        return self._finish(theme)

    def _draw_map(self, ax: Axes, theme: Theme, legend: bool) -> None:
        from matplotlib.collections import LineCollection

        size = float(np.clip(4000 / len(self.values), 2.5, 16))
        flat = self.values.shape[1] == 1
        vertical = self.uncertainty if flat else self.values[:, 1]
        self.points_ = ax.scatter(
            self.values[:, 0], vertical, c=self.uncertainty, vmin=0.0, vmax=0.5,
            s=size * (1.0 + 5.0 * self.uncertainty), cmap=_colors(theme), linewidths=0,
            rasterized=len(self.values) > 2000, zorder=3,
        )  # fmt: skip
        limits = [
            axis_limits(self.values[:, i], self.means[:, i], self.covariances[:, i, i])
            for i in range(self.values.shape[1])
        ]
        ax.set_xlim(*limits[0])
        ax.set_xlabel(self.feature_names[0], **plain_text(self.feature_names[0]))
        label = "uncertainty"
        if flat:
            ax.set_ylim(-0.02, 1.08 * max(0.5, float(self.uncertainty.max(initial=0.0))))
            ax.set_ylabel(label)
            return
        self.ellipses_ = LineCollection(
            [ellipse_curve(*moments, 0.9) for moments in zip(self.means, self.covariances, strict=True)],
            colors=theme.muted, linewidths=0.9, linestyles=[(0, (5, 2))], zorder=2,
        )  # fmt: skip
        ax.add_collection(self.ellipses_, autolim=False)
        ax.set_ylim(*limits[1])
        ax.set_ylabel(self.feature_names[1], **plain_text(self.feature_names[1]))
        if legend:
            bar = self.figure_.colorbar(
                self.points_,
                ax=ax,
                shrink=0.7,
                aspect=25,
                pad=0.02,
                label=label,
                extend="max" if self.uncertainty.max(initial=0.0) > 0.5 else "neither",
            )
            bar.outline.set_visible(False)
            bar.ax.tick_params(labelsize=8, colors=theme.muted)
            bar.ax.yaxis.label.set(color=theme.text, fontsize=9)

    def _draw_curves(self, ax: Axes, theme: Theme, legend: bool) -> None:
        share = 100.0 * np.linspace(0.0, 1.0, self.curves.shape[1])
        present = np.flatnonzero(np.isfinite(self.curves[:-1]).all(axis=1))
        named = present
        if len(self.components) > LEGEND_COMPONENTS:
            named = present[np.argsort(-self.curves[present].mean(axis=1), kind="stable")[:NAMED_CURVES]]
        self.lines_ = []
        for k in present.tolist():
            style: dict[str, Any] = {"color": theme.muted, "linewidth": 0.6, "alpha": 0.6}
            if k in named:
                style = {
                    "color": theme.component_color(k), "linestyle": component_line(k), "linewidth": 1.6,
                    "label": self.components.full[k],
                }  # fmt: skip
            self.lines_ += ax.plot(share, self.curves[k], zorder=2, **style)
        self.lines_ += ax.plot(
            share, self.curves[-1], color=theme.text, linewidth=1.2, zorder=3, label="all rows"
        )
        unsure = share[(np.nan_to_num(self.curves) > LEAST_SEEN).any(axis=0)]
        ax.set_xlim(0.0, float(np.clip(1.1 * unsure.max(initial=0.0), 2.0, 100.0)))
        ax.set_ylim(0.0, 1.05 * max(float(np.nanmax(self.curves)), 0.05))
        ax.set_xlabel("share of the rows, the least sure first (%)")
        ax.set_ylabel("uncertainty")
        if legend and len(self.components) > 1:
            handles = [line for line in self.lines_ if not str(line.get_label()).startswith("_")]
            plain_legend(ax.legend(handles=handles, **LEGEND))

    @property
    def title(self) -> str:
        """What the picture asks."""
        return "How sure each row's component is" if self._kind == "map" else "How many rows are unsure"

    @property
    def note(self) -> str:
        """What a caption says: what uncertainty is, how many rows are unsure, and which are shown."""
        parts = [
            "Uncertainty: one minus the probability of the row's component.",
            f"For {format_share(self.unsure_share)} of the {format_count(self.n_rows, 'row')} it is {UNSURE} "
            "or more.",
        ]
        if self._kind == "map" and len(self.values) < self.n_rows:
            parts.append(
                f"Points: the {self.n_least_sure:,} least sure rows and a random sample of "
                f"{len(self.values) - self.n_least_sure:,} of the others."
            )
        return " ".join(parts)


def _colors(theme: Theme) -> Any:
    """Return colours from a grey that is just seen to a strong one."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("uncertainty", [theme.bars, theme.palette[1], "#7a1f00"])


def _choose(uncertainty: Array, candidates: NDArray[np.intp], max_rows: int) -> tuple[NDArray[np.intp], int]:
    """Return the rows that a map shows, the least sure last, and how many were chosen for being so."""
    order = candidates[np.argsort(uncertainty[candidates], kind="stable")]
    if len(order) <= max_rows:
        return order, 0
    n_least_sure = max_rows // 5
    others = order[: len(order) - n_least_sure]
    generator = np.random.default_rng(SEED)
    sample = np.sort(generator.choice(len(others), max_rows - n_least_sure, replace=False))
    return np.concatenate([others[sample], order[len(others) :]]), n_least_sure


def _curve(uncertainty: Array, weight: Array) -> Array:
    """Return the uncertainty at even steps of the rows' share by weight, the greatest first."""
    if not len(uncertainty):
        return np.full(CURVE_POINTS, np.nan)
    order = np.argsort(-uncertainty, kind="stable")
    share = np.cumsum(weight[order])
    wanted = np.linspace(0.0, 1.0, CURVE_POINTS) * share[-1]
    place = np.minimum(np.searchsorted(share, wanted), len(order) - 1)
    curve: Array = uncertainty[order][place]
    return curve
