"""The real command in its own process: speed of help, pipes, signals."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.cli.main import main

COMMAND = [sys.executable, "-m", "gaussmix"]
HEAVY = {
    "numpy",
    "scipy",
    "sklearn",
    "matplotlib",
    "pyarrow",
    "rich",
    "pandas",
    "polars",
    "jinja2",
    "narwhals",
}


def run(*arguments, cwd, **options):
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, **options
    )


def test_the_installed_script_is_this_command():
    (script,) = entry_points(group="console_scripts", name="gaussmix")
    assert script.load() is main


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["fit", "--help"], ["show", "-h"], ["fit"], ["--version"]]
)
def test_help_and_usage_errors_import_nothing_heavy(arguments, tmp_path):
    code = (
        "import sys; from gaussmix.cli.main import main; code = main(sys.argv[1:]);"
        f"print(sorted({{name.split('.')[0] for name in sys.modules}} & {HEAVY!r}), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert result.stderr.splitlines()[-1] == "[]"


def test_the_whole_way_from_a_table_to_labels(tmp_path):
    fitted = run("fit", "faithful", cwd=tmp_path)
    assert (fitted.returncode, fitted.stderr) == (0, "")
    assert "3 components of type EEE chosen by BICc" in fitted.stdout  # as mclust chooses by BIC
    predicted = run("predict", "gaussmix-faithful", "faithful", cwd=tmp_path)
    assert predicted.stdout == (tmp_path / "gaussmix-faithful/labels.csv").read_text()


def test_a_table_comes_through_a_pipe(tmp_path):
    table = "a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(30))
    result = run("fit", "-", "-k", "2", "--no-report", cwd=tmp_path, input=table)
    assert result.returncode == 0
    assert sorted(os.listdir(tmp_path / "gaussmix-stdin")) == ["labels.csv", "model.json"]
    result = run("predict", "gaussmix-stdin", "-", cwd=tmp_path, input=table.replace("1,1", "1,x"))
    assert result.returncode == 2
    assert result.stderr == (
        "gaussmix: standard input, line 3, column 'b': 'x' is not a number (1 of 30 entries: text among "
        "numbers); correct it\n"
    )


def test_a_bad_file_gives_exit_code_2_and_one_line(tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    result = run("fit", "bad.csv", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("gaussmix: bad.csv, line 3: 1 value, but 2 column names")
    assert os.listdir(tmp_path) == ["bad.csv"]


def test_a_reader_that_has_enough_ends_the_command_quietly(tmp_path):
    run("fit", "iris", "-k", "2", "--no-report", cwd=tmp_path)
    command = " ".join([*COMMAND, "sample", "gaussmix-iris", "-n", "500000"])
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -n 2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 2


@pytest.mark.parametrize(
    "arguments",
    ["show gaussmix-iris", "show gaussmix-iris --json", "fit iris -k 2 --no-report -o new", "--help"],
)
def test_text_that_nobody_reads_is_no_error(tmp_path, arguments):
    run("fit", "iris", "-k", "2", "--no-report", cwd=tmp_path)
    # Reading nothing at all makes sure that the pipe is broken before the first line.
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [*COMMAND, *arguments.split()], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


def test_closed_standard_streams_are_one_line(tmp_path):
    command = " ".join(COMMAND)
    result = subprocess.run(
        ["bash", "-c", f"{command} fit iris -k 2 >&-"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "standard output is closed" in result.stderr
    result = subprocess.run(
        ["bash", "-c", f"{command} fit - -k 2 <&-"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "standard input is closed" in result.stderr
    assert os.listdir(tmp_path) == []
    result = subprocess.run(
        ["bash", "-c", f"{command} fit iris -k 2 --no-report 2>&-"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0


def test_standard_output_can_be_named_as_a_file(tmp_path):
    run("fit", "iris", "-k", "2", "--no-report", cwd=tmp_path)
    result = run("predict", "gaussmix-iris", "iris", "-o", "/dev/stdout", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (tmp_path / "gaussmix-iris/labels.csv").read_text()


def test_a_full_disk_is_one_line(tmp_path):
    run("fit", "iris", "-k", "2", "--no-report", cwd=tmp_path)
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*COMMAND, "sample", "gaussmix-iris", "-n", "50000"],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.strip() == "gaussmix: No space left on device"


@pytest.mark.parametrize(
    ("signal_number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_fit_leaves_nothing(tmp_path, signal_number, code):
    values = np.random.default_rng(0).normal(size=(20_000, 8))
    np.savetxt(tmp_path / "noise.csv", values, delimiter=",", fmt="%.4f")
    process = subprocess.Popen(
        [*COMMAND, "fit", "noise.csv", "-k", "60", "--tol", "0", "--max-iter", "1000000", "--starts", "1000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(os.listdir(tmp_path)) < 2:  # the folder in which the results are prepared
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal_number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    assert err.splitlines() in ([], ["gaussmix: interrupted"])
    assert os.listdir(tmp_path) == ["noise.csv"]


def test_a_terminal_without_unicode_gets_its_text(tmp_path):
    rows = (f"{i % 7 + i * 13 % 17 / 10},{i * 37 % 101 / 10}\n" for i in range(60))
    (tmp_path / "data.csv").write_text("größe,b\n" + "".join(rows))
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    result = run("fit", "data.csv", "-k", "2", "--no-report", cwd=tmp_path, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "gr??e" in result.stdout
    result = run("show", "gaussmix-data", "--json", cwd=tmp_path, env=environment)
    assert json.loads(result.stdout)["columns"] == ["größe", "b"]


@pytest.mark.parametrize("command", ["show model.json", "sample model.json -n 5"])
def test_warnings_about_a_model_are_lines_without_places_in_the_source(tmp_path, command):
    mixture = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [np.diag([1e308, 1e308])])
    mixture.save(tmp_path / "model.json")
    result = run(*command.split(), cwd=tmp_path)
    assert result.returncode == 2
    assert "covariances leave the range of double precision" in result.stderr
    assert all(line.startswith("gaussmix: ") for line in result.stderr.splitlines())


def test_progress_is_shown_on_a_terminal_only(tmp_path):
    code, text = run_on_terminal("fit", "iris", "--no-report", "--quiet", "--output", "quiet", cwd=tmp_path)
    assert (code, text) == (0, "")
    code, text = run_on_terminal("fit", "iris", "--no-report", cwd=tmp_path)
    assert code == 0
    # One line of progress at least, whichever is current when the terminal is refreshed.
    assert re.search(r"Reading|Fitting \d|Writing the results", text)
    assert "Reading the table" not in run("fit", "iris", "--no-report", "-o", "x", cwd=tmp_path).stderr


def run_on_terminal(*arguments, cwd):
    """Give the exit code of the command and all that it showed on its terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, *arguments], cwd=cwd, stdout=theirs, stderr=theirs)
    os.close(theirs)
    blocks = []
    while True:
        try:
            block = os.read(ours, 1 << 16)
        except OSError:  # how Linux says that the other end is closed
            break
        if not block:
            break
        blocks.append(block)
    os.close(ours)
    return process.wait(timeout=60), b"".join(blocks).decode()
