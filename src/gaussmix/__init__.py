"""Gaussian mixture models: clustering, density estimation and anomaly detection.

>>> from gaussmix import GaussianMixture
>>> X = [[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]]
>>> mixture = GaussianMixture(n_components=2, random_state=0).fit(X)
>>> mixture.predict([[0.0, 0.0], [12.0, 3.0]])
array([0, 1])
"""

from __future__ import annotations

import importlib
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaussmix.estimators import AutoGaussianMixture, GaussianMixture, load_model
    from gaussmix.exceptions import (
        DataError,
        DegenerateComponentWarning,
        DegenerateCovarianceError,
        GaussmixError,
        ModelFileError,
    )

# Names are looked up when first used: `gaussmix --help` must not wait for NumPy and scikit-learn.
_HOMES = {
    "AutoGaussianMixture": "gaussmix.estimators",
    "GaussianMixture": "gaussmix.estimators",
    "load_model": "gaussmix.estimators",
    "DataError": "gaussmix.exceptions",
    "DegenerateComponentWarning": "gaussmix.exceptions",
    "DegenerateCovarianceError": "gaussmix.exceptions",
    "GaussmixError": "gaussmix.exceptions",
    "ModelFileError": "gaussmix.exceptions",
}

__all__ = [
    "AutoGaussianMixture",
    "DataError",
    "DegenerateComponentWarning",
    "DegenerateCovarianceError",
    "GaussianMixture",
    "GaussmixError",
    "ModelFileError",
    "load_model",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name == "__version__":
        return _version("gaussmix")
    if name not in _HOMES:
        raise AttributeError(f"module 'gaussmix' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
