"""Components merged and split by hand: where EM goes on from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import FactorForm
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.exceptions import DataError

Rows = NDArray[np.floating]

MOST_ROWS_OF_A_SPLIT = 20_000
"""A sample of so many rows shows where a component comes apart."""


def merge_by_hand(model: GaussianMixture, X: Rows, first: int, second: int) -> GaussianMixture:
    """Return the mixture in which EM ends after two components have become one.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : ndarray of shape (N, D)
    first, second : int
        The merged component takes the place of the first.

    Returns
    -------
    GaussianMixture
        With the names of the components that were not touched.

    Raises
    ------
    DataError
        If both are the same.
    """
    if first == second:
        raise DataError("a component cannot be merged with itself; pick two")
    weights, means, covariances = _parts(model)
    total = weights[first] + weights[second]
    shares = np.array([weights[first], weights[second]]) / total if total > 0 else np.array([0.5, 0.5])
    pair = [first, second]
    mean = shares @ means[pair]
    difference = means[first] - means[second]
    between = shares[0] * shares[1] * np.outer(difference, difference)
    merged = np.tensordot(shares, covariances[pair], axes=1) + between
    weights[first], means[first], covariances[first] = total, mean, merged
    kept = [k for k in range(len(weights)) if k != second]
    names = [None if k == first else name for k, name in _names(model) if k != second]
    return _continued(model, X, weights[kept], means[kept], covariances[kept], names)


def split_by_hand(model: GaussianMixture, X: Rows, component: int, seed: int) -> GaussianMixture:
    """Return the mixture in which EM ends after one component has become two.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : ndarray of shape (N, D)
    component : int
        The first of the two takes its place, the other comes last.
    seed : int

    Returns
    -------
    GaussianMixture
        With the names of the components that were not touched.

    Raises
    ------
    DataError
        If it has too few rows.
    """
    rows = np.flatnonzero(model.predict(X) == component)
    if len(rows) < 2 * (X.shape[1] + 1):
        raise DataError(f"component {component} has {len(rows)} rows, too few to be split in two")
    if len(rows) > MOST_ROWS_OF_A_SPLIT:
        rows = np.random.default_rng(seed).choice(rows, MOST_ROWS_OF_A_SPLIT, replace=False)
    halves = GaussianMixture(2, covariance_type=model.covariance_type, random_state=seed)
    halves.fit(X[np.sort(rows)])
    half_weights, half_means, half_covariances = _parts(halves)
    weights, means, covariances = _parts(model)
    whole = weights[component]
    weights[component], means[component], covariances[component] = (
        whole * half_weights[0],
        half_means[0],
        half_covariances[0],
    )
    names = [None if k == component else name for k, name in _names(model)]
    return _continued(
        model,
        X,
        np.append(weights, whole * half_weights[1]),
        np.vstack([means, half_means[1]]),
        np.concatenate([covariances, half_covariances[1:]]),
        [*names, None],
    )


def _parts(model: Any) -> tuple[Array, Array, Array]:
    """Return copies of weights, means and covariances, the latter as matrices of shape (K, D, D)."""
    representation = FAMILIES[model.covariance_type].representation
    means = np.array(model.means_, dtype=np.float64)
    covariances = representation.matrices(np.asarray(model.covariances_, dtype=np.float64), *means.shape)
    return np.array(model.weights_, dtype=np.float64), means, np.array(covariances)


def _names(model: GaussianMixture) -> list[tuple[int, str | None]]:
    return list(enumerate(model.component_names_ or [None] * len(model.weights_)))


def _continued(
    model: GaussianMixture,
    X: Rows,
    weights: Array,
    means: Array,
    matrices: Array,
    names: list[str | None],
) -> GaussianMixture:
    """Return the mixture of the same family in which EM ends that begins at these parameters."""
    form = FAMILIES[model.covariance_type].representation.form
    diagonals = np.diagonal(matrices, axis1=1, axis2=2)
    covariances = matrices
    if form is FactorForm.SHARED:
        covariances = np.tensordot(weights, matrices, axes=1)
    elif form is FactorForm.DIAGONAL:
        covariances = diagonals
    elif form is FactorForm.SCALAR:
        covariances = diagonals.mean(axis=1)
    started = GaussianMixture.from_parameters(
        weights / weights.sum(), means, covariances, covariance_type=model.covariance_type
    )
    settings = model.get_params()
    kept = {name: settings[name] for name in ("tol", "reg_covar", "max_iter", "random_state", "n_jobs")}
    started.set_params(**kept, warm_start=True)
    started.fit(X)
    started.set_params(warm_start=False)
    started.component_names_ = names
    return started
