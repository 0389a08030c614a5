"""Where EM starts: from the search for the best optimum, or from what the user gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaussmix.core.em import Expect, maximise, run_em
from gaussmix.core.noise import Noise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array
from gaussmix.core.statistics import Moments
from gaussmix.covariance import FAMILIES, LowRankFamily
from gaussmix.covariance.floor import isotropic
from gaussmix.covariance.rank import best_rank
from gaussmix.initialization import (
    Move,
    Portfolio,
    Region,
    Search,
    Stability,
    Start,
    StartingData,
    parameters_of_partition,
    without_noise,
)
from gaussmix.initialization.projection import needed_rows, search_along_directions

MOST_OPERATIONS_OF_M_STEP = 1_000_000
"""Components times cubed features above which there is no search: M-steps would take too long. A twentieth
of it where components share something, so that mixtures cannot be estimated side by side."""
LITTLE_NOISE = 0.02
"""Share of noise that EM begins with where the start was made of all rows."""
TRIAL_ITER = 50
TRIAL_TOL = 1e-5
LEAST_ITER_OF_SEARCH = 10
"""Who asks for fewer iterations wants to see EM on its way: there is no search then."""


CHEAP_SUMS = 2_000_000
"""Rows times components times features up to which starts of families without matrices are compared however
many features there are."""
ROWS_FOR_MATRICES = 2
"""Times as many rows as parameters of means and covariance matrices need at least, for a search by those."""


@dataclass(frozen=True)
class GivenParameters:
    """Parts of the start that the user fixed, in the data's units; None leaves the part to the start.

    Parameters
    ----------
    weights : ndarray of shape (K,), optional
    means : ndarray of shape (K, D), optional
    factor : ndarray, shape given by the family, optional
        Whitening factors of the precisions.
    uniquenesses : ndarray of shape (K, D), optional
        Variances of the noise beside factors.
    noise : Noise, optional
    history : sequence of float
        Mean log-likelihoods of the run that ended at these parameters, if one did (`EMResult.path`).
    """

    weights: Array | None = None
    means: Array | None = None
    factor: Array | None = None
    uniquenesses: Array | None = None
    noise: Noise | None = None
    history: Sequence[float] = ()

    @property
    def any(self) -> bool:
        """Whether any part was fixed."""
        return not (self.weights is None and self.means is None and self.factor is None)


@dataclass(frozen=True)
class First:
    """What EM shall start from.

    Parameters
    ----------
    parameters : MixtureParameters
        In working coordinates.
    regularization : Regularization
        With the floor that EM shall hold.
    stability : Stability or None
        How the starts compared.
    passed_over : MixtureParameters or None
        A likelier one that was passed over, see `gaussmix.initialization.search.SearchResult`.
    """

    parameters: MixtureParameters
    regularization: Regularization
    stability: Stability | None
    passed_over: MixtureParameters | None = None


@dataclass(frozen=True)
class Starter:
    """Makes what EM shall start from.

    Parameters
    ----------
    data : StartingData
        Its family is what is fitted; of a low-rank family the rank may still be open.
    n_components : int
    start : Start
    moves : sequence of Move
    given : GivenParameters
    avoid_spikes : bool
    tol, max_iter
        Of the run that will begin there.
    region : Region or None
        Where noise may lie, if there is noise.
    """

    data: StartingData
    n_components: int
    start: Start
    moves: Sequence[Move]
    given: GivenParameters
    avoid_spikes: bool
    tol: float
    max_iter: int
    region: Region | None

    def __call__(self, expect: Expect, generator: np.random.RandomState) -> First:
        """Return the best of the candidates, by a few iterations of EM if there are several."""
        candidates = self._candidates(generator)
        first = next(candidates)
        if self.given.any or self.max_iter < LEAST_ITER_OF_SEARCH:
            return first
        others = list(candidates)
        if not others:
            return first
        total = float(self.data.sample.weights.sum())

        def merit(one: First) -> tuple[float, First]:
            trial = run_em(
                expect, one.parameters, one.regularization, tol=max(self.tol, TRIAL_TOL), max_iter=TRIAL_ITER
            )
            penalty = 0.5 * trial.parameters.n_parameters * np.log(total) / total
            return trial.objective - penalty, replace(one, parameters=trial.parameters)

        return max((merit(one) for one in (first, *others)), key=lambda pair: pair[0])[1]

    def _candidates(self, generator: np.random.RandomState) -> Iterator[First]:
        """Yield what searches find, on all rows or on those that do not look like noise."""
        parts = [(self.data, LITTLE_NOISE if self.given.noise is None else self.given.noise.weight)]
        if self.region is not None and not self.given.any and self.max_iter >= LEAST_ITER_OF_SEARCH:
            # A start made of all rows may spend a component on noise, one of dense rows miss a sparse group.
            parts.insert(0, without_noise(self.data, self.n_components))
        for part, share in parts:
            for family in self._families(part):
                first = self._search(part, family, generator)
                if self.region is not None:
                    jacobian = self.data.rows.coordinates.log_jacobian
                    beside = beside_noise(first.parameters, self.region, share, jacobian)
                    first = replace(first, parameters=beside)
                yield first

    def _families(self, data: StartingData) -> list[CovarianceFamily]:
        """Return the families to search by: the one to be fitted, unless its M-step is too dear for that."""
        family = data.family
        if not isinstance(family, LowRankFamily):
            return [family]
        if self.given.factor is not None:
            return [FAMILIES["VVV"] if family.rank is None else family]
        families = [FAMILIES["VVI"]]
        n_features = data.rows.n_features
        needed = ROWS_FOR_MATRICES * self.n_components * (n_features + 2)
        is_dear = self.n_components * n_features**3 > MOST_OPERATIONS_OF_M_STEP
        if not is_dear and data.sample.weights.sum() * data.rows_a_weight >= needed:
            families.append(FAMILIES["VVV"])
        return families

    def _search(
        self, data: StartingData, family: CovarianceFamily, generator: np.random.RandomState
    ) -> First:
        """Return what a search by a family finds, in the family that is to be fitted."""
        searched = data
        if family is not data.family:  # a prior belongs to the family that is to be fitted
            searched = replace(data, family=family, regularization=_for_search(data))
        found = first_parameters(
            searched,
            self.n_components,
            self.start,
            self.moves,
            self.given,
            generator,
            avoid_spikes=self.avoid_spikes,
            max_iter=self.max_iter,
        )
        if family is data.family:
            return found
        mixture, floored, stability = found.parameters, found.regularization, found.stability
        own = data.regularization
        floor = np.where(own.floor > 0.0, floored.floor, own.floor)
        floored = replace(floored, floor=floor, lowest=own.lowest, prior=own.prior)
        fitted = data.family
        sums = data.backend.expect(data.on_sample().rows, mixture.density(), Moments.FULL)
        if isinstance(fitted, LowRankFamily) and fitted.rank is None:
            fitted = fitted.with_rank(best_rank(fitted, sums, floored) if (sums.counts > 0).all() else 1)
        return First(maximise(sums, fitted, floored), floored, stability)


def beside_noise(
    parameters: MixtureParameters, region: Region, share: float, jacobian: float
) -> MixtureParameters:
    """Return parameters, in working coordinates, with noise beside them.

    Parameters
    ----------
    parameters : MixtureParameters
    region : Region
    share : float
        Weight of noise.
    jacobian : float
        Logarithm of the working coordinates'.
    """
    weights = parameters.weights * ((1.0 - share) / parameters.weights.sum())
    return replace(parameters, weights=weights, noise=Noise(share, -region.log_volume - jacobian))


def _for_search(data: StartingData) -> Regularization:
    """Return the regularisation for a search by another family than the one that is to be fitted."""
    regularization = replace(data.regularization, prior=None)
    if not data.family.common_scale:
        return regularization
    # Scaled like the others a constant feature has no floor, but the families of searches want one in each.
    lowest = isotropic(np.broadcast_to(regularization.lowest, regularization.floor.shape))
    return replace(
        regularization,
        floor=np.where(regularization.floor > 0.0, regularization.floor, isotropic(regularization.floor)),
        lowest=np.where(regularization.floor > 0.0, regularization.lowest, lowest),
    )


def first_parameters(
    data: StartingData,
    n_components: int,
    start: Start,
    moves: Sequence[Move],
    given: GivenParameters,
    generator: np.random.RandomState,
    *,
    avoid_spikes: bool,
    max_iter: int,
    others: Sequence[MixtureParameters] = (),
) -> First:
    """Return what EM shall start from.

    Parameters
    ----------
    data, n_components, start, moves, given, avoid_spikes, max_iter
        See `Starter`.
    generator : numpy.random.RandomState
    others : sequence of MixtureParameters
        Where EM has ended elsewhere, see `Search`.
    """

    def floored(parameters: MixtureParameters) -> Regularization:
        return data.regularization.for_spread_within(parameters.pooled_variances(), n_components)

    n_features = data.rows.n_features
    most = MOST_OPERATIONS_OF_M_STEP if data.family.independent else MOST_OPERATIONS_OF_M_STEP // 20
    is_dear = n_components * n_features**3 > most
    is_alone = given.any or n_components == 1 or max_iter < LEAST_ITER_OF_SEARCH
    needed = needed_rows(data.family, n_components, n_features)
    if n_components < data.n_different < needed and not is_alone and isinstance(start, Portfolio):
        first, stability = search_along_directions(data, n_components, start, moves, generator)
        return First(first, floored(first), stability)
    if is_dear:
        moves = ()
    sums = data.thinned(n_components).rows.n_rows * n_components * n_features
    hopeless = is_dear and (data.family.moments in (Moments.FULL, Moments.POOLED) or sums > CHEAP_SUMS)
    if is_alone or hopeless:
        first = starting_parameters(data, n_components, start, given, generator)
        return First(first, floored(first), None)
    starts = list(start(data.on_sample(), n_components, generator))
    regularization = floored(starts[0])
    if len(starts) == 1 and not moves:
        return First(starts[0], regularization, None)
    search = Search(
        data,
        regularization.without_additions(),
        moves,
        n_components=n_components,
        avoid_spikes=avoid_spikes,
        generator=generator,
    )
    found = search(starts, others)
    return First(found.mixture, regularization, found.stability, found.passed_over)


def starting_parameters(
    data: StartingData,
    n_components: int,
    start: Start,
    given: GivenParameters,
    generator: np.random.RandomState,
) -> MixtureParameters:
    """Return a start in working coordinates, with the given parts put in.

    Known means decide to which component a row belongs, so weights and covariances that are not known
    are those of the rows nearest to each mean.
    """
    coordinates = data.rows.coordinates
    family = data.family
    means = None if given.means is None else coordinates.to_working(given.means)
    factor = (
        None
        if given.factor is None
        else family.representation.rescale_factor(given.factor, coordinates.scale)
    )
    if given.weights is not None and means is not None and factor is not None:
        parameters = MixtureParameters.from_factor(family, given.weights, means, factor)
        if given.uniquenesses is None:
            return parameters
        return replace(parameters, uniquenesses=given.uniquenesses * coordinates.scale * coordinates.scale)
    if means is not None:
        parameters = replace(parameters_of_partition(data, means), means=means)
    else:
        parameters = next(iter(start(data, n_components, generator)))
    if given.weights is not None:
        parameters = replace(parameters, weights=given.weights)
    if factor is not None:
        covariances = family.representation.covariances(factor)
        parameters = replace(parameters, factor=factor, covariances=covariances)
    return parameters
