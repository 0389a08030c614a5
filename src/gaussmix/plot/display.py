"""What all displays share: their axes, a title and a caption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from gaussmix.plot.style import Theme, caption, finish_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Display:
    """A picture that is prepared once and can be drawn again on other axes.

    On axes of the caller's a display draws its artists and labels, and nothing else. Without, it makes a
    figure of pyplot's and gives it a title and a caption too; both are attributes in any case.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    ax_: Any
    figure_: Any
    _own = False

    @property
    def title(self) -> str:
        """What the picture shows, in a few words."""
        return ""

    @property
    def note(self) -> str:
        """What a caption says: which rows and features are shown, and how to read it."""
        return ""

    def _begin(self, ax: Axes | None, theme: Theme, width: float = 7.0, height: float = 4.8) -> Axes:
        """Return the axes to draw on: those given, or new ones of so many inches."""
        self._own = ax is None
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(width, height), layout="constrained", facecolor=theme.background)
        self.ax_, self.figure_ = ax, ax.figure
        return ax

    def _finish(self, theme: Theme, *, grid: bool = True) -> Self:
        """Give a figure of the display's own its title, caption and colours."""
        if self._own:
            finish_axes(self.ax_, theme, self.title, grid=grid)
            if self.note:
                caption(self.figure_, self.note, theme)
        return self
