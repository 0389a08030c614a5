"""How far two mixtures are from one another."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.special import logsumexp

from gaussmix.core.rows import Array
from gaussmix.distribution import pairwise
from gaussmix.distribution.entropy import WithEntropy
from gaussmix.distribution.estimate import Estimate
from gaussmix.distribution.sampling import N_SAMPLES, RandomState, as_generator, check_n_samples

MOST_ALTERNATIONS = 200


class WithDistances(WithEntropy):
    """A mixture that can be compared with another."""

    def kl_divergence(
        self, other: WithDistances, n_samples: int = N_SAMPLES, random_state: RandomState = None
    ) -> Estimate:
        """Return the Kullback-Leibler divergence of another mixture from this one.

        The mean, over draws from this mixture, of how much less the other's log-density is. Exact between
        single Gaussians.

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features.
        n_samples : int, default=100000
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        Estimate
            In nats. Not negative but for chance.

        Raises
        ------
        ValueError
            If the features differ, or `n_samples` is less than 100.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([1.0], [0.0], [1.0])
        >>> one.kl_divergence(MixtureDistribution([1.0], [2.0], [1.0]))
        Estimate(value=2.0, standard_error=0.0)
        """
        one, two = self._pair(other)
        if one.n_components == two.n_components == 1:
            own, theirs = one._scaled(self), two._scaled(self)
            return Estimate(float(pairwise.kullback_leibler(*own, *theirs)[0, 0]), 0.0)
        return one.expect(
            lambda rows: one._log_density(rows) - two._log_density(rows), n_samples, random_state
        )

    def kl_divergence_bounds(self, other: WithDistances) -> tuple[float, float]:
        """Return a lower and an upper bound of the Kullback-Leibler divergence, in closed form.

        Below and above are the bounds of the entropy (see `entropy_bounds`) and of the cross-entropy by
        Jensen's inequality (Durrieu, Thiran and Kelly 2012, ICASSP, 4833-4836); the upper bound is the
        lesser of that and the variational one (Hershey and Olsen 2007, ICASSP, IV-317, section 8).

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features.

        Returns
        -------
        lower, upper : float
            In nats, from zero on.

        Raises
        ------
        ValueError
            If the features differ.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([0.5, 0.5], [0.0, 9.0], [1.0, 1.0])
        >>> low, high = one.kl_divergence_bounds(MixtureDistribution([0.5, 0.5], [0.0, 14.0], [1.0, 1.0]))
        >>> round(low, 3), round(high, 3)
        (2.972, 6.25)
        """
        one, two = self._pair(other)
        own, theirs = one._scaled(self), two._scaled(self)
        volume = float(np.log(self._coordinates.scale).sum())
        divergences = pairwise.kullback_leibler(*own, *theirs)
        entropies = one._component_entropies()
        integrals = pairwise.log_product_integrals(*own, *theirs) + volume
        # The mean log-density of the other under each component is at most the log of the mean density.
        cross_lower = -float(one.weights @ logsumexp(two._log_weights + integrals, axis=1))
        cross_upper = float(one.weights @ (entropies - logsumexp(two._log_weights - divergences, axis=1)))
        entropy_lower, entropy_upper = one.entropy_bounds()
        # Not negative, which rounding does not know.
        upper = min(
            cross_upper - entropy_lower, _variational_bound(one._log_weights, two._log_weights, divergences)
        )
        return max(min(cross_lower - entropy_upper, upper), 0.0), max(upper, 0.0)

    def l2_distance(self, other: WithDistances) -> float:
        """Return the square root of the integral of the squared difference of the densities, in closed form.

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features.

        Returns
        -------
        float
            In the units of the square root of a density. Between nearly equal mixtures rounding leaves
            about 1e-8 of the larger one's own norm.

        Raises
        ------
        ValueError
            If the features differ.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([1.0], [0.0], [1.0])
        >>> round(one.l2_distance(MixtureDistribution([1.0], [2.0], [1.0])), 6)
        0.59719
        """
        one, two = self._pair(other)
        own, theirs = one._scaled(self), two._scaled(self)
        logs = np.concatenate([own[0], theirs[0]]), np.concatenate([own[1], theirs[1]])
        signed = np.concatenate([one.weights, -two.weights])
        integrals = pairwise.log_product_integrals(*logs, *logs)
        highest = float(integrals.max())
        # Scaled by the largest integral, so that none can leave the range of doubles.
        square = float(signed @ np.exp(integrals - highest) @ signed)
        volume = float(np.log(self._coordinates.scale).sum())
        with np.errstate(
            over="ignore"
        ):  # with many features in small units it is beyond the range of doubles
            return float(np.sqrt(max(square, 0.0)) * np.exp(0.5 * (highest + volume)))

    def hellinger_distance(
        self, other: WithDistances, n_samples: int = N_SAMPLES, random_state: RandomState = None
    ) -> Estimate:
        """Return the Hellinger distance: 0 between equal mixtures, 1 between those without overlap.

        The square is half the integral of the squared difference of the densities' square roots. It is
        averaged over draws from both mixtures, under which what is averaged lies between 0 and 1. Exact
        between single Gaussians.

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features.
        n_samples : int, default=100000
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If the features differ, or `n_samples` is less than 100.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([1.0], [0.0], [1.0])
        >>> round(float(one.hellinger_distance(MixtureDistribution([1.0], [2.0], [1.0])).value), 6)
        0.627271
        """
        one, two = self._pair(other)
        if one.n_components == two.n_components == 1:
            own, theirs = one._scaled(self), two._scaled(self)
            divergence = pairwise.bhattacharyya(*own, *theirs)[0, 0]
            return Estimate(float(np.sqrt(-np.expm1(-divergence))), 0.0)

        def difference(rows: Array) -> Array:
            # With r = log p - log q: (√p - √q)² / (p + q) = 1 - 1 / cosh(r / 2), without cancellation.
            # From 700 on, where it overflows, it is one.
            half = np.clip(0.5 * (one._log_density(rows) - two._log_density(rows)), -700.0, 700.0)
            parts: Array = 2.0 * np.sinh(0.5 * half) ** 2 / np.cosh(half)
            return parts

        check_n_samples(n_samples)
        generator = as_generator(random_state)
        halves = [mixture.expect(difference, max(100, n_samples // 2), generator) for mixture in (one, two)]
        square = 0.5 * (halves[0].value + halves[1].value)
        error = 0.5 * float(np.hypot(halves[0].standard_error, halves[1].standard_error))
        distance = float(np.sqrt(square))
        return Estimate(distance, 0.5 * error / distance if distance > 0 else 0.0)

    def hellinger_bounds(self, other: WithDistances) -> tuple[float, float]:
        """Return a lower and an upper bound of the Hellinger distance, in closed form.

        Below, because the square root of a sum is at most the sum of square roots. Above, because the
        squared distance is convex: parts of one mixture are matched with parts of the other in the way that
        costs least, a transport problem.

        Parameters
        ----------
        other : MixtureDistribution
            Of the same features.

        Returns
        -------
        lower, upper : float
            Between 0 and 1.

        Raises
        ------
        ValueError
            If the features differ.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> one = MixtureDistribution([0.5, 0.5], [0.0, 20.0], [1.0, 1.0])
        >>> low, high = one.hellinger_bounds(MixtureDistribution([0.5, 0.5], [2.0, 20.0], [1.0, 1.0]))
        >>> round(low, 4), round(high, 4)
        (0.4435, 0.4435)
        """
        one, two = self._pair(other)
        distances = pairwise.bhattacharyya(*one._scaled(self), *two._scaled(self))
        log_roots = 0.5 * (one._log_weights[:, None] + two._log_weights)
        affinity = float(np.exp(logsumexp(log_roots - distances)))
        lower = np.sqrt(max(1.0 - affinity, 0.0))
        upper = np.sqrt(_least_cost(one.weights, two.weights, -np.expm1(-distances)))
        return float(min(lower, upper)), float(upper)

    def _pair(self, other: WithDistances) -> tuple[Any, Any]:
        """Return both mixtures without components of weight zero, with features in this one's order."""
        return self._present(), self._aligned(other)._present()

    def _scaled(self, reference: WithDistances) -> tuple[Array, Array]:
        """Return means and covariances in the working coordinates of a mixture."""
        scale = reference._coordinates.scale
        return reference._coordinates.to_working(self.means), self.covariances * scale[:, None] * scale


