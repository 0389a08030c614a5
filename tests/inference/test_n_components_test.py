"""The sequential test finds the statistics that mclust finds, and the number of components that there are."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from mclust_inference_values import ACIDITY, ACIDITY_TESTS, FAITHFUL_TESTS

from gaussmix import DegenerateComponentWarning, GaussianMixture, n_components_test


@pytest.mark.parametrize(
    ("data", "family", "expected"),
    [
        ("acidity", "E", ACIDITY_TESTS["E"]),
        ("faithful", "VVV", FAITHFUL_TESTS["VVV"]),
        ("faithful", "EEE", FAITHFUL_TESTS["EEE"]),
    ],
)
def test_statistics_and_p_values_are_those_of_mclust(faithful, data, family, expected):
    X = ACIDITY if data == "acidity" else faithful
    n_resamples = 199
    found = n_components_test(
        X, covariance_type=family, n_resamples=n_resamples, max_components=max(expected), random_state=0
    )
    for test in found.tests:
        statistic, p_value = expected[test.n_components]
        # mclust stops early, so that its statistic is a little off.
        np.testing.assert_allclose(test.statistic, statistic, rtol=2e-3)
        error = np.sqrt(p_value * (1 - p_value) / 199 + 1 / 200**2)
        np.testing.assert_allclose(test.p_value, p_value, atol=2.5 * error)


@pytest.mark.parametrize("family", ["VVV", "VEV"])
def test_a_statistic_is_what_one_component_more_gains(faithful, family):
    found = n_components_test(
        faithful, covariance_type=family, n_resamples=4, alpha=0.5, max_components=1, random_state=0
    )
    one, two = (GaussianMixture(k, covariance_type=family, random_state=0).fit(faithful) for k in (1, 2))
    np.testing.assert_allclose(
        found.tests[0].statistic, 2 * (two.log_likelihood_ - one.log_likelihood_), rtol=1e-4
    )


def test_a_p_value_is_the_rank_of_the_statistic_and_its_error_binomial(faithful):
    found = n_components_test(faithful, n_resamples=39, max_components=3, alpha=0.5, random_state=0)
    for test in found.tests:
        assert len(test.resampled) == 39
        assert (test.resampled >= 0).all()
        p = (1 + (test.resampled >= test.statistic).sum()) / 40
        assert test.p_value == p
        np.testing.assert_allclose(test.p_value_error, np.sqrt(p * (1 - p) / 39))


def test_groups_that_are_there_are_found_and_no_more():
    generator = np.random.RandomState(1)
    X = np.vstack([generator.normal(c, 1, (60, 2)) for c in ([0, 0], [7, 0], [0, 7])])
    found = n_components_test(X, covariance_type="spherical", n_resamples=39, random_state=0)
    assert found.n_components == 3
    assert not found.exhausted
    assert [test.n_components for test in found.tests] == [1, 2, 3]
    assert "3 is the smallest number not rejected at the level 0.05." in found.summary()
    assert list(found.to_frame().columns) == ["n_components", "statistic", "p_value", "p_value_error"]


def test_the_end_of_the_range_is_told_from_an_answer(faithful):
    found = n_components_test(faithful, n_resamples=19, max_components=1, random_state=0)
    assert found.exhausted
    assert found.n_components == 1
    assert "there are more" in repr(found)


def test_a_seed_repeats_the_test(faithful):
    one, two = (
        n_components_test(faithful, n_resamples=19, max_components=2, random_state=5, n_jobs=n).tests
        for n in (1, 2)
    )
    for first, second in zip(one, two, strict=True):
        assert first.statistic == second.statistic
        np.testing.assert_array_equal(first.resampled, second.resampled)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_resamples": 9}, "take n_resamples of at least 19"),
        ({"max_components": 0}, "max_components should be a number from 1 on"),
        ({"alpha": 1.0}, "alpha should be between 0 and 1"),
        ({"covariance_type": "round"}, "covariance_type"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(faithful, arguments, message):
    with pytest.raises(ValueError, match=message):
        n_components_test(faithful, **arguments)


class Watched:
    """Rows that note whether warnings of fits are ignored whenever they are read."""

    def __init__(self, rows):
        self.rows = rows
        self.ignored = []

    def __array__(self, dtype=None, copy=None):
        ignored = [category for action, _, category, *_ in warnings.filters if action == "ignore"]
        self.ignored.append(any(issubclass(DegenerateComponentWarning, one) for one in ignored))
        return np.asarray(self.rows, dtype=dtype)


def test_nothing_is_warned_of_and_warnings_of_other_threads_are_not_ignored_meanwhile():
    rows = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((30, 2), 9.0)])
    with pytest.warns(DegenerateComponentWarning):
        GaussianMixture(2, random_state=0).fit(rows)
    watched = Watched(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        n_components_test(watched, n_resamples=1, alpha=0.6, max_components=2, random_state=0)
    assert watched.ignored
    assert not any(watched.ignored)


@pytest.mark.parametrize(("n_rows", "n_features"), [(4, 1), (7, 2)])
def test_too_few_rows_for_one_more_component_do_not_reject_one(n_rows, n_features):
    # Each of two components needs a row more than place it and its covariance, or it is a spike.
    rejected = [
        n_components_test(
            np.random.default_rng(seed).normal(size=(n_rows, n_features)),
            max_components=1,
            n_resamples=19,
            random_state=seed,
        )
        .tests[0]
        .p_value
        <= 0.05
        for seed in range(10)
    ]
    assert sum(rejected) <= 3


def test_values_that_occur_again_and_again_are_still_told_apart():
    X = np.repeat([[0.0], [1.0], [2.0], [50.0]], 30, axis=0)
    assert n_components_test(X, max_components=1, n_resamples=19, random_state=0).tests[0].p_value <= 0.05
