"""What is said of one row is what its numbers say, and rows that cannot be explained are refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.explain import explain_row


@pytest.fixture(scope="module")
def model(iris):
    return GaussianMixture(3, random_state=0).fit(iris)


def test_by_default_the_assigned_group_is_compared_with_the_next_probable(model, iris):
    for row in (0, 70, 77, 149):
        found = explain_row(model, iris.iloc[[row]])
        order = np.argsort(-np.array(found.probabilities))
        assert (found.group, found.against) == (order[0], order[1])
        assert found.probabilities == pytest.approx(model.predict_proba(iris.iloc[[row]])[0], abs=1e-12)


def test_a_list_an_array_and_a_frame_say_the_same_without_complaint(model, iris):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [
            explain_row(model, row)
            for row in (iris.iloc[[70]], iris.to_numpy()[70], iris.to_numpy()[70:71], list(iris.iloc[70]))
        ]
    assert all(one == found[0] for one in found)
    assert found[0].feature_names == tuple(iris.columns)


def test_sentences_name_what_speaks_for_and_against(model, iris):
    found = explain_row(model, iris.iloc[[70]])
    belongs, odds, speaks_for, against = found.sentences[:4]
    assert belongs.startswith(f"The row belongs to component {found.group} with probability 0.")
    assert f"log-odds {found.log_odds:+.1f}" in odds
    largest = found.order[0]
    assert (
        f"{found.feature_names[largest]} = {found.values[largest]:g} ({found.contributions[largest]:+.1f})"
        in (speaks_for if found.contributions[largest] > 0 else against)
    )
    assert speaks_for.startswith("For it: ")
    assert against.startswith("Against it: ")


def test_a_group_to_which_it_does_not_belong_can_be_asked_for(model, iris):
    best = explain_row(model, iris.iloc[[70]])
    asked = explain_row(model, iris.iloc[[70]], group=best.against, against=best.group)
    assert asked.log_odds == pytest.approx(-best.log_odds)
    assert asked.contributions == pytest.approx([-one for one in best.contributions])
    assert "1 to " in asked.sentences[1]
    assert f"to component {best.against} with" in asked.sentences[0]


def test_values_far_from_expectation_are_named(model, iris):
    row = iris.iloc[[0]].copy()
    row.iloc[0, 3] = 1.5
    sentence = explain_row(model, row, group=int(model.predict(iris.iloc[[0]])[0])).sentences[-1]
    assert sentence.startswith("Unusual for component")
    assert "petal width (cm) = 1.5 where 0." in sentence


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        (np.ones((2, 4)), {}, "One row is explained at a time"),
        (np.ones(3), {}, "has 3 value"),
        ([1.0, np.nan, 1.0, 1.0], {}, "Value 1 of the row is nan"),
        (np.ones(4), {"group": 3}, "no group 3"),
        (np.ones(4), {"against": 7}, "no other group 7"),
        (np.ones(4), {"group": 1, "against": 1}, "no other group 1"),
        (np.ones(4), {"against": "others"}, "'nearest' or 'rest'"),
        (np.full(4, 1e300), {}, "leave double precision"),
    ],
)
def test_what_cannot_be_explained_is_refused(model, row, options, message):
    with pytest.raises(ValueError, match=message):
        explain_row(model, row, **options)


def test_names_of_components_and_features_cannot_steer_the_text():
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], covariance_type="spherical"
    )
    model.component_names_ = ["a\x1b[31mb", "\u202ec"]
    text = " ".join(explain_row(model, [1.0], feature_names=["x\x1b]0;y"]).sentences)
    assert text.isprintable()
    assert "a[31mb" in text
