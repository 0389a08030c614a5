"""A summary says what NumPy computes by hand from the model's public methods."""

from __future__ import annotations

import io
import json
import re
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from rich.console import Console

import gaussmix.explain.rows
from gaussmix import GaussianMixture
from gaussmix.explain import explain_mixture, render_text, summarize
from gaussmix.explain.wording import format_share


def test_sizes_and_certainty_are_those_of_the_responsibilities(iris_model, iris):
    summary = summarize(iris_model, iris)
    responsibilities = iris_model.predict_proba(iris)
    label, top = responsibilities.argmax(axis=1), responsibilities.max(axis=1)
    for component in summary.components:
        mine = label == component.component
        assert component.n_rows == mine.sum()
        assert component.share == pytest.approx(mine.mean())
        assert component.mean_probability == pytest.approx(top[mine].mean())
        assert component.sure_share == pytest.approx((top[mine] >= 0.9).mean())
        assert component.weight == pytest.approx(iris_model.weights_[component.component])
    assert summary.n_rows == 150
    assert summary.mean_certainty == pytest.approx(top.mean())
    assert summary.n_unsure == (top < 0.6).sum()
    assert summary.certainty_histogram == tuple(np.histogram(top, bins=20, range=(0, 1))[0])


def test_means_and_deviations_are_the_components_own(iris_model, iris):
    summary = summarize(iris_model, iris)
    X = iris_model.sample(200_000, random_state=0)
    for component in summary.components:
        mine = X[0][X[1] == component.component]
        assert [feature.mean for feature in component.features] == pytest.approx(
            iris_model.means_[component.component].tolist()
        )
        assert [feature.standard_deviation for feature in component.features] == pytest.approx(
            mine.std(axis=0).tolist(), rel=0.02
        )
    assert summary.overall_means == pytest.approx(X[0].mean(axis=0), abs=0.02)
    assert summary.overall_deviations == pytest.approx(X[0].std(axis=0), rel=0.02)


def test_contrasts_are_differences_in_pooled_within_component_deviations(overlapping):
    summary = summarize(*overlapping)
    assert summary.pooled_deviations == pytest.approx((1.0, 1.0))
    assert summary.components[2].features[1].from_overall == pytest.approx(30 - 30 / 7)
    assert summary.components[0].features[0].from_nearest == pytest.approx(-1.5)


def test_criteria_are_those_of_the_model(iris_model, iris):
    summary = summarize(iris_model, iris)
    assert summary.log_likelihood == pytest.approx(iris_model.score(iris) * 150)
    assert summary.bic == pytest.approx(iris_model.bic(iris))
    assert summary.aic == pytest.approx(iris_model.aic(iris))
    assert summary.icl == pytest.approx(iris_model.icl(iris))
    assert summary.converged is True
    assert summary.n_iterations == iris_model.n_iter_


def test_families_have_both_names(iris):
    identifiers = {
        family: summarize(GaussianMixture(2, covariance_type=family, random_state=0).fit(iris), iris)
        for family in ("full", "tied", "diag", "spherical")
    }
    assert {family: s.covariance_identifier for family, s in identifiers.items()} == {
        "full": "VVV",
        "tied": "EEE",
        "diag": "VVI",
        "spherical": "VII",
    }
    assert all(s.covariance_meaning for s in identifiers.values())


def test_overlap_is_the_share_of_the_rows_of_both_that_are_assigned_to_the_other(overlapping):
    model, X = overlapping
    summary = summarize(model, X)
    drawn, own = model.sample(400_000, random_state=1)
    label = model.predict(drawn)
    for j in range(3):
        assert summary.overlap[j][j] == 0
        for k in range(j):
            crossed = ((own == j) & (label == k)) | ((own == k) & (label == j))
            both = (own == j) | (own == k)
            assert summary.overlap[j][k] == pytest.approx(crossed.sum() / both.sum(), abs=0.003)
            assert summary.overlap[j][k] == summary.overlap[k][j]


def test_summary_explanation_and_text_tell_one_overlap_in_the_same_words(overlapping):
    model, X = overlapping
    summary, explanation = summarize(model, X), explain_mixture(model, X)
    assert summary.overlap == explanation.overlap
    assert [one.nearest for one in summary.components] == [group.nearest for group in explanation.groups]
    shared = f"share {format_share(summary.overlap[0][1])} of their rows"
    assert f"component 0 and component 1 {shared}" in summary.sentences[1]
    assert f"Component 0 and component 1 {shared}: hard to tell apart." in explanation.sentences
    stream = io.StringIO()
    render_text(summary, Console(file=stream, width=80))
    row = next(line for line in stream.getvalue().splitlines() if re.match(r" +0 ", line))
    assert row.split()[-2:] == ["1", format_share(summary.overlap[0][1])]


