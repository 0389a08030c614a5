"""What an explanation says of groups, in plain sentences."""

from __future__ import annotations

from gaussmix.explain.explanation import GroupExplanation, MixtureExplanation
from gaussmix.explain.mixture_summary import MixtureSummary
from gaussmix.explain.sentences import capitalised, feature_formats, noise_phrase
from gaussmix.explain.wording import (
    clean_text,
    display_names,
    format_count,
    format_share,
    join_words,
)

NAMED = 3
"""Features named as what sets a group apart."""
WORTH_NAMING = 0.1
"""... if they contribute this share."""
HARD, NOT_ALWAYS = 0.1, 0.02
"""Shares of their rows that two groups exchange if they are hard to tell apart, or not always told apart."""
MOST_PAIRS = 5


def group_sentences(explanation: MixtureExplanation, group: GroupExplanation) -> tuple[str, ...]:
    """Return size and rule, what sets a group apart, and from which it is hardest to tell.

    Parameters
    ----------
    explanation : MixtureExplanation
        Whose groups need not have sentences yet.
    group : GroupExplanation
        One of its groups.
    """
    sentences = [f"{format_count(group.n_rows, 'row')}, {format_share(group.share)} of all."]
    if group.rule is not None and group.rule.conditions:
        sentences.append(
            f"Roughly: {group.rule.text}. That holds for {format_share(group.rule.recall)} of its rows, and "
            f"{format_share(group.rule.precision)} of the rows for which it holds are its own."
        )
    elif group.rule is not None:
        sentences.append("No short rule describes it.")
    if group.separation is None or group.from_nearest is None or group.nearest is None:
        return tuple(sentences)
    phrases = _contributing(explanation, group, group.separation.order, group.separation.shares)
    if phrases and group.separation.nats > 0.05:
        sentences.append(f"Set apart from all others by {join_words(phrases)}.")
    other = clean_text(explanation.names[group.nearest], 40)
    shared = explanation.overlap[group.group][group.nearest]
    names = display_names(explanation.summary.feature_names)
    best = group.from_nearest.order[0]
    apart = f"apart from it mostly by {names[best]} ({format_share(group.from_nearest.shares[best])})"
    if shared < 0.001:
        sentences.append(f"The nearest is {other}, with which it shares next to no rows; {apart}.")
    else:
        sentences.append(
            f"Hardest to tell from {other}: they share {format_share(shared)} of their rows; {apart}."
        )
    if _lies_within(group, explanation.groups[group.nearest]):
        sentences.append(f"It lies within {other}: they may be core and outskirts of the same rows.")
    return tuple(sentences)


def _lies_within(group: GroupExplanation, other: GroupExplanation) -> bool:
    """Return whether a group's rows are no farther from the other's centre than the other's own.

    On average, in the other's standard deviations of each feature.
    """
    features = zip(
        group.means, group.standard_deviations, other.means, other.standard_deviations, strict=True
    )
    # In these units first: squares of the data's own may be beyond what numbers hold.
    away = [
        ((mean - center) / unit, deviation / unit) for mean, deviation, center, unit in features if unit > 0.0
    ]
    return bool(away) and sum(far * far + wide * wide for far, wide in away) <= len(away)


def overlap_sentences(explanation: MixtureExplanation) -> tuple[str, ...]:
    """Say which groups are slices of one cloud, which are hard to tell apart, and whether all are separate.

    Parameters
    ----------
    explanation : MixtureExplanation
    """
    n_groups = len(explanation.groups)
    about_noise = noise_sentences(explanation.summary)
    if n_groups == 1:
        return ("There is only one group.", *about_noise)
    names = [clean_text(name, 40) for name in explanation.names]
    sentences: list[str] = []
    if len(explanation.clouds) == 1:
        sentences.append(
            "All groups are slices of one cloud rather than separate groups: take them as a description of "
            "its shape."
        )
    else:
        for cloud in explanation.clouds:
            if len(cloud.groups) > 1:
                together = capitalised(join_words([names[group] for group in cloud.groups]))
                sentences.append(f"{together} are slices of one cloud rather than separate groups.")
    pairs = sorted(
        (
            (explanation.overlap[j][k], j, k)
            for j in range(n_groups)
            for k in range(j + 1, n_groups)
            if explanation.overlap[j][k] >= NOT_ALWAYS
        ),
        key=lambda pair: -pair[0],
    )
    for share, j, k in pairs[:MOST_PAIRS]:
        degree = "hard to tell apart" if share >= HARD else "not always told apart"
        sentences.append(
            f"{capitalised(names[j])} and {names[k]} share {format_share(share)} of their rows: {degree}."
        )
    if len(pairs) > MOST_PAIRS:
        more = len(pairs) - MOST_PAIRS
        sentences.append(f"{format_count(more, 'further pair')} of groups share 2% of their rows or more.")
    if not sentences:
        sentences.append("The groups are separate: no two of them share more than 2% of their rows.")
    return (*sentences, *about_noise)


def noise_sentences(summary: MixtureSummary) -> tuple[str, ...]:
    """Say how many rows are noise; nothing where none is.

    Parameters
    ----------
    summary : MixtureSummary
    """
    if not summary.n_noise:
        return ()
    return (
        f"{capitalised(noise_phrase(summary))}. Rules and tree are counted with these rows among the others.",
    )


def _contributing(
    explanation: MixtureExplanation,
    group: GroupExplanation,
    order: tuple[int, ...],
    shares: tuple[float, ...],
) -> list[str]:
    """Return the features that contribute most, with where the group and where all rows lie."""
    summary = explanation.summary
    names, formats = display_names(summary.feature_names), feature_formats(summary)

    def place(d: int, means: tuple[float, ...], deviations: tuple[float, ...]) -> str:
        return f"{formats[d](means[d])} ± {formats[d].spread(deviations[d])}"

    return [
        f"{names[d]} ({place(d, group.means, group.standard_deviations)} against "
        f"{place(d, summary.overall_means, summary.overall_deviations)} overall; "
        f"{format_share(shares[d])} of the separation)"
        for position, d in enumerate(order[:NAMED])
        if position == 0 or shares[d] >= WORTH_NAMING
    ]
