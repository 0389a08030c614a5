"""Whether a result may be trusted, in one word and for stated reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core import criteria
from gaussmix.core.parameters import n_free_parameters
from gaussmix.covariance import FAMILIES
from gaussmix.explain import MixtureSummary
from gaussmix.explain.components import transforms_of
from gaussmix.explain.rows import RowTable
from gaussmix.explain.wording import format_number
from gaussmix.report.projection import location_and_scale

SEPARATE = 0.85
"""Mean probability of the rows' components from which on groups are told apart mostly."""
MOST_FEATURES = 300
"""With more features no comparison with a single component is made."""
CLEARLY_BETTER = 10.0
"""A difference of BIC that is very strong evidence (Kass and Raftery 1995, section 3.2)."""


@dataclass(frozen=True)
class Verdict:
    """What a reader should think of a result before reading on.

    Parameters
    ----------
    level : str
        "good", "fair" or "bad".
    title : str
    reasons : tuple of str
        Sentences; none for a good result.
    """

    level: str
    title: str
    reasons: tuple[str, ...]


def judge(
    model: Any,
    X: Any,
    summary: MixtureSummary,
    sample_weight: ArrayLike | None,
    more_reasons: Sequence[str] = (),
) -> Verdict:
    """Return the verdict on a result.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : array-like or frame of shape (N, D)
    summary : MixtureSummary
    sample_weight : array-like of shape (N,), optional
    more_reasons : sequence of str
        Other grave faults that were found.
    """
    reasons = [*summary.warnings, *more_reasons]
    excess = excess_over_single(model, X, summary, sample_weight)
    if excess is not None and excess > 0:
        reasons.append(
            f"A single component describes these rows better than {summary.n_components}: its BIC is "
            f"{format_number(excess, 3)} lower. Try fewer components or a simpler covariance family."
            if excess > CLEARLY_BETTER
            else f"A single component describes these rows as well as {summary.n_components}: its BIC is "
            f"{format_number(excess, 3)} lower."
        )
    if reasons:
        return Verdict("bad", "Do not rely on this result as it stands.", tuple(reasons))
    if summary.n_components == 1:
        return Verdict("fair", "One group: nothing is told apart here.", ())
    if summary.mean_certainty < SEPARATE:
        return Verdict("fair", "The groups overlap: read their borders with care.", ())
    return Verdict("good", "No fault was found in this fit.", ())


def excess_over_single(
    model: Any, X: Any, summary: MixtureSummary, sample_weight: ArrayLike | None
) -> float | None:
    """Return by how much the BIC exceeds that of one component with a covariance of its own.

    Parameters
    ----------
    model : fitted GaussianMixture
        Whose transforms the one component has, too.
    X : array-like or frame of shape (N, D)
    summary : MixtureSummary
    sample_weight : array-like of shape (N,), optional

    Returns
    -------
    float or None
        Negative where the mixture is better. None where there is one component only, or one cannot be
        estimated: with features that do not vary, or too many.
    """
    n_features = summary.n_features
    location, units = location_and_scale(model, summary)
    transforms = transforms_of(model)
    if (
        summary.n_components == 1
        or n_features > MOST_FEATURES
        or not all(one > 0 for one in summary.overall_deviations)
    ):
        return None
    total = np.zeros((n_features + 1, n_features + 1))
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    log_jacobian = 0.0
    for start, _, values in RowTable(X).blocks(n_features):
        z = np.ones((len(values), n_features + 1))
        z[:, :-1] = (transforms.forward(values) - location) / units
        of_block = np.ones(len(z)) if weights is None else weights[start : start + len(z)]
        total += z.T @ (z * of_block[:, None])
        log_jacobian += float(of_block @ transforms.log_jacobian(values))
    mean = total[:-1, -1] / total[-1, -1]
    covariance = total[:-1, :-1] / total[-1, -1] - np.outer(mean, mean)
    sign, log_determinant = np.linalg.slogdet(covariance)
    if sign <= 0 or not np.isfinite(log_determinant):
        return None
    log_determinant += 2.0 * float(np.log(units).sum())
    a_row = -0.5 * (n_features * (1.0 + np.log(2.0 * np.pi)) + log_determinant)
    n_parameters = n_free_parameters(FAMILIES["full"], 1, n_features)
    return summary.bic - criteria.bic(
        float(a_row * summary.total_weight) + log_jacobian, n_parameters, summary.total_weight
    )
