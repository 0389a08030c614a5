"""The script of every introduction runs, and draws what scikit-learn's class draws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from sklearn.metrics import adjusted_rand_score

SCRIPT = Path(__file__).parents[2] / "examples" / "iris.py"


def test_the_script_runs():
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def _drawn(source):
    """Run the script; return its labels and the points that it drew."""
    variables = {}
    plt.close("all")  # the script draws on whatever figure is the current one
    exec(compile(source.replace("plt.show()", ""), "iris.py", "exec"), variables)
    points = plt.gca().collections[0].get_offsets()
    plt.close()
    return variables["labels"], points


def test_it_draws_the_picture_that_scikit_learn_draws(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    plt.switch_backend("Agg")
    source = SCRIPT.read_text(encoding="utf-8")
    changed = source.replace("from gaussmix import", "from sklearn.mixture import")
    assert changed != source
    ours, our_points = _drawn(source)
    theirs, their_points = _drawn(changed)
    assert adjusted_rand_score(ours, theirs) == pytest.approx(1.0)
    assert (our_points == their_points).all()
