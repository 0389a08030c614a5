"""Every pair of a few features: scatters below the diagonal, densities on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.explain.components import fitted_covariances, transforms_of
from gaussmix.explain.information import most_telling_features
from gaussmix.explain.rows import RowTable, feature_index, resolve_feature_names
from gaussmix.plot.density import DensityDisplay
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import ShownRows, choose_rows
from gaussmix.plot.scatter import MixtureDisplay
from gaussmix.plot.style import (
    LEGEND_COMPONENTS,
    LIGHT,
    Theme,
    axis_names,
    caption,
    component_handles,
    noise_handle,
    plain_legend,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FEATURES = 5
"""Above so many features the pictures become stamps."""
CHOSEN_FEATURES = 4
"""So many are chosen where there are more than `MOST_FEATURES`."""


class PairDisplay:
    """Scatter of every pair of some features, and the density of each.

    Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    scatters : dict of (int, int) to MixtureDisplay
        By row and column of the grid, below the diagonal.
    densities : tuple of DensityDisplay
        On the diagonal, one a feature.
    note : str
        What a caption says: which ellipses, rows and features.

    Attributes
    ----------
    axes_ : ndarray of Axes, shape (d, d)
        Those above the diagonal are switched off.
    figure_ : matplotlib Figure
    """

    def __init__(
        self,
        *,
        scatters: dict[tuple[int, int], MixtureDisplay],
        densities: tuple[DensityDisplay, ...],
        note: str,
    ) -> None:
        self.scatters = scatters
        self.densities = densities
        self.note = note

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        probability: Sequence[float] = (0.9,),
        sample_weight: ArrayLike | None = None,
        max_rows: int = 4000,
        figure: Figure | None = None,
        **plot_options: Any,
    ) -> PairDisplay:
        """Draw a fitted mixture and a table.

        Parameters
        ----------
        model : fitted GaussianMixture
        X : array-like or frame of shape (N, D)
        features : sequence of 2 to 5 int or str, optional
            Indices or names of the features. Default: all, or of more than five the four that tell
            most about the component.
        feature_names : sequence of D str, optional
        probability : sequence of float, default=(0.9,)
            Shares of each component that its ellipses hold.
        sample_weight : array-like of shape (N,), optional
            Weights of the rows; those of weight zero are not shown.
        max_rows : int, default=4000
            Of a longer table, a seeded random sample of so many rows is shown as points.
        figure : matplotlib Figure, optional
            Default: a new figure of pyplot's.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        PairDisplay

        Raises
        ------
        ValueError
            If there are fewer than 2 or more than 5 features, or not such features.
        """
        table = RowTable(X)
        names = resolve_feature_names(model, table, feature_names)
        if features is not None:
            chosen = [feature_index(feature, names) for feature in features]
        elif table.n_features <= MOST_FEATURES:
            chosen = list(range(table.n_features))
        else:
            chosen = sorted(most_telling_features(model)[:CHOSEN_FEATURES])
        if not 2 <= len(chosen) <= MOST_FEATURES:
            raise ValueError(
                f"A pair plot shows 2 to {MOST_FEATURES} features, but {len(chosen)} were given."
            )
        rows = choose_rows(model, table, max_rows, sample_weight)
        shown = axis_names(names, 24)
        means = np.asarray(model.means_, dtype=np.float64)
        weights = np.asarray(model.weights_, dtype=np.float64)
        components = ComponentNames.of(model)
        scatters = {}
        for i, vertical in enumerate(chosen):
            for j, horizontal in enumerate(chosen[:i]):
                pair = [horizontal, vertical]
                scatters[i, j] = MixtureDisplay(
                    rows=ShownRows(rows.values[:, pair], rows.labels, rows.n_rows),
                    means=means[:, pair],
                    covariances=fitted_covariances(model, pair),
                    weights=weights,
                    feature_names=(shown[horizontal], shown[vertical]),
                    probability=probability,
                    components=components,
                    transforms=transforms_of(model, pair),
                )
        densities = tuple(DensityDisplay.prepare(model, table, d, shown[d], sample_weight) for d in chosen)
        note = scatters[1, 0].note
        if features is None and len(chosen) < table.n_features:
            note += f" Shown are the {len(chosen)} of {table.n_features} features that tell most."
        return cls(scatters=scatters, densities=densities, note=note).plot(figure, **plot_options)

    def plot(self, figure: Figure | None = None, *, theme: Theme = LIGHT) -> PairDisplay:
        """Draw the picture.

        Parameters
        ----------
        figure : matplotlib Figure, optional
            Default: a new figure of pyplot's, with title and caption.
        theme : Theme, optional
            Colours of ground, text and lines.

        Returns
        -------
        PairDisplay
            This object, with `axes_` and `figure_`.
        """
        n = len(self.densities)
        own = figure is None
        if figure is None:
            import matplotlib.pyplot as plt

            figure = plt.figure(
                figsize=(2.1 * n + 1.0, 2.0 * n + 0.8), layout="constrained", facecolor=theme.background
            )
        crowded = len(self.densities[0].means) > LEGEND_COMPONENTS  # numbers stand in for the legend
        self.axes_ = figure.subplots(n, n, squeeze=False)
        self.figure_ = figure
        for i in range(n):
            for j in range(n):
                ax = self.axes_[i, j]
                if j > i:
                    ax.set_axis_off()
                    continue
                if i == j:
                    self.densities[i].plot(ax, legend=False, theme=theme)
                    ax.set_yticks([])
                    ax.set_ylabel("density" if i == 0 else "")
                else:
                    self.scatters[i, j].plot(ax, legend=False, numbers=crowded, theme=theme)
                style_axes(ax, theme)
                ax.locator_params(nbins=4)
                ax.tick_params(labelsize=7)
                if i < n - 1:
                    ax.set_xlabel("")
                    ax.tick_params(labelbottom=False)
                    ax.xaxis.get_offset_text().set_visible(False)
                if j > 0:
                    ax.set_ylabel("")
                    ax.tick_params(labelleft=False)
                    ax.yaxis.get_offset_text().set_visible(False)
        self._legend(theme)
        if own:
            figure.suptitle(self.title, fontsize=11, color=theme.text, x=0.02, ha="left")
            caption(figure, self.note, theme)
        return self

    @property
    def title(self) -> str:
        """How many components are shown."""
        return next(iter(self.scatters.values())).title

    def _legend(self, theme: Theme) -> None:
        n_components = len(self.densities[0].means)
        any_noise = bool(next(iter(self.scatters.values())).rows.noise.any())
        if n_components + any_noise < 2 or n_components > LEGEND_COMPONENTS:
            return
        handles = component_handles(self.densities[0].components.full, theme)
        handles += [noise_handle(theme)] * any_noise
        corner: Axes = self.axes_[0, -1]
        plain_legend(
            corner.legend(
                handles=handles, loc="upper right", fontsize=8, frameon=False, labelcolor=theme.text,
                ncols=1 if n_components <= 6 else 2,
            )
        )  # fmt: skip
