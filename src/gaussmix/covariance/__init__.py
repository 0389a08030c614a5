"""Covariance families: what each one is, its M-step and its number of free parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gaussmix.core.parameters import CovarianceFamily
from gaussmix.covariance.diagonal import (
    DiagonalFamily,
    EqualDiagonalFamily,
    EqualShapeDiagonalFamily,
    EqualVolumeDiagonalFamily,
)
from gaussmix.covariance.equal_volume import EqualVolumeFamily
from gaussmix.covariance.full import FullFamily
from gaussmix.covariance.low_rank import FactorAnalysisFamily, LowRankFamily, PrincipalComponentsFamily
from gaussmix.covariance.own_axes import EqualEllipsoidFamily, EqualShapeFamily
from gaussmix.covariance.proportional import ProportionalFamily
from gaussmix.covariance.shared_axes import SharedAxesEqualVolumeFamily, SharedAxesFamily
from gaussmix.covariance.spherical import (
    EqualSphericalFamily,
    EqualVarianceFamily,
    SphericalFamily,
    VaryingVarianceFamily,
)
from gaussmix.covariance.tied import TiedFamily

MODELS: tuple[CovarianceFamily, ...] = (
    EqualSphericalFamily(),
    SphericalFamily(),
    EqualDiagonalFamily(),
    EqualShapeDiagonalFamily(),
    EqualVolumeDiagonalFamily(),
    DiagonalFamily(),
    TiedFamily(),
    ProportionalFamily(),
    SharedAxesEqualVolumeFamily(),
    SharedAxesFamily(),
    EqualEllipsoidFamily(),
    EqualShapeFamily(),
    EqualVolumeFamily(),
    FullFamily(),
)
"""The fourteen families of Celeux and Govaert (1995), each once, in mclust's order."""

ONE_DIMENSIONAL_MODELS: tuple[CovarianceFamily, ...] = (EqualVarianceFamily(), VaryingVarianceFamily())
"""The two that are left of them in one dimension."""

LOW_RANK_FAMILIES: tuple[LowRankFamily, ...] = (PrincipalComponentsFamily(), FactorAnalysisFamily())
"""Families for many features, of a rank that is still to be chosen."""

SCIKIT_LEARN_NAMES: tuple[str, ...] = ("full", "tied", "diag", "spherical")
"""scikit-learn's names of four of the families."""


def _by_all_names() -> dict[str, CovarianceFamily]:
    """Return the families by scikit-learn's names, then by mclust's, then those of low rank."""
    low_rank: dict[str, CovarianceFamily] = {family.name: family for family in LOW_RANK_FAMILIES}
    models = (*MODELS, *ONE_DIMENSIONAL_MODELS)
    by_name = {family.name: family for family in models}
    by_identifier = {family.identifier: family for family in models}
    return {name: by_name[name] for name in SCIKIT_LEARN_NAMES} | by_identifier | low_rank


FAMILIES: Mapping[str, CovarianceFamily] = MappingProxyType(_by_all_names())
"""The families by all their names: scikit-learn's, mclust's, and those of the low-rank families."""

__all__ = [
    "FAMILIES",
    "LOW_RANK_FAMILIES",
    "MODELS",
    "ONE_DIMENSIONAL_MODELS",
    "SCIKIT_LEARN_NAMES",
    "CovarianceFamily",
    "DiagonalFamily",
    "EqualDiagonalFamily",
    "EqualEllipsoidFamily",
    "EqualShapeDiagonalFamily",
    "EqualShapeFamily",
    "EqualSphericalFamily",
    "EqualVarianceFamily",
    "EqualVolumeDiagonalFamily",
    "EqualVolumeFamily",
    "FactorAnalysisFamily",
    "FullFamily",
    "LowRankFamily",
    "PrincipalComponentsFamily",
    "ProportionalFamily",
    "SharedAxesEqualVolumeFamily",
    "SharedAxesFamily",
    "SphericalFamily",
    "TiedFamily",
    "VaryingVarianceFamily",
]
