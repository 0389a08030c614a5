"""Splits: what a component gains by being two."""

from __future__ import annotations

import numpy as np
import pytest
from search_problems import clusters, em_from, log_likelihood, mixture_at, starting_data

from gaussmix.initialization.moves import Situation


def around(X, means, family="full"):
    data = starting_data(X, family)
    mixture = em_from(data, mixture_at(means, family))
    return mixture, Situation.of(data, data.regularization, mixture, np.random.RandomState(0))


@pytest.mark.parametrize("family", ["full", "diag", "spherical"])
@pytest.mark.parametrize("seed", range(3))
def test_a_split_gains_at_least_what_is_said(seed, family):
    X = clusters(seed)
    mixture, situation = around(X, X[:3], family)
    before = log_likelihood(mixture, X)
    assert any(situation.splits)
    for k, splits in enumerate(situation.splits):
        for split in splits:
            assert split.halves.counts.sum() == pytest.approx(situation.parts.counts[k], rel=0.02)
            parts = situation.parts.without((k,)) + split.halves
            after = log_likelihood(parts.mixture(mixture.family, situation.regularization), X)
            # Rows that hardly belong to a component are left out where its splits are looked for.
            assert after >= before + split.gain / len(X) - 2e-3


def test_splits_of_a_component_come_best_first_and_differ():
    X = clusters(1)
    _, situation = around(X, X[:2])
    for splits in situation.splits:
        gains = [split.gain / len(X) for split in splits]
        assert (np.diff(gains) < -2e-4).all()


def test_the_component_on_two_clusters_gains_most_and_by_the_truth():
    rng = np.random.RandomState(0)
    centers = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 9.0]])
    X = np.repeat(centers, 150, axis=0) + rng.normal(size=(450, 2))
    _, situation = around(X, [[0.0, 0.0], [40.0, 4.5]])
    best = [splits[0].gain if splits else 0.0 for splits in situation.splits]
    assert np.argmax(best) == 1
    halves = situation.splits[1][0].halves
    order = np.argsort(halves.means[:, 1])
    np.testing.assert_allclose(
        halves.means[order], [X[150:300].mean(axis=0), X[300:].mean(axis=0)], atol=0.05
    )
    np.testing.assert_allclose(halves.counts, 150, atol=1)


@pytest.mark.parametrize("shape", ["crossed", "nested"])
def test_halves_with_the_same_mean_are_found(shape):
    rng = np.random.RandomState(1)
    one = rng.normal(size=(400, 2)) * ([10, 0.5] if shape == "crossed" else [1, 1])
    other = rng.normal(size=(400, 2)) * ([0.5, 10] if shape == "crossed" else [12, 12])
    X = np.concatenate([one, other])
    data = starting_data(X)
    mixture = em_from(data, mixture_at(X[:1]))
    situation = Situation.of(data, data.regularization, mixture, rng)
    truth = em_from(data, mixture_at([[0.0, 0.0], [0.0, 0.1]], variance=25.0))
    gain = situation.splits[0][0].gain / len(X)
    scores = {"whole": log_likelihood(mixture, X), "best": log_likelihood(truth, X)}
    assert gain > 0.3
    assert gain > 0.8 * (scores["best"] - scores["whole"])


def test_too_few_rows_are_not_split():
    rng = np.random.RandomState(0)
    X = np.concatenate([rng.normal(size=(200, 2)), 50 + rng.normal(size=(8, 2))])
    _, situation = around(X, [[0.0, 0.0], [50.0, 50.0]])
    assert situation.splits[1] == []
