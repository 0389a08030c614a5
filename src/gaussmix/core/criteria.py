"""Information criteria, with scikit-learn's sign: the smaller the better.

mclust's BIC and ICL are the negatives of these.
"""

from __future__ import annotations

import math


def bic(log_likelihood: float, n_parameters: int, n_samples: float) -> float:
    """Return the Bayesian information criterion (Schwarz 1978, Annals of Statistics 6, p. 461).

    Parameters
    ----------
    log_likelihood : float
        Of all rows together.
    n_parameters : int
        Number of free parameters.
    n_samples : float
        Number of rows, or the sum of their weights.

    Examples
    --------
    >>> round(bic(-100.0, 5, 100), 3)
    223.026
    """
    return -2.0 * log_likelihood + n_parameters * math.log(n_samples)


PLACE = 0.5
"""What each number of a mean counts for, in parameters, beyond the one that it is, for components beyond the
first: by how much the best of many places flatters one where no component belongs."""
MOST_PLACES = 2.0
"""What all numbers of a mean count for at most: twice the logarithm of n, for as many places as rows."""


def bicc(
    log_likelihood: float,
    n_parameters: int,
    n_samples: float,
    n_independent: float,
    n_each: float,
    n_components: int,
    n_features: int,
) -> float:
    """Return BIC with a correction for few rows and for many places; infinite where rows are too few.

    ``bic + 2 p q / (n - q) + (K - 1) min(D / 2, 2) log(n)`` for p parameters, n rows, K components, D
    features and q parameters that each column of the rows has to pay for; see `parameters_each`. BIC supposes
    that every parameter is known from many rows; where they are about as many as the rows, the likelihood
    that they reach says nothing of other rows. And it supposes that the likelihood has one maximum; but a
    component too many takes the best of the places that there are, about as many as rows.

    Parameters
    ----------
    log_likelihood : float
        Of all rows together.
    n_parameters : int
        Number of free parameters.
    n_samples : float
        Number of rows, or the sum of their weights.
    n_independent : float
        What of them is not mere repetition. All penalties are those of so many rows, on the scale of all.
    n_each : float
        Parameters that each column has to pay for.
    n_components, n_features : int

    Notes
    -----
    A component too many has no one place, so what it gains grows with n (Hartigan 1985, Proceedings of the
    Berkeley Conference in Honor of Neyman and Kiefer 2, 807), the more the more features there are for it to
    find a place in. That half a parameter a feature is due to it was chosen by measuring, on tables with
    known groups.

    Where labels are known, ``2 p + 2 p q / (n - q)`` is exactly by how much twice the log-likelihood flatters
    normal samples: of one column it is AICc (Hurvich and Tsai 1989, Biometrika 76, 297), of several with a
    common matrix that of Bedrick and Tsai 1994, Biometrics 50, 226.

    Examples
    --------
    >>> round(bicc(-100.0, 2, 20, 20, parameters_each(1, 1, 1), 1, 1), 3), bicc(-100.0, 2, 3, 3, 3, 1, 1)
    (206.697, inf)
    """
    left = n_independent - n_each
    if left <= 0.0:
        return math.inf
    n_counted = n_parameters + min(PLACE * n_features, MOST_PLACES) * (n_components - 1)
    penalty = n_counted * math.log(n_independent) + 2.0 * n_parameters * n_each / left
    return -2.0 * log_likelihood + penalty * n_samples / n_independent


def parameters_each(n_components: int, n_features: int, n_covariance_parameters: int) -> float:
    """Return how many parameters each column of the rows has to pay for.

    A mean a component, and as many of the covariances' as it takes to fill a matrix with. With several
    components twice that: the same rows tell to which component they belong, and what it is.

    Parameters
    ----------
    n_components, n_features : int
    n_covariance_parameters : int
        Free parameters of all covariances together.

    Examples
    --------
    >>> parameters_each(1, 4, 10), parameters_each(3, 4, 10)
    (6.0, 16.0)
    """
    each = n_components + 2.0 * n_covariance_parameters / n_features
    return each if n_components == 1 else 2.0 * each


def aic(log_likelihood: float, n_parameters: int) -> float:
    """Return Akaike's information criterion (Akaike 1974, IEEE Transactions on Automatic Control 19).

    Parameters
    ----------
    log_likelihood : float
        Of all rows together.
    n_parameters : int
        Number of free parameters.

    Examples
    --------
    >>> aic(-100.0, 5)
    210.0
    """
    return -2.0 * log_likelihood + 2.0 * n_parameters


def icl(log_likelihood: float, n_parameters: int, n_samples: float, log_certainty: float) -> float:
    """Return the integrated completed likelihood criterion: BIC with a penalty for doubtful labels.

    Parameters
    ----------
    log_likelihood : float
        Of all rows together.
    n_parameters : int
        Number of free parameters.
    n_samples : float
        Number of rows, or the sum of their weights.
    log_certainty : float
        Sum over rows of the logarithm of the probability of the assigned label; zero if all labels are
        certain.

    Notes
    -----
    Biernacki, Celeux and Govaert 2000, IEEE Transactions on Pattern Analysis 22, equation 12, with
    labels assigned by the largest probability, as mclust computes it.

    Examples
    --------
    >>> round(icl(-100.0, 5, 100, log_certainty=-3.0), 3)
    229.026
    """
    return bic(log_likelihood, n_parameters, n_samples) - 2.0 * log_certainty
