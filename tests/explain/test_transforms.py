"""Explanations of mixtures of transformed features: in the data's own units, or free of units."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from gaussmix import AutoGaussianMixture, GaussianMixture
from gaussmix.explain import explain_mixture, explain_row, render_text, summarize

NAMES = ["income", "age", "visits"]


@pytest.fixture(scope="module")
def model(customers):
    return GaussianMixture(2, transforms=["log", "identity", "sqrt"], random_state=0).fit(customers)


@pytest.fixture(scope="module")
def explained(model, customers):
    return explain_mixture(model, customers, NAMES)


@pytest.fixture(scope="module")
def plain(model, customers):
    """The same of the transformed rows, by the mixture of those."""
    return explain_mixture(model.in_transformed_units(), model.transforms_.forward(customers), NAMES)


def test_means_and_deviations_are_those_of_draws(model, explained):
    draws, labels = model.sample(400_000, random_state=0)
    for k, component in enumerate(explained.summary.components):
        mine = draws[labels == k]
        assert [one.mean for one in component.features] == pytest.approx(mine.mean(axis=0), rel=0.01)
        assert [one.standard_deviation for one in component.features] == pytest.approx(
            mine.std(axis=0), rel=0.02
        )
        assert explained.groups[k].means == pytest.approx(mine.mean(axis=0), rel=0.01)
        assert explained.groups[k].standard_deviations == pytest.approx(mine.std(axis=0), rel=0.02)
    assert explained.summary.overall_means == pytest.approx(draws.mean(axis=0), rel=0.01)
    assert explained.summary.overall_deviations == pytest.approx(draws.std(axis=0), rel=0.02)


def test_criteria_are_those_of_the_data(model, customers, explained):
    assert explained.summary.bic == pytest.approx(model.bic(customers))
    assert explained.summary.icl == pytest.approx(model.icl(customers))
    assert explained.summary.log_likelihood == pytest.approx(model.log_likelihood_)


def test_what_has_no_unit_is_that_of_the_transformed_rows(explained, plain):
    assert explained.summary.information == pytest.approx(plain.summary.information)
    assert explained.confusion == plain.confusion
    assert explained.valleys == plain.valleys
    for mine, other in zip(explained.groups, plain.groups, strict=True):
        assert mine.separation.contributions == pytest.approx(other.separation.contributions)
        assert mine.n_rows == other.n_rows
    for mine, other in zip(explained.summary.components, plain.summary.components, strict=True):
        assert [one.from_nearest for one in mine.features] == pytest.approx(
            [one.from_nearest for one in other.features]
        )


def test_rows_are_typical_and_unusual_as_they_are_transformed(explained, plain, model, customers):
    for mine, other in zip(explained.groups, plain.groups, strict=True):
        for kind in ("typical_rows", "border_rows", "unusual_rows"):
            assert [row.row for row in getattr(mine, kind)] == [row.row for row in getattr(other, kind)]
    rows = [row.row for row in explained.summary.unusual_rows]
    assert rows == [row.row for row in plain.summary.unusual_rows]
    told = [row.log_density for row in explained.summary.unusual_rows]
    assert told == pytest.approx(model.score_samples(customers[rows]))
    assert [row.values for row in explained.summary.unusual_rows] == [tuple(customers[row]) for row in rows]


def test_rules_and_trees_are_told_in_the_units_of_the_data(explained, customers):
    for group in explained.groups:
        for condition in group.rule.conditions:
            for bound in (condition.low, condition.high):
                if bound is not None:
                    assert (
                        customers[:, condition.feature].min() < bound < customers[:, condition.feature].max()
                    )
    root = explained.tree.root
    assert customers[:, root.feature].min() < root.threshold < customers[:, root.feature].max()


def test_what_is_expected_of_a_row_is_a_median_in_the_units_of_the_data(model, customers):
    found = explain_row(model, customers[3], feature_names=NAMES)
    other = explain_row(model.in_transformed_units(), model.transforms_.forward(customers[3:4]))
    assert found.log_odds == pytest.approx(other.log_odds)
    assert found.contributions == pytest.approx(other.contributions)
    assert found.values == tuple(customers[3])
    expected = np.array([[one.expected for one in other.deviations]])
    assert [one.expected for one in found.deviations] == pytest.approx(model.transforms_.inverse(expected)[0])
    assert [one.z for one in found.deviations] == pytest.approx([one.z for one in other.deviations])


def test_the_text_says_which_features_were_transformed(model, customers):
    console = Console(width=100, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        render_text(summarize(model, customers, NAMES), console)
    text = " ".join(captured.get().split())
    assert "Fitted to the logarithm of income and square root of visits;" in text
    with console.capture() as captured:
        render_text(summarize(GaussianMixture(2, random_state=0).fit(customers), customers, NAMES), console)
    assert "Transforms" not in captured.get()


def test_a_mixture_that_was_chosen_is_explained_too(customers):
    model = AutoGaussianMixture([2], covariance_types="EEI", transforms="auto", random_state=0).fit(customers)
    summary = summarize(model, customers)
    assert summary.transforms[0] == "log"
    assert summary.to_dict()["transforms"][0] == "log"
    assert summary.log_likelihood == pytest.approx(model.selection_.ranking[0].log_likelihood)
