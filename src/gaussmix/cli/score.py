"""`gaussmix score`: how well a model describes a table."""

from __future__ import annotations

import click

from gaussmix.cli.options import (
    debug_option,
    drop_missing_option,
    file_argument,
    header_option,
    json_option,
    model_argument,
    weights_option,
)

__all__ = ["command"]


@click.command("score", short_help="Tell how well a model describes a table.")
@model_argument
@file_argument
@weights_option
@drop_missing_option
@header_option
@json_option
@debug_option
def command(
    model_path: str,
    source: str,
    weights: str | None,
    drop_missing: bool,
    header: bool | None,
    as_json: bool,
) -> None:
    """Tell how well a model describes a table.

    MODEL is a model.json or a folder of results. FILE is a table as for gaussmix fit. Prints the number of
    rows, the log-likelihood and its mean per row, and the criteria BIC, AIC and ICL (smaller is better;
    mclust's have the opposite sign). Weights count how often rows occur.
    """
    from gaussmix.cli.models import read_for
    from gaussmix.cli.output import print_json, warnings_as_lines
    from gaussmix.core.counts import as_counts

    with warnings_as_lines():
        model, features = read_for(
            model_path, source, header=header, drop_missing=drop_missing, weights=weights
        )
        values, weight, assumption = features.values, features.sample_weight, None
        if weight is not None:
            weight, assumption = as_counts(weight)
        mean = float(model.score(values, sample_weight=weight))
        scores = {
            "n_rows": len(values),
            "total_weight": float(len(values) if weight is None else weight.sum()),
            "mean_log_density": mean,
            "bic": float(model.bic(values, sample_weight=weight)),
            "aic": float(model.aic(values, sample_weight=weight)),
            "icl": float(model.icl(values, sample_weight=weight)),
        }
        scores["log_likelihood"] = mean * scores["total_weight"]
    if as_json:
        notes = [] if assumption is None else [assumption]
        print_json(scores | {"n_rows_dropped": features.n_dropped, "notes": notes})
        return
    for note in (features.drop_sentence if features.n_dropped else None, assumption):
        if note is not None:
            click.echo(f"gaussmix: {note}", err=True)
    labels = {
        "n_rows": "Rows",
        "mean_log_density": "Mean log-density",
        "log_likelihood": "Log-likelihood",
        "bic": "BIC",
        "aic": "AIC",
        "icl": "ICL",
    }
    if weight is not None:
        labels = {"n_rows": "Rows", "total_weight": "Total weight"} | labels
    for name, label in labels.items():
        value = scores[name]
        text = (
            f"{value:,}"
            if isinstance(value, int)
            else f"{value:,.6g}"
            if abs(value) < 1e5
            else f"{value:,.1f}"
        )
        click.echo(f"{label:<18}{text}")
