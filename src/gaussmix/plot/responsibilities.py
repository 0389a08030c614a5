"""The probability of every component for every row, the rows sorted by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.rows import RowTable
from gaussmix.explain.wording import format_count
from gaussmix.plot.display import Display
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.style import LIGHT, Theme, plain_text, sequential_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 1200
"""More rows than this cannot be told apart on a picture of ordinary width."""
BAR_COMPONENTS = 8
"""More components than colours are shown as a heat map."""
NARROWEST_NAMED = 0.02
"""Groups of a lesser share have no name below them: there is no room."""


class ResponsibilitiesDisplay(Display):
    """Responsibilities of rows sorted by component, and within a component the surest first.

    Where one colour fills a column, that row surely belongs to one component; where colours share it, the
    components overlap. Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    responsibilities : ndarray of shape (n, K)
        Of the rows to show, in their order.
    counts : ndarray of int, shape (K,)
        Rows of the whole table that are assigned to each component. With noise one more, the last, as in
        the responsibilities.
    components : ComponentNames, optional
        Default: numbers.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    bars_ : list of StepPatch
        Of bars: one a component, and the last of noise if there is any.
    image_ : AxesImage
        Of a heat map: one line a component.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import ResponsibilitiesDisplay
    >>> model = GaussianMixture.from_parameters(
    ...     [0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], covariance_type="spherical")
    >>> display = ResponsibilitiesDisplay.from_estimator(
    ...     model, [[4.0], [2.0], [0.0]], ax=Figure().subplots())
    >>> display.responsibilities.round(2).tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """

    def __init__(
        self,
        *,
        responsibilities: Array,
        counts: NDArray[np.int64],
        components: ComponentNames | None = None,
    ) -> None:
        self.responsibilities = responsibilities
        self.counts = counts
        self.components = components or ComponentNames.given(None, len(counts))
        n_noise = len(counts) - len(self.components)
        self._full = (*self.components.full, *["noise"] * n_noise)
        self._short = (*self.components.short, *["noise"] * n_noise)

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        sample_weight: ArrayLike | None = None,
        max_rows: int = MOST_COLUMNS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> ResponsibilitiesDisplay:
        """Draw the responsibilities of the rows of a table.

        Parameters
        ----------
        model : fitted mixture
        X : array-like or frame of shape (N, D)
        sample_weight : array-like of shape (N,), optional
            Rows of weight zero are not shown.
        max_rows : int, default=1200
            Of a longer table, so many rows at even steps of the sorted order are shown.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        ResponsibilitiesDisplay
        """
        table = RowTable(X)
        labels = np.empty(table.n_rows, dtype=np.int64)
        probability = np.empty(table.n_rows)
        for start, rows, values in table.blocks(1):
            found = model.assign(rows)
            labels[start : start + len(values)] = found.label
            probability[start : start + len(values)] = found.probability
        present = np.arange(table.n_rows)
        if sample_weight is not None:
            present = np.flatnonzero(np.asarray(sample_weight, dtype=np.float64) > 0)
        n_columns = model.predict_proba(table.take(np.arange(1))[0]).shape[1]
        labels[labels < 0] = n_columns - 1  # noise has the last column
        order = present[np.lexsort((-probability[present], labels[present]))]
        steps = np.arange(len(order))
        if len(order) > max_rows:
            steps = ((np.arange(max_rows) + 0.5) * len(order) / max_rows).astype(np.intp)
        chosen, _ = table.take(order[steps])
        display = cls(
            responsibilities=np.asarray(model.predict_proba(chosen), dtype=np.float64),
            counts=np.bincount(labels[present], minlength=n_columns),
            components=ComponentNames.of(model),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["bars", "heatmap"] | None = None,
        theme: Theme = LIGHT,
    ) -> ResponsibilitiesDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        kind : {"bars", "heatmap"}, optional
            A stacked bar a row, or a line a component whose shade is the probability. Default: bars for as
            many components as there are colours.
        theme : Theme, optional
            Colours of the components. The axes' own colours stay as they are.

        Returns
        -------
        ResponsibilitiesDisplay
            This object, with `ax_`, `figure_` and the artists.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        n_components = len(self.counts)
        kind = kind or ("bars" if n_components <= BAR_COMPONENTS else "heatmap")
        if kind not in ("bars", "heatmap"):
            raise ValueError(f"kind must be 'bars' or 'heatmap', but it is {kind!r}.")
        ax = self._begin(
            ax, theme, 8.0, 3.6 if kind == "bars" else float(np.clip(0.2 * n_components, 3.2, 9))
        )
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        n_rows = int(ends[-1])
        if kind == "bars":
            self._draw_bars(ax, theme, n_rows)
        else:
            self._draw_heat_map(ax, theme, n_rows)
        inner = ends[1:-1][(self.counts[:-1] > 0) & (ends[1:-1] < n_rows)]
        ax.vlines(inner, *ax.get_ylim(), color=theme.text, linewidth=0.7 if kind == "bars" else 0.3, zorder=4)
        named = np.flatnonzero(self.counts >= NARROWEST_NAMED * n_rows)
        numbers = tuple(str(k) for k in range(n_components))
        names = next(
            (
                names
                for names in (self._full, self._short)
                if all(self.counts[k] / n_rows > 0.011 * len(names[k]) for k in named)
            ),
            numbers,
        )
        ax.set_xticks((ends[:-1] + ends[1:])[named] / 2)
        ax.set_xticklabels([names[k] for k in named])
        for label in ax.get_xticklabels():
            label.set(**plain_text(label.get_text()))
        ax.tick_params(axis="x", length=0)
        ax.set_xlim(0, n_rows)
        ax.set_xlabel("rows by the component they are assigned to, the surest first")
        return self._finish(theme, grid=False)

    def _draw_bars(self, ax: Axes, theme: Theme, n_rows: int) -> None:
        edges = np.linspace(0.0, n_rows, len(self.responsibilities) + 1)
        tops = np.cumsum(self.responsibilities, axis=1)
        self.bars_ = [
            ax.stairs(
                tops[:, k], edges, baseline=tops[:, k] - self.responsibilities[:, k], fill=True, linewidth=0,
                color=theme.component_color(k) if k < len(self.components) else theme.muted,
                label=self._full[k],
            )
            for k in range(len(self.counts))
        ]  # fmt: skip
        ax.set_ylim(0.0, 1.0)
        ax.set_ylabel("probability")

    def _draw_heat_map(self, ax: Axes, theme: Theme, n_rows: int) -> None:
        n_components = len(self.counts)
        self.image_ = ax.imshow(
            self.responsibilities.T, aspect="auto", interpolation="nearest", vmin=0.0, vmax=1.0,
            cmap=sequential_colors(theme), extent=(0, n_rows, n_components - 0.5, -0.5),
        )  # fmt: skip
        step = max(1, n_components // 40)
        ax.set_yticks(range(0, n_components, step), self._full[::step])
        for label in ax.get_yticklabels():
            label.set(fontsize=8, **plain_text(label.get_text()))
        bar = self.figure_.colorbar(self.image_, ax=ax, aspect=25, pad=0.01, label="probability")
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, colors=theme.muted)
        bar.ax.yaxis.label.set(color=theme.text, fontsize=9)

    @property
    def title(self) -> str:
        """What the picture shows."""
        return f"To which of {format_count(len(self.components), 'component')} each row belongs"

    @property
    def note(self) -> str:
        """What a caption says about the rows that are shown."""
        n_rows = int(self.counts.sum())
        note = f"{len(self.responsibilities):,} of the {n_rows:,} rows, at even steps of their order."
        if len(self.responsibilities) == n_rows:
            note = f"All {format_count(n_rows, 'row')}."
        if len(self.counts) > len(self.components):
            note += f" Grey, the last: noise, {format_count(int(self.counts[-1]), 'row')} of all."
        return note
