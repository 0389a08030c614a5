"""Mixtures fitted on standardised columns, in the data's own units.

Most covariance families are equivariant to a change of each column's unit. Spheres are not, for they have one
variance for all columns: fitted on standardised columns they are ellipsoids along the axes in the data's
units. Nor are ellipsoids with axes of their own that have an equal shape, or with axes along other directions
that are shared: what is left of those bonds in other units is an equal volume. Each family says what it
becomes (`in_other_units`).
"""

from __future__ import annotations

import numpy as np

from gaussmix.core.density import FactorForm
from gaussmix.core.noise import UniformNoise
from gaussmix.covariance import FAMILIES
from gaussmix.data.scaling import Scaling
from gaussmix.estimators.attributes import refuse_transforms
from gaussmix.estimators.gaussian_mixture import GaussianMixture

_STARTS_AND_FAMILY = ("covariance_type", "weights_init", "means_init", "precisions_init")
"""Parameters that are not carried over: starts are in standardised units, the family may have changed."""


def in_data_units(
    mixture: GaussianMixture, scaling: Scaling, total_weight: float | None = None
) -> GaussianMixture:
    """Return the mixture in the data's units that belongs to one fitted on standardised columns.

    Parameters
    ----------
    mixture : GaussianMixture
        Fitted on what `gaussmix.data.standardize` returned.
    scaling : Scaling
        What it returned beside.
    total_weight : float, optional
        Sum of the weights in the fit, if it was weighted.

    Returns
    -------
    GaussianMixture
        With the same labels and probabilities on the data as the other on the standardised columns, and
        what it says of its fit, log-likelihoods being in the data's units.

    Raises
    ------
    gaussmix.TransformedMixtureError
        If features were transformed: in other units such a mixture is another.
    """
    refuse_transforms(mixture)
    family = FAMILIES[mixture.covariance_type]
    covariances = np.asarray(mixture.covariances_, dtype=np.float64)
    target = FAMILIES[family.in_other_units]
    if target.representation.form is FactorForm.DIAGONAL:
        covariances = family.representation.variances(covariances, *mixture.means_.shape)
    mapped = GaussianMixture.from_parameters(
        np.asarray(mixture.weights_, dtype=np.float64) / np.sum(mixture.weights_, dtype=np.float64),
        mixture.means_ * scaling.scale + scaling.location,
        target.representation.rescale_covariances(covariances, scaling.scale),
        covariance_type=mixture.covariance_type if target is family else target.name,
    )
    parameters = mixture.get_params()
    mapped.set_params(**{name: parameters[name] for name in parameters if name not in _STARTS_AND_FAMILY})
    mapped.converged_ = mixture.converged_
    mapped.n_iter_ = mixture.n_iter_
    mapped.n_samples_ = mixture.n_samples_
    mapped.repaired_components_ = mixture.repaired_components_
    mapped.stability_ = mixture.stability_
    if hasattr(mixture, "n_factors_"):
        mapped.n_factors_ = mixture.n_factors_
        if hasattr(mixture, "noise_variances_"):
            mapped.noise_variances_ = mixture.noise_variances_ * scaling.scale * scaling.scale
            mapped.loadings_ = mixture.loadings_ * scaling.scale[:, None]
    noise = getattr(mixture, "noise_", None)
    if noise is not None:
        mapped.weights_ = np.asarray(mixture.weights_, dtype=np.float64)
        mapped.noise_ = UniformNoise(
            noise.weight,
            noise.log_volume + scaling.log_volume,
            noise.lower * scaling.scale + scaling.location,
            noise.upper * scaling.scale + scaling.location,
        )
    mapped.component_names_ = mixture.component_names_
    if hasattr(mixture, "n_components_"):
        mapped.n_components_ = mixture.n_components_
    if hasattr(mixture, "selection_"):
        total = mixture.n_samples_ if total_weight is None else total_weight
        mapped.selection_ = mixture.selection_.shifted(-total * scaling.log_volume)
        mapped.runners_up_ = mapped.selection_.runners_up
    mapped.lower_bound_ = mixture.lower_bound_ - scaling.log_volume
    mapped.lower_bounds_ = [bound - scaling.log_volume for bound in mixture.lower_bounds_]
    total = mixture.n_samples_ if total_weight is None else total_weight
    mapped.log_likelihood_ = mixture.log_likelihood_ - scaling.log_volume * total
    return mapped
