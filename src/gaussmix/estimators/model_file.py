"""Model files: a fitted mixture as readable JSON. Reading one never runs code from it.

Such a file is one object. Beside its ``format`` and ``format_version`` it has the parameters, each an array
in the shape of the attribute of that name (``weights``, ``means``, ``covariances``,
``precisions_cholesky``), names (``feature_names``, ``component_names``), ``settings``, which are parameters
of `GaussianMixture`, and ``result``, which tells of the fit. With ``transforms``, one a feature, the
parameters are those of transformed features (format version 2). What else there can be stands in
`model_parts`; a mixture that was chosen has its ``selection``, see `gaussmix.selection.table_json`. What is
absent or null is not known.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gaussmix.checked_json import Document, is_text, shown
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.covariance import FAMILIES, LowRankFamily
from gaussmix.data.atomic import atomic_write
from gaussmix.estimators import model_parts as parts
from gaussmix.exceptions import ModelFileError
from gaussmix.selection.table_json import table_as_json, table_from_json

if TYPE_CHECKING:
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

FORMAT = "gaussmix-model"
FORMAT_VERSION = 2
"""Files with transforms: those of version 1 have none, and are still written where there is none."""
LARGEST_FILE = 4 << 30
"""Bytes. A mixture that needs more could not be read into memory as text."""
LARGEST_VARIANCE = 1e306
"""Variances from here on, or below the inverse, leave doubles when they are computed with."""

_SETTINGS = {
    "tol": (float, int),
    "reg_covar": (float, int, str),
    "max_iter": (int,),
    "n_init": (int,),
    "init_params": (str,),
    "spikes": (str,),
    "accelerate": (bool,),
    "noise": (bool, float, int, str),
    "n_factors": (int, str),
}
_NUMBERS_OF_THE_FIT = {"mean_log_likelihood": "lower_bound_", "log_likelihood": "log_likelihood_"}
"""What JSON calls attributes of a fit."""


def save_model(mixture: GaussianMixture, path: str | os.PathLike[str]) -> None:
    """Write a fitted mixture to a file; see `GaussianMixture.save`."""
    import gaussmix

    check_is_fitted(mixture)
    parameters = mixture._parameters_of_transformed()
    transforms = getattr(mixture, "transforms_", None)
    names = getattr(mixture, "feature_names_in_", None)
    seed = mixture.random_state
    document: dict[str, Any] = {
        "format": FORMAT,
        # Readers that know of no transforms must not take such a mixture for one in the data's units.
        "format_version": 1 if transforms is None else FORMAT_VERSION,
        "written_by": f"gaussmix {gaussmix.__version__}",
        "estimator": type(mixture).__name__,
        "covariance_type": mixture.covariance_type,
        "n_components": parameters.n_components,
        "n_features": parameters.n_features,
        "precision": np.asarray(mixture.means_).dtype.name,
        "feature_names": None if names is None else [str(name) for name in names],
        "component_names": mixture.component_names_,
        "settings": {name: getattr(mixture, name) for name in _SETTINGS}
        | {"random_state": int(seed) if isinstance(seed, int | np.integer) else None}
        # Moves of the user's own are objects, which no file holds: such a file says nothing of moves.
        | {"prior": parts.prior_entry(mixture), "transforms": parts.wanted_transforms_entry(mixture)}
        | ({"moves": mixture.moves} if mixture.moves is None or isinstance(mixture.moves, str) else {}),
        "result": {
            "converged": bool(mixture.converged_),
            "n_iter": int(mixture.n_iter_),
            **{name: _number(getattr(mixture, of, None)) for name, of in _NUMBERS_OF_THE_FIT.items()},
            "n_samples": getattr(mixture, "n_samples_", None),
            "repaired_components": list(mixture.repaired_components_),
            "stability": parts.stability_entry(mixture),
        },
        "selection": table_as_json(mixture.selection_) if hasattr(mixture, "selection_") else None,
        "noise": parts.noise_entry(mixture),
        **parts.factors_entries(mixture),
        **({} if transforms is None else {"transforms": parts.transforms_entry(transforms)}),
        "weights": parameters.weights.tolist(),
        "means": parameters.means.tolist(),
        "covariances": parameters.covariances.tolist(),
        # The covariances say the same, but only this brings densities back bit for bit.
        "precisions_cholesky": np.asarray(mixture.precisions_cholesky_, dtype=np.float64).tolist(),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    with atomic_write(path) as file:
        file.write(text.encode("utf-8", errors="replace"))


def load_model(path: str | os.PathLike[str]) -> GaussianMixture:
    """Read a mixture from a file that `GaussianMixture.save` or the command line wrote.

    Everything in the file is checked before it is used; nothing in it is executed.

    Parameters
    ----------
    path : str or path-like
        A model file, or the folder that ``gaussmix fit`` wrote.

    Returns
    -------
    GaussianMixture
        Fitted.

    Raises
    ------
    gaussmix.ModelFileError
        If there is no such file, it is not a model file, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from gaussmix import GaussianMixture, load_model
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.json"
    >>> GaussianMixture.from_parameters([1.0], [[2.0]], [[[4.0]]]).save(path)
    >>> load_model(path).means_
    array([[2.]])
    """
    path = Path(path)
    if "\0" in str(path):
        raise ModelFileError(f"{str(path)!r}: no such model file")
    if path.is_dir():
        path = path / "model.json"
    return _mixture_from(_read(path))


def _read(path: Path) -> Document:
    """Return the JSON document of a model file."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ModelFileError(f"{path}: {size} bytes are too many for a model file")
        text = path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such model file") from None
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from None
    return Document.read(text, form=FORMAT, version=FORMAT_VERSION, what="model file", source=str(path))


