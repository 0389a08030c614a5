"""A start from agglomerative clustering of the rows, or of a sample of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.initialization.base import StartingData
from gaussmix.initialization.hierarchical_tree import HierarchicalTree, grow_tree
from gaussmix.initialization.order import Sample, canonical_order, systematic_draws
from gaussmix.initialization.partition import parameters_of_clusters

EXACT_ROWS = 5_000
EXACT_OPERATIONS = 250_000_000
"""Limits on the different rows that a tree is grown on, the second on their squared number times the number
of features: 0.1 seconds in five features, a second in sixty. Above, it is grown on a sample of that size."""
FEW_FEATURES = 20
"""Features up to which a start goes by ellipsoids. In many more a single row, by the convention that gives it
a likelihood at all, is likelier alone than in any cluster, and rows join the largest cluster one by one."""


@dataclass(frozen=True)
class SampleTree:
    """A tree and the rows that it was grown on: starts for every number of components and every family.

    Parameters
    ----------
    sample : Sample
    tree : HierarchicalTree
    """

    sample: Sample
    tree: HierarchicalTree

    def parameters(self, data: StartingData, n_components: int) -> MixtureParameters:
        """Return weights, means and covariances of the clusters, in working coordinates.

        Where there are fewer different rows than components, some components share a cluster.
        """
        z, weights = self.sample.z, self.sample.weights
        n_clusters = min(n_components, self.tree.n_groups)
        labels = self.tree.labels(n_clusters)
        shared = labels[:, None] == np.arange(n_components) % n_clusters
        responsibilities = shared * (weights / shared.sum(axis=1))[:, None]
        means = responsibilities.T @ z / responsibilities.sum(axis=0)[:, None]
        order = canonical_order(means, data.spread)
        statistics = SufficientStatistics.from_responsibilities(
            z, means[order], responsibilities[:, order], data.family.moments
        )
        return parameters_of_clusters(data, statistics)


class Hierarchical:
    """The clusters of a tree of merges that cost the least likelihood (``"hierarchical"``).

    Nothing in it is random up to a few thousand different rows. Larger tables are represented by a systematic
    sample, whose clusters start the mixture; the first E-step on all rows does the rest.

    Parameters
    ----------
    model : {"EII", "VII", "EEE", "VVV"} or None
        See `gaussmix.initialization.grow_tree`. None takes VVV, as mclust does, for up to 20 features, and
        EII above.
    transformation : {"raw", "standardized", "sphered", "svd"} or None
        None takes svd, as mclust does, for up to 20 features, and standardized above. ``"raw"`` takes the
        features in the units of the data, so that those matter, unlike in all other starts.
    largest : int or None
        Number of different rows above which a sample of that many is taken; None takes 5,000.
    """

    def __init__(
        self, model: str | None = None, transformation: str | None = None, largest: int | None = None
    ) -> None:
        self.model = model
        self.transformation = transformation
        self.largest = largest

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Sequence[MixtureParameters]:
        """Return a mixture in working coordinates."""
        return [self.grow(data, generator).parameters(data, n_components)]

    def grow(self, data: StartingData, generator: np.random.RandomState) -> SampleTree:
        """Return the tree from which the starts for any number of components are cut.

        Parameters
        ----------
        data : StartingData
            Its family does not matter to the tree.
        generator : numpy.random.RandomState
        """
        n_features = data.rows.n_features
        limit = min(self.largest or EXACT_ROWS, max(1, int((EXACT_OPERATIONS / n_features) ** 0.5)))
        sample = _at_most(data.sample, limit, generator)
        few = n_features <= FEW_FEATURES
        model = self.model or ("VVV" if few else "EII")
        transformation = self.transformation or ("svd" if few else "standardized")
        z = sample.z / data.rows.coordinates.scale if transformation == "raw" else sample.z
        tree = grow_tree(z, sample.weights, model=model, transformation=transformation)
        return SampleTree(sample, tree)


def _at_most(sample: Sample, size: int, generator: np.random.RandomState) -> Sample:
    """Return a sample with no more different rows than so many."""
    # Equal rows follow on one another in the canonical order.
    n_different = 1 + np.count_nonzero((sample.z[1:] != sample.z[:-1]).any(axis=1))
    if n_different <= size:
        return sample
    chosen, counts = systematic_draws(sample.weights, size, generator)
    return Sample(sample.z[chosen], counts.astype(float))
