"""Gaussian mixtures as probability distributions.

`MixtureDistribution` is the whole; each file of this package adds one ability to it: density, random draws,
moments, probabilities and quantiles, entropy, modes, regions, distances, overlap, algebra, JSON.
"""

from gaussmix.distribution.estimate import Estimate
from gaussmix.distribution.mixture_distribution import MixtureDistribution
from gaussmix.distribution.modes import Modes
from gaussmix.distribution.overlap import Overlap
from gaussmix.distribution.regions import HighestDensityRegion

__all__ = ["Estimate", "HighestDensityRegion", "MixtureDistribution", "Modes", "Overlap"]
