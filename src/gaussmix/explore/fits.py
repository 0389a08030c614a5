"""One fit of what is asked for on the page."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaussmix.data import Features, standardize
from gaussmix.estimators.auto_gaussian_mixture import AutoGaussianMixture
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.units import in_data_units
from gaussmix.exceptions import DataError
from gaussmix.explore.settings import FitSettings
from gaussmix.selection import SelectionTable

Rows = NDArray[np.floating]


@dataclass(frozen=True)
class Result:
    """A fit and what it was made of.

    Parameters
    ----------
    settings : FitSettings
    model : fitted GaussianMixture
        In the data's own units, without feature names.
    features : Features
        The rows and columns that were fitted.
    selection : SelectionTable or None
    steps : tuple of str
        What was done by hand since the fit, one sentence each.
    """

    settings: FitSettings
    model: GaussianMixture
    features: Features
    selection: SelectionTable | None
    steps: tuple[str, ...] = ()


def fit_table(features: Features, settings: FitSettings) -> Result:
    """Fit what is asked for.

    Parameters
    ----------
    features : Features
        The rows and columns that are asked for.
    settings : FitSettings

    Returns
    -------
    Result

    Raises
    ------
    DataError
        If there are too few rows, or the family is not for so many columns.
    """
    n_rows = len(features.values)
    if n_rows < max(2, settings.components or 1):
        raise DataError(f"{n_rows} rows are too few for {settings.components or 1} component(s)")
    if settings.family in ("E", "V") and len(features.names) > 1:
        raise DataError(f"the family {settings.family} is for a single column; pick another family")
    values, scaling = features.values, None
    if settings.standardize:
        values, scaling = standardize(values)
    model, selection = _fit(values, settings)
    if scaling is not None:
        model = in_data_units(model, scaling)
        if selection is not None:
            selection = selection.shifted(-n_rows * scaling.log_volume)
    return Result(settings, model, features, selection)


def _fit(values: Rows, settings: FitSettings) -> tuple[GaussianMixture, SelectionTable | None]:
    if settings.components is not None and settings.family is not None:
        mixture = GaussianMixture(
            settings.components, covariance_type=settings.family, random_state=settings.seed
        )
        return mixture.fit(values), None
    automatic = AutoGaussianMixture(
        "auto" if settings.components is None else settings.components,
        covariance_types="all" if settings.family is None else [settings.family],
        random_state=settings.seed,
    )
    automatic.fit(values)
    return automatic.best_estimator_, automatic.selection_


def without_rows(features: Features, left_out: tuple[int, ...]) -> Features:
    """Return what is fitted, without some of the table's rows."""
    if not left_out:
        return features
    kept = ~np.isin(features.rows, np.asarray(left_out))
    return replace(features, values=features.values[kept], rows=features.rows[kept])


def command_line(
    settings: FitSettings, source: str, *, drop_missing: bool, header: bool | None = None
) -> str:
    """Return the command that makes the same fit.

    Parameters
    ----------
    settings : FitSettings
        Without rows left out, for which there is no option.
    source : str
        As ``gaussmix fit`` takes it.
    drop_missing : bool
    header : bool or None
        Whether the first line of a text file holds names; None finds out.
    """
    words = ["gaussmix", "fit", source]
    if settings.components is not None:
        words += ["--components", str(settings.components)]
    if settings.family is not None:
        words += ["--covariance", settings.family]
    if settings.columns is not None:
        words += ["--columns", ",".join(_quoted(name) for name in settings.columns)]
    words += ["--standardize"] if settings.standardize else []
    words += ["--drop-missing"] if drop_missing else []
    words += [] if header is None else ["--header" if header else "--no-header"]
    words += ["--seed", str(settings.seed)] if settings.seed else []
    words += [] if settings.standardize else ["--transform", "none"]  # the page fits columns as they are
    return shlex.join(words)


def _quoted(name: str) -> str:
    if any(letter in name for letter in ',"\n'):
        doubled = name.replace('"', '""')
        return f'"{doubled}"'
    return name
