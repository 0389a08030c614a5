"""What a mixture distribution is: checked parameters that never change, and the names of its features.

Index conventions, here and in the other files of this package: N rows, D features, K components.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.core.rows import Array, Coordinates
from gaussmix.covariance import FAMILIES
from gaussmix.distribution.checks import (
    check_distances,
    checked_covariances,
    checked_names,
    checked_weights,
    finite,
    frame_values,
    read_only,
)

MATRICES = MatrixRepresentation()


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Mixture:
    """Weights, means and covariances of a Gaussian mixture, checked and frozen.

    Parameters
    ----------
    weights : array-like of shape (K,)
        Not negative, summing to one. Components of weight zero are kept.
    means : array-like of shape (K, D)
        With one feature, of shape (K,) if you like.
    covariances : array-like of shape (K, D, D)
        Symmetric, positive definite. With one feature, variances of shape (K,) if you like.
    feature_names : sequence of D str, optional

    Raises
    ------
    ValueError
        If shapes do not agree, weights are not proportions, entries are not finite, or a covariance is not
        symmetric and positive definite; the message says which.
    """

    weights: Array
    means: Array
    covariances: Array
    feature_names: tuple[str, ...] | None

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        mean_rows = finite(means, "means")
        if mean_rows.ndim == 1:
            mean_rows = mean_rows[:, None]
        if mean_rows.ndim != 2 or 0 in mean_rows.shape:
            raise ValueError(f"means should have the shape (components, features), not {mean_rows.shape}")
        n_components, n_features = mean_rows.shape
        matrices = finite(covariances, "covariances")
        if n_features == 1 and matrices.ndim == 1:
            matrices = matrices[:, None, None]
        expected = (n_components, n_features, n_features)
        if matrices.shape != expected:
            raise ValueError(
                f"covariances should have the shape {expected} for means of shape {mean_rows.shape}, "
                f"not {matrices.shape}"
            )
        names = None if feature_names is None else checked_names(feature_names, n_features)
        proportions, symmetric = checked_weights(weights, n_components), checked_covariances(matrices)
        check_distances(proportions, mean_rows, symmetric)
        for name, value in (
            ("weights", read_only(proportions)),
            ("means", read_only(mean_rows)),
            ("covariances", read_only(symmetric)),
            ("feature_names", names),
        ):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        named = "" if self.feature_names is None else f", feature_names={self.feature_names!r}"
        components = f"{self.n_components} component{'s' if self.n_components > 1 else ''}"
        features = f"{self.n_features} feature{'s' if self.n_features > 1 else ''}"
        return f"<{type(self).__name__} of {components} in {features}{named}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mixture):
            return NotImplemented
        return self.feature_names == other.feature_names and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("weights", "means", "covariances")
        )

    def __hash__(self) -> int:
        return hash((self.feature_names, self.weights.tobytes(), self.means.tobytes()))

    @property
    def n_components(self) -> int:
        """Number of components K, those of weight zero included."""
        return int(self.means.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features D."""
        return int(self.means.shape[1])

    @cached_property
    def _coordinates(self) -> Coordinates:
        """Working coordinates around the mixture, in which a typical distance is about one."""
        present = self.weights > 0
        center = self.weights @ self.means
        deviations = np.sqrt(np.einsum("kdd->kd", self.covariances))
        reach = np.maximum(deviations, np.abs(self.means - center))[present].max(axis=0)
        return Coordinates.around(center, reach)

    @cached_property
    def _working(self) -> MixtureParameters:
        """The mixture in working coordinates, diagonal where all covariances are."""
        diagonals = np.einsum("kdd->kd", self.covariances)
        is_diagonal = np.count_nonzero(self.covariances) == np.count_nonzero(diagonals)
        family = FAMILIES["diag" if is_diagonal else "full"]
        scaled = family.representation.rescale_covariances(
            diagonals if is_diagonal else self.covariances, self._coordinates.scale
        )
        means = self._coordinates.to_working(self.means)
        return MixtureParameters.from_covariances(family, self.weights, means, scaled)

    @cached_property
    def _log_weights(self) -> Array:
        """Logarithms of the weights, minus infinity for zero."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    @property
    def _names(self) -> tuple[str, ...]:
        """The names of the features, x0, x1, ... where they have none."""
        return self.feature_names or tuple(f"x{d}" for d in range(self.n_features))

    def _feature_index(self, feature: int | str) -> int:
        """Return the number of a feature given by its number or name.

        Raises
        ------
        ValueError
            If there is no such feature.
        """
        if isinstance(feature, str):
            if feature not in self._names:
                raise ValueError(
                    f"there is no feature {feature!r}; the features are {list(self._names[:20])}"
                )
            return self._names.index(feature)
        if isinstance(feature, bool) or not isinstance(feature, int | np.integer):
            raise ValueError(f"a feature is given by its number or name, not by {feature!r}")
        if not -self.n_features <= feature < self.n_features:
            raise ValueError(f"there is no feature {feature}; they are numbered 0 to {self.n_features - 1}")
        return int(feature) % self.n_features

    def _feature_indices(self, features: int | str | Sequence[int | str] | NDArray[Any]) -> list[int]:
        """Return the numbers of several features, or of one, each at most once.

        Raises
        ------
        ValueError
            If there is no such feature, none is named, or one is named twice.
        """
        several = isinstance(features, Iterable) and not isinstance(features, str)
        wanted: list[Any] = list(features) if several else [features]  # type: ignore[arg-type]
        indices = [self._feature_index(feature) for feature in wanted]
        if not indices:
            raise ValueError("name at least one feature")
        if len(set(indices)) < len(indices):
            raise ValueError(f"a feature is named twice in {wanted}")
        return indices

    def _points(self, x: Any) -> tuple[Array, tuple[int, ...]]:
        """Return points as rows of shape (N, D), and the shape that results for them shall have.

        Parameters
        ----------
        x : array-like of shape (..., D), or frame
            With one feature, numbers of shape (...,) too. Of a frame the columns are found by name where
            the features have names.

        Raises
        ------
        ValueError
            If there are not as many features as the mixture has.
        """
        array = frame_values(x, self.feature_names)
        if self.n_features == 1 and (array.ndim < 2 or array.shape[-1] != 1):
            if array.ndim >= 2:
                raise ValueError(f"points have {array.shape[-1]} features, but the mixture has one")
            return array.reshape(-1, 1), array.shape
        if array.ndim == 0 or array.shape[-1] != self.n_features:
            count = "no" if array.ndim == 0 else array.shape[-1]
            raise ValueError(f"points have {count} features, but the mixture has {self.n_features}")
        # The number of rows is said in full: an empty array has no size to infer it from.
        shape = array.shape[:-1]
        return array.reshape(int(np.prod(shape)), self.n_features), shape

    def _only_one_feature(self, what: str) -> None:
        """Refuse what is defined with one feature only.

        Raises
        ------
        ValueError
            If there are several features.
        """
        if self.n_features > 1:
            raise ValueError(
                f"{what} needs a distribution of one feature, but this has {self.n_features}; take "
                f"marginal({self._names[0]!r}) first"
            )

    def _aligned(self, other: Any) -> Any:
        """Return another mixture with its features in the order of this one's.

        Raises
        ------
        ValueError
            If it is no mixture distribution, or its features are others.
        """
        if not isinstance(other, Mixture):
            raise ValueError(f"a MixtureDistribution is needed, not {type(other).__name__}")
        if other.n_features != self.n_features:
            raise ValueError(f"one mixture has {self.n_features} features, the other {other.n_features}")
        if None in (self.feature_names, other.feature_names) or other.feature_names == self.feature_names:
            return other
        order = [other._feature_index(name) for name in self._names]
        covariances = MATRICES.marginal(other.covariances, np.asarray(order, dtype=np.intp))
        return type(other)(other.weights, other.means[:, order], covariances, self.feature_names)

    def _present(self) -> Self:
        """Return the same distribution without components of weight zero."""
        chosen = self.weights > 0
        if chosen.all():
            return self
        return type(self)(
            self.weights[chosen], self.means[chosen], self.covariances[chosen], self.feature_names
        )


def log_sum(logs: Array) -> Array:
    """Return the logarithm of the sum of exponentials along the first axis.

    With components along the first axis the sums run over long rows, which is several times faster.
    """
    highest = logs.max(axis=0)
    highest[highest == -np.inf] = 0.0
    with np.errstate(divide="ignore"):
        total: Array = np.log(np.exp(logs - highest).sum(axis=0)) + highest
    return total


def normalised(log_weights: Array) -> tuple[Array, float]:
    """Return weights whose logarithms are known up to a constant, and the logarithm of their sum."""
    highest = float(log_weights.max())
    unscaled = np.exp(log_weights - highest)
    total = float(unscaled.sum())
    return unscaled / total, highest + float(np.log(total))