def test_overlap_of_two_equal_components_is_their_rate_of_errors():
    """Two unit Gaussians at distance 2: the rate is P(Z > 1), about 15.87 %."""
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], covariance_type="spherical"
    )
    X, _ = model.sample(400_000, random_state=0)
    assert summarize(model, X).overlap[0][1] == pytest.approx(0.158655, abs=0.001)


def test_nearest_is_the_component_confused_most_else_the_closest_centre(overlapping):
    summary = summarize(*overlapping)
    assert [component.nearest for component in summary.components] == [1, 0, 0]
    assert summary.components[0].overlap == summary.overlap[0][1]
    assert summary.components[2].overlap < 1e-6


def test_of_a_component_that_wins_no_row_all_rows_are_shared():
    model = GaussianMixture.from_parameters(
        [0.9, 0.1], [[0.0], [0.0]], [1.0, 1.0], covariance_type="spherical"
    )
    summary = summarize(model, np.random.default_rng(0).normal(size=(100, 1)))
    swallowed = summary.components[1]
    assert (swallowed.n_rows, swallowed.mean_probability, swallowed.sure_share) == (0, None, None)
    assert swallowed.overlap == pytest.approx(0.1)  # all of its own, of those of both
    assert any("Component 1 has no row of its own" in warning for warning in summary.warnings)
    json.dumps(summary.to_dict(), allow_nan=False)


def test_weight_two_is_repetition_and_weight_zero_is_absence(overlapping):
    model, X = overlapping
    weight = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    weighted = summarize(model, X, sample_weight=weight)
    repeated = summarize(model, np.repeat(X, weight.astype(int), axis=0))
    assert weighted.n_rows == (weight > 0).sum()
    assert weighted.total_weight == repeated.n_rows
    for name in ("log_likelihood", "bic", "aic", "icl", "mean_certainty"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name))
    np.testing.assert_allclose(weighted.overlap, repeated.overlap, rtol=1e-9)
    for ours, theirs in zip(weighted.components, repeated.components, strict=True):
        assert ours.share == pytest.approx(theirs.share)
        assert ours.mean_probability == pytest.approx(theirs.mean_probability)
    unweighted = model.score_samples(X)
    assert [row.row for row in weighted.unusual_rows] == [
        row for row in np.argsort(unweighted).tolist() if weight[row] > 0
    ][:10]


def test_unusual_rows_are_those_of_least_density(iris_model, iris):
    summary = summarize(iris_model, iris)
    density = iris_model.score_samples(iris)
    assert [row.row for row in summary.unusual_rows] == np.argsort(density)[:10].tolist()
    first = summary.unusual_rows[0]
    assert first.values == tuple(iris.iloc[first.row])
    assert first.component == iris_model.predict(iris)[first.row]
    component = summary.components[first.component]
    deviations = [
        (value - feature.mean) / feature.standard_deviation
        for value, feature in zip(first.values, component.features, strict=True)
    ]
    assert first.farthest_feature == np.argmax(np.abs(deviations))
    assert first.deviations == pytest.approx(deviations[first.farthest_feature])


def test_rows_have_the_numbers_that_their_reader_knows(overlapping):
    model, X = overlapping
    plain = summarize(model, X)
    numbered = summarize(model, X, row_numbers=np.arange(len(X)) * 2 + 5)
    assert [row.number for row in plain.unusual_rows] == [row.row for row in plain.unusual_rows]
    assert [row.number for row in numbered.unusual_rows] == [2 * row.row + 5 for row in plain.unusual_rows]
    assert (plain.first_row_number, numbered.first_row_number) == (0, 5)
    with pytest.raises(ValueError, match="row_numbers has shape"):
        summarize(model, X, row_numbers=[1, 2])


@pytest.mark.parametrize("kind", ["pandas", "polars", "list", "fortran", "float32"])
def test_any_kind_of_table_gives_the_same_summary(iris, kind):
    names = list(iris.columns)
    values = iris.to_numpy()
    table = {
        "pandas": iris,
        "polars": pl.DataFrame(values, schema=names),
        "list": values.tolist(),
        "fortran": np.asfortranarray(values),
        "float32": values.astype(np.float32),
    }[kind]
    model = GaussianMixture(3, random_state=0).fit(values)
    if kind in ("pandas", "polars"):
        model.feature_names_in_ = np.asarray(names, dtype=object)
    expected = summarize(model if kind not in ("pandas", "polars") else _unnamed(model), values, names)
    got = summarize(model, table, None if kind in ("pandas", "polars") else names)
    assert got.feature_names == expected.feature_names
    assert got.bic == pytest.approx(expected.bic, rel=1e-5)
    assert [c.n_rows for c in got.components] == [c.n_rows for c in expected.components]
    assert [row.row for row in got.unusual_rows] == [row.row for row in expected.unusual_rows]


