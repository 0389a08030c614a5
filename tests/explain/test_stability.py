"""How much a result depends on the start is said in words that the numbers bear out."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from gaussmix import GaussianMixture
from gaussmix.explain import render_text, summarize
from gaussmix.explain.stability import stability_sentences
from gaussmix.initialization import Stability
from gaussmix.report import render_report


def said(n_starts=24, n_agreeing=24, gap=np.inf, n_moves=0, n_spikes=0):
    return " ".join(stability_sentences(Stability(n_starts, n_agreeing, gap, n_moves, n_spikes)))


def test_agreement_and_gap_are_told():
    assert said(n_agreeing=12, gap=0.035) == (
        "12 of 24 starts agree; the next best optimum is 0.035 nats a row lower."
    )
    assert said() == "All 24 starts agree; no other optimum was met."


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"n_agreeing": 12, "gap": 0.2, "n_moves": 1}, "; 1 move led out of a lesser one."),
        ({"n_agreeing": 12, "gap": 0.2, "n_moves": 3}, "; 3 moves led out of lesser ones."),
        ({"n_agreeing": 0, "gap": 0.2, "n_moves": 2}, "by itself, found by 2 moves; the next"),
        (
            {"n_starts": 1, "n_agreeing": 0, "n_moves": 2},
            "Found by 2 moves from the one start that was tried.",
        ),
        ({"n_starts": 1, "n_agreeing": 1}, "One start was tried."),
        ({"n_spikes": 1}, "1 solution that collapsed on a few rows was passed over."),
        ({"n_spikes": 3}, "3 solutions that collapsed on a few rows were passed over."),
    ],
)
def test_moves_and_spikes_are_counted(numbers, words):
    assert words in said(**numbers)


def test_few_agreeing_far_from_the_next_are_hard_to_find():
    text = said(n_agreeing=2, gap=0.3)
    assert "hard to find" in text
    assert "n_init; --starts" in text


def test_few_agreeing_close_to_the_next_are_many_descriptions():
    assert "nearly equally good" in said(n_agreeing=2, gap=0.004)


@pytest.mark.parametrize("numbers", [{"n_agreeing": 20, "gap": 0.3}, {"n_starts": 2, "n_agreeing": 0}])
def test_nothing_is_read_into_many_agreeing_or_into_very_few_starts(numbers):
    assert not any(words in said(**numbers) for words in ("hard to find", "nearly equally"))


def test_summary_text_page_and_json_say_the_same(iris):
    model = GaussianMixture(3, random_state=0).fit(iris)
    summary = summarize(model, iris)
    sentence = " ".join(stability_sentences(model.stability_))
    assert " ".join(summary.stability_sentences) == sentence
    stream = io.StringIO()
    render_text(summary, Console(file=stream, width=200))
    assert sentence in stream.getvalue()
    assert f"<dt>Starts</dt><dd>{sentence}</dd>" in render_report(model, iris)
    document = json.loads(json.dumps(summary.to_dict(), allow_nan=False))
    assert document["stability"]["n_starts"] == model.stability_.n_starts


def test_without_a_search_nothing_is_said(iris):
    X = iris.to_numpy()
    single = GaussianMixture(1).fit(X)
    given = GaussianMixture(2, means_init=X[[0, 100]]).fit(X)
    known = GaussianMixture.from_parameters([1.0], [[0.0] * 4], [1.0], covariance_type="spherical")
    for model in (single, given, known):
        assert model.stability_ is None
        summary = summarize(model, X)
        assert summary.stability_sentences == ()
        assert "<dt>Starts</dt>" not in render_report(model, X)
