"""Building a distribution: what is taken, what is refused and how it is said."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gaussmix import AutoGaussianMixture, GaussianMixture, MixtureDistribution

EYE = [[1.0, 0.0], [0.0, 1.0]]


def test_it_is_frozen():
    distribution = MixtureDistribution([1.0], [[0.0, 0.0]], [EYE])
    with pytest.raises(dataclasses.FrozenInstanceError):
        distribution.weights = np.ones(1)
    for name in ("weights", "means", "covariances"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(distribution, name)[0] = 7.0


def test_it_does_not_change_with_the_arrays_it_was_made_of():
    means = np.zeros((1, 2))
    distribution = MixtureDistribution([1.0], means, [EYE])
    means[0, 0] = 5.0
    assert distribution.means[0, 0] == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], [[0.0], [1.0]], [[[1.0]], [[1.0]]]), r"sum to one, but sum to 1\.1"),
        (([1.5, -0.5], [[0.0], [1.0]], [[[1.0]], [[1.0]]]), r"negative, but that of component 1 is -0\.5"),
        (([1.0], [[0.0], [1.0]], [[[1.0]], [[1.0]]]), r"weights should have the shape \(2,\)"),
        (([1.0], [[np.nan]], [[[1.0]]]), "means should be finite, but hold nan"),
        (([1.0], [[0.0, 0.0]], [EYE, EYE]), r"covariances should have the shape \(1, 2, 2\)"),
        (([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.4, 1.0]]]), "covariances should be symmetric"),
        (([1.0], [[0.0, 0.0]], [[[1.0, 1.0], [1.0, 1.0]]]), r"covariances\[0\] is not.*leave it out"),
        (([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [2.0, 1.0]]]), "positive definite"),
        (([1.0], [[0.0, 0.0]], [[[1.0, 0.0], [0.0, -1.0]]]), r"covariances\[0, 1, 1\] is -1"),
        (([1.0], [[0.0, 0.0]], [EYE], ["a"]), "1 feature names for 2 features"),
        (([1.0], [[0.0, 0.0]], [EYE], ["a", "a"]), "same name"),
        (([1.0], [[0.0, 0.0]], [EYE], "ab"), "sequence of texts"),
        (([1.0], [[0.0, 0.0]], [EYE], ["a", 2]), "one is 2"),
        (([], np.empty((0, 2)), np.empty((0, 2, 2))), r"means should have the shape"),
        (([1.0], [0.0], [1e-320]), "other units"),
    ],
)
def test_what_is_no_mixture_is_refused_with_its_reason(arguments, message):
    with pytest.raises(ValueError, match=message):
        MixtureDistribution(*arguments)


def test_equal_parameters_make_equal_distributions():
    one, same = (MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0], ["a"]) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0], ["b"])
    assert one != "something else"


def test_it_survives_pickling(two_groups):
    again = pickle.loads(pickle.dumps(two_groups))
    assert again == two_groups
    assert again.logpdf([1.0, 1.0]) == two_groups.logpdf([1.0, 1.0])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_of_frames_are_found_by_name(two_groups, frame):
    rows = frame({"other": [9.0, 9.0], "width": [1.0, 2.0], "length": [0.0, 3.0]})
    np.testing.assert_array_equal(two_groups.pdf(rows), two_groups.pdf([[0.0, 1.0], [3.0, 2.0]]))
    with pytest.raises(ValueError, match="no column 'width'"):
        two_groups.pdf(frame({"length": [1.0]}))


def test_points_with_another_number_of_features_are_refused(two_groups, skewed):
    with pytest.raises(ValueError, match="points have 3 features, but the mixture has 2"):
        two_groups.pdf([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="points have 2 features, but the mixture has one"):
        skewed.pdf([[1.0, 2.0]])


def test_results_have_the_shape_of_the_points(two_groups, skewed):
    assert np.shape(two_groups.pdf([0.0, 0.0])) == ()
    assert two_groups.pdf(np.zeros((4, 3, 2))).shape == (4, 3)
    assert two_groups.gradient(np.zeros((4, 3, 2))).shape == (4, 3, 2)
    assert two_groups.hessian(np.zeros((3, 2))).shape == (3, 2, 2)
    assert two_groups.responsibilities(np.zeros((3, 2))).shape == (3, 2)
    assert two_groups.pdf(np.empty((0, 2))).shape == (0,)
    assert np.shape(skewed.pdf(0.0)) == ()
    assert skewed.pdf([[0.0], [1.0]]).shape == skewed.pdf([0.0, 1.0]).shape == (2,)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "EEV", "VVE", "ppca"])
def test_a_fitted_mixture_has_its_distribution(covariance_type):
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(80, 2)), columns=["a", "b"])
    mixture = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    distribution = mixture.distribution_
    assert distribution.feature_names == ("a", "b")
    np.testing.assert_allclose(distribution.logpdf(X), mixture.score_samples(X), rtol=1e-10)


def test_a_mixture_in_single_precision_has_its_distribution():
    X = np.random.RandomState(0).normal(size=(80, 2)).astype(np.float32)
    mixture = GaussianMixture(2, random_state=0).fit(X)
    assert mixture.distribution_.means.dtype == np.float64
    np.testing.assert_allclose(mixture.distribution_.logpdf(X), mixture.score_samples(X), rtol=1e-4)


def test_of_a_mixture_with_noise_it_is_the_distribution_of_the_other_rows():
    X = np.random.RandomState(0).normal(size=(200, 2))
    X[:10] = np.random.RandomState(1).uniform(-20.0, 20.0, size=(10, 2))
    mixture = GaussianMixture(1, noise=True, random_state=0).fit(X)
    assert mixture.weights_.sum() < 0.99
    expected = mixture.without_noise().score_samples(X)
    np.testing.assert_allclose(mixture.distribution_.logpdf(X), expected, rtol=1e-9)


def test_an_automatic_choice_has_its_distribution():
    X = np.random.RandomState(0).normal(size=(60, 1)) + 6 * (np.arange(60) % 2)[:, None]
    mixture = AutoGaussianMixture(random_state=0).fit(X)
    np.testing.assert_allclose(mixture.distribution_.logpdf(X), mixture.score_samples(X), rtol=1e-10)


def test_unknown_features_are_named(two_groups):
    with pytest.raises(ValueError, match=r"no feature 'depth'; the features are \['length', 'width'\]"):
        two_groups.marginal("depth")
    with pytest.raises(ValueError, match="no feature 2; they are numbered 0 to 1"):
        two_groups.marginal(2)
    with pytest.raises(ValueError, match="number or name, not by True"):
        two_groups.marginal([True])
    with pytest.raises(ValueError, match="named twice"):
        two_groups.marginal(["length", 0])
    with pytest.raises(ValueError, match="at least one"):
        two_groups.marginal([])


@pytest.mark.parametrize("method", ["ppf", "isf", "sf", "logcdf", "logsf", "interval"])
def test_what_needs_one_feature_says_how_to_get_it(two_groups, method):
    with pytest.raises(ValueError, match=r"take marginal\('length'\) first"):
        getattr(two_groups, method)(0.5)


def test_means_beyond_what_can_be_computed_with_are_refused():
    with pytest.raises(ValueError, match=r"means are 2e\+160 apart in feature 0"):
        MixtureDistribution([0.5, 0.5], [-1e160, 1e160], [1.0, 1.0])
    beyond = MixtureDistribution([0.0, 1.0], [1e200, 3.0], [1.0, 1.0])  # a component that is not there
    assert beyond.ppf(0.5) == 3.0


def test_what_names_no_feature_is_refused(two_groups):
    for wrong in (None, 1.5, slice(0, 1)):
        with pytest.raises(ValueError, match="given by its number or name"):
            two_groups.marginal(wrong)
