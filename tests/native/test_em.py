"""EM runs inside the kernels: the same as steps by the backend and M-steps by the family."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.backends import NativeBackend, ReferenceBackend
from gaussmix.backends.native import INSTRUCTION_SETS, kernels_know_m_step
from gaussmix.backends.side_by_side import climb_each_by_steps, run_each_by_steps
from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.stack import MixtureStack
from gaussmix.covariance import FAMILIES

NAMES = [
    "full",
    "diag",
    "spherical",
    "tied",
    "EEI",
    "EII",
    "EVI",
    "VEI",
    "EVV",
    "VEE",
    "EEV",
    "VEV",
    "EVE",
    "VVE",
]
# Sums in another order lose some units in the last place; EM multiplies that a little.
TOLERANCE = 1e-9


def problem(name, n_features, *, n_components=3, n_mixtures=5, n_rows=300, floor=1e-8, seed=0):
    rng = np.random.RandomState(seed)
    centers = 3 * rng.normal(size=(n_components, n_features))
    X = centers[rng.randint(n_components, size=n_rows)] + rng.normal(size=(n_rows, n_features))
    family = FAMILIES[name]
    shape = family.representation.shape(n_components, n_features)
    covariances = np.ones(shape)
    if family.representation.form in (FactorForm.FULL, FactorForm.SHARED):
        covariances[...] = np.eye(n_features)
    factor = family.representation.factor(covariances)
    starts = MixtureStack.of(
        [
            MixtureParameters(
                family,
                np.full(n_components, 1 / n_components),
                X[rng.choice(n_rows, n_components, replace=False)],
                covariances,
                factor,
                np.zeros(n_components, dtype=bool),
            )
            for _ in range(n_mixtures)
        ]
    )
    ends = rng.randint(n_rows // 2, n_rows + 1, size=n_mixtures)
    ranges = np.stack([np.arange(n_mixtures), ends], axis=1).astype(np.int64)
    regularization = Regularization(np.full(n_features, floor), np.zeros(n_features))
    assert kernels_know_m_step(family, regularization)
    return Rows(X, Coordinates.identity(n_features), None), ranges, starts, regularization


def assert_same(one: MixtureStack, other: MixtureStack) -> None:
    # Shared axes come from an iteration that ends a little before the optimum.
    tolerance = 1e-4 if one.family.name in ("EVE", "VVE") else TOLERANCE
    for name in ("weights", "means", "covariances", "factor"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(one.repaired, other.repaired)


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize("n_features", [1, 2, 5, 9, 20])
@pytest.mark.parametrize("name", NAMES)
def test_plain_runs_are_those_of_separate_steps(name, n_features, instruction_set):
    backend = NativeBackend(2, instruction_set=instruction_set)
    # Enough rows that no covariance is nearly singular: its factor would multiply rounding.
    given = problem(name, n_features, n_rows=max(300, 60 * n_features))
    mixtures, statistics, remaining = backend.run_each(*given, n_iter=8, tol=1e-4)
    expected = run_each_by_steps(backend, *given, n_iter=8, tol=1e-4)
    if name not in ("EVE", "VVE") or n_features < 20:  # axes with nearly equal variances hardly matter
        assert_same(mixtures, expected[0])
        np.testing.assert_allclose(statistics.second, expected[1].second, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(statistics.log_likelihood, expected[1].log_likelihood, rtol=TOLERANCE)
    np.testing.assert_allclose(remaining, expected[2], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_features", [1, 2, 5, 9])
@pytest.mark.parametrize("name", NAMES)
def test_accelerated_runs_are_those_of_run_em(name, n_features):
    backend = NativeBackend(2)
    given = problem(name, n_features, n_rows=200)
    ends = backend.climb_each(*given, tol=1e-6, max_iter=500)
    expected = climb_each_by_steps(backend, *given, tol=1e-6, max_iter=500)
    np.testing.assert_allclose(ends.log_likelihood, expected.log_likelihood, atol=1e-7)
    np.testing.assert_array_equal(ends.converged, expected.converged)
    assert ends.converged.all()
    assert np.abs(ends.n_iter - expected.n_iter).max() <= 2  # rounding may tip a leap


@pytest.mark.parametrize("n_features", [2, 12])
@pytest.mark.parametrize("name", NAMES)
def test_the_floor_holds_as_it_does_in_the_families(name, n_features):
    backend = NativeBackend(1)
    given = problem(name, n_features, floor=1.5)
    mixtures, _, _ = backend.run_each(*given, n_iter=5, tol=0.0)
    expected, _, _ = run_each_by_steps(backend, *given, n_iter=5, tol=0.0)
    assert expected.repaired.any()
    if mixtures.covariances.ndim == 4:
        assert np.linalg.eigvalsh(mixtures.covariances).min() > 1.5 * (1.0 - 1e-9)
    if not (name == "EVE" and n_features == 12):  # axes whose variances all stand at the floor are anybody's
        assert_same(mixtures, expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_component_without_rows_is_left_to_the_families(name):
    backend = NativeBackend(1)
    rows, ranges, starts, regularization = problem(name, 2)
    starts.means[1, 2] = 1e6  # so far out that no row belongs to it
    given = rows, ranges, starts, regularization
    mixtures, _, _ = backend.run_each(*given, n_iter=6, tol=0.0)
    expected, _, _ = run_each_by_steps(backend, *given, n_iter=6, tol=0.0)
    assert expected.weights[1, 2] == 0.0
    assert_same(mixtures, expected)
    ends = backend.climb_each(*given, tol=1e-5, max_iter=50)
    by_steps = climb_each_by_steps(backend, *given, tol=1e-5, max_iter=50)
    np.testing.assert_allclose(ends.log_likelihood, by_steps.log_likelihood, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_single_precision_and_strides_are_read_as_they_are(name):
    backend = NativeBackend(1)
    rows, ranges, starts, regularization = problem(name, 3)
    weight = np.random.RandomState(1).randint(0, 4, size=rows.n_rows).astype(float)
    turned = Rows(np.asfortranarray(rows.X.astype(np.float32)), rows.coordinates, weight)
    given = turned, ranges, starts, regularization
    mixtures, statistics, _ = backend.run_each(*given, n_iter=5, tol=0.0)
    expected, by_steps, _ = run_each_by_steps(backend, *given, n_iter=5, tol=0.0)
    assert_same(mixtures, expected)
    np.testing.assert_array_equal(statistics.total_weight, by_steps.total_weight)


@pytest.mark.parametrize("name", ["full", "tied", "EVE"])
@pytest.mark.parametrize("weighted", [False, True])
def test_ranges_without_rows_are_refused(name, weighted):
    rows, ranges, starts, regularization = problem(name, 2)
    if weighted:
        weight = np.ones(rows.n_rows)
        weight[20:30] = 0.0
        rows, ranges[3] = Rows(rows.X, rows.coordinates, weight), [20, 30]
    else:
        ranges[3] = [20, 20]
    given = rows, ranges, starts, regularization
    for backend in (NativeBackend(1), ReferenceBackend()):
        with pytest.raises(ValueError, match=r"range 3, rows 20 to [23]0, has none"):
            backend.run_each(*given, n_iter=5, tol=0.0)
        with pytest.raises(ValueError, match=r"range 3, rows 20 to [23]0, has none"):
            backend.climb_each(*given, tol=1e-3, max_iter=5)


@pytest.mark.parametrize("name", ["EVE", "VVE"])
@pytest.mark.parametrize("seed", range(6))
def test_shared_axes_stay_orthogonal_and_above_a_floor_that_binds(name, seed):
    """Planes in which all variances stand at the floor: rounding alone tells how to turn them."""
    backend, n_features = NativeBackend(1), 2 + seed % 4
    rows, ranges, starts, regularization = problem(name, n_features, floor=1.5, seed=seed)
    starts.covariances[...] *= 1.5
    starts.factor[...] /= np.sqrt(1.5)
    given = rows, ranges, starts, regularization
    ends = backend.climb_each(*given, tol=1e-7, max_iter=300)
    by_steps = climb_each_by_steps(backend, *given, tol=1e-7, max_iter=300)
    for mixtures in (ends.mixtures, by_steps.mixtures):
        assert np.linalg.eigvalsh(mixtures.covariances).min() > 1.5 * (1.0 - 1e-9)
    np.testing.assert_allclose(ends.log_likelihood, by_steps.log_likelihood, atol=1e-7)


@pytest.mark.parametrize("name", ["EVE", "VVE"])
def test_shared_axes_are_found_from_spheres_at_which_the_likelihood_is_level(name):
    """All features have the same variance in each component, so that no turn of their axes helps at first."""
    rng = np.random.RandomState(0)
    lower = np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]])
    half = rng.normal(size=(400, 2)) @ lower.T
    half = np.concatenate([half, half[:, ::-1]])  # the same if the features change places
    X = np.concatenate([half, half / 2.0 + 20.0])
    start = MixtureParameters(
        FAMILIES[name],
        np.array([0.5, 0.5]),
        np.array([[0.0, 0.0], [20.0, 20.0]]),
        np.tile(np.eye(2), (2, 1, 1)),
        np.tile(np.eye(2), (2, 1, 1)),
    )
    given = (
        Rows(X, Coordinates.identity(2), None),
        np.array([[0, len(X)]]),
        MixtureStack.of([start]),
        Regularization(np.full(2, 1e-8), np.zeros(2)),
    )
    for ends in (
        NativeBackend(1).climb_each(*given, tol=1e-6, max_iter=50),
        climb_each_by_steps(NativeBackend(1), *given, tol=1e-6, max_iter=50),
    ):
        covariances = ends.mixtures.covariances[0]
        correlations = covariances[:, 0, 1] / covariances[:, 0, 0]
        np.testing.assert_allclose(correlations, 0.9, atol=0.03)


def test_threads_change_no_bit():
    given = problem("full", 4, n_mixtures=9, n_rows=2000)
    one = NativeBackend(1).climb_each(*given, tol=1e-7, max_iter=300)
    two = NativeBackend(2).climb_each(*given, tol=1e-7, max_iter=300)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(one.mixtures, name), getattr(two.mixtures, name))


def test_no_iteration_returns_the_start_and_its_likelihood():
    backend = NativeBackend(1)
    rows, ranges, starts, regularization = problem("full", 2)
    ends = backend.climb_each(rows, ranges, starts, regularization, tol=1e-3, max_iter=0)
    assert_same(ends.mixtures, starts)
    expected = backend.expect_each(rows, ranges, starts.density(), starts.family.moments)
    np.testing.assert_array_equal(ends.log_likelihood, expected.mean_log_likelihood)
    assert not ends.n_iter.any()
    assert not ends.converged.any()
