"""The number of components by the Bayesian information criterion: one fit for each candidate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gaussmix.core.criteria import bic
from gaussmix.estimators import GaussianMixture

__all__ = ["Candidate", "ComponentChoice", "choose_n_components"]


@dataclass(frozen=True)
class Candidate:
    """One fit among several.

    Parameters
    ----------
    n_components : int
        Number of components.
    bic : float
        Bayesian information criterion: smaller is better, the negative of mclust's.
    log_likelihood : float
        Of all rows together.
    n_parameters : int
        Number of free parameters.
    converged : bool
        Whether the fit converged.
    repaired : bool
        Whether a component collapsed and was held up at the floor. Its likelihood then says more about
        the floor than about the data, so such a fit is chosen only if there is no other.
    """

    n_components: int
    bic: float
    log_likelihood: float
    n_parameters: int
    converged: bool
    repaired: bool


@dataclass(frozen=True)
class ComponentChoice:
    """The chosen fit and its rivals.

    Parameters
    ----------
    model : fitted GaussianMixture
        The best.
    candidates : tuple of Candidate
        All that were fitted, by number of components.
    """

    model: GaussianMixture
    candidates: tuple[Candidate, ...]

    @property
    def ranking(self) -> tuple[Candidate, ...]:
        """The candidates, the chosen one first."""
        return tuple(sorted(self.candidates, key=_merit))

    def in_other_units(self, model: GaussianMixture, log_likelihood_shift: float) -> ComponentChoice:
        """Restate the choice after the data's units were changed, which changes no ranking.

        Parameters
        ----------
        model : fitted GaussianMixture
            The chosen model in the new units.
        log_likelihood_shift : float
            What the change adds to the log-likelihood of all rows together.

        Returns
        -------
        choice : ComponentChoice
        """
        return ComponentChoice(
            model,
            tuple(
                replace(
                    candidate,
                    log_likelihood=candidate.log_likelihood + log_likelihood_shift,
                    bic=candidate.bic - 2.0 * log_likelihood_shift,
                )
                for candidate in self.candidates
            ),
        )


def choose_n_components(
    X: npt.NDArray[np.floating[Any]],
    candidates: Iterable[int] = range(1, 10),
    *,
    sample_weight: npt.NDArray[np.floating[Any]] | None = None,
    progress: Callable[[int], None] | None = None,
    **params: Any,
) -> ComponentChoice:
    """Fit a mixture for each number of components and choose by the Bayesian information criterion.

    Parameters
    ----------
    X : ndarray of shape (N, D)
        The data.
    candidates : iterable of int
        Numbers of components to try. Those above the number of rows with a weight are passed over.
    sample_weight : ndarray of shape (N,) or None
        Weights of the rows; the criterion counts their sum as the number of rows.
    progress : callable or None
        Called with each number of components before its fit.
    **params
        Passed to `GaussianMixture`.

    Returns
    -------
    choice : ComponentChoice

    Raises
    ------
    ValueError
        If no candidate is at least 1 and at most the number of rows.

    Notes
    -----
    C. Fraley and A. E. Raftery, "How many clusters? Which clustering method? Answers via model-based
    cluster analysis", The Computer Journal 41 (1998), 578-588. Ties go to fewer components.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.concatenate([np.linspace(0, 1, 30), np.linspace(9, 10, 30)])[:, None]
    >>> choose_n_components(X, range(1, 4), random_state=0).model.n_components
    2
    """
    n_rows = len(X) if sample_weight is None else int(np.count_nonzero(sample_weight))
    total_weight = len(X) if sample_weight is None else float(np.sum(sample_weight))
    numbers = sorted({int(number) for number in candidates if 1 <= number <= n_rows})
    if not numbers:
        raise ValueError(f"No candidate number of components lies between 1 and the {n_rows} row(s) of X.")
    tried: list[Candidate] = []
    warnings_of_best: list[warnings.WarningMessage] = []
    best: tuple[tuple[bool, float, int], GaussianMixture] | None = None
    for number in numbers:
        if progress is not None:
            progress(number)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = GaussianMixture(number, **params).fit(X, sample_weight=sample_weight)
        candidate = Candidate(
            n_components=number,
            bic=bic(model.log_likelihood_, model.n_parameters_, total_weight),
            log_likelihood=model.log_likelihood_,
            n_parameters=model.n_parameters_,
            converged=bool(model.converged_),
            repaired=bool(model.repaired_components_),
        )
        tried.append(candidate)
        if best is None or _merit(candidate) < best[0]:
            best, warnings_of_best = (_merit(candidate), model), caught
    assert best is not None  # numbers is not empty
    # What went wrong in the others stands in their candidates, and concerns nobody else.
    for warning in warnings_of_best:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return ComponentChoice(best[1], tuple(tried))


def _merit(candidate: Candidate) -> tuple[bool, float, int]:
    return candidate.repaired, candidate.bic, candidate.n_components
