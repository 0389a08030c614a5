"""Clusters from components: one cluster can be many Gaussians.

`merge_components` merges the components of a fitted mixture; `high_density_clusters` finds the regions in
which its density is high. Neither changes the mixture.
"""

from gaussmix.merging.components import METHODS, merge_components
from gaussmix.merging.entropy import change_point
from gaussmix.merging.high_density import HighDensityClusters, high_density_clusters
from gaussmix.merging.result import MergedComponents

__all__ = [
    "METHODS",
    "HighDensityClusters",
    "MergedComponents",
    "change_point",
    "high_density_clusters",
    "merge_components",
]
