"""Refits side by side end where each would end alone, on tables that are drawn as they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaussmix import ConjugatePrior, GaussianMixture
from gaussmix.core.em import run_em
from gaussmix.core.stack import MixtureStack
from gaussmix.covariance import MODELS, ONE_DIMENSIONAL_MODELS
from gaussmix.inference.refits import Problem, refit
from gaussmix.inference.resampling import Batch, RandomWeights, RowResampling

MCLUST = [family.identifier for family in (*MODELS, *ONE_DIMENSIONAL_MODELS)]


def problem_and_tables(fitted, family, number=12):
    model, X = fitted(family)
    model = model.__class__.from_parameters(
        model.weights_, model.means_, model.covariances_, covariance_type=family
    )
    problem = Problem.of(model, X[::3])
    return problem, RowResampling(problem.rows, np.random.RandomState(1)).draw(number)


def alone(problem, batch, number):
    family, table = problem.mixture.family, batch.table(number)

    def expect(parameters):
        return problem.data.backend.expect(table, parameters.density(), family.moments)

    return run_em(
        expect,
        problem.mixture,
        problem.data.regularization,
        tol=problem.tol,
        max_iter=problem.max_iter,
        accelerate=problem.accelerate,
    )


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("family", MCLUST)
def test_refits_end_where_each_ends_alone(fitted, family, accelerate):
    problem, batch = problem_and_tables(fitted, family, 4)
    problem = replace(problem, accelerate=accelerate)
    found = refit(problem, batch, MixtureStack.of([problem.mixture] * len(batch)))
    assert found.converged.all()
    assert not found.emptied.any()
    for number in range(len(batch)):
        one = alone(problem, batch, number)
        np.testing.assert_allclose(found.log_likelihood[number], one.log_likelihood, atol=2e-5)
        np.testing.assert_allclose(found.mixtures.means[number], one.parameters.means, atol=0.03)


def test_one_table_in_a_batch_is_fitted_like_several(fitted):
    problem, batch = problem_and_tables(fitted, "VVV", 3)
    whole = refit(problem, batch, MixtureStack.of([problem.mixture] * 3))
    single = refit(problem, replace(batch, ranges=batch.ranges[1:2]), MixtureStack.of([problem.mixture]))
    np.testing.assert_allclose(single.log_likelihood[0], whole.log_likelihood[1], atol=1e-6)


def test_additions_to_the_diagonal_are_made_as_alone(space):
    model = GaussianMixture(2, reg_covar=0.3, random_state=0).fit(space)
    problem = Problem.of(model, space)
    batch = RowResampling(problem.rows, np.random.RandomState(1)).draw(5)
    found = refit(problem, batch, MixtureStack.of([problem.mixture] * 5))
    for number in range(5):
        one = alone(problem, batch, number)
        np.testing.assert_allclose(found.mixtures.covariances[number], one.parameters.covariances, rtol=1e-3)
        np.testing.assert_allclose(found.log_likelihood[number], one.log_likelihood, atol=1e-6)
    assert found.converged.all()


@pytest.mark.parametrize("family", sorted({one.identifier for one in MODELS}))
def test_no_refit_is_less_likely_than_its_start(fitted, family):
    problem, batch = problem_and_tables(fitted, family, 3)
    starts = MixtureStack.of([problem.mixture] * 3)
    family = problem.mixture.family
    statistics = problem.data.backend.expect_each(batch.rows, batch.ranges, starts.density(), family.moments)
    before = statistics.mean_log_likelihood
    assert (refit(problem, batch, starts).log_likelihood > before).all()


def test_a_prior_holds_in_refits_as_in_fits(space):
    strong = ConjugatePrior(shrinkage=50.0, mean=[1.0, 1.0, 1.0])
    model = GaussianMixture(2, prior=strong, random_state=0, tol=1e-10).fit(space)
    problem = Problem.of(model, space)
    rows = problem.rows
    for number in (1, 2):  # alone, and side by side
        same = Batch(rows, np.array([[0, rows.n_rows]] * number))
        again = refit(problem, same, MixtureStack.of([problem.mixture] * number))
        np.testing.assert_allclose(again.mixtures.means[-1], problem.mixture.means, atol=1e-4)
        np.testing.assert_allclose(
            again.log_likelihood[-1] + rows.coordinates.log_jacobian, model.score(space), atol=1e-7
        )


def test_draws_do_not_depend_on_how_they_are_divided_into_batches(space):
    model = GaussianMixture(2, random_state=0).fit(space)
    problem = Problem.of(model, space)
    for kind in (RowResampling, RandomWeights):
        whole = kind(problem.rows, np.random.RandomState(3)).draw(5)
        parts = kind(problem.rows, np.random.RandomState(3))
        parts.draw(3)
        rest = parts.draw(2)
        for number in range(2):
            np.testing.assert_array_equal(rest.table(number).X, whole.table(3 + number).X)
            np.testing.assert_array_equal(
                rest.table(number).sample_weight, whole.table(3 + number).sample_weight
            )


@pytest.mark.parametrize("kind", [RowResampling, RandomWeights])
def test_weights_are_drawn_as_if_rows_were_repeated(kind, space):
    X = space[:5]
    weights = np.array([1.0, 2.0, 3.0, 0.0, 4.0])
    model = GaussianMixture(1).fit(X)
    given = Problem.of(model, X, weights).rows
    draws = kind(given, np.random.RandomState(0)).draw(20_000)
    totals = np.zeros((len(draws), 5))
    repeated = Problem.of(model, np.repeat(X, weights.astype(int), axis=0)).rows
    draws_of_repeated = kind(repeated, np.random.RandomState(1)).draw(20_000)
    totals_of_repeated = np.zeros((len(draws), 5))
    for batch, found in ((draws, totals), (draws_of_repeated, totals_of_repeated)):
        owner = np.argmin(np.abs(batch.rows.X[:, :1] - X[:, 0]), axis=1)
        table = np.repeat(np.arange(len(batch)), np.diff(batch.ranges, axis=1)[:, 0])
        np.add.at(found, (table, owner), batch.rows.sample_weight)
    np.testing.assert_allclose(totals.sum(axis=1), 10.0)
    np.testing.assert_allclose(totals.mean(axis=0), weights, atol=0.06)
    np.testing.assert_allclose(np.cov(totals.T), np.cov(totals_of_repeated.T), atol=0.12)
