"""What a fit has found, judged on one footing: likelihood, spikes, agreement with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, solve_triangular
from scipy.special import logsumexp
from sklearn.metrics import adjusted_rand_score

Array = NDArray[np.float64]

THIN = 1e-2  # squared: a tenth of the width of the other components
FLOOR = 1e-6  # of the covariance of all rows
BLOCK = 10_000  # rows worked on at a time


class Parameters(NamedTuple):
    """A mixture, whatever its covariance family: covariances are K x D x D."""

    weights: Array
    means: Array
    covariances: Array

    @classmethod
    def of(cls, mixture: Any) -> Parameters:
        """Return those of a fitted estimator with scikit-learn's attributes."""
        means = np.asarray(mixture.means_, dtype=np.float64)
        covariances = np.asarray(mixture.covariances_, dtype=np.float64)
        n_components, n_features = means.shape
        if mixture.covariance_type == "tied":
            covariances = np.broadcast_to(covariances, (n_components, n_features, n_features))
        elif mixture.covariance_type == "diag":
            covariances = covariances[:, :, None] * np.eye(n_features)
        elif mixture.covariance_type == "spherical":
            covariances = covariances[:, None, None] * np.eye(n_features)
        return cls(np.asarray(mixture.weights_, dtype=np.float64), means, np.array(covariances))

    def precisions(self, family: str) -> Array:
        """Return inverse covariances in the shape that a family's `precisions_init` takes."""
        covariances = self.covariances
        if family == "full":
            return np.linalg.inv(covariances)
        if family == "tied":
            return np.linalg.inv(np.einsum("k,kij->ij", self.weights, covariances))
        variances = np.einsum("kii->ki", covariances)
        return 1.0 / (variances if family == "diag" else variances.mean(axis=1))


def log_densities(X: Array, parameters: Parameters) -> Array:
    """Return the logarithm of weight times density of each component at each row, N x K."""
    weights, means, covariances = parameters
    roots = np.linalg.cholesky(covariances)
    result = np.empty((len(X), len(weights)))
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    for k, (mean, root) in enumerate(zip(means, roots, strict=True)):
        constant = log_weights[k] - np.log(root.diagonal()).sum() - 0.5 * X.shape[1] * np.log(2 * np.pi)
        for first in range(0, len(X), BLOCK):
            rows = slice(first, first + BLOCK)
            whitened = solve_triangular(root, (X[rows] - mean).T, lower=True, check_finite=False)
            result[rows, k] = constant - 0.5 * np.einsum("dn,dn->n", whitened, whitened)
    return result


def with_common_floor(X: Array, parameters: Parameters) -> Parameters:
    """Return a mixture whose covariances are raised to a millionth of that of all rows, where they are below.

    The likelihood of rows that lie on an exact line or plane depends on nothing but the floor under
    variances, and packages choose theirs in different ways.
    """
    whole = np.cov(X.T).reshape(X.shape[1], X.shape[1])
    covariances = parameters.covariances.copy()
    for k, covariance in enumerate(covariances):
        values, directions = eigh(covariance, whole)
        if values[0] < FLOOR:
            basis = whole @ directions
            covariances[k] = (basis * np.maximum(values, FLOOR)) @ basis.T
    return Parameters(parameters.weights, parameters.means, covariances)


def rounding_step(values: Array, width: float) -> float:
    """Return the median distance between neighbours that lie further apart than a width; zero without any.

    Of values that were not rounded, and are many, this is little more than the width.
    """
    distances = np.diff(np.sort(values))
    distances = distances[distances > 2.0 * width]
    return float(np.median(distances)) if len(distances) else 0.0


