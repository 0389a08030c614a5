"""Moves that leave a bad optimum: EM cannot carry a component across a gap, a move can.

Split and merge: Ueda, Nakano, Ghahramani and Hinton 2000, Neural Computation 12, 2109. Their criteria are
guesses; here a move's gain is bounded below before it is tried. Two components that merge lose at most what
the likelihood of their own rows loses; a component that splits gains at least what that of its rows gains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gaussmix.backends.base import Outputs
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.components import Parts, log_volumes
from gaussmix.initialization.splits import Split, find_splits

N_SPLITS = 3
"""Ways to split a component, or a merged pair, that are considered."""
N_PAIRS = 6
"""Pairs of components that are considered for a new division; for mergers as many as components, if more."""
MOST_OF_A_KIND = 3
"""Proposals that merge the same pair, or split the same component."""
ENTROPY_ROWS = 2000
"""Rows by which it is judged how much two components overlap."""
NEGLIGIBLE = 1e-8
NEARLY_ALL = 1e-16
"""Least share of a row that is taken to be left to the other components: it bounds what the row can lose."""
MOST_NUMBERS = 20_000_000
"""Moves are not looked for where scatter matrices or responsibilities are more numbers than this."""


@dataclass(frozen=True)
class Reduction:
    """A way to do with one component less.

    Parameters
    ----------
    loss : float
        What the log-likelihood, summed over rows, loses at most.
    numbers : tuple of int
        The two components that are merged, or the one that is left out.
    remains : Parts
        What takes their place: one part, or none.
    """

    loss: float
    numbers: tuple[int, ...]
    remains: Parts


@dataclass(frozen=True)
class Proposal:
    """Somewhere else to go on from.

    Parameters
    ----------
    promise : float
        Gain in mean log-likelihood that can be expected before EM goes on from there. Only the order matters.
    parts : Parts
        The components of the proposed mixture.
    """

    promise: float
    parts: Parts


class Move(Protocol):
    """A way out of an optimum. Moves have no state."""

    def proposals(self, situation: Situation) -> Iterator[Proposal]:
        """Return mixtures to go on from, in any order."""
        ...


@dataclass(frozen=True)
class Situation:
    """An optimum, and what moves want to know of it.

    Parameters
    ----------
    data : StartingData
        Its sample is worked on.
    regularization : Regularization
    parts : Parts
        The optimum's components.
    responsibilities : ndarray of shape (M, K)
        Of the rows of the sample.
    mergers : list of Reduction
        Mergers of two components, least loss first; for the pairs that lose little.
    removals : list of Reduction
        For each component, what it is to leave it out.
    splits : list of list of Split
        The best splits of each component.
    generator : numpy.random.RandomState
    """

    data: StartingData
    regularization: Regularization
    parts: Parts
    responsibilities: Array
    mergers: list[Reduction]
    removals: list[Reduction]
    splits: list[list[Split]]
    generator: np.random.RandomState

    @classmethod
    def of(
        cls,
        data: StartingData,
        regularization: Regularization,
        mixture: MixtureParameters,
        generator: np.random.RandomState,
    ) -> Situation:
        """Look around at an optimum."""
        density = mixture.density()
        parts = Parts.of(data.backend.expect(data.rows, density, Moments.FULL))
        found = data.backend.evaluate(data.rows, density, Outputs.RESPONSIBILITIES)
        assert found.responsibilities is not None
        responsibilities = found.responsibilities
        return cls(
            data,
            regularization,
            parts,
            responsibilities,
            _mergers(data, regularization, parts, responsibilities),
            _removals(data, parts, responsibilities),
            find_splits(data, regularization, responsibilities, parts, generator, number=N_SPLITS),
            generator,
        )

    @property
    def total_weight(self) -> float:
        """Weight of all rows of the sample."""
        return float(self.data.sample.weights.sum())


class SplitAndMerge:
    """Merges two components into one and splits another; of many components, several at once."""

    def proposals(self, situation: Situation) -> Iterator[Proposal]:
        """Return mixtures to go on from."""
        parts, total = situation.parts, situation.total_weight
        splits = [(split.gain, k, split) for k, found in enumerate(situation.splits) for split in found]
        splits.sort(key=lambda entry: -entry[0])
        number = max(N_PAIRS, len(parts))
        reductions = sorted([*situation.mergers[:number], *situation.removals], key=lambda one: one.loss)
        exchanges = [
            (gain - reduction.loss, reduction, k, split)
            for reduction in reductions[:number]
            for gain, k, split in splits[:number]
            if k not in reduction.numbers
        ]
        exchanges.sort(key=lambda exchange: -exchange[0])
        # All those together that gain and do not touch one another.
        touched: set[int] = set()
        together = []
        promises = 0.0
        for promise, reduction, k, split in exchanges:
            if promise > 0 and touched.isdisjoint((*reduction.numbers, k)):
                touched.update((*reduction.numbers, k))
                together.append((reduction, k, split))
                promises += promise
        if len(together) > 1:
            yield Proposal(promises / total, _exchanged(parts, together))
        seen: Counter[tuple[int, ...]] = Counter()
        for promise, reduction, k, split in exchanges:
            if max(seen[reduction.numbers], seen[-1, k]) < MOST_OF_A_KIND:
                seen.update([reduction.numbers, (-1, k)])
                yield Proposal(promise / total, _exchanged(parts, [(reduction, k, split)]))


class DivideAnew:
    """Divides the rows of two components between them in another way."""

    def proposals(self, situation: Situation) -> Iterator[Proposal]:
        """Return mixtures to go on from."""
        pairs = situation.mergers[:N_PAIRS]
        if not pairs:
            return
        parts, total = situation.parts, situation.total_weight
        i, j = (np.array([pair.numbers[side] for pair in pairs]) for side in (0, 1))
        both = situation.responsibilities[:, i] + situation.responsibilities[:, j]
        divisions = find_splits(
            situation.data,
            situation.regularization,
            both,
            parts.merged(i, j),
            situation.generator,
            number=N_SPLITS,
        )
        for pair, splits in zip(pairs, divisions, strict=True):
            for split in splits:
                proposed = parts.without(pair.numbers) + split.halves
                yield Proposal((split.gain - pair.loss) / total, proposed)


MOVES: tuple[Move, ...] = (SplitAndMerge(), DivideAnew())
"""The moves that are tried unless the user says otherwise."""


def _exchanged(parts: Parts, exchanges: list[tuple[Reduction, int, Split]]) -> Parts:
    """Return parts after reductions, each of which makes room for the split of another part."""
    touched = [number for reduction, k, _ in exchanges for number in (*reduction.numbers, k)]
    result = parts.without(tuple(touched))
    for reduction, _, split in exchanges:
        result = result + reduction.remains + split.halves
    return result


def _removals(data: StartingData, parts: Parts, responsibilities: Array) -> list[Reduction]:
    """Return what leaving out each component loses before the others take over its rows."""
    weights = data.sample.weights
    total = float(weights.sum())
    with np.errstate(divide="ignore"):
        of_rows = np.log(np.maximum(1.0 - responsibilities, NEARLY_ALL))
        of_weights = total * np.log(np.maximum(1.0 - parts.counts / total, NEARLY_ALL))
    losses = of_weights - weights @ of_rows
    none = parts[np.empty(0, dtype=np.intp)]
    return [Reduction(float(loss), (k,), none) for k, loss in enumerate(losses)]


def _mergers(
    data: StartingData, regularization: Regularization, parts: Parts, responsibilities: Array
) -> list[Reduction]:
    """Return mergers of the pairs that lose little by it, least first.

    The rows of a pair have the log-likelihood that each belongs for certain to one of the two, plus the
    entropy of to which; merged, they have that of one component.
    """
    n_components = len(parts)
    if n_components < 2:
        return []
    i, j = np.triu_indices(n_components, 1)
    merged = parts.merged(i, j)
    moments, floor = data.family.moments, regularization.floor
    total = parts.counts.sum()
    within = parts.scatter.sum(axis=0) / total

    def certain(group: Parts) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            of_each = group.counts * (
                np.log(group.counts / total) - 0.5 * log_volumes(group, moments, floor, within)
            )
        return np.where(group.counts > 0, of_each, 0.0)

    alone = certain(parts)
    with np.errstate(invalid="ignore"):  # constant features without a floor
        losses = np.nan_to_num(alone[i] + alone[j] - certain(merged), nan=np.inf)
    least = np.argsort(losses, kind="stable")[: 2 * max(N_PAIRS, n_components)]
    step = max(1, len(responsibilities) // ENTROPY_ROWS)
    weights = data.sample.weights[::step]
    weights = weights * (data.sample.weights.sum() / weights.sum())
    few = np.ascontiguousarray(responsibilities[::step].T)
    for pair in least:
        first, second = few[i[pair]], few[j[pair]]
        shared = np.flatnonzero(first * second > NEGLIGIBLE)
        first, second = first[shared], second[shared]
        entropy = first * np.log1p(second / first) + second * np.log1p(first / second)
        losses[pair] += weights[shared] @ entropy
    order = least[np.argsort(losses[least], kind="stable")]
    return [Reduction(float(losses[pair]), (int(i[pair]), int(j[pair])), merged[[pair]]) for pair in order]
