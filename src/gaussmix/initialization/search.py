"""The search for the best optimum: several starts, then moves from the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gaussmix.core.em import run_em
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.components import PartsStack
from gaussmix.initialization.moves import MOST_NUMBERS, Move, Situation
from gaussmix.initialization.order import canonical_order

TRIAL_ITER = 40
TRIAL_TOL = 1e-4
POLISH_ITER = 200
POLISH_TOL = 1e-5
SCREEN_ITER = 12
CLOSE = 0.02
"""Optima on a part of the rows that lie further below the best, in nats a row, are not tried on all."""
SAME_OPTIMUM = 1e-3
"""Optima whose mean log-likelihoods differ by less, in nats a row, count as the same."""
SAME_MEAN = 0.05
SAME_WEIGHT = 0.05
"""Components are the same if their means differ by less, in standard deviations, and their weights differ by
less, relatively."""
LEAST_GAIN = 1e-4
"""A move is accepted if it gains more than this, in nats a row."""
MOST_MOVES = 30


@dataclass(frozen=True)
class Effort:
    """How much a search may cost.

    Parameters
    ----------
    n_kept : int
        Starts whose optima are polished.
    n_left : int
        Polished optima that moves are tried from.
    n_proposals : int
        Proposals of each move that are screened at an optimum.
    n_polished : int
        Proposals of moves that are polished at an optimum, if none has paid off by then.
    """

    n_kept: int
    n_left: int
    n_proposals: int
    n_polished: int


THOROUGH = Effort(n_kept=5, n_left=5, n_proposals=16, n_polished=8)
QUICK = Effort(n_kept=2, n_left=1, n_proposals=10, n_polished=3)
CHEAP = 500_000
"""Rows times components times squared features up to which searches are thorough: iterations cost little."""


@dataclass(frozen=True)
class Optimum:
    """Where EM ended on some rows.

    Parameters
    ----------
    mixture : MixtureParameters
    log_likelihood : float
        Mean log-likelihood of the rows, with a prior that plus the prior's.
    remaining : float
        What it would gain if EM went on, by an estimate.
    n_spikes : int
        Number of components that have collapsed on a few rows.
    optimism : float
        By how much the log-likelihood flatters covariances of few rows, in nats a row.
    """

    mixture: MixtureParameters
    log_likelihood: float
    remaining: float
    n_spikes: int
    optimism: float = 0.0

    @property
    def value(self) -> float:
        """What optima are compared by."""
        return self.log_likelihood - self.optimism


@dataclass(frozen=True)
class Stability:
    """How much the result depends on the start.

    Parameters
    ----------
    n_starts : int
        Number of starts that were tried.
    n_agreeing : int
        Those that came by themselves, in the few iterations of a trial, to the optimum that was chosen: to
        the same components, or the same mean log-likelihood to 0.001 nats a row.
    gap : float
        How much lower the mean log-likelihood of the best different optimum is, in nats a row; infinite if
        there was none.
    n_moves : int
        Moves away from a bad optimum that were accepted.
    n_spikes : int
        Starts and moves that were refused because a component had collapsed on a few rows.
    """

    n_starts: int
    n_agreeing: int
    gap: float
    n_moves: int
    n_spikes: int


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    mixture : MixtureParameters
    stability : Stability
    passed_over : MixtureParameters or None
        The likeliest that a start has led to by itself, if it was passed over for one less likely.
    """

    mixture: MixtureParameters
    stability: Stability
    passed_over: MixtureParameters | None