def _unnamed(model):
    return GaussianMixture.from_parameters(model.weights_, model.means_, model.covariances_)


def test_the_size_of_blocks_changes_nothing(overlapping, monkeypatch):
    whole = summarize(*overlapping)
    monkeypatch.setattr(gaussmix.explain.rows, "BLOCK_ENTRIES", 64)
    in_blocks = summarize(*overlapping)
    assert in_blocks.unusual_rows == whole.unusual_rows
    assert in_blocks.certainty_histogram == whole.certainty_histogram
    np.testing.assert_allclose(in_blocks.overlap, whole.overlap, rtol=1e-9)
    assert in_blocks.bic == pytest.approx(whole.bic)


def test_memory_stays_far_below_rows_times_components():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300_000, 2))
    model = GaussianMixture.from_parameters(
        np.full(64, 1 / 64), rng.normal(size=(64, 2)), np.ones(64), covariance_type="spherical"
    )
    tracemalloc.start()
    summarize(model, X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.5 * 300_000 * 64 * 8


def test_names_come_from_the_caller_then_the_model_then_the_frame(iris):
    array = iris.to_numpy()
    on_frame = GaussianMixture(2, random_state=0).fit(iris)
    on_array = GaussianMixture(2, random_state=0).fit(array)
    assert summarize(on_frame, iris, ["a", "b", "c", "d"]).feature_names == ("a", "b", "c", "d")
    assert summarize(on_frame, iris).feature_names == tuple(iris.columns)
    assert summarize(on_array, array).feature_names == ("x0", "x1", "x2", "x3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"feature_names": ["a"]}, "feature_names has 1 name"),
        ({"sample_weight": np.ones(3)}, "sample_weight has shape"),
        ({"sample_weight": np.full(700, -1.0)}, "not negative"),
        ({"sample_weight": np.zeros(700)}, "not all zero"),
    ],
)
def test_what_does_not_match_the_table_is_refused(overlapping, arguments, message):
    model, X = overlapping
    with pytest.raises(ValueError, match=message):
        summarize(model, X, **arguments)


def test_a_table_without_rows_or_of_other_width_is_refused(overlapping):
    model, X = overlapping
    with pytest.raises(ValueError, match="no rows"):
        summarize(model, X[:0])
    with pytest.raises(ValueError, match="3 feature"):
        summarize(model, np.ones((5, 3)))
    with pytest.raises(ValueError, match="dimension"):
        summarize(model, X[:, 0])


def _types(value):
    if isinstance(value, dict):
        return {type(key) for key in value}.union(*(_types(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_types(item) for item in value))
    return {type(value)}


def test_the_dict_holds_only_what_json_knows(iris_model, iris):
    data = summarize(iris_model, iris).to_dict()
    assert _types(data) <= {str, int, float, bool, type(None)}
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["headline"] == " ".join(data["sentences"])


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_units_change_no_share(overlapping, scale, shift):
    model, X = overlapping
    moved = GaussianMixture.from_parameters(
        model.weights_,
        (model.means_ + shift) * scale,
        model.covariances_ * scale * scale,
        covariance_type="spherical",
    )
    plain, other = summarize(model, X), summarize(moved, (X + shift) * scale)
    assert [c.n_rows for c in other.components] == [c.n_rows for c in plain.components]
    np.testing.assert_allclose(other.overlap, plain.overlap, atol=1e-6)
    np.testing.assert_allclose(other.information, plain.information, atol=1e-6)
    assert other.telling_features == plain.telling_features
    json.dumps(other.to_dict(), allow_nan=False)


def test_one_component_and_one_feature():
    X = np.random.default_rng(0).normal(size=(50, 1))
    summary = summarize(GaussianMixture(1).fit(X), pd.DataFrame(X, columns=["length"]).to_numpy(), ["length"])
    (component,) = summary.components
    assert (component.nearest, component.overlap, component.share) == (None, None, 1.0)
    assert summary.mean_certainty == 1.0
    assert summary.sentences[0] == "One component describes all 50 rows."
