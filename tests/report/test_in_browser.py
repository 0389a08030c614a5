"""The page in a real browser, without a network: it works, and runs nothing that came with the data."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from gaussmix import AutoGaussianMixture, GaussianMixture
from gaussmix.report import write_report

HOSTILE_NAMES = [
    "<script>window.attacked = 1</script>",
    "</script><img src=x onerror=window.attacked=2>",
    "x" * 500,
    "sepal_width_of_the_flower_in_centimetres",
]


@pytest.fixture(scope="module")
def iris_file(tmp_path_factory, iris):
    model = AutoGaussianMixture(range(1, 4), covariance_types=["VEV", "EEE"], random_state=0).fit(iris)
    model.name_components({int(model.weights_.argmin()): "small"})
    file = tmp_path_factory.mktemp("page") / "report.html"
    write_report(model, iris, file, title="Iris", command="gaussmix fit iris")
    return file


@pytest.fixture
def iris_window(open_window, iris_file):
    window = open_window(iris_file.as_uri())
    ready(window)
    return window


def ready(window):
    window.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)


def source(page, name, column):
    """Return what a drawing shows."""
    return page.evaluate(
        "([name, column]) => Array.from(Bokeh.documents.map(one => one.get_model_by_name(name))"
        ".find(one => one).data[column])",
        [name, column],
    )


def place_of_row(page, i):
    """Return where a row of the map is in the window."""
    x, y = source(page, "rows", "x")[i], source(page, "rows", "y")[i]
    return page.evaluate(
        """([x, y]) => {
          const figure = Bokeh.documents[0].get_model_by_name("map");
          const view = Bokeh.index.get_by_id(figure.id);
          const box = view.canvas_view.el.getBoundingClientRect();
          return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)];
        }""",
        [x, y],
    )


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1440, "light")])
def test_it_fits_the_window_and_nothing_goes_wrong(tmp_path, open_window, iris_model, iris, width, scheme):
    file = tmp_path / "report.html"
    write_report(iris_model, iris, file, feature_names=HOSTILE_NAMES, title="<b>bold</b>", pictures=False)
    window = open_window(file.as_uri(), width=width, scheme=scheme, touch=width < 500)
    ready(window)
    assert window.complaints == []
    assert window.requests[0] == file.as_uri()
    assert all(request.startswith(("data:", "blob:")) for request in window.requests[1:])
    page = window.page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("window.attacked") is None
    assert page.locator("canvas").count() > 0
    assert page.locator("#axis-x option").first.text_content() == HOSTILE_NAMES[0]


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1440, "dark")])
def test_a_page_with_a_choice_works_in_any_window(open_window, iris_file, width, scheme):
    window = open_window(iris_file.as_uri(), width=width, scheme=scheme, touch=width < 500)
    ready(window)
    assert window.complaints == []
    assert window.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_goes_on_beyond_its_edge_has_a_shadow_there(tmp_path, open_window, scheme):
    names = [f"feature {d}" for d in range(3)]
    model = GaussianMixture.from_parameters(
        [0.2] * 5, np.arange(5.0)[:, None] * [100, 200, 300], [1.0] * 5, covariance_type="spherical"
    )
    file = tmp_path / "report.html"
    X = model.sample(100, random_state=0)[0]
    write_report(model, X, file, feature_names=names, pictures=False)
    page = open_window(file.as_uri(), width=375, scheme=scheme, offline=True).page
    table = page.locator("[aria-labelledby=profiles]")
    assert table.evaluate("one => one.scrollWidth > one.clientWidth + 20")

    def stands_out(edge):
        """Return how far the empty top of the table differs at an edge from its middle."""
        picture = np.asarray(Image.open(io.BytesIO(table.screenshot())).convert("L"), dtype=float)
        return abs(picture[2, edge] - np.median(picture[2]))

    assert stands_out(-3) > 30
    assert stands_out(2) < 3
    table.evaluate("one => { one.scrollLeft = 40; }")
    assert min(stands_out(-3), stands_out(2)) > 30
    table.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    assert stands_out(-3) < 3
    assert stands_out(2) > 30
    page.emulate_media(media="print")
    assert table.evaluate("one => getComputedStyle(one).backgroundImage") == "none"


def test_a_row_under_the_pointer_tells_its_probabilities(iris_window):
    page = iris_window.page
    page.locator("#map-drawing").scroll_into_view_if_needed()
    x, y = place_of_row(page, 0)
    page.mouse.move(x, y)
    page.locator("#tooltip").wait_for(state="visible")
    assert re.search(r"Row \d+", page.locator("#tooltip").inner_text())
    page.mouse.click(x, y)
    card = page.locator("#row-card")
    assert re.search(r"Row \d+", card.inner_text())
    assert "small" in card.inner_text() or "1" in card.inner_text()
    assert "sepal length (cm)" in card.inner_text()
    assert source(page, "ring", "x") == [source(page, "rows", "x")[0]]


def test_a_component_can_be_picked_and_let_go(iris_window):
    page = iris_window.page
    chip = page.locator(".chip", has_text="small")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert page.locator("#map-count").inner_text().startswith("50 of 150")
    assert sum(alpha < 0.2 for alpha in source(page, "rows", "alpha")) == 100
    page.locator("#clear-selection").click()
    assert page.locator("#map-count").inner_text() == ""


def test_rows_of_noise_are_grey_and_can_be_picked(tmp_path, open_window):
    rng = np.random.default_rng(3)
    groups = [rng.normal([0, 0], 1, (200, 2)), rng.normal([9, 0], 1, (200, 2))]
    X = np.concatenate([*groups, rng.uniform(-15, 20, (40, 2))])
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    noise = model.predict(X) == -1
    write_report(model, X, tmp_path / "report.html", pictures=False)
    window = open_window((tmp_path / "report.html").as_uri())
    ready(window)
    page = window.page
    markers = np.array(source(page, "rows", "marker"))
    np.testing.assert_array_equal(markers == "square_pin", noise)
    colors = np.array(source(page, "rows", "color"))
    assert len(set(colors[noise])) == 1
    assert not set(colors[noise]) & set(colors[~noise])
    chip = page.locator(".chip[data-component='2']")
    assert chip.inner_text() == "noise"
    chip.click()
    assert page.locator("#map-count").inner_text().startswith(f"{noise.sum()} of 440")


def test_the_sum_of_densities_has_the_noise_in_it(tmp_path, open_window):
    rng = np.random.default_rng(3)
    X = np.concatenate([rng.normal(0, 1, 200), rng.normal(9, 1, 200), rng.uniform(-15, 20, 40)])[:, None]
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    write_report(model, X, tmp_path / "report.html", pictures=False)
    window = open_window((tmp_path / "report.html").as_uri())
    ready(window)
    xs, ys = (np.array(source(window.page, "curves", name)[-1]) for name in ("xs", "ys"))
    np.testing.assert_allclose(ys, np.exp(model.score_samples(xs[:, None])), rtol=1e-3, atol=1e-6)
    assert len(source(window.page, "curves", "xs")) == 4


def test_the_slider_shows_the_rows_that_are_unsure(tmp_path, open_window, iris, iris_model):
    write_report(iris_model, iris, tmp_path / "report.html", pictures=False)
    window = open_window((tmp_path / "report.html").as_uri())
    ready(window)
    page = window.page
    page.locator("#certainty").fill("0.9")
    certainty = iris_model.predict_proba(iris).max(axis=1)
    assert page.locator("#map-count").inner_text().startswith(f"{(certainty <= 0.9).sum()} of 150")


def test_axes_can_be_chosen(iris_window, iris):
    page = iris_window.page
    page.locator("#axis-x").select_option(label="sepal length (cm)")
    assert sorted(source(page, "rows", "x")) == pytest.approx(sorted(iris.iloc[:, 0]), abs=1e-5)
    before = source(page, "rows", "y")
    page.locator("#swap-axes").click()
    assert source(page, "rows", "x") == before
    page.locator("#axis-x").select_option(label="projection 1")
    assert "Made of" in page.locator("#axis-note").inner_text()


def test_a_cell_tells_of_its_model(iris_window):
    page = iris_window.page
    assert "the one chosen" in page.locator("#model-card").inner_text()
    page.get_by_role("button", name=re.compile("3 components of type EEE:")).click()
    card = page.locator("#model-card").inner_text()
    assert card.startswith("3 components of type EEE")
    assert "free parameters" in card


def test_the_keyboard_steps_through_rows_and_models(iris_window, iris):
    page = iris_window.page
    page.locator("#map-drawing").focus()
    page.keyboard.press("End")
    assert source(page, "ring", "x") == pytest.approx([iris["petal length (cm)"].max()], abs=1e-5)
    page.keyboard.press("ArrowLeft")
    assert source(page, "ring", "x")[0] < iris["petal length (cm)"].max() + 1e-9
    page.locator("#curve-drawing").focus()
    before = page.locator("#model-card h3").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("#model-card h3").inner_text() != before


def test_an_unusual_row_can_be_found_on_the_map(iris_window):
    page = iris_window.page
    button = page.locator("#unusual ~ .scroll .show-row").first
    number = button.inner_text()
    button.click()
    assert page.locator("#row-card h3").inner_text() == f"Row {number}"


def test_it_is_a_page_without_scripts_too(open_window, iris_file):
    page = open_window(iris_file.as_uri(), script=False).page
    assert page.locator("figure.static img").is_visible()
    assert not page.locator("#map-drawing").is_visible()


def test_a_picture_stands_on_paper_in_place_of_the_drawing(iris_window):
    page = iris_window.page
    page.emulate_media(media="print")
    assert page.locator("figure.static img").is_visible()
    assert not page.locator("#map-drawing").is_visible()


def test_a_single_feature_has_its_density(tmp_path, open_window):
    generator = np.random.default_rng(0)
    X = 1e-150 * np.concatenate([generator.normal(0, 1, 100), generator.normal(8, 1, 50)])[:, None]
    model = GaussianMixture(2, random_state=0).fit(X)
    write_report(model, X, tmp_path / "report.html", pictures=False)
    window = open_window((tmp_path / "report.html").as_uri())
    ready(window)
    assert window.complaints == []
    page = window.page
    widths = np.array(source(page, "bars", "right")) - np.array(source(page, "bars", "left"))
    assert np.dot(widths, source(page, "bars", "top")) == pytest.approx(1.0, rel=1e-3)
    page.locator("#map-drawing").focus()
    page.keyboard.press("Home")
    assert float(source(page, "ring", "x")[0]) == pytest.approx(X.min(), rel=1e-4)


def test_values_far_from_zero_keep_their_digits(tmp_path, open_window):
    generator = np.random.default_rng(0)
    X = 1e9 + generator.normal(size=(60, 2))
    model = GaussianMixture(1, random_state=0).fit(X)
    write_report(model, X, tmp_path / "report.html", pictures=False)
    window = open_window((tmp_path / "report.html").as_uri())
    ready(window)
    assert window.complaints == []
    shown = sorted(source(window.page, "rows", "x"))
    assert min(np.abs(np.array(shown) - np.sort(X[:, d])).max() for d in (0, 1)) < 1e-5


def test_transformed_features_are_shown_in_the_units_of_the_data(open_window, tmp_path):
    X = np.exp(np.random.default_rng(0).normal([[2.0, 5.0]], [[0.5, 1.0]], (80, 2)))
    X[:40] *= 9.0
    model = GaussianMixture(2, transforms=["log", "sqrt"], random_state=0).fit(X)
    write_report(model, X, tmp_path / "report.html")
    window = open_window((tmp_path / "report.html").as_uri())
    ready(window)
    shown = [np.sort(source(window.page, "rows", column)) for column in "xy"]
    expected = [np.sort(X[:, d]) for d in range(2)]
    if shown[0][-1] > shown[1][-1]:
        expected.reverse()
    for mine, other in zip(shown, expected, strict=True):
        assert mine == pytest.approx(other, rel=1e-4)
