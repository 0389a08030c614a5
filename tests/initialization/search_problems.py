"""Tables, optima good and bad, and log-likelihoods as SciPy computes them."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from gaussmix.backends import NativeBackend
from gaussmix.core.em import run_em
from gaussmix.core.parameters import MixtureParameters, Regularization
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.covariance import FAMILIES
from gaussmix.initialization import StartingData
from gaussmix.initialization.order import representative_sample


def clusters(seed, n_components=5, n_features=2, n_rows=600, spread=4.0):
    """Rows of components with random means and covariances, some of which overlap."""
    rng = np.random.RandomState(seed)
    X = []
    for _ in range(n_components):
        mixing = rng.normal(size=(n_features, n_features))
        X.append(
            rng.normal(size=(n_rows // n_components, n_features)) @ mixing
            + spread * rng.normal(size=n_features)
        )
    return np.concatenate(X)


def separate_clusters(seed, n_components, n_rows, distance):
    """Round clusters of unit variance whose centres keep a distance, and their centres."""
    rng = np.random.RandomState(seed)
    side = 1.6 * distance * np.sqrt(n_components)
    centers = []
    while len(centers) < n_components:
        center = rng.uniform(0, side, 2)
        if all(np.linalg.norm(center - other) > distance for other in centers):
            centers.append(center)
    centers = np.array(centers)
    X = np.repeat(centers, n_rows // n_components, axis=0)
    return X + rng.normal(size=X.shape), centers


def starting_data(X, family="full"):
    n_features = X.shape[1]
    rows = Rows(X, Coordinates.identity(n_features))
    spread = X.std(axis=0)
    sample = representative_sample(rows, spread, 5, np.random.RandomState(0))
    regularization = Regularization(1e-9 * spread**2, np.zeros(n_features))
    return StartingData(rows, sample, spread, FAMILIES[family], regularization, NativeBackend()).on_sample()


def mixture_at(means, family="full", variance=1.0):
    """A mixture in equal shares with given means and round components."""
    means = np.asarray(means, dtype=float)
    n_components, n_features = means.shape
    shape = FAMILIES[family].representation.shape(n_components, n_features)
    is_matrix = len(shape) == 3
    covariances = variance * (
        np.tile(np.eye(n_features), (n_components, 1, 1)) if is_matrix else np.ones(shape)
    )
    return MixtureParameters.from_covariances(
        FAMILIES[family], np.full(n_components, 1 / n_components), means, covariances
    )


def em_from(data, start, *, tol=1e-10, max_iter=3000):
    """Where EM ends from a start."""

    def expect(parameters):
        return data.backend.expect(data.rows, parameters.density(), data.family.moments)

    return run_em(expect, start, data.regularization, tol=tol, max_iter=max_iter).parameters


def log_likelihood(mixture, X):
    """Mean log-likelihood by SciPy."""
    matrices = mixture.family.representation.matrices(mixture.covariances, *mixture.means.shape)
    terms = [
        np.log(weight) + multivariate_normal(mean, matrix, allow_singular=True).logpdf(X)
        for weight, mean, matrix in zip(mixture.weights, mixture.means, matrices, strict=True)
    ]
    return float(logsumexp(terms, axis=0).mean())
