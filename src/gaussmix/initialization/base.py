"""What every start is given and returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaussmix.backends import Backend
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.stack import MixtureStack
from gaussmix.initialization.optimism import optimism
from gaussmix.initialization.order import Sample
from gaussmix.initialization.spikes import count_spikes, least_rows

FEWEST_TRIAL_ROWS = 4000
MOST_TRIAL_ROWS = 8000
TRIAL_ENTRIES = 800_000
"""Starts are compared on that many rows at least: on more where squared features are few."""
ROWS_A_COMPONENT = 400
ROWS_A_FEATURE = 20
"""And on so many for each component."""
LEAST_ROWS_A_FEATURE = 6


@dataclass(frozen=True)
class StartingData:
    """What a start may use.

    Parameters
    ----------
    rows : Rows
    sample : Sample
        Rows that stand for all.
    spread : ndarray of shape (D,)
        Unit of distance in each feature, in working coordinates: its standard deviation, or one number
        for all features if the family tells no features apart. Starts measure distances in it, so that
        the units of the data do not matter.
    family : CovarianceFamily
    regularization : Regularization
    backend : Backend
    least_rows : float
        Rows that a component found among these must hold. In a part of the rows, few that lie close by chance
        are taken for a component more easily than in all.
    own_unit : ndarray of shape (D,), optional
        What a unit of the data is in working coordinates, but for a factor common to all features.
    """

    rows: Rows
    sample: Sample
    spread: Array
    family: CovarianceFamily
    regularization: Regularization
    backend: Backend
    least_rows: float = 0.0
    own_unit: Array | None = None

    @cached_property
    def rows_a_weight(self) -> float:
        """Different rows a unit of weight: by it sums of responsibilities become numbers of rows.

        Neither repeating rows nor multiplying their weights makes a group more than the few rows that it is.
        """
        return self.n_different / float(self.sample.weights.sum())

    @cached_property
    def n_different(self) -> int:
        """Number of different rows in the sample."""
        return int(np.count_nonzero(self.sample.is_new))

    def count_spikes(self, mixture: MixtureParameters, weights: Array) -> int:
        """Return how many components have collapsed on a few rows; see `gaussmix.initialization.spikes`.

        None, if there are too few rows for all to be sound: then no other mixture would be sounder.

        Parameters
        ----------
        mixture : MixtureParameters
        weights : ndarray of shape (K,)
            Weight of the rows of each component.
        """
        return int(self.count_spikes_each(MixtureStack.of([mixture]), weights[None])[0])

    def count_spikes_each(self, mixtures: MixtureStack, weights: Array) -> NDArray[np.intp]:
        """Return what `count_spikes` does of several mixtures, shape (S,), with weights of shape (S, K)."""
        n_components, n_features = mixtures.means.shape[1:]
        if self.n_different < n_components * least_rows(mixtures.family, n_features):
            return np.zeros(len(mixtures), dtype=np.intp)
        recorded = self.regularization.recorded
        return count_spikes(mixtures, weights * self.rows_a_weight, self.least_rows, recorded)

    def optimism(self, mixtures: MixtureStack) -> Array:
        """Return by how much likelihoods flatter covariances of few rows, in nats a row, shape (S,)."""
        if self.regularization.prior is not None:  # which says what a covariance may be
            return np.zeros(len(mixtures))
        return optimism(mixtures, mixtures.weights * self.n_different) / self.n_different

    def on_sample(self) -> StartingData:
        """Return the same with the sample in place of all rows."""
        z, weights = self.sample.z, self.sample.weights
        rows = Rows(np.ascontiguousarray(z), Coordinates.identity(z.shape[1]), np.ascontiguousarray(weights))
        return replace(self, rows=rows)

    def thinned(self, n_components: int) -> StartingData:
        """Return the same with no more rows of the sample than is needed to tell starts apart, as all rows.

        The sample stands in an order that makes any regular part of it representative.
        """
        n_features = self.rows.n_features
        a_component = max(ROWS_A_COMPONENT, ROWS_A_FEATURE * n_features)
        n_rows = min(max(FEWEST_TRIAL_ROWS, TRIAL_ENTRIES // n_features**2), MOST_TRIAL_ROWS)
        n_rows = max(n_rows, a_component * n_components)
        n_sample = len(self.sample.z)
        if n_sample <= n_rows:
            return self.on_sample()
        chosen = np.arange(n_rows) * n_sample // n_rows
        part = Sample(self.sample.z[chosen], self.sample.weights[chosen])
        return replace(self, sample=part, least_rows=LEAST_ROWS_A_FEATURE * n_features).on_sample()


class Start(Protocol):
    """Finds first parameters. Starts have no state: the same generator state gives the same start."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Iterable[MixtureParameters]:
        """Return one or more mixtures to start from, in working coordinates.

        Where they are several, the first is the one to take alone.
        """
        ...
