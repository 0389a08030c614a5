"""The gallery of the guide shows what its script draws."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide" / "gallery.md"
SCRIPT = ROOT / "examples" / "gallery.py"
PICTURES = sorted((ROOT / "docs" / "images" / "gallery").iterdir())


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_small_drawn_by_the_script_and_described_on_the_page(picture):
    assert picture.stat().st_size < 120_000
    assert f'"{picture.name}"' in SCRIPT.read_text()
    descriptions = re.findall(r"!\[([^\]]{20,})\]\(\.\./images/gallery/([^)]+)\)", PAGE.read_text())
    assert picture.name in [name for _, name in descriptions]


def test_the_script_draws_and_closes_its_figures(tmp_path):
    before = plt.get_fignums()
    runpy.run_path(str(SCRIPT))["eruptions"](tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contours.png", "density.png", "scatter.png"]
    for path in tmp_path.iterdir():
        assert plt.imread(path).std() > 0.05
    assert plt.get_fignums() == before
