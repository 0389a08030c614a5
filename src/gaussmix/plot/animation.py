"""EM at work: how components move from a start to where they end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.estimators.attributes import refuse_transforms
from gaussmix.explain.components import marginal_covariances
from gaussmix.explain.rows import RowTable
from gaussmix.plot.display import Display
from gaussmix.plot.ellipse import ellipse_curve
from gaussmix.plot.em_history import EMHistory, run_em, spread_frames, without_feature_names
from gaussmix.plot.limits import axis_limits
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.sampling import ShownRows, choose_rows
from gaussmix.plot.scatter import choose_two_features
from gaussmix.plot.style import LIGHT, Theme, axis_names, plain_text

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

SHOWN_ROWS = 3000
MOST_FRAMES = 40


class EMAnimationDisplay(Display):
    """The components' ellipses after each iteration of EM, in two features.

    `plot` draws one iteration, `animate` all of them, `save` writes them to a GIF file. Use `from_estimator`
    to make one.

    Parameters
    ----------
    rows : ShownRows
        Rows to show, in the two features.
    labels : ndarray of int, shape (frames, n)
        The component to which each row is assigned in each frame.
    means : ndarray of shape (frames, K, 2)
    covariances : ndarray of shape (frames, K, 2, 2)
    iterations : sequence of int
        Number of the iteration that each frame shows; 0 is the start.
    log_likelihoods : ndarray of shape (frames,)
        Mean log-density of the rows, all features considered.
    feature_names : tuple of two str
    components : ComponentNames, optional
        Default: numbers.
    fitted_log_likelihood : float, optional
        That of the fitted model, for comparison.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    points_ : PathCollection
    ellipses_ : LineCollection
        Two a component: they hold 50% and 90% of it.
    numbers_ : list of Text
        The components' numbers at their centres.
    counter_ : Text
        Number of the iteration, and log-likelihood.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import EMAnimationDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 2)) + 4.0 * (np.arange(100) % 2)[:, None]
    >>> model = GaussianMixture(2, random_state=0).fit(X)
    >>> display = EMAnimationDisplay.from_estimator(model, X, max_iter=5, ax=Figure().subplots())
    >>> display.iterations
    (0, 1, 2, 3, 4, 5)
    >>> bool((np.diff(display.log_likelihoods) > -1e-9).all())
    True
    """

    def __init__(
        self,
        *,
        rows: ShownRows,
        labels: NDArray[np.int64],
        means: Array,
        covariances: Array,
        iterations: Sequence[int],
        log_likelihoods: Array,
        feature_names: tuple[str, str],
        components: ComponentNames | None = None,
        fitted_log_likelihood: float | None = None,
    ) -> None:
        self.rows = rows
        self.labels = labels
        self.means = means
        self.covariances = covariances
        self.iterations = tuple(iterations)
        self.log_likelihoods = log_likelihoods
        self.feature_names = feature_names
        self.components = components or ComponentNames.given(None, means.shape[1])
        self.fitted_log_likelihood = fitted_log_likelihood

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        history: EMHistory | None = None,
        init_params: str = "random_from_data",
        max_iter: int = 200,
        max_frames: int = MOST_FRAMES,
        random_state: int = 0,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        max_rows: int = SHOWN_ROWS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> EMAnimationDisplay:
        """Draw how EM comes to a mixture like a fitted one.

        Parameters
        ----------
        model : fitted mixture
            Its family, number of components and regularisation are taken.
        X : array-like or frame of shape (N, D)
        history : EMHistory, optional
            What was seen while the model was fitted. Default: EM is run anew on the rows shown, without
            acceleration and without a search for the best optimum, so that there is something to see.
        init_params : str, default="random_from_data"
            How that run starts: see `GaussianMixture`.
        max_iter : int, default=200
            Largest number of iterations of that run.
        max_frames : int, default=40
            Of a longer run so many iterations are shown, the later the farther apart.
        random_state : int, default=0
            Seed of its start.
        features : sequence of two int or str, optional
            Indices or names of the features to show. Default: the two that tell most about the
            component.
        feature_names : sequence of D str, optional
            Default: the names the model was fitted with, else the frame's, else x0, x1, ...
        max_rows : int, default=3000
            Of a longer table, a seeded random sample of so many rows is shown.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        EMAnimationDisplay

        Raises
        ------
        ValueError
            If the model has one feature only, the features named are not two of its own, or the history
            is of another fit.
        """
        refuse_transforms(model)
        table = RowTable(X)
        chosen, names = choose_two_features(model, table, features, feature_names)
        rows = choose_rows(model, table, max_rows)
        if history is None:
            run = run_em(model, rows.values, init_params, max_iter, random_state)
            first = 0
        else:
            run, first = history.run_of(model), 1
        frames = spread_frames(len(run), max_frames)
        shown = axis_names(names)
        mixtures = [without_feature_names(run[frame]) for frame in frames]
        display = cls(
            rows=ShownRows(rows.values[:, chosen], rows.labels, rows.n_rows),
            labels=np.array([mixture.predict(rows.values) for mixture in mixtures]),
            means=np.array([mixture.means_[:, chosen] for mixture in mixtures]),
            covariances=np.array([marginal_covariances(mixture, chosen) for mixture in mixtures]),
            iterations=[int(frame) + first for frame in frames],
            log_likelihoods=np.array([mixture.score(rows.values) for mixture in mixtures]),
            feature_names=(shown[chosen[0]], shown[chosen[1]]),
            components=ComponentNames.of(model) if history else None,
            fitted_log_likelihood=without_feature_names(model).score(rows.values),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(self, ax: Axes | None = None, *, frame: int = -1, theme: Theme = LIGHT) -> EMAnimationDisplay:
        """Draw one iteration.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        frame : int, default=-1
            Index into `iterations`.
        theme : Theme, optional
            Colours of the components. The axes' own colours stay as they are.

        Returns
        -------
        EMAnimationDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.collections import LineCollection
        from matplotlib.patheffects import withStroke

        ax = self._begin(ax, theme, 6.4, 5.0)
        n_shown, n_components = len(self.rows.values), self.means.shape[1]
        colors = [theme.component_color(k) for k in range(n_components)]
        self._colors = np.array([*colors, theme.muted])  # noise has the label -1
        outline = withStroke(linewidth=2.5, foreground=theme.background)
        self.points_ = ax.scatter(
            self.rows.values[:, 0], self.rows.values[:, 1], s=float(np.clip(4000 / n_shown, 3, 18)),
            linewidths=0,
            alpha=float(np.clip(1500 / n_shown, 0.3, 0.7)), rasterized=n_shown > 2000, zorder=2,
        )  # fmt: skip
        self.ellipses_ = LineCollection(
            [], colors=np.repeat(colors, 2), linewidths=[1.8, 1.0] * n_components,
            linestyles=["-", (0, (5, 2))] * n_components, zorder=3,
        )  # fmt: skip
        ax.add_collection(self.ellipses_, autolim=False)
        self.numbers_ = [
            ax.text(
                0, 0, name, color=color, fontsize=10, fontweight="bold", ha="center", va="center", zorder=4,
                clip_on=True, path_effects=[outline], **plain_text(name),
            )
            for name, color in zip(self.components.short, colors, strict=True)
        ]  # fmt: skip
        self.counter_ = ax.text(
            0.015, 0.985, "", transform=ax.transAxes, ha="left", va="top", fontsize=9, color=theme.text,
            zorder=5, path_effects=[outline],
        )  # fmt: skip
        horizontal, vertical = (
            axis_limits(self.rows.values[:, i], self.means[-1, :, i], self.covariances[-1, :, i, i])
            for i in (0, 1)
        )
        ax.set_xlim(*horizontal)
        ax.set_ylim(*vertical)
        ax.set_xlabel(self.feature_names[0], **plain_text(self.feature_names[0]))
        ax.set_ylabel(self.feature_names[1], **plain_text(self.feature_names[1]))
        self._show(range(len(self.iterations))[frame])
        return self._finish(theme)

    def animate(self, interval: int = 250) -> FuncAnimation:
        """Return the animation of the picture that was drawn last.

        Parameters
        ----------
        interval : int, default=250
            Milliseconds between two frames; the last stays for ten of them.

        Returns
        -------
        FuncAnimation
            Keep it while it is shown; ``to_jshtml()`` is for notebooks.
        """
        from matplotlib.animation import FuncAnimation

        n_frames = len(self.iterations)
        frames = [*range(n_frames), *[n_frames - 1] * 10]
        return FuncAnimation(self.figure_, self._show, frames=frames, interval=interval, repeat=True)

    def save(self, path: str | os.PathLike[str], *, interval: int = 250, dpi: int = 90) -> None:
        """Write the animation of the picture that was drawn last to a GIF file.

        Parameters
        ----------
        path : str or path-like
        interval : int, default=250
            Milliseconds between two frames.
        dpi : int, default=90
            Pixels an inch.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        from matplotlib.animation import PillowWriter

        self.animate(interval).save(
            os.fspath(path), writer=PillowWriter(fps=max(1, round(1000 / interval))), dpi=dpi
        )

    @property
    def title(self) -> str:
        """What the picture shows."""
        return f"EM, {self.iterations[-1]} iterations"

    @property
    def note(self) -> str:
        """What a caption says: ellipses, rows, and how the run compares with the fitted model."""
        parts = ["Ellipses hold 50% and 90% of each component.", self.rows.note]
        if (self.labels < 0).any():
            parts.append("Grey: rows of noise.")
        if self.fitted_log_likelihood is not None:
            parts.append(
                f"The run ends at a mean log-likelihood of {self.log_likelihoods[-1]:.4f}; "
                f"the fitted model has {self.fitted_log_likelihood:.4f}."
            )
        return " ".join(part for part in parts if part)

    def _show(self, frame: int) -> list[Any]:
        """Move the artists to where a frame has them."""
        self.points_.set_color(self._colors[self.labels[frame]])
        moments = list(zip(self.means[frame], self.covariances[frame], strict=True))
        self.ellipses_.set_segments(
            [ellipse_curve(mean, covariance, share) for mean, covariance in moments for share in (0.5, 0.9)]
        )
        for text, mean in zip(self.numbers_, self.means[frame], strict=True):
            text.set_position(tuple(mean))
        self.counter_.set_text(
            f"iteration {self.iterations[frame]}\nmean log-likelihood {self.log_likelihoods[frame]:.4f}"
        )
        return [self.points_, self.ellipses_, *self.numbers_, self.counter_]
