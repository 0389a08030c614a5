"""Rows and components of a mixture of many features, seen from the directions that show most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.discriminant import discriminant_directions
from gaussmix.core.rows import Array
from gaussmix.explain.components import marginal_covariances
from gaussmix.explain.rows import RowTable, resolve_feature_names
from gaussmix.explain.wording import format_share, join_words
from gaussmix.plot.display import Display
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.parallel_coordinates import choose_features, mixture_moments
from gaussmix.plot.sampling import SHOWN_ROWS, ShownRows, choose_rows
from gaussmix.plot.scatter import MixtureDisplay
from gaussmix.plot.style import LIGHT, Theme, axis_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FEATURES = 300
"""Covariances of more features than this take long; the most telling of them are projected."""
NAMED_FEATURES = 4
LEAST_EIGENVALUE = 1e-8
"""Directions whose eigenvalue, at most 2, is less separate nothing."""


class ProjectionDisplay(Display):
    """Scatter of the rows along two directions through all features, with the components' ellipses.

    A projection of a Gaussian is a Gaussian, so the ellipses are exact. Use `from_estimator` to make one;
    `plot` draws it again.

    Parameters
    ----------
    scatter : MixtureDisplay
        Rows and components along the two directions.
    directions : ndarray of shape (2, d)
        Weights of the features, each in standard deviations of the mixture.
    projection : {"discriminant", "pca"}
        What the directions are.
    feature_names : tuple of str
        The d features that are projected.
    n_features : int
        Features in the whole table.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_wine
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.plot import ProjectionDisplay
    >>> X = load_wine().data
    >>> model = GaussianMixture(3, covariance_type="diag", random_state=0).fit(X)
    >>> display = ProjectionDisplay.from_estimator(model, X, ax=Figure().subplots())
    >>> display.directions.shape
    (2, 13)
    """

    def __init__(
        self,
        *,
        scatter: MixtureDisplay,
        directions: Array,
        projection: Literal["discriminant", "pca"],
        feature_names: tuple[str, ...],
        n_features: int,
    ) -> None:
        self.scatter = scatter
        self.directions = directions
        self.projection = projection
        self.feature_names = feature_names
        self.n_features = n_features

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        projection: Literal["discriminant", "pca"] = "discriminant",
        feature_names: Sequence[str] | None = None,
        probability: Sequence[float] = (0.5, 0.9),
        sample_weight: ArrayLike | None = None,
        max_rows: int = SHOWN_ROWS,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> ProjectionDisplay:
        """Draw a fitted mixture and a table along two directions.

        Parameters
        ----------
        model : fitted mixture
        X : array-like or frame of shape (N, D)
        projection : {"discriminant", "pca"}, default="discriminant"
            The directions in which the components' centres are farthest apart, for what they vary (those of
            `gaussmix.MixtureDiscriminantProjection`; for two components the second is that in which their
            covariances differ most), or the principal components of the whole mixture. A single component
            is shown along its principal components.
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
        ProjectionDisplay

        Raises
        ------
        ValueError
            If there is one feature only, or no such projection.
        """
        if projection not in ("discriminant", "pca"):
            raise ValueError(f"projection must be 'discriminant' or 'pca', but it is {projection!r}.")
        table = RowTable(X)
        names = resolve_feature_names(model, table, feature_names)
        if table.n_features == 1:
            raise ValueError(
                "X has one feature, and this picture needs two: use DensityDisplay.from_estimator."
            )
        chosen = choose_features(model, names, None, MOST_FEATURES)
        center, spread = (moment[chosen] for moment in mixture_moments(model))
        unit = np.where(spread > 0, spread, 1.0)
        weights = np.asarray(model.weights_, dtype=np.float64)
        weights = weights / weights.sum()  # noise, if there is any, has its own
        means = (np.asarray(model.means_, dtype=np.float64)[:, chosen] - center) / unit
        covariances = marginal_covariances(model, chosen) / unit[:, None] / unit
        overall = np.tensordot(weights, covariances, axes=1) + (weights[:, None] * means).T @ means
        found = _discriminant(weights, means, covariances, overall) if projection == "discriminant" else None
        if found is None:
            projection, directions, labels = "pca", *_principal_components(overall)
        else:
            directions, labels = found
        rows = choose_rows(model, table, max_rows, sample_weight)
        values = (rows.values[:, chosen] - center) / unit @ directions.T
        scatter = MixtureDisplay(
            rows=ShownRows(values, rows.labels, rows.n_rows),
            means=means @ directions.T,
            covariances=directions @ covariances @ directions.T,
            weights=weights,
            feature_names=labels,
            probability=probability,
            components=ComponentNames.of(model),
        )
        shown = axis_names(names, 24)
        display = cls(
            scatter=scatter,
            directions=directions,
            projection=projection,
            feature_names=tuple(shown[d] for d in chosen),
            n_features=len(names),
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        numbers: bool = True,
        legend: bool = True,
        theme: Theme = LIGHT,
    ) -> ProjectionDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        numbers : bool, default=True
            Write each component's number, or the name it was given, at its centre.
        legend : bool, default=True
            Add a legend where the components are not too many for one.
        theme : Theme, optional
            Colours of the components. The axes' own colours stay as they are.

        Returns
        -------
        ProjectionDisplay
            This object, with `ax_`, `figure_` and, in `scatter`, the artists.
        """
        ax = self._begin(ax, theme, 7.0, 5.4)
        self.scatter.plot(ax, numbers=numbers, legend=legend, theme=theme)
        return self._finish(theme)

    @property
    def title(self) -> str:
        """What is projected."""
        return f"{self.scatter.title}, in {len(self.feature_names)} features"

    @property
    def note(self) -> str:
        """What a caption says: ellipses, rows, and of which features the directions are made."""
        parts = [self.scatter.note]
        for place, direction in zip(("first", "second"), self.directions, strict=True):
            unit = direction / (np.linalg.norm(direction) or 1.0)
            largest = np.argsort(-np.abs(unit), kind="stable")[:NAMED_FEATURES]
            made_of = [f"{self.feature_names[d]} ({unit[d]:+.2f})" for d in largest]
            if len(direction) > NAMED_FEATURES:
                made_of.append("others")
            parts.append(f"The {place} direction is made of {join_words(made_of)}, in standard deviations.")
        if len(self.feature_names) < self.n_features:
            parts.append(
                f"Projected are the {len(self.feature_names)} of {self.n_features} features that tell most."
            )
        return " ".join(parts)