class Search:
    """Looks for the best optimum on the sample of the rows.

    Parameters
    ----------
    data : StartingData
    regularization : Regularization
    moves : sequence of Move
    n_components : int
    avoid_spikes : bool
        Prefer optima without components that have collapsed on a few rows.
    generator : numpy.random.RandomState
    """

    def __init__(
        self,
        data: StartingData,
        regularization: Regularization,
        moves: Sequence[Move],
        *,
        n_components: int,
        avoid_spikes: bool,
        generator: np.random.RandomState,
    ) -> None:
        self.regularization = regularization
        self.moves = moves
        self.avoid_spikes = avoid_spikes
        self.generator = generator
        self.n_moves = 0
        self.n_spikes = 0
        self.known: list[Optimum] = []
        self.all = data.on_sample()
        self.few = data.thinned(n_components)
        n_features = data.rows.n_features
        cost = self.few.rows.n_rows * n_components * n_features**2
        # Components that share something are not estimated side by side, which costs much more.
        self.effort = THOROUGH if cost <= CHEAP and data.family.independent else QUICK

    def __call__(
        self, starts: Sequence[MixtureParameters], others: Sequence[MixtureParameters] = ()
    ) -> SearchResult:
        """Return the best mixture that the starts and the moves lead to.

        Parameters
        ----------
        starts : sequence of MixtureParameters
        others : sequence of MixtureParameters
            Where EM has ended elsewhere: if that is better than all that the starts have led to, moves go on
            from there. What the starts lead to is the same with them and without.
        """
        trials = self._try(MixtureStack.of(starts), TRIAL_ITER)
        kept = self._best(trials, self.effort.n_kept)
        polished = self._best([self._polish(trial.mixture, self.few) for trial in kept])
        ends = self._best([self._leave(optimum) for optimum in polished[: self.effort.n_left]])
        for optimum in (self._polish(other, self.few) for other in others):
            if self._is_better(optimum, ends[0]):
                ends = self._best([*ends, self._leave(optimum)])
        best = ends[0]
        stability = self._stability(best, trials, [*polished, *ends])
        if self.few.rows.n_rows < self.all.rows.n_rows:
            # What is best on a part of the rows need not be on all.
            close = [end for end in ends if ends[0].value - end.value < CLOSE]
            ends = self._best([self._polish(end.mixture, self.all) for end in close])
        likeliest = max(trials, key=lambda one: one.log_likelihood)
        passed_over = likeliest.mixture if likeliest.log_likelihood > best.log_likelihood else None
        return SearchResult(_in_canonical_order(ends[0].mixture, self.all.spread), stability, passed_over)

    def _best(self, optima: Sequence[Optimum], number: int | None = None) -> list[Optimum]:
        """Return the best of optima with different log-likelihoods, best first.

        Solutions with spikes are left out, or, if nothing is left then, all but those with the fewest.
        """
        different: list[Optimum] = []
        for optimum in sorted(optima, key=lambda one: -one.value):
            if not different or different[-1].value - optimum.value > LEAST_GAIN:
                different.append(optimum)
        number = len(different) if number is None else number
        if self.avoid_spikes:
            sound = list(islice((one for one in different if not one.n_spikes), number))
            if not sound:
                fewest = min((one.n_spikes for one in different), default=0)
                sound = [one for one in different if one.n_spikes == fewest][:number]
            self.n_spikes += sum(one.value > sound[0].value for one in different)
            return sound
        return different[:number]

    def _try(self, starts: MixtureStack, n_iter: int) -> list[Optimum]:
        """Return where EM comes from each start in a few iterations on a part of the sample."""
        data = self.few
        ranges = np.tile(np.array([[0, data.rows.n_rows]]), (len(starts), 1))
        mixtures, statistics, remaining = data.backend.run_each(
            data.rows, ranges, starts, self.regularization, n_iter=n_iter, tol=TRIAL_TOL
        )
        weights = mixtures.weights * data.sample.weights.sum()
        n_spikes, flattered = data.count_spikes_each(mixtures, weights), self._optimism(mixtures)
        found = statistics.mean_log_likelihood, remaining, n_spikes, flattered
        numbers = zip(*(one.tolist() for one in found), strict=True)
        return [Optimum(mixtures[s], *of_one) for s, of_one in enumerate(numbers)]

    def _polish(self, mixture: MixtureParameters, data: StartingData) -> Optimum:
        """Return the optimum that EM ends at on some rows."""
        n_components, n_features = mixture.means.shape
        few = data.rows.n_rows * n_components * n_features**2 <= CHEAP
        try:
            mixture, log_likelihood = (self._climb_alone if few else self._climb)(mixture, data)
        except DegenerateCovarianceError:  # beyond what doubles can hold: the last choice among optima
            return Optimum(mixture, -np.inf, 0.0, n_components)
        n_spikes = data.count_spikes(mixture, mixture.weights * data.sample.weights.sum())
        flattered = float(self._optimism(MixtureStack.of([mixture]))[0])
        return Optimum(mixture, log_likelihood, 0.0, n_spikes, flattered)

    def _optimism(self, mixtures: MixtureStack) -> Array:
        """Return by how much likelihoods flatter mixtures, if that is to be avoided, in nats a row."""
        return self.all.optimism(mixtures) if self.avoid_spikes else np.zeros(len(mixtures))

    def _climb(self, mixture: MixtureParameters, data: StartingData) -> tuple[MixtureParameters, float]:
        """Return where EM ends, each step shared out among threads."""

        def expect(parameters: MixtureParameters) -> SufficientStatistics:
            return data.backend.expect(data.rows, parameters.density(), data.family.moments)

        result = run_em(expect, mixture, self.regularization, tol=POLISH_TOL, max_iter=POLISH_ITER)
        return result.parameters, result.objective

    def _climb_alone(self, mixture: MixtureParameters, data: StartingData) -> tuple[MixtureParameters, float]:
        """Return where EM ends, in one thread: quicker where steps are short."""
        ends = data.backend.climb_each(
            data.rows,
            np.array([[0, data.rows.n_rows]]),
            MixtureStack.of([mixture]),
            self.regularization,
            tol=POLISH_TOL,
            max_iter=POLISH_ITER,
        )
        return ends.mixtures[0], float(ends.log_likelihood[0])

    def _leave(self, optimum: Optimum) -> Optimum:
        """Return the optimum that moves lead to."""
        n_components, n_features = optimum.mixture.means.shape
        numbers = n_components * max(n_features**2, self.few.rows.n_rows)
        if n_components == 1 or numbers > MOST_NUMBERS or not self.moves:
            return optimum
        if not (optimum.mixture.weights > 0.0).all():  # a prior can leave a component no rows to move
            return optimum
        for _ in range(MOST_MOVES):
            if self._is_known(optimum):  # where it leads to has been found out before
                break
            self.known.append(optimum)
            better = self._better(optimum)
            if better is None:
                break
            optimum = better
            self.n_moves += 1
        return optimum

    def _is_known(self, optimum: Optimum) -> bool:
        """Return whether EM has been at the same optimum, or one on the way to it."""
        return any(are_same(optimum.mixture, known.mixture) for known in self.known)

    def _better(self, optimum: Optimum) -> Optimum | None:
        """Return a better optimum that a single move leads to, if one is found."""
        proposed = self._proposed(optimum)
        screened = self._try(proposed, SCREEN_ITER) if proposed is not None else []
        n_polished = 0
        for candidate in self._best(screened):
            if n_polished == self.effort.n_polished:
                break
            in_reach = candidate.value + candidate.remaining >= optimum.value
            if not in_reach or self._is_known(candidate):
                continue
            end = self._polish(candidate.mixture, self.few)
            n_polished += 1
            if self._is_better(end, optimum) and not are_same(end.mixture, optimum.mixture):
                return end
            self.known.append(end)
        return None

    def _proposed(self, optimum: Optimum) -> MixtureStack | None:
        """Return the mixtures that moves propose, if there are any."""
        situation = Situation.of(self.few, self.regularization, optimum.mixture, self.generator)
        parts = [
            proposal.parts
            for move in self.moves
            for proposal in islice(move.proposals(situation), self.effort.n_proposals)
        ]
        family = self.few.family
        with suppress(DegenerateCovarianceError):
            return PartsStack.of(parts).mixtures(family, self.regularization) if parts else None
        sound = []
        for one in parts:
            with suppress(DegenerateCovarianceError):  # not a mixture that anything could be hoped of
                sound.append(one.mixture(family, self.regularization))
        return MixtureStack.of(sound) if sound else None

    def _is_better(self, candidate: Optimum, optimum: Optimum) -> bool:
        """Return whether to leave an optimum for another."""
        if self.avoid_spikes and candidate.n_spikes != optimum.n_spikes:
            better = candidate.n_spikes < optimum.n_spikes
            self.n_spikes += not better and candidate.value > optimum.value
            return better
        return candidate.value > optimum.value + LEAST_GAIN

    def _stability(self, best: Optimum, trials: list[Optimum], others: list[Optimum]) -> Stability:
        """Return how much the result depends on the start."""
        agreeing = sum(
            are_same(trial.mixture, best.mixture)
            or abs(trial.log_likelihood - best.log_likelihood) < SAME_OPTIMUM
            for trial in trials
        )
        gaps = [best.log_likelihood - other.log_likelihood for other in others]
        gap = min((gap for gap in gaps if gap >= SAME_OPTIMUM), default=np.inf)
        return Stability(len(trials), agreeing, gap, self.n_moves, self.n_spikes)


def _in_canonical_order(mixture: MixtureParameters, spread: Array) -> MixtureParameters:
    """Return a mixture with its components in an order that does not hang on how they were found."""
    return mixture.reordered(canonical_order(mixture.means, spread))


def are_same(one: MixtureParameters, other: MixtureParameters) -> bool:
    """Return whether two mixtures have the same components, in any order, or are about to.

    Parameters
    ----------
    one, other : MixtureParameters
        With equally many components, in the same coordinates.
    """
    variances = other.family.representation.variances(other.covariances, *other.means.shape)
    apart = ((one.means[:, None] - other.means) ** 2 / variances).sum(axis=2) / other.n_features
    nearest = apart.argmin(axis=1)
    if len(set(nearest.tolist())) < other.n_components:
        return False
    if not apart.min(axis=1).max() < SAME_MEAN**2:
        return False
    with np.errstate(divide="ignore", invalid="ignore"):  # a prior can leave a component no rows
        return bool(np.abs(np.log(one.weights / other.weights[nearest])).max() < SAME_WEIGHT)
