"""A summary as text for a terminal."""

from __future__ import annotations

from rich.console import Console

from gaussmix.explain.mixture_summary import ComponentSummary, MixtureSummary
from gaussmix.explain.sentences import (
    capitalised,
    describe_component,
    feature_formats,
    transform_sentence,
)
from gaussmix.explain.terminal import Terminal
from gaussmix.explain.wording import (
    DASH,
    clean_text,
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
LISTED_CELLS = 40
"""Up to so many means are listed below each other where they do not fit side by side."""
BAR = 5
"""Columns of a full bar."""
FULL_BAR = 2
"""Distance from the mean of all rows, in their standard deviations, from which a bar is full."""
WIDE, MEDIUM = 72, 50
"""Columns from which the table of components has all its columns, and those on the nearest component."""


def render_text(summary: MixtureSummary, console: Console | None = None) -> None:
    """Print a summary: headline, components, their means, what sets them apart, and the fit.

    Parameters
    ----------
    summary : MixtureSummary
    console : rich.console.Console, optional
        Default: standard output. Its width is kept from 40 columns on; neither colour nor letters beyond
        ASCII are needed to understand the text.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.explain import summarize
    >>> X = [[1.0], [1.1], [1.2], [7.0], [7.1], [7.2]]
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> render_text(summarize(model, X, ["length"]))  # doctest: +ELLIPSIS
    The mixture has 2 components in 6 rows: ...
    """
    terminal = Terminal(console or Console())
    components = sorted(summary.components, key=lambda component: -component.share)[:SHOWN_COMPONENTS]
    components.sort(key=lambda component: component.component)
    terminal.line(summary.headline)
    if summary.choice_sentences:
        terminal.line()
        for sentence in summary.choice_sentences:
            terminal.line(clean_text(sentence))
    for warning in summary.warnings:
        terminal.line()
        terminal.line(f"Warning: {warning}", "yellow")
    if summary.weight_assumption is not None:
        terminal.line()
        terminal.line(summary.weight_assumption)
    terminal.line()
    _print_components(terminal, components)
    _note_left_out(terminal, summary.n_components - len(components), "component", "the largest are shown")
    terminal.heading("Means and standard deviations, in the data's own units")
    _print_means(terminal, summary, components)
    if 1 < summary.n_components <= DESCRIBED_COMPONENTS:
        terminal.heading("What sets each apart (sd: standard deviations within components)")
        for component in components:
            description = describe_component(summary, component, 2)
            terminal.line(f"{capitalised(summary.label(component.component))}. {description}")
    terminal.line()
    terminal.facts(_fit_facts(summary))


def _print_components(terminal: Terminal, components: list[ComponentSummary]) -> None:
    named = any(component.name is not None for component in components)
    columns = [("component", "right")]
    columns += [("name", "left")] if named else []
    columns += [("rows", "right"), ("share", "right")]
    if terminal.width >= WIDE:
        columns += [("mean\nprobability", "right"), ("rows at\n0.9 or more", "right")]
    if terminal.width >= MEDIUM:
        columns += [("nearest", "right"), ("shared\nrows", "right")]
    rows = []
    for component in components:
        row = [str(component.component)]
        row += [clean_text(component.name or "", max(8, terminal.width // 4))] if named else []
        row += [f"{component.n_rows:,}", format_share(component.share)]
        if terminal.width >= WIDE:
            row += [format_probability(component.mean_probability), format_share(component.sure_share)]
        if terminal.width >= MEDIUM:
            nearest = DASH if component.nearest is None else str(component.nearest)
            row += [nearest, format_share(component.overlap)]
        rows.append(row)
    terminal.table(columns, rows)


def _print_means(terminal: Terminal, summary: MixtureSummary, components: list[ComponentSummary]) -> None:
    """Print the means with bars: components side by side, else below each other, else features across."""
    formats = feature_formats(summary)
    names = display_names(summary.feature_names, max(12, min(24, terminal.width // 4)))
    features = list(summary.telling_features[:SHOWN_FEATURES])
    several = len(components) > 1
    labels = [_short_label(summary, component, terminal.width) for component in components]

    def cell(component: ComponentSummary, d: int) -> str:
        feature = component.features[d]
        return f"{formats[d](feature.mean)} ± {formats[d].spread(feature.standard_deviation)}"

    def bar(component: ComponentSummary, d: int) -> str:
        distance = _distance(summary, component, d)
        return (
            f" {'-' if distance < 0 else '+'}{terminal.bar(abs(distance) / FULL_BAR, BAR)}" if several else ""
        )

    cells = [[cell(component, d) for d in features] for component in components]
    widest = max(len(terminal.text(text)) for row in cells for text in row)
    side_by_side = max(widest + (BAR + 2 if several else 0), *map(len, labels))
    label_width = max(len(names[d]) for d in features)
    has_bars = True
    if label_width + 2 + len(components) * (side_by_side + 2) <= terminal.width:
        rows = [
            [names[d], *(row[i] + bar(one, d) for one, row in zip(components, cells, strict=True))]
            for i, d in enumerate(features)
        ]
        terminal.table([("feature", "left"), *((label, "right") for label in labels)], rows)
    elif len(components) * len(features) <= LISTED_CELLS:
        in_full = display_names(summary.feature_names, max(terminal.width - 2, 12))
        for i, d in enumerate(features):
            terminal.line(in_full[d])
            rows = [
                [label, row[i], bar(one, d)]
                for one, label, row in zip(components, labels, cells, strict=True)
            ]
            terminal.table([("", "left"), ("", "right"), ("", "left")], rows, indent=2)
    else:
        has_bars = False
        across = max(1, (terminal.width - 11) // (max(widest, 12) + 2))
        features = features[:across]
        rows = [[str(one.component), *row[:across]] for one, row in zip(components, cells, strict=True)]
        terminal.table([("component", "right"), *((names[d], "right") for d in features)], rows)
    if several and has_bars:
        terminal.line(
            f"Bars: how far above (+) or below (-) the mean of all rows; a full one is {FULL_BAR} standard "
            "deviations of all rows or more.",
            "dim",
        )
    _note_left_out(terminal, summary.n_features - len(features), "feature", "the most telling are shown")


def _distance(summary: MixtureSummary, component: ComponentSummary, d: int) -> float:
    """Return how far a centre is from the mean of all, in standard deviations of all."""
    deviation = summary.overall_deviations[d]
    return (component.features[d].mean - summary.overall_means[d]) / deviation if deviation > 0 else 0.0


def _short_label(summary: MixtureSummary, component: ComponentSummary, width: int) -> str:
    if component.name is not None:
        return clean_text(summary.label(component.component), max(8, width // 5))
    return f"component {component.component}" if len(summary.components) < 5 else f"{component.component}"


def _fit_facts(summary: MixtureSummary) -> list[tuple[str, str]]:
    """Return how the fit went, as terms and values."""
    converged = {True: "yes", False: "NO", None: "built from given parameters"}[summary.converged]
    if summary.converged is not None:
        converged += f", after {format_count(summary.n_iterations, 'iteration')}"
    family = summary.covariance_type
    if family != summary.covariance_identifier:
        family += f" ({summary.covariance_identifier})"
    return [
        ("Covariance", f"{family}: {summary.covariance_meaning}"),
        *([("Transforms", transform_sentence(summary))] if summary.transforms else []),
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


def _note_left_out(terminal: Terminal, count: int, noun: str, shown: str) -> None:
    if count > 0:
        terminal.line(f"{format_count(count, noun)} not shown: {shown}.", "dim", indent=2)