def _discriminant(
    weights: Array, means: Array, covariances: Array, overall: Array
) -> tuple[Array, tuple[str, str]] | None:
    """Return the two directions that separate the components best, and their labels; None if none do."""
    if len(weights) == 1:
        return None
    for share_of_means in (1.0, 0.5):
        found = discriminant_directions(weights, means, covariances, overall, share_of_means)
        if np.count_nonzero(found.eigenvalues > LEAST_EIGENVALUE) >= 2:
            directions = found.directions[:2]
            # The mixture's variance in each direction is one.
            between = weights @ (means @ directions.T) ** 2
            first, second = (format_share(float(min(share, 1.0))) for share in between)
            return directions, (
                f"direction 1 ({first} of the variance between components)",
                f"direction 2 ({second} of the variance between components)",
            )
    return None


def _principal_components(overall: Array) -> tuple[Array, tuple[str, str]]:
    """Return the two directions of greatest variance, and their labels.

    The largest weight in each direction is positive: a sign is nobody's choice.
    """
    values, vectors = np.linalg.eigh(overall)
    directions = vectors[:, ::-1][:, :2].T
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    total = float(values.sum())
    first, second = np.maximum(values[::-1][:2], 0.0) / (total if total > 0 else 1.0)
    return directions * np.where(largest < 0, -1.0, 1.0), (
        f"principal component 1 ({format_share(float(first))} of the variance)",
        f"principal component 2 ({format_share(float(second))} of the variance)",
    )
