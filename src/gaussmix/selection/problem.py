"""What all cells of a grid share: the data in one set of coordinates, a tree of merges, floors, time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Backend, Outputs
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.em import EMResult, maximise, run_em
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.core.stack import MixtureStack
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.covariance.floor import collapsed_components
from gaussmix.fitting import own_unit
from gaussmix.initialization import MOVES, STARTS, Hierarchical, StartingData, representative_sample
from gaussmix.initialization.order import Sample, canonical_order
from gaussmix.initialization.spikes import count_spikes
from gaussmix.scales import Scales, measure, prior_for, regularization_for
from gaussmix.starting import GivenParameters, first_parameters

CHEAP = 10_000_000
"""Rows times components times squared features up to which EM takes milliseconds."""
MATRIX_MOMENTS = (Moments.FULL, Moments.POOLED)


@dataclass(frozen=True)
class Cell:
    """One model of the grid.

    Parameters
    ----------
    family : CovarianceFamily
    n_components : int
    """

    family: CovarianceFamily
    n_components: int

    @property
    def key(self) -> tuple[str, int]:
        """Mclust's identifier of the family, and the number of components."""
        return self.family.identifier, self.n_components


@dataclass(frozen=True)
class CellFit:
    """The best that is known of a cell, in working coordinates.

    Parameters
    ----------
    em : EMResult
    spike : bool
        Whether a component has collapsed on a few rows.
    """

    em: EMResult
    spike: bool

    @property
    def sound(self) -> bool:
        """Whether the likelihood says something about the data, not about a floor or a few rows."""
        return not (self.spike or self.em.parameters.repaired.any())

    @property
    def merit(self) -> tuple[bool, float]:
        """What fits of a cell are compared by; the larger is the better."""
        return self.sound, self.em.objective


class Clock:
    """Says when to stop: at a time, or when told to.

    Parameters
    ----------
    max_seconds : float or None
    """

    def __init__(self, max_seconds: float | None = None) -> None:
        self.deadline = np.inf if max_seconds is None else time.monotonic() + max_seconds
        self.cancelled = False

    @property
    def is_over(self) -> bool:
        """Whether time is up."""
        return self.cancelled or time.monotonic() >= self.deadline


