"""The EM loop: monotone, and its figures belong to the parameters that it returns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaussmix.backends import NativeBackend, ReferenceBackend
from gaussmix.core.convergence import has_converged, remaining_gain
from gaussmix.core.em import maximise, run_em
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import FAMILIES
from gaussmix.exceptions import DegenerateCovarianceError


def clusters(seed=0, n_rows=120, n_features=3, n_components=3):
    rng = np.random.RandomState(seed)
    means = rng.normal(scale=3, size=(n_components, n_features))
    return means[rng.randint(n_components, size=n_rows)] + rng.normal(size=(n_rows, n_features))


def random_start(X, family, n_components, seed=0):
    rng = np.random.RandomState(seed)
    responsibilities = rng.dirichlet(np.full(n_components, 0.3), size=len(X))
    statistics = SufficientStatistics.from_responsibilities(
        X, X[:n_components].copy(), responsibilities, family.moments
    )
    return maximise(statistics, family, floor(X))


def floor(X, relative=1e-6):
    n_features = X.shape[1]
    return Regularization(relative * X.var(axis=0), np.zeros(n_features))


def expectation(X, family, backend=None):
    rows = Rows(X, Coordinates.identity(X.shape[1]))
    backend = backend or NativeBackend()
    return lambda parameters: backend.expect(rows, parameters.density(), family.moments)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n_components=st.integers(1, 6))
def test_the_likelihood_never_decreases(family, seed, n_components):
    """Also where components collapse: the floor is part of the maximisation, not a correction after it."""
    X = clusters(seed, n_rows=40)
    X[:12] = X[0]  # a spike that a component can fall into
    result = run_em(
        expectation(X, family), random_start(X, family, n_components, seed), floor(X), tol=1e-10, max_iter=200
    )
    gains = np.diff(result.log_likelihoods)
    assert (gains >= 0).all()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_log_likelihood_belongs_to_the_returned_parameters(family):
    X = clusters()
    for max_iter in (0, 1, 5, 1000):
        result = run_em(
            expectation(X, family), random_start(X, family, 3), floor(X), tol=1e-8, max_iter=max_iter
        )
        again = ReferenceBackend().expect(
            Rows(X, Coordinates.identity(3)), result.parameters.density(), family.moments
        )
        # Two summation orders of 120 terms.
        assert result.log_likelihood == pytest.approx(again.mean_log_likelihood, rel=1e-13)
        assert result.n_iter == len(result.log_likelihoods) <= max_iter


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_native_and_the_reference_backend_lead_to_the_same_mixture(family):
    X = clusters()
    # A start past the saddle that random responsibilities begin at: leaving one multiplies rounding.
    start = run_em(
        expectation(X, family), random_start(X, family, 3), floor(X), tol=0.0, max_iter=8
    ).parameters
    one, other = (
        run_em(expectation(X, family, backend), start, floor(X), tol=0.0, max_iter=5)
        for backend in (NativeBackend(), ReferenceBackend())
    )
    # Five iterations, each with its rounding of 1e-16 and some amplification of the last one.
    np.testing.assert_allclose(one.parameters.means, other.parameters.means, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.parameters.covariances, other.parameters.covariances, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(one.log_likelihoods, other.log_likelihoods, rtol=1e-12)


def test_an_observer_can_stop_a_run():
    X = clusters()
    family = FAMILIES["full"]
    seen = []

    def observer(number, parameters, log_likelihood, gain):
        seen.append((number, log_likelihood))
        return number == 3

    result = run_em(
        expectation(X, family), random_start(X, family, 3), floor(X), tol=0.0, max_iter=50, observer=observer
    )
    assert [number for number, _ in seen] == [1, 2, 3]
    assert result.n_iter == 3
    assert not result.converged
    assert result.log_likelihood == seen[-1][1]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_component_without_rows_gets_weight_zero_and_is_reported(family):
    X = clusters()
    responsibilities = np.zeros((len(X), 3))
    responsibilities[:, :2] = np.random.RandomState(0).dirichlet([1, 1], size=len(X))
    statistics = SufficientStatistics.from_responsibilities(X, X[:3].copy(), responsibilities, family.moments)
    parameters = maximise(statistics, family, floor(X))
    np.testing.assert_array_equal(parameters.repaired, [False, False, True])
    assert parameters.weights[2] == 0
    assert parameters.weights.sum() == pytest.approx(1)
    np.testing.assert_array_equal(parameters.means[2], X[2])
    strict = Regularization(floor(X).floor, np.zeros(3), strict=True)
    with pytest.raises(DegenerateCovarianceError):
        maximise(statistics, family, strict)


def test_a_mixture_that_goes_through_other_coordinates_comes_back_unchanged():
    family = FAMILIES["full"]
    means = np.array([[1.0, 2e9], [3.0, 4e9]])
    covariances = np.array([[[2.0, 1e8], [1e8, 1e17]], [[1.0, -3e7], [-3e7, 1e16]]])
    mixture = MixtureParameters.from_covariances(family, np.array([0.25, 0.75]), means, covariances)
    coordinates = Coordinates.around(np.array([2.0, 3e9]), np.array([1.0, 1e9]))
    there = mixture.to_working(coordinates)
    assert np.abs(there.means).max() < 2
    back = there.to_data(coordinates)
    np.testing.assert_array_equal(back.covariances, mixture.covariances)
    np.testing.assert_array_equal(back.factor, mixture.factor)
    np.testing.assert_allclose(back.means, mixture.means, rtol=1e-15)


def test_the_remaining_gain_of_a_geometric_series_is_its_tail():
    path = [-(0.9**n) for n in range(20)]
    assert remaining_gain(path) == pytest.approx(0.9**19)


def test_growing_gains_are_not_convergence_however_small():
    """scikit-learn issue 10122: EM passes a plateau where each step is small."""
    path = [0.0, 1e-9, 2.5e-9]
    assert remaining_gain(path) == np.inf
    assert not has_converged(path, tol=1e-6)


def test_slowly_shrinking_gains_are_not_convergence_while_much_remains():
    path = list(-1e-2 * 0.9999 ** np.arange(50))  # gains of 1e-6 a step, 1e-2 in all
    assert not has_converged(path, tol=2e-6)
    assert has_converged(path, tol=1e-3)


def test_gains_lost_in_rounding_are_convergence():
    assert has_converged([-5.0, -5.0, -5.0], tol=1e-300)
    assert not has_converged([-5.0, -5.0, -5.0], tol=0.0)


def test_one_gain_alone_is_not_enough_to_judge():
    assert not has_converged([-5.0, -5.0 + 1e-12], tol=1e-3)
