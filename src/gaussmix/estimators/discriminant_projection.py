"""Projection to the few directions in which the components of a mixture, or classes, differ."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_feature_names, check_is_fitted

from gaussmix.backends import default_backend
from gaussmix.core.discriminant import discriminant_directions
from gaussmix.core.rows import Array, Coordinates
from gaussmix.estimators.auto_gaussian_mixture import AutoGaussianMixture
from gaussmix.estimators.base import FittedMixture
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.validation import check_sample_weight, checked_data, stack_level_of_user
from gaussmix.scales import measure

LEAST_EIGENVALUE = 1e-8
"""Eigenvalues, at most 2, below this are zero but for rounding: the direction separates nothing."""
NARROWEST = 1e-6
"""Least variance of a projected component, in units of that of all rows: classes may have a single row."""

_Groups = tuple[Array, Array, Array]


class MixtureDiscriminantProjection(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Project rows to the few directions that separate the components of a Gaussian mixture.

    Of many features, K components differ in their means in at most K - 1 directions: these show the clusters
    where principal components show what varies most, whether it separates or not. With class labels, the
    classes take the place of components. mclust's GMMDR (``MclustDR``).

    Parameters
    ----------
    estimator : mixture of gaussmix, optional
        A fitted mixture is taken as it is, and a copy of another is fitted. Copying this object, as pipelines
        in a grid search do, forgets fits; `sklearn.frozen.FrozenEstimator` keeps one. Default: an
        `AutoGaussianMixture`. With class labels, a copy is fitted to each class, and its mean and
        covariance count; by default those of the rows of the class.
    n_components : int, optional
        Number of directions. Default: all that separate anything.
    share_of_means : float, default=1.0
        mclust's lambda: 1 looks for directions in which means differ, 0 for those in which covariances do,
        and what is between for both. Below 1 there can be as many directions as features.
    random_state : int, RandomState instance or None, default=None
        Seed of the mixture, if no estimator is given.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        The directions, the most telling first. The projections of the rows are uncorrelated and each have
        variance one. Of the coefficients, taken for features in standard deviations, the largest is positive.
    eigenvalues_ : ndarray of shape (n_components,)
        How much each direction tells, from 0 to 2: those of mclust. With `share_of_means` 1, the square root
        of half of it is the share of the variance in this direction that lies between the components.
    loadings_ : ndarray of shape (n_components, n_features)
        Covariances of the features with the projections.
    mean_ : ndarray of shape (n_features,)
        Mean of the rows.
    n_components_ : int
        Number of directions.
    mixture_ : GaussianMixture
        The components, or the classes, in the projection: draw it with the projected rows.
    estimator_ : mixture of gaussmix or None
        The fitted mixture; None with class labels.
    classes_ : ndarray
        The class labels, if fitted with such.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if fitted on a frame whose column names are all strings.

    See Also
    --------
    sklearn.discriminant_analysis.LinearDiscriminantAnalysis : The same directions for class labels and
        `share_of_means` 1, each in units of the spread within classes.

    Notes
    -----
    Scrucca 2010, Statistics and Computing 20, 471; Scrucca 2014, Advances in Data Analysis and
    Classification 8, 147. mclust gives directions of length one in place of projections of variance one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from gaussmix import GaussianMixture, MixtureDiscriminantProjection
    >>> X = load_iris().data
    >>> mixture = GaussianMixture(3, covariance_type="VEV", random_state=0).fit(X)
    >>> projection = MixtureDiscriminantProjection(mixture).fit(X)
    >>> projection.eigenvalues_.round(2)
    array([1.88, 0.07])
    >>> projection.transform(X).shape
    (150, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [BaseEstimator, None],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "share_of_means": [Interval(Real, 0.0, 1.0, closed="both")],
        "random_state": ["random_state"],
    }

    components_: Array
    eigenvalues_: Array
    loadings_: Array
    mean_: Array
    n_components_: int
    mixture_: GaussianMixture
    estimator_: FittedMixture | None
    classes_: NDArray[Any]

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_components: int | None = None,
        share_of_means: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_components = n_components
        self.share_of_means = share_of_means
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Find the directions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
            Class labels. Then the directions are those that separate the classes.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the data are not valid, columns have other names than in the estimator's fit or
            another order, or fewer directions than `n_components` separate
            anything.
        TypeError
            If the estimator is not a mixture of gaussmix.

        Warns
        -----
        UserWarning
            If nothing separates, as there is one component: the first principal component is taken.
        """
        self._validate_params()
        data: NDArray[np.floating] = checked_data(
            self, X, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        weights = check_sample_weight(sample_weight, len(data))
        coordinates = measure(data, weights, default_backend(None), common_scale=False).coordinates
        z = coordinates.to_working(data)
        mean, total = _moments(z, weights)
        if y is None:
            groups = self._components(X, data, weights, coordinates)
        else:
            groups = self._classes(data, y, weights, coordinates, z)
        found = discriminant_directions(*groups, total, float(self.share_of_means))
        if not len(found.directions):
            raise ValueError("All rows are the same, so there is no direction to project them on.")
        n_components = self._number(found.eigenvalues)
        directions = found.directions[:n_components]
        self.eigenvalues_ = found.eigenvalues[:n_components]
        self.components_ = directions * coordinates.scale
        self.loadings_ = directions @ total / coordinates.scale
        self.mean_ = coordinates.to_data(mean)
        self.n_components_ = n_components
        self.mixture_ = _projected(groups, mean, directions)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the projections of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Or a frame, as `set_output` says.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it has not been fitted.
        """
        check_is_fitted(self)
        data: NDArray[np.floating] = checked_data(self, X, dtype=[np.float64, np.float32], reset=False)
        projections: Array = (data - self.mean_) @ self.components_.T
        return projections

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Return the rows that are to be expected where the projections are these.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Projections.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            By linear regression on the projections: what is lost is what is uncorrelated with them.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it has not been fitted.
        ValueError
            If there are not as many columns as directions.
        """
        check_is_fitted(self)
        projections: Array = check_array(X, dtype=np.float64)
        if projections.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {projections.shape[1]} columns, but there are {self.n_components_} directions"
            )
        return projections @ self.loadings_ + self.mean_

    @property
    def _n_features_out(self) -> int:
        """Number of columns that `transform` returns, for `get_feature_names_out`."""
        return self.n_components_

    def _components(
        self, X: ArrayLike, data: NDArray[np.floating], weights: Array | None, coordinates: Coordinates
    ) -> _Groups:
        """Return weights, means and covariances of the components, in working coordinates."""
        self.estimator_ = self._fitted(data, weights)
        if hasattr(self, "classes_"):
            del self.classes_
        if hasattr(self, "feature_names_in_") and hasattr(self.estimator_, "feature_names_in_"):
            _check_feature_names(self.estimator_, X, reset=False)
        parameters = self.estimator_._parameters()
        if parameters.n_features != data.shape[1]:
            raise ValueError(
                f"the estimator was fitted on {parameters.n_features} features, but X has {data.shape[1]}"
            )
        working = parameters.to_working(coordinates)
        representation = working.family.representation
        covariances = representation.matrices(working.covariances, *working.means.shape)
        # With noise the components' weights do not sum to one.
        return working.weights / working.weights.sum(), working.means, covariances

    def _classes(
        self,
        data: NDArray[np.floating],
        y: ArrayLike,
        weights: Array | None,
        coordinates: Coordinates,
        z: Array,
    ) -> _Groups:
        """Return weights, means and covariances of the classes, in working coordinates."""
        check_classification_targets(y)
        labels = column_or_1d(y, warn=True)
        check_consistent_length(data, labels)
        self.estimator_ = None
        row_weights = np.ones(len(z)) if weights is None else weights
        self.classes_ = np.unique(labels[row_weights > 0])
        shares, means, covariances = [], [], []
        for label in self.classes_:
            mine = (labels == label) & (row_weights > 0)
            if self.estimator is None or np.count_nonzero(mine) == 1:
                mean, covariance = _moments(z[mine], row_weights[mine])
            else:
                mixture = clone(_checked_mixture(self.estimator)).fit(
                    data[mine], sample_weight=None if weights is None else weights[mine]
                )
                working = mixture._parameters().to_working(coordinates)
                within = working.family.representation.matrices(working.covariances, *working.means.shape)
                of_class = working.weights / working.weights.sum()
                mean = of_class @ working.means
                apart = working.means - mean
                covariance = np.tensordot(of_class, within, axes=1) + (of_class * apart.T) @ apart
            shares.append(row_weights[mine].sum())
            means.append(mean)
            covariances.append(covariance)
        return np.array(shares) / np.sum(shares), np.array(means), np.array(covariances)

    def _fitted(self, data: NDArray[np.floating], weights: Array | None) -> FittedMixture:
        """Return the mixture, fitted."""
        if self.estimator is None:
            mixture: FittedMixture = AutoGaussianMixture(random_state=self.random_state)
            return mixture.fit(data, sample_weight=weights)
        mixture = _checked_mixture(self.estimator)
        try:
            check_is_fitted(mixture)
        except NotFittedError:
            return clone(mixture).fit(data, sample_weight=weights)
        return mixture

    def _number(self, eigenvalues: Array) -> int:
        """Return the number of directions to keep."""
        n_telling = int(np.count_nonzero(eigenvalues > LEAST_EIGENVALUE))
        if n_telling == 0:
            warnings.warn(
                "Nothing separates: there is one component, or all are alike. The projection is to the first "
                "principal component.",
                UserWarning,
                stacklevel=stack_level_of_user(),
            )
            return 1
        if self.n_components is None:
            return n_telling
        if self.n_components > n_telling:
            raise ValueError(
                f"n_components={self.n_components} directions were asked for, but only {n_telling} separate "
                "anything: K groups differ in their means in at most K - 1. With share_of_means below 1 "
                "their covariances count, too."
            )
        return int(self.n_components)


def _checked_mixture(estimator: Any) -> FittedMixture:
    """Return a mixture, also one that is frozen."""
    mixture = getattr(estimator, "estimator", estimator)
    if not isinstance(mixture, FittedMixture):
        raise TypeError(f"estimator should be a mixture of gaussmix, but is a {type(estimator).__name__}")
    return mixture


def _moments(z: Array, weights: Array | None) -> tuple[Array, Array]:
    """Return mean and covariance of rows, the latter with the total weight as its denominator."""
    mean = np.average(z, axis=0, weights=weights)
    apart = z - mean
    shares = np.full(len(z), 1.0 / len(z)) if weights is None else weights / weights.sum()
    covariance: Array = (shares * apart.T) @ apart
    return mean, covariance


def _projected(groups: _Groups, mean: Array, directions: Array) -> GaussianMixture:
    """Return the groups in the projection, as a mixture."""
    weights, means, covariances = groups
    values, axes = np.linalg.eigh(directions @ covariances @ directions.T)
    raised = (axes * np.maximum(values, NARROWEST)[:, None]) @ np.swapaxes(axes, 1, 2)
    return GaussianMixture.from_parameters(weights, (means - mean) @ directions.T, raised)
