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
)

__all__ = ["command"]


@click.command("score", short_help="Tell how well a model describes a table.")
@model_argument
@file_argument
@drop_missing_option
@header_option
@json_option
@debug_option
def command(model_path: str, source: str, drop_missing: bool, header: bool | None, as_json: bool) -> None:
    """Tell how well a model describes a table.

    MODEL is a model.json or a folder of results. FILE is a table as for gaussmix fit. Prints the number of
    rows, the log-likelihood and its mean per row, and the criteria BIC, AIC and ICL (smaller is better;
    mclust's have the opposite sign).
    """
    from gaussmix.cli.models import read_for
    from gaussmix.cli.output import print_json, warnings_as_lines

    with warnings_as_lines():
        model, features = read_for(model_path, source, header=header, drop_missing=drop_missing)
        values = features.values
        mean = float(model.score(values))
        scores = {
            "n_rows": len(values),
            "mean_log_density": mean,
            "log_likelihood": mean * len(values),
            "bic": float(model.bic(values)),
            "aic": float(model.aic(values)),
            "icl": float(model.icl(values)),
        }
    if as_json:
        print_json(scores | {"n_rows_dropped": features.n_dropped})
        return
    if features.n_dropped:
        click.echo(f"gaussmix: {features.drop_sentence}", err=True)
    labels = {
        "n_rows": "Rows",
        "mean_log_density": "Mean log-density",
        "log_likelihood": "Log-likelihood",
        "bic": "BIC",
        "aic": "AIC",
        "icl": "ICL",
    }
    for name, value in scores.items():
        text = (
            f"{value:,}"
            if isinstance(value, int)
            else f"{value:,.6g}"
            if abs(value) < 1e5
            else f"{value:,.1f}"
        )
        click.echo(f"{labels[name]:<18}{text}")
