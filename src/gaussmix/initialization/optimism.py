"""How much the likelihood of an optimum flatters covariances that few rows have shaped.

Of several optima the likeliest is not the one that suits new rows best where components have few rows: it is
the one whose components happen to be thin. Optima are compared by what their likelihood would be with
covariances between their own and the mean of all components', the nearer to that the fewer their rows are.
Between is meant in logarithms: thin groups of many rows lose next to nothing, however thin they are.
"""

from __future__ import annotations

import numpy as np

from gaussmix.core.density import FactorForm
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack

WORTH = 3.0
"""The mean counts for so many times the rows that a covariance needs not to be singular, and one more. Chosen
by measuring among 1, 2, 3 and 5, and additions of scatter, on tables with 8 to 20 rows a group."""


def optimism(mixtures: MixtureStack, counts: Array) -> Array:
    """Return what log-likelihoods lose with covariances moved towards their mean, shape (S,).

    In nats, for all rows together, each row counted with the component that it belongs to. Zero where
    components share covariances, or volume, shape or axes of those: in these other rows take part anyway.

    Parameters
    ----------
    mixtures : MixtureStack
    counts : ndarray of shape (S, K)
        Different rows of each component.
    """
    n_mixtures, n_components, n_features = mixtures.means.shape
    family, representation = mixtures.family, mixtures.family.representation
    if not family.independent or min(n_components, n_features) == 1:
        return np.zeros(n_mixtures)
    weights = mixtures.weights / mixtures.weights.sum(axis=1, keepdims=True)
    if representation.form is FactorForm.FULL:
        mean = np.einsum("sk,skij->sij", weights, mixtures.covariances)[:, None]
        relative = np.linalg.eigvalsh(mixtures.factor @ mean @ np.swapaxes(mixtures.factor, 2, 3))
    else:
        flat = mixtures.covariances.reshape(n_mixtures * n_components, *mixtures.covariances.shape[2:])
        variances = representation.variances(flat, len(flat), n_features).reshape(mixtures.means.shape)
        relative = np.einsum("sk,skd->sd", weights, variances)[:, None] / variances
    relative = np.maximum(relative, np.finfo(float).tiny)
    # The mean matrix has the volume of the widest component; that of them all is the geometric mean.
    relative = (
        relative / np.exp(np.einsum("sk,skd->s", weights, np.log(relative)) / n_features)[:, None, None]
    )
    of_mean = WORTH * (n_features + 2)
    logarithms = (of_mean / (counts + of_mean))[:, :, None] * np.log(relative)
    losses = (logarithms + np.exp(-logarithms) - 1.0).sum(axis=2)
    return np.asarray(0.5 * (counts * losses).sum(axis=1))
