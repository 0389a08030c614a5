"""What a model was chosen among, and how close the others came, in plain sentences."""

from __future__ import annotations

import numpy as np

from gaussmix.core.representation import ScalarRepresentation
from gaussmix.covariance import FAMILIES
from gaussmix.explain.wording import format_number, format_share
from gaussmix.selection import SelectionRow, SelectionTable

RUNNERS_UP = 3
"""So many of the next best models are named."""


def choice_sentences(choice: SelectionTable) -> tuple[str, ...]:
    """Say what was chosen and by what, which were next best, what was not fitted and what was passed over.

    Parameters
    ----------
    choice : SelectionTable

    Returns
    -------
    tuple of str
        With messages of the fits in them, as they are.
    """
    best, *others = choice.ranking
    n_types = len(set(choice["covariance_type"]))
    sentences = [_chosen(choice, best, others, n_types)]
    fitted = {(row.covariance_type, row.n_components) for row in choice.ranking}
    missing = [row for row in choice if (row.covariance_type, row.n_components) not in fitted]
    unsound = [row for row in choice.ranking if not row.sound]
    if missing:
        sentences.append(
            f"{len(missing)} of {len(choice)} models were not fitted, such as "
            f"{_named(missing[0], n_types)}: {missing[0].message}."
        )
    if unsound and best.sound:
        which = ", ".join(
            str(row.n_components) if n_types == 1 else f"{row.covariance_type} {row.n_components}"
            for row in sorted(unsound, key=lambda row: row.n_components)[:9]
        )
        family = FAMILIES[best.covariance_type]
        is_simplest = n_types > 1 or isinstance(family.representation, ScalarRepresentation)
        advice = "" if is_simplest else "; a simpler covariance family (--covariance) may hold more"
        sentences.append(f"Passed over, as a component collapsed onto too few rows: {which}{advice}.")
    return tuple(sentences)


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
    among += [f"{n_types} covariance families"] if n_types > 1 else []
    compared = f"among {' and '.join(among)}" if among else "with no other to compare it with"
    criterion = criterion_name(choice)
    value = "value" if criterion == "the criterion given" else criterion
    text = (
        f"{_named(best, n_types)} chosen by {criterion} {compared}: "
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


def _named(row: SelectionRow, n_types: int) -> str:
    """Say what a model is."""
    plural = "s" if row.n_components != 1 else ""
    family = f" of type {row.covariance_type}" if n_types > 1 else ""
    return f"{row.n_components} component{plural}{family}"
