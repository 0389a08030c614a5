"""The public attributes of a fitted mixture, and the parameters that they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from gaussmix.core.noise import N_PARAMETERS, Noise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, n_free_parameters
from gaussmix.core.rows import Array, Coordinates
from gaussmix.core.transforms import FeatureTransforms
from gaussmix.covariance import FAMILIES, LowRankFamily
from gaussmix.distribution import MixtureDistribution
from gaussmix.estimators.naming import ComponentNames, check_component_names, merged_names
from gaussmix.exceptions import TransformedMixtureError


class MixtureAttributes(BaseEstimator):
    """An estimator with the attributes of a fitted mixture, be they from a fit or set by hand.

    ``weights_``, ``means_``, ``covariances_`` and ``precisions_cholesky_`` are read whenever they are needed.
    """

    covariance_type: str
    weights_: Array
    means_: Array
    covariances_: Array
    precisions_: Array
    precisions_cholesky_: Array
    transforms_: FeatureTransforms | None

    @property
    def component_names_(self) -> ComponentNames | None:
        """The names that the user gave to the components, None for one without; None if no one has a name.

        Set it to a sequence with an entry for each component. A fit forgets the names.
        """
        names: ComponentNames | None = getattr(self, "_component_names", None)
        return names

    @component_names_.setter
    def component_names_(self, names: Sequence[str | None] | None) -> None:
        check_is_fitted(self)
        self._component_names = check_component_names(names, len(self.weights_))

    def name_components(self, names: Mapping[int, str | None] | Sequence[str | None]) -> Self:
        """Name components; summaries, pictures and the saved model have the names.

        Parameters
        ----------
        names : mapping of int to str, or sequence of str
            Names by the number of the component, or one for each. None takes a name away. At most 100
            characters each, all different.

        Returns
        -------
        self

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        TypeError
            If a name is not text.
        ValueError
            If there is no such component, or a name is empty, too long or given twice.

        Examples
        --------
        >>> from gaussmix import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0],
        ...                                           covariance_type="spherical")
        >>> mixture.name_components({0: "low", 1: "high"}).component_names_
        ('low', 'high')
        """
        check_is_fitted(self)
        self._component_names = merged_names(names, self.component_names_, len(self.weights_))
        return self

    @property
    def distribution_(self) -> MixtureDistribution:
        """The mixture as a probability distribution, with the column names of the frame it was fitted on.

        Noise is left out, for its density has no end and so no integral: of a mixture with noise this is the
        distribution of the rows that are not noise, and its weights sum to one without it.

        Raises
        ------
        gaussmix.TransformedMixtureError
            If the mixture is one of transformed features, and so no Gaussian one in the data's units.
        """
        check_is_fitted(self)
        refuse_transforms(self)
        family, weights = self._family(), np.asarray(self.weights_, dtype=np.float64)
        covariances = np.asarray(self.covariances_, dtype=np.float64)
        names = getattr(self, "feature_names_in_", None)
        return MixtureDistribution(
            weights / weights.sum(),
            self.means_,
            family.representation.matrices(covariances, *self.means_.shape),
            None if names is None else [str(name) for name in names],
        )

    @property
    def n_parameters_(self) -> int:
        """Number of free parameters: of weights, means and covariances."""
        check_is_fitted(self)
        of_noise = 0 if getattr(self, "noise_", None) is None else N_PARAMETERS
        return n_free_parameters(self._family(), *self.means_.shape) + of_noise

    def _family(self) -> CovarianceFamily:
        """Return the covariance family, with the number of factors that was found where it has such."""
        if self.covariance_type not in FAMILIES:
            raise ValueError(
                f"covariance_type should be one of {', '.join(FAMILIES)}, but is {self.covariance_type!r}"
            )
        family = FAMILIES[self.covariance_type]
        if isinstance(family, LowRankFamily) and hasattr(self, "n_factors_"):
            return family.with_rank(self.n_factors_)
        return family

    def _parameters(self) -> MixtureParameters:
        """Return the parameters that the public attributes hold, of a mixture in the data's units.

        Raises
        ------
        gaussmix.TransformedMixtureError
            If it is one of transformed features: a Gaussian mixture in the data's units it is not.
        """
        refuse_transforms(self)
        return self._parameters_of_transformed()

    def _parameters_of_transformed(self, *, from_covariances: bool = False) -> MixtureParameters:
        """Return the parameters that the public attributes hold, in double precision.

        They are those of the features as the fit has seen them, which may have been transformed.

        As in scikit-learn, densities come from ``precisions_cholesky_`` and random draws from
        ``covariances_``; of the two an attribute set by hand may be missing.
        """
        family = self._family()
        representation = family.representation
        weights = np.asarray(self.weights_, dtype=np.float64)
        means = np.asarray(self.means_, dtype=np.float64)
        arrays = {
            name: np.asarray(getattr(self, name), dtype=np.float64)
            for name in ("covariances_", "precisions_cholesky_")
            if hasattr(self, name)
        }
        for name, array in arrays.items():
            expected = representation.shape(*means.shape)
            if array.shape != expected:
                raise ValueError(
                    f"{name} has the shape {array.shape}, but {self.covariance_type} covariances of means of "
                    f"shape {means.shape} have {expected}. Fit again after changing covariance_type."
                )
        found = getattr(self, "noise_", None)
        noise = None if found is None else Noise(found.weight, -found.log_volume)
        if "precisions_cholesky_" not in arrays or (from_covariances and "covariances_" in arrays):
            parameters = MixtureParameters.from_covariances(family, weights, means, arrays["covariances_"])
        else:
            factor = representation.transpose(arrays["precisions_cholesky_"])
            if "covariances_" in arrays:
                parameters = MixtureParameters(family, weights, means, arrays["covariances_"], factor)
            else:
                parameters = MixtureParameters.from_factor(family, weights, means, factor)
        return replace(parameters, noise=noise)

    def _publish(self, parameters: MixtureParameters, dtype: np.dtype[Any]) -> Self:
        """Set the public attributes to parameters, in the precision of the data they were fitted on."""
        for name, value in fitted_arrays(parameters, dtype).items():
            setattr(self, name, value)
        self._component_names = None
        return self


def refuse_transforms(model: Any) -> None:
    """Refuse a mixture of transformed features where one in the data's own units is needed.

    Parameters
    ----------
    model : fitted mixture

    Raises
    ------
    gaussmix.TransformedMixtureError
    """
    transforms = getattr(model, "transforms_", None)
    if transforms is not None:
        raise TransformedMixtureError(transforms.names)


def fitted_arrays(parameters: MixtureParameters, dtype: np.dtype[Any]) -> dict[str, Array]:
    """Return scikit-learn's public attributes for parameters.

    They take the precision of the data, as scikit-learn's do, unless variances or precisions leave the
    range of single precision.
    """
    representation = parameters.family.representation
    arrays = {
        "weights_": parameters.weights,
        "means_": parameters.means,
        "covariances_": parameters.covariances,
        "precisions_": representation.precisions(parameters.factor),
        "precisions_cholesky_": representation.transpose(parameters.factor),
    }
    if dtype == np.float32:
        single = np.finfo(np.float32)
        shape = parameters.means.shape
        for name in ("covariances_", "precisions_"):
            diagonals = representation.variances(arrays[name], *shape)
            if diagonals.min() < single.tiny or diagonals.max() > single.max:
                return arrays
        return {name: array.astype(np.float32) for name, array in arrays.items()}
    return arrays


def coordinates_of(parameters: MixtureParameters) -> Coordinates:
    """Return working coordinates around a mixture given in the data's units."""
    present = parameters.weights > 0
    # The weighted median of the means: a component far out must not take the others' digits.
    order = np.argsort(parameters.means, axis=0)
    passed = np.cumsum(parameters.weights[order], axis=0) < 0.5 * parameters.weights.sum()
    middle = np.minimum(passed.sum(axis=0), len(order) - 1)[None]
    center = np.take_along_axis(parameters.means, np.take_along_axis(order, middle, 0), 0)[0]
    representation = parameters.family.representation
    deviations = np.sqrt(representation.variances(parameters.covariances, *parameters.means.shape))
    reach = np.maximum(deviations, np.abs(parameters.means - center))[present].max(axis=0)
    if parameters.family.common_scale:
        reach = np.full_like(reach, reach.max())
    return Coordinates.around(center, reach)