class Problem:
    """The data of a grid, and EM on them.

    All families share one set of working coordinates, so that a mixture of one can start another.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    sample_weight : ndarray of shape (N,) or None
    families : tuple of CovarianceFamily
    most_components : int
    reg_covar : float or None
    generator : numpy.random.RandomState
    backend : Backend
    prior : Prior, optional
    """

    def __init__(
        self,
        X: NDArray[np.floating],
        sample_weight: Array | None,
        *,
        families: tuple[CovarianceFamily, ...],
        most_components: int,
        reg_covar: float | None,
        generator: np.random.RandomState,
        backend: Backend,
        prior: Prior | None = None,
    ) -> None:
        self.prior = prior
        self.families = families
        self._most_components = most_components
        self._floors_of_cells: dict[tuple[str, int], Regularization] = {}
        self._labels: dict[int, NDArray[np.int64]] = {}
        self._within: dict[int, Array] = {}
        self._clusters: dict[int, SufficientStatistics] = {}
        self._matrices: dict[int, SufficientStatistics] = {}
        self._data: dict[str, StartingData] = {}
        self.generator = generator
        self.backend = backend
        own = measure(X, sample_weight, backend, common_scale=False)
        common = own
        if any(family.common_scale for family in families):
            common = measure(X, sample_weight, backend, common_scale=True)
        coordinates = common.coordinates
        variances = own.variances * (coordinates.scale / own.coordinates.scale) ** 2
        self.constant = own.constant
        self.coordinates = coordinates
        self.rows = Rows(X, coordinates, sample_weight)
        self.total_weight = float(len(X) if sample_weight is None else sample_weight.sum())
        spread = np.sqrt(variances)
        sample = representative_sample(self.rows, spread, most_components, generator)
        self._scales = Scales(coordinates, variances, own.constant)
        floor = regularization_for(self._scales, sample, reg_covar)
        self._whole = StartingData(self.rows, sample, spread, families[0], floor, backend)
        self._few = self._whole.thinned(most_components)
        # Whatever is drawn meanwhile, each search draws what that of a mixture fitted alone would.
        self._state = generator.get_state()
        self.is_sampled = self._few.rows.n_rows < int(
            len(X) if sample_weight is None else np.count_nonzero(sample_weight)
        )
        self._spreads = {False: spread, True: np.full_like(spread, np.sqrt(np.mean(common.variances)))}
        self._floors = {False: floor, True: regularization_for(common, sample, reg_covar)}
        new = self._few.sample.is_new
        self.n_different = int(np.count_nonzero(new))
        self.n_independent = self._n_independent(new)

    def _n_independent(self, new: NDArray[np.bool_]) -> float:
        """Return how many rows there are beside mere repetitions.

        Where a feature has no step, equal rows are copies of one another. Where all have, rows may be equal
        by chance, and are copies only if each occurs a multiple of the same number of times.

        Parameters
        ----------
        new : ndarray of bool, shape (n,)
            Which rows of the sample differ from the one before.
        """
        weights = self._few.sample.weights
        if not np.all(self._floors[False].recorded):
            return self.total_weight * self.n_different / float(weights.sum())
        times = np.add.reduceat(weights, np.flatnonzero(new))
        whole = np.rint(times)
        if not np.array_equal(times, whole):
            return self.total_weight
        return self.total_weight / float(np.gcd.reduce(whole.astype(np.int64)))

    @property
    def sample(self) -> Sample:
        """The rows that are searched on."""
        return self._few.sample

    @cached_property
    def _tree(self) -> tuple[Array, Array, int]:
        """Rows and weights that the tree was grown on, and how many groups it has at most."""
        grown = Hierarchical().grow(self._few, self.generator)
        self._grown = grown
        return grown.sample.z, grown.sample.weights, grown.tree.n_groups

    def data(self, family: CovarianceFamily) -> StartingData:
        """Return what starts of a family may use."""
        name = family.identifier
        if name not in self._data:
            self._data[name] = self._data_of(family)
        return self._data[name]

    def _data_of(self, family: CovarianceFamily) -> StartingData:
        return replace(
            self._few,
            family=family,
            spread=self._spreads[family.common_scale],
            regularization=self._floors[family.common_scale],
        )

    def prepare(self, numbers: list[int]) -> None:
        """Cut the tree for these numbers of components, once for all families."""
        z, weights, n_groups = self._tree
        for number in numbers:
            self._labels[number] = self._grown.tree.labels(min(number, n_groups))
            statistics = _statistics_of_labels(z, weights, self._labels[number], Moments.DIAGONAL)
            self._clusters[number] = statistics
            self._within[number] = statistics.pooled_variances()

    def _statistics_of_clusters(self, number: int, moments: Moments) -> SufficientStatistics:
        """Return the statistics of the tree's clusters, in an order of their own."""
        found = self._clusters[number]
        if moments in MATRIX_MOMENTS:
            matrices = self._matrices.get(number)
            if matrices is None:
                z, weights, _ = self._tree
                matrices = _statistics_of_labels(z, weights, self._labels[number], Moments.FULL)
                self._matrices = {number: matrices}  # cells come by their numbers, and matrices are large
            found = matrices
        second = found.second
        if moments is Moments.POOLED:
            second = second.sum(axis=0)
        elif moments is Moments.TRACE:
            second = second.sum(axis=1)
        return replace(found, second=second, moments=moments)

    def floor(self, cell: Cell) -> Regularization:
        """Return the floor of a cell: small beside the spread within the clusters of the tree."""
        if cell.key not in self._floors_of_cells:
            self._floors_of_cells[cell.key] = self._floor(cell)
        return self._floors_of_cells[cell.key]

    def _floor(self, cell: Cell) -> Regularization:
        within = self._within[cell.n_components]
        if cell.family.moments is Moments.TRACE:
            within = np.full_like(within, within.mean())
        # What is compared with several components is held to what they are held to.
        floor = self._floors[cell.family.common_scale].for_spread_within(within, self._most_components)
        if self.prior is None or not self.prior.suits(cell.family):
            return floor
        generator = np.random.RandomState(cell.n_components)  # whatever thread asks first
        data = self.data(cell.family)
        return replace(floor, prior=prior_for(self.prior, data, cell.n_components, generator))

    def start(self, cell: Cell) -> MixtureParameters:
        """Return the mixture of the tree's clusters."""
        if cell.n_components > self._tree[2]:
            raise np.linalg.LinAlgError("fewer different rows than components")
        statistics = self._statistics_of_clusters(cell.n_components, cell.family.moments)
        mixture = maximise(statistics, cell.family, self.floor(cell).without_additions())
        return mixture.reordered(canonical_order(mixture.means, self._spreads[False]))

    def expect(self, parameters: MixtureParameters, moments: Moments) -> SufficientStatistics:
        """Return the E-step on the rows that are searched on."""
        return self.backend.expect(self._few.rows, parameters.density(), moments)

    def step_into(self, cell: Cell, other: MixtureParameters) -> MixtureParameters:
        """Return a cell's M-step at another mixture of as many components, whose family it contains.

        This is no less likely than the other. Where an M-step is an iteration, it begins at the other, and
        ends as within EM.
        """
        statistics = self.expect(other, cell.family.moments)
        return maximise(statistics, cell.family, self.floor(cell).without_additions(), other)

    def climb(
        self,
        cell: Cell,
        start: MixtureParameters,
        *,
        tol: float,
        max_iter: int,
        clock: Clock,
        on_all: bool = False,
    ) -> CellFit:
        """Return where EM leads from a start, on the rows that are searched on or on all.

        Raises
        ------
        DegenerateCovarianceError
            If a covariance becomes singular and there is no floor.
        """
        rows = self.rows if on_all else self._few.rows
        floor = self.floor(cell)
        n_operations = rows.n_rows * cell.n_components * rows.n_features**2
        if n_operations <= CHEAP and not on_all and floor.prior is None:
            result = self._climb_alone(cell, start, floor, tol=tol, max_iter=max_iter)
            return self.judged(cell, result, floor)

        def expect(parameters: MixtureParameters) -> SufficientStatistics:
            return self.backend.expect(rows, parameters.density(), cell.family.moments)

        def observe(number: int, parameters: MixtureParameters, log_likelihood: float, gain: float) -> bool:
            return clock.is_over

        result = run_em(expect, start, floor, tol=tol, max_iter=max_iter, accelerate=True, observer=observe)
        return self.judged(cell, result, floor)

    def judged(self, cell: Cell, result: EMResult, floor: Regularization) -> CellFit:
        """Return where EM has led, and whether a component has collapsed there."""
        parameters = result.parameters
        n_rows = parameters.weights * float(self._few.sample.weights.sum())
        data = self.data(cell.family)
        different = n_rows * data.rows_a_weight
        mixtures = MixtureStack.of([parameters])
        spikes = int(count_spikes(mixtures, different[None], data.least_rows, floor.recorded)[0])
        parameters = replace(parameters, repaired=collapsed_components(parameters, floor))
        return CellFit(replace(result, parameters=parameters), spikes > 0)

    def search(self, cell: Cell, known: MixtureParameters, *, max_iter: int) -> MixtureParameters:
        """Return what the search for a mixture fitted alone finds, given one more optimum to go on from.

        It makes the same starts and moves as if the cell's mixture were fitted alone with the same seed, so
        that what it returns is no worse.

        Parameters
        ----------
        cell : Cell
        known : MixtureParameters
            Where EM has ended.
        max_iter : int
            See `gaussmix.starting.Starter`.
        """
        spread = self._spreads[cell.family.common_scale]
        data = replace(
            self._whole,
            family=cell.family,
            spread=spread,
            regularization=self.floor(cell),
            own_unit=own_unit(self._scales, spread),
        )
        generator = np.random.RandomState()
        generator.set_state(self._state)
        return first_parameters(
            data,
            cell.n_components,
            STARTS["portfolio"],
            MOVES,
            GivenParameters(),
            generator,
            avoid_spikes=True,
            max_iter=max_iter,
            others=[known],
        ).parameters

    def _climb_alone(
        self,
        cell: Cell,
        start: MixtureParameters,
        floor: Regularization,
        *,
        tol: float,
        max_iter: int,
    ) -> EMResult:
        """Return where EM leads on few rows, without a look at the clock: it takes milliseconds."""
        ends = self.backend.climb_each(
            self._few.rows,
            np.array([[0, self._few.rows.n_rows]]),
            MixtureStack.of([start]),
            floor,
            tol=tol,
            max_iter=max_iter,
        )
        mean = float(ends.log_likelihood[0])
        n_iter, converged = int(ends.n_iter[0]), bool(ends.converged[0])
        return EMResult(ends.mixtures[0], mean, (mean,), (mean,), n_iter, converged, False)

    def mean_on_all(self, parameters: MixtureParameters) -> float:
        """Return the mean log-likelihood of all rows, in working coordinates."""
        return self.backend.expect(self.rows, parameters.density(), Moments.NONE).mean_log_likelihood

    def log_certainty(self, parameters: MixtureParameters) -> float:
        """Return the weighted sum over all rows of the logarithm of the assigned label's probability."""
        found = self.backend.evaluate(self.rows, parameters.density(), Outputs.PROBABILITY)
        assert found.probability is not None
        logarithms = np.log(found.probability)
        weights = self.rows.sample_weight
        return float(logarithms.sum() if weights is None else weights @ logarithms)

    def too_few_rows(self, cell: Cell) -> str | None:
        """Say why a cell has no maximum of its likelihood on so few rows; None if it may have one."""
        n_rows, n_features, number = self.n_different, self.rows.n_features, cell.n_components
        if number > n_rows:
            return f"not fitted: {number} components need as many different rows, but there are {n_rows}"
        if cell.family.moments not in MATRIX_MOMENTS or self.prior is not None:
            return None
        own = cell.family.independent or cell.family.identifier in ("EVV", "VVV")
        needed = number * (n_features + 1) if own else number + n_features
        if n_rows >= needed:
            return None
        return (
            f"not fitted: the covariances would be singular: {number} component(s) in {n_features} features "
            f"need {needed:,} different rows, but there are {n_rows:,}"
        )


def _statistics_of_labels(
    z: Array, weights: Array, labels: NDArray[np.int64], moments: Moments
) -> SufficientStatistics:
    """Return the statistics of clusters of rows, with matrices or diagonals."""
    n_components, n_features = int(labels.max()) + 1, z.shape[1]
    counts: Array = np.bincount(labels, weights, minlength=n_components).astype(float)
    means = np.empty((n_components, n_features))
    second = []
    for k in range(n_components):
        members = labels == k
        part, share = z[members], weights[members]
        means[k] = share @ part / counts[k]
        centered = np.sqrt(share)[:, None] * (part - means[k])
        second.append(
            centered.T @ centered if moments is Moments.FULL else np.einsum("nd,nd->d", centered, centered)
        )
    return SufficientStatistics(
        means, counts, np.zeros_like(means), np.array(second), moments, 0.0, float(weights.sum())
    )
