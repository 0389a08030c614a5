"""Model files: a fitted mixture as readable JSON. Reading one never runs code from it."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gaussmix.core.conjugate_prior import ConjugatePrior
from gaussmix.core.noise import UniformNoise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.covariance import FAMILIES, LowRankFamily
from gaussmix.covariance.low_rank import loadings_of
from gaussmix.data.atomic import atomic_write
from gaussmix.estimators.validation import WEIGHTS_TOLERANCE
from gaussmix.exceptions import ModelFileError
from gaussmix.initialization import Stability

if TYPE_CHECKING:
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

FORMAT = "gaussmix-model"
FORMAT_VERSION = 1
LARGEST_FILE = 4 << 30
"""Bytes. A mixture that needs more could not be read into memory as text."""
LARGEST_COUNT = 1 << 53
"""No data set has more rows, no fit more iterations."""
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
}
_RESULTS = {
    "converged": (bool,),
    "n_iter": (int,),
    "mean_log_likelihood": (float, int),
    "log_likelihood": (float, int),
    "n_samples": (int,),
    "repaired_components": (list,),
    "stability": (dict,),
}


def save_model(mixture: GaussianMixture, path: str | os.PathLike[str]) -> None:
    """Write a fitted mixture to a file; see `GaussianMixture.save`."""
    import gaussmix

    check_is_fitted(mixture)
    parameters = mixture._parameters()
    names = getattr(mixture, "feature_names_in_", None)
    seed = mixture.random_state
    document: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
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
        | {"noise": mixture.noise, "n_factors": mixture.n_factors}
        | {"prior": mixture.prior.as_dict() if isinstance(mixture.prior, ConjugatePrior) else mixture.prior}
        | ({"moves": mixture.moves} if mixture.moves is None or isinstance(mixture.moves, str) else {}),
        "result": {
            "converged": bool(mixture.converged_),
            "n_iter": int(mixture.n_iter_),
            "mean_log_likelihood": _number(getattr(mixture, "lower_bound_", None)),
            "log_likelihood": _number(getattr(mixture, "log_likelihood_", None)),
            "n_samples": getattr(mixture, "n_samples_", None),
            "repaired_components": list(mixture.repaired_components_),
            "stability": _stability_entry(getattr(mixture, "stability_", None)),
        },
        "noise": _noise_entry(mixture),
        "n_factors": getattr(mixture, "n_factors_", None),
        "noise_variances": _array_entry(getattr(mixture, "noise_variances_", None)),
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
    return _mixture_from(_read(path), path)


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON document of a model file."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ModelFileError(f"{path}: {size} bytes are too many for a model file")
        document = json.loads(path.read_bytes(), parse_constant=_reject_constant)
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such model file") from None
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, RecursionError):
        raise ModelFileError(f"{path}: not a gaussmix model file") from None
    except json.JSONDecodeError as error:
        raise ModelFileError(
            f"{path}: damaged or not a gaussmix model file: line {error.lineno}, column {error.colno}: "
            f"{error.msg}. Save the model again."
        ) from None
    except ValueError as error:  # from parse_constant, or a number of thousands of digits
        raise ModelFileError(f"{path}: damaged model file: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelFileError(f"{path}: not a gaussmix model file (it does not say format: {FORMAT})")
    version = document.get("format_version")
    if not _is_integer(version) or version < 1:
        raise ModelFileError(f"{path}: damaged model file: format_version is {_shown(version)}")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path}: written by a newer version ({_shown(document.get('written_by'))}, format {version}; "
            f"this one reads up to {FORMAT_VERSION}). Upgrade gaussmix to read it."
        )
    return document


def _mixture_from(document: dict[str, Any], path: Path) -> GaussianMixture:
    """Return the mixture of a JSON document."""
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

    covariance_type = document.get("covariance_type")
    if not isinstance(covariance_type, str) or covariance_type not in FAMILIES:
        raise ModelFileError(f"{path}: unknown covariance_type {_shown(covariance_type)}")
    n_components, n_features = (_count(document, name, path) for name in ("n_components", "n_features"))
    shape = FAMILIES[covariance_type].representation.shape(n_components, n_features)
    names = document.get("feature_names")
    if names is not None and not _are_names(names, n_features):
        raise ModelFileError(
            f"{path}: damaged model file: feature_names are not {n_features} different texts"
        )
    weights = _array(document, "weights", (n_components,), path)
    means = _array(document, "means", (n_components, n_features), path)
    noise = _noise(document.get("noise"), n_features, path)
    covariances = _array(document, "covariances", shape, path)
    variances = FAMILIES[covariance_type].representation.variances(covariances, n_components, n_features)
    if variances.max() > LARGEST_VARIANCE or abs(variances).min() < 1.0 / LARGEST_VARIANCE:
        raise ModelFileError(f"{path}: damaged model file: covariances leave the range of double precision")
    try:
        mixture = GaussianMixture.from_parameters(
            weights if noise is None else _shares_beside(noise, weights, path),
            means,
            covariances,
            covariance_type=covariance_type,
            feature_names=names,
        )
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"{path}: damaged model file: {error}") from None
    _restore_factors(mixture, document, shape, path)
    if noise is not None:
        mixture.weights_, mixture.noise_ = weights.astype(mixture.means_.dtype), noise
    _name_components(mixture, document.get("component_names"), path)
    settings = _checked_section(document, "settings", _SETTINGS, path)
    mixture.set_params(**{name: value for name, value in settings.items() if value is not None})
    if "moves" in document.get("settings", {}):
        moves = document["settings"]["moves"]
        if moves not in ("auto", None):
            raise ModelFileError(f"{path}: damaged model file: settings.moves is {_shown(moves)}")
        mixture.set_params(moves=moves)
    _restore_number_of_factors(mixture, document, path)
    mixture.set_params(prior=_prior(document.get("settings", {}).get("prior"), n_features, path))
    filled = document.get("settings", {}).get("noise", False)
    if not isinstance(filled, bool | int | float):
        raise ModelFileError(f"{path}: damaged model file: settings.noise is {_shown(filled)}")
    mixture.set_params(noise=filled)
    seed = document.get("settings", {}).get("random_state")
    if _is_integer(seed) and 0 <= seed < 2**32:
        mixture.set_params(random_state=seed)
    try:
        mixture._validate_params()
    except ValueError as error:
        raise ModelFileError(f"{path}: damaged model file: {error}") from None
    result = _checked_section(document, "result", _RESULTS, path)
    for name, least in (("n_iter", 0), ("n_samples", 1)):
        if result[name] is not None and not least <= result[name] <= LARGEST_COUNT:
            raise ModelFileError(f"{path}: damaged model file: result.{name} is {_shown(result[name])}")
    mixture.converged_ = result["converged"] is not False
    mixture.n_iter_ = result["n_iter"] or 0
    repaired = result.get("repaired_components") or []
    if not all(_is_integer(k) and 0 <= k < n_components for k in repaired):
        raise ModelFileError(f"{path}: damaged model file: repaired_components")
    mixture.repaired_components_ = tuple(repaired)
    mixture.stability_ = _stability(result["stability"], path)
    for name, attribute in (
        ("mean_log_likelihood", "lower_bound_"),
        ("log_likelihood", "log_likelihood_"),
        ("n_samples", "n_samples_"),
    ):
        if result.get(name) is not None:
            setattr(mixture, attribute, result[name])
    return mixture


def _array_entry(array: np.ndarray | None) -> list[Any] | None:
    """Return an array as JSON can hold it."""
    return None if array is None else np.asarray(array, dtype=np.float64).tolist()


def _restore_number_of_factors(mixture: GaussianMixture, document: dict[str, Any], path: Path) -> None:
    """Set what only low-rank families have to what the file says."""
    n_components, n_features = mixture.means_.shape
    wanted = document.get("settings", {}).get("n_factors", "auto")
    if wanted != "auto" and not (_is_integer(wanted) and wanted >= 1):
        raise ModelFileError(f"{path}: damaged model file: settings.n_factors is {_shown(wanted)}")
    mixture.set_params(n_factors=wanted)
    number = document.get("n_factors")
    if number is None or not isinstance(FAMILIES[mixture.covariance_type], LowRankFamily):
        return
    if not _is_integer(number) or not 1 <= number <= n_features:
        raise ModelFileError(f"{path}: damaged model file: n_factors is {_shown(number)}")
    mixture.n_factors_ = number
    if document.get("noise_variances") is not None:
        noise = _array(document, "noise_variances", (n_components, n_features), path)
        if not (noise > 0).all():
            raise ModelFileError(f"{path}: damaged model file: noise_variances are not positive")
        covariances = np.asarray(mixture.covariances_, dtype=np.float64)
        mixture.noise_variances_, mixture.loadings_ = noise, loadings_of(covariances, noise, number)


def _noise_entry(mixture: GaussianMixture) -> dict[str, Any] | None:
    """Return the noise as JSON can hold it."""
    noise = getattr(mixture, "noise_", None)
    return None if noise is None else dataclasses.asdict(noise)


def _noise(entry: Any, n_features: int, path: Path) -> UniformNoise | None:
    """Return the noise that a file describes; older files say nothing."""
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise ModelFileError(f"{path}: damaged model file: noise is {_shown(entry)}")
    weight, volume = (float(_array(entry, name, (), path)) for name in ("weight", "log_volume"))
    lower, upper = (_array(entry, name, (n_features,), path) for name in ("lower", "upper"))
    if not 0.0 <= weight <= 1.0 or not (lower <= upper).all():
        raise ModelFileError(f"{path}: damaged model file: noise is {_shown(entry)}")
    return UniformNoise(weight, volume, lower, upper)


def _shares_beside(noise: UniformNoise, weights: np.ndarray, path: Path) -> np.ndarray:
    """Return the weights of components as shares of what noise leaves them."""
    total = float(weights.sum())
    if abs(total + noise.weight - 1.0) > WEIGHTS_TOLERANCE:
        raise ModelFileError(
            f"{path}: damaged model file: weights and that of noise sum to {total + noise.weight:.9g}, "
            "not to 1"
        )
    # Over their own sum: over one less that of noise, rounding could bring a share above one.
    return weights / total if total > 0.0 else np.full(len(weights), 1.0 / len(weights))


def _prior(entry: Any, n_features: int, path: Path) -> str | ConjugatePrior | None:
    """Return the prior that a file names or describes; names are checked with the other settings."""
    if entry is None or isinstance(entry, str):
        return entry
    if not isinstance(entry, dict):
        raise ModelFileError(f"{path}: damaged model file: settings.prior is {_shown(entry)}")
    shapes: dict[str, list[tuple[int, ...]]] = {
        "shrinkage": [()],
        "mean": [(n_features,)],
        "dof": [()],
        "scale": [(), (n_features,), (n_features, n_features)],
    }
    checked: dict[str, Any] = {}
    for name, possible in shapes.items():
        value = entry.get(name)
        if value is None:
            continue
        depth = 0 if not isinstance(value, list) else 2 if value and isinstance(value[0], list) else 1
        shape = next((one for one in possible if len(one) == depth), possible[0])
        checked[name] = _array({name: value}, name, shape, path).tolist()
    try:
        return ConjugatePrior(**checked)
    except ValueError as error:
        raise ModelFileError(f"{path}: damaged model file: settings.prior: {error}") from None


def _are_names(names: Any, n_features: int) -> TypeGuard[list[str]]:
    """Return whether these are different texts that can be written to files, one a feature."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return False
    has_lone_surrogate = any("\ud800" <= character <= "\udfff" for name in names for character in name)
    return len(set(names)) == len(names) == n_features and not has_lone_surrogate


