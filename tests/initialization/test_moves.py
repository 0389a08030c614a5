"""Moves: what they promise is what the likelihood gains at least."""

from __future__ import annotations

import numpy as np
import pytest
from search_problems import clusters, em_from, log_likelihood, mixture_at, starting_data

from gaussmix import GaussianMixture
from gaussmix.initialization import MOVES, DivideAnew, SplitAndMerge
from gaussmix.initialization.components import Parts
from gaussmix.initialization.moves import Situation

INDEPENDENT = ("full", "diag", "spherical")


def situation(seed, family, spread=4.0):
    """Look around where EM ends from rows drawn at random."""
    X = clusters(seed, spread=spread)
    data = starting_data(X, family)
    rng = np.random.RandomState(seed)
    start = mixture_at(X[rng.choice(len(X), 5, replace=False)], family)
    mixture = em_from(data, start)
    return X, mixture, Situation.of(data, data.regularization, mixture, rng)


@pytest.mark.parametrize("family", INDEPENDENT)
@pytest.mark.parametrize("seed", range(3))
def test_a_merger_loses_no_more_than_is_said(seed, family):
    X, mixture, around = situation(seed, family)
    before = log_likelihood(mixture, X)
    assert around.mergers
    for merger in around.mergers:
        merged = around.parts.without(merger.numbers) + merger.remains
        after = log_likelihood(merged.mixture(mixture.family, around.regularization), X)
        assert after >= before - merger.loss / len(X) - 1e-5


@pytest.mark.parametrize("family", INDEPENDENT)
def test_leaving_a_component_out_loses_exactly_what_is_said(family):
    X, mixture, around = situation(1, family, spread=1.0)
    before = log_likelihood(mixture, X)
    for removal in around.removals:
        left = around.parts.without(removal.numbers).mixture(mixture.family, around.regularization)
        assert log_likelihood(left, X) == pytest.approx(before - removal.loss / len(X), abs=1e-3)


@pytest.mark.parametrize("family", INDEPENDENT)
@pytest.mark.parametrize("seed", range(3))
def test_a_merger_and_a_split_together_gain_no_less_than_is_said(seed, family):
    X, mixture, around = situation(seed, family)
    before = log_likelihood(mixture, X)
    for merger in around.mergers[:6]:
        for k, splits in enumerate(around.splits):
            for split in splits if k not in merger.numbers else ():
                parts = around.parts.without((*merger.numbers, k)) + merger.remains + split.halves
                after = log_likelihood(parts.mixture(mixture.family, around.regularization), X)
                # Rows that hardly belong to a component are left out where its splits are looked for.
                assert after >= before + (split.gain - merger.loss) / len(X) - 2e-3


@pytest.mark.parametrize("family", INDEPENDENT)
@pytest.mark.parametrize("seed", range(3))
def test_another_division_keeps_its_promise_before_em_goes_on(seed, family):
    X, mixture, around = situation(seed, family)
    before = log_likelihood(mixture, X)
    proposals = list(DivideAnew().proposals(around))
    assert proposals
    for proposal in proposals:
        proposed = proposal.parts.mixture(mixture.family, around.regularization)
        assert proposed.n_components == mixture.n_components
        assert log_likelihood(proposed, X) >= before + proposal.promise - 2e-3


def test_a_merged_pair_has_the_mean_and_the_covariance_of_the_rows_of_both():
    X = clusters(0)
    rng = np.random.RandomState(0)
    responsibilities = rng.dirichlet(np.ones(4), size=len(X))
    counts = responsibilities.sum(axis=0)
    means = responsibilities.T @ X / counts[:, None]
    scatter = np.stack([(responsibilities[:, [k]] * (X - means[k])).T @ (X - means[k]) for k in range(4)])
    merged = Parts(counts, means, scatter).merged(np.array([0, 3]), np.array([2, 1]))
    for position, (i, j) in enumerate([(0, 2), (3, 1)]):
        weights = responsibilities[:, i] + responsibilities[:, j]
        np.testing.assert_allclose(merged.counts[position], weights.sum())
        np.testing.assert_allclose(merged.means[position], np.average(X, axis=0, weights=weights))
        np.testing.assert_allclose(
            merged.scatter[position] / weights.sum(), np.cov(X.T, aweights=weights, ddof=0)
        )


