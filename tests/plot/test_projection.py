"""A projection shows rows and components along two directions, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from gaussmix import GaussianMixture, MixtureDiscriminantProjection
from gaussmix.plot import ProjectionDisplay
from gaussmix.plot.parallel_coordinates import mixture_moments


@pytest.fixture(scope="module")
def wine():
    X = load_wine(as_frame=True).data
    return GaussianMixture(3, covariance_type="tied", random_state=0).fit(X), X


def test_principal_components_are_those_of_scikit_learn(ax):
    X = load_wine().data
    model = GaussianMixture(1, random_state=0, reg_covar=0).fit(X)
    display = ProjectionDisplay.from_estimator(model, X, projection="pca", ax=ax)
    pca = PCA(2).fit(StandardScaler().fit_transform(X))
    for ours, theirs in zip(display.directions, pca.components_, strict=True):
        np.testing.assert_allclose(ours, theirs * np.sign(theirs[np.abs(theirs).argmax()]), atol=1e-6)
    first, second = pca.explained_variance_ratio_
    assert ax.get_xlabel() == f"principal component 1 ({first:.0%} of the variance)"
    assert ax.get_ylabel() == f"principal component 2 ({second:.0%} of the variance)"


def test_discriminant_directions_are_those_of_the_transformer(ax):
    X = load_wine().data
    model = GaussianMixture(3, covariance_type="full", random_state=0, reg_covar=0).fit(X)
    display = ProjectionDisplay.from_estimator(model, X, ax=ax)
    transformer = MixtureDiscriminantProjection(model).fit(X)
    np.testing.assert_allclose(display.scatter.rows.values, transformer.transform(X), atol=1e-5)
    np.testing.assert_allclose(display.scatter.means, transformer.mixture_.means_, atol=1e-5)
    between = np.sqrt(transformer.eigenvalues_ / 2)
    assert ax.get_xlabel() == f"direction 1 ({between[0]:.0%} of the variance between components)"
    assert ax.get_ylabel() == f"direction 2 ({between[1]:.0%} of the variance between components)"


def test_two_components_have_a_second_direction_and_one_has_principal_ones(iris, ax):
    two = GaussianMixture(2, random_state=0).fit(iris)
    display = ProjectionDisplay.from_estimator(two, iris, ax=ax)
    assert display.projection == "discriminant"
    assert np.linalg.matrix_rank(display.directions) == 2
    one = GaussianMixture(1, random_state=0).fit(iris)
    assert ProjectionDisplay.from_estimator(one, iris, ax=ax).projection == "pca"


@pytest.mark.parametrize("projection", ["discriminant", "pca"])
def test_rows_and_components_are_projected_alike(wine, ax, projection):
    model, X = wine
    display = ProjectionDisplay.from_estimator(model, X, projection=projection, ax=ax)
    center, spread = mixture_moments(model)
    np.testing.assert_allclose(
        display.scatter.rows.values, (X.to_numpy() - center) / spread @ display.directions.T, atol=1e-9
    )
    sample, labels = model.sample(200_000, random_state=0)
    projected = (sample - center) / spread @ display.directions.T
    for k in range(3):
        mine = projected[labels == k]
        np.testing.assert_allclose(display.scatter.means[k], mine.mean(axis=0), atol=0.02)
        np.testing.assert_allclose(display.scatter.covariances[k], np.cov(mine.T), rtol=0.05, atol=0.02)
    assert len(display.scatter.ellipses_.get_segments()) == 6


def test_the_caption_says_of_which_features_a_direction_is_made(wine, ax):
    model, X = wine
    display = ProjectionDisplay.from_estimator(model, X, ax=ax)
    largest = np.abs(display.directions[0]).argmax()  # and positive
    assert f"The first direction is made of {X.columns[largest]} (+" in display.note
    assert "in 13 features" in display.title


def test_of_very_many_features_the_most_telling_are_projected(ax):
    means = np.zeros((2, 400))
    means[1, 350] = 9.0
    model = GaussianMixture.from_parameters([0.5, 0.5], means, [1.0, 1.0], covariance_type="spherical")
    X = model.sample(60, random_state=0)[0]
    display = ProjectionDisplay.from_estimator(model, X, ax=ax)
    assert display.directions.shape == (2, 300)
    assert "the 300 of 400 features that tell most" in display.note


def test_there_are_two_projections(iris_model, iris, ax):
    with pytest.raises(ValueError, match="'discriminant' or 'pca'"):
        ProjectionDisplay.from_estimator(iris_model, iris, projection="tsne", ax=ax)


def test_one_feature_has_no_projection(random_model, ax):
    model, X = random_model(2, 1)
    with pytest.raises(ValueError, match="DensityDisplay"):
        ProjectionDisplay.from_estimator(model, X, ax=ax)
