"""Merge sequences beside plain agglomeration, which tries every pair at every step."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

from gaussmix.backends.hierarchical import MergeModel, merge_groups
from gaussmix.backends.native import INSTRUCTION_SETS


def criterion(members, model, a, b):
    """Return the criterion of one cluster, given as a list of (weight, mean, scatter)."""
    weights = np.array([weight for weight, _, _ in members])
    means = np.array([mean for _, mean, _ in members])
    n, n_features = weights.sum(), means.shape[1]
    centered = means - weights @ means / n
    scatter = (weights[:, None] * centered).T @ centered + sum(scatter for _, _, scatter in members)
    trace = np.trace(scatter)
    if model is MergeModel.EII:
        return trace
    if model is MergeModel.VII:
        return n * np.log((trace + a) / n)
    if model is MergeModel.EEE:
        return scatter
    determinant = 0.0
    if np.linalg.matrix_rank(scatter, tol=1e-10) == n_features:
        determinant = np.linalg.det(scatter / n)
    return n * np.log(determinant + b * (trace + a) / n)


def cost_of(clusters, one, other, model, a, b):
    together = criterion(clusters[one] + clusters[other], model, a, b)
    apart = [criterion(clusters[node], model, a, b) for node in (one, other)]
    if model is not MergeModel.EEE:
        return together - sum(apart)
    rest = sum(criterion(c, model, a, b) for node, c in clusters.items() if node not in (one, other))
    before = rest + sum(apart)
    if np.linalg.matrix_rank(before, tol=1e-10) < len(before):
        return np.trace(together - sum(apart))
    return np.linalg.det(rest + together) / np.linalg.det(before) - 1.0


def plain_agglomeration(means, weights, scatters, model, a, b):
    clusters = {i: [group] for i, group in enumerate(zip(weights, means, scatters, strict=True))}
    nodes, costs = [], []
    while len(clusters) > 1:
        pairs = [(one, other) for one in clusters for other in clusters if one < other]
        cost, one, other = min((cost_of(clusters, *pair, model, a, b), *pair) for pair in pairs)
        clusters[len(means) + len(nodes)] = clusters.pop(one) + clusters.pop(other)
        nodes.append((one, other))
        costs.append(cost)
    return np.array(nodes), np.array(costs)


def with_scatters(rng, n_groups, n_features):
    roots = rng.normal(size=(n_groups, n_features, n_features)) * 0.3
    return roots @ np.swapaxes(roots, 1, 2)


@pytest.mark.parametrize("groups", ["rows", "weighted rows", "groups with scatter"])
@pytest.mark.parametrize("n_features", [1, 2, 3, 6, 8])
@pytest.mark.parametrize("model", MergeModel)
def test_merges_are_those_of_plain_agglomeration(rng, model, n_features, groups):
    n_groups = 19
    means = rng.normal(size=(n_groups, n_features)) * rng.uniform(0.2, 2.0, size=n_features)
    weights = np.ones(n_groups) if groups == "rows" else rng.uniform(0.5, 4.0, size=n_groups)
    scatters = with_scatters(rng, n_groups, n_features) if groups == "groups with scatter" else None
    a, b = 0.7, 0.1
    zero = np.zeros((n_groups, n_features, n_features))
    expected_nodes, expected_costs = plain_agglomeration(
        means, weights, zero if scatters is None else scatters, model, a, b
    )
    for name in INSTRUCTION_SETS:
        nodes, costs = merge_groups(
            means, weights, scatters, model, trace_addition=a, trace_factor=b, instruction_set=name
        )
        np.testing.assert_array_equal(nodes, expected_nodes)
        # EEE has no cost before the determinant is positive.
        counts = costs > 0 if model is MergeModel.EEE else np.ones(n_groups - 1, dtype=bool)
        assert counts.sum() >= (n_groups - 1 if scatters is not None else n_groups - 1 - n_features)
        np.testing.assert_allclose(costs[counts], expected_costs[counts], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("n_features", [2, 5, 9])
@pytest.mark.parametrize("model", MergeModel)
def test_instruction_sets_agree_on_hundreds_of_rows(rng, model, n_features):
    means = rng.normal(size=(500, n_features)) + 4 * rng.integers(0, 3, size=(500, 1))
    weights = np.ones(500)
    first, *others = (
        merge_groups(means, weights, None, model, trace_factor=0.01, instruction_set=name)
        for name in INSTRUCTION_SETS
    )
    assert sorted(first[0].ravel()) == list(range(998))
    for other in others:
        np.testing.assert_array_equal(first[0], other[0])
        np.testing.assert_allclose(first[1], other[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_features", [2, 4, 9])
def test_the_cheapest_merge_is_found_in_a_metric_that_changes(instruction_set, rng, n_features):
    """EEE on rows enough that most pairs are never measured in the metric of the moment."""
    means = rng.normal(size=(250, n_features)) * np.logspace(0, 2, n_features)
    means += rng.integers(0, 3, size=(250, 1)) * rng.normal(size=n_features) * 20
    weights = rng.uniform(0.5, 2.0, size=250)
    nodes, costs = merge_groups(
        means / means.std(), weights, None, MergeModel.EEE, instruction_set=instruction_set
    )
    left = {i: (weights[i], means[i]) for i in range(250)}
    pooled = np.zeros((n_features, n_features))
    for merge, (one, other) in enumerate(nodes):
        number = np.array(list(left))
        n, m = (np.array([part[i] for part in left.values()]) for i in range(2))
        if costs[merge] > 0:
            white = np.linalg.solve(np.linalg.cholesky(pooled), m.T).T
            squares = ((white[:, None] - white) ** 2).sum(axis=2) * n[:, None] * n / (n[:, None] + n)
            np.fill_diagonal(squares, np.inf)
            pair = np.unravel_index(squares.argmin(), squares.shape)
            assert sorted(number[list(pair)]) == [one, other]
            assert costs[merge] == pytest.approx(squares.min(), rel=1e-6)
        else:
            assert merge < 3 * n_features
        (n1, m1), (n2, m2) = left.pop(one), left.pop(other)
        pooled += np.outer(m1 - m2, m1 - m2) * n1 * n2 / (n1 + n2)
        left[250 + merge] = (n1 + n2, (n1 * m1 + n2 * m2) / (n1 + n2))


@pytest.mark.parametrize("model", MergeModel)
def test_of_equal_costs_the_first_pair_is_merged(instruction_set, model):
    """Corners of squares far apart: all sides are as long, whatever rounding says."""
    corners = np.array([[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1]]) / 3
    means = np.vstack([corners + np.array([1.0, 0.7]) * square for square in range(3)])
    nodes, _ = merge_groups(means, np.ones(12), None, model, instruction_set=instruction_set)
    assert nodes[0].tolist() == [0, 1]


def test_determinants_do_not_leave_the_range_of_doubles(instruction_set, rng):
    means = rng.normal(size=(150, 100)) * np.logspace(3, -6, 100)
    _, costs = merge_groups(
        means, np.ones(150), None, MergeModel.VVV, trace_factor=1e-200, instruction_set=instruction_set
    )
    assert np.isfinite(costs).all()


@pytest.mark.parametrize("model", MergeModel)
def test_one_group_has_nothing_to_merge(instruction_set, model):
    nodes, costs = merge_groups(np.ones((1, 3)), np.ones(1), None, model, instruction_set=instruction_set)
    assert nodes.shape == (0, 2)
    assert costs.shape == (0,)


def test_a_signal_ends_the_work(rng):
    """What the handler raises comes through, long before the seconds that the work would take."""
    means, weights = rng.normal(size=(40_000, 3)), np.ones(40_000)

    def handle(number, frame):
        raise InterruptedError

    previous = signal.signal(signal.SIGUSR1, handle)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGUSR1])
    try:
        timer.start()
        began = time.perf_counter()
        with pytest.raises(InterruptedError):
            merge_groups(means, weights, None, MergeModel.VVV)
        assert time.perf_counter() - began < 1.5
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, previous)


@pytest.mark.parametrize(
    ("means", "weights", "scatters", "name"),
    [
        (np.ones(3), np.ones(3), None, "means"),
        (np.ones((3, 2)), np.ones(2), None, "weights"),
        (np.ones((3, 2)), np.ones(3), np.ones((3, 2)), "scatters"),
    ],
)
def test_shapes_are_checked(means, weights, scatters, name):
    with pytest.raises(ValueError, match=f"{name} must have shape"):
        merge_groups(means, weights, scatters, MergeModel.EII)
