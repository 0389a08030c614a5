"""Goodness of fit: statistics are SciPy's, p-values hold, and the picture shows what was found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats

from gaussmix import GaussianMixture, goodness_of_fit
from gaussmix.inference.uniformity import LEVELS, measure_uniformity
from gaussmix.plot import GoodnessOfFitDisplay


def test_statistics_are_those_of_scipy():
    numbers = np.random.RandomState(0).uniform(size=83) ** 1.4
    found = measure_uniformity(numbers)
    np.testing.assert_allclose(found.kolmogorov_smirnov, stats.kstest(numbers, "uniform").statistic)
    np.testing.assert_allclose(found.cramer_von_mises, stats.cramervonmises(numbers, "uniform").statistic)


def test_a_weight_counts_how_often_a_number_occurs():
    generator = np.random.RandomState(0)
    numbers, weights = generator.uniform(size=30), generator.randint(0, 4, 30)
    weighted, repeated = (
        measure_uniformity(numbers, weights.astype(float)),
        measure_uniformity(np.repeat(numbers, weights)),
    )
    np.testing.assert_allclose(weighted.kolmogorov_smirnov, repeated.kolmogorov_smirnov)
    np.testing.assert_allclose(weighted.cramer_von_mises, repeated.cramer_von_mises)


def test_one_feature_is_checked_as_scipy_checks_it():
    X = np.random.RandomState(0).normal(3.0, 2.0, (200, 1))
    model = GaussianMixture(1).fit(X)
    found = goodness_of_fit(model, X, n_resamples=0)
    expected = stats.kstest(X[:, 0], "norm", args=(X.mean(), X.std()))
    np.testing.assert_allclose(found.features[0].kolmogorov_smirnov, expected.statistic, rtol=1e-9)
    np.testing.assert_allclose(found.squared_distances, ((X[:, 0] - X.mean()) / X.std()) ** 2, rtol=1e-9)
    np.testing.assert_allclose(
        found.components[0].kolmogorov_smirnov,
        stats.kstest(found.squared_distances, "chi2", args=(1,)).statistic,
    )
    assert np.isnan(found.p_value)
    assert "Without resamples there are no p-values" in repr(found)


def test_p_values_of_a_normal_sample_are_lilliefors():
    # Mean and variance were estimated: the usual p-values of the statistic are much too large.
    X = np.random.RandomState(4).normal(size=(100, 1))
    model = GaussianMixture(1).fit(X)
    found = goodness_of_fit(model, X, n_resamples=999, random_state=0).features[0]
    generator = np.random.RandomState(1)
    null = generator.normal(size=(4000, 100))
    null = (null - null.mean(axis=1, keepdims=True)) / null.std(axis=1, keepdims=True)
    below = stats.norm.cdf(np.sort(null, axis=1))
    steps = np.arange(101) / 100
    simulated = np.maximum(steps[1:] - below, below - steps[:-1]).max(axis=1)
    expected = (simulated >= found.kolmogorov_smirnov).mean()
    np.testing.assert_allclose(found.kolmogorov_smirnov_p_value, expected, atol=0.06)
    naive = stats.kstest(X[:, 0], "norm", args=(X.mean(), X.std())).pvalue
    assert naive > found.kolmogorov_smirnov_p_value + 0.1


def test_distances_count_by_probability_so_that_overlap_does_not_shorten_them():
    # At the truth, with components that overlap: distances to assigned components alone are too short.
    truth = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [2.0, 0.0]], [1.0, 1.0], covariance_type="spherical"
    )
    X, _ = truth.sample(20_000, random_state=0)
    found = goodness_of_fit(truth, X, n_resamples=0)
    for check in found.components:
        assert check.kolmogorov_smirnov < 0.02
    assigned = stats.kstest(found.squared_distances[found.labels == 0], "chi2", args=(2,))
    assert assigned.statistic > 0.05


def test_the_wrong_number_of_components_shows_and_the_right_one_passes():
    truth = GaussianMixture.from_parameters([0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]], [np.eye(2), np.eye(2)])
    X, _ = truth.sample(300, random_state=1)
    wrong = goodness_of_fit(GaussianMixture(1).fit(X), X, n_resamples=99, random_state=0)
    assert wrong.p_value == 0.01
    assert "do not look like draws from the mixture" in wrong.summary()
    right = goodness_of_fit(GaussianMixture(2, random_state=0).fit(X), X, n_resamples=99, random_state=0)
    assert right.p_value > 0.05
    assert "Nothing speaks against the mixture" in right.summary()


def test_heavy_tails_show_in_the_distances():
    X = np.random.RandomState(0).standard_t(3, size=(400, 3))
    found = goodness_of_fit(GaussianMixture(1).fit(X), X, n_resamples=99, random_state=0)
    assert found.components[0].p_value == 0.01
    assert (found.tail_probabilities < 1e-3).sum() >= 5
    np.testing.assert_allclose(found.tail_probabilities, stats.chi2.sf(found.squared_distances, 3))


def test_one_feature_that_is_far_out_shows_among_many():
    generator = np.random.RandomState(0)
    X = generator.normal(size=(200, 15))
    X[:, 7] = generator.exponential(size=200)
    model = GaussianMixture(1, covariance_type="diag").fit(X)
    found = goodness_of_fit(model, X, n_resamples=99, random_state=0)
    assert found.p_value == 0.01
    assert max(found.checks, key=lambda check: check.excess).name == "x7"
    assert "feature x7" in found.summary()
    fine = goodness_of_fit(
        GaussianMixture(1, covariance_type="diag").fit(np.delete(X, 7, axis=1)), np.delete(X, 7, axis=1)
    )
    assert fine.p_value > 0.05


def test_weights_count_how_often_rows_occur(faithful):
    weights = np.random.RandomState(0).randint(0, 3, 272)
    model = GaussianMixture(2, random_state=0).fit(faithful, sample_weight=weights)
    weighted = goodness_of_fit(model, faithful, n_resamples=0, sample_weight=weights)
    repeated = goodness_of_fit(model, np.repeat(faithful, weights, axis=0), n_resamples=0)
    for first, second in zip(weighted.checks, repeated.checks, strict=True):
        np.testing.assert_allclose(first.kolmogorov_smirnov, second.kolmogorov_smirnov, rtol=1e-9)
        np.testing.assert_allclose(first.cramer_von_mises, second.cramer_von_mises, rtol=1e-9)


def test_the_table_has_a_row_for_each_check(faithful):
    frame = pd.DataFrame(faithful, columns=["eruptions", "waiting"])
    model = GaussianMixture(2, random_state=0).fit(frame)
    found = goodness_of_fit(model, frame, n_resamples=19, random_state=0)
    assert found.to_frame()["name"].tolist() == ["eruptions", "waiting", "0", "1"]
    assert found.checks[0].band.shape == (2, 100)
    assert (found.checks[0].band[0] <= found.checks[0].band[1]).all()
    with pytest.raises(ValueError, match="n_resamples should be a number from 0 on"):
        goodness_of_fit(model, frame, n_resamples=-1)


def test_the_picture_draws_deviations_and_quantiles(faithful):
    frame = pd.DataFrame(faithful, columns=["eruptions", "$waiting$"])
    model = GaussianMixture(2, random_state=0).fit(frame)
    figure = Figure(layout="constrained")
    display = GoodnessOfFitDisplay.from_estimator(model, frame, n_resamples=19, random_state=0, figure=figure)
    found = display.fit
    assert display.figure_ is figure
    line = display.feature_lines_[0]
    np.testing.assert_allclose(line.get_xdata(), found.features[0].quantiles)
    np.testing.assert_allclose(line.get_ydata(), LEVELS - found.features[0].quantiles)
    expected = stats.chi2.ppf(LEVELS, 2)
    for k, line in enumerate(display.component_lines_):
        np.testing.assert_allclose(line.get_xdata(), expected, rtol=1e-9)
        np.testing.assert_allclose(
            line.get_ydata(), stats.chi2.ppf(found.components[k].quantiles, 2), rtol=1e-6
        )
    labels = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert labels == ["eruptions", "$waiting$"]
    figure.canvas.draw()


def test_a_picture_of_its_own_has_a_title_and_a_caption(faithful):
    import matplotlib.pyplot as plt

    model = GaussianMixture(2, random_state=0).fit(faithful)
    display = GoodnessOfFitDisplay(goodness_of_fit(model, faithful, n_resamples=0)).plot()
    try:
        assert display.figure_.get_suptitle() == "Goodness of fit to 272 rows"
        assert "by the probability that they belong to it" in display.figure_.get_supxlabel()
    finally:
        plt.close(display.figure_)
