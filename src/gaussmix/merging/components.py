"""Merging the components of a fitted mixture: the door, with the methods by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.estimators.base import FittedMixture
from gaussmix.estimators.validation import check_sample_weight
from gaussmix.merging.agglomeration import Agglomeration, agglomerate
from gaussmix.merging.cut import Bounds, checked_bounds, threshold_in_gap
from gaussmix.merging.entropy import EntropyAgglomeration, elbow, entropies_of
from gaussmix.merging.overlap import OverlapAgglomeration
from gaussmix.merging.result import MergedComponents, PlacedRows
from gaussmix.merging.ridge_line import RidgeAgglomeration


@dataclass(frozen=True)
class Method:
    """A criterion of merging.

    Parameters
    ----------
    begin : callable
        Takes the mixture, its responsibilities and the rows' weights and returns an `Agglomeration`.
    bounds : tuple of two float, or None
        Between which scores "auto" stops; None takes the elbow of the entropies.
    knows_places : bool
        Whether clusters are told by where components lie, so that one that lies over several is shared.
    """

    begin: Callable[[Any, Array, Array], Agglomeration]
    bounds: Bounds | None
    knows_places: bool = False


def _by_valleys(model: Any, responsibilities: Array, weights: Array) -> Agglomeration:
    """Return clusters that are merged by the density between them."""
    if not isinstance(model, FittedMixture):
        raise TypeError(
            f"method='unimodality' needs the density of a mixture of gaussmix, but model is a "
            f"{type(model).__name__}. Take method='entropy', or build one by GaussianMixture.from_parameters."
        )
    return RidgeAgglomeration(model._parameters_of_transformed())


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "entropy": Method(
            lambda model, responsibilities, weights: EntropyAgglomeration(responsibilities, weights), None
        ),
        "overlap": Method(
            lambda model, responsibilities, weights: OverlapAgglomeration(responsibilities, weights),
            (0.01, 0.1),
        ),
        "unimodality": Method(_by_valleys, (0.1, 0.6), knows_places=True),
    }
)
"""The methods by the names that `merge_components` takes."""


def merge_components(
    model: Any,
    X: ArrayLike,
    *,
    method: str = "unimodality",
    n_clusters: int | str = "auto",
    threshold: float | Bounds | None = None,
    sample_weight: ArrayLike | None = None,
) -> MergedComponents:
    """Merge the components of a fitted mixture to clusters.

    A mixture takes as many Gaussians as the density needs, and a cluster that is bent or skewed needs
    several. Beginning with single components, the two clusters for whose merge most is to be said are
    merged, again and again. By "unimodality", a wide component for the outskirts of several clusters is then
    shared by them: each of its rows goes to the clusters whose centres are near in its metric.

    Parameters
    ----------
    model : fitted mixture
        A mixture of gaussmix; for "entropy" and "overlap" anything with ``predict_proba`` and ``weights_``.
    X : array-like of shape (n_samples, n_features)
        Rows, as a rule those of the fit.
    method : {"unimodality", "entropy", "overlap"}, default="unimodality"
        What speaks for a merge. "unimodality": there is no valley, or a shallow one, in the density between
        the two, on the ridge lines of their components (Ray and Lindsay 2005); of transformed features it is
        the density of those. "entropy": rows
        are in doubt between the two, so that the entropy of their assignment falls (Baudry and others 2010,
        mclust's clustCombi). "overlap": rows of the one would be assigned to the other (DEMP of Hennig 2010).
    n_clusters : int or "auto", default="auto"
        Number of clusters. "auto" takes, by entropy, the number after which one more multiplies the entropy
        most. The scores of the other methods, a ratio and a probability, have a scale on which bounds mean
        the same for all data: merges are made above the upper bound and not below the lower one, and stop
        between them at the widest gap of the scores. Of entropies only the sequence tells.
    threshold : float or tuple of two float, optional
        The lower and the upper bound; a single number is both. Default: (0.1, 0.6) for "unimodality", and
        (0.01, 0.1) for "overlap". Two equally frequent spheres are never merged from a distance of 4.9 (4.7)
        standard deviations on, and always up to 3.1 (2.6).
    sample_weight : array-like of shape (n_samples,), optional
        How often each row counts.

    Returns
    -------
    MergedComponents

    Raises
    ------
    ValueError
        If a parameter is not valid or there are fewer components than clusters asked for.
    TypeError
        If the model is no mixture, or the method needs a density that it does not have.
    sklearn.exceptions.NotFittedError
        If the mixture has not been fitted.

    Notes
    -----
    Baudry, Raftery, Celeux, Lo and Gottardo 2010, Journal of Computational and Graphical Statistics 19, 332.
    Hennig 2010, Advances in Data Analysis and Classification 4, 3. Ray and Lindsay 2005, Annals of Statistics
    33, 2042.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from gaussmix import GaussianMixture, merge_components
    >>> X, y = make_moons(400, noise=0.05, random_state=0)
    >>> model = GaussianMixture(8, random_state=0).fit(X)
    >>> merged = merge_components(model, X)
    >>> merged.n_clusters_, bool((merged.labels_ == y).all() or (merged.labels_ == 1 - y).all())
    (2, True)
    """
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method should be one of {', '.join(METHODS)}, but is {method!r}")
    chosen = METHODS[method]
    if threshold is not None and chosen.bounds is None:
        raise ValueError(
            f"method={method!r} has no threshold: set n_clusters, or leave the choice to the elbow."
        )
    bounds = chosen.bounds if threshold is None else checked_bounds(threshold)
    if not hasattr(model, "predict_proba"):
        raise TypeError(
            f"model should be a fitted mixture, or have predict_proba and weights_ as one, but is a "
            f"{type(model).__name__}"
        )
    responsibilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    n_rows, n_components = len(responsibilities), len(model.weights_)
    weights = check_sample_weight(sample_weight, n_rows)
    weights = np.ones(n_rows) if weights is None else weights
    of_components = responsibilities[:, :n_components]  # without noise
    merges = agglomerate(chosen.begin(model, of_components, weights), n_components)
    entropies = entropies_of(merges, of_components, weights)
    total = float(weights.sum())
    # The scores of overlap may rise again: a merge is made only if those before it are.
    limit = None if bounds is None else threshold_in_gap(np.minimum.accumulate(merges.scores), bounds)
    merged = MergedComponents(
        model=model,
        method=method,
        n_clusters_=n_components,
        merges_=merges.pairs,
        scores_=merges.scores,
        threshold_=limit,
        total_weight_=total,
        sizes_=weights @ of_components,
        entropies_=entropies,
        responsibilities_=responsibilities,
        placed_=PlacedRows(X, weights) if chosen.knows_places else None,
    )
    if isinstance(n_clusters, Integral) and not isinstance(n_clusters, bool):
        return merged.with_n_clusters(int(n_clusters))
    if n_clusters != "auto":
        raise ValueError(f"n_clusters should be a whole number or 'auto', but is {n_clusters!r}")
    if limit is None:
        return merged.with_n_clusters(elbow(entropies, total))
    refused = np.flatnonzero(merges.scores < limit)
    n_merges = int(refused[0]) if len(refused) else n_components - 1
    return merged.with_n_clusters(n_components - n_merges)
