"""What estimators share that fit a mixture to complete rows and condition it on what is known of others."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

from gaussmix.core.conditioning import Conditioner
from gaussmix.core.density import FactorForm
from gaussmix.core.patterns import missing_patterns
from gaussmix.core.predictive import Evidence
from gaussmix.core.rows import Array
from gaussmix.covariance import LowRankFamily
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.validation import check_sample_weight, counted

BLOCK_ROWS = 4096
"""Rows that are worked on at a time: tables of rows by components stay small."""
N_NAMED_COLUMNS = 3
"""How many columns an error names."""
_PARAMETERS = (
    "n_components",
    "covariance_type",
    "tol",
    "reg_covar",
    "max_iter",
    "n_init",
    "random_state",
    "verbose",
    "n_jobs",
)


class ConditionalEstimator(BaseEstimator):
    """An estimator with a mixture inside, and the parameters of that mixture.

    Missing entries are NaN. The mixture is fitted to the rows that have none.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: GaussianMixture._parameter_constraints[name] for name in _PARAMETERS
    }

    n_components: int | str
    random_state: Any
    n_complete_: int
    n_iter_: int
    mixture_: GaussianMixture
    _total_weight: float

    def __sklearn_tags__(self) -> Tags:
        """Say that missing entries are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _fit_mixture(self, X: Array, targets: Array | None, sample_weight: ArrayLike | None) -> None:
        """Fit the mixture to the rows of X that are complete, with their targets as further columns.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
        targets : ndarray of shape (n_samples, n_targets) or None
        sample_weight : array-like of shape (n_samples,), optional

        Raises
        ------
        ValueError
            If there are too few complete rows, or the weights are not valid.

        Warns
        -----
        gaussmix.SampleWeightWarning
            If weights only say proportions, as how sure predictions and draws are depends on their sum.
        """
        weights = check_sample_weight(sample_weight, len(X))
        missing = np.isnan(X)
        usable = ~missing.any(axis=1)
        if weights is not None:
            usable &= weights > 0
        self._check_complete(missing, int(usable.sum()), weighted=weights is not None)
        everything = X if targets is None else np.hstack([X, targets])
        counts = None if weights is None else counted(weights[usable])
        mixture = GaussianMixture(**{name: getattr(self, name) for name in _PARAMETERS})
        mixture.fit(np.asarray(everything[usable], dtype=np.float64), sample_weight=counts)
        self.n_complete_ = int(usable.sum())
        self._total_weight = float(self.n_complete_ if counts is None else counts.sum())
        self.n_iter_ = mixture.n_iter_
        self.mixture_ = mixture

    def _check_complete(self, missing: NDArray[np.bool_], n_complete: int, *, weighted: bool) -> None:
        """Refuse to fit to too few complete rows, and tell which columns are to blame."""
        wanted = self.n_components
        least = max(2, int(wanted) if isinstance(wanted, Integral) else 1)
        if n_complete >= least or (not missing.any() and not weighted):
            return  # what is wrong with a table without gaps, the mixture says itself
        counts = missing.sum(axis=0)
        worst = np.argsort(-counts, kind="stable")[:N_NAMED_COLUMNS]
        names = getattr(self, "feature_names_in_", None)
        listed = [
            f"{int(column) if names is None else repr(str(names[column]))} ({counts[column]} missing)"
            for column in worst
            if counts[column]
        ]
        advice = (
            f"Columns with the most gaps: {', '.join(listed)}; leave them out" if listed else "Take more rows"
        )
        alternative = ", or ask for fewer components" if least > 2 else ""
        raise ValueError(
            f"The mixture is fitted to complete rows, and of n_samples = {len(missing)} only {n_complete} "
            f"{'has' if n_complete == 1 else 'have'} no missing entry"
            f"{' and a positive weight' if weighted else ''}, but at least {least} are needed. "
            f"{advice}{alternative}."
        )

    def _evidence(self) -> Evidence:
        """Return how many rows stand behind the estimates of each component."""
        mixture = self.mixture_
        family = mixture._family()
        counts = self._total_weight * np.asarray(mixture.weights_, dtype=np.float64)
        if family.representation.form is FactorForm.DIAGONAL:
            n_slopes: int | None = 0
        else:
            n_slopes = mixture.n_factors_ if isinstance(family, LowRankFamily) else None
        if set(family.identifier) <= {"E", "I"}:  # all components have one covariance
            return Evidence(counts, np.full(len(counts), self._total_weight), len(counts), n_slopes)
        return Evidence(counts, counts, 1, n_slopes)

    def _conditionals(
        self, mixture: GaussianMixture, X: NDArray[np.floating], wanted: NDArray[np.intp] | None
    ) -> Iterator[tuple[NDArray[np.intp], Conditioner, Array]]:
        """Yield rows with the same missing entries, a mixture prepared for them, and what they have.

        Parameters
        ----------
        mixture : GaussianMixture
        X : ndarray of shape (n_samples, n_features)
            The first features of the mixture.
        wanted : ndarray of int or None
            Features whose distribution is asked for: None for those that are missing.

        Yields
        ------
        rows : ndarray of int
        conditioner : Conditioner
        known : ndarray of shape (number of rows, number of known entries)
        """
        parameters = mixture._parameters()
        shape = parameters.means.shape
        matrices = parameters.family.representation.matrices(parameters.covariances, *shape)
        of_pattern = None
        for rows, pattern in missing_patterns(np.isnan(X), BLOCK_ROWS):
            if pattern is not of_pattern:
                of_pattern = pattern
                conditioner = Conditioner.of(
                    parameters.weights,
                    parameters.means,
                    matrices,
                    np.flatnonzero(~pattern),
                    np.flatnonzero(pattern) if wanted is None else wanted,
                )
            known = X[rows][:, ~pattern]
            yield rows, conditioner, np.asarray(known, dtype=np.float64)


def check_count(value: Any, name: str) -> int:
    """Return a number of things that are asked for.

    Raises
    ------
    ValueError
        If it is not a whole number, or less than one.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} should be a whole number of at least 1, but is {value!r}")
    return int(value)
