"""Marginals and conditionals agree with numerical integration of the joint density."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.datasets import make_spd_matrix

from gaussmix.core.conditioning import Conditioner, marginal

WEIGHTS = np.array([0.5, 0.2, 0.3])
MEANS = np.array([[0.0, 1.0, -1.0, 0.5], [2.0, -1.0, 0.0, 1.0], [-1.5, 0.0, 1.0, -2.0]])
COVARIANCES = np.array([make_spd_matrix(4, random_state=k) for k in range(3)]) * 0.5
MIXTURE = (WEIGHTS, MEANS, COVARIANCES)
ROWS = np.array([[0.3, -0.2], [2.0, 1.0], [-4.0, 3.0]])


def joint_density(points):
    """The density of the whole mixture, by scipy."""
    return sum(
        weight * stats.multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(*MIXTURE, strict=True)
    )


def joint_log_density(points, features):
    chosen = np.ix_(range(3), features, features)
    parts = [
        np.log(weight) + stats.multivariate_normal(mean[list(features)], covariance).logpdf(points)
        for weight, mean, covariance in zip(WEIGHTS, MEANS, COVARIANCES[chosen], strict=True)
    ]
    return np.logaddexp.reduce(parts, axis=0)


def test_a_marginal_is_the_integral_over_the_other_features():
    weights, means, covariances = marginal(*MIXTURE, [2, 0, 3])
    for point in ([0.0, 0.0, 0.0], [1.0, -1.0, -2.0]):
        found = sum(
            w * stats.multivariate_normal(m, c).pdf(point)
            for w, m, c in zip(weights, means, covariances, strict=True)
        )
        x2, x0, x3 = point
        expected, _ = integrate.quad(lambda x1, x0=x0, x2=x2, x3=x3: joint_density([x0, x1, x2, x3]), -12, 12)
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("row", range(3))
def test_conditional_mean_and_covariance_are_those_by_integration(row):
    # Features 3 and 1 are given, 0 and 2 wanted: moments from sums over a fine grid, which for smooth
    # densities that vanish at its ends converge faster than any power of the step.
    grid = np.linspace(-15, 15, 601)
    wanted = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    points = np.column_stack(
        [wanted[:, 0], np.full(len(wanted), ROWS[row, 1]), wanted[:, 1], np.full(len(wanted), ROWS[row, 0])]
    )
    probability = joint_density(points)
    probability /= probability.sum()
    mean = probability @ wanted
    covariance = (wanted - mean).T * probability @ (wanted - mean)

    found = Conditioner.of(*MIXTURE, given=[3, 1])(ROWS)
    assert found.mean()[row] == pytest.approx(mean, rel=1e-7)
    assert found.covariance()[row] == pytest.approx(covariance, rel=1e-7)
    assert found.variance()[row] == pytest.approx(np.diag(covariance), rel=1e-7)


def test_features_neither_given_nor_wanted_are_integrated_out():
    all_wanted = Conditioner.of(*MIXTURE, [0, 1], [2, 3])(ROWS)
    some = Conditioner.of(*MIXTURE, [0, 1], [3])(ROWS)
    np.testing.assert_allclose(some.mean()[:, 0], all_wanted.mean()[:, 1], rtol=1e-12)
    np.testing.assert_allclose(some.covariance()[:, 0, 0], all_wanted.covariance()[:, 1, 1], rtol=1e-12)


def test_conditional_density_is_the_quotient_of_joint_and_marginal_densities():
    conditioner = Conditioner.of(*MIXTURE, [0, 2])
    values = np.array([[0.0, 0.0], [1.0, -3.0], [30.0, 40.0]])
    points = np.column_stack([ROWS[:, 0], values[:, 0], ROWS[:, 1], values[:, 1]])
    of_given = joint_log_density(ROWS, (0, 2))
    np.testing.assert_allclose(conditioner.log_density(ROWS), of_given, rtol=1e-12)
    expected = joint_log_density(points, (0, 1, 2, 3)) - of_given
    np.testing.assert_allclose(conditioner(ROWS).log_density(values), expected, rtol=1e-10)


def test_responsibilities_are_those_for_what_is_given():
    conditioner = Conditioner.of(*MIXTURE, [1])
    rows = np.array([[0.0], [-50.0]])
    parts = np.array(
        [
            np.log(weight) + stats.norm(mean[1], np.sqrt(covariance[1, 1])).logpdf(rows[:, 0])
            for weight, mean, covariance in zip(*MIXTURE, strict=True)
        ]
    ).T
    expected = parts - np.logaddexp.reduce(parts, axis=1)[:, None]
    np.testing.assert_allclose(conditioner.log_responsibilities(rows), expected, rtol=1e-10, atol=1e-12)


def test_nothing_given_leaves_the_marginal():
    found = Conditioner.of(*MIXTURE, [])(np.empty((2, 0)))
    np.testing.assert_allclose(found.weights, [WEIGHTS, WEIGHTS], rtol=1e-12)
    np.testing.assert_allclose(found.mean(), [WEIGHTS @ MEANS] * 2, rtol=1e-12)
    np.testing.assert_allclose(found.covariances, COVARIANCES, rtol=1e-10)


def test_nothing_wanted_leaves_densities_of_what_is_given():
    conditioner = Conditioner.of(*MIXTURE, [3, 0, 1, 2], [])
    points = np.array([[0.0, 1.0, 2.0, 3.0]])
    expected = joint_log_density(points[:, [1, 2, 3, 0]], (0, 1, 2, 3))
    np.testing.assert_allclose(conditioner.log_density(points), expected, rtol=1e-12)
    assert conditioner(points).mean().shape == (1, 0)


def test_units_of_features_do_not_matter():
    scale = np.array([1e-120, 1e90, 1.0, 1e140])
    scaled = (WEIGHTS, MEANS * scale, COVARIANCES * scale[:, None] * scale)
    found = Conditioner.of(*scaled, [0, 3])(ROWS * scale[[0, 3]])
    plain = Conditioner.of(*MIXTURE, [0, 3])(ROWS)
    np.testing.assert_allclose(found.weights, plain.weights, rtol=1e-9)
    np.testing.assert_allclose(found.mean(), plain.mean() * scale[[1, 2]], rtol=1e-9)
    np.testing.assert_allclose(found.variance(), plain.variance() * scale[[1, 2]] ** 2, rtol=1e-9)


@pytest.mark.filterwarnings("error")
def test_rows_beyond_all_measure_have_weights_that_sum_to_one():
    rows = np.array([[1e100, -1e100], [1e200, 1e200], [1e300, -1e300]])
    conditioner = Conditioner.of(*MIXTURE, [1, 2])
    np.testing.assert_allclose(conditioner(rows).weights.sum(axis=1), 1.0, rtol=1e-12)
    assert np.isfinite(conditioner(rows).mean()).all()
    assert (conditioner.log_density(rows[1:]) == -np.inf).all()


def test_components_of_weight_zero_play_no_part():
    with_empty = (np.array([1.0, 0.0]), MEANS[:2], COVARIANCES[:2])
    alone = (np.array([1.0]), MEANS[:1], COVARIANCES[:1])
    found, expected = (Conditioner.of(*mixture, [0, 1])(ROWS) for mixture in (with_empty, alone))
    np.testing.assert_allclose(found.mean(), expected.mean(), rtol=1e-12)
    draws = found.draw(50, np.random.RandomState(0))
    assert np.isfinite(draws).all()
    assert np.isfinite(found.log_density(np.zeros((3, 2)))).all()


def test_a_target_that_is_nearly_determined_keeps_the_little_variance_that_is_left():
    basis = np.linalg.qr(np.random.RandomState(0).normal(size=(6, 6)))[0]
    covariance = (basis * 10.0 ** np.array([0, 0, 0, -1, -2, -13])) @ basis.T
    covariance = 0.5 * (covariance + covariance.T)
    conditioner = Conditioner.of(np.ones(1), np.zeros((1, 6)), covariance[None], [0, 1, 2, 3, 4])
    # Elimination in fractions, which do not round.
    exact = [[Fraction(entry) for entry in row] for row in covariance.tolist()]
    for pivot in range(5):
        for row in range(pivot + 1, 6):
            ratio = exact[row][pivot] / exact[pivot][pivot]
            exact[row] = [a - ratio * b for a, b in zip(exact[row], exact[pivot], strict=True)]
    assert float(exact[5][5]) < 1e-11
    assert conditioner.covariances[0, 0, 0] == pytest.approx(float(exact[5][5]), rel=1e-3)


def test_draws_pass_a_two_sample_test_against_rows_of_the_joint_that_happen_to_have_what_is_given():
    generator = np.random.RandomState(0)
    labels = generator.choice(3, p=WEIGHTS, size=300_000)
    x = np.einsum("nij,nj->ni", np.linalg.cholesky(COVARIANCES)[labels], generator.normal(size=(300_000, 4)))
    x += MEANS[labels]
    near = x[np.abs(x[:, 0] - 0.4) < 0.01]
    assert len(near) > 1000
    draws = Conditioner.of(*MIXTURE, [0])(np.array([[0.4]])).draw(len(near), generator)[0]
    for feature in range(3):
        assert stats.ks_2samp(draws[:, feature], near[:, feature + 1]).pvalue > 0.01
    # Of two features together, too: their sum and their difference.
    for sign in (-1, 1):
        found, expected = draws[:, 0] + sign * draws[:, 2], near[:, 1] + sign * near[:, 3]
        assert stats.ks_2samp(found, expected).pvalue > 0.01


def test_each_row_has_draws_of_its_own():
    found = Conditioner.of(*MIXTURE, [0])(np.array([[-3.0], [3.0]]))
    draws = found.draw(20_000, np.random.RandomState(0))
    np.testing.assert_allclose(draws.mean(axis=1), found.mean(), atol=0.05)
    for row in range(2):
        np.testing.assert_allclose(np.cov(draws[row].T), found.covariance()[row], atol=0.1)
