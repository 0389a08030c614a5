"""Cells of the grid are no worse than what their neighbours imply, and those that are impossible say why."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gaussmix import AutoGaussianMixture
from gaussmix.backends import default_backend
from gaussmix.core.parameters import n_free_parameters
from gaussmix.core.statistics import Moments
from gaussmix.covariance import FAMILIES, MODELS
from gaussmix.data import read_table, select_features
from gaussmix.selection.nesting import PARTS, contained, directly_contained
from gaussmix.selection.problem import Cell, Clock, Problem

TOLERANCE = 0.01
"""In nats, of all rows together."""


@pytest.fixture(scope="module", params=["iris", "faithful"])
def fitted(request):
    X = select_features(read_table(request.param)).values
    return X, AutoGaussianMixture(range(1, 6), random_state=0).fit(X)


def test_a_family_is_never_less_likely_than_those_it_contains(fitted):
    _, mixture = fitted
    table = mixture.selection_
    compared = 0
    for row in table:
        for part in contained(row.covariance_type):
            other = table.cell(part, row.n_components)
            if row.sound and other.sound:
                assert row.log_likelihood >= other.log_likelihood - TOLERANCE, (row, other)
                compared += 1
    assert compared > 150


@pytest.mark.parametrize("identifier", [name for name, parts in PARTS.items() if parts and len(name) > 1])
def test_a_step_into_a_family_is_no_less_likely_than_the_mixture_of_the_smaller_one(identifier):
    X = select_features(read_table("iris")).values
    families = tuple(FAMILIES[family.identifier] for family in MODELS)
    problem = Problem(
        X,
        None,
        families=families,
        most_components=3,
        reg_covar=None,
        generator=np.random.RandomState(0),
        backend=default_backend(1),
    )
    problem.prepare([3])
    cell = Cell(FAMILIES[identifier], 3)
    for part in PARTS[identifier]:
        smaller = Cell(FAMILIES[part], 3)
        fit = problem.climb(smaller, problem.start(smaller), tol=1e-3, max_iter=5, clock=Clock())
        step = problem.step_into(cell, fit.em.parameters)
        before, after = (
            problem.expect(mixture, Moments.NONE).log_likelihood for mixture in (fit.em.parameters, step)
        )
        assert after > before, part


def test_the_likelihood_hardly_ever_falls_with_the_number_of_components(fitted):
    # It may where every component that could split would leave one that has collapsed.
    _, mixture = fitted
    table = mixture.selection_
    compared = []
    for family, number in itertools.product(MODELS, range(2, 6)):
        row, fewer = (table.cell(family.identifier, k) for k in (number, number - 1))
        if row.sound and fewer.sound:
            compared.append(row.log_likelihood >= fewer.log_likelihood - TOLERANCE)
    assert len(compared) > 40
    assert np.mean(compared) > 0.97


def test_criteria_are_those_of_scipys_densities(fitted):
    X, mixture = fitted
    parameters = mixture.best_estimator_._parameters()
    matrices = parameters.family.representation.matrices(parameters.covariances, *parameters.means.shape)
    joint = np.column_stack(
        [
            np.log(weight) + multivariate_normal(mean, matrix).logpdf(X)
            for weight, mean, matrix in zip(parameters.weights, parameters.means, matrices, strict=True)
        ]
    )
    log_density = np.logaddexp.reduce(joint, axis=1)
    row = mixture.selection_.ranking[0]
    n_parameters = n_free_parameters(parameters.family, mixture.n_components_, X.shape[1])
    assert row.log_likelihood == pytest.approx(log_density.sum(), rel=1e-9)
    assert row.bic == pytest.approx(-2 * log_density.sum() + n_parameters * np.log(len(X)), rel=1e-9)
    assert row.aic == pytest.approx(-2 * log_density.sum() + 2 * n_parameters, rel=1e-9)
    certainty = (joint.max(axis=1) - log_density).sum()
    assert row.icl == pytest.approx(row.bic - 2 * certainty, rel=1e-9)


@pytest.mark.parametrize("identifier", [family.identifier for family in MODELS])
def test_families_contain_those_with_fewer_parameters_whose_letters_say_so(identifier):
    """A letter I is a special case of E, and E of V; orientations of axes (last I) need a shape to turn."""

    def is_within(one: str, other: str) -> bool:
        if one[2] == "I" and one[1] == "I" and other[1] == "I":
            return other[2] == "I" and (one[0] == "E" or other[0] == "V")
        return all("IEV".index(a) <= "IEV".index(b) for a, b in zip(one, other, strict=True))

    expected = {one.identifier for one in MODELS if is_within(one.identifier, identifier)} - {identifier}
    assert contained(identifier) == expected
    family = FAMILIES[identifier]
    for part in contained(identifier):
        assert FAMILIES[part].n_parameters(3, 4) < family.n_parameters(3, 4)


def test_where_families_are_left_out_those_below_them_stand_in():
    assert directly_contained("VVV", frozenset(PARTS)) == ("EVV", "VEV", "VVE")
    assert directly_contained("VVV", frozenset({"VVV", "EII", "VVI", "EEE"})) == ("EEE", "VVI")


def test_too_few_rows_for_matrices_are_reported_and_the_groups_found_without_them():
    generator = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [30, 30, 40])
    X = generator.normal(size=(100, 300)) + generator.normal(size=(3, 300))[truth]
    names = [family.identifier for family in MODELS]
    mixture = AutoGaussianMixture(range(1, 6), covariance_types=names, random_state=0).fit(X)
    for row in mixture.selection_:
        if FAMILIES[row.covariance_type].representation.form.name in ("FULL", "SHARED"):
            assert "need" in row.message
            assert np.isnan(row.bic)
    assert mixture.n_components_ == 3
    assert len({(a, b) for a, b in zip(truth, mixture.predict(X), strict=True)}) == 3


def test_a_collapsed_model_is_not_chosen_for_its_likelihood():
    X = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((15, 2), 1.5)])
    mixture = AutoGaussianMixture(range(1, 4), covariance_types=["VVV"], random_state=0).fit(X)
    collapsed = [row for row in mixture.selection_ if not row.sound]
    assert collapsed, "the repeated rows must attract a component, or this test shows nothing"
    assert min(row.bic for row in collapsed) < mixture.selection_.ranking[0].bic
    assert mixture.repaired_components_ == ()
    assert all(row.bic_weight == 0 for row in collapsed)


def test_weights_count_as_rows():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(40, 2)), generator.normal(size=(40, 2)) + 6])
    weights = generator.integers(1, 4, size=80)
    weighted = AutoGaussianMixture(range(1, 4), random_state=0).fit(X, sample_weight=weights)
    repeated = AutoGaussianMixture(range(1, 4), random_state=0).fit(np.repeat(X, weights, axis=0))
    assert weighted.covariance_type_ == repeated.covariance_type_
    assert weighted.selection_.ranking[0].bic == pytest.approx(repeated.selection_.ranking[0].bic, rel=1e-6)


def test_a_large_table_is_searched_by_a_part_and_its_best_models_finished_on_all_rows():
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [20_000, 5_000, 5_000])
    centers = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 9.0]])
    X = generator.normal(size=(30_000, 2)) * np.array([1.0, 2.0]) + centers[truth]
    mixture = AutoGaussianMixture(range(1, 6), random_state=0).fit(X)
    assert (mixture.covariance_type_, mixture.n_components_) == ("EEI", 3)
    best = mixture.selection_.ranking[0]
    assert best.converged
    assert best.log_likelihood == pytest.approx(mixture.score_samples(X).sum(), rel=1e-9)
    assert not all(row.converged for row in mixture.selection_)


def test_where_every_model_is_impossible_the_simplest_is_held_up_by_the_floor_and_says_so():
    X = np.random.default_rng(0).normal(size=(9, 30))
    mixture = AutoGaussianMixture(range(1, 4), covariance_types=["VVV"], random_state=0).fit(X)
    best = mixture.selection_.ranking[0]
    assert (best.n_components, best.sound) == (1, False)
    assert "held up by the floor alone" in best.message
    assert np.isfinite(mixture.score_samples(X)).all()


def test_with_one_component_families_that_coincide_are_one_model():
    X = np.random.RandomState(0).normal(size=(300, 3))
    mixture = AutoGaussianMixture(range(1, 3), random_state=0).fit(X)
    table = mixture.selection_
    assert mixture.n_components_ == 1
    # Of fourteen families only a sphere, an ellipsoid along the axes and any ellipsoid are left.
    singles = [row for row in table.distinct if row.n_components == 1 and not row.noise]
    assert [row.n_parameters for row in singles] == [4, 6, 9]
    distinct = np.array([row.bicc for row in table.distinct if row.sound])
    weights = np.exp(-0.5 * (distinct - distinct.min()))
    assert table.distinct[0].bic_weight == pytest.approx(weights.max() / weights.sum())
    assert table.cell("EII", 1).bic_weight == pytest.approx(table.cell("VII", 1).bic_weight)
