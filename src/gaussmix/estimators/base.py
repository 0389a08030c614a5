"""What every fitted mixture can do, given its public attributes alone."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gaussmix.backends import Evaluation, Outputs, default_backend
from gaussmix.core import criteria
from gaussmix.core.noise import N_PARAMETERS, NOISE_LABEL, Noise
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters, n_free_parameters
from gaussmix.core.rows import Array, Coordinates, Rows
from gaussmix.core.sampling import draw
from gaussmix.core.statistics import Moments
from gaussmix.covariance import FAMILIES
from gaussmix.distribution import MixtureDistribution
from gaussmix.estimators.naming import ComponentNames, check_component_names, merged_names


class FittedMixture(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator):
    """Prediction, scoring and sampling for estimators that have the attributes of a fitted mixture.

    All methods read ``weights_``, ``means_``, ``covariances_`` and ``precisions_cholesky_`` when called,
    so a mixture whose attributes were set by hand works like a fitted one.
    """

    covariance_type: str
    n_jobs: int | None
    random_state: Any
    weights_: Array
    means_: Array
    covariances_: Array
    precisions_: Array
    precisions_cholesky_: Array

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the most probable component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Component numbers, from 0; -1 for noise.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        """
        label = self._evaluate(X, Outputs.LABEL).label
        assert label is not None
        return label

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each component for each row: the responsibilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, n_components)
            Rows sum to one. With noise there is one more column, the last: that of the label -1.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        """
        responsibilities = self._evaluate(X, Outputs.RESPONSIBILITIES).responsibilities
        assert responsibilities is not None
        return responsibilities

    def transform(self, X: ArrayLike) -> Array:
        """Return the responsibilities as features, for pipelines; the same as `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, n_components)
            Or a frame, as `set_output` says.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        """
        return self.predict_proba(X)

    def score_samples(self, X: ArrayLike) -> Array:
        """Return the log-density of the mixture at each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            In nats, for the data's own units.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        """
        log_density = self._evaluate(X, Outputs.LOG_DENSITY).log_density
        assert log_density is not None
        return log_density

    def assign(self, X: ArrayLike) -> Evaluation:
        """Return label, its probability and the log-density of each row, in one pass over the data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        Evaluation
            With ``label``, ``probability`` and ``log_density``, each of shape (n_samples,).

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.

        Examples
        --------
        >>> from gaussmix import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0],
        ...                                           covariance_type="spherical")
        >>> mixture.assign([[2.0]]).probability
        array([0.5])
        """
        return self._evaluate(X, Outputs.LABEL | Outputs.PROBABILITY | Outputs.LOG_DENSITY)

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Return the mean log-density of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        float
            In nats a row.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        """
        rows = self._checked_rows(X)
        if self._is_single(rows):  # the mean of exactly what score_samples returns
            return float(self.score_samples(X).mean())
        return self._log_likelihood(rows) / rows.n_rows

    def bic(self, X: ArrayLike) -> float:
        """Return the Bayesian information criterion on X: the smaller the better.

        mclust's BIC is the negative of this.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        rows = self._checked_rows(X)
        return criteria.bic(self._log_likelihood(rows), self.n_parameters_, rows.n_rows)

    def aic(self, X: ArrayLike) -> float:
        """Return Akaike's information criterion on X: the smaller the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        rows = self._checked_rows(X)
        return criteria.aic(self._log_likelihood(rows), self.n_parameters_)

    def icl(self, X: ArrayLike) -> float:
        """Return the integrated completed likelihood criterion on X: the smaller the better.

        It is BIC with a penalty for rows whose component is in doubt, so it counts clusters where BIC
        counts Gaussians. mclust's ICL is the negative of this.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        found = self._evaluate(X, Outputs.LOG_DENSITY | Outputs.PROBABILITY)
        assert found.log_density is not None
        assert found.probability is not None
        return criteria.icl(
            float(found.log_density.sum(dtype=np.float64)),
            self.n_parameters_,
            len(found.probability),
            float(np.log(found.probability).sum(dtype=np.float64)),
        )

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> tuple[Array, NDArray[np.int64]]:
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None
            None takes the estimator's own `random_state`, which, if it is a number, repeats the same
            draw at each call.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
        labels : ndarray of shape (n_samples,)
            The component that each row came from; rows come in order of components. Noise, labelled -1,
            comes last, from between the bounds of the data.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        ValueError
            If `n_samples` is less than one.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise ValueError(
                f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample."
            )
        generator = check_random_state(self.random_state if random_state is None else random_state)
        noise = getattr(self, "noise_", None)
        n_noise = 0 if noise is None else int(generator.binomial(int(n_samples), noise.weight))
        parameters = self._parameters(from_covariances=True)
        coordinates = _coordinates_of(parameters)
        z, labels = draw(parameters.to_working(coordinates), int(n_samples) - n_noise, generator)
        X = coordinates.to_data(z)
        if noise is not None and n_noise:
            X = np.concatenate([X, generator.uniform(noise.lower, noise.upper, (n_noise, X.shape[1]))])
            labels = np.concatenate([labels, np.full(n_noise, NOISE_LABEL)])
        return X, labels

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

    def report(self, X: ArrayLike, path: str | os.PathLike[str], **options: Any) -> None:
        """Write a page about the mixture and a table: one HTML file that needs nothing else.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The rows to tell of, usually those that the mixture was fitted to.
        path : str or path-like
        **options
            Those of `gaussmix.report.write_report`, such as ``title`` and ``sample_weight``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        # By name: the page stands on the estimators, not they on it.
        importlib.import_module("gaussmix.report").write_report(self, X, path, **options)

    @property
    def distribution_(self) -> MixtureDistribution:
        """The mixture as a probability distribution, with the column names of the frame it was fitted on.

        Noise is left out, for its density has no end and so no integral: of a mixture with noise this is the
        distribution of the rows that are not noise, and its weights sum to one without it.
        """
        check_is_fitted(self)
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

    @property
    def _n_features_out(self) -> int:
        """Number of columns that `transform` returns, for `get_feature_names_out`."""
        return len(self.weights_) + (getattr(self, "noise_", None) is not None)

    def _family(self) -> CovarianceFamily:
        """Return the covariance family that `covariance_type` names."""
        if self.covariance_type not in FAMILIES:
            raise ValueError(
                f"covariance_type should be one of {', '.join(FAMILIES)}, but is {self.covariance_type!r}"
            )
        return FAMILIES[self.covariance_type]

    def _parameters(self, *, from_covariances: bool = False) -> MixtureParameters:
        """Return the parameters that the public attributes hold, in double precision.

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

    def _checked_rows(self, X: ArrayLike) -> Rows:
        """Return validated rows, in coordinates that suit the mixture."""
        check_is_fitted(self)
        data: NDArray[np.floating] = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return Rows(data, _coordinates_of(self._parameters()))

    def _log_likelihood(self, rows: Rows) -> float:
        """Return the log-likelihood of rows, in the data's units."""
        parameters = self._parameters().to_working(rows.coordinates)
        statistics = default_backend(self.n_jobs).expect(rows, parameters.density(), Moments.NONE)
        return statistics.log_likelihood + rows.n_rows * rows.coordinates.log_jacobian

    def _evaluate(self, X: ArrayLike, outputs: Outputs) -> Evaluation:
        """Return what the mixture says of each row, in single precision if all involved is."""
        rows = self._checked_rows(X)
        density = self._parameters().to_working(rows.coordinates).density()
        found = default_backend(self.n_jobs).evaluate(rows, density, outputs)
        if density.n_components > len(self.weights_) and found.label is not None:
            found.label[found.label == len(self.weights_)] = NOISE_LABEL
        return found.astype(np.float32) if self._is_single(rows) else found

    def _is_single(self, rows: Rows) -> bool:
        """Return whether rows and mixture are both in single precision, and so what comes of them."""
        return rows.X.dtype == np.float32 and self.means_.dtype == np.float32


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


def _coordinates_of(parameters: MixtureParameters) -> Coordinates:
    """Return working coordinates around a mixture given in the data's units."""
    present = parameters.weights > 0
    center = parameters.weights @ parameters.means / parameters.weights.sum()
    representation = parameters.family.representation
    deviations = np.sqrt(representation.variances(parameters.covariances, *parameters.means.shape))
    reach = np.maximum(deviations, np.abs(parameters.means - center))[present].max(axis=0)
    if parameters.family.common_scale:
        reach = np.full_like(reach, reach.max())
    return Coordinates.around(center, reach)
