"""Missing entries filled in with what a Gaussian mixture says of them, given the others of their row."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from gaussmix.core.predictive import LEAST_DEGREES
from gaussmix.core.rows import Array
from gaussmix.estimators.conditional import ConditionalEstimator, check_count
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.validation import checked_data, unchanged_upon_failure

if TYPE_CHECKING:
    from sklearn.impute import MissingIndicator

MEAN, SAMPLE = "mean", "sample"


class GaussianMixtureImputer(OneToOneFeatureMixin, TransformerMixin, ConditionalEstimator):
    """Fill in missing entries from the others of their row, by a Gaussian mixture.

    A Gaussian mixture is fitted to the complete rows. What is missing in a row then follows a mixture, too,
    given what is known of it.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components. "auto" compares 1 to 9 by BIC, and goes on as
        `AutoGaussianMixture` does.
    strategy : {"mean", "sample"}, default="mean"
        What to fill in. "mean", the conditional mean, is nearest to the truth on average, but makes columns
        less variable and more alike than they are. "sample", a draw from the conditional distribution,
        leaves variances and correlations as they are.
    add_indicator : bool, default=False
        Whether to add a column for each feature with missing entries in the fit, which says where.
    covariance_type : str, default="full"
        Covariance family, see `GaussianMixture`. In the families along the axes ("diag", "spherical", ...)
        known entries only tell the component.
    tol : float, default=1e-7
        See `GaussianMixture`.
    reg_covar : float or "auto", default="auto"
        See `GaussianMixture`.
    max_iter : int, default=1000
        See `GaussianMixture`.
    n_init : int, default=1
        See `GaussianMixture`.
    random_state : int, RandomState instance or None, default=None
        Seed of the fit, and of draws.
    verbose : int, default=0
        See `GaussianMixture`.
    n_jobs : int or None, default=None
        Number of threads of the fit: None or -1 for as many as the process may use.

    Attributes
    ----------
    mixture_ : GaussianMixture
        The mixture that was fitted to the complete rows.
    n_complete_ : int
        Number of these: rows of positive weight without a missing entry.
    n_iter_ : int
        Number of EM iterations of the mixture's fit.
    indicator_ : sklearn.impute.MissingIndicator or None
        What adds the columns of `add_indicator`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if fitted on a frame whose column names are all strings.

    See Also
    --------
    GaussianMixtureRegressor : Predicts columns that are always missing.

    Notes
    -----
    Complete rows stand for all only if whether an entry is missing has nothing to do with the values of the
    row. Where it has, the mixture is that of the rows that happen to be complete.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixtureImputer
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.1], [3.0, 6.9], [4.0, 9.0], [2.5, np.nan]])
    >>> GaussianMixtureImputer(n_components=1).fit_transform(X)[-1].round(2)
    array([2.5 , 5.99])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConditionalEstimator._parameter_constraints,
        "strategy": [StrOptions({MEAN, SAMPLE})],
        "add_indicator": ["boolean"],
    }

    indicator_: MissingIndicator | None

    def __init__(
        self,
        n_components: int | str = "auto",
        *,
        strategy: str = "mean",
        add_indicator: bool = False,
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
        self.strategy = strategy
        self.add_indicator = add_indicator
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the mixture to the complete rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN stands for a missing entry.
        y : ignored
            Present for pipelines.
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
            self._fit(X, sample_weight)
        return self

    def _fit(self, X: ArrayLike, sample_weight: ArrayLike | None) -> None:
        """Validate the data, fit and store."""
        data = checked_data(
            self,
            X,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_samples=2,
        )
        self._fit_mixture(data, None, sample_weight)
        if hasattr(self, "feature_names_in_"):
            self.mixture_.feature_names_in_ = self.feature_names_in_
        self.indicator_ = None
        if self.add_indicator:
            from sklearn.impute import MissingIndicator  # here, because it imports much that few need

            self.indicator_ = MissingIndicator(error_on_new=False).fit(data)

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the rows with their missing entries filled in.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN stands for a missing entry. A row with nothing else is filled from the mixture as a whole.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), or with the columns of `add_indicator`
            A copy, in which entries that are not missing are as they were. Or a frame, as `set_output` says.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the imputer has not been fitted.
        ValueError
            If X is not valid.
        """
        data = self._checked(X)
        filled = data.copy()
        generator = check_random_state(self.random_state) if self.strategy == SAMPLE else None
        for rows, conditioner, known in self._conditionals(self.mixture_, data, None):
            if len(conditioner.wanted):
                found = conditioner(known)
                values = found.mean() if generator is None else found.draw(1, generator)[:, 0]
                filled[rows[:, None], conditioner.wanted] = values
        if self.indicator_ is None:
            return filled
        return np.hstack([filled, self.indicator_.transform(data).astype(data.dtype)])

    def impute_many(
        self,
        X: ArrayLike,
        n_imputations: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray[np.floating]:
        """Return several tables with missing entries filled in at random, for multiple imputation.

        What differs between estimates from the tables tells how much the missing entries leave open. Each
        table is drawn from a mixture of its own, refitted to as many rows as there were complete ones, drawn
        from the fitted mixture: so that its parameters are estimates is in the draws, too, as the rules for
        combining the estimates ask for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN stands for a missing entry.
        n_imputations : int, default=5
            Number of tables.
        random_state : int, RandomState instance or None, default=None
            None takes the imputer's own `random_state`, which, if it is a number, repeats the same draws at
            each call.

        Returns
        -------
        tables : ndarray of shape (n_imputations, n_samples, n_features)

        Notes
        -----
        Rubin 1987, Multiple Imputation for Nonresponse in Surveys, chapters 3 and 4; Little and Rubin 2019,
        Statistical Analysis with Missing Data, section 10.2. Parameters are drawn by the parametric bootstrap
        (Efron 1994, Journal of the American Statistical Association 89, 463).

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the imputer has not been fitted.
        ValueError
            If `n_imputations` is not a whole number of at least one, or X is not valid.

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import GaussianMixtureImputer
        >>> X = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.1], [3.0, 6.9], [4.0, 9.0], [2.5, np.nan]])
        >>> imputer = GaussianMixtureImputer(n_components=1, random_state=0).fit(X)
        >>> imputer.impute_many(X, 100).std(axis=0).round(2)[-1]
        array([0.  , 0.17])
        """
        n_imputations = check_count(n_imputations, "n_imputations")
        data = self._checked(X)
        generator = check_random_state(self.random_state if random_state is None else random_state)
        tables = np.tile(data, (n_imputations, 1, 1))
        for table in tables:
            for rows, conditioner, known in self._conditionals(self._redrawn(generator), data, None):
                if len(conditioner.wanted):
                    table[rows[:, None], conditioner.wanted] = conditioner(known).draw(1, generator)[:, 0]
        return tables

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features where the fit knew none.

        Returns
        -------
        names : ndarray of str
            Those of the features, and behind them, if `add_indicator` is true, those of the columns that
            say where entries were missing.
        """
        check_is_fitted(self)
        names: NDArray[np.object_] = super().get_feature_names_out(input_features)
        if self.indicator_ is None:
            return names
        return np.concatenate([names, self.indicator_.get_feature_names_out(names)])

    def __sklearn_tags__(self) -> Tags:
        """Say that single precision stays single."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _redrawn(self, generator: np.random.RandomState) -> GaussianMixture:
        """Return the mixture that other rows might have led to: refitted to rows drawn from itself.

        Covariances are unbiased in the mixture from which rows are drawn, and in the mean they are then those
        of the posterior distribution: as estimates they are too small, the more so the fewer rows there are.
        """
        evidence = self._evidence()
        degrees = evidence.degrees(self.n_features_in_ - 1)
        of_rows = _widened(self.mixture_, evidence.of_covariances / degrees)
        n_components = len(of_rows.weights_)
        rows, _ = of_rows.sample(max(round(self._total_weight), n_components, 2), random_state=generator)
        mixture = copy(self.mixture_)
        mixture.set_params(n_components=n_components, warm_start=True, verbose=0)
        if mixture.reg_covar == 0:
            mixture.set_params(reg_covar="auto")  # a collapse among drawn rows must not end all
        mixture._fit(rows)
        return _widened(mixture, evidence.of_covariances / np.maximum(degrees - 2.0, LEAST_DEGREES))

    def _checked(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return validated rows."""
        check_is_fitted(self)
        data: NDArray[np.floating] = checked_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False
        )
        return data


def _widened(mixture: GaussianMixture, factors: Array) -> GaussianMixture:
    """Return a mixture with each component's covariance multiplied by a factor of at least one."""
    parameters = mixture._parameters()
    shape = parameters.means.shape
    matrices = parameters.family.representation.matrices(parameters.covariances, *shape)
    factors = np.maximum(factors, 1.0)  # of components of less than one row
    return GaussianMixture.from_parameters(
        parameters.weights, parameters.means, matrices * factors[:, None, None]
    )


__all__ = ["GaussianMixtureImputer"]
