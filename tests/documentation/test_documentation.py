"""Every command and every example in the documentation runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]
GAUSSMIX = str(Path(sys.executable).parent / "gaussmix")


def commands(page):
    """Return the gaussmix commands of a page: indented lines, and those after a prompt."""
    lines = re.findall(r"^(?:\$ |    )((?:\.venv/bin/)?gaussmix .*)$", page.read_text(), re.MULTILINE)
    return [shlex.split(line.removeprefix(".venv/bin/")) for line in lines]


def python_blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the documentation speaks of."""
    generator = np.random.RandomState(0)
    rows = np.vstack([generator.normal([170, 60], 5, (60, 2)), generator.normal([185, 90], 6, (60, 2))])
    for name in ("data.csv", "new.csv"):
        np.savetxt(tmp_path / name, rows, delimiter=",", header="height,weight", comments="", fmt="%.3f")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=lambda p: p.name)
def test_every_command_on_a_page_succeeds_in_turn(page, folder):
    for command in commands(page):
        done = subprocess.run([GAUSSMIX, *command[1:]], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


@pytest.mark.parametrize("page", [p for p in PAGES if python_blocks(p)], ids=lambda p: p.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, folder):
    exec(compile("\n".join(python_blocks(page)), str(page), "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_make_target_that_the_documentation_names_exists():
    makefile = (ROOT / "Makefile").read_text()
    named = {t for page in PAGES for t in re.findall(r"(?:`|    )make ([a-z-]+)", page.read_text())}
    assert named >= {"demo", "test"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)
