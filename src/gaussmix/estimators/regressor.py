"""Regression with a Gaussian mixture: the joint distribution of inputs and targets, given the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from gaussmix.core.conditioning import ConditionalMixtures
from gaussmix.core.rows import Array
from gaussmix.estimators.conditional import ConditionalEstimator, check_count
from gaussmix.estimators.validation import unchanged_upon_failure

if TYPE_CHECKING:
    from gaussmix.distribution import MixtureDistribution


class GaussianMixtureRegressor(MultiOutputMixin, RegressorMixin, ConditionalEstimator):
    """Gaussian mixture regression: predictions with their whole distribution, from any part of the inputs.

    A Gaussian mixture is fitted to inputs and targets together. Given the inputs, the targets then follow a
    mixture, too: each component is a linear regression with normal errors, and weighs as much as it is
    probable for the inputs. So the mean may be curved, errors may be larger in some places than in others,
    and the distribution may have several modes.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components. One is ordinary least squares. "auto" compares 1 to 9 by BIC.
    covariance_type : str, default="full"
        Covariance family of inputs and targets together, see `GaussianMixture`. In those along the axes
        ("diag", "spherical", ...) targets depend on inputs through the components' weights only, and in those
        with one variance for all features ("spherical", ...) units matter.
    tol : float, default=1e-7
        See `GaussianMixture`.
    reg_covar : float or "auto", default="auto"
        See `GaussianMixture`.
    max_iter : int, default=1000
        See `GaussianMixture`.
    n_init : int, default=1
        See `GaussianMixture`.
    random_state : int, RandomState instance or None, default=None
        Seed of the fit, and of `sample_y`.
    verbose : int, default=0
        See `GaussianMixture`.
    n_jobs : int or None, default=None
        Number of threads of the fit: None or -1 for as many as the process may use.

    Attributes
    ----------
    mixture_ : GaussianMixture
        The mixture of inputs and targets: the last columns are the targets. If the inputs had names, so
        have its features; targets without a name are called "y", or "y0", "y1", ... if there are several.
    n_complete_ : int
        Number of rows that it was fitted to: those of positive weight without a missing input.
    n_iter_ : int
        Number of EM iterations of the mixture's fit.
    n_targets_ : int
        Number of targets.
    n_features_in_ : int
        Number of inputs.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the inputs, if fitted on a frame whose column names are all strings.

    See Also
    --------
    GaussianMixtureImputer : Fills in missing entries in the same way.

    Notes
    -----
    Ghahramani and Jordan 1994, Advances in Neural Information Processing Systems 6; Sung 2004, Gaussian
    mixture regression and classification, Rice University. Intervals and standard deviations are those of the
    fitted mixture: that its parameters are estimates is not in them.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixtureRegressor
    >>> x = np.linspace(-1.0, 1.0, 201)
    >>> y = np.abs(x) + 0.05 * np.cos(37.0 * x)
    >>> regressor = GaussianMixtureRegressor(n_components=2, random_state=0).fit(x[:, None], y)
    >>> regressor.predict([[-0.5], [0.8]]).round(1)
    array([0.5, 0.8])
    """

    n_targets_: int

    def __init__(
        self,
        n_components: int | str = "auto",
        *,
        covariance_type: str = "full",
        tol: float = 1e-7,
        reg_covar: float | str = "auto",
        max_iter: int = 1000,
        n_init: int = 1,
        random_state: Any = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the mixture of inputs and targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs. Rows with a missing one (NaN) are left out.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets, finite.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the data are not valid, or there are too few complete rows.
        gaussmix.DegenerateCovarianceError
            If a component collapses and `reg_covar` is zero.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If `max_iter` iterations were not enough.
        gaussmix.DegenerateComponentWarning
            If a component collapsed and was held up.
        """
        self._validate_params()
        with unchanged_upon_failure(self):
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> None:
        """Validate the data, fit and store."""
        names = _target_names(y)
        inputs, targets = validate_data(
            self,
            X,
            y,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2,
            multi_output=True,
            y_numeric=True,
        )
        targets = check_array(targets, dtype=np.float64, ensure_2d=False, input_name="y")
        columns = targets.reshape(len(targets), -1)
        self._fit_mixture(inputs, columns, sample_weight)
        self.n_targets_ = columns.shape[1]
        self._y_ndim = targets.ndim
        if hasattr(self, "feature_names_in_"):
            n_targets = self.n_targets_
            names = names or (["y"] if n_targets == 1 else [f"y{number}" for number in range(n_targets)])
            self.mixture_.feature_names_in_ = np.array([*self.feature_names_in_, *names], dtype=object)

    def predict(
        self, X: ArrayLike, return_std: bool = False, return_cov: bool = False
    ) -> Array | tuple[Array, Array]:
        """Return the mean of the targets given the inputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs. NaN stands for an unknown one: the prediction is from the others.
        return_std : bool, default=False
            Whether to return standard deviations of the targets, too.
        return_cov : bool, default=False
            Whether to return covariance matrices of the targets of each row, too.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_targets)
            In the shape of the targets of the fit.
        std : ndarray of the same shape
            Only if asked for.
        cov : ndarray of shape (n_samples, n_targets, n_targets)
            Only if asked for.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the regressor has not been fitted.
        ValueError
            If both `return_std` and `return_cov` are asked for, or X is not valid.
        """
        if return_std and return_cov:
            raise ValueError("return_std and return_cov are both asked for: ask for one of them.")
        inputs = self._checked(X)
        mean = np.empty((len(inputs), self.n_targets_))
        if return_cov:
            spread = np.empty((len(inputs), self.n_targets_, self.n_targets_))
        else:
            spread = np.empty_like(mean)
        for rows, found in self._given(inputs):
            mean[rows] = found.mean()
            if return_std:
                spread[rows] = np.sqrt(found.variance())
            elif return_cov:
                spread[rows] = found.covariance()
        if return_std:
            return self._shaped(mean), self._shaped(spread)
        return (self._shaped(mean), spread) if return_cov else self._shaped(mean)

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Array:
        """Return intervals that contain the targets with a given probability.

        They are equal-tailed: a target is as probable to lie below as to lie above. Each is for a target by
        itself.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs, NaN for unknown ones.
        level : float, default=0.9
            Probability, between 0 and 1.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper ends.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the regressor has not been fitted.
        ValueError
            If `level` is not between 0 and 1, or X is not valid.

        Examples
        --------
        >>> from gaussmix import GaussianMixtureRegressor
        >>> regressor = GaussianMixtureRegressor(1).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 2.0, 4.0])
        >>> regressor.predict_interval([[1.0]]).round(2)
        array([[0.66, 2.14]])
        """
        if not isinstance(level, Real) or not 0.0 < level < 1.0:
            raise ValueError(f"level should be a probability between 0 and 1, but is {level!r}")
        inputs = self._checked(X)
        ends = np.empty((len(inputs), self.n_targets_, 2))
        for rows, found in self._given(inputs):
            ends[rows, :, 0] = found.quantile(0.5 - 0.5 * level)
            ends[rows, :, 1] = found.quantile(0.5 + 0.5 * level)
        return self._shaped(ends)

    def predict_distribution(self, row: ArrayLike) -> MixtureDistribution:
        """Return what the targets of one row follow, as a distribution to ask anything of.

        Parameters
        ----------
        row : array-like of shape (n_features,) or (1, n_features)
            Inputs, NaN for unknown ones.

        Returns
        -------
        MixtureDistribution
            Of the targets, by their names if the fit was on named inputs.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the regressor has not been fitted.
        ValueError
            If there is not one valid row.

        Examples
        --------
        >>> from gaussmix import GaussianMixtureRegressor
        >>> regressor = GaussianMixtureRegressor(1).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 2.0, 4.0])
        >>> regressor.predict_distribution([1.0]).mean().round(2)
        array([1.4])
        """
        from gaussmix.distribution import MixtureDistribution  # not needed to fit and predict

        single: Any = row  # without its second axis, unless it is a frame
        inputs = self._checked(single if hasattr(row, "columns") or np.ndim(single) != 1 else [single])
        if len(inputs) != 1:
            raise ValueError(f"a distribution is that of one row, but there are {len(inputs)}")
        _, found = next(self._given(inputs))
        names = getattr(self.mixture_, "feature_names_in_", None)
        return MixtureDistribution(
            found.weights[0],
            found.means[0],
            found.covariances,
            None if names is None else names[self.n_features_in_ :].tolist(),
        )

    def sample_y(
        self,
        X: ArrayLike,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> Array:
        """Draw targets from their distributions given the inputs.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs, NaN for unknown ones.
        n_samples : int, default=1
            Number of draws for each row.
        random_state : int, RandomState instance or None, default=None
            None takes the regressor's own `random_state`, which, if it is a number, repeats the same draws
            at each call.

        Returns
        -------
        y : ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_targets, n_samples)

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the regressor has not been fitted.
        ValueError
            If `n_samples` is not a whole number of at least one, or X is not valid.
        """
        n_samples = check_count(n_samples, "n_samples")
        inputs = self._checked(X)
        generator = check_random_state(self.random_state if random_state is None else random_state)
        draws = np.empty((len(inputs), self.n_targets_, n_samples))
        for rows, found in self._given(inputs):
            draws[rows] = np.swapaxes(found.draw(n_samples, generator), 1, 2)
        return self._shaped(draws)

    def score_samples(self, X: ArrayLike, y: ArrayLike | None = None) -> Array:
        """Return the predictive log-density at the targets of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs, NaN for unknown ones.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
            Targets. Without them the log-densities of the inputs are returned: where they are low,
            predictions are extrapolations.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            In nats, for the data's own units.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the regressor has not been fitted.
        ValueError
            If X or y are not valid.
        """
        inputs = self._checked(X)
        log_density = np.empty(len(inputs))
        if y is None:
            for rows, conditioner, known in self._conditionals(inputs, np.zeros(0, dtype=np.intp)):
                log_density[rows] = conditioner.log_density(known)
            return log_density
        targets = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
        check_consistent_length(inputs, targets)
        columns = targets.reshape(len(targets), -1)
        if columns.shape[1] != self.n_targets_:
            raise ValueError(f"y has {columns.shape[1]} targets, but the fit had {self.n_targets_}")
        for rows, found in self._given(inputs):
            log_density[rows] = found.log_density(columns[rows])
        return log_density

    def _checked(self, X: ArrayLike) -> Array:
        """Return validated inputs."""
        check_is_fitted(self)
        inputs: Array = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return inputs

    def _given(self, inputs: Array) -> Iterator[tuple[NDArray[np.intp], ConditionalMixtures]]:
        """Yield numbers of rows with what their targets follow."""
        targets = np.arange(self.n_features_in_, self.n_features_in_ + self.n_targets_)
        for rows, conditioner, known in self._conditionals(inputs, targets):
            yield rows, conditioner(known)

    def _shaped(self, values: Array) -> Array:
        """Return values of shape (n_samples, n_targets, ...), without the second axis if targets had none."""
        return values[:, 0] if self._y_ndim == 1 else values


def _target_names(y: Any) -> list[str] | None:
    """Return the names that targets have, if each has one."""
    columns = getattr(y, "columns", None)
    found = [getattr(y, "name", None)] if columns is None else list(columns)
    names = [name for name in found if isinstance(name, str) and name]
    return names if names and len(names) == len(found) else None


__all__ = ["GaussianMixtureRegressor"]
