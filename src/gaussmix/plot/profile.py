"""The components' centres, feature by feature, as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.explain.components import moments
from gaussmix.explain.rows import RowTable, resolve_feature_names
from gaussmix.explain.wording import FeatureFormat, format_share
from gaussmix.plot.display import Display
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.parallel_coordinates import choose_features, mixture_moments
from gaussmix.plot.style import LIGHT, Theme, axis_names, diverging_colors, plain_text, text_color_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FEATURES = 30
STRONGEST = 2.5
"""Standard deviations from the mean of all at which the colours end."""
VALUE_COMPONENTS = 14
"""The values of more components than this have no room in their cells."""


class ProfileDisplay(Display):
    """Centres of the components as a heat map: a row a feature, a column a component.

    Colours tell how far a centre is from the mean of all, in standard deviations of all; the numbers are in
    the data's units. Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    means : ndarray of shape (K, d)
        In the data's units.
    center, spread : ndarray of shape (d,)
        Mean and standard deviation of the whole mixture.
    weights : ndarray of shape (K,)
    formats : sequence of FeatureFormat
        How the values of each feature are written.
    feature_names : tuple of str
    n_features : int
        Features of the whole model.
    components : ComponentNames, optional
        Default: numbers.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    image_ : AxesImage
        Standardised centres, of shape (d, K).
    values_ : list of Text
        The centres in the data's units, feature by feature; empty where they have no room.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import ProfileDisplay
    >>> model = GaussianMixture.from_parameters(
    ...     [0.5, 0.5], [[0.0, 170.0], [4.0, 180.0]], [1.0, 9.0], covariance_type="spherical")
    >>> display = ProfileDisplay.from_estimator(model, ax=Figure().subplots())
    >>> [text.get_text() for text in display.values_]
    ['0.0', '4.0', '170.0', '180.0']
    """

    def __init__(
        self,
        *,
        means: Array,
        center: Array,
        spread: Array,
        weights: Array,
        formats: Sequence[FeatureFormat],
        feature_names: tuple[str, ...],
        n_features: int,
        components: ComponentNames | None = None,
    ) -> None:
        self.means = means
        self.center = center
        self.spread = spread
        self.weights = weights
        self.formats = tuple(formats)
        self.feature_names = feature_names
        self.n_features = n_features
        self.components = components or ComponentNames.given(None, len(means))

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any = None,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> ProfileDisplay:
        """Draw the centres of a fitted mixture.

        Parameters
        ----------
        model : fitted mixture
        X : array-like or frame of shape (N, D), optional
            Only for its column names; the centres are the model's.
        features : sequence of int or str, optional
            Indices or names of the features to show, in this order. Default: all, or of more than thirty
            those that tell most about the component.
        feature_names : sequence of D str, optional
            Default: the names the model was fitted with, else the frame's, else x0, x1, ...
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        ProfileDisplay

        Raises
        ------
        ValueError
            If there is no such feature.
        """
        means, deviations = moments(model)
        names = resolve_feature_names(model, RowTable(means if X is None else X), feature_names)
        chosen = choose_features(model, names, features, MOST_FEATURES)
        center, spread = mixture_moments(model)
        within = np.median(deviations, axis=0)
        shown = axis_names(names, 30)
        display = cls(
            means=means[:, chosen],
            center=center[chosen],
            spread=spread[chosen],
            weights=np.asarray(model.weights_, dtype=np.float64),
            formats=[FeatureFormat.of(within[d], float(np.abs(means[:, d]).max())) for d in chosen],
            feature_names=tuple(shown[d] for d in chosen),
            n_features=len(names),
            components=ComponentNames.of(model),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self, ax: Axes | None = None, *, values: bool | None = None, theme: Theme = LIGHT
    ) -> ProfileDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        values : bool, optional
            Write each centre in its cell, in the data's units. Default: where there are at most fourteen
            components.
        theme : Theme, optional
            Colours of the map. The axes' own colours stay as they are.

        Returns
        -------
        ProfileDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        n_components, n_features = self.means.shape
        values = n_components <= VALUE_COMPONENTS if values is None else values
        ax = self._begin(
            ax,
            theme,
            float(np.clip(3.4 + (0.75 if values else 0.3) * n_components, 5.0, 14.0)),
            float(np.clip(1.6 + 0.3 * n_features, 3.0, 12.0)),
        )
        standardised = self.standardised()
        beyond = np.abs(standardised).max(initial=0.0) > STRONGEST
        limit = STRONGEST if beyond else max(np.abs(standardised).max(initial=0.0), 1.0)
        self.image_ = ax.imshow(
            standardised, aspect="auto", cmap=diverging_colors(theme), vmin=-limit, vmax=limit,
            interpolation="nearest",
        )  # fmt: skip
        self.values_ = []
        if values:
            self.values_ = [
                ax.text(
                    k, d, write(self.means[k, d]), ha="center", va="center",
                    fontsize=8 if n_components <= 8 else 7,
                    color=text_color_on(self.image_.cmap(self.image_.norm(standardised[d, k]))[:3]),
                )
                for d, write in enumerate(self.formats)
                for k in range(n_components)
            ]  # fmt: skip
        choices = (self.components.full, self.components.short)
        fitting = [names for names in choices if n_components * max(map(len, names)) <= 112]
        upright = bool(fitting) and n_components <= VALUE_COMPONENTS
        names = fitting[0] if upright else self.components.full
        between = "\n" if upright else " · "
        shares = [format_share(weight) for weight in self.weights]
        ax.set_xticks(
            range(n_components), [f"{name}{between}{s}" for name, s in zip(names, shares, strict=True)]
        )
        ax.set_yticks(range(n_features), self.feature_names)
        for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
            label.set(**plain_text(label.get_text()))
        if not upright:
            for label in ax.get_xticklabels():
                label.set(rotation=90)
        ax.tick_params(length=0)
        bar = self.figure_.colorbar(
            self.image_, ax=ax, pad=0.02, aspect=25, extend="both" if beyond else "neither",
            label="standard deviations\nfrom the mean of all",
        )  # fmt: skip
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, colors=theme.muted)
        bar.ax.yaxis.label.set(color=theme.text, fontsize=9)
        return self._finish(theme, grid=False)

    def standardised(self) -> Array:
        """Return how far each centre is from the mean of all, in standard deviations of all.

        Returns
        -------
        ndarray of shape (d, K)
            Zero for features that are constant.
        """
        result: Array = ((self.means - self.center) / np.where(self.spread > 0, self.spread, 1.0)).T
        return result

    @property
    def title(self) -> str:
        """What the picture shows."""
        return "Centres of the components"

    @property
    def note(self) -> str:
        """What a caption says: what numbers and colours mean, and which features are shown."""
        parts = ["Percentages: the components' weights."]
        if len(self.means) <= VALUE_COMPONENTS:
            parts.insert(0, "Numbers: the centres in the data's own units.")
        if len(self.feature_names) < self.n_features:
            parts.append(f"Shown are {len(self.feature_names)} of {self.n_features} features.")
        return " ".join(parts)