def test_proposals_hold_all_rows():
    X, _, around = situation(1, "full")
    for move in MOVES:
        for proposal in move.proposals(around):
            assert proposal.parts.counts.sum() == pytest.approx(len(X), rel=1e-2)


def test_the_rows_of_the_least_lossy_pair_are_divided_anew():
    """Two crossing sticks cut across: only another division of the same rows helps."""
    rng = np.random.RandomState(0)
    stick = rng.normal(size=(300, 2)) * [10, 0.5]
    X = np.concatenate([stick, stick[:, ::-1]])
    data = starting_data(X)
    cut = em_from(data, mixture_at([[-7.0, 0.0], [0.5, 0.0]]), max_iter=2)
    around = Situation.of(data, data.regularization, cut, rng)
    best = max(DivideAnew().proposals(around), key=lambda proposal: proposal.promise)
    proposed = best.parts.mixture(cut.family, data.regularization)
    assert log_likelihood(proposed, X) > log_likelihood(cut, X) + 0.5
    truth = em_from(data, proposed)
    deviations = np.sqrt(np.einsum("kdd->kd", truth.covariances))
    order = np.argsort(deviations[:, 0])
    np.testing.assert_allclose(deviations[order], [[0.5, 10.0], [10.0, 0.5]], rtol=0.15)


def test_from_a_single_component_no_move_leads_anywhere():
    X = clusters(0)
    data = starting_data(X)
    mixture = em_from(data, mixture_at(X[:1]))
    around = Situation.of(data, data.regularization, mixture, np.random.RandomState(0))
    assert [proposal for move in MOVES for proposal in move.proposals(around)] == []


class Recorder:
    """A move of the user's own: proposes what another does, and remembers that it was asked."""

    def __init__(self):
        self.asked = 0

    def proposals(self, situation):
        self.asked += 1
        assert situation.responsibilities.shape[1] == len(situation.parts)
        yield from SplitAndMerge().proposals(situation)


class Spoiler:
    """Proposes to put all components in one place."""

    def proposals(self, situation):
        from gaussmix.initialization.moves import Proposal

        parts = situation.parts
        same = np.zeros(len(parts), dtype=np.intp)
        yield Proposal(1e9, Parts(parts.counts, parts.means[same], parts.scatter[same]))


def test_a_move_of_the_users_own_is_asked_and_followed():
    X = clusters(3, n_components=8, n_rows=800)
    recorder = Recorder()
    own = GaussianMixture(8, init_params="kmeans", moves=[recorder], random_state=0).fit(X)
    same = GaussianMixture(8, init_params="kmeans", moves=[SplitAndMerge()], random_state=0).fit(X)
    assert recorder.asked == own.stability_.n_moves + 1  # and once where nothing was better
    np.testing.assert_array_equal(own.means_, same.means_)


def test_a_move_that_does_not_raise_the_likelihood_is_not_made():
    X = clusters(3)
    spoiled = GaussianMixture(5, init_params="kmeans", moves=[Spoiler()], random_state=0).fit(X)
    without = GaussianMixture(5, init_params="kmeans", moves=None, random_state=0).fit(X)
    assert spoiled.stability_.n_moves == 0
    assert spoiled.score(X) >= without.score(X) - 1e-6


@pytest.mark.parametrize("moves", [["split"], [3], [SplitAndMerge], [SplitAndMerge(), None]])
def test_what_is_no_move_is_named(moves):
    with pytest.raises(TypeError, match="objects with a method proposals, but one is"):
        GaussianMixture(2, moves=moves).fit(clusters(0))


@pytest.mark.parametrize("moves", ["split", 3, SplitAndMerge(), {}.keys])
def test_what_is_no_sequence_of_moves_is_refused(moves):
    with pytest.raises(ValueError, match="The 'moves' parameter"):
        GaussianMixture(2, moves=moves).fit(clusters(0))
