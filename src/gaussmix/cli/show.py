"""`gaussmix show`: what is in a model file."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from gaussmix.cli.options import debug_option, json_option, model_argument

if TYPE_CHECKING:
    from gaussmix import GaussianMixture
    from gaussmix.explain.terminal import Terminal

__all__ = ["command"]

_NOTABLE_CORRELATION = 0.5
_MOST_CORRELATIONS_SHOWN = 10
_CELL_WIDTH = 20


@click.command("show", short_help="Show what is in a model.")
@model_argument
@json_option
@debug_option
def command(model_path: str, as_json: bool) -> None:
    """Show what is in a model: sizes, means, deviations, notable correlations, how it was fitted and chosen.

    MODEL is a model.json or a folder of results.
    """
    from gaussmix import load_model
    from gaussmix.cli.output import print_json, terminal, warnings_as_lines
    from gaussmix.explain.terminal import Terminal

    with warnings_as_lines():
        document = _describe(load_model(model_path))
    if as_json:
        print_json(document)
    else:
        _print_text(document, Terminal(terminal()))


def _describe(model: GaussianMixture) -> dict[str, Any]:
    import numpy as np

    from gaussmix.cli.models import feature_names
    from gaussmix.core.representation import MatrixRepresentation
    from gaussmix.covariance import FAMILIES
    from gaussmix.explain.choice import choice_sentences
    from gaussmix.explain.components import fitted_covariances, moments, standard_deviations, transforms_of
    from gaussmix.explain.stability import stability_sentences

    names = feature_names(model) or [f"column_{i}" for i in range(1, model.n_features_in_ + 1)]
    given_names = model.component_names_ or [None] * len(model.weights_)
    means, deviations = moments(model)
    correlations: Any = [None] * len(model.weights_)
    if isinstance(FAMILIES[model.covariance_type].representation, MatrixRepresentation):
        scale = standard_deviations(model)
        scale = np.where(scale > 0, scale, 1.0)
        covariances = fitted_covariances(model, range(len(names)))
        correlations = np.clip(covariances / scale[:, :, None] / scale[:, None, :], -1.0, 1.0)
    fit = ("n_samples", "converged", "n_iter", "log_likelihood", "repaired_components")
    choice = getattr(model, "selection_", None)
    return {
        "n_components": len(model.weights_),
        "covariance_type": model.covariance_type,
        "n_parameters": model.n_parameters_,
        "columns": names,
        "transforms": transforms_of(model).names,
        "fit": {name: getattr(model, f"{name}_", None) for name in fit}
        | {
            "stability": None if model.stability_ is None else dataclasses.asdict(model.stability_),
            "stability_sentences": stability_sentences(model.stability_),
            "choice_sentences": () if choice is None else choice_sentences(choice),
        },
        "selection": None if choice is None else [dataclasses.asdict(row) for row in choice],
        "components": [
            {
                "name": name,
                "weight": weight,
                "mean": mean,
                "standard_deviation": deviation,
                "correlation": correlation,
            }
            for name, weight, mean, deviation, correlation in zip(
                given_names, model.weights_, means, deviations, correlations, strict=True
            )
        ],
    }


def _print_text(document: dict[str, Any], screen: Terminal) -> None:
    from gaussmix.explain.wording import clean_text, display_names, format_share

    components = document["components"]
    names = display_names(document["columns"], max(12, min(32, screen.width // 2)))
    labels = [
        f"component {k}" if one["name"] is None else clean_text(one["name"], _CELL_WIDTH - 2)
        for k, one in enumerate(components)
    ]
    counts = f"{_count(len(components), 'component')}, {_count(len(names), 'column')}"
    screen.line(f"Gaussian mixture: {counts}, {document['covariance_type']} covariances.")
    screen.line(" ".join([_fit_sentence(document), *document["fit"]["stability_sentences"]]))
    for sentence in document["fit"]["choice_sentences"]:
        screen.line(clean_text(sentence))
    changed = [
        f"{name} ({one})"
        for name, one in zip(names, document["transforms"], strict=True)
        if one != "identity"
    ]
    if changed:
        screen.line(f"Transformed columns: {', '.join(changed)}; correlations are of transformed values.")
    screen.heading("Means and standard deviations, in the data's own units")
    across = max(1, (screen.width - max(map(len, names))) // _CELL_WIDTH)
    for first in range(0, len(components), across):
        _print_means(screen, names, labels, components, range(first, min(first + across, len(components))))
    if components[0]["correlation"] is None:
        return
    shared = document["covariance_type"] in {"tied", "EEE"}
    screen.heading(f"Correlations of {_NOTABLE_CORRELATION} or more, either sign")
    for k, component in enumerate(components[:1] if shared else components):
        title = "all components" if shared else f"{labels[k]} ({format_share(float(component['weight']))})"
        screen.line(f"{title}: {_correlation_sentence(component['correlation'], names)}")


def _print_means(
    screen: Terminal,
    names: tuple[str, ...],
    labels: list[str],
    components: list[dict[str, Any]],
    shown: range,
) -> None:
    from gaussmix.explain.wording import FeatureFormat, format_share

    rows = [["weight", *(format_share(float(components[k]["weight"])) for k in shown)]]
    for d, name in enumerate(names):
        means = [float(component["mean"][d]) for component in components]
        deviations = [float(component["standard_deviation"][d]) for component in components]
        write = FeatureFormat.of(min(deviations), max(map(abs, means)))
        rows.append([name, *(f"{write(means[k])} ± {write.spread(deviations[k])}" for k in shown)])
    screen.table([("column", "left"), *((labels[k], "right") for k in shown)], rows)


def _fit_sentence(document: dict[str, Any]) -> str:
    fit = document["fit"]
    if not fit["n_samples"] or not fit["n_iter"]:
        return f"{document['n_parameters']:,} free parameters; built from parameters, not fitted."
    how = "converged" if fit["converged"] else "NOT converged"
    text = (
        f"{document['n_parameters']:,} free parameters, fitted to {_count(fit['n_samples'], 'row')}: {how} "
        f"after {_count(fit['n_iter'], 'iteration')}"
    )
    if fit["log_likelihood"] is not None:
        text += f", log-likelihood {fit['log_likelihood']:,.6g}"
    text += "."
    repaired = ", ".join(str(k) for k in fit["repaired_components"] or ())
    if repaired:
        text += f" Held up at the least variance allowed: component {repaired}."
    empty = ", ".join(str(k) for k, one in enumerate(document["components"]) if one["weight"] == 0)
    return f"{text} Without any row: component {empty}." if empty else text


def _correlation_sentence(correlation: Any, names: tuple[str, ...]) -> str:
    import numpy as np

    rows, columns = np.triu_indices(len(names), k=1)
    values = correlation[rows, columns]
    order = np.argsort(-np.abs(values), kind="stable")
    notable = [i for i in order if abs(values[i]) >= _NOTABLE_CORRELATION]
    text = ", ".join(
        f"{names[rows[i]]} and {names[columns[i]]} {values[i]:+.2f}"
        for i in notable[:_MOST_CORRELATIONS_SHOWN]
    )
    if len(notable) > _MOST_CORRELATIONS_SHOWN:
        text += f" and {len(notable) - _MOST_CORRELATIONS_SHOWN} more pairs"
    return text or "none"


def _count(number: float, noun: str) -> str:
    from gaussmix.explain.wording import format_count

    return format_count(number, noun)
