"""What the parameters of a mixture ask of a fit, checked: the family, the moves and the start."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from gaussmix.core.parameters import CovarianceFamily
from gaussmix.covariance import FAMILIES, LowRankFamily
from gaussmix.estimators.validation import check_means, check_positive_definite, check_weights
from gaussmix.initialization import MOVES, Move
from gaussmix.starting import GivenParameters

if TYPE_CHECKING:
    from gaussmix.estimators.auto_gaussian_mixture import AutoGaussianMixture
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

STARTS_GIVEN = ("weights_init", "means_init", "precisions_init")
"""Parameters that are a start, or a part of one."""


def refuse_ambiguous_numbers(mixture: GaussianMixture) -> None:
    """Refuse numbers that Python takes for truth values, and the other way round.

    Raises
    ------
    ValueError
        If `n_factors` is a truth value, or `noise` the whole number one, or a volume beside transforms.
    """
    if isinstance(mixture.n_factors, bool | np.bool_):
        raise ValueError(f"n_factors should be a number from 1 on or 'auto', but is {mixture.n_factors}")
    refuse_unclear_noise(mixture)


def noise_with_a_number(noise: bool | float | str) -> bool | float:
    """Return what `noise` means where the number of components is given: with "auto" there is none.

    >>> noise_with_a_number("auto"), noise_with_a_number(True), noise_with_a_number(2)
    (False, True, 2.0)
    """
    if isinstance(noise, str):
        return False
    return bool(noise) if isinstance(noise, bool | np.bool_) else float(noise)


def refuse_unclear_noise(mixture: GaussianMixture | AutoGaussianMixture) -> None:
    """Refuse noise that may mean two things, or in a volume that is given where features may be transformed.

    Raises
    ------
    ValueError
        If `noise` is the whole number one, or there are both a volume and transforms.
    """
    if isinstance(mixture.noise, Integral) and not isinstance(mixture.noise, bool) and mixture.noise == 1:
        raise ValueError(
            "noise=1 can mean two things: pass True for noise beside the components, or 1.0 for noise "
            "that fills a volume of one, in the units of the data."
        )
    if mixture.transforms is not None and not isinstance(mixture.noise, bool | np.bool_ | str):
        raise ValueError(
            f"noise={mixture.noise!r} is a volume in the units of the data, which says nothing of features "
            "that are transformed: pass noise=True, or transforms=None."
        )


def refuse_what_needs_a_number(mixture: GaussianMixture) -> None:
    """Refuse parameters that go with a number of components where that is still to be chosen.

    Raises
    ------
    ValueError
        If there is a start, or a family with a number of factors.
    """
    given = [name for name in STARTS_GIVEN if getattr(mixture, name) is not None]
    if given:
        raise ValueError(f"{given[0]} is for a number of components, but n_components is 'auto'")
    if isinstance(FAMILIES[mixture.covariance_type], LowRankFamily):
        raise ValueError(
            f"covariance_type={mixture.covariance_type!r} needs a number of components, not 'auto'"
        )


def check_number_of_features(family: CovarianceFamily, n_features: int) -> None:
    """Refuse families for a single feature where there are more.

    Raises
    ------
    ValueError
    """
    if family.one_dimensional and n_features > 1:
        raise ValueError(
            f"covariance_type={family.name!r} is for a single feature, but there are {n_features}. "
            f"Its counterpart for several is {family.name + 'II'!r}."
        )


def family_to_fit(mixture: GaussianMixture, n_features: int, *, continued: bool) -> CovarianceFamily:
    """Return the covariance family, with the number of factors to fit where it has such.

    Parameters
    ----------
    mixture : GaussianMixture
    n_features : int
    continued : bool
        Whether the fit goes on from the last one.

    Raises
    ------
    ValueError
        If there are as many factors as features.
    """
    family = FAMILIES[mixture.covariance_type]
    if not isinstance(family, LowRankFamily):
        return family
    if isinstance(mixture.n_factors, str):
        return (
            family.with_rank(mixture.n_factors_) if continued and hasattr(mixture, "n_factors_") else family
        )
    if mixture.n_factors >= max(n_features, 2):
        raise ValueError(f"n_factors should be less than n_features={n_features}, but is {mixture.n_factors}")
    return family.with_rank(mixture.n_factors)


def moves_of(mixture: GaussianMixture) -> Sequence[Move]:
    """Return the moves that `moves` stands for.

    Raises
    ------
    TypeError
        If one of the user's is no move.
    """
    if mixture.moves is None:
        return ()
    if isinstance(mixture.moves, str):
        return MOVES
    for move in mixture.moves:
        if isinstance(move, type) or not callable(getattr(move, "proposals", None)):
            raise TypeError(f"moves should hold objects with a method proposals, but one is {move!r}")
    return tuple(mixture.moves)


def given_parameters(mixture: GaussianMixture, n_features: int) -> GivenParameters:
    """Return the parts of the start that the user gave.

    Raises
    ------
    ValueError
        If one has the wrong shape or is not valid.
    """
    family, n_components = mixture._family(), mixture.n_components
    assert not isinstance(n_components, str)
    weights = means = factor = None
    if mixture.weights_init is not None:
        weights = check_weights(mixture.weights_init, n_components)
    if mixture.means_init is not None:
        means = check_means(mixture.means_init, n_components, n_features)
    if mixture.precisions_init is not None:
        precisions = check_positive_definite(
            mixture.precisions_init, family, n_components, n_features, "precision"
        )
        factor = family.representation.factor_of_precisions(precisions)
    return GivenParameters(weights, means, factor)


def current_parameters(mixture: GaussianMixture, n_features: int) -> GivenParameters:
    """Return the parameters of the last fit as a start.

    Raises
    ------
    ValueError
        If that was for another number of components or of features.
    """
    parameters = mixture._parameters_of_transformed()
    if parameters.means.shape != (mixture.n_components, n_features):
        raise ValueError(
            f"warm_start goes on from a mixture of {parameters.n_components} component(s) in "
            f"{parameters.n_features} feature(s), but now there are {mixture.n_components} and "
            f"{n_features}. Set warm_start=False to start anew."
        )
    return GivenParameters(
        parameters.weights,
        parameters.means,
        parameters.factor,
        getattr(mixture, "noise_variances_", None),
        parameters.noise,
        getattr(mixture, "_path", ()),
    )
