"""Sphinx: the guide in Markdown, the reference from docstrings."""

from importlib.metadata import version as _version

project = "gaussmix"
author = "The gaussmix developers"
version = release = _version("gaussmix")
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
autosummary_generate = False  # numpydoc brings autosummary along
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"gaussmix {version}"
numpydoc_show_class_members = False
myst_heading_anchors = 3
