"""Several mixtures side by side give what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.backends import NativeBackend, ReferenceBackend
from gaussmix.core.em import maximise
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.stack import MixtureStack, maximise_each, run_each
from gaussmix.covariance import FAMILIES

FAMILY_NAMES = [name for name in FAMILIES if not FAMILIES[name].one_dimensional]
REGULARIZATION = Regularization(np.full(3, 1e-6), np.zeros(3))


def mixtures(family_name, n_mixtures=5, n_components=3, n_features=3):
    family = FAMILIES[family_name]
    rng = np.random.RandomState(0)
    shape = family.representation.shape(n_components, n_features)
    covariances = (
        np.array(np.broadcast_to(np.eye(n_features), shape))
        if shape[-2:] == (n_features, n_features) and (len(shape) == 3 or family.identifier == "EEE")
        else np.ones(shape)
    )
    return [
        MixtureParameters.from_covariances(
            family,
            rng.dirichlet(np.ones(n_components)),
            rng.normal(size=(n_components, n_features)),
            covariances,
        )
        for _ in range(n_mixtures)
    ]


def rows(n_rows=300, weighted=True):
    rng = np.random.RandomState(1)
    weights = rng.uniform(0.5, 2, n_rows) if weighted else None
    return Rows(rng.normal(size=(n_rows, 3)), Coordinates.identity(3), weights)


RANGES = np.array([[0, 300], [0, 100], [50, 51], [100, 300], [0, 300]])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_each_e_step_is_that_of_the_mixture_alone_to_the_last_bit(family, weighted):
    table, several = rows(weighted=weighted), mixtures(family)
    moments = several[0].family.moments
    for backend in (NativeBackend(2), ReferenceBackend()):
        stack = backend.expect_each(table, RANGES, MixtureStack.of(several).density(), moments)
        for s, (begin, end) in enumerate(RANGES):
            weight = None if table.sample_weight is None else table.sample_weight[begin:end]
            part = Rows(table.X[begin:end], table.coordinates, weight)
            alone = backend.expect(part, several[s].density(), moments)
            np.testing.assert_array_equal(stack[s].counts, alone.counts)
            np.testing.assert_array_equal(stack[s].second, alone.second)
            assert stack[s].log_likelihood == alone.log_likelihood
            assert stack[s].total_weight == alone.total_weight


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_each_m_step_is_that_of_the_mixture_alone(family):
    table, several = rows(), mixtures(family)
    moments = several[0].family.moments
    statistics = NativeBackend().expect_each(
        table, np.tile([[0, 300]], (5, 1)), MixtureStack.of(several).density(), moments
    )
    stack = maximise_each(statistics, several[0].family, REGULARIZATION)
    for s in range(5):
        alone = maximise(statistics[s], several[0].family, REGULARIZATION)
        for name in ("weights", "means", "covariances", "factor"):
            np.testing.assert_allclose(getattr(stack[s], name), getattr(alone, name), rtol=1e-12, atol=1e-14)


def test_an_empty_component_is_treated_as_alone():
    family = FAMILIES["full"]
    several = mixtures("full")
    far = MixtureParameters.from_covariances(
        family, np.full(3, 1 / 3), np.array([[0.0] * 3, [1.0] * 3, [1e6] * 3]), several[0].covariances
    )
    statistics = NativeBackend().expect_each(
        rows(), np.array([[0, 300], [0, 300]]), MixtureStack.of([several[0], far]).density(), family.moments
    )
    stack = maximise_each(statistics, family, REGULARIZATION)
    assert stack[1].weights[2] == 0
    assert stack[1].repaired[2]
    assert not stack[0].repaired.any()


@pytest.mark.parametrize("family", ["full", "tied"])
def test_runs_side_by_side_climb_and_end_each_for_itself(family):
    table, several = rows(), mixtures(family)
    backend = NativeBackend()

    def expect_each(stack, numbers):
        return backend.expect_each(
            table, RANGES[[0, 1, 3, 4]][numbers], stack.density(), stack.family.moments
        )

    starts = MixtureStack.of([several[i] for i in (0, 1, 3, 4)])
    before = expect_each(starts, np.arange(4)).mean_log_likelihood
    mixed, statistics, _ = run_each(expect_each, starts, REGULARIZATION, n_iter=200, tol=1e-9)
    assert (statistics.mean_log_likelihood > before).all()
    again = expect_each(mixed, np.arange(4))
    np.testing.assert_array_equal(again.log_likelihood, statistics.log_likelihood)


def test_ranges_that_are_no_row_numbers_are_refused():
    several = mixtures("full", 1)
    for bad in ([[0, 301]], [[-1, 5]], [[5, 4]]):
        with pytest.raises(ValueError, match="row numbers"):
            NativeBackend().expect_each(
                rows(), np.array(bad), MixtureStack.of(several).density(), several[0].family.moments
            )
