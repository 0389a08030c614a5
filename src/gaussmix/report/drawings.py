"""The page's interactive drawings: empty Bokeh figures, which the page's script fills and steers.

Bokeh is imported when a page is written. Figures hold no callbacks as text: those would need the page to
allow `eval`, which its content security policy forbids.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FONT = "system-ui, sans-serif"
MAP_HEIGHT = 480
CURVE_HEIGHT = 300
MOST_TICKS = 20


@functools.cache
def library() -> str:
    """Return BokehJS, as text that may stand in a script element."""
    import bokeh

    folder = Path(bokeh.__file__).parent / "server" / "static" / "js"
    return (folder / "bokeh.min.js").read_text(encoding="utf-8").replace("</script", "<\\/script")


def map_drawing() -> dict[str, Any]:
    """Return the scatter: ellipses, rows, a ring around the row in question and the components' names."""
    from bokeh.core.properties import value
    from bokeh.models import ColumnDataSource

    figure = _figure("map", MAP_HEIGHT)

    def source(name: str, *columns: str) -> ColumnDataSource:
        return ColumnDataSource({column: [] for column in columns}, name=name)

    figure.scatter(
        "x", "y", source=source("rows", "x", "y", "color", "marker", "size", "alpha"), marker="marker",
        size="size", fill_color="color", fill_alpha="alpha", line_color=None, name="row-glyphs",
    )  # fmt: skip
    figure.multi_line(
        "xs", "ys", source=source("ellipses", "xs", "ys", "color", "alpha", "dash"), line_color="color",
        line_alpha="alpha", line_width=2, line_dash="dash", name="ellipse-glyphs",
    )  # fmt: skip
    figure.scatter(
        "x", "y", source=source("ring", "x", "y"), marker="circle", size=15, fill_color=None, line_width=2.5,
        line_color="#000000", name="ring-glyphs",
    )  # fmt: skip
    figure.text(
        "x", "y", "text", source=source("names", "x", "y", "text", "color", "alpha"), text_color="color",
        text_alpha="alpha", text_align="center", text_baseline="middle", text_font_size="13px",
        text_font_style="bold", text_font=value(FONT), background_fill_color="#ffffff",
        background_fill_alpha=0.8, border_radius=4, padding=3, name="name-glyphs",
    )  # fmt: skip
    return _item(figure)


def density_drawing() -> dict[str, Any]:
    """Return the density of one feature: bars of the histogram, the components' curves and their sum."""
    from bokeh.models import ColumnDataSource

    figure = _figure("map", MAP_HEIGHT)
    figure.quad(
        left="left", right="right", top="top", bottom=0,
        source=ColumnDataSource({"left": [], "right": [], "top": []}, name="bars"),
        fill_color="#d3d7db", line_color=None, name="bar-glyphs",
    )  # fmt: skip
    curves = ColumnDataSource(
        {"xs": [], "ys": [], "color": [], "alpha": [], "dash": [], "width": []}, name="curves"
    )
    figure.multi_line(
        "xs", "ys", source=curves, line_color="color", line_alpha="alpha", line_width="width",
        line_dash="dash", name="curve-glyphs",
    )  # fmt: skip
    figure.scatter(
        "x", "y", source=ColumnDataSource({"x": [], "y": []}, name="ring"), marker="inverted_triangle",
        size=14, line_color=None, name="ring-glyphs",
    )  # fmt: skip
    return _item(figure)


def curve_drawing(numbers: Sequence[int]) -> dict[str, Any]:
    """Return the curves of a criterion over the numbers of components: a line a family, a point a model."""
    from bokeh.core.properties import value
    from bokeh.models import ColumnDataSource

    figure = _figure("curve", CURVE_HEIGHT)
    if len(numbers) <= MOST_TICKS:
        figure.xaxis.ticker = list(numbers)
    figure.multi_line(
        "xs", "ys", source=ColumnDataSource({"xs": [], "ys": [], "color": [], "width": []}, name="lines"),
        line_color="color", line_width="width", name="line-glyphs",
    )  # fmt: skip
    figure.scatter(
        "x", "y", source=ColumnDataSource({"x": [], "y": [], "color": [], "size": []}, name="points"),
        size="size", fill_color="color", line_color=None, name="point-glyphs",
    )  # fmt: skip
    figure.scatter(
        "x", "y", source=ColumnDataSource({"x": [], "y": []}, name="ring"), marker="circle", size=15,
        fill_color=None, line_width=2.5, line_color="#000000", name="ring-glyphs",
    )  # fmt: skip
    figure.text(
        "x", "y", "text", source=ColumnDataSource({"x": [], "y": [], "text": [], "color": []}, name="names"),
        text_color="color", text_baseline="middle", text_font_size="12px", text_font=value(FONT),
        text_font_style="bold", x_offset=8, name="name-glyphs",
    )  # fmt: skip
    return _item(figure)


def _figure(name: str, height: int) -> Any:
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    drawing = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        tools="pan,wheel_zoom,box_zoom,reset",
        active_drag=None,
        active_scroll=None,
        toolbar_location="above",
        x_range=Range1d(start=0, end=1),
        y_range=Range1d(start=0, end=1),
        min_border_right=12,
        # The page shows through, in light and dark: what is painted once stays at the edges of the canvas.
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
    )
    drawing.toolbar.logo = None
    return drawing


def _item(figure: Any) -> dict[str, Any]:
    """Return a figure as JSON that is the same each time."""
    from bokeh.embed import json_item

    item: dict[str, Any] = json.loads(json.dumps(json_item(figure)))
    item["target_id"] = None
    numbers: dict[str, str] = {}

    def renumbered(value: Any) -> Any:
        # Bokeh counts its models through the life of the process.
        if isinstance(value, dict):
            return {
                key: numbers.setdefault(part, f"m{len(numbers)}")
                if key in ("id", "root_id") and isinstance(part, str)
                else renumbered(part)
                for key, part in value.items()
            }
        return [renumbered(part) for part in value] if isinstance(value, list) else value

    result: dict[str, Any] = renumbered(item)
    return result