def _name_components(mixture: GaussianMixture, names: Any, path: Path) -> None:
    """Set the names of the components to what the file says; older files say nothing."""
    if names is not None and not isinstance(names, list):
        raise ModelFileError(f"{path}: damaged model file: component_names is {_shown(names)}")
    try:
        mixture.component_names_ = names
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: damaged model file: component_names: {error}") from None


def _restore_factors(
    mixture: GaussianMixture, document: dict[str, Any], shape: tuple[int, ...], path: Path
) -> None:
    """Set the Cholesky factors and the precision of the attributes to what the file says."""
    precision = document.get("precision")
    if precision not in ("float64", "float32"):
        raise ModelFileError(f"{path}: damaged model file: precision is {_shown(precision)}")
    cholesky = _array(document, "precisions_cholesky", shape, path)
    family = FAMILIES[mixture.covariance_type]
    diagonals = family.representation.variances(cholesky, *mixture.means_.shape)
    is_matrix = isinstance(family.representation, MatrixRepresentation)
    if not (diagonals > 0).all() or (is_matrix and np.tril(cholesky, -1).any()):
        raise ModelFileError(
            f"{path}: damaged model file: precisions_cholesky is not upper triangular with positive diagonal"
        )
    factor = family.representation.transpose(cholesky)
    parameters = MixtureParameters(family, mixture.weights_, mixture.means_, mixture.covariances_, factor)
    mixture._publish(parameters, np.dtype(precision))


