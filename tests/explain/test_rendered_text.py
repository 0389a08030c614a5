"""The text in a terminal fits it and cannot be abused."""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
import pytest
from rich.console import Console

from gaussmix import GaussianMixture
from gaussmix.explain import render_text, summarize


def _rendered(summary, width=80, **options):
    stream = io.StringIO()
    render_text(summary, Console(file=stream, width=width, **options))
    return stream.getvalue()


def _wide_model(n_components, n_features):
    rng = np.random.default_rng(0)
    means = rng.normal(size=(n_components, n_features)) * 5
    model = GaussianMixture.from_parameters(
        np.full(n_components, 1 / n_components), means, np.ones(n_components), covariance_type="spherical"
    )
    return model, model.sample(500, random_state=0)[0]


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 4), (3, 64), (50, 64), (120, 2)])
def test_no_line_is_wider_than_the_terminal(n_components, n_features, width):
    model, X = _wide_model(n_components, n_features)
    names = [f"a rather long name of feature number {d}" for d in range(n_features)]
    text = _rendered(summarize(model, X, names), width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_what_is_left_out_is_counted():
    model, X = _wide_model(120, 64)
    text = _rendered(summarize(model, X))
    assert "70 components not shown" in text
    assert re.search(r"\d+ features not shown", text)


def test_every_number_of_a_small_summary_is_there(iris):
    model = GaussianMixture(3, random_state=0).fit(iris)
    summary = summarize(model, iris)
    text = _rendered(summary)
    for component in summary.components:
        assert f"{component.n_rows}" in text
    for value in ("full (VVV)", "smaller is better", "mclust", "after"):
        assert value in text
    for sentence in summary.sentences:
        assert sentence.split(":")[0] in " ".join(text.split())


def test_names_steer_neither_terminal_nor_markup(iris):
    hostile = ["\x1b[2Jx", "[bold red]y[/]", "z\r\nz", "\u202eabc"]
    model = GaussianMixture(3, random_state=0).fit(iris.to_numpy())
    text = _rendered(summarize(model, iris.to_numpy(), hostile), no_color=True)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "\r" not in text
    assert "[bold red]y[/]" in text


def test_a_bad_fit_is_called_bad_in_the_terminal(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(3, max_iter=1, random_state=0).fit(iris)
    text = _rendered(summarize(model, iris))
    assert "Warning: The fit stopped before it converged" in text
    assert "NO, after 1 iteration" in text
