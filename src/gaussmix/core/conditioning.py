"""Marginal and conditional distributions of Gaussian mixtures.

Some features of a Gaussian mixture, given the others, follow a Gaussian mixture too: each component is a
linear regression on what is given, and the weights are the responsibilities for what is given (Ghahramani and
Jordan 1994, Advances in Neural Information Processing Systems 6).

Everything here takes plain arrays: weights (K,), means (K, D) and full covariances (K, D, D).

Index conventions: N rows, D features, K components, G given features, W wanted features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.density import LOG_2_PI
from gaussmix.core.representation import MatrixRepresentation, invert_lower_triangular
from gaussmix.core.rows import Array

_MATRICES = MatrixRepresentation()
FARTHEST = 1e150
"""What is given may lie so many standard deviations from a mean."""


def marginal(
    weights: Array, means: Array, covariances: Array, features: ArrayLike
) -> tuple[Array, Array, Array]:
    """Return weights, means and covariances of some of the features alone, whatever the others are.

    Parameters
    ----------
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, D)
    covariances : ndarray of shape (K, D, D)
    features : array-like of int, shape (W,)
        Numbers of the features, in the order wanted.

    Examples
    --------
    >>> import numpy as np
    >>> marginal(np.ones(1), np.array([[1.0, 2.0]]), np.array([[[4.0, 1.0], [1.0, 9.0]]]), [1])
    (array([1.]), array([[2.]]), array([[[9.]]]))
    """
    chosen = np.asarray(features, dtype=np.intp)
    return weights.copy(), means[:, chosen], _MATRICES.marginal(covariances, chosen)


@dataclass(frozen=True)
class ConditionalMixtures:
    """One mixture a row: what the wanted features of each row follow, given its known ones.

    Parameters
    ----------
    log_weights : ndarray of shape (N, K)
        Logarithms of the responsibilities for what is given: the weights of the row's mixture.
    means : ndarray of shape (N, K, W)
    covariances : ndarray of shape (K, W, W)
        Those of all rows: they do not depend on what is given.
    factor : ndarray of shape (K, W, W)
        Whitening factors of the covariances, see `gaussmix.core.density`.
    """

    log_weights: Array
    means: Array
    covariances: Array
    factor: Array

    def __len__(self) -> int:
        return len(self.log_weights)

    @cached_property
    def weights(self) -> Array:
        """Weights of each row's mixture, shape (N, K)."""
        return np.exp(self.log_weights)

    def mean(self) -> Array:
        """Return the mean of each row's mixture, shape (N, W)."""
        mean: Array = np.einsum("nk,nkw->nw", self.weights, self.means)
        return mean

    def variance(self) -> Array:
        """Return the variance of each wanted feature in each row, shape (N, W)."""
        within = self.weights @ np.einsum("kww->kw", self.covariances)
        deviations = self.means - self.mean()[:, None]
        between = np.einsum("nk,nkw,nkw->nw", self.weights, deviations, deviations)
        total: Array = within + between
        return total

    def covariance(self) -> Array:
        """Return the covariance matrix of each row's mixture, shape (N, W, W)."""
        n_components, n_wanted = self.covariances.shape[:2]
        within = self.weights @ self.covariances.reshape(n_components, -1)
        deviations = self.means - self.mean()[:, None]
        between = np.swapaxes(deviations * self.weights[:, :, None], 1, 2) @ deviations
        total: Array = within.reshape(-1, n_wanted, n_wanted) + between
        return total

    def log_density(self, values: Array) -> Array:
        """Return the log-density of each row's mixture at values of the wanted features.

        Parameters
        ----------
        values : ndarray of shape (N, W)

        Returns
        -------
        log_density : ndarray of shape (N,)
        """
        log_joint = self.log_weights + _log_constants(self.factor)
        for k, factor in enumerate(self.factor):
            log_joint[:, k] -= 0.5 * _squared_distances(values - self.means[:, k], factor)
        return _log_sum(log_joint)

    def draw(self, n_samples: int, generator: np.random.RandomState) -> Array:
        """Return draws from each row's mixture, shape (N, n_samples, W)."""
        n_rows, n_components, n_wanted = self.means.shape
        cumulative = np.cumsum(self.weights, axis=1)
        uniform = generator.uniform(size=(n_rows, n_samples)) * cumulative[:, -1:]
        labels = np.zeros((n_rows, n_samples), dtype=np.intp)
        for k in range(n_components - 1):
            labels += uniform >= cumulative[:, k, None]
        draws = generator.standard_normal((n_rows, n_samples, n_wanted))
        lower = invert_lower_triangular(self.factor)
        for k in range(n_components):
            chosen = labels == k
            draws[chosen] = draws[chosen] @ lower[k].T
        return draws + self.means[np.arange(n_rows)[:, None], labels]


