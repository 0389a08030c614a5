"""The gradient and the curvature of a mixture's log-likelihood, row by row.

They are taken in local coordinates, in which a component is standard: the logarithms of the weights; the
shifts t of each mean, in units of the component's own standard deviations; and T, with exp(T) each covariance
in these units. There the derivatives of a component's log-density are products of the whitened row u: u
itself, and (u u' - I) / 2. The curvature of the mixture's follows from the missing-data identity (Louis 1982,
Journal of the Royal Statistical Society B 44, 226).

Index conventions: N rows, K components, D features; B = D + D (D + 1) / 2 coordinates a component, and P = K
+ K B in all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from gaussmix.backends import Backend
from gaussmix.core.density import LOG_2_PI, Density, FactorForm
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.statistics import Moments, SufficientStatistics
from gaussmix.inference.charts import CovarianceChart

BLOCK_NUMBERS = 1 << 18


@dataclass(frozen=True)
class LocalDerivatives:
    """Derivatives of the log-likelihood of some rows in local coordinates.

    Parameters
    ----------
    gradient : ndarray of shape (P,)
    information : ndarray of shape (P, P)
        The second derivatives, negative.
    outer_product : ndarray of shape (P, P)
        Sum over rows of the products of their scores.
    slopes : ndarray of shape (K, D, D)
        The gradient with respect to each T, as a matrix.
    """

    gradient: Array
    information: Array
    outer_product: Array
    slopes: Array


def local_derivatives(
    rows: Rows, mixture: MixtureParameters, chart: CovarianceChart, backend: Backend
) -> LocalDerivatives:
    """Return the derivatives of the log-likelihood of rows.

    Parameters
    ----------
    rows : Rows
        Weights count how often each row occurs.
    mixture : MixtureParameters
        In the rows' working coordinates.
    chart : CovarianceChart
        Says in which coordinates each covariance is the identity.
    backend : Backend
        Sums products of scores, as it sums those of rows.
    """
    n_components, n_features = mixture.means.shape
    n_block = n_features + n_features * (n_features + 1) // 2
    size = n_components * (1 + n_block)
    gradient, outer = np.zeros(size), np.zeros((size, size))
    counts, first = np.zeros(n_components), np.zeros((n_components, n_block))
    within = np.zeros((n_components, n_block, n_block))
    step = max(1, BLOCK_NUMBERS // size)
    for begin in range(0, rows.n_rows, step):
        z = rows.coordinates.to_working(rows.X[begin : begin + step])
        weight = None if rows.sample_weight is None else rows.sample_weight[begin : begin + step]
        u, responsibilities = whitened(z, mixture, chart)
        parts = complete_scores(u)
        sums = _products(_observed(parts, responsibilities, mixture.weights), weight, backend)
        gradient += sums.first[0]
        outer += sums.second[0]
        shares = responsibilities if weight is None else responsibilities * weight[:, None]
        for k in range(n_components):
            sums = _products(parts[:, k], shares[:, k], backend)
            counts[k] += sums.counts[0]
            first[k] += sums.first[0]
            within[k] += sums.second[0]
    second = within[:, :n_features, :n_features]
    information = outer - _expected_products(gradient, counts, within, mixture.weights)
    for k in range(n_components):
        block = slice(n_components + k * n_block, n_components + (k + 1) * n_block)
        information[block, block] += _complete_information(counts[k], first[k, :n_features], second[k])
    weights = mixture.weights
    information[:n_components, :n_components] += counts.sum() * (
        np.diag(weights) - np.outer(weights, weights)
    )
    slopes = 0.5 * (second - counts[:, None, None] * np.eye(n_features))
    return LocalDerivatives(gradient, information, outer, slopes)


def _products(table: Array, weight: Array | None, backend: Backend) -> SufficientStatistics:
    """Return the weighted sums of a table's rows, and of their products with themselves.

    By an E-step of a single component that is the same everywhere. (The threads of NumPy's matrix product can
    wait for one another many times longer than they compute.)
    """
    n_columns = table.shape[1]
    everywhere = Density(np.zeros(1), np.zeros((1, n_columns)), np.zeros(1), FactorForm.SCALAR)
    return backend.expect(Rows(table, Coordinates.identity(n_columns), weight), everywhere, Moments.FULL)


def whitened(z: Array, mixture: MixtureParameters, chart: CovarianceChart) -> tuple[Array, Array]:
    """Return whitened rows (N, K, D) and responsibilities (N, K) of rows in working coordinates."""
    inverse = chart.inverse_roots()
    u = np.einsum("kde,nke->nkd", inverse, z[:, None] - mixture.means)
    log_determinants = np.linalg.slogdet(inverse)[1]
    with np.errstate(divide="ignore"):
        log_joint = np.log(mixture.weights) + log_determinants - 0.5 * mixture.n_features * LOG_2_PI
    log_joint = log_joint - 0.5 * np.einsum("nkd,nkd->nk", u, u)
    return u, np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))


def complete_scores(u: Array) -> Array:
    """Return the scores of rows for t and T as if their components were known, shape (N, K, B)."""
    n_features = u.shape[-1]
    rows, columns = np.tril_indices(n_features)
    products = u[..., rows] * u[..., columns]
    diagonal = rows == columns
    products[..., diagonal] = 0.5 * (products[..., diagonal] - 1.0)
    return np.concatenate([u, products], axis=-1)


def _observed(parts: Array, responsibilities: Array, weights: Array) -> Array:
    """Return the scores of rows, shape (N, P)."""
    blocks = (parts * responsibilities[..., None]).reshape(len(parts), -1)
    return np.concatenate([responsibilities - weights, blocks], axis=1)


def _expected_products(gradient: Array, counts: Array, within: Array, weights: Array) -> Array:
    """Return the sum over rows of the expected product of their scores as if components were known."""
    n_components, n_block, _ = within.shape
    total = np.zeros((len(gradient), len(gradient)))
    moved = np.outer(counts, weights)
    total[:n_components, :n_components] = (
        np.diag(counts) - moved - moved.T + counts.sum() * np.outer(weights, weights)
    )
    for k in range(n_components):
        block = slice(n_components + k * n_block, n_components + (k + 1) * n_block)
        total[block, block] = within[k]
        cross = np.outer(np.eye(n_components)[k] - weights, gradient[block])
        total[:n_components, block] = cross
        total[block, :n_components] = cross.T
    return total


def _complete_information(count: float, first: Array, second: Array) -> Array:
    """Return a component's information on t and T as if its rows were known: second derivatives, negative."""
    n_features = len(first)
    rows, columns = np.tril_indices(n_features)
    basis = np.zeros((len(rows), n_features, n_features))
    numbers = np.arange(len(rows))
    basis[numbers, rows, columns] = basis[numbers, columns, rows] = 1.0
    information = np.zeros((n_features + len(rows), n_features + len(rows)))
    information[:n_features, :n_features] = count * np.eye(n_features)
    mixed = (basis @ first).T
    information[:n_features, n_features:] = mixed
    information[n_features:, :n_features] = mixed.T
    flat = (basis @ second).reshape(len(rows), -1)
    products = flat @ basis.reshape(len(rows), -1).T
    information[n_features:, n_features:] = 0.25 * (products + products.T)
    return information
