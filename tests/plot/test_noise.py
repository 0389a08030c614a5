"""Pictures of mixtures with noise: rows that belong to no component are grey, and the picture says so."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure

from gaussmix import GaussianMixture
from gaussmix.plot import (
    DensityDisplay,
    EMAnimationDisplay,
    MixtureDisplay,
    PairDisplay,
    ParallelCoordinatesDisplay,
    ProjectionDisplay,
    ResponsibilitiesDisplay,
)
from gaussmix.plot.style import LIGHT


@pytest.fixture(scope="module")
def noisy():
    """Two groups and 40 rows of noise; the mixture fitted to them, and which rows it takes for noise."""
    rng = np.random.default_rng(3)
    groups = [rng.normal([0, 0], 1, (200, 2)), rng.normal([9, 0], 1, (200, 2))]
    X = np.concatenate([*groups, rng.uniform(-15, 20, (40, 2))])
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    noise = model.predict(X) == -1
    assert 20 < noise.sum() < 60
    return model, X, noise


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_scatter_draws_rows_of_noise_as_grey_crosses_and_counts_them(noisy, ax):
    model, X, noise = noisy
    display = MixtureDisplay.from_estimator(model, X, ax=ax)
    np.testing.assert_array_equal(display.scatters_[-1].get_offsets(), X[noise])
    assert to_rgb(display.scatters_[-1].get_edgecolor()[0][:3]) == to_rgb(LIGHT.muted)
    assert sum(len(one.get_offsets()) for one in display.scatters_) == len(X)
    assert legend_of(ax) == ["component 0", "component 1", "noise"]
    assert f"{noise.sum()} rows of noise" in display.note


def test_pairs_and_projections_draw_rows_of_noise(noisy, ax):
    model, X, noise = noisy
    projected = ProjectionDisplay.from_estimator(model, X, ax=ax)
    assert len(projected.scatter.scatters_[-1].get_offsets()) == noise.sum()
    assert f"{noise.sum()} rows of noise" in projected.note
    pairs = PairDisplay.from_estimator(model, X, figure=Figure())
    assert len(pairs.scatters[1, 0].scatters_[-1].get_offsets()) == noise.sum()
    assert "noise" in legend_of(pairs.axes_[0, -1])
    assert f"{noise.sum()} rows of noise" in pairs.note


def test_lines_of_noise_have_the_colour_of_no_component(noisy, ax):
    model, X, noise = noisy
    display = ParallelCoordinatesDisplay.from_estimator(model, X, max_rows=len(X), ax=ax)
    colors = display.row_lines_.get_colors()[:, :3]
    np.testing.assert_array_equal((colors == to_rgb(LIGHT.muted)).all(axis=1), noise)
    assert "noise" in legend_of(ax)
    assert f"{noise.sum()} rows of noise" in display.note
    # Units are of the components alone, whose weights do not sum to one.
    weights = model.weights_ / model.weights_.sum()
    np.testing.assert_allclose(display.center, weights @ model.means_)


@pytest.mark.parametrize("kind", ["bars", "heatmap"])
def test_responsibilities_have_a_last_part_for_noise(noisy, ax, kind):
    model, X, noise = noisy
    display = ResponsibilitiesDisplay.from_estimator(model, X, ax=ax, kind=kind)
    assert display.counts.tolist() == [*np.bincount(model.predict(X)[~noise]), noise.sum()]
    np.testing.assert_allclose(display.responsibilities.sum(axis=1), 1.0)
    assert (display.responsibilities[-noise.sum() :].argmax(axis=1) == 2).all()
    assert ax.get_xticklabels()[-1].get_text() == "noise"
    assert display.title == "To which of 2 components each row belongs"
    if kind == "bars":
        assert display.bars_[-1].get_facecolor() == to_rgba(LIGHT.muted)


def test_the_course_of_em_is_shown_with_noise(noisy, ax):
    model, X, _ = noisy
    display = EMAnimationDisplay.from_estimator(model, X, max_iter=30, ax=ax)
    assert (np.diff(display.log_likelihoods) > -1e-9).all()
    assert (display.labels[-1] == -1).any()
    assert display.fitted_log_likelihood == pytest.approx(model.score(X))
    grey = (display.points_.get_facecolor()[:, :3] == to_rgb(LIGHT.muted)).all(axis=1)
    np.testing.assert_array_equal(grey, display.labels[-1] == -1)
    assert "noise" in display.note


def test_the_density_of_one_feature_sums_to_the_models_own(noisy, ax):
    _, X, _ = noisy
    model = GaussianMixture(2, noise=True, random_state=0).fit(X[:, :1])
    display = DensityDisplay.from_estimator(model, X[:, :1], ax=ax)
    x, total = display.total_line_.get_data()
    np.testing.assert_allclose(total, np.exp(model.score_samples(x[:, None])), rtol=1e-9)
    assert legend_of(ax) == ["component 0", "component 1", "noise", "all together"]
    assert display.noise_line_.get_ydata().min() > 0


def test_the_density_of_one_of_two_features_is_that_of_rows_drawn_from_the_mixture(noisy, ax):
    model, X, _ = noisy
    display = DensityDisplay.from_estimator(model, X, feature=1, ax=ax)
    x, total = display.total_line_.get_data()
    drawn = model.sample(400_000, random_state=0)[0][:, 1]
    heights, edges = np.histogram(drawn, bins=120)
    heights = heights / len(drawn) / np.diff(edges)
    middle = (edges[1:] + edges[:-1]) / 2
    inner = slice(1, -1)  # noise ends within the outermost bins
    np.testing.assert_allclose(np.interp(middle, x, total)[inner], heights[inner], rtol=0.06, atol=0.001)
    assert np.interp(12.0, x, total) == pytest.approx(heights[edges.searchsorted(12.0) - 1], rel=0.15)


def test_one_component_beside_noise_has_a_legend_and_noise_takes_part_in_pairs(noisy, ax):
    model, X, _ = noisy
    alone = GaussianMixture(1, noise=True, random_state=0).fit(X[:, :1])
    DensityDisplay.from_estimator(alone, X[:, :1], ax=ax)
    assert legend_of(ax) == ["component 0", "noise", "all together"]
    pairs = PairDisplay.from_estimator(model, X, figure=Figure())
    assert all(density.noise_line_ is not None for density in pairs.densities)
