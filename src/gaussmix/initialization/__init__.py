"""Starts of EM: where the first parameters come from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gaussmix.initialization.base import Start, StartingData
from gaussmix.initialization.hierarchical import Hierarchical, SampleTree
from gaussmix.initialization.hierarchical_tree import HierarchicalTree, grow_tree
from gaussmix.initialization.moves import MOVES, DivideAnew, Move, SplitAndMerge
from gaussmix.initialization.noise import Region, region_of, without_noise
from gaussmix.initialization.order import Sample, representative_sample
from gaussmix.initialization.partition import parameters_of_partition
from gaussmix.initialization.portfolio import Portfolio
from gaussmix.initialization.responsibilities import RandomResponsibilities
from gaussmix.initialization.search import Search, SearchResult, Stability
from gaussmix.initialization.seeds import KMeans, KMeansPlusPlus, RandomRows, clusters, within_clusters

STARTS: Mapping[str, Start] = MappingProxyType(
    {
        "portfolio": Portfolio(
            [
                (KMeans(n_runs=1), 1),
                (KMeans(n_runs=1, in_own_units=True), 1),
                (Hierarchical(largest=500), 1),
                (KMeansPlusPlus(), 1),
            ],
            [(RandomRows(), 20)],
        ),
        "kmeans": KMeans(),
        "k-means++": KMeansPlusPlus(),
        "hierarchical": Hierarchical(),
        "random": RandomResponsibilities(),
        "random_from_data": RandomRows(),
    }
)
"""The starts by the names that ``init_params`` takes."""

__all__ = [
    "MOVES",
    "STARTS",
    "DivideAnew",
    "Hierarchical",
    "HierarchicalTree",
    "KMeans",
    "KMeansPlusPlus",
    "Move",
    "Portfolio",
    "RandomResponsibilities",
    "RandomRows",
    "Region",
    "Sample",
    "SampleTree",
    "Search",
    "SearchResult",
    "SplitAndMerge",
    "Stability",
    "Start",
    "StartingData",
    "clusters",
    "grow_tree",
    "parameters_of_partition",
    "region_of",
    "representative_sample",
    "within_clusters",
    "without_noise",
]
