"""Checks of what users pass to estimators, with scikit-learn's words where it has them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from gaussmix.core.counts import as_counts
from gaussmix.core.parameters import CovarianceFamily
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.core.rows import Array
from gaussmix.exceptions import SampleWeightWarning

LARGEST_WEIGHT = 1e100
SMALLEST_WEIGHT = 1e-100
"""Weights are summed, and multiplied by squared distances: beyond these bounds that can leave doubles."""
WEIGHTS_TOLERANCE = 1e-6
"""Component weights may miss one by the rounding of single precision; they are normalised in double."""
_FOR_MISSING = (
    "GaussianMixtureImputer fills missing entries in from the others of their row, and "
    "GaussianMixtureRegressor predicts from rows that lack some; or leave such rows out."
)
SYMMETRY_TOLERANCE = 1e-5
"""Asymmetry allowed in a matrix given by the user, as a correlation: it may have been printed and read."""


def stack_level_of_user() -> int:
    """Return the `stacklevel` that makes a warning point at the code that called an estimator.

    Methods are reached directly, through one another or through scikit-learn's wrappers.
    """
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        ("gaussmix.estimators", "gaussmix.inference", "sklearn.callback", "sklearn.utils")
    ):
        frame = frame.f_back
        level += 1
    return level


def checked_data(estimator: Any, X: Any, *others: Any, **options: Any) -> Any:
    """Return what `sklearn.utils.validation.validate_data` does, after a look at what it does not see.

    Parameters
    ----------
    estimator : estimator
    X : array-like
    *others, **options
        Of `validate_data`.

    Raises
    ------
    ValueError
        If the data are not valid, or entries of a masked array are masked.
    """
    n_masked = int(np.ma.count_masked(X)) if isinstance(X, np.ma.MaskedArray) else 0
    if n_masked:
        raise ValueError(
            f"{n_masked} entries of X are masked, and what stands under the mask would be used. "
            f"X.filled(np.nan) marks them as missing: {_FOR_MISSING}"
        )
    try:
        return validate_data(estimator, X, *others, **options)
    except ValueError as error:
        message = str(error)
        if "does not accept missing values encoded as NaN" not in message:
            raise
        raise ValueError(f"{message.splitlines()[0]}\n{_FOR_MISSING}") from None


def check_sample_weight(sample_weight: Any, n_samples: int) -> Array | None:
    """Return sample weights as doubles; None if all are one.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
    n_samples : int

    Raises
    ------
    ValueError
        If the shape is wrong, or a weight is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        sample_weight = np.full(n_samples, sample_weight, dtype=float)
    weights: Array = check_array(
        sample_weight, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="sample_weight"
    )
    if weights.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if weights.shape != (n_samples,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_samples,)}!")
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise ValueError(
            f"Negative values in data passed to `sample_weight`: row {row} has {weights[row]}. "
            "Weights count how often a row occurs, so they must be zero or more."
        )
    if weights.max() > LARGEST_WEIGHT:
        raise ValueError(f"Sample weights must be at most {LARGEST_WEIGHT}: their sums would overflow.")
    if ((weights > 0) & (weights < SMALLEST_WEIGHT)).any():
        raise ValueError(f"Sample weights must be zero or larger than {SMALLEST_WEIGHT}.")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number: all weights are zero.")
    return None if (weights == 1.0).all() else weights


def counted(weights: Array | None) -> Array | None:
    """Return checked sample weights as numbers of rows, and tell the user if they only say proportions.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,) or None

    Returns
    -------
    counts : ndarray of shape (n_samples,) or None
        See `gaussmix.core.counts.as_counts`.

    Warns
    -----
    gaussmix.SampleWeightWarning
    """
    if weights is None:
        return None
    counts, assumption = as_counts(weights)
    if assumption is not None:
        warnings.warn(assumption, SampleWeightWarning, stacklevel=stack_level_of_user())
    return counts


