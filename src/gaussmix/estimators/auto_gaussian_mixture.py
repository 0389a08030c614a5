"""The mixture that chooses its covariance family and its number of components."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from gaussmix.core.conjugate_prior import PRIORS, ConjugatePrior, prior_named
from gaussmix.covariance import FAMILIES, LOW_RANK_FAMILIES, MODELS, ONE_DIMENSIONAL_MODELS
from gaussmix.estimators.base import FittedMixture
from gaussmix.estimators.choosing import CRITERIA, Criterion, choose
from gaussmix.estimators.fit_results import FACTOR_ATTRIBUTES, store_fit, warn_of_fit
from gaussmix.estimators.fit_settings import refuse_unclear_noise
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.transformed import FittedRows
from gaussmix.estimators.validation import check_sample_weight, checked_data, counted, unchanged_upon_failure
from gaussmix.fitting import FitResult
from gaussmix.selection import SelectionRow, SelectionTable, has_too_few_rows_for_matrices

_SET_BY_VALIDATION = ("n_features_in_", "feature_names_in_")
_OF_THE_CHOSEN = (
    "weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_", "converged_", "n_iter_",
    "lower_bound_", "lower_bounds_", "log_likelihood_", "n_samples_", "repaired_components_", "stability_",
    "noise_", "linear_relations_", "transforms_",
)  # fmt: skip


class AutoGaussianMixture(FittedMixture):
    """Gaussian mixture that chooses its covariance family and its number of components.

    Mixtures of every covariance type with every number of components are fitted, each started from one tree
    of merges and from its neighbours: families that it contains, one component less, of which one is split,
    one component more, of which two are merged. The best is searched for as `GaussianMixture` would search
    for it, and so is what is the best then. Fitted, it is the best of them, with all methods and attributes
    of `GaussianMixture`.

    Parameters
    ----------
    n_components : "auto", int or sequence of int, default="auto"
        Numbers of components to compare. "auto" takes 1 to 9, and goes on, in the families of the best
        models, as long as the best by BIC has the most components, up to a tenth of the number of rows over
        that of features; not every larger number is compared, but those beside the best are.
    covariance_types : "all", str or sequence of str, default="all"
        Covariance types to compare, or the only one, see `GaussianMixture`. "all" takes the fourteen families
        of Celeux and Govaert, of a single feature the two that are left of them. With fewer different rows
        than two components with their own matrices need, these are compared along the leading principal
        components, without noise, and what is chosen becomes a mixture in all features: `covariance_type_` is
        "ppca", or "factor_analysis" if features were scaled.
    criterion : {"bicc", "bic", "icl", "aic", "cv"} or callable, default="bicc"
        What to choose by. "bicc" is BIC with a correction for few rows; with many it is BIC. "cv" is minus
        twice the log-likelihood of rows left out in five folds. A callable takes a fitted `GaussianMixture`
        and the data and returns a number, the smaller the better.
    max_seconds : float or None, default=None
        Time after which the best found so far is taken, with a warning. One model is fitted in any case.
    thorough : bool, default=False
        Look as closely at models that can hardly be the best as at those that can: for a table of likelihoods
        that are each as good as the best known, in about ten times the time. None is worse than without.
    tol, reg_covar, max_iter, n_jobs, random_state, prior
        See `GaussianMixture`. Models that cannot be the best are fitted a little less closely.
    noise : "auto", bool or float, default="auto"
        Whether some rows may belong to no component but to uniform noise, see `GaussianMixture`. "auto"
        compares models with noise to those without, where rows look like it; it is not looked for where
        `criterion` is "cv" or a callable.
    transforms : "auto", sequence of str or None, default=None
        Transform of each feature before the fit, for skewed ones: see `GaussianMixture`. One skewed cloud is
        then one component.
    verbose : int, default=0
        1 shows a progress bar if the standard error stream is a terminal, lines otherwise.

    Attributes
    ----------
    selection_ : SelectionTable
        A row a model: ``covariance_type``, ``n_components``, ``criterion``, ``bicc``, ``bic``, ``icl``,
        ``aic``, ``bic_weight``, ``log_likelihood``, ``n_parameters``, ``n_iter``, ``seconds``, ``converged``
        and ``message``, which says why a model was not fitted or is not to be trusted. ``selection_["bic"]``
        is a column, ``selection_.to_frame()`` a frame.
    runners_up_ : tuple of SelectionRow
        The next best models, at most five.
    n_components_ : int
        The number of components that was chosen.
    covariance_type_ : str
        The covariance type that was chosen.
    best_estimator_ : GaussianMixture
        The chosen model by itself.
    weights_, means_, covariances_, precisions_, precisions_cholesky_, transforms_, converged_, n_iter_, ...
        See `GaussianMixture`.

    Notes
    -----
    Fraley and Raftery 1998, The Computer Journal 41, 578. A model with a component that collapsed on a few
    rows, or that stands at the floor under the covariances, has a likelihood that says little about the
    data; it is shown with a message, and chosen only if there is no other.

    Examples
    --------
    >>> from gaussmix import AutoGaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> mixture = AutoGaussianMixture(n_components=range(1, 4), random_state=0).fit(load_iris().data)
    >>> mixture.covariance_type_, mixture.n_components_
    ('VEV', 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [StrOptions({"auto"}), "array-like", Interval(Integral, 1, None, closed="left")],
        "covariance_types": [str, "array-like"],
        "criterion": [StrOptions(set(CRITERIA)), callable],
        "max_seconds": [Interval(Real, 0.0, None, closed="neither"), None],
        "thorough": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left"), StrOptions({"auto"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "prior": [StrOptions(set(PRIORS)), ConjugatePrior, None],
        "noise": [StrOptions({"auto"}), "boolean", Interval(Real, 0.0, None, closed="neither")],
        "transforms": [StrOptions({"auto"}), "array-like", None],
    }

    selection_: SelectionTable
    runners_up_: tuple[SelectionRow, ...]
    n_components_: int
    covariance_type_: str
    best_estimator_: GaussianMixture

    def __init__(
        self,
        n_components: str | int | Sequence[int] = "auto",
        *,
        covariance_types: str | Sequence[str] = "all",
        criterion: Criterion = "bicc",
        max_seconds: float | None = None,
        thorough: bool = False,
        tol: float = 1e-7,
        reg_covar: float | str = "auto",
        max_iter: int = 1000,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        n_jobs: int | None = None,
        prior: str | ConjugatePrior | None = None,
        noise: bool | float | str = "auto",
        transforms: str | Sequence[str] | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_types = covariance_types
        self.criterion = criterion
        self.max_seconds = max_seconds
        self.thorough = thorough
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.prior = prior
        self.noise = noise
        self.transforms = transforms

    @property
    def covariance_type(self) -> str:  # type: ignore[override]
        """The covariance type that was chosen, by the name it has in `GaussianMixture`."""
        return self.covariance_type_

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Fit all models and become the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts; the criteria count their sum as the number of rows. Weights that sum to
            less than the number of rows that have one only say proportions: they are scaled to sum to the
            effective number of rows, (sum w)² / sum w².

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the data are not valid.
        gaussmix.DegenerateCovarianceError
            If all models collapse and `reg_covar` is zero.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If `max_seconds` was reached, or `max_iter` iterations were not enough for the chosen model.
        gaussmix.DegenerateComponentWarning
            If a component of the chosen model collapsed and was held up.
        gaussmix.SampleWeightWarning
            If weights were scaled.
        """
        self._validate_params()
        refuse_unclear_noise(self)
        with unchanged_upon_failure(self):
            return self._fit(X, sample_weight)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the chosen mixture to a file, which `gaussmix.load_model` reads as a `GaussianMixture`.

        That has `selection_` and `runners_up_`, too.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        self.best_estimator_.component_names_ = self.component_names_
        self.best_estimator_.save(path)

    def _fit(self, X: ArrayLike, sample_weight: ArrayLike | None) -> Self:
        """Validate the data, choose, store and warn."""
        data: NDArray[np.floating] = checked_data(
            self, X, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        weights = counted(check_sample_weight(sample_weight, data.shape[0]))
        numbers, names = self._numbers(), self._names(data.shape[1])
        total = float(data.shape[0] if weights is None else weights.sum())
        n_samples = data.shape[0] if weights is None else int(np.count_nonzero(weights))
        rows = FittedRows.of(data, weights, self.transforms, getattr(self, "feature_names_in_", None))
        given, of_transforms = self.criterion, total * rows.log_jacobian

        def judged(mixture: GaussianMixture, _: ArrayLike) -> float:
            # In the data's units, as the user's rows; all others are not yet, and are moved together.
            assert callable(given)
            return given(mixture, data) + 2.0 * of_transforms

        def model(row: SelectionRow, result: FitResult) -> GaussianMixture:
            return self._model(row, result, rows, n_samples, total)

        choice = choose(
            rows.values,
            weights,
            names=names,
            numbers=numbers,
            criterion=judged if callable(given) else given,
            reg_covar=self.reg_covar,
            tol=self.tol,
            max_iter=self.max_iter,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            max_seconds=self.max_seconds,
            verbose=int(self.verbose),
            thorough=self.thorough,
            model=model,
            prior=prior_named(self.prior),
            noise=self.noise,
            # A prior of the user's own is one on all features.
            along_directions=self._compares_all()
            and not isinstance(self.prior, ConjugatePrior)
            and has_too_few_rows_for_matrices(data, weights),
        )
        best = model(choice.row, choice.result)
        for name in _OF_THE_CHOSEN:
            setattr(self, name, getattr(best, name))
        for name in FACTOR_ATTRIBUTES:
            if hasattr(best, name):
                setattr(self, name, getattr(best, name))
            elif hasattr(self, name):  # of an earlier fit
                delattr(self, name)
        self._component_names = None
        self.best_estimator_ = best
        table = choice.table.shifted(of_transforms)
        self.selection_ = best.selection_ = table
        self.runners_up_ = best.runners_up_ = table.runners_up
        self.n_components_ = choice.row.n_components
        self.covariance_type_ = best.covariance_type
        warn_of_fit(best, choice.result)
        return self

    def _model(
        self, row: SelectionRow, result: FitResult, rows: FittedRows, n_samples: int, total: float
    ) -> GaussianMixture:
        """Return a fit as an estimator by itself."""
        fitted = result.parameters.family
        keeps = fitted.identifier == FAMILIES[row.covariance_type].identifier
        mixture = GaussianMixture(
            row.n_components,
            covariance_type=row.covariance_type if keeps else fitted.identifier,
            tol=self.tol,
            reg_covar=self.reg_covar,
            max_iter=self.max_iter,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            prior=self.prior,
            noise=result.parameters.noise is not None
            and (True if isinstance(self.noise, str) else self.noise),
            transforms=self.transforms,
        )
        for name in _SET_BY_VALIDATION:
            if hasattr(self, name):
                setattr(mixture, name, getattr(self, name))
        store_fit(mixture, result, rows, n_samples, total)
        return mixture

    def _numbers(self) -> list[int] | None:
        """Return the numbers of components to compare; None to begin with a few and go on."""
        if isinstance(self.n_components, str):
            return None
        if isinstance(self.n_components, int | np.integer):
            return [int(self.n_components)]
        numbers = list(self.n_components)
        if not numbers or not all(isinstance(one, Integral) and one >= 1 for one in numbers):
            raise ValueError(
                f"n_components should be 'auto' or numbers from 1 on, but is {self.n_components!r}"
            )
        return sorted({int(one) for one in numbers})

    def _compares_all(self) -> bool:
        """Return whether the families are left to the choice."""
        return isinstance(self.covariance_types, str) and self.covariance_types == "all"

    def _names(self, n_features: int) -> list[str]:
        """Return the covariance types to compare."""
        if self._compares_all():
            models = MODELS if n_features > 1 else ONE_DIMENSIONAL_MODELS
            return [family.identifier for family in models]
        given = self.covariance_types
        names = [given] if isinstance(given, str) else list(given)
        low_rank = [family.name for family in LOW_RANK_FAMILIES]
        known = [name for name in FAMILIES if name not in low_rank]
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(
                f"covariance_types should be 'all' or names among {', '.join(known)}, but "
                + (f"{unknown[0]!r} is none" if unknown else "there are none")
            )
        for name in names:
            if FAMILIES[name].one_dimensional and n_features > 1:
                raise ValueError(
                    f"covariance type {name!r} is for a single feature, but there are {n_features}. "
                    f"Its counterpart for several is {name + 'II'!r}."
                )
        return names