@dataclass(frozen=True)
class Conditioner:
    """A mixture prepared for conditioning: what of some features is known of rows, what of others is wanted.

    Features that are neither given nor wanted are integrated out.

    Parameters
    ----------
    given : ndarray of int, shape (G,)
        Numbers of the known features; there may be none.
    wanted : ndarray of int, shape (W,)
    weights : ndarray of shape (K,)
    given_means : ndarray of shape (K, G)
    wanted_means : ndarray of shape (K, W)
    given_factor : ndarray of shape (K, G, G)
        Whitening factors of the given features.
    coefficients : ndarray of shape (K, W, G)
        Of the linear regression of the wanted on the given features, in each component.
    covariances : ndarray of shape (K, W, W)
        Covariances of the wanted features that remain when the given ones are known.
    factor : ndarray of shape (K, W, W)
        Whitening factors of `covariances`.

    Examples
    --------
    >>> import numpy as np
    >>> conditioner = Conditioner.of(np.ones(1), np.zeros((1, 2)), np.array([[[4.0, 1.0], [1.0, 9.0]]]), [0])
    >>> found = conditioner(np.array([[8.0]]))
    >>> found.mean(), found.covariance()
    (array([[2.]]), array([[[8.75]]]))
    """

    given: NDArray[np.intp]
    wanted: NDArray[np.intp]
    weights: Array
    given_means: Array
    wanted_means: Array
    given_factor: Array
    coefficients: Array
    covariances: Array
    factor: Array

    @classmethod
    def of(
        cls,
        weights: Array,
        means: Array,
        covariances: Array,
        given: ArrayLike,
        wanted: ArrayLike | None = None,
    ) -> Self:
        """Prepare a mixture.

        Parameters
        ----------
        weights : ndarray of shape (K,)
        means : ndarray of shape (K, D)
        covariances : ndarray of shape (K, D, D)
        given : array-like of int, shape (G,)
            Numbers of the features that will be known, in the order in which rows will have them.
        wanted : array-like of int, shape (W,), optional
            By default all others, in their order.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a covariance is not positive definite.
        """
        known = np.asarray(given, dtype=np.intp)
        sought = (
            np.setdiff1d(np.arange(means.shape[1]), known)
            if wanted is None
            else np.asarray(wanted, dtype=np.intp)
        )
        order = np.concatenate([known, sought])
        n_given = len(known)
        # With the given features first, the blocks of the whitening factor inv(C) of a joint covariance C C'
        # hold all: inv(C_gg), -inv(C_ww) C_wg inv(C_gg), and inv(C_ww), where C_wg inv(C_gg) are the
        # coefficients and C_ww C_ww' is the covariance that remains. It is not the difference of two
        # matrices, so it stays positive definite however much the given features explain.
        n_components = len(means)
        if len(order):
            joint = _MATRICES.factor(_MATRICES.marginal(covariances, order))
        else:
            joint = np.zeros((n_components, 0, 0))
        factor = joint[:, n_given:, n_given:].copy()
        lower = invert_lower_triangular(factor)
        return cls(
            given=known,
            wanted=sought,
            weights=weights.copy(),
            given_means=means[:, known],
            wanted_means=means[:, sought],
            given_factor=joint[:, :n_given, :n_given].copy(),
            coefficients=-(lower @ joint[:, n_given:, :n_given]),
            covariances=lower @ np.swapaxes(lower, -1, -2),
            factor=factor,
        )

    def log_joint(self, rows: Array) -> Array:
        """Return the log of each component's weighted density at what is given, shape (N, K).

        Parameters
        ----------
        rows : ndarray of shape (N, G)
            The given features only.
        """
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.weights)
        return log_weights + _log_constants(self.given_factor) - 0.5 * self.squared_distances(rows)

    def squared_distances(self, rows: Array) -> Array:
        """Return squared Mahalanobis distances of what is given, shape (N, K); rows as in `log_joint`.

        They are infinite where they leave the range of doubles.
        """
        found = np.empty((len(rows), len(self.weights)))
        for k, factor in enumerate(self.given_factor):
            found[:, k] = _squared_distances(rows - self.given_means[k], factor)
        return found

    def log_density(self, rows: Array) -> Array:
        """Return the log-density of what is given, shape (N,); rows as in `log_joint`."""
        return _log_sum(self.log_joint(rows))

    def log_responsibilities(self, rows: Array) -> Array:
        """Return the logarithms of the responsibilities, shape (N, K); rows as in `log_joint`.

        Where the squared distances from all components overflow, they are the mixture's weights.
        """
        log_joint = self.log_joint(rows)
        total = _log_sum(log_joint)
        nowhere = total == -np.inf
        with np.errstate(divide="ignore"):
            log_joint[nowhere] = np.log(self.weights)
        total[nowhere] = 0.0
        log_joint -= total[:, None]
        return log_joint

    def means(self, rows: Array) -> Array:
        """Return each component's mean of the wanted features, shape (N, K, W); rows as in `log_joint`."""
        found = np.empty((len(rows), *self.wanted_means.shape))
        for k, coefficients in enumerate(self.coefficients):
            found[:, k] = (rows - self.given_means[k]) @ coefficients.T + self.wanted_means[k]
        return found

    def __call__(self, rows: Array) -> ConditionalMixtures:
        """Return the mixture that the wanted features of each row follow; rows as in `log_joint`."""
        return ConditionalMixtures(
            self.log_responsibilities(rows), self.means(rows), self.covariances, self.factor
        )


