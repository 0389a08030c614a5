"""A signal that asks to stop is obeyed even where the exception that it raises gets lost."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

LOST = """
import os, signal, sys
import gaussmix.data
from gaussmix.cli.main import main

read_table, name = gaussmix.data.read_table, sys.argv.pop()

def read_and_lose_the_interruption(*arguments, **options):
    try:
        os.kill(os.getpid(), getattr(signal, name))
    except BaseException:
        pass
    {what_then}

gaussmix.data.read_table = read_and_lose_the_interruption
sys.exit(main())
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize(
    "what_then", ["return read_table(*arguments, **options)", "raise AttributeError('half imported')"]
)
def test_a_lost_interruption_still_stops_the_command(tmp_path, name, code, what_then):
    script = LOST.format(what_then=what_then)
    result = subprocess.run(
        [sys.executable, "-c", script, "fit", "faithful", "-k", "2", "--no-report", name],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr in ("", "gaussmix: interrupted\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interruption_that_is_lost_in_a_destructor_is_told_once(tmp_path, name, code):
    script = LOST.replace(
        "os.kill(os.getpid(), getattr(signal, name))",
        "type('Dying', (), {{'__del__': lambda self: os.kill(os.getpid(), getattr(signal, name))}})()",
    ).format(what_then="return read_table(*arguments, **options)")
    result = subprocess.run(
        [sys.executable, "-c", script, "fit", "faithful", "-k", "2", "--no-report", name],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr in ("", "gaussmix: interrupted\n")
    assert os.listdir(tmp_path) == []


def test_what_the_caller_ignores_stays_ignored(tmp_path):
    script = LOST.format(what_then="return read_table(*arguments, **options)")
    result = subprocess.run(
        [sys.executable, "-c", script, "fit", "faithful", "-k", "2", "--no-report", "SIGHUP"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("delay", [0.05, 0.1, 0.2, 0.3, 0.4, 0.6])
def test_ctrl_c_while_everything_is_imported_stops_and_leaves_nothing(tmp_path, delay):
    np.savetxt(tmp_path / "data.csv", np.random.default_rng(0).normal(size=(100_000, 5)), delimiter=",")
    process = subprocess.Popen(
        [sys.executable, "-c", "from gaussmix.cli.main import main; import sys; "
         "print('ready', file=sys.stderr, flush=True); sys.exit(main())",
         "fit", "data.csv", "-k", "20", "--tol", "0", "--max-iter", "100000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr.readline() == "ready\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "gaussmix: interrupted\n")
    assert os.listdir(tmp_path) == ["data.csv"]
