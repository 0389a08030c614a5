"""A mixture fitted on standardized columns is the same mixture in the data's own units."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gaussmix import GaussianMixture
from gaussmix.data import standardize
from gaussmix.estimators.units import in_data_units


@pytest.fixture
def two_groups():
    generator = np.random.default_rng(7)
    groups = [generator.normal(size=(150, 3)), generator.normal(size=(100, 3)) * 0.5 + 3]
    mixing = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
    return np.concatenate(groups) @ mixing * [0.1, 1.0, 100.0] + [5.0, -2.0, 1e4]


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_the_mapped_model_gives_the_same_labels_and_the_densities_of_the_data(two_groups, covariance_type):
    standardized, scaling = standardize(two_groups)
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(standardized)
    mapped = in_data_units(model, scaling)
    assert mapped.covariance_type == ("diag" if covariance_type == "spherical" else covariance_type)
    assert mapped.stability_ == model.stability_ is not None
    np.testing.assert_allclose(
        mapped.predict_proba(two_groups), model.predict_proba(standardized), rtol=0, atol=1e-9
    )
    densities = sum(
        weight * multivariate_normal(mean, covariance).pdf(two_groups)
        for weight, mean, covariance in zip(mapped.weights_, mapped.means_, full(mapped), strict=True)
    )
    np.testing.assert_allclose(mapped.score_samples(two_groups), np.log(densities), rtol=1e-8)


def full(model):
    if model.covariance_type == "full":
        return model.covariances_
    if model.covariance_type == "tied":
        return [model.covariances_] * len(model.weights_)
    return [np.diag(variances) for variances in model.covariances_]


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
def test_the_mapped_model_is_the_one_fitted_without_scaling(two_groups, covariance_type):
    standardized, scaling = standardize(two_groups)
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0, tol=1e-10).fit(standardized)
    mapped = in_data_units(model, scaling)
    plain = GaussianMixture(2, covariance_type=covariance_type, random_state=0, tol=1e-10).fit(two_groups)
    order, plain_order = np.argsort(mapped.weights_), np.argsort(plain.weights_)
    np.testing.assert_allclose(mapped.means_[order], plain.means_[plain_order], rtol=1e-4)
    assert mapped.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_how_the_fit_went_is_carried_over_in_the_data_s_units(two_groups, weighted):
    weights = 1.0 + np.arange(len(two_groups)) % 3 if weighted else None
    standardized, scaling = standardize(two_groups, weights)
    model = GaussianMixture(2, random_state=0, max_iter=500, tol=1e-5).fit(
        standardized, sample_weight=weights
    )
    mapped = in_data_units(model, scaling, None if weights is None else weights.sum())
    densities = mapped.score_samples(two_groups)
    assert mapped.log_likelihood_ == pytest.approx(
        np.sum(densities if weights is None else densities * weights)
    )
    assert mapped.lower_bound_ == pytest.approx(np.average(densities, weights=weights))
    assert mapped.lower_bounds_[-1] == pytest.approx(mapped.lower_bound_)
    assert (mapped.n_iter_, mapped.converged_) == (model.n_iter_, model.converged_)
    assert mapped.get_params() == model.get_params()
