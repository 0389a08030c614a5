"""A choice among models, from checked data to the best fit: what estimators that choose share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from gaussmix.backends import available_threads, default_backend
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import CovarianceFamily
from gaussmix.core.relations import find_relations
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES, MODELS, ONE_DIMENSIONAL_MODELS
from gaussmix.estimators.monitors import SelectionProgress
from gaussmix.estimators.validation import stack_level_of_user
from gaussmix.exceptions import DegenerateCovarianceError
from gaussmix.fitting import FitResult, lifted
from gaussmix.selection import (
    Clock,
    GridResult,
    LiftedGrid,
    SelectionRow,
    SelectionTable,
    fit_grid,
    fit_grid_along_directions,
)
from gaussmix.selection.background import NoisyFit, fit_beside_noise
from gaussmix.selection.cross_validation import CrossValidation
from gaussmix.selection.outliers import are_outliers, isolated_rows, with_outliers
from gaussmix.selection.records import beside_noise_row
from gaussmix.selection.table import merit

if TYPE_CHECKING:
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

DEFAULT_NUMBERS = range(1, 10)
CRITERIA = ("bicc", "bic", "icl", "aic", "cv")

Criterion = str | Callable[["GaussianMixture", ArrayLike], float]
Judge = Callable[[SelectionRow, FitResult], float]


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Parameters
    ----------
    row : SelectionRow
    result : FitResult
    table : SelectionTable
    """

    row: SelectionRow
    result: FitResult
    table: SelectionTable


def choose(
    X: NDArray[np.floating],
    weights: Array | None,
    *,
    names: Sequence[str],
    numbers: Sequence[int] | None,
    criterion: Criterion,
    reg_covar: float | str,
    tol: float,
    max_iter: int,
    random_state: Any,
    n_jobs: int | None,
    max_seconds: float | None,
    verbose: int,
    thorough: bool,
    model: Callable[[SelectionRow, FitResult], GaussianMixture],
    prior: Prior | None = None,
    noise: bool | float | str = False,
    along_directions: bool = False,
) -> Choice:
    """Fit all models and choose one.

    Parameters
    ----------
    X, weights
        Checked.
    names : sequence of str
        Covariance types.
    numbers : sequence of int or None
        Numbers of components; those above the number of rows are reported as impossible. None takes 1 to 9,
        and more as long as the best by the criterion have the most.
    criterion : {"bicc", "bic", "icl", "aic", "cv"} or callable
    reg_covar, tol, max_iter, random_state, n_jobs, max_seconds, verbose, thorough
        See `gaussmix.AutoGaussianMixture`.
    model : callable
        Makes an estimator of a fit, for criteria that are callables.
    prior : Prior, optional
    noise : bool, float or "auto"
        Whether there is noise beside the components, or the volume in which it is uniform; "auto" compares
        both.
    along_directions : bool
        Compare mixtures along the leading directions in place of all features, without noise.
    """
    progress = SelectionProgress(verbose)
    compares_noise = noise is not False and isinstance(criterion, str) and criterion != "cv"
    comparison = _Comparison(
        names=names,
        numbers=numbers,
        criterion=criterion,
        reg_covar=None if reg_covar == "auto" else float(reg_covar),
        tol=tol,
        max_iter=max_iter,
        generator=check_random_state(random_state),
        n_threads=available_threads(n_jobs),
        thorough=thorough,
        clock=Clock(max_seconds),
        progress=progress,
        model=model,
        prior=prior,
        noise=noise if compares_noise and not along_directions else False,
        along_directions=along_directions,
    )
    try:
        found = comparison.without_outliers(X, weights)
    finally:
        progress.close()
    if found.timed_out:
        table = found.choice.table
        warnings.warn(
            f"max_seconds={max_seconds:g} was reached: the best so far of {len(table.ranking)} out of "
            f"{len(table)} models is returned. selection_ says which were not fitted.",
            ConvergenceWarning,
            stacklevel=stack_level_of_user(),
        )
    return found.choice


@dataclass(frozen=True)
class _Found:
    """What a comparison on some rows has found.

    Parameters
    ----------
    choice : Choice
    timed_out : bool
    n_independent : float
        How many rows there are beside mere repetitions.
    n_features : int
        Features that do not follow from others.
    """

    choice: Choice
    timed_out: bool
    n_independent: float
    n_features: int


