"""`plot_mixture` writes a good picture of anything, and nothing else changes."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from gaussmix import GaussianMixture
from gaussmix.plot import plot_mixture
from gaussmix.plot.picture import draw_map, draw_pairs
from gaussmix.plot.style import DARK

HOSTILE_NAMES = [
    "$\\frac{",
    "$x_1$ & %",
    "<script>alert(1)</script>",
    "",
    "\x1b[31m\x00\n",
    "名前",
    "a" * 10_000,
    "\\unknown{",
    "_",
    "#",
]


@pytest.mark.parametrize("n_features", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("n_components", [1, 3, 50])
def test_any_shape_gives_a_png(tmp_path, n_components, n_features, random_model):
    model, X = random_model(n_components, n_features)
    path = tmp_path / "mixture.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_mixture(model, X, path)
    picture = plt.imread(path)
    assert picture.shape[0] > 500
    assert picture.shape[1] > 500
    assert picture.std() > 0.01
    assert [file.name for file in tmp_path.iterdir()] == ["mixture.png"]


@pytest.mark.parametrize("n_features", [1, 2, 10])
def test_hostile_names_are_drawn_as_text(tmp_path, n_features, random_model):
    model, X = random_model(3, n_features)
    for offset in range(len(HOSTILE_NAMES)):
        names = [HOSTILE_NAMES[(offset + d) % len(HOSTILE_NAMES)] for d in range(n_features)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            plot_mixture(model, X, tmp_path / "mixture.png", names)
        if n_features == 10:
            break


@pytest.mark.parametrize("n_features", [1, 2, 3])
@pytest.mark.parametrize(("scale", "shift"), [(1e-150, 0.0), (1e150, 0.0), (1.0, 1e8), (1e-3, 1e12)])
def test_extreme_units_are_drawn(tmp_path, n_features, scale, shift, random_model):
    model, X = random_model(3, n_features)
    moved = GaussianMixture.from_parameters(
        model.weights_,
        (model.means_ + shift) * scale,
        model.covariances_ * scale * scale,
        covariance_type="spherical",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_mixture(moved, (X + shift) * scale, tmp_path / "mixture.png")
    assert plt.imread(tmp_path / "mixture.png").std() > 0.01


@pytest.mark.parametrize("value", [0.0, 7.0, 1e8])
@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_constant_features_are_drawn(tmp_path, value, n_features, random_model):
    _, X = random_model(2, n_features)
    X[:, 0] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(2, random_state=0).fit(X)
        warnings.simplefilter("error")
        plot_mixture(model, X, tmp_path / "mixture.png")
    assert plt.imread(tmp_path / "mixture.png").std() > 0.01


def test_the_users_matplotlib_stays_as_it_was(tmp_path, iris_model, iris):
    mine = plt.figure()
    before = plt.get_fignums()
    settings = dict(mpl.rcParams)
    backend = mpl.get_backend()
    plot_mixture(iris_model, iris, tmp_path / "mixture.png")
    assert dict(mpl.rcParams) == settings
    assert mpl.get_backend() == backend
    assert plt.get_fignums() == before
    assert plt.gcf() is mine
    assert not mine.axes
    plt.close(mine)


def test_the_same_data_give_the_same_bytes(tmp_path, iris_model, iris):
    for name in ("first.png", "second.png"):
        plot_mixture(iris_model, iris, tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_nothing_is_left_where_the_picture_cannot_be_written(tmp_path, iris_model, iris):
    with pytest.raises(FileNotFoundError):
        plot_mixture(iris_model, iris, tmp_path / "missing" / "mixture.png")
    assert not list(tmp_path.iterdir())


def test_a_dark_picture_is_dark(tmp_path, iris_model, iris):
    plot_mixture(iris_model, iris, tmp_path / "light.png")
    plot_mixture(iris_model, iris, tmp_path / "dark.png", theme=DARK)
    assert plt.imread(tmp_path / "light.png")[..., :3].mean() > 0.8
    assert plt.imread(tmp_path / "dark.png")[..., :3].mean() < 0.3


def test_pictures_say_in_words_what_they_show(iris_model, iris):
    assert "petal length (cm) and petal width (cm)" in draw_map(iris_model, iris).description
    assert "every pair of 4 features" in draw_pairs(iris_model, iris).description
    assert "two of 4 features" in draw_map(iris_model, iris).note