def _mixture_from(document: Document) -> GaussianMixture:
    """Return the mixture of a JSON document."""
    mixture = _with_parameters(document)
    _restore_settings(mixture, document)
    _restore_result(mixture, document)
    return mixture


def _with_parameters(document: Document) -> GaussianMixture:
    """Return a mixture with the parameters of a document."""
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

    covariance_type = document.get("covariance_type")
    if not isinstance(covariance_type, str) or covariance_type not in FAMILIES:
        raise document.error(f"unknown covariance_type {shown(covariance_type)}")
    family = FAMILIES[covariance_type]
    n_components, n_features = document.count("n_components"), document.count("n_features")
    weights = document.array("weights", (n_components,))
    means = document.array("means", (n_components, n_features))
    noise = parts.noise_of(document, n_features)
    covariances = document.array("covariances", family.representation.shape(n_components, n_features))
    variances = family.representation.variances(covariances, n_components, n_features)
    if variances.max() > LARGEST_VARIANCE or abs(variances).min() < 1.0 / LARGEST_VARIANCE:
        raise document.error("covariances leave the range of double precision")
    shares = parts.shares_beside(noise, weights, document)
    names = _feature_names(document, n_features)
    try:
        mixture = GaussianMixture.from_parameters(
            shares, means, covariances, covariance_type=covariance_type, feature_names=names
        )
    except ValueError as error:
        raise document.error(str(error)) from None
    _restore_cholesky_factors(mixture, document)
    if noise is not None:
        mixture.weights_, mixture.noise_ = weights.astype(mixture.means_.dtype), noise
    if document.get("transforms") is not None:
        mixture.transforms_ = parts.transforms_of(document, n_features)
    if isinstance(family, LowRankFamily):
        parts.restore_factors(mixture, document)
    component_names = document.get("component_names")
    if not (component_names is None or isinstance(component_names, list)):
        raise document.damaged("component_names")
    try:
        mixture.component_names_ = component_names
    except (TypeError, ValueError) as error:
        raise document.error(f"component_names: {error}") from None
    return mixture


def _feature_names(document: Document, n_features: int) -> list[str] | None:
    """Return the names of the features: different texts that can be written to files, one a feature."""
    names = document.get("feature_names")
    if names is None:
        return None
    if not isinstance(names, list) or not all(is_text(name) for name in names):
        raise document.error(f"feature_names are not {n_features} different texts")
    if not len(set(names)) == len(names) == n_features:
        raise document.error(f"feature_names are not {n_features} different texts")
    return names


def _restore_cholesky_factors(mixture: GaussianMixture, document: Document) -> None:
    """Set the Cholesky factors and the precision of the attributes to what the file says."""
    precision = document.one_of("precision", ("float64", "float32"))
    family, shape = FAMILIES[mixture.covariance_type], mixture.means_.shape
    cholesky = document.array("precisions_cholesky", family.representation.shape(*shape))
    diagonals = family.representation.variances(cholesky, *shape)
    is_matrix = isinstance(family.representation, MatrixRepresentation)
    if not (diagonals > 0).all() or (is_matrix and np.tril(cholesky, -1).any()):
        raise document.error("precisions_cholesky is not upper triangular with positive diagonal")
    factor = family.representation.transpose(cholesky)
    parameters = MixtureParameters(family, mixture.weights_, mixture.means_, mixture.covariances_, factor)
    mixture._publish(parameters, np.dtype(precision))


def _restore_settings(mixture: GaussianMixture, document: Document) -> None:
    """Set the parameters of the estimator to what the file says."""
    settings = document.part("settings")
    mixture.set_params(**settings.of_types(_SETTINGS | {"random_state": (int,)}))
    n_features = mixture.means_.shape[1]
    mixture.set_params(
        prior=parts.prior_of(settings, n_features),
        transforms=parts.wanted_transforms_of(settings, n_features),
    )
    if "moves" in settings.entries:
        mixture.set_params(moves=settings.one_of("moves", ("auto", None)))
    try:
        mixture._validate_params()
    except ValueError as error:
        raise document.error(str(error)) from None


def _restore_result(mixture: GaussianMixture, document: Document) -> None:
    """Set what the mixture says of its fit to what the file says."""
    result = document.part("result")
    mixture.converged_ = result.get("converged") is None or result.boolean("converged")
    mixture.n_iter_ = 0 if result.get("n_iter") is None else result.count("n_iter", least=0)
    for name, attribute in _NUMBERS_OF_THE_FIT.items():
        if result.get(name) is not None:
            setattr(mixture, attribute, result.number(name))
    if result.get("n_samples") is not None:
        mixture.n_samples_ = result.count("n_samples")
    repaired = result.get("repaired_components")
    numbers = range(len(mixture.weights_))
    if repaired is not None:
        if not isinstance(repaired, list) or not all(type(k) is int and k in numbers for k in repaired):
            raise result.damaged("repaired_components")
        mixture.repaired_components_ = tuple(repaired)
    mixture.stability_ = parts.stability_of(result)
    if document.get("selection") is not None:
        table = table_from_json(document, "selection")
        if len(mixture.weights_) not in table["n_components"]:
            raise document.error(f"selection has no model with {len(mixture.weights_)} component(s)")
        mixture.selection_, mixture.runners_up_ = table, table.runners_up


def _number(value: float | None) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """Return NumPy numbers, which users may pass as settings, as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot write {type(value).__name__} to a model file")
