"""Opening the page in the user's browser without telling other users the address."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import webbrowser
from pathlib import Path

from markupsafe import escape


def open_browser(address: str) -> bool:
    """Open an address in a browser with windows, if there is one, and tell whether it was tried.

    The command line of a browser can be read by other users of the machine, the address holds a secret: the
    browser is sent to a file that only this user can read, and from there to the address.

    Parameters
    ----------
    address : str
    """
    has_windows = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not has_windows:
        return False
    descriptor, name = tempfile.mkstemp(prefix="gaussmix-explore-", suffix=".html")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={escape(address)}">')
    atexit.register(Path(name).unlink, missing_ok=True)
    return webbrowser.open(Path(name).as_uri())
