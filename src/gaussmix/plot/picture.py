"""The one picture that shows a mixture best, as a figure of its own and as a file."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from gaussmix.data.atomic import atomic_write
from gaussmix.explain.rows import RowTable
from gaussmix.explain.wording import format_count
from gaussmix.plot.density import DensityDisplay
from gaussmix.plot.pairs import PairDisplay
from gaussmix.plot.scatter import MixtureDisplay
from gaussmix.plot.style import LIGHT, Theme, caption, finish_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A finished picture with what it says in words.

    Parameters
    ----------
    figure : matplotlib Figure
    description : str
        What is to be seen, for those who do not see it.
    note : str
        Its caption: which rows, ellipses and features are shown.
    """

    figure: Figure
    description: str
    note: str

    def png(self) -> bytes:
        """Return the picture as a PNG file; of letters that the font lacks matplotlib warns."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", facecolor=self.figure.get_facecolor())
        return buffer.getvalue()


@contextlib.contextmanager
def missing_letters_as_boxes() -> Iterator[None]:
    """Keep matplotlib's warnings of letters that its font lacks to itself: nothing else is wrong with them.

    Filters of warnings belong to the whole process: not for a thread beside others.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def plot_mixture(
    model: Any,
    X: Any,
    path: str | os.PathLike[str],
    feature_names: Sequence[str] | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    theme: Theme = LIGHT,
) -> None:
    """Write the picture that shows a mixture best to a PNG file.

    A density over a histogram for one feature, a scatter with ellipses for two, all pairs for three to
    five, and the pairs of the four most telling for more. The file appears complete or not at all.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : array-like or frame of shape (N, D)
    path : str or path-like
    feature_names : sequence of D str, optional
        Default: the names the model was fitted with, else the frame's, else x0, x1, ...
    sample_weight : array-like of shape (N,), optional
        Weights of the rows: those of weight zero are not shown, the histograms count the others by it.
    theme : Theme, optional
        Colours of ground, text and lines.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    n_features = RowTable(X).n_features
    draw = draw_density if n_features == 1 else draw_map if n_features == 2 else draw_pairs
    with missing_letters_as_boxes():
        data = draw(model, X, feature_names, sample_weight=sample_weight, theme=theme, standalone=True).png()
    with atomic_write(path) as file:
        file.write(data)


def draw_density(
    model: Any,
    X: Any,
    feature_names: Sequence[str] | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    theme: Theme = LIGHT,
    standalone: bool = False,
) -> Picture:
    """Draw the density in the most telling feature over a histogram of the rows."""
    figure = new_figure(7.0, 4.4, theme)
    ax = figure.subplots()
    display = DensityDisplay.from_estimator(
        model, X, feature_names=feature_names, sample_weight=sample_weight, ax=ax, theme=theme
    )
    finish_axes(ax, theme, _title(model, X) if standalone else "")
    description = (
        f"Histogram of {display.feature_name} with the density of each of the "
        f"{format_count(len(model.weights_), 'component')} and of all together."
    )
    return _picture(figure, description, display.note, theme, standalone)


def draw_map(
    model: Any,
    X: Any,
    feature_names: Sequence[str] | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    theme: Theme = LIGHT,
    standalone: bool = False,
) -> Picture:
    """Draw the rows in the two most telling features with the components' ellipses."""
    figure = new_figure(7.0, 5.2, theme)
    ax = figure.subplots()
    display = MixtureDisplay.from_estimator(
        model, X, feature_names=feature_names, sample_weight=sample_weight, ax=ax, theme=theme
    )
    finish_axes(ax, theme, _title(model, X) if standalone else "")
    table = RowTable(X)
    note = display.note
    if table.n_features > 2:
        note += f" Shown are the two of {table.n_features} features that tell most."
    description = (
        f"Scatter of the rows in {display.feature_names[0]} and {display.feature_names[1]}, coloured by "
        f"component, with ellipses around {format_count(len(model.weights_), 'component')}."
    )
    return _picture(figure, description, note, theme, standalone)


def draw_pairs(
    model: Any,
    X: Any,
    feature_names: Sequence[str] | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    theme: Theme = LIGHT,
    standalone: bool = False,
) -> Picture:
    """Draw every pair of the features, of more than five the four most telling."""
    n_features = RowTable(X).n_features
    n_shown = n_features if n_features <= 5 else 4
    figure = new_figure(2.1 * n_shown + 0.8, 2.0 * n_shown + 0.6, theme, 150 if standalone else 120)
    display = PairDisplay.from_estimator(
        model, X, feature_names=feature_names, sample_weight=sample_weight, figure=figure, theme=theme
    )
    if standalone:
        figure.suptitle(_title(model, X), fontsize=11, color=theme.text, x=0.02, ha="left")
    description = (
        f"Scatters of every pair of {n_shown} features, coloured by component, with an ellipse for each "
        "component; on the diagonal the densities of each feature."
    )
    return _picture(figure, description, display.note, theme, standalone)


def _picture(figure: Figure, description: str, note: str, theme: Theme, standalone: bool) -> Picture:
    if standalone and note:
        caption(figure, note, theme)
    return Picture(figure, description, note)


def _title(model: Any, X: Any) -> str:
    n_components = format_count(len(model.weights_), "component")
    return f"Gaussian mixture: {n_components} in {format_count(RowTable(X).n_rows, 'row')}"
