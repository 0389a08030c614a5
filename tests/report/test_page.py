"""The page is complete, self-contained, harmless, and says what the summary says."""

from __future__ import annotations

import ast
import base64
import hashlib
import html
import html.parser
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaussmix import AutoGaussianMixture, GaussianMixture, bootstrap, goodness_of_fit
from gaussmix.cli.main import main
from gaussmix.data import read_table, select_features
from gaussmix.explain import summarize
from gaussmix.explain.choice import choice_sentences, model_name
from gaussmix.explain.wording import format_number
from gaussmix.report import render_report, write_report
from gaussmix.report.recipe import python_code

VOID = {"meta", "img", "source", "br", "wbr", "rect", "line", "input"}
HOSTILE_NAMES = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$\\frac{", "{{ 7 * 7 }}"]


class Page(html.parser.HTMLParser):
    """What a page holds; raises where tags do not match."""

    def __init__(self, text):
        super().__init__()
        # Scripts may hold what looks like tags: they are looked at one by one where that matters.
        text = re.sub(r"<script>.*?</script>", "<script></script>", text, flags=re.DOTALL)
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
        if self.open and self.open[-1] in ("style", "script"):
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


def render(model, X, **options):
    """Return a page without still pictures, which take the time."""
    return render_report(model, X, pictures=False, **options)


@pytest.fixture(scope="module")
def iris_text(iris_model, iris):
    return render_report(iris_model, iris, title="Iris", notes=["Left out: species, it holds text."])


@pytest.fixture(scope="module")
def iris_page(iris_text):
    return Page(iris_text)


def test_it_opens_with_the_headline(iris_page, iris_model, iris):
    summary = summarize(iris_model, iris)
    positions = [iris_page.words.index(sentence) for sentence in summary.sentences]
    assert positions == sorted(positions)
    assert iris_page.words.index("The map") > positions[-1]


def test_it_holds_the_numbers_of_the_summary(iris_page, iris_model, iris):
    summary = summarize(iris_model, iris)
    for component in summary.components:
        assert f"{component.n_rows} rows" in iris_page.words
    for row in summary.unusual_rows:
        assert f" {row.number} {row.log_density:.2f} " in iris_page.words
    for name in iris.columns:
        assert name in iris_page.words
    assert f"BIC {summary.bic:.3f}" in iris_page.words
    assert "Smaller is better; mclust's have the opposite sign" in iris_page.words
    assert "Left out: species, it holds text." in iris_page.words
    assert "random_state=0" in iris_page.words
    assert "scikit-learn 1" in iris_page.words


def scripts_of(text):
    """Return the scripts of a page, and its policy."""
    found = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    policy = next(a for a in Page(text).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    return found, policy["content"]


def data_of(text):
    """Return what the page's script reads."""
    return json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])


def test_it_needs_nothing_from_elsewhere_and_runs_nothing_but_its_own(iris_text):
    page, text = Page(iris_text), iris_text
    scripts, policy = scripts_of(text)
    assert len(scripts) == 2
    assert policy.startswith("default-src 'none'; ")
    allowed = re.search(r"script-src ([^;]*);", policy)[1].split()
    assert allowed == [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    ]
    assert "connect-src" not in policy
    assert not page.all("link")
    assert not page.all("iframe")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "@import" not in style
    assert "url(" not in style
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "srcset"):
            assert name not in attributes or attributes[name].startswith("data:image/png;base64,")
        assert attributes.get("href", "#").startswith("#")


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
    assert len(scripts_of(text)[0]) == 2
    assert not page.all("b")
    assert len(page.all("img")) == 3
    assert [axis["name"] for axis in data_of(text)["map"]["axes"][:4]] == HOSTILE_NAMES
    for name in HOSTILE_NAMES:
        assert name in page.words
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>alert(2)</script>" in page.words


def test_names_need_not_be_text(iris_model, iris):
    assert "&#39;2019&#39;" in render(iris_model, iris, feature_names=[2019, 2020, 2021, None])


