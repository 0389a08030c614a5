"""Overlap, valleys and the word for slices of one cloud follow from the mixture."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from gaussmix import GaussianMixture
from gaussmix.explain import explain_mixture, summarize
from gaussmix.explain.clouds import valleys
from gaussmix.explain.confusion import confusion, error_rates, shared_rows
from gaussmix.explain.groups import Groups
from gaussmix.explain.working_mixture import WorkingMixture

WORD = "slices of one cloud"


def _two(distance, n_features=2, weights=(0.5, 0.5)):
    means = np.zeros((2, n_features))
    means[1, 0] = distance
    return GaussianMixture.from_parameters(weights, means, [1.0, 1.0], covariance_type="spherical")


@pytest.mark.parametrize("distance", [0.5, 2.0, 4.0, 6.0])
def test_confusion_of_two_equal_spheres_is_known_in_closed_form(distance):
    model = _two(distance)
    joint = confusion(WorkingMixture.of(model), Groups.of(model))
    error = norm.cdf(-distance / 2)
    expected = np.array([[1 - error, error], [error, 1 - error]])
    assert error_rates(joint) == pytest.approx(expected, rel=0.05, abs=3e-4)
    assert shared_rows(joint)[0, 1] == pytest.approx(error, rel=0.05, abs=3e-4)


def test_confusion_agrees_with_a_simulation(iris):
    model = GaussianMixture(4, covariance_type="tied", random_state=0).fit(iris)
    rows, labels = model.sample(200_000, random_state=0)
    assigned = model.predict(iris.__class__(rows, columns=iris.columns))
    counted = np.zeros((4, 4))
    np.add.at(counted, (labels, assigned), 1.0)
    explanation = explain_mixture(model, iris)
    np.testing.assert_allclose(explanation.confusion, counted / counted.sum(axis=1, keepdims=True), atol=0.01)
    both = counted.sum(axis=1)
    np.testing.assert_allclose(
        explanation.overlap[0][1], (counted[0, 1] + counted[1, 0]) / (both[0] + both[1]), atol=0.01
    )
    assert np.sum(explanation.confusion, axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("n_features", [1, 2, 5])
def test_one_gaussian_split_in_two_is_one_cloud(covariance_type, n_features):
    for seed in range(3):
        X = np.random.default_rng(seed).normal(size=(400, n_features))
        model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
        summary = summarize(model, X)
        assert summary.clouds == ((0, 1),)
        assert any(WORD in warning for warning in summary.warnings)
        explanation = explain_mixture(model, X, summary=summary)
        assert [cloud.groups for cloud in explanation.clouds] == [(0, 1)]
        assert WORD in explanation.sentences[0]


@pytest.mark.parametrize("distance", [3.0, 4.0, 8.0])
@pytest.mark.parametrize("n_features", [1, 2, 5])
def test_separate_groups_are_not_called_so(distance, n_features):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(500, n_features)), rng.normal(size=(500, n_features))])
    X[500:, 0] += distance
    model = GaussianMixture(2, covariance_type="spherical", random_state=0).fit(X)
    summary = summarize(model, X)
    assert summary.clouds == ((0,), (1,))
    assert not any(WORD in sentence for sentence in summary.warnings)
    assert not any(WORD in sentence for sentence in explain_mixture(model, X, summary=summary).sentences)


def test_a_skew_cloud_in_slices_is_one_cloud():
    X = np.exp(np.random.default_rng(0).normal(size=(1000, 1)))
    assert summarize(GaussianMixture(3, random_state=0).fit(X), X).clouds == ((0, 1, 2),)


def test_a_core_within_a_wide_halo_is_a_group_of_its_own():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 0.05, (300, 2)), rng.normal(0, 3, (300, 2))])
    assert summarize(GaussianMixture(2, random_state=0).fit(X), X).clouds == ((0,), (1,))


def test_only_the_slices_are_named_so():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (400, 2)), rng.normal(30, 1, (200, 2))])
    model = GaussianMixture(3, covariance_type="tied", random_state=0).fit(X)
    alone = int(model.predict([[30.0, 30.0]])[0])
    model.name_components({k: f"slice {k}" for k in range(3) if k != alone})
    together = " and ".join(f"slice {k}" for k in range(3) if k != alone)
    summary = summarize(model, X)
    assert (alone,) in summary.clouds
    assert f"{together} are slices of one cloud rather than separate groups" in " ".join(summary.warnings)
    assert f"{together} are slices of one cloud" in explain_mixture(model, X, summary=summary).sentences[0]


def _lowest_between(model, one, other, covariances):
    """The valley on the straight line, which for two equal spheres is the ridge."""
    steps = np.linspace(0, 1, 2001)[:, None]
    points = model.means_[one] + steps * (model.means_[other] - model.means_[one])
    density = sum(
        weight * multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(model.weights_, model.means_, covariances, strict=True)
    )
    left, right = np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1]
    return (density / np.minimum(left, right)).min()


@pytest.mark.parametrize("distance", [1.0, 1.9, 2.5, 3.0, 4.0])
def test_the_valley_between_two_spheres_is_found(distance):
    model = _two(distance)
    joint = confusion(WorkingMixture.of(model), Groups.of(model))
    depth = valleys(WorkingMixture.of(model), Groups.of(model), joint)[0, 1]
    assert depth == pytest.approx(_lowest_between(model, 0, 1, [np.eye(2)] * 2), rel=0.01)
    # Two equal Gaussians have one mode up to a distance of two standard deviations.
    assert (depth > 1 - 1e-9) == (distance <= 2)


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_the_ridge_passes_through_all_modes(covariance_type):
    # Elongated across one another: the straight way between the centres leads over lower ground.
    covariances = np.array([np.diag([9.0, 0.25]), np.diag([0.25, 9.0])])
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]],
        covariances if covariance_type == "full" else np.array([[9.0, 0.25], [0.25, 9.0]]),
        covariance_type=covariance_type,
    )  # fmt: skip
    joint = confusion(WorkingMixture.of(model), Groups.of(model))
    depth = valleys(WorkingMixture.of(model), Groups.of(model), joint)[0, 1]
    assert depth > _lowest_between(model, 0, 1, covariances) + 0.1


def test_a_box_or_a_bow_in_slices_is_one_cloud_though_its_gaussians_have_valleys():
    rng = np.random.default_rng(0)
    box = rng.uniform(size=(4000, 2))
    model = GaussianMixture(2, random_state=0).fit(box)
    explanation = explain_mixture(model, box)
    assert explanation.valleys[0][1] < 0.75
    assert explanation.summary.clouds == ((0, 1),)
    angle = rng.uniform(0, np.pi, 10_000)
    bow = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * rng.normal(size=(10_000, 2))
    assert len(summarize(GaussianMixture(4, random_state=0).fit(bow), bow).clouds) < 4


@pytest.mark.parametrize("gap", [0.1, 0.3])
def test_two_boxes_with_a_gap_are_two_groups(gap):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(4000, 2))
    X[2000:, 0] += 1 + gap
    assert summarize(GaussianMixture(2, random_state=0).fit(X), X).clouds == ((0,), (1,))
