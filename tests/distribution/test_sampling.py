"""Random draws and expectations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats


def test_draws_follow_the_distribution(skewed):
    draws = skewed.rvs(20_000, random_state=0)[:, 0]
    assert stats.kstest(draws, skewed.cdf).pvalue > 0.01


def test_draws_have_mean_and_covariance_of_the_mixture(random_mixture):
    mixture = random_mixture(4, 3)
    draws = mixture.rvs(100_000, random_state=0)
    error = 5 * mixture.std() / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - mixture.mean()) < error).all()
    np.testing.assert_allclose(np.cov(draws.T), mixture.cov(), atol=0.03 * mixture.var().max())


def test_draws_come_in_random_order(skewed):
    draws = skewed.rvs(10_000, random_state=0)[:, 0]
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.04


def test_shapes_of_draws(two_groups, skewed):
    assert two_groups.rvs(random_state=0).shape == (2,)
    assert two_groups.rvs(3, random_state=0).shape == (3, 2)
    assert two_groups.rvs((3, 4), random_state=0).shape == (3, 4, 2)
    assert two_groups.rvs(0, random_state=0).shape == (0, 2)
    assert skewed.rvs(3, random_state=0).shape == (3, 1)


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_a_seed_repeats_the_draws_and_generators_go_on(skewed, make):
    np.testing.assert_array_equal(skewed.rvs(5, random_state=3), skewed.rvs(5, random_state=3))
    generator = make(0)
    assert not np.array_equal(skewed.rvs(5, random_state=generator), skewed.rvs(5, random_state=generator))


def test_wrong_arguments_are_refused(skewed):
    with pytest.raises(ValueError, match="random_state should be"):
        skewed.rvs(5, random_state="seed")
    with pytest.raises(ValueError, match="size should be a whole number"):
        skewed.rvs(-1)
    with pytest.raises(ValueError, match="at least 100, not 10"):
        skewed.expect(lambda rows: rows[:, 0], n_samples=10)
    with pytest.raises(ValueError, match=r"should return \d+ numbers"):
        skewed.expect(lambda rows: rows)


def test_the_standard_error_of_an_expectation_is_right(two_groups):
    exact = two_groups.moment({"length": 1, "width": 1})
    estimates = [two_groups.expect(lambda x: x[:, 0] * x[:, 1], 1000, seed) for seed in range(200)]
    scores = [(estimate.value - exact) / estimate.standard_error for estimate in estimates]
    assert abs(np.mean(scores)) < 0.25
    assert 0.85 < np.std(scores) < 1.15


def test_sizes_that_are_no_numbers_of_draws_are_refused(two_groups):
    for wrong in (1.5, "3", (2, 0.5), (2, -1)):
        with pytest.raises(ValueError, match="size should be a whole number from 0 on"):
            two_groups.rvs(wrong)
