"""The course of EM: the mixture after each iteration, as a fit went or in a run of its own."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.estimators import GaussianMixture
from gaussmix.exceptions import DegenerateComponentWarning


class EMHistory:
    """Callback that remembers the mixture after every iteration of a fit.

    ``GaussianMixture(...).set_callbacks(history).fit(X)`` fills it. Callbacks need scikit-learn 1.9.

    Attributes
    ----------
    runs : list of list of GaussianMixture
        A list for each start from which EM ran, after the search for the best optimum; it has the mixture
        after each iteration.
    """

    def __init__(self) -> None:
        self.runs: list[list[Any]] = []

    def setup(self, estimator: Any, context: Any) -> None:
        """Forget an earlier fit."""
        self.runs = []

    def teardown(self, estimator: Any, context: Any) -> None:
        """Keep what was seen."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Take note of a start."""
        if context.task_name == "initialization":
            self.runs.append([])

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        """Take note of an iteration."""
        if context.task_name == "iteration":
            self.runs[-1].append(fitted_estimator)
        return False

    def run_of(self, model: Any) -> list[Any]:
        """Return the run that ended in a model.

        Raises
        ------
        ValueError
            If none did.
        """
        for run in self.runs:
            if run and np.array_equal(run[-1].means_, model.means_):
                return run
        raise ValueError(
            "The history has no run that ended in this model: fit it with set_callbacks(history) first, and "
            "draw that model."
        )


def spread_frames(n_iterations: int, most: int) -> NDArray[np.intp]:
    """Return which of some iterations are shown: the first and the last, and the later the farther apart.

    Parameters
    ----------
    n_iterations : int
    most : int
        Of fewer iterations all are shown.
    """
    if n_iterations <= most:
        return np.arange(n_iterations)
    # Early on a geometric series repeats itself: the longest whose different numbers are few enough is taken.
    for length in range(4 * most, 1, -1):
        frames = np.unique(np.round(np.geomspace(1, n_iterations, length)).astype(np.intp)) - 1
        if len(frames) <= most:
            return frames
    return np.array([n_iterations - 1])


def run_em(
    model: Any, values: Array, init_params: str, max_iter: int, random_state: int
) -> list[GaussianMixture]:
    """Return the mixtures of a plain run of EM: its start, and what each iteration made of it.

    Parameters
    ----------
    model : fitted mixture
        Its family, number of components and regularisation are taken.
    values : ndarray of shape (n, D)
    init_params : str
        How the run starts: see `GaussianMixture`.
    max_iter : int
    random_state : int
        Seed of the start.
    """
    from sklearn.exceptions import ConvergenceWarning

    mixture = GaussianMixture(
        len(model.weights_), covariance_type=model.covariance_type, init_params=init_params, moves=None,
        accelerate=False, max_iter=0, tol=1e-5, reg_covar=getattr(model, "reg_covar", "auto"),
        random_state=random_state, n_jobs=model.n_jobs, warm_start=True,
        noise=getattr(model, "noise_", None) is not None,
    )  # fmt: skip
    run = []
    with warnings.catch_warnings():
        # One iteration at a time does not converge, and of a component that collapses on the way the fit
        # itself has warned.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        for step in range(max_iter + 1):
            if step == 1:
                mixture.set_params(max_iter=1)
            mixture.fit(values)
            run.append(copy.copy(mixture))
            if step and mixture.converged_:
                break
    return run


def without_feature_names(mixture: Any) -> Any:
    """Return a copy that takes rows without column names."""
    plain = copy.copy(mixture)
    if hasattr(plain, "feature_names_in_"):
        del plain.feature_names_in_
    return plain
