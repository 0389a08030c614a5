"""From content to one HTML file: templates, scripts, and the policy that lets no other script run."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from gaussmix.report.drawings import library

MOST_BYTES = 3_000_000
"""A page that would be larger is written without its still pictures."""

# Not after a point or a sign inside a number.
_JOINTS = re.compile(r"(?<=[_/])|(?<=[^\W\d_][.:;,-])")
_ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&'\u2028\u2029"}


def render_template(
    name: str,
    content: dict[str, Any],
    *,
    folder: Path | None = None,
    scripts: tuple[str, ...] = (),
    connects: bool = False,
) -> str:
    """Return a page.

    Parameters
    ----------
    name : str
        The template's file.
    content : dict
        What the template shows.
    folder : Path, optional
        Where to look for the template before the report's own.
    scripts : tuple of str
        Scripts that the template has beside the report's own: no others run.
    connects : bool, default=False
        Whether scripts may speak to the server that the page came from.
    """
    own = script("report.js")
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in (library(), own, *scripts))
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    if connects:
        policy += "; connect-src 'self'"
    return (
        _environment(folder)
        .get_template(name)
        .render(
            {**content, "policy": policy, "library": Markup(library()), "script": Markup(own)}  # noqa: S704 - ours
        )
    )


@functools.cache
def script(name: str) -> str:
    """Return a script of the report's own."""
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


@functools.cache
def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@functools.cache
def _environment(folder: Path | None) -> jinja2.Environment:
    own = jinja2.PackageLoader("gaussmix.report", "templates")
    loader = own if folder is None else jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder), own])
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["breakable"] = breakable
    environment.filters["json"] = as_json
    return environment


def breakable(name: str) -> Markup:
    """Return a name, escaped, that may go on in a new line where its words join rather than inside one."""
    return Markup("<wbr>").join(part for part in _JOINTS.split(name) if part)


def as_json(value: Any) -> Markup:
    r"""Return a value as JSON that may stand in a script element: nothing in it can end the element.

    Examples
    --------
    >>> print(as_json({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - what could end the element is escaped
