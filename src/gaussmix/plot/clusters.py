"""Rows and components of a mixture in two features, in the colours of clusters of several components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.components import marginal_covariances
from gaussmix.explain.rows import RowTable
from gaussmix.explain.wording import format_count
from gaussmix.plot.display import Display
from gaussmix.plot.ellipse import ellipse_curve
from gaussmix.plot.limits import axis_limits
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import SHOWN_ROWS, ShownRows, choose_rows
from gaussmix.plot.scatter import choose_two_features
from gaussmix.plot.style import (
    LEGEND,
    LEGEND_COMPONENTS,
    LIGHT,
    Theme,
    axis_names,
    component_handles,
    component_marker,
    draw_noise,
    plain_legend,
    plain_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ClusterDisplay(Display):
    """Scatter of the rows in two features, coloured by cluster, with an ellipse for each component.

    Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    rows : ShownRows
        Rows to show, in the two features, with their clusters.
    means : ndarray of shape (K, 2)
    covariances : ndarray of shape (K, 2, 2)
    clusters : ndarray of int, shape (K,)
        Cluster of each component.
    feature_names : tuple of two str
    component_names : sequence of K str
    probability : float, default=0.7
        Share of each component that its ellipse holds.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatters_ : list of PathCollection
        One for each cluster, and one for noise if there is any.
    ellipses_ : LineCollection
        One for each component.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_moons
    >>> from gaussmix import GaussianMixture, merge_components
    >>> from gaussmix.plot import ClusterDisplay
    >>> X, _ = make_moons(300, noise=0.05, random_state=0)
    >>> merged = merge_components(GaussianMixture(6, random_state=0).fit(X), X)
    >>> display = ClusterDisplay.from_estimator(merged, X, ax=Figure().subplots())
    >>> len(display.scatters_), len(display.ellipses_.get_segments())
    (2, 6)
    """

    def __init__(
        self,
        *,
        rows: ShownRows,
        means: Array,
        covariances: Array,
        clusters: NDArray[np.int64],
        feature_names: tuple[str, str],
        component_names: Sequence[str],
        probability: float = 0.7,
    ) -> None:
        self.rows = rows
        self.means = means
        self.covariances = covariances
        self.clusters = clusters
        self.feature_names = feature_names
        self.component_names = component_names
        self.probability = probability

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        probability: float = 0.7,
        sample_weight: ArrayLike | None = None,
        max_rows: int = SHOWN_ROWS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> ClusterDisplay:
        """Draw clusters of components and a table.

        Parameters
        ----------
        model : MergedComponents or HighDensityClusters
        X : array-like or frame of shape (N, D)
        features : sequence of two int or str, optional
            Indices or names of the features to show. Default: the two that tell most about the
            component.
        feature_names : sequence of D str, optional
            Default: the names the mixture was fitted with, else the frame's, else x0, x1, ...
        probability : float, default=0.7
            Share of each component that its ellipse holds.
        sample_weight : array-like of shape (N,), optional
            Weights of the rows; those of weight zero are not shown.
        max_rows : int, default=10000
            Of a longer table, a seeded random sample of so many rows is shown.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        ClusterDisplay

        Raises
        ------
        TypeError
            If the model has no clusters of components.
        ValueError
            If there is one feature only, or the features named are not two of the table's.
        """
        if not (hasattr(model, "clusters_") and hasattr(model, "model")):
            raise TypeError(
                f"A {type(model).__name__} has no clusters of components: pass what merge_components or "
                "high_density_clusters returns. MixtureDisplay shows the components of a mixture."
            )
        table = RowTable(X)
        mixture = model.model
        chosen, names = choose_two_features(mixture, table, features, feature_names)
        rows = choose_rows(model, table, max_rows, sample_weight)
        shown = axis_names(names)
        display = cls(
            rows=ShownRows(rows.values[:, chosen], rows.labels, rows.n_rows),
            means=np.asarray(mixture.means_)[:, chosen],
            covariances=marginal_covariances(mixture, chosen),
            clusters=model.clusters_,
            feature_names=(shown[chosen[0]], shown[chosen[1]]),
            component_names=ComponentNames.of(mixture).short,
            probability=probability,
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self, ax: Axes | None = None, *, numbers: bool = True, legend: bool = True, theme: Theme = LIGHT
    ) -> ClusterDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        numbers : bool, default=True
            Write each component's number, or the name it was given, at its centre.
        legend : bool, default=True
            Add a legend where the clusters are not too many for one.
        theme : Theme, optional
            Colours of the clusters. The axes' own colours stay as they are.

        Returns
        -------
        ClusterDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.collections import LineCollection
        from matplotlib.patheffects import withStroke

        ax = self._begin(ax, theme, 7.0, 5.2)
        n_shown = len(self.rows.values)
        n_clusters = self.n_clusters
        self.scatters_ = []
        for cluster in range(n_clusters):
            points = self.rows.values[self.rows.labels == cluster]
            self.scatters_.append(
                ax.scatter(
                    points[:, 0], points[:, 1], s=float(np.clip(4000 / max(n_shown, 1), 3, 22)),
                    alpha=float(np.clip(1500 / max(n_shown, 1), 0.25, 0.7)), linewidths=0,
                    color=theme.component_color(cluster), marker=component_marker(cluster),
                    rasterized=n_shown > 2000, zorder=2,
                )
            )  # fmt: skip
        noise = self.rows.values[self.rows.labels < 0]
        if len(noise):
            self.scatters_.append(draw_noise(ax, noise, theme))
        colors = [theme.component_color(int(cluster)) for cluster in self.clusters]
        self.ellipses_ = LineCollection(
            [
                ellipse_curve(mean, covariance, self.probability)
                for mean, covariance in zip(self.means, self.covariances, strict=True)
            ],
            colors=colors,
            linewidths=1.3,
            zorder=3,
        )
        ax.add_collection(self.ellipses_, autolim=False)
        if numbers:
            for name, mean, color in zip(self.component_names, self.means, colors, strict=True):
                ax.annotate(
                    name, tuple(mean), color=color, fontsize=9, fontweight="bold", ha="center", va="center",
                    zorder=4, annotation_clip=True,
                    path_effects=[withStroke(linewidth=2.5, foreground=theme.background)], **plain_text(name),
                )  # fmt: skip
        horizontal, vertical = (
            axis_limits(self.rows.values[:, i], self.means[:, i], self.covariances[:, i, i]) for i in (0, 1)
        )
        ax.set_xlim(*horizontal)
        ax.set_ylim(*vertical)
        ax.set_xlabel(self.feature_names[0], **plain_text(self.feature_names[0]))
        ax.set_ylabel(self.feature_names[1], **plain_text(self.feature_names[1]))
        if legend and 1 < n_clusters <= LEGEND_COMPONENTS:
            names = [f"cluster {cluster}" for cluster in range(n_clusters)]
            plain_legend(ax.legend(handles=component_handles(names, theme, line=False), **LEGEND))
        return self._finish(theme)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(max(self.rows.labels.max(initial=0), self.clusters.max())) + 1

    @property
    def title(self) -> str:
        """How many components in how many clusters."""
        return f"{format_count(len(self.means), 'component')} in {format_count(self.n_clusters, 'cluster')}"

    @property
    def note(self) -> str:
        """What a caption says: what ellipses are, and which rows are shown."""
        share = f"Ellipses hold {100 * self.probability:g}% of each component."
        return " ".join(part for part in (share, self.rows.note) if part)
