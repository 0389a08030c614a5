"""The animation shows what EM did, iteration by iteration."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from gaussmix import GaussianMixture
from gaussmix.plot import EMAnimationDisplay, EMHistory


@pytest.fixture(scope="module")
def separated():
    true = GaussianMixture.from_parameters(
        [0.5, 0.3, 0.2], [[0, 0], [6, 0], [3, 5]], [1.0, 1.0, 0.5], covariance_type="spherical"
    )
    X = true.sample(300, random_state=0)[0]
    return GaussianMixture(3, random_state=0).fit(X), X


def test_frames_are_plain_steps_of_em_from_a_start(separated, ax):
    model, X = separated
    display = EMAnimationDisplay.from_estimator(model, X, max_iter=6, random_state=3, ax=ax)
    assert display.iterations == (0, 1, 2, 3, 4, 5, 6)
    assert display.means.shape == (7, 3, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same = GaussianMixture(
            3, init_params="random_from_data", random_state=3, max_iter=6, moves=None, accelerate=False, tol=0
        ).fit(X)
    np.testing.assert_allclose(display.means[-1], same.means_, rtol=1e-9)
    np.testing.assert_allclose(display.log_likelihoods[1:], same.lower_bounds_, rtol=1e-9)
    assert np.all(np.diff(display.log_likelihoods) > 0)


def test_each_frame_shows_its_iteration(separated, ax):
    model, X = separated
    display = EMAnimationDisplay.from_estimator(model, X, max_iter=6, ax=ax)
    for frame in (0, 3, 6):
        display.plot(Figure().subplots(), frame=frame)
        segments = display.ellipses_.get_segments()
        assert len(segments) == 6
        np.testing.assert_allclose(
            [segments[2 * k][:-1].mean(axis=0) for k in range(3)], display.means[frame], atol=1e-9
        )
        np.testing.assert_allclose([t.get_position() for t in display.numbers_], display.means[frame])
        assert display.counter_.get_text().startswith(f"iteration {frame}\n")
        assert f"{display.log_likelihoods[frame]:.4f}" in display.counter_.get_text()


def test_a_fit_that_was_watched_is_shown_as_it_was(separated, ax):
    pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
    _, X = separated
    history = EMHistory()
    model = GaussianMixture(3, n_init=2, random_state=0).set_callbacks(history).fit(X)
    assert len(history.runs) == 2
    display = EMAnimationDisplay.from_estimator(model, X, history=history, ax=ax)
    assert display.iterations == tuple(range(1, model.n_iter_ + 1))
    np.testing.assert_array_equal(display.means[-1], model.means_)
    np.testing.assert_allclose(display.log_likelihoods, model.lower_bounds_, rtol=1e-9)
    with pytest.raises(ValueError, match="no run that ended in this model"):
        EMAnimationDisplay.from_estimator(separated[0], X, history=EMHistory(), ax=ax)


def test_a_long_run_has_forty_frames_from_first_to_last(ax):
    X = np.random.default_rng(0).normal(size=(500, 2))
    model = GaussianMixture(4, random_state=0).fit(X)
    display = EMAnimationDisplay.from_estimator(model, X, max_iter=150, ax=ax)
    assert display.iterations[0] == 0
    assert display.iterations[-1] > 40
    assert len(display.iterations) <= 40
    assert np.all(np.diff(display.iterations) > 0)


def test_an_animation_is_written_as_gif(separated, tmp_path):
    model, X = separated
    display = EMAnimationDisplay.from_estimator(model, X, max_iter=4, ax=Figure(figsize=(3, 2.5)).subplots())
    path = tmp_path / "em.gif"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display.save(path, dpi=50)
    with Image.open(path) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames >= 5
        assert picture.size == (150, 125)


def test_the_caption_compares_the_run_with_the_fit(separated, ax):
    model, X = separated
    display = EMAnimationDisplay.from_estimator(model, X, ax=ax)
    assert f"the fitted model has {model.score(X):.4f}" in display.note
    assert f"ends at a mean log-likelihood of {display.log_likelihoods[-1]:.4f}" in display.note
