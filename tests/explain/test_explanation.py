"""An explanation agrees with the model and the summary, as data and in words."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from rich.console import Console

from gaussmix import AutoGaussianMixture, DegenerateComponentWarning, GaussianMixture
from gaussmix.explain import explain_mixture, explain_row, render_explanation, summarize
from gaussmix.explain.choice import choice_sentences
from gaussmix.explain.wording import format_probability, format_share
from gaussmix.merging import merge_components
from gaussmix.selection import SelectionTable


def test_groups_are_the_components_of_the_summary(iris, iris_model):
    explanation = explain_mixture(iris_model, iris)
    for group, component in zip(explanation.groups, explanation.summary.components, strict=True):
        assert group.components == (component.component,)
        assert (group.n_rows, group.share) == (component.n_rows, pytest.approx(component.share))
        assert group.means == pytest.approx([feature.mean for feature in component.features])
        assert group.standard_deviations == pytest.approx(
            [feature.standard_deviation for feature in component.features]
        )
        assert group.nearest == component.nearest
        assert group.separation.nats == pytest.approx(sum(group.separation.contributions))
        assert min(group.separation.contributions) > -0.02 * group.separation.nats
        assert group.from_nearest.other == group.nearest


def test_data_survive_json_and_frames(iris, iris_model):
    explanation = explain_mixture(iris_model, iris)
    document = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    assert document["groups"][1]["rule"]["text"] == explanation.groups[1].rule.text
    assert document["summary"]["n_rows"] == 150
    frame = explanation.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.groupby("group")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert isinstance(explanation.to_frame("polars"), pl.DataFrame)
    row = explain_row(iris_model, iris.iloc[[70]])
    assert json.loads(json.dumps(row.to_dict(), allow_nan=False))["log_odds"] == row.log_odds
    assert row.to_frame()["contribution"].tolist() == list(row.contributions)


def test_merged_components_are_one_group(iris):
    model = GaussianMixture(4, covariance_type="tied", random_state=0).fit(iris)
    groups = [0, 1, 1, 0]
    explanation = explain_mixture(model, iris, groups=groups, group_names=["first", "second"])
    responsibilities = model.predict_proba(iris)
    merged = np.stack(
        [responsibilities[:, [0, 3]].sum(axis=1), responsibilities[:, [1, 2]].sum(axis=1)], axis=1
    )
    labels = merged.argmax(axis=1)
    assert [group.name for group in explanation.groups] == ["first", "second"]
    assert [group.n_rows for group in explanation.groups] == np.bincount(labels).tolist()
    rows, drawn = model.sample(200_000, random_state=0)
    for group in explanation.groups:
        mine = rows[np.isin(drawn, group.components)]
        assert group.means == pytest.approx(mine.mean(axis=0), abs=0.02)
        assert group.standard_deviations == pytest.approx(mine.std(axis=0), rel=0.02)
        assert group.rule.n_group == group.n_rows
    assert explanation.tree.fidelity > 0.9
    assert explain_mixture(model, iris, groups=groups).names == ("cluster 0", "cluster 1")


def test_what_was_merged_by_the_package_can_be_explained(iris):
    model = GaussianMixture(5, covariance_type="tied", random_state=0).fit(iris)
    merged = merge_components(model, iris)
    explanation = explain_mixture(model, iris, groups=merged.clusters_)
    assert [group.components for group in explanation.groups] == list(merged.components_)
    assert [group.n_rows for group in explanation.groups] == np.bincount(merged.predict(iris)).tolist()


@pytest.mark.parametrize(
    "groups", [[0, 1], [0, 2, 1, 4], [0.0, 1.0, 1.0, 0.0], [[0, 1, 1, 0]], [-1, 0, 1, 2]]
)
def test_groups_that_are_no_partition_are_refused(iris, groups):
    model = GaussianMixture(4, covariance_type="tied", random_state=0).fit(iris)
    with pytest.raises(ValueError, match="groups should"):
        explain_mixture(model, iris, groups=groups)
    with pytest.raises(ValueError, match="a name for each of the 4"):
        explain_mixture(model, iris, group_names=["a"])


def test_a_single_component_has_rows_but_nothing_to_be_set_apart_from(iris):
    model = GaussianMixture(1).fit(iris)
    explanation = explain_mixture(model, iris)
    (group,) = explanation.groups
    assert (group.separation, group.nearest, group.rule, explanation.tree) == (None, None, None, None)
    assert len(group.typical_rows) == 5
    assert explanation.sentences == ("There is only one group.",)
    with pytest.raises(ValueError, match="only one group"):
        explain_row(model, iris.iloc[[0]])


def test_a_component_without_rows_has_no_rule():
    X = np.concatenate([np.random.default_rng(0).normal(size=(50, 1)), np.full((50, 1), 20.0)])
    model = GaussianMixture.from_parameters(
        [0.5, 0.4, 0.1], [[0.0], [20.0], [500.0]], [1.0, 1.0, 1.0], covariance_type="spherical"
    )
    explanation = explain_mixture(model, X)
    empty = explanation.groups[2]
    assert (empty.n_rows, empty.rule, empty.typical_rows) == (0, None, ())
    assert explanation.tree.fidelity == 1.0
    assert "0 rows" in empty.sentences[0]


def test_a_component_of_weight_zero_is_no_obstacle():
    model = GaussianMixture.from_parameters(
        [0.5, 0.5, 0.0], [[0.0], [9.0], [4.0]], [1.0, 1.0, 1.0], covariance_type="spherical"
    )
    X = np.random.default_rng(0).normal(size=(60, 1)) + np.repeat([0.0, 9.0], 30)[:, None]
    explanation = explain_mixture(model, X)
    assert explanation.groups[2].n_rows == 0
    found = explain_row(model, [4.0], group=2, against=0)
    assert found.log_odds == -math.inf
    assert all(np.isfinite(found.contributions))
    assert found.to_dict()["log_odds"] is None


def test_weights_are_repetition(iris, iris_model):
    weight = np.arange(150) % 3
    weighted = explain_mixture(iris_model, iris, sample_weight=weight)
    repeated = explain_mixture(iris_model, iris.loc[iris.index.repeat(weight)])
    for one, other in zip(weighted.groups, repeated.groups, strict=True):
        assert one.share == pytest.approx(other.share)
        assert one.rule.text == other.rule.text
        assert one.rule.precision == pytest.approx(other.rule.precision)
    assert weighted.tree.lines == repeated.tree.lines


def test_noise_belongs_to_no_group_and_is_said():
    rng = np.random.default_rng(0)
    X = np.concatenate(
        [rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 8, rng.uniform(-10, 18, (40, 2))]
    )
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    n_noise = int((model.predict(X) == -1).sum())
    assert n_noise > 10
    explanation = explain_mixture(model, X)
    assert explanation.summary.n_noise == n_noise
    assert f"{n_noise} of 440 rows" in explanation.summary.sentences[0]
    first = np.flatnonzero(model.predict(X) == -1)[:10]
    assert explanation.summary.noise_rows == tuple(first.tolist())
    assert f"(rows {', '.join(map(str, first))} ...)" in explanation.summary.sentences[0]
    assert sum(group.n_rows for group in explanation.groups) == 440 - n_noise
    assert sum(group.share for group in explanation.groups) == pytest.approx(1 - n_noise / 440)
    noisy = explain_row(model, X[-1])
    assert noisy.noise_probability == pytest.approx(model.predict_proba(X[-1:])[0, -1])
    assert noisy.is_noise == (model.predict(X[-1:])[0] == -1)
    assert "noise" in noisy.sentences[0]


@pytest.fixture(scope="module")
def with_noise():
    """Two groups with noise all over: the mixture, the rows, and which of them it takes for noise."""
    rng = np.random.default_rng(3)
    groups = [rng.normal([0, 0], 1, (200, 2)), rng.normal([9, 0], 1, (200, 2))]
    X = np.concatenate([*groups, rng.uniform(-15, 20, (40, 2))])
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    return model, X, model.predict(X) == -1


@pytest.mark.parametrize("weighted", [False, True])
def test_rules_and_tree_are_counted_with_the_rows_of_noise(with_noise, weighted):
    model, X, _ = with_noise
    weight = np.ones(len(X))
    if weighted:
        weight[::3] = 0.0
        weight[1::3] = 2.0
    explanation = explain_mixture(model, X, sample_weight=weight if weighted else None)
    labels = model.predict(X)
    for group in explanation.groups:
        matching = np.ones(len(X), dtype=bool)
        for one in group.rule.conditions:
            matching &= X[:, one.feature] > (-np.inf if one.low is None else one.low)
            matching &= X[:, one.feature] <= (np.inf if one.high is None else one.high)
        own = weight[matching & (labels == group.group)].sum()
        assert group.rule.precision == pytest.approx(own / weight[matching].sum())
        assert group.rule.recall == pytest.approx(own / weight[labels == group.group].sum())
    root = explanation.tree.root
    assert sum(root.counts) == pytest.approx(weight.sum())
    assert root.counts[-1] == pytest.approx(weight[labels == -1].sum())
    assert explanation.tree.fidelity <= 1 - weight[labels == -1].sum() / weight.sum() + 1e-12


def test_rows_between_a_group_and_noise_say_so(with_noise):
    model, X, noise = with_noise
    explanation = explain_mixture(model, X)
    console = Console(width=200, file=io.StringIO())
    render_explanation(explanation, console)
    text = console.file.getvalue()
    border = [row for group in explanation.groups for row in group.border_rows]
    nearer = [row for row in border if row.noise_probability > row.runner_up_probability]
    assert nearer
    for row in nearer:
        assert row.noise_probability == pytest.approx(model.predict_proba(X)[row.row, -1])
        assert f"row {row.number} ({format_probability(row.probability)}; noise" in text
    assert f"{noise.sum()} of 440 rows ({format_share(noise.mean())}) fit no group" in text
    assert [row.is_noise for row in explanation.unusual_rows] == [
        bool(noise[row.row]) for row in explanation.unusual_rows
    ]


def test_a_row_of_noise_is_explained_as_noise(with_noise):
    model, X, noise = with_noise
    row = explain_row(model, X[np.flatnonzero(noise)[0]], against="rest")
    assert row.is_noise
    assert row.sentences[0].startswith("The row is assigned to noise")
    assert any("all others together (noise left out)" in sentence for sentence in row.sentences)
    member = explain_row(model, X[10], against="rest")
    assert not member.is_noise
    assert any("(noise left out)" in sentence for sentence in member.sentences)
    alone = explain_row(model.without_noise(), X[10], against="rest")
    assert not any("noise" in sentence for sentence in alone.sentences)


def test_the_runners_up_of_a_choice_are_told(iris):
    model = AutoGaussianMixture(range(1, 4), covariance_types=["EEE", "VEV"], random_state=0).fit(iris)
    for fitted in (model, model.best_estimator_):
        summary = summarize(fitted, iris)
        assert summary.runners_up == model.runners_up_
        sentence = summary.choice_sentences[0]
        best, second = model.selection_.ranking[:2]
        assert f"{best.n_components} components of type {best.covariance_type} chosen by BIC" in sentence
        assert f"next best {second.covariance_type} {second.n_components} (+" in sentence
        assert json.dumps(summary.to_dict(), allow_nan=False)
    by_icl = AutoGaussianMixture(range(1, 4), covariance_types=["EEE"], criterion="icl", random_state=0).fit(
        iris
    )
    assert "chosen by ICL" in summarize(by_icl, iris).choice_sentences[0]
    assert summarize(GaussianMixture(2).fit(iris), iris).choice_sentences == ()


def test_how_sure_a_choice_is_follows_the_grades_of_kass_and_raftery(iris):
    fitted = AutoGaussianMixture(range(1, 4), covariance_types=["EEE", "VEV"], noise=False).fit(iris)
    best, second, *others = fitted.selection_.ranking

    def sentences(excess, others=others):
        rows = [replace(best, bic=0.0, bicc=0.0, criterion=0.0)]
        rows += [replace(second, bicc=excess, criterion=excess, n_components=best.n_components + 1)]
        rows += [replace(row, bicc=100.0, criterion=100.0, n_components=9) for row in others]
        return choice_sentences(SelectionTable(rows))

    grades = {1.9: "hardly any", 2.0: "some", 5.9: "some", 6.1: "strong", 10.1: "very strong"}
    for excess, words in grades.items():
        told = sentences(excess)
        assert f"That is {words} evidence for the one chosen against the next best." in told
        doubt = (
            f"Models with {best.n_components + 1} components are nearly as good (within 2 of the least BICc)"
        )
        assert any(doubt in one for one in told) == (excess < 2)
    assert not any("largest that was tried" in one for one in sentences(3.0))
    lower = [replace(row, bicc=100.0, criterion=100.0, n_components=1) for row in others]
    grown = [replace(best, bicc=0.0, criterion=0.0, n_components=7), *lower]
    assert any("largest that was tried" in one for one in choice_sentences(SelectionTable(grown)))
    bad = [replace(row, message="a component collapsed") for row in grown]
    assert "None of the 5 models is sound" in choice_sentences(SelectionTable(bad))[1]


def test_a_million_rows_take_no_second_copy(monkeypatch):
    import tracemalloc

    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(100_000, 4)), rng.normal(size=(100_000, 4)) + 5])
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0] * 4, [5.0] * 4], [1.0, 1.0], covariance_type="spherical"
    )
    monkeypatch.setattr("gaussmix.explain.rows.BLOCK_ENTRIES", 1 << 16)
    summary = summarize(model, X)
    tracemalloc.start()
    try:
        explain_mixture(model, X, summary=summary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * X.nbytes


def test_of_a_faulty_fit_it_is_not_said_that_its_groups_are_apart():
    X = np.concatenate([np.random.default_rng(0).normal(size=(60, 1)), np.full((5, 1), 50.0)])
    with pytest.warns(DegenerateComponentWarning):
        model = GaussianMixture(2, random_state=0).fit(X)
    summary = summarize(model, X)
    assert summary.warnings
    assert summary.mean_certainty > 0.95
    assert "apart" not in summary.sentences[1]


def test_a_choice_of_one_number_names_no_range(iris):
    one = AutoGaussianMixture(3, covariance_types=["EEE", "VVV"], random_state=0).fit(iris)
    sentence = summarize(one, iris).choice_sentences[0]
    assert "among 2 covariance families" in sentence
    assert "3 to 3" not in sentence


@pytest.mark.parametrize("unit", [1.0, 1e-120, 1e120])
def test_a_component_within_another_is_said_to_lie_there_and_its_neighbour_is_not(unit):
    generator = np.random.default_rng(0)
    centers, deviations = np.array([20.0, 0.5, 0.0]), np.array([1.0, 0.2, 3.0])
    labels = np.repeat([0, 1, 2], 200)
    X = centers[labels, None] + deviations[labels, None] * generator.normal(size=(600, 3))
    mixture = GaussianMixture.from_parameters(
        np.full(3, 1 / 3),
        unit * np.repeat(centers[:, None], 3, axis=1),
        (unit * deviations) ** 2,
        covariance_type="spherical",
    )
    explanation = explain_mixture(mixture, unit * X)
    within = ["lies within component 2" in " ".join(group.sentences) for group in explanation.groups]
    assert within == [False, True, False]
