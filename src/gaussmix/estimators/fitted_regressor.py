"""What a regressor says of targets, given the mixture of inputs and targets."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gaussmix.core.conditioning import ConditionalMixtures, check_nearness
from gaussmix.core.predictive import PredictiveMixtures
from gaussmix.core.rows import Array
from gaussmix.estimators.conditional import ConditionalEstimator, check_count
from gaussmix.estimators.validation import checked_data

if TYPE_CHECKING:
    from gaussmix.distribution import MixtureDistribution


class FittedRegressor(MultiOutputMixin, RegressorMixin, ConditionalEstimator):
    """Predictions, their distributions and draws from them, for an estimator with ``mixture_``.

    The mixture's last features are the targets.
    """

    n_targets_: int
    _y_ndim: int

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
        itself. That the mixture's parameters are estimates is allowed for: a component's targets follow
        Student's t distribution, wider the fewer rows it has and the further the inputs are from its mean. Of
        one component these are the prediction intervals of least squares, exact for normal errors.

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
        array([[-0.71,  3.51]])
        """
        if not isinstance(level, Real) or not 0.0 < level < 1.0:
            raise ValueError(f"level should be a probability between 0 and 1, but is {level!r}")
        inputs = self._checked(X)
        ends = np.empty((len(inputs), self.n_targets_, 2))
        evidence = self._evidence()
        for rows, conditioner, known in self._conditionals(self.mixture_, inputs, self._targets()):
            found = PredictiveMixtures.of(conditioner, known, evidence)
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
            for rows, conditioner, known in self._conditionals(
                self.mixture_, inputs, np.zeros(0, dtype=np.intp)
            ):
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
        inputs: Array = checked_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        parameters = self.mixture_._parameters()
        shape = parameters.means.shape
        variances = parameters.family.representation.variances(parameters.covariances, *shape)
        names = getattr(self, "feature_names_in_", range(inputs.shape[1]))
        ends = np.fmin.reduce(inputs), np.fmax.reduce(inputs)
        for value, d in ((end[d], d) for end in ends for d in np.flatnonzero(~np.isnan(end))):
            check_nearness(value, parameters.means[:, d], variances[:, d], f"An input in feature {names[d]}")
        return inputs

    def _given(self, inputs: Array) -> Iterator[tuple[NDArray[np.intp], ConditionalMixtures]]:
        """Yield numbers of rows with what their targets follow."""
        for rows, conditioner, known in self._conditionals(self.mixture_, inputs, self._targets()):
            yield rows, conditioner(known)

    def _targets(self) -> NDArray[np.intp]:
        """Return which features of the mixture are the targets."""
        return np.arange(self.n_features_in_, self.n_features_in_ + self.n_targets_)

    def _shaped(self, values: Array) -> Array:
        """Return values of shape (n_samples, n_targets, ...), without the second axis if targets had none."""
        return values[:, 0] if self._y_ndim == 1 else values
