"""Rows and components of a mixture in two of its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.core.transforms import FeatureTransforms, Identity
from gaussmix.explain.components import fitted_covariances, transforms_of
from gaussmix.explain.information import most_telling_features
from gaussmix.explain.rows import RowTable, feature_index, resolve_feature_names
from gaussmix.explain.wording import format_count
from gaussmix.plot.display import Display
from gaussmix.plot.ellipse import ellipse_curve
from gaussmix.plot.limits import beyond_note, feature_limits
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import SHOWN_ROWS, ShownRows, choose_rows
from gaussmix.plot.style import (
    LEGEND,
    LEGEND_COMPONENTS,
    LIGHT,
    Theme,
    axis_names,
    component_handles,
    component_marker,
    draw_noise,
    noise_handle,
    plain_legend,
    plain_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class MixtureDisplay(Display):
    """Scatter of the rows in two features, with an ellipse for each component.

    Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    rows : ShownRows
        Rows to show, in the two features.
    means : ndarray of shape (K, 2)
    covariances : ndarray of shape (K, 2, 2)
        Of the two features, whatever the others are; as the means, of transformed features if they are.
    weights : ndarray of shape (K,)
    feature_names : tuple of two str
    probability : tuple of float, default=(0.5, 0.9)
        Each component has one ellipse for each of them, which holds that share of it.
    components : ComponentNames, optional
        Default: numbers.
    transforms : FeatureTransforms, optional
        Of the two features. What is shown is in the data's units all the same; ellipses become curves that
        hold the same share.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatters_ : list of PathCollection
        One for each marker; the components that share it differ in colour. The last is of noise, if there
        is any.
    ellipses_ : LineCollection
        Component by component, each in the order of `probability`.
    numbers_ : list of Annotation
        The components' numbers at their centres.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import MixtureDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> display = MixtureDisplay.from_estimator(model, X, ax=Figure().subplots())
    >>> len(display.ellipses_.get_segments())
    4
    """

    def __init__(
        self,
        *,
        rows: ShownRows,
        means: Array,
        covariances: Array,
        weights: Array,
        feature_names: tuple[str, str],
        probability: Sequence[float] = (0.5, 0.9),
        components: ComponentNames | None = None,
        transforms: FeatureTransforms | None = None,
    ) -> None:
        self.rows = rows
        self.means = means
        self.covariances = covariances
        self.weights = weights
        self.feature_names = feature_names
        self.probability = tuple(probability)
        self.components = components or ComponentNames.given(None, len(means))
        self.transforms = transforms or FeatureTransforms((Identity(), Identity()))

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        probability: Sequence[float] = (0.5, 0.9),
        sample_weight: ArrayLike | None = None,
        max_rows: int = SHOWN_ROWS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> MixtureDisplay:
        """Draw a fitted mixture and a table.

        Parameters
        ----------
        model : fitted GaussianMixture
        X : array-like or frame of shape (N, D)
        features : sequence of two int or str, optional
            Indices or names of the features to show. Default: the two that tell most about the
            component.
        feature_names : sequence of D str, optional
            Default: the names the model was fitted with, else the frame's, else x0, x1, ...
        probability : sequence of float, default=(0.5, 0.9)
            Shares of each component that its ellipses hold.
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
        MixtureDisplay

        Raises
        ------
        ValueError
            If the model has one feature only, or the features named are not two of its own.
        """
        table = RowTable(X)
        chosen, names = choose_two_features(model, table, features, feature_names)
        rows = choose_rows(model, table, max_rows, sample_weight)
        shown = axis_names(names)
        display = cls(
            rows=ShownRows(rows.values[:, chosen], rows.labels, rows.n_rows),
            means=np.asarray(model.means_)[:, chosen],
            covariances=fitted_covariances(model, chosen),
            weights=np.asarray(model.weights_),
            feature_names=(shown[chosen[0]], shown[chosen[1]]),
            probability=probability,
            components=ComponentNames.of(model),
            transforms=transforms_of(model, chosen),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        point_size: float | None = None,
        numbers: bool = True,
        legend: bool = True,
        theme: Theme = LIGHT,
    ) -> MixtureDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's.
        point_size : float, optional
            Area of a marker in points squared. Default: smaller the more rows are shown.
        numbers : bool, default=True
            Write each component's number, or the name it was given, at its centre.
        legend : bool, default=True
            Add a legend where the components are not too many for one.
        theme : Theme, optional
            Colours of the components, and of the ground on which their numbers stand. The axes' own
            colours stay as they are.

        Returns
        -------
        MixtureDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.collections import LineCollection
        from matplotlib.patheffects import withStroke

        ax = self._begin(ax, theme, 7.0, 5.2)
        n_shown = len(self.rows.values)
        size = point_size if point_size is not None else float(np.clip(4000 / n_shown, 3, 22))
        opacity = float(np.clip(1500 / n_shown, 0.25, 0.8))
        n_components = len(self.means)
        colors = [theme.component_color(k) for k in range(n_components)]
        self.scatters_ = []
        for marker in dict.fromkeys(component_marker(k) for k in range(n_components)):
            # One artist a marker, not a component: two hundred components are drawn as fast as seven.
            components = [k for k in range(n_components) if component_marker(k) == marker]
            mine = np.isin(self.rows.labels, components)
            if mine.any():
                points, point_colors = self.rows.values[mine], [colors[k] for k in self.rows.labels[mine]]
                self.scatters_.append(
                    ax.scatter(
                        points[:, 0], points[:, 1], s=size, alpha=opacity, c=point_colors, linewidths=0,
                        marker=marker, rasterized=n_shown > 2000, zorder=2,
                    )
                )  # fmt: skip
        if self.rows.noise.any():
            self.scatters_.append(draw_noise(ax, self.rows.values[self.rows.noise], theme))
        inner = min(self.probability, default=0.0)
        styles = [
            (1.6, "-") if probability == inner else (1.0, (0, (5, 2))) for probability in self.probability
        ]
        self.ellipses_ = LineCollection(
            [
                self.transforms.inverse(ellipse_curve(mean, covariance, probability))
                for mean, covariance in zip(self.means, self.covariances, strict=True)
                for probability in self.probability
            ],
            colors=[color for color in colors for _ in styles],
            linewidths=[width for _ in colors for width, _ in styles],
            linestyles=[style for _ in colors for _, style in styles],
            zorder=3,
        )
        ax.add_collection(self.ellipses_, autolim=False)
        self.numbers_ = []
        centers = self.transforms.inverse(self.means)
        if numbers and n_components > 1:
            self.numbers_ = [
                ax.annotate(
                    self.components.short[k], tuple(centers[k]), color=colors[k],
                    fontsize=10 if n_components <= 20 else 8, fontweight="bold", ha="center", va="center",
                    zorder=4, annotation_clip=True, **plain_text(self.components.short[k]),
                    path_effects=[withStroke(linewidth=2.5, foreground=theme.background)],
                )
                for k in range(n_components)
            ]  # fmt: skip
        limits = self.limits()
        ax.set_xlim(*limits[0])
        ax.set_ylim(*limits[1])
        ax.set_xlabel(self.feature_names[0], **plain_text(self.feature_names[0]))
        ax.set_ylabel(self.feature_names[1], **plain_text(self.feature_names[1]))
        any_noise = bool(self.rows.noise.any())
        if legend and n_components + any_noise > 1 and n_components <= LEGEND_COMPONENTS:
            handles = component_handles(self.components.full, theme, line=False)
            handles += [noise_handle(theme)] * any_noise
            plain_legend(ax.legend(handles=handles, **LEGEND))
        return self._finish(theme)

    @property
    def title(self) -> str:
        """How many components are shown."""
        return f"{format_count(len(self.means), 'component')} in {format_count(self.rows.n_rows, 'row')}"

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where the two axes begin and end."""
        deviations = np.sqrt(np.maximum(np.einsum("kdd->kd", self.covariances), 0.0))
        horizontal, vertical = (
            feature_limits(self.rows.values[:, i], self.means[:, i], deviations[:, i], transform)
            for i, transform in enumerate(self.transforms.features)
        )
        return horizontal, vertical

    @property
    def note(self) -> str:
        """What a caption says: which ellipses, which rows, and how many of them lie beyond the axes."""
        shares = " and ".join(f"{100 * probability:g}%" for probability in sorted(self.probability))
        parts = (
            f"Ellipses hold {shares} of each component.",
            self.rows.note,
            self.rows.noise_note,
            beyond_note(self._n_beyond()),
        )
        return " ".join(part for part in parts if part)

    def _n_beyond(self) -> int:
        (left, right), (bottom, top) = self.limits()
        x, y = self.rows.values.T
        return int(np.count_nonzero((x < left) | (x > right) | (y < bottom) | (y > top)))


def choose_two_features(
    model: Any,
    table: RowTable,
    features: Sequence[int | str] | None,
    feature_names: Sequence[str] | None,
) -> tuple[list[int], tuple[str, ...]]:
    """Return the two features that a picture shows, and the names of all.

    Raises
    ------
    ValueError
        If there is one feature only, or the features named are not two of the table's.
    """
    names = resolve_feature_names(model, table, feature_names)
    if table.n_features == 1:
        raise ValueError("X has one feature, and this picture needs two: use DensityDisplay.from_estimator.")
    if features is None:
        return sorted(most_telling_features(model)[:2]), names
    chosen = [feature_index(feature, names) for feature in features]
    if len(chosen) != 2:
        raise ValueError(f"features must be two features, but it has {len(chosen)}.")
    return chosen, names
