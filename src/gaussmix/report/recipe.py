"""How a fit can be repeated: as Python code."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from gaussmix.covariance import MODELS, ONE_DIMENSIONAL_MODELS
from gaussmix.estimators.choosing import DEFAULT_NUMBERS
from gaussmix.explain.wording import clean_text
from gaussmix.selection import SelectionTable

MOST_NAMES = 40
"""More columns than this are not written out one by one."""
LONGEST_NAME = 60


def python_code(
    model: Any,
    feature_names: tuple[str, ...] | None,
    selection: SelectionTable | None = None,
    *,
    weighted: bool = False,
    standardized: bool = False,
) -> str:
    """Return Python code that fits the same model to a table `X`.

    Parameters
    ----------
    model : fitted GaussianMixture or AutoGaussianMixture
    feature_names : tuple of str or None
        Columns of the table, if they have names.
    selection : SelectionTable, optional
        What a GaussianMixture was chosen among.
    weighted, standardized : bool, default=False
        Whether rows had weights, and whether columns were brought to mean 0 and variance 1 before.
    """
    estimator = type(model).__name__
    arguments, unknown = _arguments(model)
    if selection is not None and estimator == "GaussianMixture":
        estimator, unknown = "AutoGaussianMixture", []
        arguments = [
            *_choice_arguments(selection, model.means_.shape[1]),
            f"random_state={model.random_state!r}",
        ]
    lines = ["import pandas as pd", f"from gaussmix import {estimator}", ""]
    columns = ""
    if feature_names and len(feature_names) <= MOST_NAMES and all(map(_is_plain, feature_names)):
        columns = "[[" + ", ".join(repr(name) for name in feature_names) + "]]"
    lines.append("# your table, its columns in this order")
    lines.append(f'X = pd.read_csv("data.csv"){columns}')
    if standardized:
        lines.append("X = (X - X.mean()) / X.std(ddof=0)")
    lines += [f"# {name} was given, too: see the settings." for name in unknown]
    fit = "X, sample_weight=weights" if weighted else "X"
    lines.append(f"model = {estimator}({', '.join(arguments)}).fit({fit})")
    lines.append(f'model.report(X, "report.html"{", sample_weight=weights" if weighted else ""})')
    return "\n".join(lines)


def _choice_arguments(selection: SelectionTable, n_features: int) -> list[str]:
    """Return the arguments of the estimator that compares these models."""
    numbers = sorted({row.n_components for row in selection})
    families = list(dict.fromkeys(row.covariance_type for row in selection))
    arguments = []
    if numbers == list(range(1, numbers[-1] + 1)) and len(numbers) > 1:
        arguments += [] if numbers[-1] == DEFAULT_NUMBERS[-1] else [f"range(1, {numbers[-1] + 1})"]
    else:
        arguments.append(repr(numbers[0] if len(numbers) == 1 else numbers))
    every = MODELS if n_features > 1 else ONE_DIMENSIONAL_MODELS
    if set(families) != {family.identifier for family in every}:
        arguments.append(f"covariance_types={families!r}")
    return arguments


def _arguments(model: Any) -> tuple[list[str], list[str]]:
    """Return the constructor's arguments that differ from its defaults, and the names of those too large."""
    arguments, unknown = [], []
    given = model.get_params(deep=False)
    for name, parameter in inspect.signature(type(model).__init__).parameters.items():
        if name not in given or name in ("verbose", "verbose_interval", "n_jobs"):
            continue
        value = given[name]
        if np.ndim(value) > 0:
            value = np.asarray(value).tolist()
        if _same(value, parameter.default):
            continue
        text = repr(value)
        if not isinstance(value, str | int | float | bool | list | type(None)) or len(text) > 200:
            unknown.append(name)
        elif parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            arguments.append(text)
        else:
            arguments.append(f"{name}={text}")
    return arguments, unknown


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _is_plain(name: str) -> bool:
    """Return whether a name can be written down as the page shows it."""
    return clean_text(name, LONGEST_NAME) == name
