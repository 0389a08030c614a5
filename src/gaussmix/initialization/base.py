"""What every start is given and returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gaussmix.backends import Backend
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.initialization.order import Sample

TRIAL_ROWS = 4000
ROWS_A_COMPONENT = 100
ROWS_A_PARAMETER = 3
"""Starts are compared on about so many rows, the largest of these numbers for a mixture."""


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
    """

    rows: Rows
    sample: Sample
    spread: Array
    family: CovarianceFamily
    regularization: Regularization
    backend: Backend


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
        parameters = n_features + self.family.n_parameters(1, n_features)
        a_component = max(ROWS_A_COMPONENT, ROWS_A_PARAMETER * parameters)
        step = len(self.sample.z) // max(TRIAL_ROWS, a_component * n_components)
        if step < 2:
            return self.on_sample()
        return replace(self, sample=Sample(self.sample.z[::step], self.sample.weights[::step])).on_sample()


class Start(Protocol):
    """Finds first parameters. Starts have no state: the same generator state gives the same start."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Sequence[MixtureParameters]:
        """Return one or more mixtures to start from, in working coordinates."""
        ...
