"""Why a row belongs where it does, in plain sentences."""

from __future__ import annotations

import math

from gaussmix.explain.row_explanation import ConditionalDeviation, RowExplanation
from gaussmix.explain.wording import (
    clean_text,
    display_names,
    format_number,
    format_probability,
    join_words,
)

NAMED = 3
"""Up to so many features are named that speak for a group, and so many that speak against it."""
BEYOND_MEASURE = 27.6
"""Log-odds of a million million to one."""
FAR = 3.0
"""A value this many standard deviations from what the others lead one to expect is unusual."""


def row_sentences(row: RowExplanation) -> tuple[str, ...]:
    """Say where the row belongs, what speaks for that and what against, and what is unusual about it.

    Parameters
    ----------
    row : RowExplanation
    """
    names = [clean_text(name, 40) for name in row.names]
    features = display_names(row.feature_names)
    mine = names[row.group]
    all_others = "all others together"
    if row.noise_probability > 0:
        all_others += " (noise left out)"
    other = all_others if row.against is None else names[row.against]
    best = max(range(len(names)), key=lambda one: row.probabilities[one])
    belongs = f"The row belongs to {names[best]} with probability "
    belongs += format_probability(row.probabilities[best])
    if best != row.group:
        belongs += f", to {mine} with {format_probability(row.probabilities[row.group])}"
    sentences = [f"{belongs}."]
    noise = format_probability(row.noise_probability)
    if row.is_noise:
        sentences = [
            f"The row is assigned to noise, with probability {noise}, and to no group. If it were not noise:",
            *sentences,
        ]
    elif row.noise_probability >= 0.0005:
        sentences = [
            f"With probability {noise} the row is noise and belongs to none; if it is not:",
            *sentences,
        ]
    sentences.append(f"{_odds(row.log_odds)} for {mine} against {other}: log-odds {_signed(row.log_odds)}.")
    for sign, opening in ((1, "For it"), (-1, "Against it")):
        speaking = [d for d in row.order if sign * row.contributions[d] >= 0.05]
        named = [
            f"{features[d]} = {format_number(row.values[d], 6)} ({_signed(row.contributions[d])})"
            for d in speaking[:NAMED]
        ]
        if len(speaking) > NAMED:
            rest = sum(row.contributions[d] for d in speaking[NAMED:])
            count = len(speaking) - NAMED
            named.append(f"{count} other feature{'s' if count > 1 else ''} ({_signed(rest)})")
        if sign * row.from_size >= 0.05:
            named.append(f"the sizes of the groups ({_signed(row.from_size)})")
        if named:
            sentences.append(f"{opening}: {join_words(named)}.")
    far = sorted((one for one in row.deviations if abs(one.z) >= FAR), key=lambda one: -abs(one.z))
    if far:
        reasons = [deviation_phrase(one, features[one.feature]) for one in far[:NAMED]]
        sentences.append(f"Unusual for {mine}, given its other values: {join_words(reasons)}.")
    return tuple(sentences)


def deviation_phrase(one: ConditionalDeviation, name: str) -> str:
    """Return in what a value differs from what the others of its row lead one to expect.

    Parameters
    ----------
    one : ConditionalDeviation
    name : str
        Of the feature, as text may show it.

    Examples
    --------
    >>> deviation_phrase(ConditionalDeviation(0, 9.0, 5.0, 1.0, 4.0), "length")
    'length = 9 where 5 is expected (+4.0 sd)'
    """
    z = f"{one.z:+.1f}" if abs(one.z) < 100 else f"{'+' if one.z > 0 else '-'}over 100"
    return f"{name} = {format_number(one.value, 6)} where {format_number(one.expected)} is expected ({z} sd)"


def _odds(log_odds: float) -> str:
    size = abs(log_odds)
    ratio = "beyond all measure"
    if size <= BEYOND_MEASURE:
        odds = float(f"{math.exp(size):.2g}")
        ratio = f"{format_number(odds, 2)} to 1"
    if size < 0.05:
        return "The odds are even"
    return f"The odds are {ratio}" if log_odds > 0 else f"The odds are 1 to {ratio.removesuffix(' to 1')}"


def _signed(value: float) -> str:
    if math.isinf(value):
        return "+∞" if value > 0 else "-∞"
    return f"{value:+,.1f}"
