"""The scikit-learn face: estimators validate, delegate and store; they hold no numerics."""

from gaussmix.estimators.auto_gaussian_mixture import AutoGaussianMixture
from gaussmix.estimators.discriminant_projection import MixtureDiscriminantProjection
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.hierarchical import HierarchicalGaussianClustering
from gaussmix.estimators.imputer import GaussianMixtureImputer
from gaussmix.estimators.model_file import load_model
from gaussmix.estimators.regressor import GaussianMixtureRegressor

__all__ = [
    "AutoGaussianMixture",
    "GaussianMixture",
    "GaussianMixtureImputer",
    "GaussianMixtureRegressor",
    "HierarchicalGaussianClustering",
    "MixtureDiscriminantProjection",
    "load_model",
]
