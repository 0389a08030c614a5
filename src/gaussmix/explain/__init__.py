"""What was found, in words and as data.

`summarize` reads a fitted mixture and a table and returns a `MixtureSummary`; `explain_mixture` goes on from
there, group by group, to a `MixtureExplanation`; `explain_row` says why one row belongs where it does.
`render_text` prints a summary in a terminal, `render_explanation` an explanation, `render_row` that of a row.
Pictures (`gaussmix.plot`) and the page (`gaussmix.report`) read the same objects.
"""

from gaussmix.explain.explanation import (
    Cloud,
    Condition,
    DescribingTree,
    GroupExplanation,
    MixtureExplanation,
    Rule,
    Separation,
    TreeNode,
)
from gaussmix.explain.explanation_text import render_explanation, render_row
from gaussmix.explain.mixture import explain_mixture
from gaussmix.explain.mixture_summary import (
    ComponentSummary,
    FeatureSummary,
    MixtureSummary,
    UnusualRow,
)
from gaussmix.explain.row import explain_row
from gaussmix.explain.row_explanation import ConditionalDeviation, NotableRow, RowExplanation
from gaussmix.explain.summary import summarize
from gaussmix.explain.text import render_text

__all__ = [
    "Cloud",
    "ComponentSummary",
    "Condition",
    "ConditionalDeviation",
    "DescribingTree",
    "FeatureSummary",
    "GroupExplanation",
    "MixtureExplanation",
    "MixtureSummary",
    "NotableRow",
    "RowExplanation",
    "Rule",
    "Separation",
    "TreeNode",
    "UnusualRow",
    "explain_mixture",
    "explain_row",
    "render_explanation",
    "render_row",
    "render_text",
    "summarize",
]
