"""The text in a terminal fits it and cannot be abused."""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
import pytest
from rich.console import Console

from gaussmix import GaussianMixture
from gaussmix.explain import (
    explain_mixture,
    explain_row,
    render_explanation,
    render_row,
    render_text,
    summarize,
)
from gaussmix.explain.terminal import Terminal


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


@pytest.mark.parametrize("width", [40, 60, 80, 132])
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


def _explained(model, X, width=80, **options):
    stream = io.StringIO()
    console = Console(file=stream, width=width, **options)
    render_explanation(explain_mixture(model, X), console)
    render_row(explain_row(model, X[:1]), console)
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize(("n_components", "n_features"), [(2, 1), (3, 4), (15, 30)])
def test_explanations_fit_the_terminal(n_components, n_features, width):
    model, X = _wide_model(n_components, n_features)
    model.component_names_ = [f"a rather long name of component number {k}" for k in range(n_components)]
    text = _explained(model, X, width)
    assert max(len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode_gets_letters_that_it_has(iris, encoding):
    model = GaussianMixture(3, random_state=0).fit(iris)
    summary = summarize(model, iris, [*iris.columns[:3], "Länge \N{GREEK SMALL LETTER ALPHA}"])
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    console = Console(file=stream, width=80)
    render_text(summary, console)
    render_explanation(explain_mixture(model, iris, summary=summary), console)
    stream.flush()
    text = raw.getvalue().decode(encoding)
    assert ("1.30 +/- 0.18" if encoding == "ascii" else "1.30 ± 0.18") in text
    assert "+###" in text
    assert "petal length (cm) <= " in text
    assert ("L?nge ?" if encoding == "ascii" else "Länge ?") in text


def test_bars_and_curves_are_as_long_and_high_as_what_they_show():
    terminal, plain = (
        Terminal(Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding)))
        for encoding in ("utf-8", "ascii")
    )
    assert [terminal.bar(share) for share in (0, 0.5, 1, 7, float("nan"))] == [
        "     ", "██▌  ", "█████", "█████", "     ",
    ]  # fmt: skip
    assert [plain.bar(share) for share in (0, 0.04, 0.5, 1)] == ["     ", "     ", "##   ", "#####"]
    assert terminal.sparkline([1, 2, 3, 4]) == "▁▃▆█"
    assert plain.sparkline([1, 2, 3, 4]) == "0257"
    assert terminal.sparkline([1000, 1, 2, 3]) == "█▁▂▃"
    assert terminal.sparkline([2, 2, float("nan")]) == "▁▁ "
    assert terminal.sparkline([float("nan")]) == " "


def _length(bar):
    """Return the length of a bar of blocks, in columns."""
    return sum((" ▏▎▍▌▋▊▉█".index(letter) for letter in bar), 0) / 8


def test_bars_of_means_are_distances_from_the_mean_of_all_in_standard_deviations():
    # Of the second feature the centres are hardly apart: its bars must not look like the first's.
    means = np.array([[0.0, 0.0], [6.0, 0.02], [9.0, 0.03]])
    model = GaussianMixture.from_parameters(
        [0.5, 0.3, 0.2], means, [1.0, 1.0, 1.0], covariance_type="spherical"
    )
    X = model.sample(2000, random_state=0)[0]
    text = _rendered(summarize(model, X, ["far", "near"]), 100)
    overall = model.weights_ @ means
    deviations = np.sqrt(1.0 + model.weights_ @ (means - overall) ** 2)
    for d, name in enumerate(["far", "near"]):
        line = next(line for line in text.splitlines() if line.startswith(f"{name} ") and "±" in line)
        found = re.findall(r"± [\d.]+ ([+-])([ ▏▎▍▌▋▊▉█]{1,5})", line)
        distances = (means[:, d] - overall[d]) / deviations[d]
        for (sign, bar), distance in zip(found, distances, strict=True):
            assert sign == ("-" if distance < 0 else "+")
            assert _length(bar) == pytest.approx(min(abs(distance) / 2, 1.0) * 5, abs=1 / 16)
    assert "a full one is 2 standard deviations of all rows" in " ".join(text.split())


def test_bars_of_a_row_are_proportional_also_where_features_are_summed_up():
    rng = np.random.default_rng(0)
    means = np.array([np.zeros(30), np.full(30, 1.0)])
    model = GaussianMixture.from_parameters([0.5, 0.5], means, [1.0, 1.0], covariance_type="spherical")
    row = explain_row(model, rng.normal(size=(1, 30)) * 0.1)
    stream = io.StringIO()
    render_row(row, Console(file=stream, width=100))
    bars = {}
    for line in stream.getvalue().splitlines():
        found = re.match(r"(.*?) +(?:-?[\d.]+ +)?([+-][\d.,]+) +[+-]([▏▎▍▌▋▊▉█]+)", line)
        if found:
            bars[found[1].strip()] = (abs(float(found[2])), _length(found[3]))
    longest = max(part for part, _ in bars.values())
    assert bars["18 others"][0] == longest
    for part, length in bars.values():
        assert length == pytest.approx(5 * part / longest, abs=1 / 16 + 0.01)


def test_names_of_components_stand_in_every_text(iris):
    model = GaussianMixture(3, random_state=0).fit(iris)
    setosa = int(model.predict(iris.iloc[[0]])[0])
    model.name_components({setosa: "setosa\x1b[31m", (setosa + 1) % 3: "[bold]x"})
    summary = summarize(model, iris)
    for text in (_rendered(summary), _explained(model, iris), _rendered(summary, 40)):
        assert "setosa" in text
        assert "[bold]x" in text
        assert "\x1b" not in text
    assert summary.label(setosa) == "setosa[31m"
    assert "setosa[31m with 50 (33%)" in summary.sentences[0]


def test_rows_that_are_shown_have_their_reasons(iris):
    text = " ".join(_explained(GaussianMixture(3, random_state=0).fit(iris), iris).split())
    assert re.search(r"Typical: rows \d+, \d+, \d+, \d+ and \d+\.", text)
    assert re.search(r"At the border: row \d+ \(0\.\d+; component \d 0\.\d+\)", text)
    assert re.search(r"row \d+ with \w+ \w+ \(cm\) = [\d.]+ where [\d.]+ is expected \([+-][\d.]+ sd\)", text)
