"""What speaks for each number of clusters when the components of a mixture are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gaussmix.explain.wording import format_count, format_number
from gaussmix.merging import MergedComponents
from gaussmix.plot.display import Display
from gaussmix.plot.style import LEGEND, LIGHT, Theme, plain_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCORES = {
    "overlap": "probability of being assigned to the other cluster",
    "unimodality": "height of the pass beside the lower peak",
}


class MergingDisplay(Display):
    """The elbow: what is in doubt, or what speaks for the next merge, by number of clusters.

    For merges by entropy the entropy of the assignment is drawn, a row, on a scale that is even up to 0.01
    and logarithmic above; for others the score of the next merge, and the threshold. Use `from_estimator`
    to make one; `plot` draws it again.

    Parameters
    ----------
    merged : MergedComponents

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_ : Line2D
    chosen_ : Line2D
        Mark around the chosen number.
    threshold_ : Line2D or None

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_moons
    >>> from gaussmix import GaussianMixture, merge_components
    >>> from gaussmix.plot import MergingDisplay
    >>> X, _ = make_moons(300, noise=0.05, random_state=0)
    >>> merged = merge_components(GaussianMixture(6, random_state=0).fit(X), X, method="entropy")
    >>> display = MergingDisplay.from_estimator(merged, ax=Figure().subplots())
    >>> display.line_.get_xdata().tolist()
    [1, 2, 3, 4, 5, 6]
    """

    def __init__(self, merged: MergedComponents) -> None:
        self.merged = merged

    @classmethod
    def from_estimator(
        cls, model: MergedComponents, X: Any = None, *, ax: Axes | None = None, **plot_options: Any
    ) -> MergingDisplay:
        """Draw what a merging of components found.

        Parameters
        ----------
        model : MergedComponents
            What `gaussmix.merge_components` returns.
        X : ignored
            Entropies are part of the result.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        MergingDisplay

        Raises
        ------
        TypeError
            If the model is not what `gaussmix.merge_components` returns.
        ValueError
            If there is a single component.
        """
        if not isinstance(model, MergedComponents):
            raise TypeError(f"A {type(model).__name__} has no merges: pass what merge_components returns.")
        if model.n_components_ < 2:
            raise ValueError("There is a single component, and so nothing to merge.")
        return cls(model).plot(ax=ax, **plot_options)

    def plot(self, ax: Axes | None = None, *, legend: bool = True, theme: Theme = LIGHT) -> MergingDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        legend : bool, default=True
            Say what the marks are.
        theme : Theme, optional
            Colours of the line. The axes' own colours stay as they are.

        Returns
        -------
        MergingDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

        ax = self._begin(ax, theme, 7.0, 4.6)
        merged = self.merged
        threshold = merged.threshold_
        if threshold is None:
            numbers = np.arange(1, merged.n_components_ + 1)
            values = merged.entropies_ / merged.total_weight_
            label = "entropy of the assignment (nats a row)"
        else:
            numbers = np.arange(2, merged.n_components_ + 1)
            values = merged.scores_[::-1]
            label = f"{SCORES[merged.method]}, next merge"
        self.line_ = ax.plot(
            numbers, values, color=theme.component_color(0), marker="o", markersize=5, linewidth=1.6, zorder=3
        )[0]
        at = np.searchsorted(numbers, merged.n_clusters_)
        shown = numbers[at : at + 1] == merged.n_clusters_
        self.chosen_ = ax.plot(
            numbers[at : at + 1][shown], values[at : at + 1][shown], linestyle="none", marker="o",
            fillstyle="none", color=theme.text, markersize=14, markeredgewidth=2.0, label="chosen", zorder=4,
        )[0]  # fmt: skip
        self.threshold_ = None
        if threshold is None:
            ax.set_yscale("symlog", linthresh=0.01, linscale=1.0)
            ax.yaxis.set_major_locator(FixedLocator([0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]))
            ax.yaxis.set_minor_locator(NullLocator())
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value, 3)))
            ax.set_ylim(-0.001, max(1.4 * float(values.max()), 0.012))
        else:
            self.threshold_ = ax.axhline(
                threshold, color=theme.muted, linewidth=1.0, linestyle=(0, (5, 3)), label="threshold"
            )
            ax.set_ylim(-0.03 * float(values.max()), max(1.08 * float(values.max()), 1.2 * threshold))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
        ax.set_xlabel("number of clusters")
        ax.set_ylabel(label)
        if legend:
            handles = [self.chosen_] * bool(shown.any())
            if self.threshold_ is not None:
                handles.append(self.threshold_)
            plain_legend(ax.legend(handles=handles, **LEGEND))
        return self._finish(theme)

    @property
    def title(self) -> str:
        """How many components in how many clusters."""
        merged = self.merged
        return f"{merged.n_components_} components in {format_count(merged.n_clusters_, 'cluster')}"

    @property
    def note(self) -> str:
        """What a caption says: how to read the curve."""
        if self.merged.threshold_ is None:
            return "Up to the elbow clusters are apart; one more divides a cluster where rows are."
        return "Merges with a score above the threshold are made, from right to left."
