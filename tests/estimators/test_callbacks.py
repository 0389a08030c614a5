"""Callbacks of scikit-learn hear of a fit as they do from scikit-learn's own estimators."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gaussmix import GaussianMixture

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(300, 2)) + 2.0 * (np.arange(300) % 2)[:, None]


class Recorder:
    """Remembers tasks; stops a run after so many iterations."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.began = []
        self.ended = []
        self.scores = []
        self.life = []

    def setup(self, estimator, context):
        self.life.append("setup")

    def teardown(self, estimator, context):
        self.life.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.began.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.ended.append(context.task_name)
        self.scores.append(fitted_estimator.score(X))
        return context.task_name == "iteration" and context.task_id + 1 == self.stop_after


def test_callbacks_hear_of_the_fit_each_start_and_each_iteration(X):
    recorder = Recorder()
    mixture = GaussianMixture(2, random_state=0, n_init=2).set_callbacks(recorder).fit(X)
    assert recorder.began.count("fit") == recorder.ended.count("fit") == 1
    assert recorder.began.count("initialization") == recorder.ended.count("initialization") == 2
    assert recorder.ended.count("iteration") == recorder.began.count("iteration") >= mixture.n_iter_
    assert recorder.life == ["setup", "teardown"]


def test_callbacks_are_given_the_mixture_of_that_moment(X):
    recorder = Recorder()
    mixture = GaussianMixture(2, random_state=0).set_callbacks(recorder).fit(X)
    scores = [s for s, task in zip(recorder.scores, recorder.ended, strict=True) if task == "iteration"]
    np.testing.assert_allclose(scores, mixture.lower_bounds_, rtol=1e-12)


def test_a_callback_can_stop_a_fit(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # being stopped is nothing to warn of
        mixture = GaussianMixture(2, random_state=0).set_callbacks(Recorder(stop_after=1)).fit(X)
    assert mixture.n_iter_ == 1
    assert not mixture.converged_


def test_callbacks_are_torn_down_when_a_fit_fails(X):
    recorder = Recorder()
    with pytest.raises(ValueError, match="ill-defined"):
        GaussianMixture(2, reg_covar=0).set_callbacks(recorder).fit(np.zeros((20, 2)))
    assert recorder.life == ["setup", "teardown"]


def test_scikit_learns_own_callbacks_work(X, capfd):
    monitor = callback.ScoringMonitor(scoring=lambda estimator, X, y: estimator.score(X))
    mixture = GaussianMixture(2, random_state=0).set_callbacks(monitor, callback.ProgressBar()).fit(X)
    assert mixture.converged_
