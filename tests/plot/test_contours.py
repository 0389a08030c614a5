"""Contours hold the share of the mixture that they say, in the smallest region that does."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path
from scipy.stats import chi2, multivariate_normal

from gaussmix import GaussianMixture
from gaussmix.plot import DensityContourDisplay

SHARES = (0.25, 0.5, 0.75, 0.95)


def inside(display, i, points):
    """Return which points the contour of a share encloses."""
    path = display.contours_.get_paths()[i]
    counts = sum(
        Path(polygon).contains_points(points).astype(int)
        for polygon in path.to_polygons()
        if len(polygon) > 2
    )
    return counts % 2 == 1


@pytest.fixture(scope="module")
def mixture():
    return GaussianMixture.from_parameters(
        [0.5, 0.3, 0.2],
        [[0.0, 0.0, 9.0], [6.0, 1.0, 9.0], [6.5, 1.0, 9.0]],
        [
            [[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [[4.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [[0.01, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 1.0]],
        ],
    )


def test_contours_hold_their_shares_of_a_large_sample(mixture, ax):
    X, _ = mixture.sample(60_000, random_state=0)
    display = DensityContourDisplay.from_estimator(mixture, X, features=[0, 1], ax=ax)
    for i, share in enumerate(SHARES[::-1]):
        assert inside(display, i, X[:, :2]).mean() == pytest.approx(share, abs=0.01)


def test_the_contour_of_one_gaussian_is_its_ellipse(ax):
    covariance = np.array([[4.0, 2.7], [2.7, 2.0]])
    model = GaussianMixture.from_parameters([1.0], [[3.0, -1.0]], [covariance])
    X, _ = model.sample(500, random_state=0)
    display = DensityContourDisplay.from_estimator(model, X, probability=[0.9], ax=ax)
    (curve,) = display.contours_.get_paths()[0].to_polygons()
    difference = curve - [3.0, -1.0]
    squared = np.einsum("ij,jk,ik->i", difference, np.linalg.inv(covariance), difference)
    np.testing.assert_allclose(squared, chi2.ppf(0.9, df=2), rtol=0.03)


def test_the_density_is_the_joint_marginal_one_up_to_the_units(mixture, ax):
    X, _ = mixture.sample(300, random_state=0)
    display = DensityContourDisplay.from_estimator(mixture, X, features=[0, 1], ax=ax)
    expected = sum(
        weight * multivariate_normal(mean[:2], covariance[:2, :2]).pdf(X[:, :2])
        for weight, mean, covariance in zip(
            mixture.weights_, mixture.means_, mixture.covariances_, strict=True
        )
    )
    difference = display.log_density(X[:, :2]) - np.log(expected)
    np.testing.assert_allclose(difference, difference[0], atol=1e-9)


def test_one_line_a_share_and_one_number_a_component(iris_model, iris, ax):
    display = DensityContourDisplay.from_estimator(iris_model, iris, probability=[0.9, 0.5], ax=ax)
    assert len(display.contours_.levels) == 2
    assert np.all(np.diff(display.levels_) > 0)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["50%", "90%"]
    assert [text.get_text() for text in display.numbers_] == ["0", "1", "2"]
    np.testing.assert_allclose([text.xy for text in display.numbers_], iris_model.means_[:, 2:])
    assert "50%, 90% of the mixture" in display.note


def test_a_narrow_component_has_its_own_contour(ax):
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [50.0, 50.0]], [100.0, 1e-4], covariance_type="spherical"
    )
    X, _ = model.sample(400, random_state=0)
    display = DensityContourDisplay.from_estimator(model, X, probability=[0.4], ax=ax)
    assert inside(display, 0, [[50.0, 50.0], [0.0, 0.0]]).tolist() == [True, False]


@pytest.mark.parametrize("probability", [[], [0.0], [0.5, 1.0], [90]])
def test_shares_are_between_zero_and_one(iris_model, iris, ax, probability):
    with pytest.raises(ValueError, match="between 0 and 1"):
        DensityContourDisplay.from_estimator(iris_model, iris, probability=probability, ax=ax)
