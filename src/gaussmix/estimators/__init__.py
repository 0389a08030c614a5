"""The scikit-learn face: estimators validate, delegate and store; they hold no numerics."""

from gaussmix.estimators.auto_gaussian_mixture import AutoGaussianMixture
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.model_file import load_model

__all__ = ["AutoGaussianMixture", "GaussianMixture", "load_model"]
