"""What every display promises: figures of its own are complete, axes of the caller's are only drawn on."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gaussmix import AutoGaussianMixture, GaussianMixture
from gaussmix.plot import (
    DensityContourDisplay,
    DensityDisplay,
    EMAnimationDisplay,
    MixtureDisplay,
    PairDisplay,
    ParallelCoordinatesDisplay,
    ProfileDisplay,
    ProjectionDisplay,
    ResponsibilitiesDisplay,
    SelectionDisplay,
    UncertaintyDisplay,
)
from gaussmix.plot.style import DARK

ON_AXES = [
    DensityContourDisplay,
    DensityDisplay,
    EMAnimationDisplay,
    MixtureDisplay,
    ParallelCoordinatesDisplay,
    ProfileDisplay,
    ProjectionDisplay,
    ResponsibilitiesDisplay,
    UncertaintyDisplay,
]
HOSTILE_NAMES = ["$\\frac{", "<script>alert(1)</script>", "\x1b[31m\x00\n", "a" * 10_000]


def texts(figure):
    """Return all that is written in a figure."""
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


def caption_of(figure):
    return " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize("display_class", [*ON_AXES, PairDisplay])
def test_a_figure_of_its_own_has_title_and_caption(display_class, iris_model, iris, own_figures):
    display = display_class.from_estimator(iris_model, iris)
    assert display.title in texts(display.figure_)
    assert caption_of(display.figure_) == display.note
    assert plt.gcf() is display.figure_


@pytest.mark.parametrize("display_class", ON_AXES)
def test_axes_of_the_callers_keep_their_title_and_get_no_caption(display_class, iris_model, iris, ax):
    ax.set_title("mine")
    before = plt.get_fignums()
    display = display_class.from_estimator(iris_model, iris, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert ax.get_title() == "mine"
    assert not display.figure_.get_supxlabel()
    assert plt.get_fignums() == before


@pytest.mark.parametrize("display_class", ON_AXES)
def test_a_display_is_drawn_again_elsewhere_and_the_same(display_class, iris_model, iris, ax):
    display = display_class.from_estimator(iris_model, iris, ax=ax)
    first = [type(artist).__name__ for artist in ax.get_children()]
    other = Figure(layout="constrained").subplots()
    assert display.plot(other) is display
    assert display.ax_ is other
    assert [type(artist).__name__ for artist in other.get_children()] == first
    assert other.get_xlim() == ax.get_xlim()
    assert other.get_ylim() == ax.get_ylim()


@pytest.mark.parametrize("display_class", [*ON_AXES, PairDisplay])
def test_settings_of_matplotlib_stay_as_they_were(display_class, iris_model, iris, own_figures):
    settings = dict(mpl.rcParams)
    display_class.from_estimator(iris_model, iris)
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize("display_class", [*ON_AXES, PairDisplay])
def test_a_dark_figure_is_dark_and_its_texts_are_light(display_class, iris_model, iris, own_figures):
    display = display_class.from_estimator(iris_model, iris, theme=DARK)
    assert mpl.colors.to_hex(display.figure_.get_facecolor()) == DARK.background
    ax = display.axes_[-1, 0] if display_class is PairDisplay else display.ax_
    assert mpl.colors.to_hex(ax.xaxis.label.get_color()) == DARK.text


@pytest.mark.parametrize("display_class", ON_AXES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 2), (30, 24)])
def test_any_shape_is_drawn_without_a_warning(display_class, n_components, n_features, random_model, ax):
    model, X = random_model(n_components, n_features)
    options = {"max_iter": 3} if display_class is EMAnimationDisplay else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = display_class.from_estimator(model, X, ax=ax, **options)
        display.figure_.draw_without_rendering()


@pytest.mark.parametrize("display_class", ON_AXES)
def test_hostile_names_of_columns_and_components_are_only_text(display_class, iris, own_figures):
    frame = pd.DataFrame(iris.to_numpy(), columns=HOSTILE_NAMES)
    model = GaussianMixture(4, covariance_type="tied", random_state=0).fit(frame)
    model.component_names_ = tuple(name[:100] for name in HOSTILE_NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = display_class.from_estimator(model, frame)
        display.figure_.draw_without_rendering()
    for text in display.figure_.findobj(mpl.text.Text):
        assert len(text.get_text()) < 1200
        assert not set(text.get_text()) & {"\x1b", "\x00"}


@pytest.mark.parametrize("display_class", ON_AXES)
@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_extreme_units_are_drawn(display_class, scale, random_model, own_figures):
    model, X = random_model(3, 3)
    moved = GaussianMixture.from_parameters(
        model.weights_, model.means_ * scale, model.covariances_ * scale**2, covariance_type="spherical"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display_class.from_estimator(moved, X * scale).figure_.draw_without_rendering()


@pytest.mark.parametrize("display_class", [ProfileDisplay, ParallelCoordinatesDisplay, ProjectionDisplay])
def test_a_constant_feature_is_drawn(display_class, random_model, ax):
    _, X = random_model(3, 3)
    X[:, 1] = 7.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit warns of the constant feature
        model = GaussianMixture(2, random_state=0).fit(X)
        warnings.simplefilter("error")
        display_class.from_estimator(model, X, ax=ax).figure_.draw_without_rendering()


@pytest.mark.parametrize("display_class", [MixtureDisplay, DensityContourDisplay, EMAnimationDisplay])
def test_one_feature_is_sent_to_the_density(display_class, random_model, ax):
    model, X = random_model(2, 1)
    with pytest.raises(ValueError, match="DensityDisplay"):
        display_class.from_estimator(model, X, ax=ax)


def test_component_names_stand_in_legends_and_at_centres(iris, ax):
    model = GaussianMixture(3, random_state=0).fit(iris)
    model.component_names_ = ("setosa", None, "virginica of the Gaspé peninsula")
    display = MixtureDisplay.from_estimator(model, iris, ax=ax)
    assert [text.get_text() for text in display.numbers_] == ["setosa", "1", "virgini…insula"]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["setosa", "component 1", "virginica of t…spé peninsula"]


def test_names_of_many_components_come_with_the_numbers_that_mark_them(random_model, ax):
    model, X = random_model(9, 2)
    model.component_names_ = ("first", *[None] * 8)
    display = MixtureDisplay.from_estimator(model, X, ax=ax)
    assert [text.get_text() for text in display.numbers_] == [str(k) for k in range(9)]
    assert ax.get_legend().get_texts()[0].get_text() == "0: first"


def test_of_many_components_the_density_numbers_the_peaks(random_model, ax):
    model, X = random_model(20, 1)
    display = DensityDisplay.from_estimator(model, X, ax=ax)
    assert sorted(int(text.get_text()) for text in display.numbers_) == list(range(20))
    assert ax.get_legend() is None
    (left, right), places = ax.get_xlim(), {}
    for text in display.numbers_:
        k = int(text.get_text())
        places[k] = left + text.get_position()[0] * (right - left)
        assert places[k] == pytest.approx(model.means_[k, 0])


def test_auto_models_are_drawn_like_others(iris, own_figures):
    model = AutoGaussianMixture(range(1, 4), covariance_types=["EEE", "VVV"], random_state=0).fit(iris)
    for display_class in (*ON_AXES, PairDisplay, SelectionDisplay):
        display = display_class.from_estimator(model, iris)
        assert display.figure_ is plt.gcf()
        plt.close(display.figure_)


def test_long_tables_are_sampled_and_the_caption_says_so(random_model, own_figures):
    model, _ = random_model(3, 5)
    X = np.tile(model.sample(1000, random_state=0)[0], (200, 1))
    for display_class in (MixtureDisplay, PairDisplay, DensityContourDisplay, ProjectionDisplay):
        assert "of the 200,000 rows" in display_class.from_estimator(model, X).note
        plt.close()
