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
