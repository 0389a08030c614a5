"""Solutions that climb the likelihood by collapsing on a few rows.

The likelihood of a mixture with free covariances has no maximum: a component that shrinks to a few rows can
raise it at will (Day 1969, Biometrika 56, 463). Such a solution is not a better optimum.
"""

from __future__ import annotations

from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.rows import Array

ROWS_A_PARAMETER = 5
"""A component at the floor is taken for real if it has this many rows for each of its parameters."""


def is_spike(parameters: MixtureParameters, counts: Array, least: float = 0.0) -> bool:
    """Return whether some component has collapsed on a few rows.

    It has if it holds no more rows than a covariance matrix needs not to be singular, or if its covariance
    stands at the floor and it holds few rows for its number of parameters. A component at the floor with
    many rows is a thin group: rows on a line or plane are a fact of the data.

    Parameters
    ----------
    parameters : MixtureParameters
    counts : ndarray of shape (K,)
        Rows of each component: sums of responsibilities times weights.
    least : float
        Rows that a component must hold in any case.
    """
    least = max(least, least_rows(parameters.family, parameters.n_features))
    enough = ROWS_A_PARAMETER * (
        parameters.n_features + parameters.family.n_parameters(1, parameters.n_features)
    )
    return bool(((counts < least) | (parameters.repaired & (counts < enough))).any())


def least_rows(family: CovarianceFamily, n_features: int) -> int:
    """Return how many rows a component must hold: enough for a covariance of its own, if it has one.

    A matrix from D + 1 rows is not singular, but says nothing.
    """
    has_own_matrix = family.independent and family.n_parameters(1, n_features) > n_features
    return 2 * n_features + 1 if has_own_matrix else 3
