"""New mixtures from old ones: parts, conditions, transformations, products and sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core import conditioning
from gaussmix.core.representation import invert_lower_triangular
from gaussmix.distribution import pairwise
from gaussmix.distribution.mixture import MATRICES, Mixture, normalised
from gaussmix.distribution.reduction import reduced

LARGEST_PRODUCT = 1 << 24
"""Entries that the covariances of a product or sum may have: 128 MiB."""


class WithAlgebra(Mixture):
    """A mixture from which others can be made."""

    def marginal(self, features: int | str | Sequence[int | str]) -> Self:
        """Return the distribution of some features, whatever the others are.

        Parameters
        ----------
        features : int, str, or sequence of them
            Numbers or names, in the order wanted.

        Returns
        -------
        MixtureDistribution

        Raises
        ------
        ValueError
            If there is no such feature, or one is named twice.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([1.0], [[1.0, 2.0]], [[[4.0, 1.0], [1.0, 9.0]]], ["a", "b"])
        >>> distribution.marginal("b").covariances
        array([[[9.]]])
        """
        chosen = self._feature_indices(features)
        parameters = conditioning.marginal(self.weights, self.means, self.covariances, chosen)
        return type(self)(*parameters, self._names_of(chosen))

    def condition(self, given: Mapping[Any, float]) -> Self:
        """Return the distribution of the other features where some are known.

        Parameters
        ----------
        given : mapping of int or str to float
            Value of each known feature, by number or name; a part of a row of a pandas frame will do.

        Returns
        -------
        MixtureDistribution
            Of the features that are not given, in their order, with the components' probabilities given
            what is known as weights (Bishop 2006, Pattern Recognition and Machine Learning, section 2.3).

        Raises
        ------
        ValueError
            If there is no such feature, all are given or one twice, or a value is not a finite number.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.5, 1.0]]], ["a", "b"])
        >>> conditional = distribution.condition({"a": 2.0})
        >>> conditional.feature_names, conditional.mean(), conditional.var()
        (('b',), array([1.]), array([0.75]))
        """
        try:
            known_values = dict(given)
        except (TypeError, ValueError):
            raise ValueError(
                f"what is given should be a mapping of features to values, as {{{self._names[0]!r}: 1.5}}, "
                f"not {given!r}"
            ) from None
        if not known_values:
            return self
        known = self._feature_indices(list(known_values))
        wanted = [d for d in range(self.n_features) if d not in known]
        if not wanted:
            raise ValueError("all features are given; leave at least one to be distributed")
        values = np.array([_finite_number(name, value) for name, value in known_values.items()])
        for name, value, d in zip(known_values, values, known, strict=True):
            conditioning.check_nearness(
                value, self.means[:, d], self.covariances[:, d, d], f"the value of {name!r}"
            )
        # In working coordinates, so that no unit takes squares out of the range of doubles.
        scale, shift = self._coordinates.scale, self._coordinates.shift
        conditioner = conditioning.Conditioner.of(
            self.weights,
            self._coordinates.to_working(self.means),
            self.covariances * scale[:, None] * scale,
            known,
            wanted,
        )
        found = conditioner(((values - shift[known]) * scale[known])[None])
        return type(self)(
            found.weights[0] / found.weights[0].sum(),
            found.means[0] / scale[wanted] + shift[wanted],
            found.covariances / scale[wanted][:, None] / scale[wanted],
            self._names_of(wanted),
        )

    def affine(
        self, matrix: ArrayLike, offset: ArrayLike = 0.0, feature_names: Sequence[str] | None = None
    ) -> Self:
        """Return the distribution of ``matrix @ x + offset``.

        Parameters
        ----------
        matrix : array-like of shape (M, D)
            Of full row rank: at most as many new features as there are old ones.
        offset : float or array-like of shape (M,), default=0
        feature_names : sequence of M str, optional
            Names of the new features. Default: none.

        Returns
        -------
        MixtureDistribution

        Raises
        ------
        ValueError
            If shapes do not agree, or the new features are linearly dependent.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([1.0], [[1.0, 2.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> total = distribution.affine([[1.0, 1.0]], feature_names=["sum"])
        >>> total.mean(), total.var()
        (array([3.]), array([5.]))
        """
        transformation = np.asarray(matrix, dtype=np.float64)
        if transformation.ndim != 2 or transformation.shape[1] != self.n_features:
            raise ValueError(
                f"the matrix should have the shape (M, {self.n_features}), not {transformation.shape}"
            )
        if not 0 < len(transformation) <= self.n_features:
            raise ValueError(
                f"{len(transformation)} combinations of {self.n_features} features have no density together; "
                "keep those that are linearly independent"
            )
        roots = transformation @ invert_lower_triangular(MATRICES.factor(self.covariances))
        means = self.means @ transformation.T + np.broadcast_to(
            np.asarray(offset, dtype=np.float64), (len(transformation),)
        )
        return type(self)(self.weights, means, roots @ np.swapaxes(roots, -1, -2), feature_names)

    def product(self, other: Self) -> tuple[Self, float]:
        """Return the distribution whose density is proportional to the product of two densities.

        That is what two independent sources of knowledge about the same point say together.

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features.

        Returns
        -------
        distribution : MixtureDistribution
            One component for each pair of components; see `reduce`.
        log_normalizer : float
            Logarithm of the integral of the product.

        Raises
        ------
        ValueError
            If the features differ, or there are too many pairs of components.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([1.0], [0.0], [1.0])
        >>> both, log_normalizer = one.product(MixtureDistribution([1.0], [2.0], [1.0]))
        >>> both.mean(), both.var(), round(log_normalizer, 4)
        (array([1.]), array([0.5]), -2.2655)
        """
        two = self._aligned(other)
        self._check_pairs(two)
        n_features = self.n_features
        scale = self._coordinates.scale
        means, others = (self._coordinates.to_working(mixture.means) for mixture in (self, two))
        covariances, other_covariances = (
            mixture.covariances * scale[:, None] * scale for mixture in (self, two)
        )
        log_integrals = pairwise.log_product_integrals(means, covariances, others, other_covariances)
        log_weights = (self._log_weights[:, None] + two._log_weights + log_integrals).ravel()
        factors, other_factors = MATRICES.factor(covariances), MATRICES.factor(other_covariances)
        precisions = MATRICES.precisions(factors)[:, None] + MATRICES.precisions(other_factors)
        factor = MATRICES.factor_of_precisions(precisions.reshape(-1, n_features, n_features))
        found_covariances = MATRICES.covariances(factor)
        found_means = np.empty((self.n_components, two.n_components, n_features))
        for i in range(self.n_components):
            # From one mean towards the other: precision-weighted sums of large values would cancel.
            towards = np.linalg.solve(covariances[i] + other_covariances, (others - means[i])[:, :, None])
            found_means[i] = means[i] + (covariances[i] @ towards)[:, :, 0]
        weights, log_normalizer = normalised(log_weights)
        distribution = type(self)(
            weights,
            self._coordinates.to_data(found_means.reshape(-1, n_features)),
            found_covariances / scale[:, None] / scale,
            self.feature_names,
        )
        return distribution, log_normalizer + float(np.log(scale).sum())

    def convolve(self, other: Self) -> Self:
        """Return the distribution of the sum of two independent points.

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features; a single Gaussian blurs this one.

        Returns
        -------
        MixtureDistribution
            One component for each pair of components; see `reduce`.

        Raises
        ------
        ValueError
            If the features differ, or there are too many pairs of components.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> die = MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
        >>> die.convolve(die).means.ravel()
        array([0., 4., 4., 8.])
        """
        two = self._aligned(other)
        self._check_pairs(two)
        n_features = self.n_features
        return type(self)(
            np.outer(self.weights, two.weights).ravel(),
            (self.means[:, None] + two.means).reshape(-1, n_features),
            (self.covariances[:, None] + two.covariances).reshape(-1, n_features, n_features),
            self.feature_names,
        )

    @classmethod
    def mix(cls, distributions: Sequence[Self], weights: ArrayLike | None = None) -> Self:
        """Return a mixture of mixtures.

        Parameters
        ----------
        distributions : sequence of MixtureDistribution
            Of the same features.
        weights : array-like, one a distribution, optional
            Not negative, summing to one. Default: all equal.

        Returns
        -------
        MixtureDistribution
            With the components of all, those of the first first.

        Raises
        ------
        ValueError
            If there is none, the features differ, or the weights are not proportions.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
        >>> MixtureDistribution.mix([one, MixtureDistribution([1.0], [9.0], [1.0])], [0.8, 0.2]).weights
        array([0.4, 0.4, 0.2])
        """
        if not len(distributions):
            raise ValueError("there are no distributions to mix")
        first = distributions[0]
        parts = [first, *(first._aligned(other) for other in distributions[1:])]
        shares = (
            np.full(len(parts), 1.0 / len(parts)) if weights is None else np.asarray(weights, dtype=float)
        )
        if shares.shape != (len(parts),):
            raise ValueError(f"there are {len(parts)} distributions, but weights of shape {shares.shape}")
        return cls(
            np.concatenate([share * part.weights for share, part in zip(shares, parts, strict=True)]),
            np.concatenate([part.means for part in parts]),
            np.concatenate([part.covariances for part in parts]),
            first.feature_names,
        )

    def reduce(self, n_components: int) -> Self:
        """Return a mixture of fewer components that is nearly the same distribution.

        The two components whose merging adds least, by an upper bound on the Kullback-Leibler divergence,
        become one with the same mean and covariance, again and again (Runnalls 2007, IEEE Transactions on
        Aerospace and Electronic Systems 43, 989-999). So mean and covariance of the whole are kept.

        Parameters
        ----------
        n_components : int
            At least one. Where there are not more, only those of weight zero are left out.

        Returns
        -------
        MixtureDistribution

        Raises
        ------
        ValueError
            If `n_components` is not a whole number from 1 on.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.25, 0.25, 0.5], [0.0, 0.2, 9.0], [1.0, 1.0, 1.0])
        >>> distribution.reduce(2).means
        array([[0.1],
               [9. ]])
        """
        if (
            isinstance(n_components, bool)
            or not isinstance(n_components, int | np.integer)
            or n_components < 1
        ):
            raise ValueError(f"n_components should be a whole number from 1 on, not {n_components!r}")
        mixture = self._present()
        if mixture.n_components <= n_components:
            return mixture
        scale = self._coordinates.scale
        weights, means, covariances = reduced(
            mixture.weights,
            self._coordinates.to_working(mixture.means),
            mixture.covariances * scale[:, None] * scale,
            int(n_components),
        )
        return type(self)(
            weights,
            self._coordinates.to_data(means),
            covariances / scale[:, None] / scale,
            self.feature_names,
        )

    def _names_of(self, features: Sequence[int]) -> list[str] | None:
        """Return the names of some features, if they have names."""
        return None if self.feature_names is None else [self.feature_names[d] for d in features]

    def _check_pairs(self, other: Mixture) -> None:
        """Refuse products and sums whose covariances would fill the memory."""
        n_pairs = self.n_components * other.n_components
        if n_pairs * self.n_features**2 > LARGEST_PRODUCT:
            raise ValueError(
                f"{n_pairs} pairs of components in {self.n_features} features are too many; "
                "reduce() both first"
            )


def _finite_number(feature: Any, value: Any) -> float:
    """Return the value of a given feature, checked."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"given values should be finite numbers, but that of {feature!r} is {value!r}")
    return number
