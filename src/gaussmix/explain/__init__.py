"""What was found, in words and as data.

`summarize` reads a fitted mixture and a table and returns a `MixtureSummary`; `render_text` prints one
in a terminal. Pictures (`gaussmix.plot`) and the page (`gaussmix.report`) read the same object.
"""

from gaussmix.explain.mixture_summary import (
    ComponentSummary,
    FeatureSummary,
    MixtureSummary,
    UnusualRow,
)
from gaussmix.explain.summary import summarize
from gaussmix.explain.text import render_text

__all__ = [
    "ComponentSummary",
    "FeatureSummary",
    "MixtureSummary",
    "UnusualRow",
    "render_text",
    "summarize",
]
