"""Sufficient statistics are sums: they add up, and they can be moved to other centres."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaussmix.core.statistics import Moments, SufficientStatistics

ALL_MOMENTS = list(Moments)


def example(seed, n_rows, n_features, n_components, moments, centers=None):
    rng = np.random.RandomState(seed)
    z = rng.normal(size=(n_rows, n_features))
    responsibilities = rng.dirichlet(np.ones(n_components), size=n_rows) * rng.uniform(0.1, 3, (n_rows, 1))
    if centers is None:
        centers = rng.normal(size=(n_components, n_features))
    return z, responsibilities, centers


def of(z, responsibilities, centers, moments):
    return SufficientStatistics.from_responsibilities(z, centers, responsibilities, moments, -float(len(z)))


def assert_same(one, other, rtol=1e-12):
    # Sums of a few hundred terms of the order of one: a few hundred units in the last place.
    np.testing.assert_allclose(one.counts, other.counts, rtol=rtol)
    np.testing.assert_allclose(one.first, other.first, rtol=rtol, atol=1e-11)
    np.testing.assert_allclose(one.second, other.second, rtol=rtol, atol=1e-11)
    assert one.log_likelihood == pytest.approx(other.log_likelihood)
    assert one.total_weight == pytest.approx(other.total_weight)


@pytest.mark.parametrize("moments", ALL_MOMENTS)
def test_second_moments_are_those_of_the_definition(moments):
    z, responsibilities, centers = example(0, 50, 3, 2, moments)
    scatter = np.zeros((2, 3, 3))
    for n in range(50):
        for k in range(2):
            d = z[n] - centers[k]
            scatter[k] += responsibilities[n, k] * np.outer(d, d)
    expected = {
        Moments.NONE: np.empty(0),
        Moments.FULL: scatter,
        Moments.POOLED: scatter[0] + scatter[1],
        Moments.DIAGONAL: np.array([np.diag(s) for s in scatter]),
        Moments.TRACE: np.array([np.trace(s) for s in scatter]),
    }[moments]
    np.testing.assert_allclose(of(z, responsibilities, centers, moments).second, expected, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 80), st.data(), st.sampled_from(ALL_MOMENTS))
def test_statistics_of_two_tables_add_up_to_those_of_both(seed, n_rows, data, moments):
    z, responsibilities, centers = example(seed, n_rows, 3, 4, moments)
    cut = data.draw(st.integers(1, n_rows - 1))
    parts = of(z[:cut], responsibilities[:cut], centers, moments) + of(
        z[cut:], responsibilities[cut:], centers, moments
    )
    whole = of(z, responsibilities, centers, moments)
    whole = SufficientStatistics(**{**vars(whole), "log_likelihood": parts.log_likelihood})
    assert_same(parts, whole)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(ALL_MOMENTS))
def test_statistics_moved_to_other_centres_are_those_taken_there(seed, moments):
    z, responsibilities, centers = example(seed, 60, 3, 2, moments)
    others = np.random.RandomState(seed + 1).normal(size=centers.shape)
    assert_same(
        of(z, responsibilities, centers, moments).about(others), of(z, responsibilities, others, moments)
    )


@pytest.mark.parametrize("moments", ALL_MOMENTS)
def test_statistics_about_different_centres_can_be_added(moments):
    z, responsibilities, centers = example(5, 60, 3, 2, moments)
    parts = of(z[:20], responsibilities[:20], centers, moments) + of(
        z[20:], responsibilities[20:], centers + 1.0, moments
    )
    whole = of(z, responsibilities, centers, moments)
    assert_same(parts, whole)


def test_statistics_of_different_moments_cannot_be_added():
    z, responsibilities, centers = example(0, 10, 2, 2, Moments.FULL)
    with pytest.raises(ValueError, match="FULL and DIAGONAL"):
        of(z, responsibilities, centers, Moments.FULL) + of(z, responsibilities, centers, Moments.DIAGONAL)


@pytest.mark.parametrize("moments", [Moments.FULL, Moments.POOLED, Moments.DIAGONAL, Moments.TRACE])
def test_moving_far_never_leaves_a_variance_that_is_not_positive(moments):
    """All rows in one place, statistics taken far off: all that is left about the place is rounding."""
    z = np.full((10, 2), 1.1)
    far = np.array([[1e6 / 3, -1e6 / 7]])
    statistics = SufficientStatistics.from_responsibilities(z, far, np.ones((10, 1)), moments)
    moved = statistics.about(statistics.centers + statistics.first / statistics.counts[:, None])
    variances = np.einsum("...dd->...d", moved.second) if moments < Moments.DIAGONAL else moved.second
    assert (variances > 0).all()
    assert (variances < 1e-3).all()  # 1e12 times the rounding of doubles, times ten rows
