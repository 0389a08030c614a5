"""A choice among models, from checked data to the best fit: what estimators that choose share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from gaussmix.backends import available_threads
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
from gaussmix.selection.background import fit_beside_noise
from gaussmix.selection.cross_validation import CrossValidation

if TYPE_CHECKING:
    from gaussmix.estimators.gaussian_mixture import GaussianMixture

DEFAULT_NUMBERS = range(1, 10)
CRITERIA = ("bicc", "bic", "icl", "aic", "cv")

Criterion = str | Callable[["GaussianMixture", ArrayLike], float]


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
    numbers: Sequence[int],
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
    numbers : sequence of int
        Numbers of components; those above the number of rows are reported as impossible.
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
    families = {FAMILIES[name].identifier: FAMILIES[name] for name in names}
    given = {FAMILIES[name].identifier: name for name in names}
    # In mclust's order each family follows those that it contains.
    ordered = [
        families[one.identifier] for one in (*MODELS, *ONE_DIMENSIONAL_MODELS) if one.identifier in families
    ]
    clock = Clock(max_seconds)
    progress = SelectionProgress(verbose)
    found: GridResult | LiftedGrid
    try:
        generator = check_random_state(random_state)
        grid = partial(
            fit_grid,
            numbers=numbers,
            reg_covar=None if reg_covar == "auto" else float(reg_covar),
            tol=tol,
            max_iter=max_iter,
            generator=generator,
            thorough=thorough,
            n_threads=available_threads(n_jobs),
            clock=clock,
            progress=progress,
            prior=prior,
            criterion="bicc" if criterion == "bicc" else "bic",
        )
        if along_directions:
            found = fit_grid_along_directions(X, weights, families=ordered, **grid.keywords)
        else:
            found = grid(remaining, weights, families=ordered)
        noisy = {}
        compares_noise = noise is not False and isinstance(criterion, str) and criterion != "cv"
        if compares_noise and isinstance(found, GridResult) and found.ranking:
            fits = fit_beside_noise(
                found,
                float(noise) if not isinstance(noise, bool | np.bool_ | str) else None,
                lambda rows, shares, some: grid(rows, shares, families=some),
                tol=tol,
                max_iter=max_iter,
            )
            noisy = {(one.row.covariance_type, one.row.n_components): one for one in fits}
        rows = [row for row in found.rows if noise is False or noise == "auto" or not noisy]
        rows += [one.row for one in noisy.values()]
        rows = [
            replace(row, covariance_type=given.get(row.covariance_type, row.covariance_type)) for row in rows
        ]

        def complete(row: SelectionRow) -> FitResult:
            cell = found.cell(row)
            result = noisy[cell.key].result if row.noise else found.fit_of(cell)
            if relations is None:
                return result
            return lifted(result, relations, _with_matrices(result.parameters.family), X)

        def judge(row: SelectionRow) -> float:
            assert callable(criterion)
            return float(criterion(model(row, complete(row)), X))

        rows = _judged(found, rows, criterion, reg_covar, tol, progress, judge)
    finally:
        progress.close()
    table = SelectionTable(rows)
    ranking = table.ranking
    if not ranking:
        if any("singular" in (row.message or "") for row in rows) and reg_covar == 0:
            raise DegenerateCovarianceError(single_precision=X.dtype == np.float32)
        raise ValueError(f"None of the {len(rows)} models can be fitted to these rows: {rows[0].message}.")
    if found.timed_out:
        n_fitted = len(ranking)
        warnings.warn(
            f"max_seconds={max_seconds:g} was reached: the best so far of {n_fitted} out of {len(rows)} "
            "models is returned. selection_ says which were not fitted.",
            ConvergenceWarning,
            stacklevel=stack_level_of_user(),
        )
    best = ranking[0]
    if callable(criterion) and np.isnan(best.criterion):
        raise ValueError(
            "criterion returned NaN for every model: it should return a number, the smaller the better."
        )
    if relations is not None:
        total = float(len(X) if weights is None else weights.sum())
        table = table.shifted(relations.log_density * total)
    return Choice(table.ranking[0], complete(best), table)


def _with_matrices(family: CovarianceFamily) -> CovarianceFamily:
    """Return the family, or the smallest with covariance matrices of any kind that holds it."""
    if family.representation.form in (FactorForm.FULL, FactorForm.SHARED):
        return family
    return FAMILIES["VVV" if "V" in family.identifier else "EEE"]


def _judged(
    found: GridResult | LiftedGrid,
    rows: list[SelectionRow],
    criterion: Criterion,
    reg_covar: float | str,
    tol: float,
    progress: SelectionProgress,
    judge: Callable[[SelectionRow], float],
) -> list[SelectionRow]:
    """Return the rows with the value of the criterion that is chosen by."""
    judged = []
    regularization = None if reg_covar == "auto" else float(reg_covar)
    fitted_cells = list(found.fits)
    folds = CrossValidation(found.problem, fitted_cells, reg_covar=regularization, tol=tol, clock=Clock())
    for number, row in enumerate(rows):
        value = float("nan")
        fitted = not np.isnan(row.log_likelihood)
        if isinstance(criterion, str) and criterion != "cv":
            value = getattr(row, criterion)
        elif fitted and (row.sound or not any(one.sound for one in rows)):
            cell = found.cell(row)
            value = folds.deviance(cell) if isinstance(criterion, str) else judge(row)
            progress(number + 1, len(rows), "models judged")
        judged.append(replace(row, criterion=value))
    return judged


__all__ = ["CRITERIA", "DEFAULT_NUMBERS", "Choice", "Criterion", "choose"]
