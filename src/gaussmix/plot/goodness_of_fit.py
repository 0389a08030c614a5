"""Whether rows look like draws from a mixture: their features, and their distances from the components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtri

from gaussmix.core.rows import Array
from gaussmix.explain.wording import format_count
from gaussmix.inference.fit_checks import BAND, GoodnessOfFit, goodness_of_fit
from gaussmix.inference.uniformity import LEVELS
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.style import (
    LEGEND,
    LEGEND_COMPONENTS,
    LIGHT,
    Theme,
    axis_names,
    caption,
    component_line,
    finish_axes,
    plain_legend,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES_OF_FEATURES = 8
"""Of more features those that deviate most have lines."""


class GoodnessOfFitDisplay:
    """Features and distances of the rows beside what the mixture says of them.

    On the left, how much larger the share of rows below each quantile of the mixture is than it should be,
    feature by feature. On the right, quantiles of the squared Mahalanobis distances from each component
    against those of the chi-square distribution: on the diagonal if all is well. Bands hold most of the
    tables that were drawn from the mixture and fitted in the same way.

    Parameters
    ----------
    fit : GoodnessOfFit
    components : ComponentNames, optional
        Default: numbers.

    Attributes
    ----------
    axes_ : ndarray of two matplotlib Axes
    figure_ : matplotlib Figure
    feature_lines_ : list of Line2D
    component_lines_ : list of Line2D

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import GoodnessOfFitDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> model = GaussianMixture(random_state=0).fit(X)
    >>> display = GoodnessOfFitDisplay.from_estimator(model, X, n_resamples=19, figure=Figure())
    >>> len(display.component_lines_)
    1
    """

    def __init__(self, fit: GoodnessOfFit, components: ComponentNames | None = None) -> None:
        self.fit = fit
        self.components = components or ComponentNames.given(None, len(fit.components))

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        n_resamples: int = 199,
        sample_weight: Any = None,
        random_state: int | np.random.RandomState | None = None,
        figure: Figure | None = None,
        **plot_options: Any,
    ) -> GoodnessOfFitDisplay:
        """Check a fitted mixture against its rows, and draw what was found.

        Parameters
        ----------
        model : fitted GaussianMixture or AutoGaussianMixture
        X : array-like or frame of shape (n_samples, n_features)
        n_resamples : int, default=199
            Tables drawn from the mixture, for the bands; 0 for none.
        sample_weight : array-like of shape (n_samples,), optional
        random_state : int, RandomState instance or None, default=None
        figure : matplotlib Figure, optional
            Default: a new figure of pyplot's.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        GoodnessOfFitDisplay
        """
        found = goodness_of_fit(
            model, X, n_resamples=n_resamples, sample_weight=sample_weight, random_state=random_state
        )
        return cls(found, ComponentNames.of(model)).plot(figure=figure, **plot_options)

    def plot(
        self, figure: Figure | None = None, *, legend: bool = True, theme: Theme = LIGHT
    ) -> GoodnessOfFitDisplay:
        """Draw the picture.

        Parameters
        ----------
        figure : matplotlib Figure, optional
            Default: a new figure of pyplot's.
        legend : bool, default=True
        theme : Theme, optional

        Returns
        -------
        GoodnessOfFitDisplay
            This object, with `axes_`, `figure_` and the lines.
        """
        own = figure is None
        if figure is None:
            import matplotlib.pyplot as plt

            figure = plt.figure(figsize=(9.6, 4.8), layout="constrained", facecolor=theme.background)
        self.figure_ = figure
        self.axes_ = np.asarray(figure.subplots(1, 2))
        self._draw_features(self.axes_[0], theme, legend)
        self._draw_distances(self.axes_[1], theme, legend)
        finish_axes(self.axes_[0], theme, "Values of the features")
        finish_axes(self.axes_[1], theme, "Distances from the components")
        if own:
            figure.suptitle(self.title, fontsize=11, color=theme.text, x=0.02, ha="left")
            caption(figure, self.note, theme)
        return self

    @property
    def title(self) -> str:
        """What the picture shows, and the verdict."""
        n_rows = format_count(len(self.fit.labels), "row")
        if not self.fit.n_resamples:
            return f"Goodness of fit to {n_rows}"
        verdict = (
            "nothing speaks against the mixture" if self.fit.p_value > 0.05 else "the mixture does not fit"
        )
        return f"Goodness of fit to {n_rows}: {verdict} (p = {self.fit.p_value:.3g})"

    @property
    def note(self) -> str:
        """How to read the picture."""
        parts = ["Rows count for a component by the probability that they belong to it."]
        if self.fit.n_resamples:
            parts.insert(
                0,
                f"Bands hold {100 * BAND:g}% of {self.fit.n_resamples} tables drawn from the mixture, "
                "point by point.",
            )
        n_hidden = len(self.fit.features) - LINES_OF_FEATURES
        if n_hidden > 0:
            parts.append(f"{format_count(n_hidden, 'feature')} that deviate less are not drawn.")
        return " ".join(parts)

    def _draw_features(self, ax: Axes, theme: Theme, legend: bool) -> None:
        """Draw the shares of rows below each quantile of the mixture, less what they should be."""
        order = np.argsort([-check.kolmogorov_smirnov for check in self.fit.features], kind="stable")
        shown = np.sort(order[:LINES_OF_FEATURES])
        names = axis_names(tuple(str(check.name) for check in self.fit.features))
        ax.axhline(0.0, color=theme.muted, linewidth=0.8, zorder=1)
        self.feature_lines_ = []
        for number, feature in enumerate(shown):
            check = self.fit.features[feature]
            # The share of rows is the level; the mixture's own share is the quantile of what was transformed.
            (line,) = ax.plot(
                check.quantiles,
                LEVELS - check.quantiles,
                color=theme.component_color(number),
                linestyle=component_line(number),
                linewidth=1.6,
                label=names[feature],
                zorder=3,
            )
            self.feature_lines_.append(line)
        if self.fit.n_resamples:
            # Nearly the same for all features: the widest.
            bands = np.array([_deviations(self.fit.features[feature].band) for feature in shown])
            lowest, highest = bands[:, 0].min(axis=0), bands[:, 1].max(axis=0)
            ax.fill_between(LEVELS, lowest, highest, color=theme.bars, alpha=0.6, linewidth=0, zorder=0)
        ax.set_xlim(0.0, 1.0)
        ax.set_xlabel("share of the mixture below a value")
        ax.set_ylabel("share of the rows, less that")
        if legend:
            plain_legend(ax.legend(**LEGEND))

    def _draw_distances(self, ax: Axes, theme: Theme, legend: bool) -> None:
        """Draw quantiles of squared distances against those of the chi-square distribution."""
        expected = self.distance_quantiles(LEVELS)
        top = 1.02 * expected[-1]
        ax.plot([0.0, top], [0.0, top], color=theme.muted, linewidth=0.8, zorder=1)
        self.component_lines_ = []
        for k, check in enumerate(self.fit.components):
            color = theme.component_color(k)
            (line,) = ax.plot(
                expected,
                self.distance_quantiles(check.quantiles),
                color=color,
                linestyle=component_line(k),
                linewidth=1.6,
                label=self.components.full[k],
                zorder=3,
            )
            self.component_lines_.append(line)
            if self.fit.n_resamples:
                low, high = self.distance_quantiles(check.band)
                ax.fill_between(expected, low, high, color=color, alpha=0.13, linewidth=0, zorder=0)
        ax.set_xlim(0.0, top)
        highest = max(float(self.distance_quantiles(check.quantiles)[-1]) for check in self.fit.components)
        ax.set_ylim(0.0, max(top, 1.05 * min(highest, 3.0 * top)))
        ax.set_xlabel(f"quantile of chi-square, {format_count(self.fit.n_features, 'degree')} of freedom")
        ax.set_ylabel("quantile of squared distances")
        if legend and 1 < len(self.fit.components) <= LEGEND_COMPONENTS:
            plain_legend(ax.legend(**LEGEND))

    def distance_quantiles(self, shares: Array) -> Array:
        """Return the squared distances below which such shares of a component lie."""
        return np.asarray(chdtri(self.fit.n_features, 1.0 - np.minimum(shares, 1.0 - 1e-15)))


def _deviations(band: Array) -> Array:
    """Return a band of quantiles as one of deviations of shares, over the mixture's own share."""
    low, high = band
    return np.array([np.interp(LEVELS, high, LEVELS) - LEVELS, np.interp(LEVELS, low, LEVELS) - LEVELS])
