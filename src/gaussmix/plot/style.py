"""Colours, markers and text of the pictures. No global setting of matplotlib is read for them or changed."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gaussmix.core.rows import Array
from gaussmix.explain.wording import display_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

# Seven markers against eight colours: the pair of both repeats only after 56 components.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

LEGEND: dict[str, Any] = {"loc": "best", "fontsize": 8, "framealpha": 0.85}
LEGEND_COMPONENTS = 12
"""More components than this have no legend, in a scatter but their numbers at their centres."""

# Tried in turn for letters that the user's own font lacks: matplotlib's DejaVu Sans has no Chinese, Japanese
# or Korean, and few Indian scripts.
_FALLBACK_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "PingFang SC",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Arabic",
)


def plain_text(text: str) -> dict[str, Any]:
    """Return the properties of a text that may hold a column's name.

    A dollar sign is a dollar sign, and letters beyond Latin, Greek and Cyrillic, but not punctuation and
    symbols, are looked for in the fonts of other scripts that are installed.
    """
    properties: dict[str, Any] = {"parse_math": False, "usetex": False}
    foreign = any(letter >= "\u0530" and not "\u2000" <= letter < "\u2c00" for letter in text)
    fallbacks = _installed_fallbacks() if foreign else ()
    if fallbacks:
        import matplotlib as mpl

        properties["fontfamily"] = [*mpl.rcParams["font.family"], *fallbacks]
    return properties


@functools.cache
def _installed_fallbacks() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return tuple(name for name in _FALLBACK_FONTS if name in installed)


# Okabe and Ito (2008), told apart under all common forms of colour blindness. Their yellow and black are
# darkened and lightened, as one is faint on white and the other is the text's.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C8C8C", "#B8A900")
ON_DARK = ("#3D9BDC", "#F07A28", "#1FBF92", "#DB8FB9", "#8CCBF0", "#F0B429", "#A5A5A5", "#D8CB3A")


@dataclass(frozen=True)
class Theme:
    """The colours of a picture: ground, text, lines and components.

    Parameters
    ----------
    background, text, muted, grid, bars : str
        Colours as matplotlib reads them.
    palette : tuple of str
        The components' colours, in turn.
    """

    background: str
    text: str
    muted: str
    grid: str
    bars: str
    palette: tuple[str, ...]

    def component_color(self, component: int) -> str:
        """Return a component's colour; after eight the colours return, with other markers."""
        return self.palette[component % len(self.palette)]


LIGHT = Theme("#ffffff", text="#1c1f23", muted="#5b636b", grid="#e3e6e9", bars="#d3d7db", palette=OKABE_ITO)
DARK = Theme("#16191d", text="#e8eaed", muted="#a7adb4", grid="#32373d", bars="#454c54", palette=ON_DARK)


def component_marker(component: int) -> str:
    """Return a component's marker."""
    return MARKERS[component % len(MARKERS)]


def component_line(component: int) -> Any:
    """Return a component's line style: solid, dashed, dotted or both in turn."""
    return ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))[component % 4]


def component_handles(
    names: Sequence[str], theme: Theme, *, marker: bool = True, line: bool = True
) -> list[Line2D]:
    """Return entries of a legend of components, by their marker, their line or both."""
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [], [], color=theme.component_color(k), linewidth=1.6, markersize=6, label=name,
            marker=component_marker(k) if marker else "",
            linestyle=component_line(k) if line else "none",
        )
        for k, name in enumerate(names)
    ]  # fmt: skip


def draw_noise(ax: Axes, points: Array, theme: Theme) -> PathCollection:
    """Draw rows that belong to no component: grey crosses, which no component has."""
    return ax.scatter(
        points[:, 0], points[:, 1], s=16, color=theme.muted, marker="x", linewidths=0.8, zorder=2,
        rasterized=len(points) > 2000,
    )  # fmt: skip


def noise_handle(theme: Theme, *, marker: bool = True) -> Line2D:
    """Return the entry of noise in a legend: a grey cross, or a grey line."""
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=theme.muted, marker="x" if marker else "", linestyle="none" if marker else "-",
        linewidth=0.8, markersize=5, label="noise",
    )  # fmt: skip


def plain_legend(legend: Legend) -> None:
    """Have a legend's texts drawn as they are, whatever names are among them."""
    for text in legend.get_texts():
        text.set(**plain_text(text.get_text()))


def sequential_colors(theme: Theme, color: str | None = None) -> Colormap:
    """Return colours from the ground to a strong one, for what is little or much; read in grey, too."""
    from matplotlib.colors import LinearSegmentedColormap

    strong = color or theme.palette[0]
    return LinearSegmentedColormap.from_list("sequential", [theme.background, strong])


def diverging_colors(theme: Theme) -> Colormap:
    """Return colours from blue over the ground to vermilion, for what is below or above a middle."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(
        "diverging", [theme.palette[0], theme.background, theme.palette[1]]
    )


def text_color_on(color: Any) -> str:
    """Return black or white, whichever is legible on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in to_rgb(color))
    # Contrast with black exceeds that with white from this relative luminance on (WCAG 2.2).
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def axis_names(names: tuple[str, ...], width: int = 32) -> tuple[str, ...]:
    """Return feature names as they stand beside an axis."""
    return display_names(names, width)


def style_axes(ax: Axes, theme: Theme) -> None:
    """Give an axes of a picture of our own a theme's colours, a light grid and no box."""
    ax.set_facecolor(theme.background)
    ax.grid(True, color=theme.grid, linewidth=0.6)
    ax.set_axisbelow(True)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.muted)
    ax.tick_params(colors=theme.muted, labelsize=8, which="both")
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(theme.text)
        axis.label.set_fontsize(9)
        axis.get_offset_text().set_color(theme.muted)
        axis.get_offset_text().set_fontsize(8)
    ax.title.set_color(theme.text)


def finish_axes(ax: Axes, theme: Theme, title: str, *, grid: bool = True) -> None:
    """Give an axes of a picture of our own, and its legend, a theme's colours and a title."""
    style_axes(ax, theme)
    if not grid:
        ax.grid(False)
    ax.set_title(title, fontsize=11, loc="left", color=theme.text, **plain_text(title))
    legend = ax.get_legend()
    if legend is not None:
        legend.get_frame().set_facecolor(theme.background)
        legend.get_frame().set_edgecolor(theme.grid)
        for text in (*legend.get_texts(), legend.get_title()):
            text.set_color(theme.text)


def new_figure(width: float, height: float, theme: Theme, dpi: int = 150) -> Figure:
    """Return a figure that pyplot does not know, to be drawn by the Agg canvas."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, facecolor=theme.background, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def caption(figure: Figure, text: str, theme: Theme) -> None:
    """Write a caption below all axes, broken into lines that fit the figure's width."""
    import textwrap

    columns = int(figure.get_size_inches()[0] * 14.5)
    lines = itertools.chain.from_iterable(textwrap.wrap(part, columns) for part in text.split("\n"))
    figure.supxlabel(
        "\n".join(lines),
        fontsize=8,
        color=theme.muted,
        x=0.01,
        ha="left",
        linespacing=1.3,
        **plain_text(text),
    )