def _variational_bound(log_weights: Array, other_log_weights: Array, divergences: Array) -> float:
    """Return the least upper bound by matching parts of components, found by alternating minimisation.

    Each component is cut into parts, one for each component of the other mixture; the divergence of parts
    taken apart bounds that of the sums.
    """
    shape = divergences.shape
    own = np.broadcast_to(log_weights[:, None] - np.log(shape[1]), shape)
    theirs = np.broadcast_to(other_log_weights - np.log(shape[0]), shape)
    bound = np.inf
    for _ in range(MOST_ALTERNATIONS):
        theirs = own - logsumexp(own, axis=0) + other_log_weights
        tilted = theirs - divergences
        own = tilted - logsumexp(tilted, axis=1)[:, None] + log_weights[:, None]
        with np.errstate(invalid="ignore"):
            parts = np.exp(own) * (own - theirs + divergences)
        value = float(np.where(own > -700.0, parts, 0.0).sum())
        if value > bound - 1e-12 * abs(bound):
            return min(value, bound)
        bound = value
    return bound


def _least_cost(supply: Array, demand: Array, costs: Array) -> float:
    """Return the least cost of moving weights from the components of one mixture to those of another."""
    n_from, n_to = costs.shape
    if n_from == 1 or n_to == 1:
        return float(supply @ costs @ demand)
    from scipy.sparse import eye, kron, vstack

    constraints = vstack([kron(eye(n_from), np.ones((1, n_to))), kron(np.ones((1, n_from)), eye(n_to))])
    # One equation follows from the others, and rounding would contradict it.
    found = linprog(
        costs.ravel(),
        A_eq=constraints.tocsr()[:-1],
        b_eq=np.concatenate([supply, demand])[:-1],
        method="highs",
    )
    # Matching each part with all of the other's is always possible.
    return float(found.fun) if found.status == 0 else float(supply @ costs @ demand)
