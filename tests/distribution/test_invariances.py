"""What must hold for every mixture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaussmix import MixtureDistribution

FEATURES = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def mixtures(draw, features=FEATURES):
    """Mixtures of up to five components, more or less far apart, in units between 1e-6 and 1e6."""
    n_features = draw(features)
    n_components = draw(st.integers(1, 5))
    generator = np.random.default_rng(draw(seeds))
    roots = generator.normal(size=(n_components, n_features, n_features))
    roots += 0.5 * np.eye(n_features)
    units = 10 ** draw(st.floats(-6.0, 6.0)) * np.ones(n_features)
    covariances = (roots @ np.swapaxes(roots, 1, 2) + 0.01 * np.eye(n_features)) * units[:, None] * units
    spread = draw(st.floats(0.0, 20.0))
    return MixtureDistribution(
        generator.dirichlet(np.ones(n_components)),
        generator.normal(size=(n_components, n_features)) * spread * units,
        covariances,
    )


def reversed_components(mixture):
    return MixtureDistribution(mixture.weights[::-1], mixture.means[::-1], mixture.covariances[::-1])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(mixtures())
def test_the_order_of_components_does_not_matter(mixture):
    other = reversed_components(mixture)
    x = mixture.rvs(5, random_state=0)
    np.testing.assert_allclose(other.logpdf(x), mixture.logpdf(x), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(other.cov(), mixture.cov(), rtol=1e-9, atol=1e-9 * mixture.var().max())
    np.testing.assert_allclose(other.entropy_bounds(), mixture.entropy_bounds(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        other.overlap().misclassification[::-1, ::-1], mixture.overlap().misclassification, atol=1e-8
    )
    assert len(other.modes()) == len(mixture.modes())


@settings(max_examples=25, deadline=None, derandomize=True)
@given(mixtures(), st.floats(-8.0, 8.0), st.floats(-100.0, 100.0))
def test_units_do_not_matter(mixture, log_unit, shift):
    unit = 10.0**log_unit
    n_features = mixture.n_features
    other = mixture.affine(unit * np.eye(n_features), shift * unit * mixture.std()[0])
    x = mixture.rvs(5, random_state=0)
    y = x * unit + shift * unit * mixture.std()[0]
    volume = n_features * np.log(unit)
    np.testing.assert_allclose(other.logpdf(y) + volume, mixture.logpdf(x), atol=1e-6)
    np.testing.assert_allclose(np.array(other.entropy_bounds()) - volume, mixture.entropy_bounds(), atol=1e-7)
    np.testing.assert_allclose(other.skewness(), mixture.skewness(), atol=1e-7)
    np.testing.assert_allclose(
        other.overlap().misclassification, mixture.overlap().misclassification, atol=1e-6
    )
    assert len(other.modes()) == len(mixture.modes())


@settings(max_examples=25, deadline=None, derandomize=True)
@given(mixtures(features=st.integers(2, 4)), seeds)
def test_conditioning_in_two_steps_is_conditioning_at_once(mixture, seed):
    x = mixture.rvs(random_state=seed % 2**32)
    wide = mixture.convolve(mixture)  # in more components
    last = mixture.n_features - 1
    at_once = wide.condition({0: x[0], last: x[last]}) if last > 1 else wide.condition({0: x[0]})
    step = wide.condition({0: x[0]})
    in_steps = step.condition({last - 1: x[last]}) if last > 1 else step
    scale = np.sqrt(np.diagonal(at_once.cov()))
    np.testing.assert_allclose(in_steps.mean() / scale, at_once.mean() / scale, atol=1e-6)
    np.testing.assert_allclose(in_steps.weights, at_once.weights, atol=1e-6)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(mixtures(features=st.just(1)), st.floats(1e-3, 1.0 - 1e-9))
def test_in_one_dimension_quantiles_regions_and_tails_fit_together(mixture, p):
    assert mixture.cdf(mixture.ppf(p)) == pytest.approx(p, rel=1e-7)
    region = mixture.highest_density_region(p)
    intervals = region.intervals()
    assert mixture.cdf(intervals[:, 1], intervals[:, 0]).sum() == pytest.approx(p, abs=1e-6)
    assert (np.diff(intervals.ravel()) > 0).all()
    width = np.diff(intervals, axis=1).sum()
    low, high = mixture.interval(p)
    assert width <= (high - low) * (1.0 + 1e-5)
    tails = mixture.tail_probability(intervals.ravel()).value
    np.testing.assert_allclose(tails, 1.0 - p, rtol=1e-4, atol=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(mixtures(features=st.just(2)), mixtures(features=st.just(2)))
def test_bounds_of_distances_are_in_order(one, two):
    for bounds in (one.kl_divergence_bounds(two), one.hellinger_bounds(two), one.entropy_bounds()):
        assert bounds[0] <= bounds[1]
    low, high = one.hellinger_bounds(two)
    assert low >= 0.0
    assert high <= 1.0 + 1e-12
    norm = np.exp(0.5 * one.product(one)[1])
    assert one.l2_distance(two) == pytest.approx(two.l2_distance(one), rel=1e-6, abs=1e-7 * norm)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(mixtures())
def test_json_brings_back_the_same(mixture):
    assert MixtureDistribution.from_json(mixture.to_json()) == mixture
