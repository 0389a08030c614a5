"""How often rows of one component are taken for those of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaussmix.core.representation import invert_lower_triangular
from gaussmix.core.rows import Array
from gaussmix.distribution.density import WithDensity
from gaussmix.distribution.quadratic_forms import probability_below


@dataclass(frozen=True)
class Overlap:
    """Probabilities of misclassification between pairs of components.

    Parameters
    ----------
    misclassification : ndarray of shape (K, K)
        In row i and column j the probability that a row drawn from component i is more probable under
        component j, both with their weights; one on the diagonal.
    error : float
        Of numerical integration, the largest of all.
    """

    misclassification: Array
    error: float

    @property
    def pairwise(self) -> Array:
        """Overlap of each pair, the sum of both misclassifications; zero on the diagonal, shape (K, K)."""
        both = self.misclassification + self.misclassification.T
        np.fill_diagonal(both, 0.0)
        return both

    @property
    def average(self) -> float:
        """Mean overlap of all pairs; zero for a single component."""
        n_components = len(self.misclassification)
        n_pairs = n_components * (n_components - 1) / 2
        return float(self.pairwise.sum() / 2 / n_pairs) if n_pairs else 0.0

    @property
    def maximum(self) -> float:
        """Largest overlap of any pair; zero for a single component."""
        return float(self.pairwise.max())


class WithOverlap(WithDensity):
    """A mixture that knows how much its components overlap."""

    def overlap(self) -> Overlap:
        """Return how often rows of one component are taken for those of another.

        A row drawn from component i is taken for one of j if j's weighted density is larger there. That is
        a quadratic form in normal variables being below a bound (Maitra and Melnykov 2010, Journal of
        Computational and Graphical Statistics 19, 354-376, theorem 1), whose probability is integrated
        numerically. R's package MixSim has the same matrix as ``OmegaMap``.

        Returns
        -------
        Overlap
            With ``misclassification``, ``pairwise``, ``average``, ``maximum`` and the ``error`` of
            integration, which is usually below 1e-10.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0]).overlap().misclassification.round(5)
        array([[1.     , 0.02275],
               [0.02275, 1.     ]])
        """
        n_components = self.n_components
        factor = self._full_factor()
        log_determinants = np.log(np.einsum("kdd->kd", factor)).sum(axis=1)
        matrix, largest = np.eye(n_components), 0.0
        for i in range(n_components):
            spread = invert_lower_triangular(factor[i])
            for j in range(n_components):
                if i == j or self.weights[j] == 0.0:
                    continue
                if self.weights[i] == 0.0:
                    matrix[i, j] = 1.0
                    continue
                # In coordinates in which component i is standard normal and j has axes along the features.
                axes, stretches, _ = np.linalg.svd((factor[j] @ spread).T)
                shift = axes.T @ (factor[i] @ (self._working.means[i] - self._working.means[j]))
                precisions = stretches**2
                bound = (
                    2.0 * (self._log_weights[j] - self._log_weights[i])
                    + 2.0 * (log_determinants[j] - log_determinants[i])
                    - float(precisions @ shift**2)
                )
                # Of equal covariances rounding leaves differences, which would look like curvature.
                curvature = np.where(np.abs(precisions - 1.0) < 1e-13, 0.0, precisions - 1.0)
                matrix[i, j], error = probability_below(curvature, precisions * shift, bound)
                largest = max(largest, error)
        return Overlap(matrix, largest)