def check_nearness(value: float, means: Array, variances: Array, what: str) -> None:
    """Refuse a value so far from all components that the squares of distances leave the range of doubles.

    Parameters
    ----------
    value : float
    means, variances : ndarray of shape (K,)
        Of the components in the value's feature.
    what : str
        What an error calls the value.

    Raises
    ------
    ValueError
    """
    with np.errstate(over="ignore"):
        deviations = np.abs(value - means) / np.sqrt(variances)
    if not deviations.max() <= FARTHEST:
        raise ValueError(
            f"{what}, {value:g}, is more than {FARTHEST:g} standard deviations of a component away from its "
            "mean: squares of that leave the range of doubles"
        )


def _log_constants(factor: Array) -> Array:
    """Return the log-density of each component at its mean, shape (K,)."""
    log_determinants = np.log(np.einsum("kdd->kd", factor)).sum(axis=1)
    constants: Array = log_determinants - 0.5 * factor.shape[-1] * LOG_2_PI
    return constants


def _squared_distances(differences: Array, factor: Array) -> Array:
    """Return the squared Mahalanobis distances of rows, infinite where they leave the range of doubles."""
    with np.errstate(over="ignore", invalid="ignore"):
        whitened = differences @ factor.T
        squares: Array = np.einsum("nd,nd->n", whitened, whitened)
    squares[np.isnan(squares)] = np.inf
    return squares


def _log_sum(log_joint: Array) -> Array:
    """Return the logarithm of the sum over components, shape (N,)."""
    highest = log_joint.max(axis=1, initial=-np.inf)
    shift = np.where(np.isfinite(highest), highest, 0.0)
    with np.errstate(divide="ignore"):
        total: Array = shift + np.log(np.exp(log_joint - shift[:, None]).sum(axis=1))
    return total
