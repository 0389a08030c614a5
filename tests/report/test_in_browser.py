"""The page in a real browser: nothing is wider than the window, all pictures show, nothing runs."""

from __future__ import annotations

import html
import re
import shutil
import subprocess

import pytest

from gaussmix.report import render_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# A frame may be narrower than the least window that Chromium opens. The page's own policy is taken out: with
# it no script runs whatever the page holds, and the test would not see one that slipped in.
FRAME = """<!DOCTYPE html><iframe width="{width}" height="900" srcdoc="{page}"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const images = [...page.images];
  document.documentElement.dataset.measured = [root.clientWidth, root.scrollWidth, images.length,
    images.filter(image => image.naturalWidth > 0).length, page.defaultView.attacked ? 1 : 0,
    Math.floor(Math.min(...images.map(image => image.getBoundingClientRect().width)))].join(" ");
}};
</script>"""


@pytest.mark.parametrize("width", [380, 768, 1280])
def test_it_fits_the_window_and_all_pictures_show(tmp_path, iris_model, iris, width):
    names = [
        "<script>window.attacked = 1</script>",
        "x" * 500,
        "sepal_width_of_the_flower_in_centimetres",
        "d",
    ]
    page = re.sub(r"<meta http-equiv[^>]*>", "", render_report(iris_model, iris, feature_names=names))
    file = tmp_path / "frame.html"
    file.write_text(FRAME.format(width=width, page=html.escape(page)), encoding="utf-8")
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/profile",
        "--virtual-time-budget=5000",
        "--dump-dom",
    ]
    done = subprocess.run(
        [CHROMIUM, *options, file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    measured = re.search(r'data-measured="([^"]*)"', done.stdout)[1]
    inner, scroll, images, shown, attacked, narrowest = map(int, measured.split())
    assert width - 20 <= inner <= width
    assert scroll <= inner
    assert images == shown == 2
    assert not attacked
    assert narrowest >= 640  # what is written in a picture stays readable: it scrolls in narrow windows
