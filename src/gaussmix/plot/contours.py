"""The density of a mixture in two features, as contours that hold stated shares of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.explain.components import marginal_covariances
from gaussmix.explain.rows import RowTable
from gaussmix.explain.wording import format_count
from gaussmix.plot.display import Display
from gaussmix.plot.limits import axis_limits, beyond_note
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import SEED, SHOWN_ROWS, ShownRows, choose_rows
from gaussmix.plot.scatter import choose_two_features
from gaussmix.plot.style import LEGEND, LIGHT, Theme, axis_names, plain_text, sequential_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWS = 50_000
"""Random rows by which the contours' levels are found: a share is met within half a percent."""


class DensityContourDisplay(Display):
    """Contours of a mixture's density in two features.

    Each contour encloses the smallest region that holds a stated share of the mixture (Hyndman 1996, The
    American Statistician 50, 120). Use `from_estimator` to make one; `plot` draws it again.

    Parameters
    ----------
    rows : ShownRows
        Rows to show, in the two features.
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, 2)
    covariances : ndarray of shape (K, 2, 2)
        Of the two features, whatever the others are.
    feature_names : tuple of two str
    probability : sequence of float, default=(0.25, 0.5, 0.75, 0.95)
        Shares of the mixture that the contours hold.
    components : ComponentNames, optional
        Default: numbers.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    bands_, contours_ : QuadContourSet
        The shaded bands, and the lines around them: outermost first.
    levels_ : ndarray of shape (len(probability),)
        Log-densities of the lines, for features in units of the mixture's spread.
    numbers_ : list of Annotation
        The components' numbers, or the names they were given, at their centres.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import DensityContourDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> model = GaussianMixture(random_state=0).fit(X)
    >>> display = DensityContourDisplay.from_estimator(model, X, probability=[0.9], ax=Figure().subplots())
    >>> len(display.contours_.levels)
    1
    """

    def __init__(
        self,
        *,
        rows: ShownRows,
        weights: Array,
        means: Array,
        covariances: Array,
        feature_names: tuple[str, str],
        probability: Sequence[float] = (0.25, 0.5, 0.75, 0.95),
        components: ComponentNames | None = None,
    ) -> None:
        if not probability or not all(0.0 < share < 1.0 for share in probability):
            raise ValueError(
                f"probability must hold shares between 0 and 1, both excluded; got {probability}."
            )
        self.rows = rows
        self.weights = weights
        self.means = means
        self.covariances = covariances
        self.feature_names = feature_names
        self.probability = tuple(sorted(set(probability)))
        self.components = components or ComponentNames.given(None, len(means))

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        probability: Sequence[float] = (0.25, 0.5, 0.75, 0.95),
        sample_weight: ArrayLike | None = None,
        max_rows: int = SHOWN_ROWS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> DensityContourDisplay:
        """Draw the density of a fitted mixture over the rows of a table.

        Parameters
        ----------
        model : fitted mixture
        X : array-like or frame of shape (N, D)
        features : sequence of two int or str, optional
            Indices or names of the features to show. Default: the two that tell most about the
            component. Of more features their joint marginal density is drawn.
        feature_names : sequence of D str, optional
            Default: the names the model was fitted with, else the frame's, else x0, x1, ...
        probability : sequence of float, default=(0.25, 0.5, 0.75, 0.95)
            Shares of the mixture that the contours hold.
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
        DensityContourDisplay

        Raises
        ------
        ValueError
            If the model has one feature only, the features named are not two of its own, or a
            probability is not between 0 and 1.
        """
        table = RowTable(X)
        chosen, names = choose_two_features(model, table, features, feature_names)
        rows = choose_rows(model, table, max_rows, sample_weight)
        shown = axis_names(names)
        display = cls(
            rows=ShownRows(rows.values[:, chosen], rows.labels, rows.n_rows),
            weights=np.asarray(model.weights_, dtype=np.float64),
            means=np.asarray(model.means_, dtype=np.float64)[:, chosen],
            covariances=marginal_covariances(model, chosen),
            feature_names=(shown[chosen[0]], shown[chosen[1]]),
            probability=probability,
            components=ComponentNames.of(model),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        points: bool = True,
        numbers: bool = True,
        legend: bool = True,
        theme: Theme = LIGHT,
    ) -> DensityContourDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        points : bool, default=True
            Draw the rows as small dots.
        numbers : bool, default=True
            Write each component's number, or the name it was given, at its centre.
        legend : bool, default=True
            Say which contour holds which share.
        theme : Theme, optional
            Colours of contours and dots. The axes' own colours stay as they are.

        Returns
        -------
        DensityContourDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.patches import Patch
        from matplotlib.patheffects import withStroke

        ax = self._begin(ax, theme, 7.0, 5.2)
        limits = self.limits()
        x, y = (self._grid(i, limits[i]) for i in (0, 1))
        log_density = self.log_density(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
        log_density = log_density.reshape(len(y), len(x))
        self.levels_ = self._levels()
        top = max(float(log_density.max()), self.levels_[-1]) + 1e-6
        colors = sequential_colors(theme)(np.linspace(0.12, 0.62, len(self.levels_)))
        self.bands_ = ax.contourf(x, y, log_density, levels=[*self.levels_, top], colors=colors, zorder=1)
        self.contours_ = ax.contour(
            x, y, log_density, levels=self.levels_, colors=[theme.palette[0]], linewidths=0.9,
            linestyles="solid", zorder=3,
        )  # fmt: skip
        if points:
            n_shown = len(self.rows.values)
            ax.scatter(
                self.rows.values[:, 0], self.rows.values[:, 1], color=theme.text, linewidths=0, zorder=2,
                s=float(np.clip(2500 / n_shown, 1.5, 9)), alpha=float(np.clip(700 / n_shown, 0.12, 0.55)),
                rasterized=n_shown > 2000,
            )  # fmt: skip
        ax.set_xlim(*limits[0])
        ax.set_ylim(*limits[1])
        if legend:
            handles = [
                Patch(facecolor=color, edgecolor=theme.palette[0], linewidth=0.9, label=f"{100 * share:g}%")
                for color, share in zip(colors[::-1], self.probability, strict=True)
            ]
            ax.legend(handles=handles, title="mixture inside", title_fontsize=8, **LEGEND)
        self.numbers_ = []
        if numbers and len(self.means) > 1:
            self.numbers_ = [
                ax.annotate(
                    name, tuple(mean), color=theme.text, fontsize=10 if len(self.means) <= 20 else 8,
                    fontweight="bold", ha="center", va="center", zorder=4, annotation_clip=True,
                    path_effects=[withStroke(linewidth=2.5, foreground=theme.background)], **plain_text(name),
                )
                for mean, name in zip(self.means, self.components.short, strict=True)
            ]  # fmt: skip
        ax.set_xlabel(self.feature_names[0], **plain_text(self.feature_names[0]))
        ax.set_ylabel(self.feature_names[1], **plain_text(self.feature_names[1]))
        return self._finish(theme)

    @property
    def title(self) -> str:
        """What is shown."""
        return f"Density of a mixture of {format_count(len(self.means), 'component')}"

    @property
    def note(self) -> str:
        """What a caption says: which contours, which rows, and how many of them lie beyond the axes."""
        shares = ", ".join(f"{100 * share:g}%" for share in self.probability)
        (left, right), (bottom, top) = self.limits()
        x, y = self.rows.values.T
        n_beyond = int(np.count_nonzero((x < left) | (x > right) | (y < bottom) | (y > top)))
        lines = (
            f"The contour holds {shares} of the mixture."
            if len(self.probability) == 1
            else f"The contours hold {shares} of the mixture, each in the smallest region that does."
        )
        return " ".join(part for part in (lines, self.rows.note, beyond_note(n_beyond)) if part)

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where the two axes begin and end."""
        horizontal, vertical = (
            axis_limits(self.rows.values[:, i], self.means[:, i], self.covariances[:, i, i]) for i in (0, 1)
        )
        return horizontal, vertical

    def log_density(self, points: Array) -> Array:
        """Return the log-density at some points, for features in units of the mixture's spread.

        Parameters
        ----------
        points : ndarray of shape (n, 2)
            In the data's units.

        Returns
        -------
        ndarray of shape (n,)
        """
        center, scale, deviations, correlation = self._standardised()
        z = (points - center) / scale
        across = np.sqrt(1.0 - correlation**2)
        total = np.full(len(points), -np.inf)
        with np.errstate(divide="ignore", over="ignore"):  # a weight of zero; far beyond all density
            constants = np.log(self.weights) - np.log(2 * np.pi * deviations.prod(axis=1) * across)
            for k, constant in enumerate(constants):
                first, second = ((z - (self.means[k] - center) / scale) / deviations[k]).T
                second = (second - correlation[k] * first) / across[k]
                np.logaddexp(total, constant - 0.5 * (first**2 + second**2), out=total)
        return np.maximum(total, -1e300)

    def _standardised(self) -> tuple[Array, Array, Array, Array]:
        """Return the mixture's centre and spread, and the components' deviations in it and correlations."""
        center = self.weights @ self.means
        deviations = np.sqrt(np.maximum(np.diagonal(self.covariances, axis1=1, axis2=2), 0.0))
        scale = np.maximum(np.abs(self.means - center), deviations).max(axis=0)
        scale = np.where(scale > 0, scale, np.maximum(np.abs(center), 1.0) * 1e-3)
        # A feature that is constant in a component gets a width that can be drawn.
        narrow = np.maximum(deviations / scale, 1e-6)
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = self.covariances[:, 0, 1] / deviations[:, 0] / deviations[:, 1]
        limit = 1.0 - 1e-9
        return center, scale, narrow, np.clip(np.nan_to_num(correlation, nan=0.0), -limit, limit)

    def _levels(self) -> Array:
        """Return the log-densities that shares of the mixture exceed, increasing."""
        _, scale, deviations, correlation = self._standardised()
        generator = np.random.default_rng(SEED)
        weights = self.weights / self.weights.sum()
        component = generator.choice(len(weights), DRAWS, p=weights)
        first, second = generator.standard_normal((2, DRAWS))
        rho = correlation[component]
        second = rho * first + np.sqrt(1.0 - rho**2) * second
        z = np.stack([first, second], axis=1) * deviations[component]
        at_draws = self.log_density(self.means[component] + z * scale)
        levels = np.quantile(at_draws, 1.0 - np.array(self.probability[::-1]))
        # Lines need different levels, also where a component has no width and quantiles coincide.
        return np.maximum.accumulate(levels) + 1e-9 * np.arange(len(levels))

    def _grid(self, i: int, limits: tuple[float, float]) -> Array:
        """Return places along an axis: even over it, and finer around each component however narrow."""
        deviations = np.sqrt(np.maximum(self.covariances[:, i, i], 0.0))
        around = np.linspace(-4.0, 4.0, int(np.clip(400 // len(self.means), 9, 41)))
        near = (self.means[:, i, None] + deviations[:, None] * around).ravel()
        near = near[(near > limits[0]) & (near < limits[1])]
        return np.unique(np.concatenate([np.linspace(*limits, 160), near]))
