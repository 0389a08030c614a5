"""Merging by misclassification probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gaussmix import GaussianMixture, merge_components


@pytest.mark.parametrize(("distance", "n_clusters"), [(1.0, 1), (2.0, 1), (5.0, 2)])
def test_two_equal_spheres_are_mistaken_as_often_as_theory_says(distance, n_clusters):
    mixture = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [distance, 0.0]], [1.0, 1.0], covariance_type="spherical"
    )
    X, _ = mixture.sample(200_000, random_state=0)
    merged = merge_components(mixture, X, method="overlap")
    expected = norm.cdf(-distance / 2)
    assert merged.scores_[0] == pytest.approx(expected, rel=0.06)
    assert merged.n_clusters_ == n_clusters


def test_the_score_is_the_share_of_a_clusters_rows_that_go_to_another(spheres):
    mixture, X, _ = spheres
    merged = merge_components(mixture, X, method="overlap")
    r, label = mixture.predict_proba(X), mixture.predict(X)
    expected = max(r[label == i, j].sum() / r[:, j].sum() for i in range(3) for j in range(3) if i != j)
    assert merged.scores_[0] == pytest.approx(expected)
    assert merged.components_ == ((0, 1), (2,))


def test_the_threshold_moves_the_number_of_clusters(spheres):
    mixture, X, _ = spheres
    numbers = [
        merge_components(mixture, X, method="overlap", threshold=t).n_clusters_ for t in (1e-300, 0.05, 0.5)
    ]
    assert numbers == [1, 2, 3]
    assert np.isclose(merge_components(mixture, X, method="overlap", threshold=0.02).threshold_, 0.02)
