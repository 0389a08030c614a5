"""What the page shows, as plain data for its template and its script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import gaussmix
from gaussmix.estimators.attributes import refuse_transforms
from gaussmix.explain import MixtureExplanation, MixtureSummary, explain_mixture, summarize
from gaussmix.explain.rows import RowTable, counted_weights
from gaussmix.explain.sentences import headline_sentences
from gaussmix.explain.wording import clean_text, format_count, format_share
from gaussmix.inference import BootstrapResult, GoodnessOfFit
from gaussmix.plot.names import ComponentNames
from gaussmix.plot.picture import draw_density, draw_map, draw_pairs
from gaussmix.plot.style import DARK, LIGHT
from gaussmix.report.cards import (
    BARS_NOTE,
    CARD_ROWS,
    component_cards,
    component_rows,
    notable_rows,
    overlap_matrix,
)
from gaussmix.report.charts import certainty_histogram
from gaussmix.report.choice import choice_content
from gaussmix.report.doubts import bootstrap_content, doubts_about_fit
from gaussmix.report.drawings import curve_drawing, density_drawing, map_drawing
from gaussmix.report.facts import certainty_sentence, fit_facts
from gaussmix.report.map_data import map_data
from gaussmix.report.pictures import embed
from gaussmix.report.recipe import python_code
from gaussmix.report.tables import means_tables, shown_components, unusual_table
from gaussmix.report.verdict import judge
from gaussmix.selection import SelectionTable

MOST_CHIPS = 60
"""Components that can be picked on the map."""


@dataclass(frozen=True)
class PageOptions:
    """What a caller may say about the page; see `gaussmix.report.write_report`."""

    summary: MixtureSummary | None = None
    title: str | None = None
    notes: tuple[str, ...] = ()
    feature_names: Sequence[str] | None = None
    sample_weight: ArrayLike | None = None
    row_numbers: ArrayLike | None = None
    selection: SelectionTable | None = None
    command: str | None = None
    source: str | None = None
    reading: Mapping[str, Any] | None = None
    code: str | None = None
    standardized: bool = False
    pictures: bool = True
    """Whether there are still pictures, for paper and for readers without script: most of the work."""
    goodness_of_fit: GoodnessOfFit | None = None
    bootstrap: BootstrapResult | None = None


def page_content(model: Any, X: Any, options: PageOptions) -> dict[str, Any]:
    """Return what the template shows.

    Parameters
    ----------
    model : fitted GaussianMixture or AutoGaussianMixture
    X : array-like or frame of shape (N, D)
    options : PageOptions
    """
    given_weight, summary = options.sample_weight, options.summary
    if summary is None:
        summary = summarize(model, X, options.feature_names, given_weight, row_numbers=options.row_numbers)
    weight, _ = counted_weights(given_weight, RowTable(X).n_rows)
    given = options.feature_names
    names = summary.feature_names if given is None else tuple(str(name) for name in given)
    numbers = None if options.row_numbers is None else np.asarray(options.row_numbers)
    if options.bootstrap is not None:
        refuse_transforms(model)  # its intervals are of parameters in the data's units

    explanation = explain_mixture(
        model, X, names, weight, row_numbers=numbers, summary=summary, n_rows_shown=CARD_ROWS
    )
    component_names = ComponentNames.of(model)
    still_map = pairs = None
    if options.pictures:
        draw = draw_density if summary.n_features == 1 else draw_map
        still_map = embed(draw(model, X, names, sample_weight=weight, theme=LIGHT))
        if summary.n_features > 2:
            themes = (LIGHT, DARK)
            pairs = embed(*(draw_pairs(model, X, names, sample_weight=weight, theme=t) for t in themes))
    shown = shown_components(summary)
    left_out = summary.n_components - len(shown)
    means, features_left_out = means_tables(summary, shown)
    selection = options.selection if options.selection is not None else getattr(model, "selection_", None)
    choice = None if selection is None else choice_content(selection)
    doubts = doubts_about_fit(model, X, summary, weight, options.goodness_of_fit)
    verdict = judge(model, X, summary, weight, doubts.grave)
    numbered = [component.component for component in shown]
    packed_map = map_data(
        model,
        X,
        summary,
        component_names=component_names.short,
        notable=notable_rows(explanation),
        sample_weight=weight,
        row_numbers=numbers,
    )
    return {
        "version": gaussmix.__version__,
        "title": clean_text(options.title or _default_title(summary), 200),
        "sentences": headline_sentences(summary, trusted=verdict.level != "bad"),
        "verdict": verdict,
        "light_palette": LIGHT.palette,
        "dark_palette": DARK.palette,
        "short_names": component_names.short,
        "full_names": component_names.full,
        "most_chips": MOST_CHIPS,
        "n_noise": summary.n_noise,
        "choice": choice,
        "map": still_map,
        "map_data": packed_map,
        "pairs": pairs,
        "components": component_rows(shown),
        "components_left_out": (
            f"{format_count(left_out, 'smaller component')} not shown." if left_out else ""
        ),
        "means": means,
        "features_left_out": features_left_out,
        "cards": component_cards(explanation, numbered),
        "bars": {"heading": "What sets it apart", "note": BARS_NOTE},
        "tree": _tree(explanation),
        "histogram": certainty_histogram(summary),
        "certainty": certainty_sentence(summary),
        "assurances": _assurances(summary, explanation),
        "fit_checks": doubts.table,
        "fit_sentences": doubts.sentences,
        "bootstrap": None if options.bootstrap is None else bootstrap_content(options.bootstrap, summary),
        "overlap": overlap_matrix(explanation),
        "unusual": unusual_table(explanation),
        "first_row_number": summary.first_row_number,
        "facts": fit_facts(model, summary),
        "notes": [clean_text(str(note)) for note in options.notes],
        "command": None if options.command is None else clean_text(options.command, 2000),
        "code": options.code
        or python_code(
            model,
            _column_names(names),
            selection,
            weighted=weight is not None,
            standardized=options.standardized,
            source=options.source,
            reading=options.reading,
        ),
        "page_data": {
            "n_colors": len(LIGHT.palette),
            "map": packed_map,
            "map_drawing": density_drawing() if summary.n_features == 1 else map_drawing(),
            "choice": choice,
            "curve_drawing": None if choice is None else curve_drawing(choice["numbers"]),
        },
    }


def _assurances(summary: MixtureSummary, explanation: MixtureExplanation) -> list[dict[str, Any]]:
    """Return what is known of how sure the result is, a paragraph a subject."""
    paragraphs: list[dict[str, Any]] = []
    if summary.stability_sentences:
        paragraphs.append(
            {"title": "Do different starts find the same?", "sentences": summary.stability_sentences}
        )
    if summary.n_components > 1:
        paragraphs.append({"title": "Are the groups separate?", "sentences": explanation.sentences})
    return paragraphs


def _tree(explanation: MixtureExplanation) -> dict[str, Any] | None:
    if explanation.tree is None or explanation.tree.n_leaves < 2:
        return None
    fidelity = format_share(explanation.tree.fidelity)
    noise = " Rows of noise, of which it knows nothing, are among the others."
    return {
        "lines": explanation.tree.lines,
        "note": f"A decision tree that sends {fidelity} of the rows to the component to which the mixture "
        f"assigns them.{noise if explanation.summary.n_noise else ''}",
    }


def _column_names(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the names of a table's columns; none where they are but our own numbering."""
    return None if names == tuple(f"x{d}" for d in range(len(names))) else names


def _default_title(summary: MixtureSummary) -> str:
    noise = " and noise" if summary.n_noise else ""
    return (
        f"{format_count(summary.n_components, 'component')}{noise} in {format_count(summary.n_rows, 'row')}"
        f" of {format_count(summary.n_features, 'feature')}"
    )
