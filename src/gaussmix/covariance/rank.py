"""How many factors a low-rank family should have."""

from __future__ import annotations

from gaussmix.core import criteria
from gaussmix.core.parameters import Regularization, n_free_parameters
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance.floor import with_additions
from gaussmix.covariance.low_rank import LowRankFamily
from gaussmix.covariance.scatter import Scatters

LARGEST_RANK = 20
PATIENCE = 2
"""Ranks in a row that are no improvement, after which no larger ones are looked at."""


def best_rank(family: LowRankFamily, statistics: SufficientStatistics, regularization: Regularization) -> int:
    """Return the number of factors with the best BIC, if the rows are shared out as they are.

    At most half as many factors as the smallest component has rows are considered: with nearly as many as
    rows there is no noise left, and the likelihood has no maximum.

    Parameters
    ----------
    family : LowRankFamily
    statistics : SufficientStatistics
        With full second moments; every component must have rows.
    regularization : Regularization
    """
    statistics = statistics.centered()
    if regularization.prior is not None:
        statistics = regularization.prior.posterior(statistics)
    counts = statistics.counts
    n_components, n_features = statistics.centers.shape
    scatters = Scatters(with_additions(statistics, regularization) / counts[:, None, None])
    largest = max(1, min(LARGEST_RANK, n_features - 1, int(counts.min() / 2)))
    best, best_rank = float("inf"), 1
    for rank in range(1, largest + 1):
        candidate = family.with_rank(rank)
        found, _ = candidate.factors(scatters, regularization.without_additions())
        log_likelihood = -0.5 * float(counts @ found.deviance)
        n_parameters = n_free_parameters(candidate, n_components, n_features)
        bic = criteria.bic(log_likelihood, n_parameters, float(counts.sum()))
        if bic < best:
            best, best_rank = bic, rank
        elif rank - best_rank >= PATIENCE:
            break
    return best_rank
