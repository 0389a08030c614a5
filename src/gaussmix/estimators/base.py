"""What every fitted mixture can do, given its public attributes alone."""

from __future__ import annotations

import importlib
import os
from abc import ABCMeta, abstractmethod
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from gaussmix.backends import Evaluation, Outputs, default_backend
from gaussmix.core import criteria
from gaussmix.core.noise import NOISE_LABEL
from gaussmix.core.rows import Array, Rows
from gaussmix.core.sampling import draw
from gaussmix.core.statistics import Moments
from gaussmix.estimators.attributes import MixtureAttributes, coordinates_of
from gaussmix.estimators.transformed import forward
from gaussmix.estimators.validation import check_sample_weight, checked_data, counted


class FittedMixture(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    DensityMixin,
    MixtureAttributes,
    metaclass=ABCMeta,
):
    """Prediction, scoring and sampling for estimators that have the attributes of a fitted mixture."""

    n_jobs: int | None
    random_state: Any

    @abstractmethod
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Become a fitted mixture."""

    def fit_predict(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int64]:
        """Fit and return the most probable component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            See `fit`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The same as ``fit(X).predict(X)``.
        """
        return self.fit(X, sample_weight=sample_weight).predict(X)

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

    def score(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean log-density of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows in the mean.

        Returns
        -------
        float
            In nats a row.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        """
        rows, log_jacobian = self._checked_rows(X, sample_weight)
        if self._is_single(rows):  # the mean of exactly what score_samples returns
            log_density = self.score_samples(X)
            return float(
                log_density.mean() if sample_weight is None else _sum(log_density, rows) / rows.total_weight
            )
        return self._log_likelihood(rows, log_jacobian) / rows.total_weight

    def bic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the Bayesian information criterion on X: the smaller the better.

        mclust's BIC is the negative of this.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts. Weights that sum to less than the number of rows that have one only
            say proportions: they are scaled to sum to the effective number of rows, (sum w)² / sum w², with
            a `gaussmix.SampleWeightWarning`.

        Examples
        --------
        >>> from gaussmix import GaussianMixture
        >>> mixture = GaussianMixture(1).fit([[0.0], [1.0], [3.0]], sample_weight=[2, 1, 1])
        >>> round(mixture.bic([[0.0], [1.0], [3.0]], sample_weight=[2, 1, 1]), 6)
        15.745957
        >>> round(mixture.bic([[0.0], [0.0], [1.0], [3.0]]), 6)
        15.745957
        """
        rows, log_jacobian = self._counted_rows(X, sample_weight)
        return criteria.bic(self._log_likelihood(rows, log_jacobian), self.n_parameters_, rows.total_weight)

    def aic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return Akaike's information criterion on X: the smaller the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts; see `bic`.
        """
        rows, log_jacobian = self._counted_rows(X, sample_weight)
        return criteria.aic(self._log_likelihood(rows, log_jacobian), self.n_parameters_)

    def icl(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the integrated completed likelihood criterion on X: the smaller the better.

        It is BIC with a penalty for rows whose component is in doubt, so it counts clusters where BIC
        counts Gaussians. mclust's ICL is the negative of this.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts; see `bic`.
        """
        rows, _ = self._counted_rows(X, sample_weight)
        found = self._evaluate(X, Outputs.LOG_DENSITY | Outputs.PROBABILITY)
        assert found.log_density is not None
        assert found.probability is not None
        return criteria.icl(
            _sum(found.log_density, rows),
            self.n_parameters_,
            rows.total_weight,
            _sum(np.log(found.probability), rows),
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
        parameters = self._parameters_of_transformed(from_covariances=True)
        coordinates = coordinates_of(parameters)
        z, labels = draw(parameters.to_working(coordinates), int(n_samples) - n_noise, generator)
        X = coordinates.to_data(z)
        if noise is not None and n_noise:
            X = np.concatenate([X, generator.uniform(noise.lower, noise.upper, (n_noise, X.shape[1]))])
            labels = np.concatenate([labels, np.full(n_noise, NOISE_LABEL)])
        transforms = getattr(self, "transforms_", None)
        return X if transforms is None else transforms.inverse(X), labels

    def in_transformed_units(self) -> Self:
        """Return the mixture of the transformed features, for what is told of Gaussian mixtures alone.

        Its rows are ``transforms_.forward(X)``, and they have no column names.

        Returns
        -------
        GaussianMixture or AutoGaussianMixture
            A copy without `transforms_`. What it says of the fit, such as `log_likelihood_`, is left as it
            was, for the data's own units.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import GaussianMixture
        >>> X = np.exp(np.random.default_rng(0).normal(size=(200, 1)))
        >>> mixture = GaussianMixture(transforms=["log"]).fit(X)
        >>> mixture.in_transformed_units().distribution_.mean().round(1) == np.log(X).mean().round(1)
        array([ True])
        """
        check_is_fitted(self)
        plain = copy(self)
        plain.transforms_ = None
        if hasattr(plain, "feature_names_in_"):
            del plain.feature_names_in_
        return plain

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
    def _n_features_out(self) -> int:
        """Number of columns that `transform` returns, for `get_feature_names_out`."""
        return len(self.weights_) + (getattr(self, "noise_", None) is not None)

    def _checked_rows(
        self, X: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[Rows, Array | None]:
        """Return validated rows as the fit has seen them, in coordinates that suit the mixture.

        Beside them stands what each adds to its log-density on the way back to the data's units, where
        features were transformed.
        """
        check_is_fitted(self)
        data: NDArray[np.floating] = checked_data(self, X, dtype=[np.float64, np.float32], reset=False)
        weights = check_sample_weight(sample_weight, len(data))
        coordinates = coordinates_of(self._parameters_of_transformed())
        transforms = getattr(self, "transforms_", None)
        if transforms is None:
            return Rows(data, coordinates, weights), None
        return Rows(forward(transforms, data), coordinates, weights), transforms.log_jacobian(data)

    def _counted_rows(self, X: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Rows, Array | None]:
        """Return validated rows with weights that say how many rows each stands for."""
        rows, log_jacobian = self._checked_rows(X, sample_weight)
        return replace(rows, sample_weight=counted(rows.sample_weight)), log_jacobian

    def _log_likelihood(self, rows: Rows, log_jacobian: Array | None) -> float:
        """Return the log-likelihood of rows, in the data's units."""
        parameters = self._parameters_of_transformed().to_working(rows.coordinates)
        statistics = default_backend(self.n_jobs).expect(rows, parameters.density(), Moments.NONE)
        of_transforms = 0.0 if log_jacobian is None else _sum(log_jacobian, rows)
        return statistics.log_likelihood + rows.total_weight * rows.coordinates.log_jacobian + of_transforms

    def _evaluate(self, X: ArrayLike, outputs: Outputs) -> Evaluation:
        """Return what the mixture says of each row, in single precision if all involved is."""
        rows, log_jacobian = self._checked_rows(X)
        density = self._parameters_of_transformed().to_working(rows.coordinates).density()
        found = default_backend(self.n_jobs).evaluate(rows, density, outputs)
        if density.n_components > len(self.weights_) and found.label is not None:
            found.label[found.label == len(self.weights_)] = NOISE_LABEL
        if log_jacobian is not None and found.log_density is not None:
            found = replace(found, log_density=found.log_density + log_jacobian)
        return found.astype(np.float32) if self._is_single(rows) else found

    def _is_single(self, rows: Rows) -> bool:
        """Return whether rows and mixture are both in single precision, and so what comes of them."""
        return rows.X.dtype == np.float32 and self.means_.dtype == np.float32


def _sum(values: Array, rows: Rows) -> float:
    """Return the weighted sum of one number a row; rows of weight zero are absent."""
    if rows.sample_weight is None:
        return float(values.sum(dtype=np.float64))
    present = rows.sample_weight > 0.0
    return float(rows.sample_weight[present] @ values[present])
