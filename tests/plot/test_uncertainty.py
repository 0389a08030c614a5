"""Uncertainty is one minus the largest responsibility; unsure rows are found among any number."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.plot import UncertaintyDisplay


@pytest.fixture(scope="module")
def overlapping():
    model = GaussianMixture.from_parameters(
        [0.6, 0.3, 0.1], [[0.0, 0.0], [2.0, 0.0], [30.0, 30.0]], [1.0, 1.0, 1.0], covariance_type="spherical"
    )
    return model, model.sample(20_000, random_state=0)[0]


def test_a_map_shows_every_row_by_its_uncertainty(iris_model, iris, ax):
    display = UncertaintyDisplay.from_estimator(iris_model, iris, ax=ax)
    expected = 1.0 - iris_model.predict_proba(iris).max(axis=1)
    order = np.argsort(expected, kind="stable")
    np.testing.assert_allclose(display.points_.get_array(), expected[order], atol=1e-12)
    np.testing.assert_array_equal(display.points_.get_offsets(), iris.to_numpy()[order][:, 2:])
    sizes = display.points_.get_sizes()
    assert sizes[-1] > 2 * sizes[0]
    assert len(display.ellipses_.get_segments()) == 3
    assert f"{np.mean(expected >= 0.1):.1%} of the 150 rows" in display.note


def test_of_many_rows_the_least_sure_are_all_shown(overlapping, ax):
    model, X = overlapping
    display = UncertaintyDisplay.from_estimator(model, X, max_rows=1000, ax=ax)
    expected = np.sort(1.0 - model.predict_proba(X).max(axis=1))
    assert len(display.uncertainty) == 1000
    np.testing.assert_allclose(display.uncertainty[-200:], expected[-200:], atol=1e-12)
    assert display.uncertainty[:800].max() <= expected[-200]
    assert "the 200 least sure rows and a random sample of 800 of the others" in display.note


def test_curves_say_which_share_is_how_unsure(overlapping, ax):
    model, X = overlapping
    display = UncertaintyDisplay.from_estimator(model, X, kind="curves", ax=ax)
    uncertainty, labels = 1.0 - model.predict_proba(X).max(axis=1), model.predict(X)
    assert len(display.lines_) == 4
    for k, line in enumerate(display.lines_):
        mine = uncertainty if k == 3 else uncertainty[labels == k]
        share, curve = line.get_data()
        assert np.all(np.diff(curve) <= 0)
        for level in (0.05, 0.2, 0.4):
            found = share[curve >= level].max(initial=0.0) / 100.0
            assert found == pytest.approx(np.mean(mine >= level), abs=0.002)


def test_weights_count_rows_and_weight_zero_is_absence(overlapping, ax):
    model, X = overlapping[0], overlapping[1][:2000]
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    weighted = UncertaintyDisplay.from_estimator(model, X, sample_weight=weight, ax=ax)
    repeated = UncertaintyDisplay.from_estimator(model, np.repeat(X, weight.astype(int), axis=0), ax=ax)
    np.testing.assert_allclose(weighted.curves, repeated.curves, atol=1e-12)
    assert weighted.unsure_share == pytest.approx(repeated.unsure_share)
    assert weighted.n_rows == np.count_nonzero(weight)


def test_one_feature_is_shown_against_its_uncertainty(random_model, ax):
    model, X = random_model(3, 1)
    display = UncertaintyDisplay.from_estimator(model, X, ax=ax)
    x, y = display.points_.get_offsets().T
    np.testing.assert_allclose(y, 1.0 - model.predict_proba(x[:, None]).max(axis=1), atol=1e-12)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "uncertainty")


def test_of_many_components_the_least_sure_are_named(random_model, ax):
    model, X = random_model(20, 2)
    display = UncertaintyDisplay.from_estimator(model, X, kind="curves", ax=ax)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    means = np.nan_to_num(display.curves[:-1].mean(axis=1), nan=-1.0)
    expected = {f"component {k}" for k in np.argsort(-means, kind="stable")[:6]}
    assert set(named) == expected | {"all rows"}


def test_there_are_two_kinds(iris_model, iris, ax):
    with pytest.raises(ValueError, match="'map' or 'curves'"):
        UncertaintyDisplay.from_estimator(iris_model, iris, kind="pie", ax=ax)
