"""Mixture distributions as readable JSON. Reading it never runs code from it."""

from __future__ import annotations

import json
import math
from typing import Any, Self

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.distribution.mixture import Mixture
from gaussmix.exceptions import ModelFileError

FORMAT = "gaussmix-distribution"
FORMAT_VERSION = 1
LARGEST_TEXT = 1 << 30
"""Characters. A text that is longer would take tens of gigabytes to read."""


class WithJson(Mixture):
    """A mixture that can be written as JSON and read again."""

    def to_json(self) -> str:
        """Return the distribution as JSON text, from which `from_json` makes the same one, bit for bit.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([1.0], [0.0], [1.0], ["height"])
        >>> MixtureDistribution.from_json(distribution.to_json()) == distribution
        True
        """
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "n_components": self.n_components,
            "n_features": self.n_features,
            "feature_names": None if self.feature_names is None else list(self.feature_names),
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }
        return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the distribution that `to_json` wrote; everything is checked before it is used.

        Parameters
        ----------
        text : str or bytes

        Returns
        -------
        MixtureDistribution

        Raises
        ------
        gaussmix.ModelFileError
            If the text is not that of a distribution, is damaged, or was written by a newer version.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution.from_json("[1, 2]")
        Traceback (most recent call last):
            ...
        gaussmix.exceptions.ModelFileError: not a mixture distribution
        """
        document = _document(text)
        n_components, n_features = (_count(document, name) for name in ("n_components", "n_features"))
        names = document.get("feature_names")
        if names is not None and not (isinstance(names, list) and all(isinstance(n, str) for n in names)):
            raise ModelFileError("damaged distribution: feature_names are not texts")
        weights = _array(document, "weights", (n_components,))
        means = _array(document, "means", (n_components, n_features))
        covariances = _array(document, "covariances", (n_components, n_features, n_features))
        try:
            return cls(weights, means, covariances, names)
        except ValueError as error:
            raise ModelFileError(f"damaged distribution: {error}") from None


def _document(text: str | bytes) -> dict[str, Any]:
    """Return the JSON document of a distribution."""
    if not isinstance(text, str | bytes):
        raise ModelFileError(f"a text is needed, not {type(text).__name__}")
    if len(text) > LARGEST_TEXT:
        raise ModelFileError(f"{len(text)} characters are too many for a distribution")
    try:
        document = json.loads(text, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise ModelFileError(
            f"damaged or not a mixture distribution: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise ModelFileError("not a mixture distribution") from None
    except ValueError as error:  # from parse_constant, or a number of thousands of digits
        raise ModelFileError(f"damaged distribution: {error}") from None
    if not isinstance(document, dict):
        raise ModelFileError("not a mixture distribution")
    if document.get("format") != FORMAT:
        raise ModelFileError(f"not a mixture distribution (it does not say format: {FORMAT})")
    version = document.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ModelFileError(f"damaged distribution: format_version is {_shown(version)}")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"written by a newer version (format {_shown(version)}; this one reads up to {FORMAT_VERSION}). "
            "Upgrade gaussmix to read it."
        )
    return document


def _count(document: dict[str, Any], name: str) -> int:
    """Return a positive whole number."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelFileError(f"damaged distribution: {name} is {_shown(value)}")
    return value


def _array(document: dict[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    """Return an array of finite numbers, checked to have exactly the given shape before it is built."""

    def check(value: Any, lengths: tuple[int, ...]) -> None:
        if not lengths:
            if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
                raise ModelFileError(f"damaged distribution: {name} holds {_shown(value)}")
            return
        if not isinstance(value, list) or len(value) != lengths[0]:
            raise ModelFileError(f"damaged distribution: {name} should have the shape {_shown(shape)}")
        for part in value:
            check(part, lengths[1:])

    check(document.get(name), shape)
    return np.asarray(document[name], dtype=np.float64)


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a double
        return False


def _reject_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which no distribution has")


def _shown(value: Any) -> str:
    """Return a value from a file for an error message: short, without control characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
