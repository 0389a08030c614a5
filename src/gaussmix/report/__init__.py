"""The page about a mixture: one HTML file that needs nothing else.

`write_report` writes it; it opens with the answer in three sentences.
"""

from gaussmix.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