def _check_shape(parameter: NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    if parameter.shape != shape:
        raise ValueError(
            f"The parameter '{name}' should have the shape of {shape}, but got {parameter.shape}"
        )


def check_weights(weights: ArrayLike, n_components: int) -> Array:
    """Return component weights of shape (K,), checked to be proportions that sum to one."""
    checked = check_array(weights, dtype=[np.float64, np.float32], ensure_2d=False, allow_nd=True)
    _check_shape(checked, (n_components,), "weights")
    if (checked < 0.0).any() or (checked > 1.0).any():
        # The two values are named the wrong way round, as in scikit-learn, whose users match this text.
        raise ValueError(
            "The parameter 'weights' should be in the range [0, 1], but got max value "
            f"{checked.min():.5f}, min value {checked.max():.5f}"
        )
    total = checked.sum(dtype=np.float64)
    if abs(1.0 - total) > WEIGHTS_TOLERANCE:
        digits = 5 if abs(1.0 - total) > 1e-5 else 9
        raise ValueError(
            f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.{digits}f}"
        )
    exact = abs(1.0 - total) <= 4 * len(checked) * np.finfo(np.float64).eps
    return np.asarray(checked, dtype=np.float64) / (1.0 if exact else total)


def check_proportions(weights: ArrayLike, n_components: int) -> Array:
    """Return component weights as `check_weights`, which has scikit-learn's words, with clearer ones."""
    given = np.asarray(weights, dtype=np.float64)
    if given.shape == (n_components,) and ((given < 0.0) | (given > 1.0)).any():
        raise ValueError(
            f"weights should lie between 0 and 1 and sum to one, but the least is {given.min():.6g} and the "
            f"greatest {given.max():.6g}; divide them by their sum"
        )
    return check_weights(weights, n_components)


def check_means(means: ArrayLike, n_components: int, n_features: int) -> Array:
    """Return component means of shape (K, D)."""
    checked = check_array(means, dtype=np.float64, ensure_2d=False, allow_nd=True)
    _check_shape(checked, (n_components, n_features), "means")
    return np.asarray(checked)


def check_positive_definite(
    arrays: ArrayLike, family: CovarianceFamily, n_components: int, n_features: int, what: str
) -> Array:
    """Return covariances or precisions in the family's shape, checked to be positive definite.

    Parameters
    ----------
    arrays : array-like
    family : CovarianceFamily
    n_components, n_features : int
    what : {"covariance", "precision"}
        How to call them in errors.

    Raises
    ------
    ValueError
        If the shape is wrong, or a matrix is not symmetric and positive definite.
    """
    name = f"{family.name} {what}"
    checked = check_array(arrays, dtype=np.float64, ensure_2d=False, allow_nd=True)
    shape = family.representation.shape(n_components, n_features)
    _check_shape(checked, shape, name)
    if isinstance(family.representation, MatrixRepresentation):
        if not _are_symmetric_positive_definite(checked):
            raise ValueError(f"'{name}' should be symmetric, positive-definite")
        return 0.5 * checked + 0.5 * np.swapaxes(checked, -1, -2)
    if not (checked > 0.0).all():
        raise ValueError(f"'{name}' should be positive")
    return np.asarray(checked)


def _are_symmetric_positive_definite(matrices: Array) -> bool:
    """Return whether matrices of shape (..., D, D) are, whatever the units of their features."""
    diagonal = np.einsum("...dd->...d", matrices)
    if not (diagonal > 0).all():
        return False
    root = np.sqrt(diagonal)
    correlations = matrices / root[..., None, :] / root[..., :, None]
    if not np.allclose(correlations, np.swapaxes(correlations, -1, -2), rtol=0.0, atol=SYMMETRY_TOLERANCE):
        return False
    try:
        np.linalg.cholesky(correlations)
    except np.linalg.LinAlgError:
        return False
    return True


@contextmanager
def unchanged_upon_failure(estimator: Any) -> Iterator[None]:
    """Leave the fitted attributes of an estimator as they were where a fit fails or is interrupted.

    Other attributes stay: scikit-learn's callbacks keep one that must outlive the fit.

    Parameters
    ----------
    estimator : object
    """
    before = {name: value for name, value in vars(estimator).items() if _is_fitted_attribute(name)}
    try:
        yield
    except BaseException:
        for name in [name for name in vars(estimator) if _is_fitted_attribute(name)]:
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def _is_fitted_attribute(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")
