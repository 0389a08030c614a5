"""Transforms of features: increasing, onto the real line, with exact slopes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import trapezoid

from gaussmix.core.transforms import (
    CubeRoot,
    FeatureTransforms,
    Identity,
    Logarithm,
    SquareRoot,
    YeoJohnson,
)

ALL = [
    Identity(),
    Logarithm(0.5),
    Logarithm(1e-300),
    SquareRoot(2.0),
    CubeRoot(0.3),
    *(YeoJohnson(3.0, 2.0, exponent) for exponent in (0.0, 0.5, 1.0, 1.5, 2.0)),
]


@pytest.mark.parametrize("transform", ALL, ids=repr)
def test_the_inverse_leads_back(transform):
    x = np.array([0.5, 0.7, 3.0, 8.0, 1e3, 1e6])
    if not (isinstance(transform, Logarithm) and transform.linear_below < 0.1):
        x = np.append(x, [-1e3, -3.0, 0.0, 0.1])
    assert transform.inverse(transform.forward(x)) == pytest.approx(x, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("transform", ALL, ids=repr)
def test_the_slope_is_that_of_the_transform(transform):
    x = np.array([-7.3, 0.2, 0.6, 1.9, 2.2, 3.4, 40.0])
    if isinstance(transform, Logarithm) and transform.linear_below < 0.1:
        x = x[x > 0]
    step = 1e-6
    slope = (transform.forward(x + step) - transform.forward(x - step)) / (2 * step)
    assert np.exp(transform.log_slope(x)) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_yeo_and_johnson_is_scipys(exponent):
    x = np.linspace(-4.0, 5.0, 40)
    mine = YeoJohnson(1.0, 2.0, exponent).forward(1.0 + 2.0 * x)
    assert mine == pytest.approx(stats.yeojohnson(x, lmbda=exponent), rel=1e-12, abs=1e-12)


def test_the_density_of_logarithms_is_scipys_log_normal():
    x = np.geomspace(0.01, 50.0, 30)
    transforms = FeatureTransforms((Logarithm(1e-3), Identity()))
    X = np.column_stack([x, x])
    density = stats.norm(0.4, 0.8).logpdf(transforms.forward(X)[:, 0]) + transforms.log_jacobian(X)
    assert density == pytest.approx(stats.lognorm(0.8, scale=np.exp(0.4)).logpdf(x), rel=1e-12)


@pytest.mark.parametrize("transform", ALL, ids=repr)
def test_a_transformed_density_integrates_to_one(transform):
    z = np.linspace(-9.0, 9.0, 200_001)
    x = transform.inverse(z)
    density = np.exp(stats.norm.logpdf(transform.forward(x)) + transform.log_slope(x))
    assert trapezoid(density, x) == pytest.approx(1.0, abs=1e-4)


def test_draws_from_far_out_stay_finite():
    z = np.array([-1e6, 1e6])
    for transform in ALL:
        assert np.isfinite(transform.inverse(z)).all()


def test_a_logarithm_takes_zeros_and_what_is_below():
    assert Logarithm(1.0).forward(np.array([-2.0, 0.0, 1.0])).tolist() == [-3.0, -1.0, 0.0]