def _array(document: dict[str, Any], name: str, shape: tuple[int, ...], path: Path) -> np.ndarray:
    """Return an array of finite numbers, checked to have exactly the given shape before it is built."""

    def check(value: Any, lengths: tuple[int, ...]) -> None:
        if not lengths:
            if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
                raise ModelFileError(f"{path}: damaged model file: {name} holds {_shown(value)}")
            return
        if not isinstance(value, list) or len(value) != lengths[0]:
            raise ModelFileError(
                f"{path}: damaged model file: {name} should have the shape of {shape}. Save the model again."
            )
        for part in value:
            check(part, lengths[1:])

    check(document.get(name), shape)
    return np.asarray(document[name], dtype=np.float64)


def _checked_section(
    document: dict[str, Any], section: str, types: Mapping[str, tuple[type, ...]], path: Path
) -> dict[str, Any]:
    """Return a section's known entries, checked to be of the right types; absent or null ones as None."""
    entries = document.get(section, {})
    if not isinstance(entries, dict):
        raise ModelFileError(f"{path}: damaged model file: {section} is not an object")
    checked = {}
    for name, allowed in types.items():
        value = entries.get(name)
        wrong_boolean = isinstance(value, bool) and bool not in allowed
        infinite = isinstance(value, int | float) and not _is_finite(value)
        if value is not None and (wrong_boolean or infinite or not isinstance(value, allowed)):
            raise ModelFileError(f"{path}: damaged model file: {section}.{name} is {_shown(value)}")
        checked[name] = value
    return checked


