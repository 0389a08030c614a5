"""When to stop: an estimate of what further EM iterations would still gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PLATEAU_ITERATIONS = 100
"""EM does not count as converged while further iterations would gain this many times the tolerance: a
small step may be one of very many on a plateau (scikit-learn issue 10122)."""


LEAPING_PLATEAU_ITERATIONS = 10
"""The same for accelerated EM, of which an iteration is worth several."""


def has_converged(
    log_likelihoods: Sequence[float],
    tol: float,
    rate: float | None = None,
    plateau_iterations: int = PLATEAU_ITERATIONS,
) -> bool:
    """Return whether the last iteration changed less than a tolerance, and not just on a plateau.

    Parameters
    ----------
    log_likelihoods : sequence of float
        Mean log-likelihood before the first iteration and after each one.
    tol : float
        In the units of the log-likelihood.
    rate : float, optional
        Factor by which gains shrink from one iteration to the next, where it is known otherwise.
    plateau_iterations : int
        Tolerances that all further iterations together must stay below.
    """
    if len(log_likelihoods) < 3:
        return False
    gain = log_likelihoods[-1] - log_likelihoods[-2]
    return abs(gain) < tol and remaining_gain(log_likelihoods, rate) < plateau_iterations * tol


def remaining_gain(log_likelihoods: Sequence[float], rate: float | None = None) -> float:
    """Estimate how much higher the log-likelihood would end if EM went on for ever.

    EM converges linearly, so successive gains shrink by a constant factor in the end, and what is left
    is the tail of a geometric series (Aitken's acceleration as a stopping rule: Böhning, Dietz,
    Schaub, Schlattmann and Lindsay 1994, Annals of the Institute of Statistical Mathematics 46,
    section 3). Gains that do not shrink are a plateau that the iteration is about to leave, whatever
    their size: there the answer is infinity.

    Parameters
    ----------
    log_likelihoods : sequence of float
        Mean log-likelihood before the first iteration and after each one.
    rate : float, optional
        Factor by which gains shrink, where it is not to be taken from the last two gains.

    Returns
    -------
    float
        In the units of the log-likelihood. Zero once the gain is lost in rounding; infinity while
        fewer than two gains are known.

    Examples
    --------
    >>> remaining_gain([-4.0, -2.0, -1.0])  # halves each time, so one more unit is to come
    1.0
    """
    if len(log_likelihoods) < 3:
        return np.inf
    gain = log_likelihoods[-1] - log_likelihoods[-2]
    if gain <= 8 * np.finfo(float).eps * (1.0 + abs(log_likelihoods[-1])):
        return 0.0
    if rate is not None:
        return gain * rate / (1.0 - rate) if rate < 1.0 else np.inf
    previous = log_likelihoods[-2] - log_likelihoods[-3]
    if not gain < previous:
        return np.inf
    return gain * gain / (previous - gain)
