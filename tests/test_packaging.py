"""The package as a package: versions, types, lazy imports, and files that have to agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path

import pytest

import gaussmix

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_lowest_versions_declared_are_the_lowest_tested():
    declared = dict(
        re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
        for requirement in [
            *PROJECT["dependencies"],
            *PROJECT["optional-dependencies"]["pandas"],
            *PROJECT["optional-dependencies"]["polars"],
            *PROJECT["optional-dependencies"]["explore"],
        ]
    )
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints" / "lowest.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert set(pins) == set(declared)
    for name, version in declared.items():
        assert pins[name] == version or pins[name].removesuffix(".0") == version, name


def test_the_version_is_that_of_the_metadata():
    assert gaussmix.__version__ == PROJECT["version"] == metadata.version("gaussmix")


def test_types_are_published():
    assert (resources.files("gaussmix") / "py.typed").is_file()


@pytest.mark.parametrize("name", gaussmix.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name):
    assert getattr(gaussmix, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'GausianMixture'"):
        gaussmix.GausianMixture  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    """What `gaussmix --help` waits for; see also the command line's own tests."""
    program = "import gaussmix, sys; print([m for m in ('numpy', 'sklearn', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
