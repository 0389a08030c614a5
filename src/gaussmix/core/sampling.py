"""Random draws from a mixture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array


def draw(
    parameters: MixtureParameters, n_samples: int, generator: np.random.RandomState
) -> tuple[Array, NDArray[np.int64]]:
    """Return rows drawn from a mixture and the component that each came from, in order of components.

    Parameters
    ----------
    parameters : MixtureParameters
    n_samples : int
    generator : numpy.random.RandomState

    Returns
    -------
    X : ndarray of shape (n_samples, D)
    labels : ndarray of shape (n_samples,), dtype int64
    """
    counts = generator.multinomial(n_samples, parameters.weights / parameters.weights.sum())
    labels = np.repeat(np.arange(parameters.n_components), counts)
    X = generator.standard_normal((n_samples, parameters.n_features))
    representation = parameters.family.representation
    stop = 0
    for k, count in enumerate(counts):
        start, stop = stop, stop + count
        X[start:stop] = representation.spread(X[start:stop], parameters.factor, k) + parameters.means[k]
    return X, labels
