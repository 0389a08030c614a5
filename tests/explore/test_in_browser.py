"""The page with its controls, in a real browser."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def server(serve, tmp_path_factory):
    with serve("iris", "-k", 3, "--covariance", "full", folder=tmp_path_factory.mktemp("explore")) as client:
        client.wait()
        yield client


@pytest.fixture
def window(server, open_window, request):
    """The page of three components, fitted anew."""
    width = getattr(request, "param", 1280)
    server.post("fit", {"components": 3, "family": "full"})
    version = server.wait()["version"]
    window = open_window(server.address, width=width, touch=width < 500, offline=False)
    window.client = server
    window.version = version
    settled(window, 0)
    return window


def settled(window, further):
    """Wait for the page of so many results after the first."""
    window.page.wait_for_selector(f"body[data-version='{window.version + further}']", timeout=60_000)
    window.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)


def cards(window):
    return window.page.locator(".card").count()


@pytest.mark.parametrize("window", [375, 1440], indirect=True)
def test_the_controls_fit_the_window_and_refit(window):
    page = window.page
    page.get_by_text("Fit anew").click()
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    page.locator("#components-number").fill("2")
    page.get_by_role("checkbox", name="petal width (cm)").uncheck()
    page.get_by_role("button", name="Fit", exact=True).click()
    settled(window, 1)
    assert cards(window) == 2
    assert not page.get_by_role("checkbox", name="petal width (cm)").is_checked()
    assert page.locator("#axis-x option", has_text="petal width (cm)").count() == 0
    assert window.complaints == []


def test_components_are_changed_by_hand(window):
    page = window.page
    page.get_by_text("Change components by hand").click()
    page.locator("#name-text").fill("<i>first</i>")
    page.get_by_role("button", name="Name").click()
    settled(window, 1)
    assert page.locator(".card h3 .name").first.inner_text() == "<i>first</i>"
    page.locator("#merge-first").select_option("1")
    page.locator("#merge-second").select_option("2")
    page.get_by_role("button", name="Merge").click()
    settled(window, 2)
    assert cards(window) == 2
    page.get_by_role("button", name="Undo").click()
    settled(window, 3)
    assert cards(window) == 3
    page.locator("#split-component").select_option("0")
    page.get_by_role("button", name="Split in two").click()
    settled(window, 4)
    assert cards(window) == 4
    assert window.complaints == []


def test_an_unusual_row_can_be_left_out(window):
    page = window.page
    button = page.locator(".leave-out").first
    row = button.get_attribute("data-row")
    button.click()
    assert page.locator("#left-out").input_value() == row
    page.get_by_role("button", name="Fit", exact=True).click()
    settled(window, 1)
    assert row not in [one[0] for one in window.client.labels()]
    assert f"Rows left out by hand: {row}." in page.locator("#main").inner_text()


def test_nonsense_is_answered_in_words(window):
    page = window.page
    page.get_by_text("Fit anew").click()
    page.locator("#left-out").fill("three")
    page.get_by_role("button", name="Fit", exact=True).click()
    assert "numbers and ranges" in page.locator("#explore-error").inner_text()
    page.locator("#left-out").fill("1000")
    page.get_by_role("button", name="Fit", exact=True).click()
    page.locator("#explore-error", has_text="from 0 to 149").wait_for()
    with page.expect_response("**/status"):  # by which the page asks what is going on, every few seconds
        pass
    page.wait_for_timeout(100)
    assert "from 0 to 149" in page.locator("#explore-error").inner_text()


def test_the_complaint_of_a_task_is_shown_and_leaves_with_the_next(window):
    page = window.page
    page.get_by_text("Fit anew").click()
    page.locator("#left-out").fill("0-149")
    page.get_by_role("button", name="Fit", exact=True).click()
    page.locator("#explore-error", has_text="too few").wait_for()
    page.locator("#left-out").fill("0")
    page.get_by_role("button", name="Fit", exact=True).click()
    settled(window, 1)
    assert page.locator("#explore-error").is_hidden()


def test_a_server_that_has_ended_is_told(serve, open_window, tmp_path):
    with serve("iris", "-k", 2, "--covariance", "EII", folder=tmp_path) as client:
        client.wait()
        window = open_window(client.address, offline=False)
        window.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
    faults = []
    window.page.on("pageerror", lambda fault: faults.append(str(fault)))
    window.page.get_by_text("Fit anew").click()
    button = window.page.get_by_role("button", name="Fit", exact=True)
    if button.is_enabled():
        button.click()
    window.page.locator("#explore-status", has_text="gaussmix explore has ended").wait_for()
    assert faults == []


def test_labels_model_and_report_can_be_taken_away(window, tmp_path):
    for name in ("labels.csv", "model.json", "report.html"):
        with window.page.expect_download() as download:
            window.page.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
