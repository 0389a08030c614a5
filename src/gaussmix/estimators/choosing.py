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
from gaussmix.core import criteria
from gaussmix.core.conjugate_prior import Prior
from gaussmix.core.density import FactorForm
from gaussmix.core.noise import N_PARAMETERS
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
from gaussmix.selection.background import NoisyFit, fit_beside_given_noise, fit_beside_noise
from gaussmix.selection.cross_validation import CrossValidation
from gaussmix.selection.outliers import are_outliers, isolated_rows

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
    relations = find_relations(X, weights) if reg_covar == "auto" and not along_directions else None
    remaining = X
    if relations is not None:
        remaining = np.ascontiguousarray(X[:, relations.independent])
        if remaining.shape[1] == 1:  # of one column volume is all that can vary
            volumes = {FAMILIES[name].identifier[0]: name for name in reversed(names)}
            names = [name for name in names if name in volumes.values()]
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
        prior=prior,
        noise=noise if compares_noise and not along_directions else False,
        along_directions=along_directions,
    )

    def complete(result: FitResult) -> FitResult:
        if relations is None:
            return result
        return lifted(result, relations, _with_matrices(result.parameters.family), X)

    def judge(row: SelectionRow, result: FitResult) -> float:
        assert callable(criterion)
        return float(criterion(model(row, complete(result)), X))

    try:
        compared = comparison.without_outliers(remaining, weights, judge)
    finally:
        progress.close()
    table = SelectionTable(compared.rows)
    ranking = table.ranking
    if not ranking:
        n_models, message = len(compared.rows), compared.rows[0].message
        if reg_covar == 0 and any("singular" in (row.message or "") for row in compared.rows):
            raise DegenerateCovarianceError(single_precision=X.dtype == np.float32)
        raise ValueError(f"None of the {n_models} models can be fitted to these rows: {message}.")
    if compared.timed_out:
        warnings.warn(
            f"max_seconds={max_seconds:g} was reached: the best so far of {len(ranking)} out of "
            f"{len(table)} models is returned. selection_ says which were not fitted.",
            ConvergenceWarning,
            stacklevel=stack_level_of_user(),
        )
    if callable(criterion) and np.isnan(ranking[0].criterion):
        raise ValueError(
            "criterion returned NaN for every model: it should return a number, the smaller the better."
        )
    result = complete(compared.fit_of(ranking[0]))
    if relations is not None:
        total = float(len(X) if weights is None else weights.sum())
        table = table.shifted(relations.log_density * total)
    return Choice(table.ranking[0], result, table)


@dataclass(frozen=True)
class _Compared:
    """Models that were compared on the same rows.

    Parameters
    ----------
    rows : list of SelectionRow
        With the criterion that is chosen by.
    fit_of : callable
        Returns the fit of a row.
    timed_out : bool
    """

    rows: list[SelectionRow]
    fit_of: Callable[[SelectionRow], FitResult]
    timed_out: bool


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
    prior: Prior | None
    noise: bool | float | str
    along_directions: bool

    def without_outliers(
        self,
        X: NDArray[np.floating],
        weights: Array | None,
        judge: Judge,
    ) -> _Compared:
        """Compare models on the rows that do not lie apart, and fit the best to all, with noise for those."""
        apart = np.zeros(len(X), dtype=bool) if self.noise is False else isolated_rows(X, weights)
        if not apart.any():
            return self.of(X, weights, judge)
        kept = None if weights is None else weights[~apart]
        compared = self.of(X[~apart], kept, judge)
        ranking = SelectionTable(compared.rows).ranking
        if not ranking:
            return self.of(X, weights, judge)
        best = ranking[0]
        start = compared.fit_of(best).parameters
        if not are_outliers(X[apart], start, len(X)):
            return self.of(X, weights, judge)
        total = float(len(X) if weights is None else weights.sum())
        of_noise = float(apart.sum() if weights is None else weights[apart].sum()) / total
        if start.noise is not None:
            of_noise += (1.0 - of_noise) * start.noise.weight
        result = fit_beside_given_noise(
            X,
            weights,
            start,
            of_noise,
            volume=_volume(self.noise),
            reg_covar=self.reg_covar,
            tol=self.tol,
            max_iter=self.max_iter,
            backend=default_backend(self.n_threads),
            prior=self.prior,
        )
        if result is None:
            return self.of(X, weights, judge)
        moved = result.em.log_likelihood * total - best.log_likelihood
        kept_rows = {(row.covariance_type, row.n_components): row for row in compared.rows}
        kept_rows |= {(row.covariance_type, row.n_components): row for row in reversed(ranking)}
        rows = [_beside_outliers(row, moved, total, str(self.criterion)) for row in kept_rows.values()]
        return _Compared(rows, lambda row: result, compared.timed_out)

    def of(
        self,
        X: NDArray[np.floating],
        weights: Array | None,
        judge: Judge,
    ) -> _Compared:
        """Compare models, without noise and with it."""
        families = {FAMILIES[name].identifier: FAMILIES[name] for name in self.names}
        given = {FAMILIES[name].identifier: name for name in self.names}
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

        return _Compared(self._judged(found, rows, fit_of, judge), fit_of, found.timed_out)

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


def _beside_outliers(row: SelectionRow, moved: float, total: float, criterion: str) -> SelectionRow:
    """Return a row about all rows, with noise, of one that was about those that do not lie apart.

    Parameters
    ----------
    row : SelectionRow
    moved : float
        What the rows that lie apart add to the log-likelihood of any model.
    total : float
        Number of all rows.
    criterion : str
    """
    n_parameters = row.n_parameters + (0 if row.noise else N_PARAMETERS)
    log_likelihood = row.log_likelihood + moved
    bic = criteria.bic(log_likelihood, n_parameters, total)
    moved_row = replace(
        row,
        n_parameters=n_parameters,
        log_likelihood=log_likelihood,
        bicc=bic + row.bicc - row.bic,
        bic=bic,
        icl=bic + row.icl - row.bic,
        aic=criteria.aic(log_likelihood, n_parameters),
        noise=True,
    )
    return replace(moved_row, criterion=getattr(moved_row, criterion))


def _with_matrices(family: CovarianceFamily) -> CovarianceFamily:
    """Return the family, or the smallest with covariance matrices of any kind that holds it."""
    if family.representation.form in (FactorForm.FULL, FactorForm.SHARED):
        return family
    return FAMILIES["VVV" if "V" in family.identifier else "EEE"]


__all__ = ["CRITERIA", "DEFAULT_NUMBERS", "Choice", "Criterion", "choose"]