def _stability_entry(stability: Stability | None) -> dict[str, Any] | None:
    """Return how the starts compared as JSON can hold it: a gap of null means no other optimum."""
    if stability is None:
        return None
    return dataclasses.asdict(stability) | {"gap": _number(stability.gap)}


def _stability(entry: dict[str, Any] | None, path: Path) -> Stability | None:
    """Return how the starts compared; None where a file does not say, as older ones do not."""
    if entry is None:
        return None

    def damaged(name: str) -> ModelFileError:
        value = _shown(entry.get(name))
        return ModelFileError(f"{path}: damaged model file: result.stability.{name} is {value}")

    def count(name: str, most: int = LARGEST_COUNT) -> int:
        value = entry.get(name)
        if not _is_integer(value) or not 0 <= value <= most:
            raise damaged(name)
        return value

    gap = entry.get("gap")
    if gap is None:
        gap = math.inf
    elif isinstance(gap, bool) or not isinstance(gap, int | float) or not _is_finite(gap) or gap < 0:
        raise damaged("gap")
    n_starts = count("n_starts")
    return Stability(n_starts, count("n_agreeing", n_starts), float(gap), count("n_moves"), count("n_spikes"))


def _count(document: dict[str, Any], name: str, path: Path) -> int:
    """Return a positive whole number."""
    value = document.get(name)
    if not _is_integer(value) or value < 1:
        raise ModelFileError(f"{path}: damaged model file: {name} is {_shown(value)}")
    return value


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a double
        return False


def _number(value: float | None) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """Return NumPy numbers, which users may pass as settings, as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot write {type(value).__name__} to a model file")


def _reject_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which no model has")


def _shown(value: Any) -> str:
    """Return a value from a file for an error message: short, without control characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
