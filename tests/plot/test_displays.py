"""Displays draw what the model says, on the axes they are given."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from gaussmix import GaussianMixture
from gaussmix.explain.components import marginal_covariances
from gaussmix.plot import DensityDisplay, MixtureDisplay, PairDisplay
from gaussmix.plot.style import LIGHT


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical"])
def test_marginal_covariances_are_those_of_a_sample(iris, family):
    model = GaussianMixture(3, covariance_type=family, random_state=0).fit(iris)
    X, labels = model.sample(300_000, random_state=0)
    found = marginal_covariances(model, [3, 1])
    for k in range(3):
        np.testing.assert_allclose(found[k], np.cov(X[labels == k][:, [3, 1]].T), rtol=0.05, atol=0.003)


def test_scatter_shows_every_row_once_under_its_component(iris_model, iris, ax):
    display = MixtureDisplay.from_estimator(iris_model, iris, features=[0, 2], ax=ax)
    labels = iris_model.predict(iris)
    for k, points in enumerate(display.scatters_):  # fewer components than markers: one each
        np.testing.assert_array_equal(points.get_offsets(), iris.to_numpy()[labels == k][:, [0, 2]])
        assert to_hex(points.get_facecolor()[0]) == LIGHT.component_color(k).lower()
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert ax.get_xlabel() == "sepal length (cm)"
    assert [text.get_text() for text in display.numbers_] == ["0", "1", "2"]


def test_scatter_has_an_ellipse_for_each_component_and_probability(iris_model, iris, ax):
    display = MixtureDisplay.from_estimator(iris_model, iris, probability=(0.3, 0.6, 0.95), ax=ax)
    assert len(display.ellipses_.get_segments()) == 9
    assert "30% and 60% and 95%" in display.note


def test_features_are_named_numbered_or_the_most_telling(iris_model, iris):
    by_name = MixtureDisplay.from_estimator(
        iris_model, iris, features=["sepal width (cm)", 3], ax=Figure().subplots()
    )
    assert by_name.feature_names == ("sepal width (cm)", "petal width (cm)")
    default = MixtureDisplay.from_estimator(iris_model, iris, ax=Figure().subplots())
    assert default.feature_names == ("petal length (cm)", "petal width (cm)")


@pytest.mark.parametrize(
    ("features", "message"),
    [(["height", 1], "no feature 'height'"), ([0, 9], "no feature 9"), ([0], "two features")],
)
def test_features_that_do_not_exist_are_refused(iris_model, iris, ax, features, message):
    with pytest.raises(ValueError, match=message):
        MixtureDisplay.from_estimator(iris_model, iris, features=features, ax=ax)


def test_one_feature_is_sent_to_the_density(ax, random_model):
    model, X = random_model(2, 1)
    with pytest.raises(ValueError, match="DensityDisplay"):
        MixtureDisplay.from_estimator(model, X, ax=ax)


def test_a_long_table_is_sampled_the_same_way_each_time(ax, random_model):
    model, _ = random_model(3, 2)
    X, _ = model.sample(20_000, random_state=1)
    first = MixtureDisplay.from_estimator(model, X, max_rows=500, ax=ax)
    second = MixtureDisplay.from_estimator(model, pd.DataFrame(X).to_numpy(), max_rows=500, ax=ax)
    assert sum(len(points.get_offsets()) for points in first.scatters_) == 500
    np.testing.assert_array_equal(first.rows.values, second.rows.values)
    assert "a random sample of 500 of the 20,000 rows" in first.note


def test_without_axes_pyplot_makes_them(iris_model, iris):
    mpl.use("Agg")
    before = plt.get_fignums()
    display = MixtureDisplay.from_estimator(iris_model, iris)
    assert set(plt.get_fignums()) - set(before)
    plt.close(display.figure_)


def test_density_is_that_of_the_model(ax):
    X = np.random.default_rng(0).normal(size=(500, 1)) * [[3.0]] + 7
    model = GaussianMixture(2, random_state=0).fit(X)
    display = DensityDisplay.from_estimator(model, X, ax=ax)
    x, total = display.total_line_.get_data()
    np.testing.assert_allclose(total, np.exp(model.score_samples(np.asarray(x)[:, None])), rtol=1e-9)
    area = np.sum((total[1:] + total[:-1]) / 2 * np.diff(x))
    assert area == pytest.approx(1, abs=0.02)
    assert (display.heights * np.diff(display.edges)).sum() == pytest.approx(1)


def test_density_of_one_of_several_features_is_its_marginal(iris_model, iris, ax):
    display = DensityDisplay.from_estimator(iris_model, iris, feature="petal width (cm)", ax=ax)
    X, _ = iris_model.sample(200_000, random_state=0)
    shares, edges = np.histogram(X[:, 3], bins=40, density=True)
    middle = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(display.component_densities(middle).sum(axis=0), shares, atol=0.06)


def test_a_row_far_out_does_not_flatten_the_histogram(ax):
    X = np.concatenate([np.random.default_rng(0).normal(size=(999, 1)), [[1e6]]])
    model = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], covariance_type="spherical")
    display = DensityDisplay.from_estimator(model, X, ax=ax)
    assert np.ptp(ax.get_xlim()) < 200
    assert display.n_outside == 1
    assert display.note == "1 row lies beyond the axes."
    assert (display.heights * np.diff(display.edges)).sum() == pytest.approx(0.999)


def test_pairs_have_scatters_below_and_densities_on_the_diagonal(iris_model, iris):
    figure = Figure()
    display = PairDisplay.from_estimator(iris_model, iris, figure=figure)
    assert display.figure_ is figure
    assert display.axes_.shape == (4, 4)
    assert set(display.scatters) == {(i, j) for i in range(4) for j in range(i)}
    for (i, j), scatter in display.scatters.items():
        assert scatter.feature_names == (iris.columns[j], iris.columns[i])
    assert not display.axes_[0, 1].axison


def test_pairs_of_many_features_are_the_most_telling_and_say_so(random_model):
    model, X = random_model(4, 12)
    display = PairDisplay.from_estimator(model, X, figure=Figure())
    assert len(display.densities) == 4
    assert "the 4 of 12 features" in display.note
    with pytest.raises(ValueError, match="2 to 5 features"):
        PairDisplay.from_estimator(model, X, features=range(6), figure=Figure())


def test_fifty_six_components_differ_in_colour_or_marker(random_model):
    model, _ = random_model(56, 2)
    X = np.repeat(model.means_, 3, axis=0)
    display = MixtureDisplay.from_estimator(model, X, ax=Figure().subplots())
    looks = {
        (tuple(color), points.get_paths()[0].vertices.tobytes())
        for points in display.scatters_
        for color in points.get_facecolor()
    }
    assert len(looks) == 56
    assert sum(len(points.get_offsets()) for points in display.scatters_) == 56 * 3


def test_weight_two_is_repetition_and_weight_zero_is_absence():
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(300, 2)), rng.integers(0, 3, 300).astype(float)
    model = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [1.0], covariance_type="spherical")
    repeated = np.repeat(X, weight.astype(int), axis=0)
    weighted = DensityDisplay.from_estimator(
        model, X, feature=0, bins=20, sample_weight=weight, ax=Figure().subplots()
    )
    expected, _ = np.histogram(repeated[:, 0], bins=weighted.edges, density=True)
    np.testing.assert_allclose(weighted.heights, expected)
    scatter = MixtureDisplay.from_estimator(model, X, sample_weight=weight, ax=Figure().subplots())
    np.testing.assert_array_equal(scatter.rows.values, X[weight > 0])
    sample = MixtureDisplay.from_estimator(
        model, X, sample_weight=weight, max_rows=50, ax=Figure().subplots()
    )
    assert len(sample.rows.values) == 50
    assert f"50 of the {np.count_nonzero(weight)} rows" in sample.note


def test_names_are_read_neither_as_formulas_nor_as_tex(iris_model, iris, ax):
    with mpl.rc_context({"text.usetex": True}):
        MixtureDisplay.from_estimator(iris_model, iris, feature_names=["a", "b", "$\\frac{", "%"], ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$\\frac{", "%")
    for label in (ax.xaxis.label, ax.yaxis.label):
        assert not label.get_usetex()
        assert not label.get_parse_math()
