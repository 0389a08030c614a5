"""Opening the page: the address does not show in the list of processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

PROGRAM = (
    "from gaussmix.explore.browser import open_browser; print(open_browser('http://127.0.0.1:1/secret/'))"
)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there the system opens its own browser")
@pytest.mark.parametrize("windows", [True, False])
def test_a_browser_is_sent_to_a_private_file_that_leads_to_the_address(tmp_path, windows):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\ncp -p "${{1#file://}}" {tmp_path}/page\n')
    browser.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    environment |= {"BROWSER": f"{browser} %s", "TMPDIR": str(tmp_path)} | (
        {"DISPLAY": ":0"} if windows else {}
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(windows)
    if not windows:
        assert not (tmp_path / "words").exists()
        return
    assert "secret" not in (tmp_path / "words").read_text()
    assert "http://127.0.0.1:1/secret/" in (tmp_path / "page").read_text()
    assert stat.S_IMODE((tmp_path / "page").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("gaussmix-explore-*"))
