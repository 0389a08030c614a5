"""How a fit can be repeated: as Python code."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from gaussmix.covariance import MODELS, ONE_DIMENSIONAL_MODELS
from gaussmix.estimators.choosing import DEFAULT_NUMBERS
from gaussmix.explain.wording import clean_text
from gaussmix.selection import SelectionTable

MOST_LETTERS = 4000
"""Columns with longer names, all together, are not written out one by one."""
LONGEST_NAME = 60


def python_code(
    model: Any,
    feature_names: tuple[str, ...] | None,
    selection: SelectionTable | None = None,
    *,
    weighted: bool = False,
    standardized: bool = False,
    source: str | None = None,
    reading: Mapping[str, Any] | None = None,
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
    source : str, optional
        File or bundled data set from which the table came, as `gaussmix.data.read_table` takes it.
    reading : mapping, optional
        How it was read: arguments of `read_table` (``header``) and of `select_features` (``weights``,
        ``drop_missing``) beside these.
    """
    estimator = type(model).__name__
    arguments, unknown = _arguments(model)
    if selection is not None and estimator == "GaussianMixture":
        estimator, unknown = "AutoGaussianMixture", []
        arguments = [
            *_choice_arguments(selection, model.means_.shape[1]),
            f"random_state={model.random_state!r}",
        ]
        if model.transforms is not None:
            wanted = model.transforms
            arguments.append(f"transforms={wanted if isinstance(wanted, str) else list(map(str, wanted))!r}")
    lines = ["import pandas as pd", f"from gaussmix import {estimator}"]
    known = source is not None and source != "-"
    if known:
        lines.append(
            f"from gaussmix.data import read_table, select_features{', standardize' if standardized else ''}"
        )
    lines.append("")
    columns = ""
    if feature_names and sum(map(len, feature_names)) <= MOST_LETTERS:
        columns = "[" + ", ".join(map(_literal, feature_names)) + "]"
    elif feature_names:
        lines.append(
            f"# Take the {len(feature_names)} columns that the model was fitted to: too many to list."
        )
    if known:
        given = dict(reading or {})
        header = _keyword("header", given.pop("header", None))
        chosen = [f"read_table({_literal(str(source))}{header})"] + ([columns] if columns else [])
        options = "".join(_keyword(name, value) for name, value in given.items())
        lines.append(f"features = select_features({', '.join(chosen)}{options})")
        lines += ["weights = features.sample_weight"] if weighted else []
        values = "features.values"
        if standardized:
            values = f"standardize(features.values{', weights' if weighted else ''})[0]"
        lines.append(f"X = pd.DataFrame({values}, columns=features.names)")
    else:
        lines.append("# data.csv stands for the file of your table, its columns in this order")
        lines.append('X = pd.read_csv("data.csv")' + (f"[{columns}]" if columns else ""))
        lines += ["# weights stands for the weights of the rows"] if weighted else []
        lines += ["X = (X - X.mean()) / X.std(ddof=0)"] if standardized else []
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
    is_grid = len(selection) == len(numbers) * len(families)
    few = list(DEFAULT_NUMBERS)
    if numbers == few or (numbers[: len(few)] == few and not is_grid):  # by default more are compared later
        pass
    elif numbers == list(range(1, numbers[-1] + 1)) and len(numbers) > 1:
        arguments.append(f"range(1, {numbers[-1] + 1})")
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


def _keyword(name: str, value: Any) -> str:
    """Return an argument as it follows others; nothing where it is the default."""
    if value is None or (value is False and name != "header"):
        return ""
    return f", {name}={_literal(value) if isinstance(value, str) else repr(value)}"


def _literal(name: str) -> str:
    """Return a text as Python writes it, with escapes for letters that a page would not show as they are."""
    return repr(name) if clean_text(name, LONGEST_NAME) == name else ascii(name)
