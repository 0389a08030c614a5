"""The page about a mixture: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup
from numpy.typing import ArrayLike

import gaussmix
from gaussmix.data.atomic import atomic_write
from gaussmix.explain import MixtureSummary, summarize
from gaussmix.explain.wording import clean_text, format_count
from gaussmix.plot.picture import Picture, draw_density, draw_map, draw_pairs
from gaussmix.plot.style import DARK, LIGHT
from gaussmix.report.charts import certainty_histogram, component_cards, confused_pairs
from gaussmix.report.facts import certainty_sentence, fit_facts
from gaussmix.report.tables import component_rows, means_tables, shown_components, unusual_table

# Not after a point or a sign inside a number.
_JOINTS = re.compile(r"(?<=[_/])|(?<=[^\W\d_][.:;,-])")

MOST_BYTES = 3_000_000
"""A page that would be larger is written without its second picture."""


@dataclass(frozen=True)
class EmbeddedPicture:
    """A picture for light and for dark pages, as data URLs.

    Parameters
    ----------
    light, dark : str
    width, height : int
        In pixels, so that a page does not jump when it is drawn.
    description, note : str
    """

    light: str
    dark: str
    width: int
    height: int
    description: str
    note: str


def write_report(
    model: Any,
    X: Any,
    path: str | os.PathLike[str],
    *,
    summary: MixtureSummary | None = None,
    title: str | None = None,
    notes: Sequence[str] = (),
    feature_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
) -> None:
    """Write a page about a fitted mixture and a table.

    One HTML file with everything in it: it needs no network and runs no script. It appears complete or
    not at all.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : array-like or frame of shape (N, D)
    path : str or path-like
    summary : MixtureSummary, optional
        Of the same model and table, where there is one already.
    title : str, optional
        Default: the number of components and rows.
    notes : sequence of str
        What was done to the data before, one sentence each: columns left out and why, scaling.
    feature_names : sequence of D str, optional
        Default: the summary's, else the names the model was fitted with, the frame's, or x0, x1, ...
    sample_weight : array-like of shape (N,), optional
        Weights of the rows: 0 is absence, 2 is repetition.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the table has no rows, or names do not match it.
    """
    page = render_report(
        model,
        X,
        summary=summary,
        title=title,
        notes=notes,
        feature_names=feature_names,
        sample_weight=sample_weight,
    )
    with atomic_write(path) as file:
        file.write(page.encode("utf-8"))


def render_report(
    model: Any,
    X: Any,
    *,
    summary: MixtureSummary | None = None,
    title: str | None = None,
    notes: Sequence[str] = (),
    feature_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
) -> str:
    """Return the page that `write_report` writes; the parameters are the same."""
    if summary is None:
        summary = summarize(model, X, feature_names, sample_weight)
    names = tuple(feature_names) if feature_names is not None else summary.feature_names

    def picture(draw: Callable[..., Picture]) -> EmbeddedPicture:
        light, dark = (
            draw(model, X, names, sample_weight=sample_weight, theme=theme) for theme in (LIGHT, DARK)
        )
        return _embed(light, dark)

    main_picture = picture(draw_density if summary.n_features == 1 else draw_map)
    pairs = picture(draw_pairs) if summary.n_features > 2 else None
    shown = shown_components(summary)
    left_out = summary.n_components - len(shown)
    means, features_left_out = means_tables(summary, shown)
    content: dict[str, Any] = {
        "version": gaussmix.__version__,
        "title": clean_text(title or _default_title(summary), 200),
        "sentences": summary.sentences,
        "warnings": summary.warnings,
        "light_palette": LIGHT.palette,
        "dark_palette": DARK.palette,
        "map": main_picture,
        "pairs": pairs,
        "components": component_rows(shown),
        "components_left_out": (
            f"{format_count(left_out, 'smaller component')} not shown." if left_out else ""
        ),
        "means": means,
        "features_left_out": features_left_out,
        "cards": component_cards(summary, shown),
        "histogram": certainty_histogram(summary),
        "certainty": certainty_sentence(summary),
        "confused": confused_pairs(summary),
        "unusual": unusual_table(summary),
        "first_row_number": summary.first_row_number,
        "facts": fit_facts(model, summary),
        "notes": [clean_text(str(note)) for note in notes],
    }
    template = _environment().get_template("report.html")
    page = template.render(content)
    if len(page.encode("utf-8")) > MOST_BYTES and pairs is not None:
        page = template.render({**content, "pairs": None})
    return page


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gaussmix.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = breakable
    return environment


def breakable(name: str) -> Markup:
    """Return a name, escaped, that may go on in a new line where its words join rather than inside one."""
    return Markup("<wbr>").join(part for part in _JOINTS.split(name) if part)


def _default_title(summary: MixtureSummary) -> str:
    return (
        f"{format_count(summary.n_components, 'component')} in {format_count(summary.n_rows, 'row')}"
        f" of {format_count(summary.n_features, 'feature')}"
    )


def _embed(light: Picture, dark: Picture) -> EmbeddedPicture:
    data = light.png()
    width, height = struct.unpack(">II", data[16:24])  # where every PNG file has its size
    return EmbeddedPicture(
        light=_data_url(data),
        dark=_data_url(dark.png()),
        width=width,
        height=height,
        description=light.description,
        note=light.note,
    )


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
