"""How much a result depends on the start, in plain sentences."""

from __future__ import annotations

import math

from gaussmix.explain.wording import format_count, format_number
from gaussmix.initialization import Stability

FEW_AGREE = 0.25
"""Share of the starts below which it is said what their disagreement means."""
FEWEST_STARTS = 4
"""Of fewer starts nothing can be said from a share."""
NEARLY_AS_GOOD = 0.01
"""Optima that are no further apart, in nats a row, describe the rows nearly equally well."""


def stability_sentences(stability: Stability | None) -> tuple[str, ...]:
    """Say how many starts agree, how far the next best optimum is, and what it means if few agree.

    Parameters
    ----------
    stability : Stability or None
        None, where there was no search, gives no sentence.

    Examples
    --------
    >>> stability_sentences(Stability(n_starts=24, n_agreeing=12, gap=0.035, n_moves=0, n_spikes=0))
    ('12 of 24 starts agree; the next best optimum is 0.035 nats a row lower.',)
    """
    if stability is None:
        return ()
    parts = [_agreement(stability)]
    if math.isfinite(stability.gap):
        parts.append(f"the next best optimum is {format_number(stability.gap, 2)} nats a row lower")
    elif stability.n_agreeing == stability.n_starts > 1:
        parts.append("no other optimum was met")
    if stability.n_agreeing and stability.n_moves and stability.n_starts > 1:
        lesser = "a lesser one" if stability.n_moves == 1 else "lesser ones"
        parts.append(f"{format_count(stability.n_moves, 'move')} led out of {lesser}")
    text = "; ".join(parts)
    sentences = [f"{text[0].upper()}{text[1:]}."]
    if stability.n_spikes:
        was = "was" if stability.n_spikes == 1 else "were"
        solutions = format_count(stability.n_spikes, "solution")
        sentences.append(f"{solutions} that collapsed on a few rows {was} passed over.")
    few = stability.n_agreeing < FEW_AGREE * stability.n_starts
    if few and stability.n_starts >= FEWEST_STARTS:
        sentences.append(_meaning_of_few(stability))
    return tuple(sentences)


def _agreement(stability: Stability) -> str:
    """Return how many starts came to the chosen optimum, or what else led there."""
    n_starts, n_agreeing = stability.n_starts, stability.n_agreeing
    found = f"found by {format_count(stability.n_moves, 'move')}" if stability.n_moves else ""
    if n_starts == 1:
        return f"{found} from the one start that was tried" if found else "one start was tried"
    if n_agreeing == n_starts:
        return f"all {n_starts:,} starts agree"
    if n_agreeing == 0:
        return f"none of {n_starts:,} starts came to this optimum by itself{found and ', '}{found}"
    return f"{n_agreeing:,} of {n_starts:,} starts agree"


def _meaning_of_few(stability: Stability) -> str:
    if stability.gap <= NEARLY_AS_GOOD:
        return (
            "Several different descriptions of these rows are nearly equally good: do not read much into "
            "single components."
        )
    return (
        "Optima like this are hard to find, and a better one may have been missed: more searches can tell "
        "(n_init; --starts on the command line)."
    )
