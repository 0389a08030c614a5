"""How good each of the models that were compared is: a line a family over the number of components."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.explain.choice import model_name
from gaussmix.explain.wording import format_number, join_words
from gaussmix.plot.display import Display
from gaussmix.plot.style import (
    LEGEND,
    LIGHT,
    Theme,
    component_line,
    component_marker,
    plain_legend,
    plain_text,
)
from gaussmix.selection import BESIDE_NOISE, SelectionRow, SelectionTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CRITERIA = {
    "bicc": "BICc",
    "bic": "BIC",
    "icl": "ICL",
    "aic": "AIC",
    "cv": "cross-validated -2 log-likelihood",
}
RUNNERS_UP = 5
STRONG_FAMILIES = 4
"""So many families, the best, have strong lines."""
SHOWN_CELLS = 6
"""So many models without a value are listed for one reason."""


class SelectionDisplay(Display):
    """Criterion of every model that was compared, by family and number of components.

    The axis shows how much worse than the chosen model each one is: evenly up to 10, and logarithmically
    beyond, so that close rivals and hopeless ones are both to be told apart. Use `from_estimator` to make
    one; `plot` draws it again.

    Parameters
    ----------
    table : SelectionTable
    chosen : tuple of (str, int)
        Family and number of components of the chosen model.
    criterion : str, default="criterion"
        The column shown.
    criterion_name : str, default="criterion"
        As it stands beside the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to Line2D
        By family; NaN where there was no fit.
    chosen_, runners_up_, doubtful_ : Line2D
        Marks around the chosen model and the next best, and on models that are not to be trusted.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_iris
    >>> from gaussmix import AutoGaussianMixture
    >>> from gaussmix.plot import SelectionDisplay
    >>> model = AutoGaussianMixture(range(1, 4), covariance_types=["EEE", "VVV"], noise=False)
    >>> display = SelectionDisplay.from_estimator(model.fit(load_iris().data), ax=Figure().subplots())
    >>> display.chosen, sorted(display.lines_)
    (('VVV', 2), ['EEE', 'VVV'])
    """

    def __init__(
        self,
        table: SelectionTable,
        chosen: tuple[str, int],
        *,
        criterion: str = "criterion",
        criterion_name: str = "criterion",
    ) -> None:
        self.table = table
        self.chosen = chosen
        self.criterion = criterion
        self.criterion_name = criterion_name

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any = None,
        *,
        criterion: str | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> SelectionDisplay:
        """Draw what a fitted estimator has compared.

        Parameters
        ----------
        model : fitted AutoGaussianMixture, or GaussianMixture(n_components="auto")
        X : ignored
            The comparison is part of the model.
        criterion : {"bicc", "bic", "icl", "aic"}, optional
            Default: what the model was chosen by.
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        SelectionDisplay

        Raises
        ------
        ValueError
            If the model was not chosen among several, or there is no such criterion.
        """
        table = getattr(model, "selection_", None)
        if table is None:
            raise ValueError(
                "The model was not chosen among several: there is nothing to compare. Fit "
                "AutoGaussianMixture, or GaussianMixture with n_components='auto'."
            )
        if criterion is None:
            used = getattr(model, "criterion", "bicc")
            column, name = "criterion", CRITERIA.get(used) if isinstance(used, str) else None
            name = name or str(getattr(used, "__name__", "criterion"))
        elif criterion in ("bicc", "bic", "icl", "aic"):
            column, name = criterion, CRITERIA[criterion]
        else:
            raise ValueError(f"criterion must be 'bicc', 'bic', 'icl' or 'aic', but it is {criterion!r}.")
        chosen = table.ranking[0]
        display = cls(table, (chosen.label, chosen.n_components), criterion=column, criterion_name=name)
        return display.plot(ax=ax, **plot_options)

    def plot(self, ax: Axes | None = None, *, legend: bool = True, theme: Theme = LIGHT) -> SelectionDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: a new figure of pyplot's, with title and caption.
        legend : bool, default=True
            Name the families beside the axes, the best first.
        theme : Theme, optional
            Colours of the lines. The axes' own colours stay as they are.

        Returns
        -------
        SelectionDisplay
            This object, with `ax_`, `figure_` and the artists.
        """
        from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

        ax = self._begin(ax, theme, 7.6, 5.0)
        numbers = np.unique(self.table["n_components"])
        families = list(dict.fromkeys(row.label for row in self.table))
        order = sorted(families, key=self._best)
        self.lines_ = {}
        for i, family in enumerate(families):
            strong = order.index(family) < STRONG_FAMILIES
            self.lines_[family] = ax.plot(
                numbers, [self.difference(family, int(k)) for k in numbers], color=theme.component_color(i),
                marker=component_marker(i), markersize=5 if strong else 3.5, linewidth=1.8 if strong else 0.8,
                linestyle=component_line(i // 8), alpha=1.0 if strong else 0.55, label=family,
                zorder=3 if strong else 2,
            )[0]  # fmt: skip
        self.doubtful_ = self._mark(
            ax, self._doubtful(), marker="x", color=theme.text, markersize=8, label="not to be trusted"
        )
        self.runners_up_ = self._mark(
            ax, self._runners_up(), marker="o", color=theme.muted, markersize=11, label="next best"
        )
        self.chosen_ = self._mark(
            ax, [self._cell(*self.chosen)], marker="o", color=theme.text, markersize=15, label="chosen",
            markeredgewidth=2.0,
        )  # fmt: skip
        differences = np.concatenate([line.get_ydata() for line in self.lines_.values()])
        finite = differences[np.isfinite(differences)]
        ax.set_yscale("symlog", linthresh=10.0, linscale=1.0)
        ticks = [0.0, 5.0, *(10.0**power for power in range(1, 13))]
        ticks += [-tick for tick in ticks[1:]]
        low, high = float(finite.min(initial=0.0)), float(finite.max(initial=1.0))
        ax.yaxis.set_major_locator(FixedLocator(ticks))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value, 6)))
        ax.set_ylim(min(-1.6, 1.5 * low), max(1.5 * high, 2.0))
        one_number = len(numbers) == 1  # about which the axis is too short for whole numbers
        ax.xaxis.set_major_locator(
            FixedLocator(numbers.tolist()) if one_number else MaxNLocator(integer=True, nbins=12)
        )
        ax.set_xlabel("number of components")
        label = f"{self.criterion_name} above that of the chosen model"
        ax.set_ylabel(label, **plain_text(label))
        if legend:
            marks = [
                mark for mark in (self.chosen_, self.runners_up_, self.doubtful_) if len(mark.get_xdata())
            ]
            plain_legend(
                ax.legend(
                    handles=[*marks, *(self.lines_[family] for family in order)],
                    **{**LEGEND, "loc": "upper left"}, bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0,
                )
            )  # fmt: skip
        return self._finish(theme)

    def difference(self, family: str, n_components: int) -> float:
        """Return how much worse than the chosen model one is; NaN where it was not fitted or compared."""
        try:
            row = self._cell(family, n_components)
        except KeyError:
            return float("nan")
        return self._value(row) - self._value(self._cell(*self.chosen))

    def _cell(self, label: str, n_components: int) -> SelectionRow:
        """Return the row of a model by its label."""
        family = label.removesuffix(BESIDE_NOISE)
        return self.table.cell(family, n_components, noise=family != label)

    @property
    def title(self) -> str:
        """Which model was chosen."""
        n_types = len(set(self.table["covariance_type"]))
        name = model_name(self._cell(*self.chosen), n_types)
        return f"{name} chosen among {len(self.table)} models"

    @property
    def note(self) -> str:
        """What a caption says: the best value, the next best models, and why some have no value."""
        value = self._value(self._cell(*self.chosen))
        parts = [
            f"Smaller is better; {self.criterion_name} of the chosen model is {format_number(value, 6)}."
        ]
        runners_up = self._runners_up()
        if runners_up:
            listed = [
                f"{row.label} {row.n_components} ({self.difference(row.label, row.n_components):+,.1f})"
                for row in runners_up
            ]
            parts.append(f"Next best: {join_words(listed)}.")
        unfitted = [row for row in self.table if np.isnan(self._value(row)) and row.message]
        parts += [f"No value for {text}." for text in _by_reason(unfitted)]
        parts += [f"Not to be trusted: {text}." for text in _by_reason(self._doubtful())]
        return " ".join(parts)

    def _value(self, row: SelectionRow) -> float:
        return float(getattr(row, self.criterion))

    def _best(self, family: str) -> float:
        """Return the least value of a family, infinity where it has none."""
        values: Array = np.array([self._value(row) for row in self.table if row.label == family])
        return float(np.min(values, where=np.isfinite(values), initial=np.inf))

    def _runners_up(self) -> list[SelectionRow]:
        sound = [
            row
            for row in self.table.distinct
            if row.sound and np.isfinite(self._value(row)) and (row.label, row.n_components) != self.chosen
        ]
        return sorted(sound, key=self._value)[:RUNNERS_UP]

    def _doubtful(self) -> list[SelectionRow]:
        return [row for row in self.table if not row.sound and np.isfinite(self._value(row))]

    def _mark(self, ax: Axes, rows: list[SelectionRow], *, label: str, **style: Any) -> Any:
        points = [(row.n_components, self.difference(row.label, row.n_components)) for row in rows]
        x, y = np.array(points).reshape(-1, 2).T
        return ax.plot(x, y, linestyle="none", fillstyle="none", label=label, zorder=4, **style)[0]


def _smaller(mark: Any) -> Any:
    """Return a mark as it fits into a line of the legend."""
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], linestyle="none", fillstyle="none", marker=mark.get_marker(), color=mark.get_color(),
        markeredgewidth=mark.get_markeredgewidth(), markersize=min(mark.get_markersize() - 3, 9),
        label=mark.get_label(),
    )  # fmt: skip


def _by_reason(rows: list[SelectionRow]) -> list[str]:
    """Return models and what is wrong with them, those with the same fault together."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        reason = re.sub(r" \[[\d, ]*\]", "", (row.message or "").removeprefix("not fitted: ")).split(":")[0]
        groups.setdefault(reason, []).append(f"{row.covariance_type} {row.n_components}")
    return [
        (
            join_words(cells)
            if len(cells) <= SHOWN_CELLS
            else f"{', '.join(cells[:SHOWN_CELLS])} and {len(cells) - SHOWN_CELLS} more"
        )
        + f" ({reason})"
        for reason, cells in groups.items()
    ]
