"""The selection curve shows every model that was compared, and why some have no value."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine

from gaussmix import AutoGaussianMixture, GaussianMixture
from gaussmix.explain.choice import choice_sentences, model_name
from gaussmix.plot import SelectionDisplay
from gaussmix.selection import SelectionRow, SelectionTable


@pytest.fixture(scope="module")
def chosen(iris):
    return AutoGaussianMixture(
        range(1, 5), covariance_types=["EII", "EEE", "VEV", "VVV"], random_state=0, noise=False
    ).fit(iris)


def row(family, number, bic, message=None):
    return SelectionRow(
        covariance_type=family,
        n_components=number,
        criterion=bic,
        bicc=bic,
        bic=bic,
        icl=bic + 1.0,
        aic=bic - 1.0,
        bic_weight=0.0,
        log_likelihood=-bic / 2,
        n_parameters=5,
        n_iter=10,
        seconds=0.1,
        converged=True,
        message=message,
    )


@pytest.fixture
def table_with_faults():
    singular = "not fitted: the covariances would be singular: 3 component(s) in 9 features need 30 rows"
    return SelectionTable(
        [
            row("EII", 1, 250.0),
            row("EII", 2, 203.0),
            row("EII", 3, 180.0, "the covariance of component(s) [0, 2] was held up at the least"),
            row("VVV", 1, 200.0),
            row("VVV", 2, np.nan, singular),
            row("VVV", 3, 211.0),
        ]
    )


def test_a_line_a_family_has_the_differences_from_the_chosen_model(chosen, ax):
    display = SelectionDisplay.from_estimator(chosen, ax=ax)
    assert set(display.lines_) == {"EII", "EEE", "VEV", "VVV"}
    best = chosen.selection_["bicc"].min()
    for family, line in display.lines_.items():
        assert list(line.get_xdata()) == [1, 2, 3, 4]
        expected = [chosen.selection_.cell(family, k).bicc - best for k in range(1, 5)]
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_the_chosen_model_and_the_runners_up_are_marked(chosen, ax):
    display = SelectionDisplay.from_estimator(chosen, ax=ax)
    assert display.chosen_.get_xydata().tolist() == [[chosen.n_components_, 0.0]]
    expected = [(r.n_components, r.bicc - chosen.selection_["bicc"].min()) for r in chosen.runners_up_[:5]]
    np.testing.assert_allclose(display.runners_up_.get_xydata(), expected)
    first = chosen.runners_up_[0]
    assert f"Next best: {first.covariance_type} {first.n_components} (+" in display.note
    assert "Smaller is better; BICc" in display.note


def test_title_and_caption_call_the_models_what_the_sentences_call_them(chosen, ax):
    display = SelectionDisplay.from_estimator(chosen, ax=ax)
    sentence = choice_sentences(chosen.selection_)[0]
    name = model_name(chosen.selection_.ranking[0])
    assert sentence.startswith(f"{name} chosen ")
    assert display.title == f"{name} chosen among 16 models"
    for row in chosen.runners_up_[:3]:
        called = (
            f"{row.covariance_type} {row.n_components} ({row.bicc - chosen.selection_['bicc'].min():+,.1f}"
        )
        assert called in sentence
        assert called in display.note


def test_a_model_that_another_criterion_prefers_is_below_the_chosen_one(chosen, ax):
    display = SelectionDisplay.from_estimator(chosen, criterion="aic", ax=ax)
    assert "(-" in display.note
    assert "+-" not in display.note


def test_models_that_were_not_fitted_are_gaps_with_a_reason(table_with_faults, ax):
    display = SelectionDisplay(table_with_faults, ("VVV", 1)).plot(ax)
    np.testing.assert_array_equal(display.lines_["VVV"].get_ydata(), [0.0, np.nan, 11.0])
    assert "No value for VVV 2 (the covariances would be singular)." in display.note
    told = (
        "1 of 6 models were not fitted, such as 2 components of type VVV: the covariances would be singular"
    )
    assert any(sentence.startswith(told) for sentence in choice_sentences(table_with_faults))


def test_models_that_cannot_be_trusted_are_crossed_out_with_a_reason(table_with_faults, ax):
    display = SelectionDisplay(table_with_faults, ("VVV", 1)).plot(ax)
    assert display.doubtful_.get_xydata().tolist() == [[3.0, -20.0]]
    assert (
        "Not to be trusted: EII 3 (the covariance of component(s) was held up at the least)." in display.note
    )
    assert ax.get_ylim()[0] < -20
    assert display.runners_up_.get_xydata().tolist() == [[2.0, 3.0], [3.0, 11.0], [1.0, 50.0]]


def test_another_criterion_is_shown_on_request(chosen, ax):
    display = SelectionDisplay.from_estimator(chosen, criterion="aic", ax=ax)
    table = chosen.selection_
    base = table.cell(chosen.covariance_type_, chosen.n_components_).aic
    assert display.difference("EEE", 3) == pytest.approx(table.cell("EEE", 3).aic - base)
    assert ax.get_ylabel() == "AIC above that of the chosen model"


def test_a_choice_of_the_number_alone_is_drawn(iris, ax):
    model = GaussianMixture("auto", covariance_type="diag", noise=False, random_state=0).fit(iris)
    display = SelectionDisplay.from_estimator(model, ax=ax)
    assert len(display.lines_) == 1
    assert display.chosen[1] == len(model.weights_)
    assert display.chosen_.get_ydata().tolist() == [0.0]


def test_fourteen_families_look_different(ax):
    X = load_wine().data[:, :3]
    model = AutoGaussianMixture([1, 2], random_state=0, noise=False).fit(X)
    display = SelectionDisplay.from_estimator(model, ax=ax)
    looks = {(line.get_color(), line.get_marker()) for line in display.lines_.values()}
    assert len(looks) == 14
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[-14:] == sorted(
        display.lines_, key=lambda family: min(model.selection_.cell(family, k).bicc for k in (1, 2))
    )


def test_a_single_model_has_no_curve(iris_model, ax):
    with pytest.raises(ValueError, match="not chosen among several"):
        SelectionDisplay.from_estimator(iris_model, ax=ax)


def test_there_are_three_criteria(chosen, ax):
    with pytest.raises(ValueError, match="'bicc', 'bic', 'icl' or 'aic'"):
        SelectionDisplay.from_estimator(chosen, criterion="r2", ax=ax)


def test_a_single_number_of_components_has_one_whole_tick(iris, ax):
    model = AutoGaussianMixture(3, covariance_types=["EEE", "VVV"], random_state=0).fit(iris)
    SelectionDisplay.from_estimator(model, ax=ax)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["3"]


def test_models_with_noise_have_lines_of_their_own(ax):
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(150, 2)), generator.uniform(-9, 9, size=(20, 2))])
    model = AutoGaussianMixture([1, 2], covariance_types=["EII", "VVV"], random_state=0).fit(X)
    display = SelectionDisplay.from_estimator(model, ax=ax)
    assert model.noise_ is not None
    assert display.chosen[0].endswith(" + noise")
    assert {"EII", "VVV", display.chosen[0]} <= set(display.lines_)
    assert "and noise chosen among" in display.title
