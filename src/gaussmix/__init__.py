"""Gaussian mixture models: clustering, density estimation and anomaly detection.

>>> from sklearn.datasets import load_iris
>>> from gaussmix import GaussianMixture
>>> X = load_iris().data
>>> mixture = GaussianMixture(n_components=3, random_state=0).fit(X)
>>> mixture.predict(X[[0, 50, 149]])
array([0, 1, 2])
"""

from __future__ import annotations

import importlib
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaussmix.core.conjugate_prior import ConjugatePrior
    from gaussmix.distribution import MixtureDistribution
    from gaussmix.estimators import (
        AutoGaussianMixture,
        GaussianMixture,
        GaussianMixtureImputer,
        GaussianMixtureRegressor,
        HierarchicalGaussianClustering,
        MixtureDiscriminantProjection,
        load_model,
    )
    from gaussmix.exceptions import (
        DataError,
        DegenerateComponentWarning,
        DegenerateCovarianceError,
        DependentFeaturesWarning,
        GaussmixError,
        ModelFileError,
        SampleWeightWarning,
        TransformedMixtureError,
    )
    from gaussmix.inference import bootstrap, goodness_of_fit, n_components_test, standard_errors
    from gaussmix.merging import high_density_clusters, merge_components

# Names are looked up when first used: `gaussmix --help` must not wait for NumPy and scikit-learn.
_HOMES = {
    "AutoGaussianMixture": "gaussmix.estimators",
    "ConjugatePrior": "gaussmix.core.conjugate_prior",
    "GaussianMixture": "gaussmix.estimators",
    "GaussianMixtureImputer": "gaussmix.estimators",
    "GaussianMixtureRegressor": "gaussmix.estimators",
    "HierarchicalGaussianClustering": "gaussmix.estimators",
    "MixtureDiscriminantProjection": "gaussmix.estimators",
    "MixtureDistribution": "gaussmix.distribution",
    "bootstrap": "gaussmix.inference",
    "goodness_of_fit": "gaussmix.inference",
    "high_density_clusters": "gaussmix.merging",
    "load_model": "gaussmix.estimators",
    "merge_components": "gaussmix.merging",
    "n_components_test": "gaussmix.inference",
    "standard_errors": "gaussmix.inference",
    "DataError": "gaussmix.exceptions",
    "DegenerateComponentWarning": "gaussmix.exceptions",
    "DependentFeaturesWarning": "gaussmix.exceptions",
    "DegenerateCovarianceError": "gaussmix.exceptions",
    "GaussmixError": "gaussmix.exceptions",
    "ModelFileError": "gaussmix.exceptions",
    "SampleWeightWarning": "gaussmix.exceptions",
    "TransformedMixtureError": "gaussmix.exceptions",
}

__all__ = [
    "AutoGaussianMixture",
    "ConjugatePrior",
    "DataError",
    "DegenerateComponentWarning",
    "DegenerateCovarianceError",
    "DependentFeaturesWarning",
    "GaussianMixture",
    "GaussianMixtureImputer",
    "GaussianMixtureRegressor",
    "GaussmixError",
    "HierarchicalGaussianClustering",
    "MixtureDiscriminantProjection",
    "MixtureDistribution",
    "ModelFileError",
    "SampleWeightWarning",
    "TransformedMixtureError",
    "bootstrap",
    "goodness_of_fit",
    "high_density_clusters",
    "load_model",
    "merge_components",
    "n_components_test",
    "standard_errors",
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
