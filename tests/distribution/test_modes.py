"""Modes: all of them, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import MixtureDistribution
from gaussmix.distribution.critical_points import critical_points


@pytest.mark.parametrize("seed", range(12))
def test_in_one_dimension_all_maxima_and_minima_of_a_fine_grid_are_found(seed):
    generator = np.random.default_rng(seed)
    n_components = int(generator.integers(2, 15))
    mixture = MixtureDistribution(
        generator.dirichlet(np.ones(n_components)),
        generator.normal(size=n_components) * 6.0,
        10 ** generator.uniform(-3.0, 1.0, n_components),
    )
    deviations = np.sqrt(mixture.covariances.ravel())
    around = np.linspace(-8.0, 8.0, 4001)
    pieces = [m + s * around for m, s in zip(mixture.means[:, 0], deviations, strict=True)]
    pieces.append(np.linspace(mixture.means.min(), mixture.means.max(), 20_001))
    grid = np.unique(np.concatenate(pieces))
    heights = mixture.logpdf(grid)
    maxima = grid[1:-1][(heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])]
    minima = grid[1:-1][(heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])]
    points, is_maximum = mixture.critical_points()
    assert is_maximum.tolist() == [k % 2 == 0 for k in range(len(points))]
    np.testing.assert_allclose(points[is_maximum], maxima, atol=0.01 * deviations.max())
    np.testing.assert_allclose(points[~is_maximum], minima, atol=0.01 * deviations.max())
    assert is_maximum.sum() <= n_components
    slopes = mixture.gradient(points)[:, 0] * deviations.min()
    assert np.abs(slopes).max() < 1e-4


def test_a_hair_on_a_broad_hill_is_a_mode():
    points, is_maximum = MixtureDistribution([1.0 - 1e-7, 1e-7], [0.0, 1.0], [1.0, 1e-14]).critical_points()
    assert is_maximum.sum() == 2
    assert points[2] == pytest.approx(1.0, abs=1e-6)


def test_two_equal_gaussians_part_at_two_standard_deviations():
    for half, expected in ((0.999, 1), (1.001, 2)):
        mixture = MixtureDistribution([0.5, 0.5], [-half, half], [1.0, 1.0])
        assert len(mixture.modes()) == expected


def test_a_top_that_is_level_within_rounding_is_one_mode_found_quickly():
    points, is_maximum = critical_points(np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.ones(2))
    assert is_maximum.tolist() == [True]
    assert abs(points[0]) < 1e-3


def test_two_gaussians_can_have_three_modes():
    # Ray and Lindsay 2005: two thin ellipses at a right angle.
    mixture = MixtureDistribution(
        [0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [np.diag([1.0, 0.05]), np.diag([0.05, 1.0])]
    )
    modes = mixture.modes()
    assert len(modes) == 3
    # The density is symmetric under exchanging the features and turning by half a turn.
    np.testing.assert_allclose(modes.points[0], [0.952381, 0.047619], atol=1e-4)


def test_modes_are_maxima_the_highest_first(random_mixture):
    for seed in range(6):
        mixture = random_mixture(5, 3, seed)
        modes = mixture.modes()
        np.testing.assert_allclose(mixture.gradient(modes.points), 0.0, atol=1e-8)
        assert (np.linalg.eigvalsh(mixture.hessian(modes.points)) < 0).all()
        assert (np.diff(modes.log_density) <= 0).all()
        np.testing.assert_allclose(modes.log_density, mixture.logpdf(modes.points), rtol=1e-12)


def test_climbing_from_anywhere_ends_at_a_mode_that_is_known(random_mixture):
    from scipy.optimize import minimize

    mixture = random_mixture(4, 2, 3)
    known = mixture.modes().points
    for start in mixture.rvs(30, random_state=0):
        end = minimize(
            lambda x: -mixture.logpdf(x), start, jac=lambda x: -mixture.gradient(x), options={"gtol": 1e-9}
        ).x
        assert np.linalg.norm(known - end, axis=1).min() < 1e-5


def test_a_mean_on_a_pass_climbs_to_a_mode():
    mixture = MixtureDistribution([0.48, 0.04, 0.48], [[-1.5, 0.0], [0.0, 0.0], [1.5, 0.0]], [np.eye(2)] * 3)
    modes = mixture.modes()
    assert len(modes) == 2
    np.testing.assert_allclose(np.abs(modes.points[:, 0]), np.abs(modes.points[0, 0]), rtol=1e-6)
    assert modes.of_component[0] != modes.of_component[2]


def test_each_component_belongs_to_the_mode_above_it(skewed):
    modes = skewed.modes()
    assert len(modes) == 2
    assert modes.of_component[1] == modes.of_component[2] == 0
    assert modes.of_component[0] == 1


@pytest.mark.parametrize("deviation", [0.7, 0.7072, 0.71, 0.72, 0.73, 0.76])
def test_the_centre_of_three_is_a_mode_from_the_root_of_one_half_on(deviation):
    """Three equal spheres on a circle of radius 1: there the Hessian of the centre changes its sign."""
    corners = [[0.0, 1.0], [np.sqrt(0.75), -0.5], [-np.sqrt(0.75), -0.5]]
    sphere = deviation**2 * np.eye(2)
    modes = MixtureDistribution(np.full(3, 1 / 3), corners, [sphere] * 3).modes()
    centre = np.flatnonzero(np.abs(modes.points).max(axis=1) < 1e-6)
    assert len(centre) == (deviation > np.sqrt(0.5))
    assert len(modes) == 3 * (deviation < 0.74) + (deviation > np.sqrt(0.5))


def test_the_centre_of_four_is_a_mode_in_three_dimensions():
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    # The mean of the squared gradients of the components there is 1/3 in each direction.
    below, above = (
        MixtureDistribution(np.full(4, 0.25), corners, [(1 / 3 + shift) * np.eye(3)] * 4).modes()
        for shift in (-1e-3, 1e-3)
    )
    assert np.abs(below.points).max(axis=1).min() > 0.1
    assert np.abs(above.points).max(axis=1).min() < 1e-6
    assert len(above) == 5


@pytest.mark.parametrize("seed", range(12))
def test_all_maxima_on_a_fine_grid_are_found_in_two_dimensions(seed):
    generator = np.random.RandomState(seed)
    corners = np.array([[0.0, 1.0], [np.sqrt(0.75), -0.5], [-np.sqrt(0.75), -0.5]])
    means = corners + 0.003 * generator.normal(size=(3, 2))
    weights = 1 / 3 + generator.uniform(-0.003, 0.003, 3)
    variance = generator.uniform(0.7, 0.74) ** 2
    mixture = MixtureDistribution(weights / weights.sum(), means, [variance * np.eye(2)] * 3)
    axis = np.linspace(-1.2, 1.2, 401)
    density = mixture.logpdf(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1))
    inner = density[1:-1, 1:-1]
    on_top = np.ones_like(inner, dtype=bool)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            if i or j:
                on_top &= inner > density[1 + i : 400 + i, 1 + j : 400 + j]
    tops = np.stack([axis[1:-1][index] for index in np.nonzero(on_top)], axis=-1)
    # A ridge across the grid has tops on the grid that are none: there the density goes on rising.
    tops = tops[np.abs(mixture.gradient(tops)).max(axis=1) < 0.01]
    modes = mixture.modes()
    assert len(tops)
    for top in tops:
        assert np.abs(modes.points - top).max(axis=1).min() < 0.02
    np.testing.assert_allclose(mixture.gradient(modes.points), 0.0, atol=1e-9)
    assert (np.linalg.eigvalsh(mixture.hessian(modes.points)) < 0).all()