def test_names_may_be_empty_endless_or_equal(iris_model, iris):
    page = Page(render(iris_model, iris, feature_names=["", "", "x" * 100_000, "x" * 100_000]))
    assert "column 0" in page.words
    assert "column 1" in page.words
    assert max(len(word) for word in page.words.split()) < 60


def test_it_is_the_same_each_time(iris):
    X = iris.iloc[:, :1]
    model = GaussianMixture(2, random_state=0).fit(X)
    assert render_report(model, X) == render_report(model, X)


def test_it_appears_complete_or_not_at_all(tmp_path, iris_model, iris):
    write_report(iris_model, iris, tmp_path / "report.html", pictures=False)
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


@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 3), (4, 1), (25, 12), (2, 80)])
def test_any_shape_is_a_page_of_at_most_three_megabytes(n_components, n_features):
    rng = np.random.default_rng(0)
    model = GaussianMixture.from_parameters(
        np.full(n_components, 1 / n_components),
        rng.normal(size=(n_components, n_features)) * 4,
        np.ones(n_components),
        covariance_type="spherical",
    )
    X, _ = model.sample(8_000, random_state=0)
    text = render_report(model, X)
    Page(text)
    assert len(text.encode()) <= 3_000_000
    assert not re.search(r"\d\.\d{7,}", Page(text).words)


