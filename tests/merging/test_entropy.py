"""Merging by entropy does what mclust's clustCombi does, and its elbow tells clusters from components."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import entr

from gaussmix import GaussianMixture, merge_components
from gaussmix.data.datasets import load_bundled
from gaussmix.merging import change_point
from gaussmix.merging.agglomeration import agglomerate
from gaussmix.merging.entropy import EntropyAgglomeration, elbow, entropies_of

# clustCombi of mclust 6 on its ex4.1 (600 rows, EEV with 6 components) and faithful (EEE with 3), by number
# of clusters.
EX41 = [0.0, 0.000009, 0.868949, 4.668210, 46.291274, 129.933206]
FAITHFUL = [0.0, 0.494839, 42.312407]


@pytest.fixture(scope="module")
def faithful():
    """Old Faithful, and the parameters at which mclust 6 ended: Mclust(faithful)."""
    table = load_bundled("faithful").data
    X = np.column_stack([table["eruptions"].to_numpy(), table["waiting"].to_numpy()]).astype(float)
    mixture = GaussianMixture.from_parameters(
        [0.16567839905644066, 0.35636962651330778, 0.47795197443025117],
        [
            [3.7930655292303186, 77.521051332351348],
            [2.0375963146129594, 54.491157600821957],
            [4.4632447198396026, 80.833438776323248],
        ],
        [[0.078254480991346784, 0.4801978534671843], [0.4801978534671843, 33.767146396097132]],
        covariance_type="tied",
    )
    return X, mixture


def test_the_entropies_of_faithful_are_mclust_s(faithful):
    X, mixture = faithful
    merged = merge_components(mixture, X, method="entropy")
    # mclust's probabilities are those from which its parameters were computed, one EM iteration before them.
    assert merged.entropies_ == pytest.approx(FAITHFUL, rel=5e-3, abs=1e-6)
    assert merged.n_clusters_ == change_point(merged.entropies_) == 2
    assert sorted(np.bincount(merged.labels_)) == [97, 175]


@pytest.mark.parametrize(("entropies", "n_rows", "chosen"), [(EX41, 600, 4), (FAITHFUL, 272, 2)])
def test_both_elbows_are_where_mclust_s_is_on_mclust_s_entropies(entropies, n_rows, chosen):
    assert change_point(entropies) == chosen
    assert elbow(np.array(entropies), n_rows) == chosen


def test_every_merge_is_the_one_that_lowers_the_entropy_most():
    generator = np.random.default_rng(0)
    responsibilities = generator.dirichlet(np.full(7, 0.3), size=60)
    weights = generator.uniform(0.2, 3, size=60)
    merges = agglomerate(EntropyAgglomeration(responsibilities, weights), 7)
    columns = {k: responsibilities[:, k] for k in range(7)}

    def gain(one, other):
        return weights @ (entr(columns[one]) + entr(columns[other]) - entr(columns[one] + columns[other]))

    for step, (one, other) in enumerate(merges.pairs.tolist()):
        gains = {(i, j): gain(i, j) for i in columns for j in columns if i < j}
        assert gain(one, other) == pytest.approx(max(gains.values()), rel=1e-9)
        assert merges.scores[step] == pytest.approx(gain(one, other), rel=1e-9)
        columns[7 + step] = columns.pop(one) + columns.pop(other)
    assert list(columns) == [12]
    entropies = entropies_of(merges, responsibilities, weights)
    np.testing.assert_allclose(np.diff(entropies), merges.scores[::-1], rtol=1e-9, atol=1e-12)
    assert entropies[-1] == pytest.approx(weights @ entr(responsibilities).sum(axis=1))


def test_a_row_of_weight_two_is_a_row_that_is_there_twice(spheres):
    mixture, X, _ = spheres
    counts = np.random.default_rng(1).integers(0, 3, size=len(X))
    for method in ("entropy", "overlap"):
        weighted = merge_components(mixture, X, method=method, sample_weight=counts.astype(float))
        repeated = merge_components(mixture, np.repeat(X, counts, axis=0), method=method)
        np.testing.assert_allclose(weighted.entropies_, repeated.entropies_, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(weighted.scores_, repeated.scores_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("entropies", "chosen"),
    [
        ([0.0], 1),
        ([0.0, 0.0, 1e-5], 3),  # all apart: nothing is merged
        ([0.0, 60.0, 150.0, 260.0], 1),  # always in doubt: one skewed cluster
        ([0.0, 0.2, 15.0, 38.0, 60.0], 2),
    ],
)
def test_the_elbow_may_be_at_one_cluster_or_at_all_components(entropies, chosen):
    assert elbow(np.array(entropies), 1000) == chosen
