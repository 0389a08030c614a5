"""The page is complete, self-contained, harmless, and says what the summary says."""

from __future__ import annotations

import html.parser
import re
import warnings

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.explain import summarize
from gaussmix.report import render_report, write_report

VOID = {"meta", "img", "source", "br", "wbr", "rect", "line"}
HOSTILE_NAMES = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$\\frac{", "{{ 7 * 7 }}"]


class Page(html.parser.HTMLParser):
    """What a page holds; raises where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text, self.joined = [], [], [], False
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "wbr":
            self.joined = True
        elif tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            return
        if self.joined and self.text:  # a place to break a line is none between words
            data = self.text.pop() + data
        self.joined = False
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def iris_page(iris_model, iris):
    return Page(render_report(iris_model, iris, title="Iris", notes=["Left out: species, it holds text."]))


def test_it_opens_with_the_headline(iris_page, iris_model, iris):
    summary = summarize(iris_model, iris)
    positions = [iris_page.words.index(sentence) for sentence in summary.sentences]
    assert positions == sorted(positions)
    assert iris_page.words.index("The components") > positions[-1]


def test_it_holds_the_numbers_of_the_summary(iris_page, iris_model, iris):
    summary = summarize(iris_model, iris)
    for component in summary.components:
        assert f"{component.n_rows} rows" in iris_page.words
    for row in summary.unusual_rows:
        assert f" {row.row} {row.log_density:.2f} " in iris_page.words
    for name in iris.columns:
        assert name in iris_page.words
    assert f"BIC {summary.bic:.3f}" in iris_page.words
    assert "Smaller is better; mclust's have the opposite sign" in iris_page.words
    assert "Left out: species, it holds text." in iris_page.words
    assert "random_state=0" in iris_page.words
    assert "scikit-learn 1" in iris_page.words


def test_it_needs_nothing_from_elsewhere_and_runs_nothing(iris_model, iris):
    text = render_report(iris_model, iris)
    page = Page(text)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    assert "@import" not in text
    assert "url(" not in text
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "srcset", "href"):
            assert (
                attributes.get(name, "data:").startswith("data:image/png;base64,") or name not in attributes
            )
    policy = next(a for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")


def test_it_is_accessible(iris_page):
    assert next(iter(iris_page.all("html")))["lang"] == "en"
    assert len(iris_page.all("h1")) == 1
    for image in iris_page.all("img"):
        assert len(image["alt"]) > 20
        assert image["width"]
        assert image["height"]
    assert all(header.get("scope") in ("col", "row") for header in iris_page.all("th"))
    chart = next(iter(iris_page.all("svg")))
    assert chart["role"] == "img"
    assert "0.95 to 1.00" in chart["aria-label"]
    ids = {attributes["id"] for _, attributes in iris_page.elements if "id" in attributes}
    for _, attributes in iris_page.elements:
        assert attributes.get("aria-labelledby", next(iter(ids))) in ids
    for region in iris_page.all("div"):
        if region.get("class") == "scroll":
            assert region["tabindex"] == "0"


def test_hostile_text_stays_text(iris_model, iris):
    text = render_report(
        iris_model,
        iris,
        title="<b>bold</b>\x1b[31m",
        notes=["<script>alert(2)</script>\u202e"],
        feature_names=HOSTILE_NAMES,
    )
    page = Page(text)
    assert not page.all("script")
    assert not page.all("b")
    assert len(page.all("img")) == 2
    for name in HOSTILE_NAMES:
        assert name in page.words
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>alert(2)</script>" in page.words


def test_names_may_be_empty_endless_or_equal(iris_model, iris):
    page = Page(render_report(iris_model, iris, feature_names=["", "", "x" * 100_000, "x" * 100_000]))
    assert "column 0" in page.words
    assert "column 1" in page.words
    assert max(len(word) for word in page.words.split()) < 60


def test_it_is_the_same_each_time(iris_model, iris):
    assert render_report(iris_model, iris) == render_report(iris_model, iris)


def test_it_appears_complete_or_not_at_all(tmp_path, iris_model, iris):
    write_report(iris_model, iris, tmp_path / "report.html")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    with pytest.raises(FileNotFoundError):
        write_report(iris_model, iris, tmp_path / "missing" / "report.html")


def test_a_summary_at_hand_is_not_computed_again(iris_model, iris):
    summary = summarize(iris_model, iris, ["a", "b", "c", "d"])
    page = Page(render_report(iris_model, iris, summary=summary))
    assert page.words.count(summary.sentences[2]) == 1
    assert "in a and b" in " ".join(image["alt"] for image in page.all("img")) or "c and d" in " ".join(
        image["alt"] for image in page.all("img")
    )


@pytest.mark.parametrize(
    ("n_components", "n_features"), [(1, 1), (1, 3), (4, 1), (50, 64), (100, 5), (3, 300)]
)
def test_any_shape_is_a_page_of_at_most_three_megabytes(n_components, n_features):
    rng = np.random.default_rng(0)
    model = GaussianMixture.from_parameters(
        np.full(n_components, 1 / n_components),
        rng.normal(size=(n_components, n_features)) * 4,
        np.ones(n_components),
        covariance_type="spherical",
    )
    X, _ = model.sample(30_000, random_state=0)
    text = render_report(model, X)
    Page(text)
    assert len(text.encode()) <= 3_000_000
    assert not re.search(r"\d\.\d{7,}", Page(text).words)


def test_the_page_of_a_bad_fit_says_that_it_is_bad(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(3, max_iter=1, random_state=0).fit(iris)
    page = Page(render_report(model, iris))
    assert "Take care. The fit stopped before it converged" in page.words
    assert "No: stopped after 1 iteration." in page.words
