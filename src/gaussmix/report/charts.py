"""The histogram of the page, as positions and texts for its template."""

from __future__ import annotations

from typing import Any

from gaussmix.explain import MixtureSummary
from gaussmix.explain.wording import format_count, format_share

_LEFT, _RIGHT, _BASE, _TOP = 12.0, 468.0, 150.0, 18.0


def certainty_histogram(summary: MixtureSummary) -> dict[str, Any] | None:
    """Return the histogram of the rows' largest probabilities; None where one component takes all."""
    if summary.n_components == 1:
        return None
    counts = summary.certainty_histogram
    step = (_RIGHT - _LEFT) / len(counts)
    highest = max(counts)
    bars, labels = [], []
    for position, count in enumerate(counts):
        if not count:
            continue
        height = max(1.0, count / highest * (_BASE - _TOP))
        low, high = position / len(counts), (position + 1) / len(counts)
        x = _LEFT + position * step
        bars.append(
            {
                "x": f"{x + 1:.1f}",
                "y": f"{_BASE - height:.1f}",
                "width": f"{step - 2:.1f}",
                "height": f"{height:.1f}",
                "title": f"{low:.2f} to {high:.2f}: {format_count(count, 'row')}",
            }
        )
        if count >= 0.01 * summary.n_rows:  # what is less has its text in the way of its neighbours'
            labels.append(
                {
                    "x": f"{x + step / 2:.1f}",
                    "y": f"{_BASE - height - 4:.1f}",
                    "text": _percent(count, summary.n_rows),
                }
            )
    ticks = [{"x": f"{_LEFT + (_RIGHT - _LEFT) * t / 10:.1f}", "text": f"{t / 10:.1f}"} for t in range(11)]
    spans = [
        f"{position / len(counts):.2f} to {(position + 1) / len(counts):.2f}: {format_count(count, 'row')}"
        for position, count in enumerate(counts)
        if count
    ]
    return {
        "bars": bars,
        "labels": labels,
        "ticks": ticks,
        "description": "Histogram of the rows by the probability of their component. "
        + "; ".join(spans)
        + ".",
    }


def _percent(count: int, total: int) -> str:
    """Return a whole percentage, but never 100% for less than all."""
    return format_share(count / total) if count > 0.99 * total else f"{100 * count / total:.0f}%"
