"""Regression with a Gaussian mixture: the joint distribution of inputs and targets, given the inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from gaussmix.estimators.fitted_regressor import FittedRegressor
from gaussmix.estimators.validation import checked_data, unchanged_upon_failure


class GaussianMixtureRegressor(FittedRegressor):
    """Gaussian mixture regression: predictions with their whole distribution, from any part of the inputs.

    A Gaussian mixture is fitted to inputs and targets together. Given the inputs, the targets then follow a
    mixture, too: each component is a linear regression with normal errors, and weighs as much as it is
    probable for the inputs. So the mean may be curved, errors may be larger in some places than in others,
    and the distribution may have several modes.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components. One is ordinary least squares. "auto" compares 1 to 9 by BIC,
        and goes on as `AutoGaussianMixture` does.
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
        have its features; targets without a name are called "y", or "y0", "y1", ... if there are several,
        with "_" behind names that an input has.
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
    mixture regression and classification, Rice University. Intervals allow for that the parameters are
    estimates; standard deviations, distributions and draws are those of the fitted mixture, as if its
    parameters were known.

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
        inputs, targets = checked_data(
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
            different = _made_different(names, taken=self.feature_names_in_)
            self.mixture_.feature_names_in_ = np.array([*self.feature_names_in_, *different], dtype=object)


def _target_names(y: Any) -> list[str] | None:
    """Return the names that targets have, if each has one."""
    columns = getattr(y, "columns", None)
    found = [getattr(y, "name", None)] if columns is None else list(columns)
    names = [name for name in found if isinstance(name, str) and name]
    return names if names and len(names) == len(found) else None


def _made_different(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Return names that are not taken and differ from one another, with underscores behind where need be."""
    known = set(taken)
    found = []
    for name in names:
        while name in known:
            name += "_"
        known.add(name)
        found.append(name)
    return found


__all__ = ["GaussianMixtureRegressor"]
