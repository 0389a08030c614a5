"""Centres across features: in units of the mixture's spread, and in the data's own."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.plot import ParallelCoordinatesDisplay, ProfileDisplay
from gaussmix.plot.parallel_coordinates import mixture_moments


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical"])
def test_moments_are_those_of_a_large_sample(iris, family):
    model = GaussianMixture(3, covariance_type=family, random_state=0).fit(iris)
    X, _ = model.sample(300_000, random_state=0)
    center, spread = mixture_moments(model)
    np.testing.assert_allclose(center, X.mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(spread, X.std(axis=0), rtol=0.01)


def test_lines_are_rows_and_centres_in_units_of_spread(iris_model, iris, ax):
    display = ParallelCoordinatesDisplay.from_estimator(iris_model, iris, ax=ax)
    center, spread = mixture_moments(iris_model)
    lines = np.array(display.row_lines_.get_segments())
    np.testing.assert_allclose(lines[:, :, 1], (iris.to_numpy() - center) / spread)
    np.testing.assert_allclose(lines[:, :, 0], np.tile(np.arange(4), (150, 1)))
    for k, line in enumerate(display.center_lines_):
        np.testing.assert_allclose(line.get_ydata(), (iris_model.means_[k] - center) / spread)
    assert [text.get_text() for text in ax.get_xticklabels()] == list(iris.columns)


def test_bands_are_one_standard_deviation(iris_model, iris, ax):
    display = ParallelCoordinatesDisplay.from_estimator(iris_model, iris, ax=ax)
    _, spread = mixture_moments(iris_model)
    assert len(display.bands_) == 3
    for k, band in enumerate(display.bands_):
        vertices = band.get_paths()[0].vertices
        width = [np.ptp(vertices[vertices[:, 0] == d, 1]) for d in range(4)]
        deviations = np.sqrt(np.diagonal(iris_model.covariances_[k]))
        np.testing.assert_allclose(width, 2 * deviations / spread)


def test_many_components_have_no_bands_and_the_caption_does_not_speak_of_them(random_model, ax):
    model, X = random_model(6, 3)
    display = ParallelCoordinatesDisplay.from_estimator(model, X, max_rows=50, ax=ax)
    assert display.bands_ == []
    assert "band" not in display.note
    assert "a random sample of 50 of the 400 rows" in display.note


@pytest.mark.parametrize("display_class", [ParallelCoordinatesDisplay, ProfileDisplay])
def test_features_are_those_asked_for_in_their_order(display_class, iris_model, iris, ax):
    display = display_class.from_estimator(iris_model, iris, features=["petal width (cm)", 0], ax=ax)
    assert display.feature_names == ("petal width (cm)", "sepal length (cm)")
    np.testing.assert_array_equal(display.means, iris_model.means_[:, [3, 0]])
    assert "Shown are 2 of 4 features." in display.note
    with pytest.raises(ValueError, match="no feature 'height'"):
        display_class.from_estimator(iris_model, iris, features=["height"], ax=ax)
    with pytest.raises(ValueError, match="at least one"):
        display_class.from_estimator(iris_model, iris, features=[], ax=ax)


def test_of_many_features_the_most_telling_are_shown(ax):
    means = np.zeros((2, 60))
    means[1, 40] = 9.0
    model = GaussianMixture.from_parameters([0.5, 0.5], means, [1.0, 1.0], covariance_type="spherical")
    display = ParallelCoordinatesDisplay.from_estimator(model, model.sample(50, random_state=0)[0], ax=ax)
    assert len(display.feature_names) == 20
    assert "x40" in display.feature_names
    assert len(ProfileDisplay.from_estimator(model, ax=ax).feature_names) == 30


def test_a_profile_has_colours_in_spreads_and_numbers_in_units(ax):
    model = GaussianMixture.from_parameters(
        [0.25, 0.75],
        [[1500.0, 0.5], [1900.0, 0.1]],
        [[10_000.0, 0.01], [40_000.0, 0.01]],
        covariance_type="diag",
        feature_names=["income", "rate"],
    )
    display = ProfileDisplay.from_estimator(model, ax=ax)
    center = np.array([1800.0, 0.2])
    spread = np.sqrt(
        [0.25 * (10_000 + 300**2) + 0.75 * (40_000 + 100**2), 0.25 * (0.01 + 0.09) + 0.75 * (0.01 + 0.01)]
    )
    np.testing.assert_allclose(display.image_.get_array(), ((model.means_ - center) / spread).T)
    assert [text.get_text() for text in display.values_] == ["1,500", "1,900", "0.50", "0.10"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["income", "rate"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["component 0\n25%", "component 1\n75%"]
    low, high = display.image_.get_clim()
    assert low == -high


def test_a_profile_of_many_components_has_no_numbers_and_says_so(random_model, ax):
    model, _ = random_model(20, 4)
    display = ProfileDisplay.from_estimator(model, ax=ax)
    assert display.image_.get_array().shape == (4, 20)
    assert display.values_ == []
    assert "Numbers" not in display.note


def test_a_profile_is_coloured_as_the_tables_of_the_report_are(ax):
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], covariance_type="spherical"
    )
    image = ProfileDisplay.from_estimator(model, ax=ax).image_
    below, above = image.to_rgba(image.get_array())[0, :, :3]
    assert below[2] > below[0]  # blue
    assert above[0] > above[2]  # orange
