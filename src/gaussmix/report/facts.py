"""How a mixture was fitted, as terms and values."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import numpy as np

from gaussmix.explain import MixtureSummary
from gaussmix.explain.sentences import transform_sentence
from gaussmix.explain.wording import (
    clean_text,
    format_count,
    format_number,
    format_probability,
    format_share,
)

PACKAGES = ("gaussmix", "numpy", "scipy", "scikit-learn")


def fit_facts(model: Any, summary: MixtureSummary) -> list[tuple[str, str]]:
    """Return what a reader needs to judge and to repeat a fit.

    Parameters
    ----------
    model : fitted GaussianMixture
    summary : MixtureSummary

    Returns
    -------
    list of (term, value)
    """
    rows = format_count(summary.n_rows, "row")
    if summary.total_weight != summary.n_rows:
        rows += f" of total weight {format_number(summary.total_weight, 6)}"
    weights = [] if summary.weight_assumption is None else [("Weights", summary.weight_assumption)]
    facts = [
        ("Data", f"{rows} of {format_count(summary.n_features, 'feature')}"),
        *weights,
        (
            "Covariance family",
            f"{summary.covariance_type} ({summary.covariance_identifier}): {summary.covariance_meaning}",
        ),
        *([("Transforms", transform_sentence(summary))] if summary.transforms else []),
        ("Free parameters", f"{summary.n_parameters:,}"),
        (
            "Log-likelihood",
            f"{format_number(summary.log_likelihood, 6)} in total, "
            f"{format_number(summary.log_likelihood / summary.total_weight, 4)} a row",
        ),
        (
            "Criteria",
            f"BIC {format_number(summary.bic, 6)}, AIC {format_number(summary.aic, 6)}, "
            f"ICL {format_number(summary.icl, 6)}. Smaller is better; mclust's have the opposite sign.",
        ),
        ("Converged", _convergence(summary)),
    ]
    if summary.stability_sentences:
        facts.append(("Starts", " ".join(summary.stability_sentences)))
    settings = _settings(model)
    if settings:
        facts.append(("Settings", settings))
    versions = [f"{package} {importlib.metadata.version(package)}" for package in PACKAGES]
    facts.append(("Versions", ", ".join([*versions, f"Python {platform.python_version()}"])))
    return facts


def certainty_sentence(summary: MixtureSummary) -> str:
    """Return how sure the assignments are, in one sentence."""
    sure = sum((component.sure_share or 0.0) * component.share for component in summary.components)
    at_least = " for a component" if summary.n_noise else ""
    given = "its component or to noise" if summary.n_noise else "its component"
    unsure = "none"
    if summary.n_unsure:
        unsure = (
            f"{format_count(summary.n_unsure, 'row')} ({format_share(summary.n_unsure / summary.n_rows)})"
        )
    return (
        f"A row is given to {given} with probability "
        f"{format_probability(summary.mean_certainty)} on average; {format_share(sure)} of the rows reach "
        f"0.9{at_least}, and {unsure} {'stay' if summary.n_unsure > 1 else 'stays'} below 0.6."
    )


def _convergence(summary: MixtureSummary) -> str:
    if summary.converged is None:
        return "The model was built from given parameters."
    iterations = format_count(summary.n_iterations, "iteration")
    return f"Yes, after {iterations}." if summary.converged else f"No: stopped after {iterations}."


def _settings(model: Any) -> str:
    """Return the constructor's parameters; arrays by their shape."""
    parts = []
    for name, value in sorted(model.get_params(deep=False).items()):
        if value is None:
            continue
        shown = f"array of shape {np.shape(value)}" if np.ndim(value) else repr(value)
        parts.append(f"{name}={clean_text(shown, 80)}")
    return ", ".join(parts)
