"""An ellipse holds the share of a Gaussian that it says."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path
from scipy.stats import chi2

from gaussmix.plot.ellipse import ellipse_curve

COVARIANCE = np.array([[4.0, 2.7], [2.7, 2.0]])
MEAN = np.array([3.0, -1.0])


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9, 0.99])
def test_the_ellipse_holds_its_share_of_a_large_sample(probability):
    sample = np.random.default_rng(0).multivariate_normal(MEAN, COVARIANCE, 200_000)
    inside = Path(ellipse_curve(MEAN, COVARIANCE, probability)).contains_points(sample)
    assert inside.mean() == pytest.approx(probability, abs=0.004)


def test_its_points_are_at_the_distance_of_the_chi_squared_distribution():
    curve = ellipse_curve(MEAN, COVARIANCE, 0.9)
    difference = curve - MEAN
    squared = np.einsum("ij,jk,ik->i", difference, np.linalg.inv(COVARIANCE), difference)
    np.testing.assert_allclose(squared, chi2.ppf(0.9, df=2), rtol=1e-9)
    np.testing.assert_allclose(curve[0], curve[-1], atol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_units_stretch_it_and_nothing_else(scale):
    expected = ellipse_curve(MEAN, COVARIANCE, 0.9)
    np.testing.assert_allclose(
        ellipse_curve(MEAN * scale, COVARIANCE * scale * scale, 0.9) / scale, expected, rtol=1e-9
    )


def test_a_feature_without_spread_gives_a_line():
    curve = ellipse_curve(MEAN, np.array([[1.0, 0.0], [0.0, 0.0]]), 0.5)
    assert np.isfinite(curve).all()
    assert np.ptp(curve[:, 1]) == 0


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, 90])
def test_a_probability_is_between_zero_and_one(probability):
    with pytest.raises(ValueError, match="between 0 and 1"):
        ellipse_curve(MEAN, COVARIANCE, probability)