def spikes(X: Array, parameters: Parameters, densities: Array | None = None) -> tuple[int, ...]:
    """Return the components that climb the likelihood by collapsing on a few rows.

    Among many rows some few lie on a line, or nearly so, by chance. A component that closes in on them gains
    likelihood without limit, and says nothing about where the rows come from. A component is such a spike if

    - it has fewer than D + 1 rows (sum of its responsibilities), so that they span no volume at all; or
    - it is thin, and what the likelihood gains from that is no more than chance can give: the whole
      log-likelihood falls by less than q log N when the component is made as wide as the others in its
      thin directions. q = D + (c + 1)(D - c) numbers place a region that is thin in c of D directions: a
      mean, c(D - c) angles, D - c extents. Each can be chosen in about N ways that hold different rows, so
      that log-likelihoods up to q log N are found somewhere in rows without any such structure.

    Thin means an eigenvalue below 1/100 of the mean covariance of all components (weighted): widths below a
    tenth. Where values were rounded, nothing is taken to be thinner than the step between neighbouring
    values: rows that share a rounded value are no line. All of this is free of scale, in any linear
    transformation of the rows. Clusters that are truly thin have enough rows to pass: in the middle of 1000
    rows of the plane 10 on an exact line count as a spike at the usual floor of variances, 20 do not.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
    parameters : Parameters
    densities : array of shape (n_rows, n_components), optional
        Those of `log_densities`, if they are at hand.

    Returns
    -------
    tuple of int
        Indices of components.

    Examples
    --------
    A cluster of 300 rows, and one drawn in on three of them that nearly lie on a line:

    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> three = X[[0, 1]].mean(axis=0)
    >>> line = np.outer(X[0] - X[1], X[0] - X[1]) / 4 + 1e-6 * np.eye(2)
    >>> weights, means = np.array([0.99, 0.01]), np.array([[0.0, 0.0], three])
    >>> spikes(X, Parameters(weights, means, np.array([np.eye(2), line])))
    (1,)
    """
    weights, means, covariances = parameters
    n_rows, n_features = X.shape
    if len(weights) == 1:
        return ()
    if densities is None:
        densities = log_densities(X, parameters)
    totals = logsumexp(densities, axis=1)
    rows_of = np.array([np.exp(column - totals).sum() for column in densities.T])
    mean_covariance = np.einsum("k,kij->ij", weights, covariances)
    found = []
    for k, covariance in enumerate(covariances):
        if rows_of[k] < n_features + 1:
            found.append(k)
            continue
        values, directions = eigh(covariance, mean_covariance)
        thin = values < THIN
        if not thin.any():
            continue
        # eigh's directions diagonalise both matrices: covariance = basis @ diag(values) @ basis.T.
        basis = mean_covariance @ directions
        places = (X - means[k]) @ directions
        widths = np.sqrt(np.maximum(values, 0.0))
        near = (np.abs(places) < np.where(thin, 1.0, 3.0 * widths)).all(axis=1)
        steps = np.array([rounding_step(*pair) for pair in zip(places[near].T, widths, strict=True)])
        alternatives = np.stack(
            [
                (basis * np.where(thin, np.maximum(values, least), values)) @ basis.T
                for least in (steps**2 / 12, 1.0)
            ]
        )
        others = logsumexp(np.delete(densities, k, axis=1), axis=1)
        own = log_densities(X, Parameters(weights[[k, k]], means[[k, k]], alternatives))
        as_it_is, widened = np.logaddexp(others[:, None], own).sum(axis=0)
        gain = as_it_is - widened
        c = int(thin.sum())
        if gain < (n_features + (c + 1) * (n_features - c)) * np.log(n_rows):
            found.append(k)
    return tuple(found)


@dataclass(frozen=True)
class Solution:
    """A mixture found, and what it is worth.

    Parameters
    ----------
    parameters : Parameters
    log_likelihood : float
        Mean of a row, in nats.
    spikes : tuple of int
        Components that are spikes: with any, the solution is no better optimum whatever its likelihood.
    ari : float
        Adjusted Rand index with the reference labels, noise left out; NaN without labels.
    seconds : float
        What the fit took; NaN if it was not timed.
    """

    parameters: Parameters
    log_likelihood: float
    spikes: tuple[int, ...]
    ari: float
    seconds: float

    @property
    def spurious(self) -> bool:
        """Whether any component is a spike."""
        return bool(self.spikes)


def judge(
    X: Array, labels: NDArray[np.int64] | None, parameters: Parameters, seconds: float = float("nan")
) -> Solution:
    """Return a solution with its likelihood, its spikes and its agreement with labels (-1: noise)."""
    parameters = with_common_floor(X, parameters)
    densities = log_densities(X, parameters)
    ari = float("nan")
    if labels is not None:
        kept = labels >= 0
        ari = float(adjusted_rand_score(labels[kept], densities[kept].argmax(axis=1)))
    return Solution(
        parameters,
        float(logsumexp(densities, axis=1).mean()),
        spikes(X, parameters, densities),
        ari,
        seconds,
    )
