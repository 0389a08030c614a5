"""The differential entropy of a mixture: bounds in closed form, and an estimate with its error."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp, xlogy

from gaussmix.core.density import LOG_2_PI
from gaussmix.core.rows import Array
from gaussmix.distribution import pairwise
from gaussmix.distribution.estimate import Estimate
from gaussmix.distribution.moments import WithMoments
from gaussmix.distribution.sampling import N_SAMPLES, RandomState, WithSampling


class WithEntropy(WithSampling, WithMoments):
    """A mixture that knows its entropy."""

    def entropy(self, n_samples: int = N_SAMPLES, random_state: RandomState = None) -> Estimate:
        """Return the differential entropy.

        The entropy of component and point together is known exactly; what remains, the doubt about the
        component of a point, is averaged over random draws. So the error is small both where components
        are far apart and where they are alike, and zero for a single one.

        Parameters
        ----------
        n_samples : int, default=100000
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        Estimate
            In nats, for the data's units.

        Raises
        ------
        ValueError
            If `n_samples` is less than 100.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> round(MixtureDistribution([1.0], [0.0], [1.0]).entropy().value, 4)
        1.4189
        >>> overlapping = MixtureDistribution([0.5, 0.5], [0.0, 2.0], [1.0, 1.0])
        >>> estimate = overlapping.entropy(random_state=0)
        >>> abs(estimate.value - 1.7558) < 4 * estimate.standard_error < 0.01
        True
        """
        mixture = self._present()
        known = float(
            mixture.weights @ mixture._component_entropies() - xlogy(self.weights, self.weights).sum()
        )
        if mixture.n_components == 1:
            return Estimate(known, 0.0)

        def doubt(rows: Array) -> Array:
            responsibilities = mixture._posterior(rows)
            total: Array = -xlogy(responsibilities, responsibilities).sum(axis=1)
            return total

        equivocation = mixture.expect(doubt, n_samples, random_state)
        return Estimate(known - equivocation.value, equivocation.standard_error)

    def entropy_bounds(self) -> tuple[float, float]:
        """Return a lower and an upper bound of the entropy, in closed form.

        The best of several: from the pairwise divergences of components, by Bhattacharyya below and
        Kullback-Leibler above (Kolchinsky and Tracey 2017, Entropy 19, 361); from the pairwise integrals of
        products below (Huber, Bailey, Durrant-Whyte and Hanebeck 2008, IEEE MFI, theorem 2); and from the
        Gaussian of the same covariance above.

        Returns
        -------
        lower, upper : float
            In nats. Equal for one component, and nearly so where components are far apart or alike.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> low, high = MixtureDistribution([0.5, 0.5], [0.0, 20.0], [1.0, 1.0]).entropy_bounds()
        >>> round(low, 6), round(high, 6)
        (2.112086, 2.112086)
        """
        mixture = self._present()
        scale = self._coordinates.scale
        means = self._coordinates.to_working(mixture.means)
        covariances = mixture.covariances * scale[:, None] * scale
        own = (means, covariances)
        weights, log_weights = mixture.weights, mixture._log_weights
        conditional = float(weights @ mixture._component_entropies())

        def from_divergences(divergences: Array) -> float:
            return conditional - float(weights @ logsumexp(log_weights - divergences, axis=1))

        integrals = pairwise.log_product_integrals(*own, *own) + float(np.log(scale).sum())
        whole = 0.5 * pairwise.log_determinants((self.cov() * scale[:, None] * scale)[None])[0]
        gaussian = whole - float(np.log(scale).sum()) + 0.5 * self.n_features * (1.0 + LOG_2_PI)
        lower = max(
            from_divergences(pairwise.bhattacharyya(*own, *own)),
            -float(weights @ logsumexp(log_weights + integrals, axis=1)),
        )
        upper = min(from_divergences(pairwise.kullback_leibler(*own, *own)), float(gaussian))
        # Rounding must not let the bounds pass one another.
        return min(lower, upper), max(lower, upper)

    def _component_entropies(self) -> Array:
        """Return the entropy of each component, shape (K,)."""
        working = self._working
        log_determinants = working.family.representation.log_determinants(working.factor, *self.means.shape)
        constant = 0.5 * self.n_features * (1.0 + LOG_2_PI) - self._coordinates.log_jacobian
        entropies: Array = constant - log_determinants
        return entropies
