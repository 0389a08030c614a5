"""Hierarchical model-based clustering, with its tree."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from gaussmix.backends import default_backend
from gaussmix.core.rows import Array
from gaussmix.estimators.validation import check_sample_weight, checked_data
from gaussmix.initialization.tree_of_rows import grow_tree_of_rows
from gaussmix.scales import measure


class HierarchicalGaussianClustering(ClusterMixin, BaseEstimator):
    """Agglomerative clustering that merges the clusters whose merge costs the least likelihood.

    Each cluster is a Gaussian, each row belongs to one. Beginning with single rows, the two clusters are
    merged, again and again, whose merge takes least from the likelihood of this classification: mclust's
    ``hc``. Of one tree any number of clusters can be cut, and the dendrogram shows them all.

    Parameters
    ----------
    n_clusters : int or None, default=2
        Number of clusters. None with `distance_threshold`.
    distance_threshold : float or None, default=None
        Height in the dendrogram from which on merges are not made, in place of a number of clusters.
    model : {"auto", "EII", "VII", "EEE", "VVV"}, default="auto"
        What clusters are: spheres of equal size (Ward's criterion), spheres, equal ellipsoids, ellipsoids.
        "auto" takes VVV, as mclust does, for up to 20 features, and EII above. Above 32 features VVV and EEE
        go by traces alone, as VII and EII do.
    transformation : {"auto", "raw", "standardized", "sphered", "svd"}, default="auto"
        Coordinates in which the tree is grown. "svd", mclust's default, is half-way from standardised
        features to spheres; "auto" takes it for up to 20 features, and "standardized" above. By "raw" the
        units of the features matter.
    max_samples : int or None, default=None
        Number of different rows above which the tree is grown on a sample of that many, and each other row
        joins the cluster in which it is likeliest. None takes 5,000, fewer if there are more than ten
        features. Time grows with the square of it.
    random_state : int, RandomState instance or None, default=None
        Seed of the sample.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each row, numbered by their first rows.
    n_clusters_ : int
        Number of clusters.
    children_ : ndarray of shape (n_leaves - 1, 2)
        The two nodes of each merge: the first `n_leaves_` nodes are leaves, each merge makes the next one.
    distances_ : ndarray of shape (n_leaves - 1,)
        Height of each merge: what it takes from the log-likelihood, in nats; by EII, what it adds to the sum
        of squares within clusters. A merge that costs less than one before it has that one's height; and as
        the likelihood of a single row is a convention, costs may be negative, and the least is then
        subtracted from all.
    linkage_ : ndarray of shape (n_leaves - 1, 4)
        The same as a linkage matrix of SciPy, with the numbers of leaves below.
    leaves_ : ndarray of shape (n_leaves,)
        Number of the row that each leaf is: all rows of positive weight, or those of the sample.
    n_leaves_ : int
        Number of leaves.
    tree_model_ : str
        The model that the tree was grown by.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if fitted on a frame whose column names are all strings.

    See Also
    --------
    gaussmix.plot.DendrogramDisplay : Draws the tree.
    sklearn.cluster.AgglomerativeClustering : Ward's criterion, and criteria by distances.

    Notes
    -----
    Banfield and Raftery 1993, Biometrics 49, 803; Fraley 1998, SIAM Journal on Scientific Computing 20, 270.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from gaussmix import HierarchicalGaussianClustering
    >>> clustering = HierarchicalGaussianClustering(3).fit(load_iris().data)
    >>> clustering.linkage_.shape
    (149, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_clusters": [Interval(Integral, 1, None, closed="left"), None],
        "distance_threshold": [Interval(Real, 0.0, None, closed="left"), None],
        "model": [StrOptions({"auto", "EII", "VII", "EEE", "VVV"})],
        "transformation": [StrOptions({"auto", "raw", "standardized", "sphered", "svd"})],
        "max_samples": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    labels_: NDArray[np.int64]
    n_clusters_: int
    children_: NDArray[np.int64]
    distances_: Array
    linkage_: Array
    leaves_: NDArray[np.intp]
    n_leaves_: int
    tree_model_: str

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        distance_threshold: float | None = None,
        model: str = "auto",
        transformation: str = "auto",
        max_samples: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.distance_threshold = distance_threshold
        self.model = model
        self.transformation = transformation
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the tree and cut it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts. Rows of weight zero are no leaves, but get a label.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the data are not valid, both or neither of `n_clusters` and
            `distance_threshold` are given, or there are fewer different rows than clusters.
        """
        self._validate_params()
        if (self.n_clusters is None) == (self.distance_threshold is None):
            raise ValueError(
                "Exactly one of n_clusters and distance_threshold has to be set, and the other one has to be "
                f"None, but they are {self.n_clusters!r} and {self.distance_threshold!r}."
            )
        data: NDArray[np.floating] = checked_data(
            self, X, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        weights = check_sample_weight(sample_weight, len(data))
        coordinates = measure(data, weights, default_backend(None), common_scale=False).coordinates
        z = data.astype(np.float64) if self.transformation == "raw" else coordinates.to_working(data)
        grown = grow_tree_of_rows(
            z,
            weights,
            check_random_state(self.random_state),
            model=None if self.model == "auto" else self.model,
            transformation=None if self.transformation == "auto" else self.transformation,
            largest=self.max_samples,
        )
        self.tree_model_ = grown.model
        self.linkage_ = grown.tree.linkage()
        self.children_ = self.linkage_[:, :2].astype(np.int64)
        self.distances_ = self.linkage_[:, 2].copy()
        self.leaves_ = grown.leaves
        self.n_leaves_ = len(grown.leaves)
        if self.distance_threshold is None:
            n_clusters = int(self.n_clusters or 1)
        else:
            # Equal rows cannot be parted.
            n_apart = int(np.count_nonzero(self.distances_ >= self.distance_threshold))
            n_clusters = min(1 + n_apart, grown.tree.n_groups)
        self.labels_ = grown.labels(z, n_clusters)
        self.n_clusters_ = n_clusters
        return self
