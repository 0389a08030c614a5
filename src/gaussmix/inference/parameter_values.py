"""The parameters of a mixture as users see them, and a name for each of their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gaussmix.core.density import FactorForm
from gaussmix.core.parameters import CovarianceFamily
from gaussmix.core.rows import Array
from gaussmix.core.stack import MixtureStack
from gaussmix.data.text import shortened

FrameBackend = Literal["pandas", "polars", "pyarrow"]


@dataclass(frozen=True)
class ParameterValues:
    """Numbers that belong to the parameters of a mixture: estimates, errors, bounds or draws of them.

    Parameters
    ----------
    weights : ndarray of shape (..., K)
    means : ndarray of shape (..., K, D)
    covariances : ndarray, shape given by the family
        Behind the axes of draws in the shape of the mixture's `covariances_`.
    """

    weights: Array
    means: Array
    covariances: Array

    def apply(self, function: Callable[..., Any], *others: ParameterValues) -> ParameterValues:
        """Return what a function makes of each of the three arrays, and of those of others."""
        return ParameterValues(
            *(
                function(*(getattr(values, name) for values in (self, *others)))
                for name in ("weights", "means", "covariances")
            )
        )


def values_of(mixtures: MixtureStack) -> ParameterValues:
    """Return the parameters of several mixtures as draws."""
    return ParameterValues(mixtures.weights, mixtures.means, mixtures.covariances)


@dataclass(frozen=True)
class ParameterName:
    """Which number of a mixture's parameters one is.

    Parameters
    ----------
    parameter : {"weight", "mean", "covariance"}
    component : int or None
        None where all components share it.
    feature, other_feature : str or None
        The features of a mean or a covariance; both None for a variance that all features share.
    index : tuple of int
        Where it stands in its array.
    """

    parameter: str
    component: int | None
    feature: str | None
    other_feature: str | None
    index: tuple[int, ...]

    def of(self, values: ParameterValues) -> Any:
        """Return the number, or the draws of it."""
        arrays = {"weight": values.weights, "mean": values.means, "covariance": values.covariances}
        within = arrays[self.parameter]
        for place in reversed(self.index):  # behind the axes of draws
            within = within[..., place]
        return within


def parameter_names(
    family: CovarianceFamily, shape: tuple[int, int], feature_names: Sequence[str]
) -> Iterator[ParameterName]:
    """Go through the names of weights, means and covariances; of symmetric matrices the lower triangle.

    Parameters
    ----------
    family : CovarianceFamily
    shape : tuple of int
        Numbers of components and features.
    feature_names : sequence of str
    """
    components, features = range(shape[0]), range(shape[1])
    for k in components:
        yield ParameterName("weight", k, None, None, (k,))
    for k in components:
        for d in features:
            yield ParameterName("mean", k, feature_names[d], None, (k, d))
    form = family.representation.form
    if form is FactorForm.SCALAR:
        for k in components:
            yield ParameterName("covariance", k, None, None, (k,))
    elif form is FactorForm.DIAGONAL:
        for k in components:
            for d in features:
                yield ParameterName("covariance", k, feature_names[d], feature_names[d], (k, d))
    else:
        owners: list[int | None] = [None] if form is FactorForm.SHARED else list(components)
        for owner in owners:
            for d in features:
                for e in range(d + 1):
                    index = (d, e) if owner is None else (owner, d, e)
                    yield ParameterName("covariance", owner, feature_names[d], feature_names[e], index)


def names_of_features(model: Any) -> tuple[str, ...]:
    """Return the names that a model's features have, or x0, x1, ..."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return tuple(f"x{d}" for d in range(model.means_.shape[1]))
    return tuple(str(name) for name in names)


def frame_of(
    names: Sequence[ParameterName], columns: dict[str, ParameterValues], backend: FrameBackend
) -> Any:
    """Return a frame with a row for each parameter and the given columns.

    Raises
    ------
    ModuleNotFoundError
        If the library of the frame is not installed.
    """
    import narwhals as nw

    frame: dict[str, Any] = {
        "parameter": [name.parameter for name in names],
        "component": [name.component for name in names],
        "feature": [name.feature for name in names],
        "other_feature": [name.other_feature for name in names],
    }
    frame |= {title: [float(name.of(values)) for name in names] for title, values in columns.items()}
    return nw.from_dict(frame, backend=backend).to_native()


def lines_of(names: Sequence[ParameterName], columns: dict[str, ParameterValues]) -> list[str]:
    """Return the same as lines of text, for people: weights and means, and variances."""
    widths = {title: max(12, len(title) + 2) for title in columns}
    head = " " * 34 + "".join(f"{title:>{width}}" for title, width in widths.items())
    text = [head]
    for name in names:
        if name.feature != name.other_feature and name.parameter == "covariance":
            continue
        kind = "variance" if name.parameter == "covariance" else name.parameter
        place = "all" if name.component is None else str(name.component)
        feature = shortened(name.feature or "", 18)
        numbers = "".join(
            f"{float(name.of(values)):>{widths[title]}.4g}" for title, values in columns.items()
        )
        text.append(f"{kind:<9}{place:>4}  {feature:<19}{numbers}")
    return text
