"""What a model was chosen among, and how close the others came, in plain sentences."""

from __future__ import annotations

import numpy as np

from gaussmix.core.representation import ScalarRepresentation
from gaussmix.covariance import FAMILIES
from gaussmix.explain.wording import format_count, format_number, format_share, join_words
from gaussmix.selection import SelectionRow, SelectionTable

RUNNERS_UP = 3
"""So many of the next best models are named."""


NEARLY_AS_GOOD = 2.0
"""Differences of BIC below this are hardly worth mentioning."""
_EVIDENCE = ((10.0, "very strong"), (6.0, "strong"), (NEARLY_AS_GOOD, "some"), (0.0, "hardly any"))
"""Differences of BIC and what they are evidence of: Kass and Raftery 1995, section 3.2."""


def choice_sentences(choice: SelectionTable) -> tuple[str, ...]:
    """Say what was chosen, how sure that is, what was not fitted and what was passed over.

    Parameters
    ----------
    choice : SelectionTable

    Returns
    -------
    tuple of str
        With messages of the fits in them, as they are.
    """
    best, *others = choice.distinct
    n_types = len(set(choice["covariance_type"]))
    sentences = [_chosen(choice, best, others, n_types)]
    if not best.sound:
        sentences.append(f"None of the {len(choice)} models is sound; this is the least bad: {best.message}.")
    else:
        sentences += _how_sure(choice, best, [row for row in others if row.sound])
    numbers = choice["n_components"]
    if best.n_components == numbers.max() > numbers.min():
        sentences.append(
            f"The number chosen, {best.n_components}, is the largest that was tried: more may be better."
        )
    fitted = {(row.covariance_type, row.n_components) for row in choice.ranking}
    missing = [row for row in choice if (row.covariance_type, row.n_components) not in fitted]
    unsound = [row for row in choice.ranking if not row.sound]
    if missing:
        reason = (missing[0].message or "").removeprefix("not fitted: ")
        sentences.append(
            f"{len(missing)} of {len(choice)} models were not fitted, such as "
            f"{model_name(missing[0], n_types)}: {reason}."
        )
    if unsound and best.sound:
        which = ", ".join(
            str(row.n_components) if n_types == 1 else f"{row.covariance_type} {row.n_components}"
            for row in sorted(unsound, key=lambda row: row.n_components)[:9]
        )
        family = FAMILIES[best.covariance_type]
        is_simplest = n_types > 1 or isinstance(family.representation, ScalarRepresentation)
        advice = "" if is_simplest else "; a simpler covariance family (--covariance) may hold more"
        sentences.append(
            "Passed over, as a component is left with too few rows, or its rows hardly differ in some "
            f"direction: {which}{advice}."
        )
        if any(row.n_components == 1 for row in unsound):
            sentences.append(
                "One component for all rows is among them: there may be columns that follow from others, "
                "such as a sum; leave one of them out."
            )
    return tuple(sentences)


def model_name(row: SelectionRow, n_types: int = 2) -> str:
    """Return what a model is called.

    Parameters
    ----------
    row : SelectionRow
    n_types : int, default=2
        Of a single family there is no need to name it.
    """
    family = f" of type {row.covariance_type}" if n_types > 1 else ""
    return f"{format_count(row.n_components, 'component')}{family}"


def best_by_number(choice: SelectionTable) -> tuple[SelectionRow, ...]:
    """Return the best sound model of each number of components that has one, by that number."""
    best: dict[int, SelectionRow] = {}
    for row in choice.ranking:
        if row.sound:
            best.setdefault(row.n_components, row)
    return tuple(best[number] for number in sorted(best))


def criterion_name(choice: SelectionTable) -> str:
    """Return by what a model was chosen: the information criterion whose values it has."""
    values = choice["criterion"]
    for name in ("bic", "icl", "aic"):
        if np.array_equal(values, choice[name], equal_nan=True):
            return name.upper()
    return "the criterion given"


def _chosen(choice: SelectionTable, best: SelectionRow, others: list[SelectionRow], n_types: int) -> str:
    numbers = choice["n_components"]
    among = [f"{numbers.min()} to {numbers.max()}"] if numbers.min() < numbers.max() else []
    if 1 < len(set(numbers)) <= numbers.max() - numbers.min():
        among = [f"{len(set(numbers))} numbers from {among[0]}"]
    among += [f"{n_types} covariance families"] if n_types > 1 else []
    compared = f"among {' and '.join(among)}" if among else "with no other to compare it with"
    criterion = criterion_name(choice)
    value = "value" if criterion == "the criterion given" else criterion
    text = (
        f"{model_name(best, n_types)} chosen by {criterion} {compared}: "
        f"{value} {format_number(best.criterion, 6)} (smaller is better)"
    )
    if best.sound:
        text += f", weight of evidence by BIC {format_share(best.bic_weight)}"
    runners_up = [
        f"{one.covariance_type + ' ' if n_types > 1 else ''}{one.n_components} "
        f"({one.criterion - best.criterion:+,.1f}, {format_share(one.bic_weight)})"
        for one in others
        if one.sound
    ]
    if runners_up:
        text += f"; next best {', '.join(runners_up[:RUNNERS_UP])}"
    return f"{text}."


def _how_sure(choice: SelectionTable, best: SelectionRow, others: list[SelectionRow]) -> list[str]:
    """Say how strong the evidence against the next best is, and which numbers are nearly as good."""
    named = criterion_name(choice)
    if not others or named not in ("BIC", "ICL"):
        return []
    sentences = []
    if named == "BIC":
        excess = others[0].criterion - best.criterion
        strength = next((words for least, words in _EVIDENCE if excess >= least), _EVIDENCE[-1][1])
        sentences.append(f"That is {strength} evidence for the one chosen against the next best.")
    rivals = {row.n_components for row in others if row.criterion - best.criterion < NEARLY_AS_GOOD}
    numbers = [str(number) for number in sorted(rivals - {best.n_components})]
    if numbers:
        sentences.append(
            f"Models with {join_words(numbers)} component{'' if numbers == ['1'] else 's'} are nearly as "
            f"good (within {NEARLY_AS_GOOD:.0f} of the least {named}): the number of components is not "
            "certain."
        )
    return sentences
