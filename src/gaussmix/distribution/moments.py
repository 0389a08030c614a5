"""Moments of a mixture, in closed form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.distribution.mixture import Mixture

MOST_TERMS = 100_000
"""Mixed moments of lower order that one may need."""


class WithMoments(Mixture):
    """A mixture that knows its moments."""

    def mean(self) -> Array:
        """Return the mean, shape (D,).

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.25, 0.75], [0.0, 4.0], [1.0, 1.0]).mean()
        array([3.])
        """
        # About a mean: a sum of large weighted values would round more than their differences.
        center = self.means[int(self.weights.argmax())]
        mean: Array = center + self.weights @ (self.means - center)
        return mean

    def cov(self) -> Array:
        """Return the covariance matrix of the whole mixture, shape (D, D).

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).cov()
        array([[5.]])
        """
        deviations = self.means - self.mean()
        within = np.einsum("k,kde->de", self.weights, self.covariances)
        between: Array = (deviations * self.weights[:, None]).T @ deviations
        return within + 0.5 * (between + between.T)

    def var(self) -> Array:
        """Return the variance of each feature, shape (D,).

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).var()
        array([5.])
        """
        return np.diagonal(self.cov()).copy()

    def std(self) -> Array:
        """Return the standard deviation of each feature, shape (D,).

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([1.0], [0.0], [4.0]).std()
        array([2.])
        """
        return np.sqrt(self.var())

    def skewness(self) -> Array:
        """Return the skewness of each feature, shape (D,).

        The third central moment over the third power of the standard deviation; zero for a Gaussian.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.75, 0.25], [0.0, 4.0], [1.0, 1.0]).skewness().round(4)
        array([0.75])
        """
        # In standard deviations of the whole, where no power can leave the range of doubles.
        shifts, variances = self._standardised()
        skewness: Array = self.weights @ (shifts**3 + 3.0 * shifts * variances)
        return skewness

    def kurtosis(self) -> Array:
        """Return the excess kurtosis of each feature, shape (D,).

        The fourth central moment over the squared variance, minus three: zero for a Gaussian.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).kurtosis()
        array([-1.28])
        """
        shifts, variances = self._standardised()
        kurtosis: Array = self.weights @ (shifts**4 + 6.0 * shifts**2 * variances + 3.0 * variances**2) - 3.0
        return kurtosis

    def moment(self, order: int | Sequence[int] | Mapping[int | str, int], *, central: bool = False) -> float:
        """Return a moment of any order, also of several features: the mean of a product of powers.

        By the recursion that Stein's identity gives for each component.

        Parameters
        ----------
        order : int, sequence of D int, or mapping of features to int
            The power of each feature; of those that a mapping leaves out, zero.
        central : bool, default=False
            Of the differences from the mean.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If a power is not a whole number from 0 on, there are not as many as features, or they are so
            high that more than 100,000 lower moments are needed.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([1.0], [0.0], [1.0]).moment(4)
        3.0
        >>> distribution = MixtureDistribution([1.0], [[1.0, 2.0]], [[[2.0, 0.5], [0.5, 1.0]]], ["a", "b"])
        >>> distribution.moment({"a": 1, "b": 1}), distribution.moment([2, 2], central=True)
        (2.5, 2.5)
        """
        powers = self._powers(order)
        features = [d for d, power in enumerate(powers) if power > 0]
        shifts = (self.means - self.mean() if central else self.means)[:, features]
        matrices = self.covariances[:, features][:, :, features]
        moments = _component_moments(shifts, matrices, tuple(powers[d] for d in features))
        return float(self.weights @ moments)

    def _standardised(self) -> tuple[Array, Array]:
        """Return distances of means from the mean and variances in units of the whole spread, (K, D) each."""
        deviation = self.std()
        variances = np.einsum("kdd->kd", self.covariances)
        return (self.means - self.mean()) / deviation, variances / deviation / deviation

    def _powers(self, order: int | Sequence[int] | Mapping[int | str, int]) -> list[int]:
        """Return the power of each feature, checked."""
        if isinstance(order, Mapping):
            powers = [0] * self.n_features
            for feature, power in order.items():
                powers[self._feature_index(feature)] = power
        elif isinstance(order, int | np.integer):
            self._only_one_feature("a moment whose order is a single number")
            powers = [int(order)]
        else:
            powers = list(order) if isinstance(order, Iterable) else [order]
        if len(powers) != self.n_features:
            raise ValueError(f"there are {len(powers)} powers for {self.n_features} features")
        for power in powers:
            if isinstance(power, bool) or not isinstance(power, int | np.integer) or power < 0:
                raise ValueError(f"powers should be whole numbers from 0 on, but one is {power!r}")
        n_terms = 1.0
        for power in powers:
            n_terms *= power + 1.0
        if n_terms > MOST_TERMS:
            raise ValueError(f"the order is too high: {n_terms:.3g} lower moments would be needed")
        return [int(power) for power in powers]


def _component_moments(means: Array, covariances: Array, powers: tuple[int, ...]) -> Array:
    """Return the mean of a product of powers under each component, shape (K,).

    ``E[x_i f(x)] = mean_i E[f(x)] + sum_j covariance_ij E[df/dx_j]`` takes one power away at a time.
    """
    known = {(0,) * len(powers): np.ones(len(means))}
    # Lower orders first, so that each finds those it needs.
    for index in np.ndindex(*(power + 1 for power in powers)):
        if index in known:
            continue
        i = next(d for d, power in enumerate(index) if power > 0)
        lower = _with(index, i, -1)
        value = means[:, i] * known[lower]
        for j, power in enumerate(lower):
            if power > 0:
                value = value + covariances[:, i, j] * power * known[_with(lower, j, -1)]
        known[index] = value
    return known[powers]


def _with(index: tuple[int, ...], position: int, change: int) -> tuple[int, ...]:
    """Return an index with one entry changed."""
    return (*index[:position], index[position] + change, *index[position + 1 :])
