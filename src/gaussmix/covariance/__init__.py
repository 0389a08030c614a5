"""Covariance families: what each one is, its M-step and its number of free parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gaussmix.core.parameters import CovarianceFamily
from gaussmix.covariance.diagonal import DiagonalFamily
from gaussmix.covariance.full import FullFamily
from gaussmix.covariance.spherical import SphericalFamily
from gaussmix.covariance.tied import TiedFamily

FAMILIES: Mapping[str, CovarianceFamily] = MappingProxyType(
    {family.name: family for family in (FullFamily(), TiedFamily(), DiagonalFamily(), SphericalFamily())}
)
"""The families by scikit-learn's names."""

__all__ = ["FAMILIES", "CovarianceFamily", "DiagonalFamily", "FullFamily", "SphericalFamily", "TiedFamily"]
