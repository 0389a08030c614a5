"""What the page says of how to repeat a fit is what was fitted."""

from __future__ import annotations

import threading

import pytest

from gaussmix.data import read_table
from gaussmix.exceptions import DataError
from gaussmix.explore.session import Session
from gaussmix.explore.settings import FitSettings


def report_of(settings, **options):
    session = Session(read_table("iris"), settings, source="iris", **options)
    session.fit(settings)
    session.worker.wait(60)
    assert session.worker.error is None
    return session.report()


def test_command_and_code_read_the_file_as_it_was_read():
    report = report_of(FitSettings(components=2, family="EII"), drop_missing=True, header=False)
    assert "gaussmix fit iris --components 2 --covariance EII --drop-missing --no-header" in report
    assert "read_table(&#39;iris&#39;, header=False)" in report
    assert "drop_missing=True)" in report


def test_rows_left_out_by_hand_are_not_forgotten_in_the_code():
    report = report_of(FitSettings(components=2, family="EII", left_out=(3,)))
    assert "load_model" in report
    assert "gaussmix fit iris" not in report


def test_a_fit_that_is_refused_leaves_the_settings_alone():
    first, later = FitSettings(components=2, family="EII"), threading.Event()
    session = Session(read_table("iris"), first, source="iris")
    session.worker.start("waiting", lambda say: later.wait(60))
    with pytest.raises(DataError, match="another fit is running"):
        session.fit(FitSettings(components=5))
    later.set()
    assert session.settings == first
