"""The command line, run inside the test process, in an empty folder."""

import json
from dataclasses import dataclass

import pytest

from gaussmix.cli.main import main


@dataclass
class Result:
    """What one run of the command did."""

    code: int
    out: str
    err: str

    @property
    def text(self):
        """Standard output without its line breaks, which depend on the width of the terminal."""
        return " ".join(self.out.split())

    @property
    def json(self):
        """The one JSON document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run the command with arguments in `tmp_path` and give its exit code and output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture
def complaint(run, tmp_path):
    """Run a command that must fail on bad input and give its one line; nothing may be written."""

    def complaint(*arguments):
        before = sorted(str(path) for path in tmp_path.rglob("*"))
        result = run(*arguments)
        assert result.code == 2, result.err
        assert result.out == ""
        assert result.err.count("\n") == 1
        assert result.err.startswith("gaussmix: ")
        assert result.err.rstrip("\n").isprintable()
        assert sorted(str(path) for path in tmp_path.rglob("*")) == before
        return result.err

    return complaint
