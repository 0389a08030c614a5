"""Tasks in a thread beside the server: their defects can be found, and filters of warnings are left alone."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings

import pytest

from gaussmix.data import read_table, select_features
from gaussmix.exceptions import DataError
from gaussmix.explore.components import split_by_hand
from gaussmix.explore.fits import fit_table
from gaussmix.explore.job import Worker
from gaussmix.explore.settings import FitSettings


def test_an_unforeseen_error_is_told_and_its_traceback_logged(caplog):
    def defective(say):
        return {}["no such key"]

    worker = Worker()
    worker.start("splitting component 3", defective)
    worker.wait(30)
    assert worker.error == "splitting component 3 failed: KeyError: 'no such key'"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "splitting component 3" in record.getMessage()
    assert record.exc_info[2].tb_next.tb_frame.f_code is defective.__code__


def test_the_traceback_reaches_standard_error_without_any_set_up():
    program = (
        "from gaussmix.explore.job import Worker\n"
        "worker = Worker(); worker.start('fitting', lambda say: 1 / 0); worker.wait(30)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_an_error_of_the_data_or_a_cancelled_task_is_no_defect(caplog):
    def refused(say):
        raise DataError("pick another column")

    started = threading.Event()

    def endless(say):
        started.set()
        while True:
            try:
                threading.Event().wait(0.01)
            except BaseException as error:  # a library that makes its own of what stops it
                raise RuntimeError("lost") from error

    worker = Worker()
    worker.start("fitting", refused)
    worker.wait(30)
    assert worker.error == "pick another column"
    worker.start("fitting", endless)
    assert started.wait(30)
    assert worker.cancel()
    assert worker.error == "cancelled; the result is the one before"
    assert caplog.records == []


@pytest.mark.filterwarnings("ignore::gaussmix.DegenerateComponentWarning")  # of the halves of a group
def test_fits_in_a_thread_leave_the_filters_of_warnings_alone():
    features = select_features(read_table("iris"))

    def work():
        for seed in range(3):
            result = fit_table(features, FitSettings(components=2, family="full", seed=seed))
            split_by_hand(result.model, features.values, 0, seed)

    filters = warnings.filters
    thread = threading.Thread(target=work)
    thread.start()
    seen = set()
    while thread.is_alive():
        seen.add(id(warnings.filters))
    assert seen == {id(filters)}
