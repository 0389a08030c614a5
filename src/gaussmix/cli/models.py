"""A model and a table that belong together, as predict and score need them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaussmix import GaussianMixture
    from gaussmix.data import Features

__all__ = ["feature_names", "read_for", "with_feature_names"]


def feature_names(model: GaussianMixture) -> list[str] | None:
    """Give the names of a model's features, or None if it has none.

    Parameters
    ----------
    model : fitted GaussianMixture
    """
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def with_feature_names(model: GaussianMixture, names: Sequence[str] | None) -> GaussianMixture:
    """Copy a model with other names for its features.

    The commands find columns by name themselves and work on plain matrices. A model with names would complain
    that these have none; the model that is saved has them.

    Parameters
    ----------
    model : fitted GaussianMixture
    names : sequence of str or None
        None for a model without names.
    """
    import numpy as np

    renamed = copy.copy(model)
    if names is not None:
        renamed.feature_names_in_ = np.array(list(names), dtype=object)
    elif hasattr(renamed, "feature_names_in_"):
        del renamed.feature_names_in_
    return renamed


def read_for(
    model_path: str, source: str, *, header: bool | None, drop_missing: bool, weights: str | None = None
) -> tuple[GaussianMixture, Features]:
    """Load a model and read the columns of a table that it needs.

    Parameters
    ----------
    model_path : str
        Model file or folder of results.
    source : str
        File or bundled name of the table.
    header : bool or None
        Whether the first row holds column names; None finds out.
    drop_missing : bool
        Whether to drop rows with missing values.
    weights : str or None
        Column with the weights of the rows.

    Returns
    -------
    model : fitted GaussianMixture
        Without feature names.
    features : Features
        Columns in the model's order.

    Raises
    ------
    ModelFileError
        If the model cannot be read.
    DataError
        If the table cannot be read or lacks a column of the model.
    """
    from gaussmix import load_model
    from gaussmix.cli.interruption import leave_signals_to_python
    from gaussmix.data import match_features, read_table

    model = load_model(model_path)
    leave_signals_to_python()
    table = read_table(source, header=header)
    features = match_features(
        table, feature_names(model), model.n_features_in_, weights=weights, drop_missing=drop_missing
    )
    return with_feature_names(model, None), features
