"""Which clusters were merged, in which order, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.wording import format_count
from gaussmix.plot.display import Display
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.style import LIGHT, Theme, plain_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_LEAVES = 40
"""Of a larger tree so many clusters, the last, are the leaves that are drawn."""
NAMED_LEAVES = 60
HEIGHTS = {
    "entropy": "certainty which of the two a row belongs to",
    "overlap": "1 - probability of being assigned to the other",
    "unimodality": "1 - height of the pass beside the lower peak",
}


class DendrogramDisplay(Display):
    """Tree of merges of a hierarchical clustering, or of the components of a mixture.

    Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    linkage : ndarray of shape (L - 1, 4)
        SciPy's linkage matrix.
    labels : ndarray of int, shape (L,)
        Cluster of each leaf: the colours.
    leaf_names : sequence of L str
    height_name : str
        What the heights are.
    max_leaves : int, default=40
        Of a larger tree the last so many clusters are drawn, each with the number of leaves below.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    links_ : LineCollection
        A bracket a merge, the lower ones first.
    cut_ : Line2D or None
        Between the last merge that was made and the first that was not; None if there is one cluster.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_iris
    >>> from gaussmix import HierarchicalGaussianClustering
    >>> from gaussmix.plot import DendrogramDisplay
    >>> clustering = HierarchicalGaussianClustering(3).fit(load_iris().data)
    >>> display = DendrogramDisplay.from_estimator(clustering, max_leaves=12, ax=Figure().subplots())
    >>> len(display.links_.get_segments())
    11
    """

    def __init__(
        self,
        *,
        linkage: Array,
        labels: NDArray[np.int64],
        leaf_names: Sequence[str],
        height_name: str,
        max_leaves: int = SHOWN_LEAVES,
    ) -> None:
        self.linkage = linkage
        self.labels = labels
        self.leaf_names = leaf_names
        self.height_name = height_name
        self.max_leaves = max_leaves

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any = None,
        *,
        max_leaves: int = SHOWN_LEAVES,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> DendrogramDisplay:
        """Draw the tree of a fitted clustering.

        Parameters
        ----------
        model : fitted HierarchicalGaussianClustering, or MergedComponents
        X : ignored
            The tree is part of the model.
        max_leaves : int, default=40
            Of a larger tree the last so many clusters are drawn.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        DendrogramDisplay

        Raises
        ------
        TypeError
            If the model has no tree.
        ValueError
            If there is nothing to merge, or `max_leaves` is below two.
        """
        if max_leaves < 2:
            raise ValueError(f"max_leaves must be at least 2, but it is {max_leaves}.")
        if hasattr(model, "merges_"):
            names: Sequence[str] = ComponentNames.of(model.model).short
            height_name = HEIGHTS[model.method]
            linkage, labels = model.linkage(), model.clusters_
        elif hasattr(model, "linkage_"):
            names = [str(row) for row in model.leaves_]
            ward = model.tree_model_ == "EII"
            height_name = "sum of squares added" if ward else "log-likelihood lost (nats)"
            linkage, labels = model.linkage_, model.labels_[model.leaves_]
        else:
            raise TypeError(
                f"A {type(model).__name__} has no tree: pass a fitted HierarchicalGaussianClustering, or "
                "what merge_components returns."
            )
        if len(linkage) == 0:
            raise ValueError("There is a single component, and so nothing to merge.")
        display = cls(
            linkage=linkage, labels=labels, leaf_names=names, height_name=height_name, max_leaves=max_leaves
        )
        return display.plot(ax=ax, **plot_options)

    def plot(self, ax: Axes | None = None, *, theme: Theme = LIGHT) -> DendrogramDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        theme : Theme, optional
            Colours of the clusters. The axes' own colours stay as they are.

        Returns
        -------
        DendrogramDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.collections import LineCollection
        from scipy.cluster.hierarchy import dendrogram

        ax = self._begin(ax, theme, 8.0, 4.8)
        n_leaves = len(self.linkage) + 1
        n_shown = min(n_leaves, max(self.max_leaves, self.n_clusters))
        cluster = self._cluster_of_nodes()
        drawn = dendrogram(
            self.linkage,
            p=n_shown,
            truncate_mode="lastp",
            no_plot=True,
            link_color_func=lambda node: str(cluster[node]),
        )
        # In SciPy's layout leaves stand ten apart, the first at five.
        brackets = [
            np.column_stack([np.array(x) / 10 - 0.5, y])
            for x, y in zip(drawn["icoord"], drawn["dcoord"], strict=True)
        ]
        colors = [
            theme.component_color(int(name)) if int(name) >= 0 else theme.muted
            for name in drawn["color_list"]
        ]
        self.links_ = LineCollection(brackets, colors=colors, linewidths=1.4, zorder=3)
        ax.add_collection(self.links_, autolim=False)
        heights = self.linkage[:, 2]
        self.cut_ = None
        if 1 < self.n_clusters < n_leaves:
            self.cut_ = ax.axhline(self.cut, color=theme.text, linewidth=1.0, linestyle=(0, (5, 3)), zorder=2)
        ax.set_xlim(-0.6, n_shown - 0.4)
        ax.set_ylim(0.0, 1.05 * float(heights[-1]) if heights[-1] > 0 else 1.0)
        ax.set_ylabel(self.height_name)
        names = [
            self.leaf_names[node] if node < n_leaves else f"({int(self.linkage[node - n_leaves, 3])})"
            for node in drawn["leaves"]
        ]
        if n_shown <= NAMED_LEAVES:
            upright = max(map(len, names)) * n_shown <= 80
            ax.set_xticks(range(n_shown), names, rotation=0 if upright else 90)
            for label, node in zip(ax.get_xticklabels(), drawn["leaves"], strict=True):
                label.set(
                    color=theme.component_color(int(cluster[node])),
                    fontsize=8,
                    **plain_text(label.get_text()),
                )
        else:
            ax.set_xticks([])
        self._finish(theme)
        if self._own:
            ax.grid(False, axis="x")
            for label, node in zip(ax.get_xticklabels(), drawn["leaves"], strict=False):
                label.set_color(theme.component_color(int(cluster[node])))
        return self

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1

    @property
    def cut(self) -> float:
        """Height between the last merge that was made and the first that was not."""
        first = len(self.linkage) + 1 - self.n_clusters
        return float(self.linkage[first - 1 : first + 1, 2].mean())

    @property
    def title(self) -> str:
        """How many clusters of how many leaves."""
        return f"{format_count(self.n_clusters, 'cluster')} of {len(self.linkage) + 1:,} leaves"

    @property
    def note(self) -> str:
        """What a caption says: what leaves are, and what the dashed line is."""
        parts = []
        n_shown = max(self.max_leaves, self.n_clusters)
        if len(self.linkage) + 1 > n_shown:
            parts.append(
                "In brackets: the number of leaves in a cluster that was merged before."
                if n_shown <= NAMED_LEAVES
                else f"Only the last {n_shown - 1} merges are shown."
            )
        if 1 < self.n_clusters <= len(self.linkage):
            parts.append("Merges above the dashed line were not made.")
        return " ".join(parts)

    def _cluster_of_nodes(self) -> NDArray[np.int64]:
        """Return the cluster in which each node lies, -1 for nodes above the cut."""
        n_leaves = len(self.linkage) + 1
        cluster = np.full(2 * n_leaves - 1, -1, dtype=np.int64)
        cluster[:n_leaves] = self.labels
        for merge, (one, other) in enumerate(self.linkage[:, :2].astype(int)):
            if cluster[one] == cluster[other]:
                cluster[n_leaves + merge] = cluster[one]
        return cluster
