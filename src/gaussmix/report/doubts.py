"""Whether the rows look like draws from the mixture, and how much other rows would change it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.counts import as_counts
from gaussmix.explain import MixtureSummary
from gaussmix.explain.rows import RowTable
from gaussmix.explain.sentences import feature_formats
from gaussmix.explain.wording import display_names, format_share, join_words
from gaussmix.inference import BootstrapResult, Check, GoodnessOfFit, goodness_of_fit
from gaussmix.plot.sampling import SEED

FEWEST_ROWS = 20
SAMPLE = 10_000
"""Rows that are checked: a difference that matters shows on so many."""
MOST_ENTRIES = 20_000_000
"""Rows times components times features above which fewer rows are checked."""
POOR = 0.1
"""Differences between distribution functions from here on are seen with the naked eye."""
BEYOND_CHANCE = 1.6
"""... if they are more than chance brings about: in units of one over the root of the rows."""
SIGNIFICANT = 0.01
MOST_NAMED = 5


@dataclass(frozen=True)
class Doubts:
    """What the comparison of rows and mixture says.

    Parameters
    ----------
    sentences : tuple of str
    grave : tuple of str
        Faults that belong at the head of the page.
    table : dict or None
        For the template: a row a check.
    """

    sentences: tuple[str, ...]
    grave: tuple[str, ...]
    table: dict[str, Any] | None


def doubts_about_fit(
    model: Any,
    X: Any,
    summary: MixtureSummary,
    sample_weight: ArrayLike | None,
    found: GoodnessOfFit | None = None,
) -> Doubts:
    """Compare rows and mixture, feature by feature and component by component.

    Without resamples, by the size of the differences: with many rows a p-value finds fault with every
    mixture, and this asks for faults that matter.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : array-like or frame of shape (N, D)
    summary : MixtureSummary
    sample_weight : array-like of shape (N,), optional
    found : GoodnessOfFit, optional
        Where it was computed before, with resamples.
    """
    checked_rows = summary.n_rows
    if found is None and checked_rows - summary.n_noise < max(FEWEST_ROWS, summary.n_components):
        return Doubts(("There are too few rows to tell.",), (), None)
    without_noise = found is None and summary.n_noise > 0
    if found is None:
        found, checked_rows = _checked(model, X, sample_weight)
    centres = [f"the distances from {summary.label(int(check.name))}" for check in found.components]
    labels = [*display_names(summary.feature_names), *centres]
    n_rows = np.array([checked_rows * _share(check, summary) for check in found.checks])
    differences = np.array([check.kolmogorov_smirnov for check in found.checks])
    chance = BEYOND_CHANCE / np.sqrt(np.maximum(n_rows, 1.0))
    # A component that collapsed fits its few rows badly for that reason, not by chance.
    collapsed = [check.what == "component" and summary.components[int(check.name)].repaired
                 for check in found.checks]  # fmt: skip
    chance[np.array(collapsed, dtype=bool)] = 0.0
    order = np.argsort(-differences)
    poor = [labels[i] for i in order if differences[i] >= max(POOR, chance[i])]
    table = {
        "has_p_values": found.n_resamples > 0,
        "rows": [
            {
                "what": label,
                "difference": format_share(check.kolmogorov_smirnov),
                "p_value": f"{check.p_value:.3f}" if np.isfinite(check.p_value) else "",
            }
            for label, check in zip(labels, found.checks, strict=True)
        ],
    }
    worst = int(order[0])
    sentences = [
        f"The largest difference between the rows' distribution and the mixture's is "
        f"{format_share(float(differences[worst]))} of the rows, in {labels[worst]}."
    ]
    grave: list[str] = []
    if poor:
        shown = poor[:MOST_NAMED] + ([f"{len(poor) - MOST_NAMED} more"] if len(poor) > MOST_NAMED else [])
        grave.append(
            f"The rows do not look like draws from this mixture: their distribution differs by more than "
            f"{format_share(POOR)} in {join_words(shown)}."
        )
    elif chance[worst] >= 1.0:
        sentences.append("So few rows belong there that they cannot tell.")
    elif differences[worst] >= POOR:
        sentences.append("With so few rows chance brings about as much.")
    else:
        sentences.append(f"Differences below {format_share(POOR)} are hardly seen in a picture.")
    if found.n_resamples:
        sentences.append(
            f"By {found.n_resamples} tables drawn from the mixture itself and fitted anew, so large a "
            f"difference occurs with probability {found.p_value:.3f}, all checks taken together."
        )
        if found.p_value <= SIGNIFICANT and not poor:
            sentences.append("The mixture is not quite what the rows come from, but close to it.")
    if without_noise:
        sentences.append("Rows of noise are left out of this comparison.")
    if checked_rows < summary.n_rows - (summary.n_noise if without_noise else 0):
        sentences.append(f"Compared were {checked_rows:,} rows, picked at random.")
    return Doubts((*grave, *sentences), tuple(grave), table)


def bootstrap_content(found: BootstrapResult, summary: MixtureSummary) -> dict[str, Any]:
    """Return intervals of weights and of means in the most telling features, a row a component.

    Parameters
    ----------
    found : BootstrapResult
    summary : MixtureSummary
    """
    shown = sorted(summary.telling_features[:MOST_NAMED])
    names, formats = display_names(summary.feature_names), feature_formats(summary)
    interval = found.interval()
    low, high = interval.lower, interval.upper
    rows = []
    for k in range(summary.n_components):
        cells = [f"{format_share(float(low.weights[k]))} to {format_share(float(high.weights[k]))}"]
        cells += [f"{formats[d](low.means[k, d])} to {formats[d](high.means[k, d])}" for d in shown]
        rows.append({"component": k, "cells": cells})
    sentences = [
        f"Between these limits lie {found.confidence_level:.0%} of the mixtures fitted to "
        f"{found.n_resamples:,} tables resampled from the rows: of the weights, and of the means."
    ]
    if found.n_degenerate:
        sentences.append(
            f"In {found.n_degenerate:,} of them a component collapsed or lost its rows; they are left out."
        )
    return {"sentences": sentences, "headings": [names[d] for d in shown], "rows": rows}


def _checked(model: Any, X: Any, sample_weight: ArrayLike | None) -> tuple[GoodnessOfFit, int]:
    table = RowTable(X)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    candidates = np.arange(table.n_rows) if weight is None else np.flatnonzero(weight > 0)
    if getattr(model, "noise_", None) is not None:
        candidates = candidates[np.asarray(model.predict(X))[candidates] >= 0]
        model = model.without_noise()
    n_components, n_features = np.shape(model.means_)
    most = max(500, min(SAMPLE, MOST_ENTRIES // (n_components * n_features)))
    if len(candidates) > most:
        candidates = np.sort(np.random.default_rng(SEED).choice(candidates, most, replace=False))
    _, values = table.take(candidates)
    chosen_weight = None if weight is None else as_counts(weight[candidates])[0]  # some of them sum to less
    plain = _without_names(model)
    if getattr(model, "transforms_", None) is not None:  # increasing ones change no distribution function
        plain, values = model.in_transformed_units(), model.transforms_.forward(values)
    return goodness_of_fit(plain, values, n_resamples=0, sample_weight=chosen_weight), len(candidates)


def _without_names(model: Any) -> Any:
    """Return a model that takes rows without column names: those of the sample have none."""
    if not hasattr(model, "feature_names_in_"):
        return model
    plain = copy.copy(model)
    del plain.feature_names_in_
    return plain


def _share(check: Check, summary: MixtureSummary) -> float:
    return summary.components[int(check.name)].share if check.what == "component" else 1.0
