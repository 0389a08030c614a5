"""A summary as text for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gaussmix.explain.mixture_summary import ComponentSummary, MixtureSummary
from gaussmix.explain.sentences import describe_component, feature_formats
from gaussmix.explain.wording import (
    DASH,
    display_names,
    format_count,
    format_number,
    format_probability,
    format_share,
)

SHOWN_COMPONENTS = 50
"""More components than this are not listed one by one: the largest are."""
SHOWN_FEATURES = 10
"""More features than this are not listed: the most telling ones are."""
DESCRIBED_COMPONENTS = 12
"""Up to so many components get a sentence on what sets them apart."""


def render_text(summary: MixtureSummary, console: Console | None = None) -> None:
    """Print a summary: headline, components, their means, what sets them apart, and the fit.

    Parameters
    ----------
    summary : MixtureSummary
    console : rich.console.Console, optional
        Default: standard output. Its width is kept from 60 columns on; colour is never needed to
        understand the text.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.explain import summarize
    >>> X = [[1.0], [1.1], [1.2], [7.0], [7.1], [7.2]]
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> render_text(summarize(model, X, ["length"]))  # doctest: +ELLIPSIS
    The mixture has 2 components in 6 rows: ...
    """
    console = console or Console()
    components = sorted(summary.components, key=lambda component: -component.share)[:SHOWN_COMPONENTS]
    components.sort(key=lambda component: component.component)
    console.print(Text(summary.headline))
    for warning in summary.warnings:
        console.print()
        console.print(Text(f"Warning: {warning}", style="yellow"))
    console.print()
    console.print(_component_table(components))
    _note_left_out(console, summary.n_components - len(components), "component", "the largest are shown")
    console.print()
    console.print(Text("Means and standard deviations, in the data's own units", style="bold"))
    _print_means(console, summary, components)
    if 1 < summary.n_components <= DESCRIBED_COMPONENTS:
        console.print()
        heading = "What sets each apart (sd: standard deviations within components)"
        console.print(Text(heading, style="bold"))
        for component in components:
            line = Text.assemble(
                (f"Component {component.component}. ", "bold"), describe_component(summary, component, 2)
            )
            console.print(line)
    console.print()
    console.print(_fit_table(summary))


def _component_table(components: list[ComponentSummary]) -> Table:
    table = _table()
    for title in (
        "component",
        "rows",
        "share",
        "mean\nprobability",
        "rows at\n0.9 or more",
        "nearest",
        "overlap",
    ):
        table.add_column(title, justify="right")
    for component in components:
        table.add_row(
            str(component.component),
            f"{component.n_rows:,}",
            format_share(component.share),
            format_probability(component.mean_probability),
            format_share(component.sure_share),
            DASH if component.nearest is None else str(component.nearest),
            format_share(component.overlap),
        )
    return table


def _print_means(console: Console, summary: MixtureSummary, components: list[ComponentSummary]) -> None:
    """Print the table of means with the shorter of components and features across the page."""
    formats = feature_formats(summary)
    names = display_names(summary.feature_names, max(12, min(24, console.width // 4)))

    def cell(component: ComponentSummary, d: int) -> str:
        feature = component.features[d]
        return f"{formats[d](feature.mean)} ± {formats[d].spread(feature.standard_deviation)}"

    features = list(summary.telling_features[:SHOWN_FEATURES])
    cells = [[cell(component, d) for d in features] for component in components]
    widest = max(len(text) for row in cells for text in row)
    label_width = max(len(names[d]) for d in features)
    table = _table()
    if label_width + 2 + len(components) * (max(widest, 11) + 2) <= console.width:
        table.add_column("feature", overflow="fold")
        for component in components:
            table.add_column(
                f"component {component.component}" if len(components) < 5 else f"{component.component}",
                justify="right",
                no_wrap=True,
            )
        for position, d in enumerate(features):
            table.add_row(Text(names[d]), *(row[position] for row in cells))
    else:
        across = max(1, (console.width - 11) // (max(widest, 12) + 2))
        features = features[:across]
        table.add_column("component", justify="right")
        for d in features:
            table.add_column(Text(names[d]), justify="right", overflow="fold")
        for component, row in zip(components, cells, strict=True):
            table.add_row(str(component.component), *row[:across])
    console.print(table)
    _note_left_out(console, summary.n_features - len(features), "feature", "the most telling are shown")


def _fit_table(summary: MixtureSummary) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    converged = {True: "yes", False: "NO", None: "built from given parameters"}[summary.converged]
    if summary.converged is not None:
        converged += f", after {format_count(summary.n_iterations, 'iteration')}"
    lines = [
        (
            "Covariance",
            f"{summary.covariance_type} ({summary.covariance_identifier}): {summary.covariance_meaning}",
        ),
        ("Parameters", f"{summary.n_parameters:,} free"),
        ("Log-likelihood", format_number(summary.log_likelihood, 6)),
        (
            "Criteria",
            f"BIC {format_number(summary.bic, 6)}, AIC {format_number(summary.aic, 6)}, "
            f"ICL {format_number(summary.icl, 6)} (smaller is better; mclust's have the opposite sign)",
        ),
        ("Converged", converged),
        *([("Starts", " ".join(summary.stability_sentences))] if summary.stability_sentences else []),
        (
            "Certainty",
            f"{format_probability(summary.mean_certainty)} on average; "
            f"{format_count(summary.n_unsure, 'row') if summary.n_unsure else 'no row'} below 0.6",
        ),
    ]
    for name, value in lines:
        table.add_row(name, Text(value))
    return table


def _table() -> Table:
    return Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")


def _note_left_out(console: Console, count: int, noun: str, shown: str) -> None:
    if count > 0:
        console.print(
            Padding(Text(f"{format_count(count, noun)} not shown: {shown}.", style="dim"), (0, 0, 0, 2))
        )
