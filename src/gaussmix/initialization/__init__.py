"""Starts of EM: where the first parameters come from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gaussmix.initialization.base import Start, StartingData
from gaussmix.initialization.order import Sample, representative_sample
from gaussmix.initialization.partition import parameters_of_partition
from gaussmix.initialization.responsibilities import RandomResponsibilities
from gaussmix.initialization.seeds import KMeans, KMeansPlusPlus, RandomRows

STARTS: Mapping[str, Start] = MappingProxyType(
    {
        "kmeans": KMeans(),
        "k-means++": KMeansPlusPlus(),
        "random": RandomResponsibilities(),
        "random_from_data": RandomRows(),
    }
)
"""The starts by the names that ``init_params`` takes."""

__all__ = [
    "STARTS",
    "KMeans",
    "KMeansPlusPlus",
    "RandomResponsibilities",
    "RandomRows",
    "Sample",
    "Start",
    "StartingData",
    "parameters_of_partition",
    "representative_sample",
]
