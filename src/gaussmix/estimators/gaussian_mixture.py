"""The Gaussian mixture estimator: scikit-learn's interface on this package's engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from gaussmix.backends import default_backend
from gaussmix.core.conjugate_prior import PRIORS, ConjugatePrior, prior_named
from gaussmix.core.noise import UniformNoise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.relations import LinearRelation
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES, LowRankFamily
from gaussmix.estimators.attributes import fitted_arrays
from gaussmix.estimators.callbacks import CallbackSupport, with_callbacks
from gaussmix.estimators.choosing import Choice, choose
from gaussmix.estimators.compatibility import ScikitLearnPrivateNames
from gaussmix.estimators.fit_results import store_fit, warn_of_fit
from gaussmix.estimators.fit_settings import (
    check_number_of_features,
    current_parameters,
    family_to_fit,
    given_parameters,
    moves_of,
    noise_with_a_number,
    refuse_ambiguous_numbers,
    refuse_what_needs_a_number,
)
from gaussmix.estimators.monitors import Monitors
from gaussmix.estimators.transformed import FittedRows
from gaussmix.estimators.validation import (
    check_means,
    check_positive_definite,
    check_proportions,
    check_sample_weight,
    checked_data,
    counted,
    unchanged_upon_failure,
)
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.fitting import FitOptions, FitResult, fit_mixture
from gaussmix.initialization import STARTS, Move, Stability
from gaussmix.selection import SelectionRow, SelectionTable

_OF_A_CHOICE = ("selection_", "runners_up_", "n_components_")


class GaussianMixture(CallbackSupport, ScikitLearnPrivateNames):
    """Gaussian mixture, fitted by the EM algorithm.

    A drop-in replacement for `sklearn.mixture.GaussianMixture`: the same parameters, methods and fitted
    attributes. What differs, and why, stands in one table of the user guide.

    Parameters
    ----------
    n_components : int or "auto", default=1
        Number of components K. "auto" compares 1 to 9 by BIC, and goes on as long as the best is at the end,
        as `AutoGaussianMixture` does, in place of `n_init`, `init_params`, `moves` and `spikes`.
    covariance_type : str, default="full"
        Covariance family. scikit-learn's names: "full", each component its own matrix; "tied", one matrix
        for all; "diag", each component its own diagonal; "spherical", each component one variance. mclust's
        identifiers, which say what of volume, shape and orientation is Equal, Varying or missing (I): "EII",
        "VII" (the same as "spherical"), "EEI", "VEI", "EVI", "VVI" ("diag"), "EEE" ("tied"), "VEE", "EVE",
        "VVE", "EEV", "VEV", "EVV", "VVV" ("full"); for a single feature also "E" and "V". For many features
        and few rows: "ppca" and "factor_analysis", a few factors and noise, which is the same in every
        direction, or each feature's own. The user guide has a table.
    tol : float, default=1e-7
        EM stops when an iteration gains less than this, in nats a row, unless the gains shrink so slowly
        that all further ones together would make up for a hundred such iterations.
    reg_covar : float or "auto", default="auto"
        How covariances are kept from collapsing. "auto" holds them above one millionth of each
        feature's variance, among all rows, among the middle half of them or within components, whichever is
        least, and leaves other covariances alone. A number is added to the diagonal of every covariance, as
        in scikit-learn; zero raises an error upon a collapse.
    max_iter : int, default=1000
        Largest number of EM iterations after the search for the best optimum. With fewer than ten there is
        no search, and EM runs from the first start; zero gives that start itself. Nor is there a search
        where ``n_components * n_features ** 3`` exceeds a million (50,000 where components share parts of
        their covariances), as it would take too long, but for a comparison of starts by families without
        matrices where rows are few. With fewer rows than covariance matrices need, the search is made along
        the leading principal components.
    n_init : int, default=1
        Number of searches for the best optimum, each from starts of its own; the likeliest result is kept.
    init_params : str, default="portfolio"
        How starts are made. "portfolio" tries up to two dozen of several kinds and goes on from the best;
        "kmeans", "k-means++", "hierarchical", "random" and "random_from_data" are single ones.
    weights_init : array-like of shape (n_components,), optional
        Weights to start from.
    means_init : array-like of shape (n_components, n_features), optional
        Means to start from. Weights and covariances that are not given are those of the rows nearest to
        each of these means.
    precisions_init : array-like, optional
        Inverse covariances to start from, in the shape of `precisions_`.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts, and of `sample`. A seed gives the same bits for any number of threads, and
        the same mixture for any order of the rows (of up to 300,000; and not for ``init_params="random"``).
    warm_start : bool, default=False
        Go on from the parameters of the last fit, with `n_init` taken as one.
    verbose : int, default=0
        1 shows a progress bar if the standard error stream is a terminal, lines otherwise; 2 prints
        lines with times and gains.
    verbose_interval : int, default=10
        Iterations between two lines.
    n_jobs : int or None, default=None
        Number of threads: None or -1 for as many as the process may use.
    moves : "auto", sequence of moves or None, default="auto"
        Ways to leave a bad optimum; each is accepted only if the likelihood rises. "auto" takes
        `gaussmix.initialization.MOVES`: merging two components while splitting another, and dividing the
        rows of two components anew. None makes do with the starts. Where the start is given, by
        `weights_init`, `means_init`, `precisions_init` or `warm_start`, the fit stays with it.
    spikes : {"avoid", "allow"}, default="avoid"
        Whether a solution may climb the likelihood by collapsing on a few rows. "avoid" passes such
        solutions over if there is any other: those with a component that holds hardly more rows than a
        covariance matrix needs, or that is thin and gains no more likelihood by it than chance provides.
        "allow" compares solutions by likelihood alone; moves do not look for collapses even then.
    accelerate : bool, default=True
        Whether to speed EM up by extrapolation. The likelihood never falls by it.
    prior : {"default", "shrinkage"}, ConjugatePrior or None, default=None
        Prior of means and covariances; the mixture is then the likeliest a posteriori. "default" takes
        `ConjugatePrior`'s, which are mclust's. "shrinkage" draws covariance matrices toward a common
        diagonal, as strongly as the number of rows calls for: with it, fewer rows than features are enough.
    n_factors : int or "auto", default="auto"
        Number of factors of each component, for "ppca" and "factor_analysis". "auto" chooses by BIC.
    noise : "auto", bool or float, default="auto"
        Whether some rows may belong to no component but to noise, which has the same density everywhere.
        "auto" compares mixtures with noise to those without where the number of components is "auto", too;
        with a number there is none then. A number is the volume that noise fills, in the units of the data (a
        volume of one is 1.0; 1 is refused, as it could be meant for True); True takes that of the smaller of
        two boxes about the rows, along the axes or, where components may lie along any direction, along the
        principal axes. `predict` gives rows of noise the label -1, and the last column of `predict_proba` is
        noise's.
    transforms : "auto", sequence of str or None, default=None
        Transform of each feature before the fit, for skewed ones: "identity", "log", "sqrt", "cbrt",
        "yeo-johnson" or "auto", which takes the one under which mixtures of that feature alone have the best
        BIC by far; "auto" alone does so for all features. The mixture is one of transformed features, and
        `means_` and all other parameters, those to start from and of a prior too, are in their units. Rows
        are always in the data's own units, and so are densities, with the transform's Jacobian, criteria and
        samples.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Share of each component. With noise they sum to what that leaves.
    means_ : ndarray of shape (n_components, n_features)
        Mean of each component.
    covariances_ : ndarray
        Of shape (n_components,) for spheres ("spherical", "EII", "VII", "E", "V"), (n_components, n_features)
        for ellipsoids along the axes ("diag", "EEI", "VEI", "EVI", "VVI"), (n_features, n_features) for one
        matrix ("tied", "EEE"), (n_components, n_features, n_features) for all others.
    precisions_ : ndarray
        Inverses of the covariances, of the same shape.
    precisions_cholesky_ : ndarray
        Upper triangular U with ``U @ U.T`` the precision, or square roots of precisions.
    converged_ : bool
        Whether the chosen run converged.
    n_iter_ : int
        Number of EM iterations of the chosen run.
    lower_bound_ : float
        What EM has raised: the mean log-likelihood a row of exactly the parameters above, with a prior that
        plus the logarithm of the prior's density, up to a constant, over the number of rows.
    lower_bounds_ : list of float
        The same after each iteration.
    log_likelihood_ : float
        Log-likelihood of all training rows, weighted.
    n_samples_ : int
        Number of training rows of positive weight.
    n_parameters_ : int
        Number of free parameters.
    repaired_components_ : tuple of int
        Components that collapsed and whose covariance stands at the floor. Those that have lost all their
        rows are not among them: their weight is 0, they keep their mean, and have the others' covariance.
    stability_ : Stability or None
        How many starts were tried and how many ended in the chosen optimum (``n_starts``, ``n_agreeing``),
        how much lower the next best optimum is in nats a row (``gap``), how many moves were made
        (``n_moves``) and how many solutions refused because a component had collapsed on a few rows
        (``n_spikes``). None without a search: if the start was given, there is one component, `max_iter` is
        below ten, or there is a single start and no moves.
    selection_ : SelectionTable
        The numbers of components that were compared, if `n_components` is "auto": see `AutoGaussianMixture`.
    runners_up_ : tuple of SelectionRow
        The next best of them.
    n_components_ : int
        The number that was chosen, if `n_components` is "auto".
    noise_ : UniformNoise or None
        Noise, if there is: its ``weight``, the logarithm of the volume that it fills, ``log_volume``, and the
        bounds of the data, ``lower`` and ``upper``.
    n_factors_ : int
        Number of factors of each component, for "ppca" and "factor_analysis"; and for those
    loadings_ : ndarray of shape (n_components, n_features, n_factors)
        Loadings of the features on the factors, and
    noise_variances_ : ndarray of shape (n_components, n_features)
        variances beside them: a covariance is ``loadings @ loadings.T + diag(noise_variances)``.
    linear_relations_ : tuple of LinearRelation
        Features that follow from others, with ``feature``, ``intercept`` and ``coefficients`` by the others.
        The fit was made without them; not kept in model files.
    transforms_ : FeatureTransforms or None
        The transform of each feature: ``forward`` and ``inverse`` for rows, ``log_jacobian``, and ``names``.
        They are increasing, so the ``inverse`` of a mean is the median of that component, and that of a
        quantile a quantile. None if every feature is as it is.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if fitted on a frame whose column names are all strings.

    See Also
    --------
    gaussmix.load_model : Read a saved mixture.

    Notes
    -----
    EM for mixtures: Dempster, Laird and Rubin 1977, Journal of the Royal Statistical Society B 39,
    section 4.3.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> mixture = GaussianMixture(n_components=2, random_state=0, reg_covar=1e-6).fit(X)
    >>> mixture.means_[mixture.predict([[0, 0], [12, 3]])].round(6)
    array([[ 1.,  2.],
           [10.,  2.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "covariance_type": [StrOptions(set(FAMILIES))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left"), StrOptions({"auto"})],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(STARTS))],
        "moves": [StrOptions({"auto"}), "array-like", None],
        "spikes": [StrOptions({"avoid", "allow"})],
        "accelerate": ["boolean"],
        "prior": [StrOptions(set(PRIORS)), ConjugatePrior, None],
        "n_factors": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "noise": [StrOptions({"auto"}), "boolean", Interval(Real, 0.0, None, closed="neither")],
        "transforms": [StrOptions({"auto"}), "array-like", None],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
    }

    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    log_likelihood_: float
    n_samples_: int
    repaired_components_: tuple[int, ...]
    stability_: Stability | None
    noise_: UniformNoise | None
    linear_relations_: tuple[LinearRelation, ...]
    n_factors_: int
    loadings_: Array
    noise_variances_: Array
    selection_: SelectionTable
    runners_up_: tuple[SelectionRow, ...]
    n_components_: int

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-7,
        reg_covar: float | str = "auto",
        max_iter: int = 1000,
        n_init: int = 1,
        init_params: str = "portfolio",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        moves: str | Sequence[Move] | None = "auto",
        spikes: str = "avoid",
        accelerate: bool = True,
        prior: str | ConjugatePrior | None = None,
        noise: bool | float | str = "auto",
        n_factors: int | str = "auto",
        transforms: str | Sequence[str] | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs
        self.moves = moves
        self.spikes = spikes
        self.accelerate = accelerate
        self.prior = prior
        self.noise = noise
        self.n_factors = n_factors
        self.transforms = transforms

    @with_callbacks
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers; double or single precision is read as it is, without a copy.
        y : ignored
            Present for pipelines.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts: weight 0 is the same as leaving the row out, weight 2 the same as
            having it twice. Weights that sum to less than the number of rows that have one only say
            proportions: where it matters how many rows there are, for a prior and for "auto", they are
            scaled to sum to the effective number of rows, (sum w)² / sum w².

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the data are not valid, or there are fewer rows than components.
        gaussmix.DegenerateCovarianceError
            If a component collapses and `reg_covar` is zero.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If `max_iter` iterations were not enough.
        gaussmix.DegenerateComponentWarning
            If a component collapsed and was held up, or lost all its rows.
        gaussmix.SampleWeightWarning
            If weights were scaled.
        """
        with unchanged_upon_failure(self):
            warn_of_fit(self, self._fit(X, sample_weight))
        return self

    @classmethod
    def from_parameters(
        cls,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        *,
        covariance_type: str = "full",
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Build a mixture from known parameters, ready to predict, score and sample.

        Parameters
        ----------
        weights : array-like of shape (n_components,)
            Not negative, summing to one.
        means : array-like of shape (n_components, n_features)
        covariances : array-like
            In the shape of `covariances_` for the covariance type.
        covariance_type : str, default="full"
            See the class. Whether the covariances obey it beyond their shape is not checked.
        feature_names : sequence of str, optional
            Names of the features, as if fitted on a frame with these columns.

        Returns
        -------
        GaussianMixture
            Fitted. With ``warm_start=True`` set, `fit` goes on from these parameters.

        Raises
        ------
        ValueError
            If shapes do not agree, weights are not proportions or covariances not positive definite.

        Examples
        --------
        >>> from gaussmix import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters(
        ...     [0.25, 0.75], [[0.0], [3.0]], [1.0, 4.0], covariance_type="spherical")
        >>> mixture.predict([[-1.0], [5.0]])
        array([0, 1])
        """
        means = np.asarray(means, dtype=np.float64)
        if means.ndim != 2 or 0 in means.shape:
            raise ValueError(f"means should have the shape (n_components, n_features), but got {means.shape}")
        n_components, n_features = means.shape
        mixture = cls(n_components=n_components, covariance_type=covariance_type)
        mixture._validate_params()
        family = mixture._family()
        check_number_of_features(family, n_features)
        checked = check_positive_definite(covariances, family, n_components, n_features, "covariance")
        weights = check_proportions(weights, n_components)
        means = check_means(means, n_components, n_features)
        parameters = MixtureParameters.from_covariances(family, weights, means, checked)
        mixture._publish(parameters, np.dtype(np.float64))
        mixture.n_features_in_ = n_features
        if feature_names is not None:
            if isinstance(feature_names, str) or not all(isinstance(name, str) for name in feature_names):
                raise ValueError(f"feature_names should be a sequence of texts, but got {feature_names!r}")
            if len(feature_names) != n_features:
                raise ValueError(f"there are {len(feature_names)} feature names for {n_features} features")
            mixture.feature_names_in_ = np.asarray(feature_names, dtype=object)
        mixture.converged_ = True
        mixture.n_iter_ = 0
        mixture.repaired_components_ = ()
        mixture.stability_ = None
        mixture.noise_ = None
        mixture.transforms_ = None
        return mixture

    def without_noise(self) -> Self:
        """Return the mixture of the components alone, their weights summing to one.

        Returns
        -------
        GaussianMixture
            A copy without `noise_`. What it says of the fit, such as `log_likelihood_`, is left as it was.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the mixture has not been fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import GaussianMixture
        >>> generator = np.random.default_rng(0)
        >>> X = np.concatenate([generator.normal(size=(150, 2)), generator.uniform(-9, 9, size=(50, 2))])
        >>> mixture = GaussianMixture(noise=True).fit(X)
        >>> mixture.weights_.round(1), mixture.without_noise().weights_
        (array([0.7]), array([1.]))
        """
        check_is_fitted(self)
        alone = copy(self)
        alone.weights_ = self.weights_ / self.weights_.sum()
        alone.noise_ = None
        return alone

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the mixture to a file as readable JSON, which `gaussmix.load_model` reads.

        The file appears complete or not at all.

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
        from gaussmix.estimators.model_file import save_model

        save_model(self, path)

    def _fit(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> FitResult:
        """Validate, fit and store, and leave it to the caller to warn."""
        self._validate_params()
        refuse_ambiguous_numbers(self)
        data: NDArray[np.floating] = checked_data(
            self, X, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        check_number_of_features(self._family(), data.shape[1])
        weights = check_sample_weight(sample_weight, data.shape[0])
        if self._asks_how_many_rows:
            weights = counted(weights)
        n_samples = data.shape[0] if weights is None else int(np.count_nonzero(weights))
        total = float(n_samples if weights is None else weights.sum())
        for name in _OF_A_CHOICE:  # of an earlier fit
            if hasattr(self, name):
                delattr(self, name)
        continued = self.warm_start and hasattr(self, "converged_")
        if continued:
            rows = FittedRows.known(data, weights, getattr(self, "transforms_", None))
        else:
            names = getattr(self, "feature_names_in_", None)
            rows = FittedRows.of(data, weights, self.transforms, names)
        if isinstance(self.n_components, str):
            choice = self._best_number(rows.values, weights)
            store_fit(self, choice.result, rows, n_samples, total)
            self.selection_ = choice.table.shifted(total * rows.log_jacobian)
            self.runners_up_ = self.selection_.runners_up
            self.n_components_ = choice.row.n_components
            return choice.result
        if n_samples < self.n_components:
            raise ValueError(
                "Expected n_samples >= n_components "
                f"but got n_components = {self.n_components}, n_samples = {n_samples}"
            )
        n_init = 1 if continued else self.n_init
        monitors = Monitors.watching(
            self, n_init, data, lambda found: self._reconstruction(found, rows), rows.log_jacobian
        )
        try:
            result = self._run(rows.values, weights, n_init, monitors, continued=continued)
        finally:
            monitors.close()
        store_fit(self, result, rows, n_samples, total)
        monitors.end_fit(result.parameters)
        return result

    @property
    def _asks_how_many_rows(self) -> bool:
        """Whether the fit depends on how many rows the weights stand for, as priors and BIC do."""
        has_choice = self.n_components == "auto" or (
            self.n_factors == "auto" and isinstance(FAMILIES[self.covariance_type], LowRankFamily)
        )
        return has_choice or self.prior is not None

    def _run(
        self,
        data: NDArray[np.floating],
        weights: Array | None,
        n_init: int,
        monitors: Monitors,
        *,
        continued: bool,
    ) -> FitResult:
        """Return the fit of a number of components."""
        assert not isinstance(self.n_components, str)
        n_features = data.shape[1]
        options = FitOptions(
            family=family_to_fit(self, n_features, continued=continued),
            n_components=self.n_components,
            start=STARTS[self.init_params],
            moves=moves_of(self),
            avoid_spikes=self.spikes == "avoid",
            given=(current_parameters if continued else given_parameters)(self, n_features),
            reg_covar=None if self.reg_covar == "auto" else float(self.reg_covar),
            tol=self.tol,
            max_iter=self.max_iter,
            accelerate=self.accelerate,
            n_init=n_init,
            generator=check_random_state(self.random_state),
            backend=default_backend(self.n_jobs),
            prior=prior_named(self.prior),
            noise=noise_with_a_number(self.noise),
        )
        try:
            return fit_mixture(data, weights, options, monitors)
        except DegenerateCovarianceError:
            raise DegenerateCovarianceError(single_precision=data.dtype == np.float32) from None

    def _best_number(self, data: NDArray[np.floating], weights: Array | None) -> Choice:
        """Compare numbers of components."""
        refuse_what_needs_a_number(self)
        return choose(
            data,
            weights,
            names=[self.covariance_type],
            numbers=None,
            criterion="bicc",
            reg_covar=self.reg_covar,
            tol=self.tol,
            max_iter=self.max_iter,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            max_seconds=None,
            verbose=int(self.verbose),
            thorough=False,
            model=lambda row, result: self,
            prior=prior_named(self.prior),
            noise=self.noise,
        )

    def _reconstruction(self, parameters: MixtureParameters, rows: FittedRows) -> dict[str, Any]:
        """Return the attributes that make a copy of this estimator a fitted one."""
        names = {name: getattr(self, name) for name in ("feature_names_in_",) if hasattr(self, name)}
        arrays = fitted_arrays(parameters, rows.values.dtype)
        return {"n_features_in_": parameters.n_features, "transforms_": rows.transforms, **names, **arrays}
