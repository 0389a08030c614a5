"""A real browser, for the tests of pages, and a table with a skewed column."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Window:
    """A page in a browser, and what it complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, the system's own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_window(browser):
    """Open an address in a window of its own; what goes wrong there, and what it asks for, is noted."""
    contexts = []

    def open_window(address, *, width=1280, scheme="light", touch=False, offline=True, script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            offline=offline,
            has_touch=touch,
            is_mobile=touch,
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        window = Window(page)
        page.on(
            "console",
            lambda message: (
                window.complaints.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: window.complaints.append(str(error)))
        page.on("request", lambda request: window.requests.append(request.url))
        page.goto(address)
        return window

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def customers():
    """Income, which is skewed, age and number of visits of two groups of customers, shape (400, 3)."""
    generator = np.random.default_rng(0)
    group = np.repeat([0, 1], [250, 150])
    income = np.exp(generator.normal(np.where(group, 11.0, 9.5), 0.4))
    return np.column_stack(
        [income, generator.normal(np.where(group, 50.0, 30.0), 6.0), generator.gamma(4.0, 2.0, 400)]
    )
