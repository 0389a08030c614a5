"""Merging and splitting by hand: what becomes of the mixture."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import DataError, GaussianMixture
from gaussmix.covariance import FAMILIES
from gaussmix.explore.components import merge_by_hand, split_by_hand


@pytest.fixture(scope="module")
def rows():
    """Three groups: two of them near each other, one far away, with as many features as components."""
    generator = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 30.0, 0.0]])
    return np.vstack([centre + generator.normal(size=(100, 3)) for centre in centres])


# Factor analysis of so few features creeps towards its optimum.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_merged_and_split(rows, family):
    X = rows[:, :1] if FAMILIES[family].one_dimensional else rows
    mixture = GaussianMixture(3, covariance_type=family, random_state=0).fit(X)
    merged = merge_by_hand(mixture, X, 0, 1)
    assert len(merged.weights_) == 2
    split = split_by_hand(merged, X, 0, 0)
    assert len(split.weights_) == 3
    for one in (merged, split):
        assert one.covariance_type == mixture.covariance_type
        assert one.weights_.sum() == pytest.approx(1.0)
        assert np.isfinite(one.score(X))


def test_merging_two_near_groups_and_splitting_them_leads_back(rows):
    mixture = GaussianMixture(3, random_state=0).fit(rows)
    labels = mixture.predict(rows)
    first, second, far = labels[0], labels[100], labels[200]
    mixture.name_components({far: "far", first: "gone"})
    merged = merge_by_hand(mixture, rows, first, second)
    kinds = merged.predict(rows)
    assert len(set(kinds[:200])) == 1
    assert merged.component_names_[kinds[200]] == "far"
    assert merged.component_names_[kinds[0]] is None
    expected = GaussianMixture(1).fit(rows[:200])
    assert merged.means_[kinds[0]] == pytest.approx(expected.means_[0], abs=1e-3)
    assert merged.covariances_[kinds[0]] == pytest.approx(expected.covariances_[0], abs=1e-2)
    again = split_by_hand(merged, rows, int(kinds[0]), 0)
    assert again.score(rows) == pytest.approx(mixture.score(rows), abs=1e-6)


def test_what_cannot_be_done_is_said(rows):
    mixture = GaussianMixture(3, random_state=0).fit(rows)
    with pytest.raises(DataError, match="with itself"):
        merge_by_hand(mixture, rows, 1, 1)
    with pytest.raises(DataError, match="too few to be split"):
        split_by_hand(mixture, rows[:6], int(mixture.predict(rows)[0]), 0)