def test_the_page_of_a_bad_fit_says_that_it_is_bad(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(3, max_iter=1, random_state=0).fit(iris)
    page = Page(render(model, iris))
    assert "Do not rely on this result as it stands." in page.words
    assert "Take care. The fit stopped before it converged" in page.words
    assert "No: stopped after 1 iteration." in page.words


def test_the_page_of_a_good_fit_does_not_complain(iris_page):
    assert "No fault was found in this fit." in iris_page.words
    assert "Take care" not in iris_page.words


def test_one_cloud_in_five_slices_is_called_that():
    X = np.random.default_rng(0).normal(size=(1000, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(5, random_state=0).fit(X)
    page = Page(render(model, X))
    assert "Do not rely on this result as it stands." in page.words
    assert "slices of one cloud" in page.words
    excess = model.bic(X) - GaussianMixture(1).fit(X).bic(X)
    assert (
        f"A single component describes these rows better than 5: its BIC is {excess:.3g} lower" in page.words
    )


def test_groups_apart_that_cost_too_many_parameters_are_not_called_slices():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(centre, size=(100, 40)) for centre in (-1.5, 0.0, 1.5)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(3, random_state=0).fit(X)
    page = Page(render(model, X))
    assert "Do not rely on this result as it stands." in page.words
    assert "A single component describes these rows better than 3" in page.words
    assert "Try fewer components or a simpler covariance family." in page.words
    assert "slices of one cloud" not in page.words


def test_rows_that_are_no_gaussians_are_noticed():
    X = np.random.default_rng(0).exponential(size=(2000, 1))
    page = Page(render(GaussianMixture(1).fit(X), X))
    assert "The rows do not look like draws from this mixture" in page.words
    assert "Do not rely on this result as it stands." in page.words


def test_spikes_are_named():
    X = np.concatenate([np.random.default_rng(0).normal(size=500), np.full(100, 0.5)])[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(2, spikes="allow", random_state=0).fit(X)
    assert model.repaired_components_
    assert "held up at the least variance allowed: its rows hardly differ in some direction" in (
        Page(render(model, X)).words
    )


def test_the_choice_is_shown_with_all_that_was_compared(iris):
    model = AutoGaussianMixture([1, 2, 3], covariance_types=["VEV", "EEE"], random_state=0, noise=False)
    model.fit(iris)
    text = render(model, iris)
    page, data = Page(text), data_of(text)["choice"]
    assert "2 components of type VEV chosen by BICc among 1 to 3 and 2 covariance families" in page.words
    for sentence in choice_sentences(model.selection_):
        assert sentence in page.words
    buttons = {a["aria-label"]: a for a in page.all("button") if "data-model" in a}
    assert len(buttons) == 6
    for row, told in zip(model.selection_, data["models"], strict=True):
        assert told["bic"] == pytest.approx(row.bic)
        assert told["n_parameters"] == row.n_parameters
        assert any(label.startswith(model_name(row)) for label in buttons)
    assert [one["chosen"] for one in data["models"]].count(True) == 1


def test_names_of_components_are_shown_and_harmless(iris):
    model = GaussianMixture(3, random_state=0).fit(iris)
    model.name_components({0: "</script><script>window.attacked = 1", 1: "Größe"})
    text = render(model, iris)
    page = Page(text)
    assert len(scripts_of(text)[0]) == 2
    assert "Größe" in page.words
    assert data_of(text)["map"]["components"][1]["name"] == "Größe"


def unpack(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype=np.dtype(dtype).newbyteorder("<"))


def test_the_map_holds_rows_and_probabilities_as_the_model_says(iris_model, iris):
    data = data_of(render(iris_model, iris, row_numbers=np.arange(1000, 1150)))["map"]
    assert unpack(data["numbers"], "f8").tolist() == list(range(1000, 1150))
    for d, axis in enumerate(data["axes"][:4]):
        assert axis["offset"] + axis["scale"] * unpack(axis["z"], "f4") == pytest.approx(
            iris.iloc[:, d], abs=1e-5
        )
    told = unpack(data["components_told"], "u2").reshape(150, -1)
    probability = unpack(data["probabilities_told"], "f4").reshape(150, -1)
    expected = np.take_along_axis(iris_model.predict_proba(iris), told.astype(int), axis=1)
    assert probability == pytest.approx(expected, abs=1e-6)
    assert (told[:, 0] == iris_model.predict(iris)).all()


def test_a_large_table_is_sampled_and_the_page_says_so():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(20_000, 2)), generator.normal(6, 1, size=(20_000, 2))])
    text = render(GaussianMixture(2, random_state=0).fit(X), X)
    data = data_of(text)["map"]
    assert 5_000 <= data["count"] <= 5_100
    assert f"a random sample of {data['count']:,} of the 40,000 rows" in data["note"]
    named = {a["data-row"] for a in Page(text).all("button") if "show-row" in a.get("class", "")}
    assert named <= {str(int(number)) for number in unpack(data["numbers"], "f8")}


def test_rows_of_weight_zero_are_not_there(iris_model, iris):
    weight = np.ones(150)
    weight[:50] = 0
    data = data_of(render(iris_model, iris, sample_weight=weight))["map"]
    assert unpack(data["numbers"], "f8").tolist() == list(range(50, 150))


def test_the_code_on_the_page_fits_the_same_model(tmp_path, iris, monkeypatch):
    iris = iris.iloc[:, 2:]
    iris.to_csv(tmp_path / "data.csv", index=False)
    monkeypatch.chdir(tmp_path)
    model = AutoGaussianMixture(range(1, 4), covariance_types=["VEV", "EEE"], random_state=3).fit(iris)
    chosen = model.best_estimator_
    for one, selection in ((model, None), (chosen, model.selection_)):
        text = render(one, iris, selection=selection)
        code = html.unescape(re.search(r"<h3>In Python</h3>\n.*?<pre[^>]*>(.*?)</pre>", text, re.DOTALL)[1])
        space = {}
        exec(code, space)
        assert space["model"].means_ == pytest.approx(model.means_)
        assert (tmp_path / "report.html").exists()


def test_a_goodness_of_fit_and_a_bootstrap_that_were_run_are_told(iris_model, iris):
    found = goodness_of_fit(iris_model, iris, n_resamples=19, random_state=0)
    errors = bootstrap(iris_model, iris, n_resamples=20, random_state=0)
    page = Page(render(iris_model, iris, goodness_of_fit=found, bootstrap=errors))
    assert f"occurs with probability {found.p_value:.3f}" in page.words
    assert "tables resampled from the rows" in page.words


def test_a_mixture_writes_its_own_page(tmp_path, iris_model, iris):
    iris_model.report(iris, tmp_path / "report.html", title="By itself", pictures=False)
    assert "By itself" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_of_a_mixture_with_noise_is_about_all_rows():
    rng = np.random.default_rng(3)
    groups = [rng.normal([0, 0], 1, (200, 2)), rng.normal([9, 0], 1, (200, 2))]
    X = np.concatenate([*groups, rng.uniform(-15, 20, (40, 2))])
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    noise = model.predict(X) == -1
    text = render(model, X)
    words = Page(text).words
    assert f"{noise.sum()} of 440 rows ({100 * noise.mean():.1f}%) fit no group" in words
    assert f"component 0 with {(model.predict(X) == 0).sum()}" in words
    assert "2 components and noise in 440 rows" in words
    unusual = words[words.index("Who is unusual") :]
    assert "noise" in unusual[: unusual.index("The rows of lowest density")]
    assert "Rows of noise are left out of this comparison." in words
    own = [format_number(criterion(X), 6) for criterion in (model.bic, model.aic, model.icl)]
    assert "BIC {}, AIC {}, ICL {}.".format(*own) in words
    data = data_of(text)["map"]
    assert data["count"] == 440
    told = unpack(data["components_told"], "u2").reshape(440, -1)[:, 0]
    np.testing.assert_array_equal(told == len(data["components"]), noise)


def test_a_faulty_fit_is_not_praised(iris):
    # Two halves of one cloud: the verdict is that a single component does as well.
    X = np.random.default_rng(0).normal(size=(300, 2))
    model = GaussianMixture.from_parameters(
        [0.5, 0.5], [[-9.0, 0.0], [9.0, 0.0]], [1.0, 1.0], covariance_type="spherical"
    )
    words = Page(render(model, X)).words
    assert "Do not rely on this result" in words
    assert summarize(model, X).mean_certainty > 0.95
    assert "clearly apart" not in words
    assert "If this mixture were right" in words


def test_a_component_that_collapsed_is_not_excused_by_its_few_rows():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(100, 2)), np.full((4, 2), 30.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(2, random_state=0).fit(X)
    assert len(model.repaired_components_)
    words = Page(render(model, X)).words
    assert "With so few rows chance brings about as much." not in words
    assert "do not look like draws from this mixture" in words


def test_the_code_reads_the_table_that_was_fitted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = read_table("faithful")
    features = select_features(table)
    model = GaussianMixture(2, random_state=0).fit(features.values)
    text = render(model, features.values, feature_names=features.names, source="faithful")
    code = html.unescape(re.search(r"<h3>In Python</h3>\n.*?<pre[^>]*>(.*?)</pre>", text, re.DOTALL)[1])
    assert "'faithful'" in code
    space = {}
    exec(code, space)
    assert space["model"].means_ == pytest.approx(model.means_)


@pytest.mark.parametrize("standardized", [False, True])
def test_the_code_reads_the_table_as_it_was_read(tmp_path, monkeypatch, standardized):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    values = generator.normal(size=(90, 2)) + np.repeat([[0, 0], [3, 30], [6, -50]], 30, axis=0)
    rows = [f"{x},{y},{w}" for (x, y), w in zip(values, generator.integers(1, 5, 90), strict=True)]
    Path("data.csv").write_text("\n".join(["1,,2", *rows]), encoding="utf-8")
    options = ["--no-header", "--drop-missing", "--weights", "column_3", "-k", "3"]
    options += ["--standardize"] if standardized else []
    assert main(["fit", "data.csv", *options, "--quiet"]) == 0
    text = Path("gaussmix-data/report.html").read_text(encoding="utf-8")
    code = html.unescape(re.search(r"<h3>In Python</h3>\n.*?<pre[^>]*>(.*?)</pre>", text, re.DOTALL)[1])
    space = {}
    exec(code, space)
    labels = pd.read_csv("gaussmix-data/labels.csv")["label"]
    assert space["model"].predict(space["X"]).tolist() == labels.tolist()
    assert len(labels) == 90


def test_the_code_always_says_which_columns_are_taken(iris_model):
    odd = ("a\u202eb", "x" * 80)
    code = python_code(iris_model, odd)
    namespace = re.search(r"\[\[(.*)\]\]", code)[1]
    assert ast.literal_eval(f"[{namespace}]") == list(odd)
    assert code.isascii()
    assert "Take the 900 columns" in python_code(iris_model, tuple(f"column {d}" for d in range(900)))
