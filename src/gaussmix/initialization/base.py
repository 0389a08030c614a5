"""What every start is given and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gaussmix.backends import Backend
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, Regularization
from gaussmix.core.rows import Array, Rows
from gaussmix.initialization.order import Sample


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


class Start(Protocol):
    """Finds first parameters. Starts have no state: the same generator state gives the same start."""

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> MixtureParameters:
        """Return parameters in working coordinates."""
        ...
