"""A Gaussian mixture as a probability distribution, all its abilities put together."""

from __future__ import annotations

from gaussmix.distribution.algebra import WithAlgebra
from gaussmix.distribution.distances import WithDistances
from gaussmix.distribution.json_text import WithJson
from gaussmix.distribution.overlap import WithOverlap
from gaussmix.distribution.regions import WithRegions


class MixtureDistribution(WithRegions, WithDistances, WithOverlap, WithAlgebra, WithJson):
    """A Gaussian mixture as a probability distribution, in the manner of `scipy.stats`.

    It is frozen: whatever is made of it is a new one. A fitted mixture has its own as ``distribution_``;
    or give parameters, estimated elsewhere or known.

    Parameters
    ----------
    weights : array-like of shape (K,)
        Not negative, summing to one. Components of weight zero are kept.
    means : array-like of shape (K, D)
        With one feature, of shape (K,) if you like.
    covariances : array-like of shape (K, D, D)
        Symmetric, positive definite. With one feature, variances of shape (K,) if you like.
    feature_names : sequence of D str, optional
        By which features can be named where a number is expected, and the columns of frames are found.

    Attributes
    ----------
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, D)
    covariances : ndarray of shape (K, D, D)
    feature_names : tuple of str or None
    n_components, n_features : int

    Raises
    ------
    ValueError
        If shapes do not agree, weights are not proportions, entries are not finite, or a covariance is not
        symmetric and positive definite; the message says which.

    Notes
    -----
    What cannot be computed in closed form is estimated from random draws and comes with its standard error,
    as an `Estimate`; `random_state` makes it repeatable.

    Examples
    --------
    >>> from gaussmix import MixtureDistribution
    >>> distribution = MixtureDistribution(
    ...     [0.6, 0.4],
    ...     [[0.0, 0.0], [4.0, 2.0]],
    ...     [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.5], [0.5, 1.0]]],
    ...     feature_names=["length", "width"],
    ... )
    >>> distribution
    <MixtureDistribution of 2 components in 2 features, feature_names=('length', 'width')>
    >>> distribution.mean()
    array([1.6, 0.8])
    >>> distribution.condition({"length": 4.0}).mean().round(3)
    array([1.999])
    >>> distribution.marginal("length").ppf([0.05, 0.95]).round(3)
    array([-1.383,  5.15 ])
    """
