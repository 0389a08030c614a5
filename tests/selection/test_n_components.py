"""The number of components is that of the smallest BIC among sound fits."""

import warnings

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from gaussmix.data import read_table, select_features
from gaussmix.selection.n_components import choose_n_components


def test_old_faithful_has_two_components_with_scikit_learn_s_bic():
    X = select_features(read_table("faithful")).values
    choice = choose_n_components(X, range(1, 5), random_state=0)
    assert choice.model.n_components == 2
    assert [candidate.n_components for candidate in choice.candidates] == [1, 2, 3, 4]
    assert choice.ranking[0].n_components == 2
    for candidate in choice.candidates[:2]:
        theirs = ScikitLearnMixture(candidate.n_components, tol=1e-9, max_iter=1000, random_state=0).fit(X)
        assert candidate.bic == pytest.approx(theirs.bic(X), rel=1e-4)


def test_mclust_s_choice_among_full_mixtures_of_iris_is_found():
    # mclust 6, family VVV: BIC -829.9782, -574.0178, -580.8399 for 1, 2 and 3 components.
    X = select_features(read_table("iris")).values
    choice = choose_n_components(X, range(1, 4), random_state=0)
    assert choice.model.n_components == 2
    bics = [candidate.bic for candidate in choice.candidates]
    assert bics == pytest.approx([829.9782, 574.0178, 580.8399], abs=0.01)


def test_weights_count_as_rows():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(40, 1)), generator.normal(size=(40, 1)) + 9])
    weights = generator.integers(0, 4, size=80)
    weighted = choose_n_components(X, range(1, 3), sample_weight=weights, random_state=0)
    repeated = choose_n_components(np.repeat(X, weights, axis=0), range(1, 3), random_state=0)
    for one, other in zip(weighted.candidates, repeated.candidates, strict=True):
        assert one.bic == pytest.approx(other.bic, rel=1e-6)


def test_more_components_than_rows_are_passed_over():
    choice = choose_n_components(np.array([[0.0], [1.0], [5.0]]), range(1, 10), random_state=0)
    assert max(candidate.n_components for candidate in choice.candidates) <= 3


def test_no_possible_number_is_an_error():
    with pytest.raises(ValueError, match="No candidate number of components"):
        choose_n_components(np.array([[0.0], [1.0]]), [0, 5])


def test_a_collapsed_fit_is_not_chosen_for_its_likelihood_nor_its_warning_shown():
    X = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((15, 2), 1.5)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choice = choose_n_components(X, range(1, 4), random_state=0)
    collapsed = [candidate for candidate in choice.candidates if candidate.repaired]
    assert collapsed, "the repeated rows must attract a component, or this test shows nothing"
    assert min(candidate.bic for candidate in collapsed) < choice.ranking[0].bic
    assert choice.model.repaired_components_ == ()
    assert choice.ranking[-1].repaired


def test_progress_names_every_number_and_parameters_reach_the_fits():
    seen = []
    X = np.random.default_rng(0).normal(size=(50, 2))
    choice = choose_n_components(X, [2, 1], progress=seen.append, covariance_type="diag", random_state=5)
    assert seen == [1, 2]
    assert choice.model.covariance_type == "diag"
    assert choice.model.random_state == 5
