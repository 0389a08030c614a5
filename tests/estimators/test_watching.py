"""Watching a fit: verbose lines and the progress bar."""

from __future__ import annotations

import io
import sys
import time

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.estimators import monitors


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(300, 2)) + 2.0 * (np.arange(300) % 2)[:, None]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_fit_is_silent_by_default(X, capfd):
    GaussianMixture(2, random_state=0).fit(X)
    assert capfd.readouterr() == ("", "")


def test_verbose_one_prints_scikit_learns_lines_where_there_is_no_terminal(X, capsys):
    GaussianMixture(2, random_state=0, n_init=2, verbose=1, verbose_interval=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Initialization 0"
    assert lines[1] == "  Iteration 1"
    assert lines.count("Initialization converged.") == 2


def test_verbose_two_adds_times_and_gains(X, capsys):
    GaussianMixture(2, random_state=0, verbose=2, verbose_interval=1).fit(X)
    out = capsys.readouterr().out
    assert "time lapse" in out
    assert "ll change" in out


def test_a_long_fit_shows_a_progress_bar_on_a_terminal_and_removes_it(X, monkeypatch):
    """Long means longer than a second: the moment is shortened here so that the test need not last."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(monitors, "BAR_APPEARS_AFTER_SECONDS", 0.0)
    GaussianMixture(2, random_state=0, n_init=3, verbose=1).fit(X)
    assert "start 3 of 3" in terminal.getvalue()
    assert "log-likelihood a row" in terminal.getvalue()


def test_a_short_fit_shows_no_progress_bar(X, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    began = time.perf_counter()
    GaussianMixture(2, random_state=0, verbose=1).fit(X)
    assert time.perf_counter() - began < monitors.BAR_APPEARS_AFTER_SECONDS
    assert terminal.getvalue() == ""