@dataclass(frozen=True)
class _Compared:
    """Models that were compared on the same rows, in columns of which none follows from others.

    Parameters
    ----------
    rows : list of SelectionRow
        With the criterion that is chosen by.
    fit_of : callable
        Returns the fit of a row.
    timed_out : bool
    n_independent : float
    """

    rows: list[SelectionRow]
    fit_of: Callable[[SelectionRow], FitResult]
    timed_out: bool
    n_independent: float


@dataclass(frozen=True)
class _Comparison:
    """How models are compared; see `choose`."""

    names: Sequence[str]
    numbers: Sequence[int] | None
    criterion: Criterion
    reg_covar: float | None
    tol: float
    max_iter: int
    generator: np.random.RandomState
    n_threads: int
    thorough: bool
    clock: Clock
    progress: SelectionProgress
    model: Callable[[SelectionRow, FitResult], GaussianMixture]
    prior: Prior | None
    noise: bool | float | str
    along_directions: bool

    def without_outliers(self, X: NDArray[np.floating], weights: Array | None) -> _Found:
        """Compare models on the rows that do not lie apart, and let those be noise of the best."""
        for apart in [] if self.noise is False else isolated_rows(X, weights):
            kept = None if weights is None else weights[~apart]
            found = self.among(np.ascontiguousarray(X[~apart]), kept)
            if are_outliers(X[apart], found.choice.result.parameters, len(X)):
                return replace(found, choice=self._beside_outliers(found, X, weights, apart))
        return self.among(X, weights)

    def _beside_outliers(
        self, found: _Found, X: NDArray[np.floating], weights: Array | None, apart: NDArray[np.bool_]
    ) -> Choice:
        """Return the choice among models that all have noise, for the rows that lie apart at least."""
        total = float(len(X) if weights is None else weights.sum())
        share = float(apart.sum() if weights is None else weights[apart].sum()) / total
        volume = _volume(self.noise)
        n_bounds = 0 if volume is not None else 2 * found.n_features
        n_independent = found.n_independent + np.count_nonzero(apart)
        chosen, backend = found.choice.row, default_backend(self.n_threads)
        result = with_outliers(found.choice.result, X, weights, share, volume, backend)
        best = beside_noise_row(
            chosen,
            result.em.log_likelihood * total,
            total,
            n_independent,
            found.n_features,
            n_bounds,
            str(self.criterion),
        )
        rows: dict[tuple[str, int], SelectionRow] = {}
        for row in sorted(found.choice.table, key=merit):
            # What the rows that lie apart cost is the same for all models: differences stay what they are.
            rows.setdefault((row.covariance_type, row.n_components), row.moved_as(chosen, best))
        table = SelectionTable(list(rows.values()))
        return Choice(table.ranking[0], result, table)

    def among(self, X: NDArray[np.floating], weights: Array | None) -> _Found:
        """Compare models on some rows, in the columns that do not follow from others."""
        relations = None
        if self.reg_covar is None and not self.along_directions:
            relations = find_relations(X, weights)
        remaining, names = X, self.names
        if relations is not None:
            remaining = np.ascontiguousarray(X[:, relations.independent])
            if remaining.shape[1] == 1:  # of one column volume is all that can vary
                volumes = {FAMILIES[name].identifier[0]: name for name in reversed(names)}
                names = [name for name in names if name in volumes.values()]

        def complete(result: FitResult) -> FitResult:
            if relations is None:
                return result
            return lifted(result, relations, _with_matrices(result.parameters.family), X)

        def judge(row: SelectionRow, result: FitResult) -> float:
            assert callable(self.criterion)
            return float(self.criterion(self.model(row, complete(result)), X))

        compared = self._compared(remaining, weights, names, judge)
        table = SelectionTable(compared.rows)
        if not table.ranking:
            n_models, message = len(table), compared.rows[0].message
            if self.reg_covar == 0 and any("singular" in (row.message or "") for row in table):
                raise DegenerateCovarianceError(single_precision=X.dtype == np.float32)
            raise ValueError(f"None of the {n_models} models can be fitted to these rows: {message}.")
        if callable(self.criterion) and np.isnan(table.ranking[0].criterion):
            raise ValueError(
                "criterion returned NaN for every model: it should return a number, the smaller the better."
            )
        result = complete(compared.fit_of(table.ranking[0]))
        if relations is not None:
            total = float(len(X) if weights is None else weights.sum())
            table = table.shifted(relations.log_density * total)
        choice = Choice(table.ranking[0], result, table)

        return _Found(choice, compared.timed_out, compared.n_independent, remaining.shape[1])

    def _compared(
        self, X: NDArray[np.floating], weights: Array | None, names: Sequence[str], judge: Judge
    ) -> _Compared:
        """Compare models, without noise and with it."""
        families = {FAMILIES[name].identifier: FAMILIES[name] for name in names}
        given = {FAMILIES[name].identifier: name for name in names}
        # In mclust's order each family follows those that it contains.
        ordered = [
            families[one.identifier]
            for one in (*MODELS, *ONE_DIMENSIONAL_MODELS)
            if one.identifier in families
        ]
        options: dict[str, Any] = {
            "reg_covar": self.reg_covar,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "generator": self.generator,
            "thorough": self.thorough,
            "n_threads": self.n_threads,
            "clock": self.clock,
            "progress": self.progress,
            "prior": self.prior,
            "criterion": "bicc" if self.criterion == "bicc" else "bic",
        }

        numbers = list(DEFAULT_NUMBERS if self.numbers is None else self.numbers)

        def grid(
            rows: NDArray[np.floating], shares: Array | None, some: Sequence[CovarianceFamily], most: int
        ) -> GridResult:
            few = [number for number in numbers if number <= most] or numbers[:1]
            goes_on = self.numbers is None and len(few) == len(numbers)
            return fit_grid(rows, shares, families=some, numbers=few, goes_on=goes_on, **options)

        found: GridResult | LiftedGrid
        if self.along_directions:
            found = fit_grid_along_directions(X, weights, families=ordered, numbers=numbers, **options)
        else:
            found = grid(X, weights, ordered, max(numbers))
        noisy: dict[tuple[str, int], NoisyFit] = {}
        if self.noise is not False and isinstance(found, GridResult) and found.ranking:
            fits = fit_beside_noise(found, _volume(self.noise), grid, tol=self.tol, max_iter=self.max_iter)
            noisy = {(one.row.covariance_type, one.row.n_components): one for one in fits}
        rows = [row for row in found.rows if self.noise in (False, "auto") or not noisy]
        rows += [one.row for one in noisy.values()]
        rows = [
            replace(row, covariance_type=given.get(row.covariance_type, row.covariance_type)) for row in rows
        ]

        def fit_of(row: SelectionRow) -> FitResult:
            cell = found.cell(row)
            return noisy[cell.key].result if row.noise else found.fit_of(cell)

        judged = self._judged(found, rows, fit_of, judge)
        return _Compared(judged, fit_of, found.timed_out, found.problem.n_independent)

    def _judged(
        self,
        found: GridResult | LiftedGrid,
        rows: list[SelectionRow],
        fit_of: Callable[[SelectionRow], FitResult],
        judge: Judge,
    ) -> list[SelectionRow]:
        """Return the rows with the value of the criterion that is chosen by."""
        judged = []
        folds = CrossValidation(
            found.problem, list(found.fits), reg_covar=self.reg_covar, tol=self.tol, clock=Clock()
        )
        for number, row in enumerate(rows):
            value = float("nan")
            fitted = not np.isnan(row.log_likelihood)
            if isinstance(self.criterion, str) and self.criterion != "cv":
                value = getattr(row, self.criterion)
            elif fitted and (row.sound or not any(one.sound for one in rows)):
                is_cv = isinstance(self.criterion, str)
                value = folds.deviance(found.cell(row)) if is_cv else judge(row, fit_of(row))
                self.progress(number + 1, len(rows), "models judged")
            judged.append(replace(row, criterion=value))
        return judged


def _volume(noise: bool | float | str) -> float | None:
    """Return the volume in which noise is uniform, if it was given."""
    return None if isinstance(noise, bool | np.bool_ | str) else float(noise)


def _with_matrices(family: CovarianceFamily) -> CovarianceFamily:
    """Return the family, or the smallest with covariance matrices of any kind that holds it."""
    if family.representation.form in (FactorForm.FULL, FactorForm.SHARED):
        return family
    return FAMILIES["VVV" if "V" in family.identifier else "EEE"]


__all__ = ["CRITERIA", "DEFAULT_NUMBERS", "Choice", "Criterion", "choose"]
