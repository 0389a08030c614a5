"""Marginals, conditions, transformations, products and sums."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gaussmix import MixtureDistribution


def test_a_marginal_agrees_with_integration(two_groups):
    y = np.linspace(-15.0, 15.0, 2001)
    for x in (-1.0, 0.5, 3.0):
        expected = two_groups.pdf(np.column_stack([np.full_like(y, x), y])).sum() * (y[1] - y[0])
        assert two_groups.marginal("length").pdf(x) == pytest.approx(expected, rel=1e-10)
    turned = two_groups.marginal(["width", "length"])
    assert turned.feature_names == ("width", "length")
    assert turned.pdf([1.0, 2.0]) == pytest.approx(two_groups.pdf([2.0, 1.0]), rel=1e-13)


def test_a_condition_agrees_with_integration(two_groups):
    y = np.linspace(-15.0, 15.0, 2001)
    for x in (-3.0, 0.5, 3.0, 6.0):
        joint = two_groups.pdf(np.column_stack([np.full_like(y, x), y]))
        expected = joint / (joint.sum() * (y[1] - y[0]))
        conditional = two_groups.condition({"length": x})
        assert conditional.feature_names == ("width",)
        np.testing.assert_allclose(conditional.pdf(y), expected, rtol=1e-9, atol=1e-300)
        np.testing.assert_array_equal(conditional.pdf(y), two_groups.condition({0: x}).pdf(y))


def test_marginal_and_condition_multiply_to_the_joint_density(random_mixture):
    mixture = random_mixture(4, 5)
    for x in mixture.rvs(10, random_state=0):
        log_density = mixture.marginal([3, 1]).logpdf(x[[3, 1]])
        log_density += mixture.condition({3: x[3], 1: x[1]}).logpdf(x[[0, 2, 4]])
        assert log_density == pytest.approx(mixture.logpdf(x), rel=1e-10)


def test_draws_near_a_value_follow_the_condition(two_groups):
    draws = two_groups.rvs(400_000, random_state=0)
    near = draws[np.abs(draws[:, 0] - 1.5) < 0.01, 1]
    conditional = two_groups.condition({"length": 1.5}).rvs(len(near), random_state=1)[:, 0]
    assert len(near) > 500
    assert stats.ks_2samp(near, conditional).pvalue > 0.01


def test_conditions_far_out_keep_a_distribution(two_groups):
    far = two_groups.condition({"length": 1e6})
    assert far.weights.sum() == pytest.approx(1.0)
    assert np.isfinite(far.mean()).all()


def test_what_cannot_be_conditioned_on_is_refused(two_groups):
    assert two_groups.condition({}) == two_groups
    with pytest.raises(ValueError, match="all features are given"):
        two_groups.condition({"length": 1.0, "width": 2.0})
    with pytest.raises(ValueError, match="'length' is nan"):
        two_groups.condition({"length": np.nan})
    with pytest.raises(ValueError, match="named twice"):
        two_groups.condition({"length": 1.0, 0: 2.0})


def test_an_affine_transformation_changes_the_density_by_its_volume(random_mixture):
    mixture = random_mixture(3, 3)
    matrix, offset = np.random.default_rng(1).normal(size=(3, 3)), np.array([1.0, -2.0, 5.0])
    transformed = mixture.affine(matrix, offset, ["a", "b", "c"])
    x = mixture.rvs(20, random_state=0)
    expected = mixture.logpdf(x) - np.linalg.slogdet(matrix)[1]
    np.testing.assert_allclose(transformed.logpdf(x @ matrix.T + offset), expected, rtol=1e-10)
    assert transformed.feature_names == ("a", "b", "c")
    back = transformed.affine(np.linalg.inv(matrix), -np.linalg.inv(matrix) @ offset)
    np.testing.assert_allclose(back.covariances, mixture.covariances, rtol=1e-8, atol=1e-10)


def test_a_projection_is_the_distribution_of_projected_draws(two_groups):
    total = two_groups.affine([[1.0, 1.0]])
    draws = two_groups.rvs(20_000, random_state=0).sum(axis=1)
    assert stats.kstest(draws, total.cdf).pvalue > 0.01


def test_transformations_without_a_density_are_refused(two_groups):
    with pytest.raises(ValueError, match="linearly independent"):
        two_groups.affine([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="linear combination"):
        two_groups.affine([[1.0, 1.0], [2.0, 2.0]])
    with pytest.raises(ValueError, match=r"shape \(M, 2\)"):
        two_groups.affine([[1.0, 1.0, 1.0]])


def test_a_product_is_the_product_of_the_densities(random_mixture):
    one, two = random_mixture(3, 2, 1), random_mixture(2, 2, 2)
    product, log_normalizer = one.product(two)
    x = one.rvs(20, random_state=0)
    np.testing.assert_allclose(product.logpdf(x) + log_normalizer, one.logpdf(x) + two.logpdf(x), rtol=1e-9)


def test_a_product_of_mixtures_far_apart_is_not_lost():
    one, two = MixtureDistribution([1.0], [0.0], [1.0]), MixtureDistribution([1.0], [1000.0], [1.0])
    product, log_normalizer = one.product(two)
    assert product.mean()[0] == pytest.approx(500.0)
    assert log_normalizer == pytest.approx(stats.norm(0.0, np.sqrt(2.0)).logpdf(1000.0), rel=1e-12)


def test_a_sum_of_independent_draws_follows_the_convolution(skewed, random_mixture):
    other = random_mixture(2, 1, 3)
    total = skewed.rvs(20_000, random_state=0)[:, 0] + other.rvs(20_000, random_state=1)[:, 0]
    assert stats.kstest(total, skewed.convolve(other).cdf).pvalue > 0.01


def test_a_mixture_of_mixtures_has_the_mixed_density(two_groups):
    other = two_groups.affine(np.eye(2), [5.0, 5.0], two_groups.feature_names)
    mixed = MixtureDistribution.mix([two_groups, other.marginal(["width", "length"])], [0.25, 0.75])
    x = two_groups.rvs(20, random_state=0)
    np.testing.assert_allclose(mixed.pdf(x), 0.25 * two_groups.pdf(x) + 0.75 * other.pdf(x), rtol=1e-10)
    assert MixtureDistribution.mix([two_groups] * 2).weights.sum() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no distributions"):
        MixtureDistribution.mix([])
    with pytest.raises(ValueError, match="1 distributions, but weights"):
        MixtureDistribution.mix([two_groups], [0.5, 0.5])


def test_a_reduction_keeps_mean_and_covariance(random_mixture):
    mixture = random_mixture(12, 3)
    for n_components in (11, 5, 1):
        smaller = mixture.reduce(n_components)
        assert smaller.n_components == n_components
        np.testing.assert_allclose(smaller.mean(), mixture.mean(), atol=1e-12)
        np.testing.assert_allclose(smaller.cov(), mixture.cov(), atol=1e-12)


def test_a_reduction_undoes_a_split(random_mixture):
    mixture = random_mixture(3, 2, spread=6.0)
    doubled = MixtureDistribution.mix([mixture, mixture])
    reduced = doubled.reduce(3)
    assert reduced.l2_distance(mixture) < 1e-7
    assert mixture.reduce(3) == mixture
    for wrong in (0, 1.5, True):
        with pytest.raises(ValueError, match="whole number from 1 on"):
            mixture.reduce(wrong)


def test_the_cheapest_pair_is_merged_first(random_mixture):
    mixture = random_mixture(5, 2, 4)

    def cost(i, j):
        pair = MixtureDistribution(
            mixture.weights[[i, j]] / mixture.weights[[i, j]].sum(),
            mixture.means[[i, j]],
            mixture.covariances[[i, j]],
        )
        weights = mixture.weights
        return 0.5 * (
            (weights[i] + weights[j]) * np.linalg.slogdet(pair.cov())[1]
            - weights[i] * np.linalg.slogdet(mixture.covariances[i])[1]
            - weights[j] * np.linalg.slogdet(mixture.covariances[j])[1]
        )

    i, j = min(((i, j) for i in range(5) for j in range(i + 1, 5)), key=lambda pair: cost(*pair))
    left = mixture.reduce(4)
    kept = [k for k in range(5) if k not in (i, j)]
    for k in kept:
        assert (np.abs(left.means - mixture.means[k]).max(axis=1) < 1e-12).any()


def test_products_that_would_fill_the_memory_are_refused(random_mixture):
    large = random_mixture(1, 1)
    many = MixtureDistribution(np.full(5000, 1 / 5000), np.arange(5000.0), np.ones(5000))
    assert large.convolve(many).n_components == 5000
    with pytest.raises(ValueError, match="too many; reduce"):
        many.product(many)


def test_a_condition_is_given_as_any_mapping_and_part_of_a_row_too(two_groups):
    row = pd.Series({"length": 1.0})
    assert two_groups.condition(row) == two_groups.condition({"length": 1.0})
    assert two_groups.condition({}) is two_groups


def test_what_is_wrong_with_a_condition_is_named(two_groups):
    for value in ("much", None, np.nan, [1.0]):
        with pytest.raises(ValueError, match="finite numbers, but that of 'length' is"):
            two_groups.condition({"length": value})
    for given in ("length", None, 1.0):
        with pytest.raises(ValueError, match=r"a mapping of features to values, as {'length': 1\.5}"):
            two_groups.condition(given)
