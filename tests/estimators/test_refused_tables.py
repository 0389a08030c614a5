"""What cannot be used is refused with words that help: masked and missing entries, values out of range."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import (
    AutoGaussianMixture,
    GaussianMixture,
    GaussianMixtureImputer,
    GaussianMixtureRegressor,
    MixtureDistribution,
)

ROWS = np.random.default_rng(0).normal(size=(30, 2))
MASKED = np.ma.array(ROWS, mask=np.eye(30, 2, dtype=bool))


@pytest.mark.parametrize(
    "estimator",
    [GaussianMixture(), AutoGaussianMixture(), GaussianMixtureImputer(1)],
    ids=lambda one: type(one).__name__,
)
def test_masked_entries_are_not_used(estimator):
    with pytest.raises(ValueError, match=r"2 entries of X are masked.*X\.filled\(np\.nan\)"):
        estimator.fit(MASKED)
    estimator.fit(np.ma.array(ROWS, mask=False))
    with pytest.raises(ValueError, match="masked"):
        getattr(estimator, "predict", getattr(estimator, "transform", None))(MASKED)


def test_masked_inputs_of_a_regression_are_refused_and_help_as_missing_ones():
    with pytest.raises(ValueError, match="masked"):
        GaussianMixtureRegressor(1).fit(MASKED, ROWS[:, 0])
    assert GaussianMixtureRegressor(1).fit(MASKED.filled(np.nan), ROWS.sum(axis=1)).n_complete_ == 28


@pytest.mark.parametrize("estimator", [GaussianMixture(), AutoGaussianMixture()])
def test_missing_entries_are_sent_to_who_can_use_them(estimator):
    with pytest.raises(ValueError, match="contains NaN") as caught:
        estimator.fit(MASKED.filled(np.nan))
    assert "GaussianMixtureImputer" in str(caught.value)
    assert "GaussianMixtureRegressor" in str(caught.value)
    assert "HistGradientBoosting" not in str(caught.value)


def test_the_least_and_the_greatest_weight_are_named():
    with pytest.raises(ValueError, match="the least is 2 and the greatest 3; divide them by their sum"):
        GaussianMixture.from_parameters([2, 3], [[0.0], [5.0]], [[[1.0]], [[1.0]]])


def test_a_value_out_of_range_is_named():
    regressor = GaussianMixtureRegressor(1).fit(ROWS[:, :1], ROWS[:, 1])
    assert np.isfinite(regressor.predict_interval([[1e140]])).all()
    for method in (regressor.predict, regressor.predict_interval, regressor.score_samples):
        with pytest.raises(ValueError, match=r"An input in feature 0, 1e\+300, is more than"):
            method([[0.0], [1e300]])
    distribution = MixtureDistribution([0.5, 0.5], np.eye(2), [np.eye(2), [[2.0, 1.0], [1.0, 2.0]]])
    with pytest.raises(ValueError, match=r"the value of 0, 1e\+154, is more than"):
        distribution.condition({0: 1e154})
