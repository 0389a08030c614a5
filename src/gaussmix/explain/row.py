"""One row: why it belongs to this group and not to that one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.explain.contributions import Contrast, split_log_ratio
from gaussmix.explain.groups import Groups
from gaussmix.explain.notable import conditional_deviations, most_probable
from gaussmix.explain.row_explanation import RowExplanation
from gaussmix.explain.row_sentences import row_sentences
from gaussmix.explain.rows import RowTable, resolve_feature_names
from gaussmix.explain.working_mixture import WorkingMixture


def explain_row(
    model: Any,
    row: Any,
    *,
    group: int | None = None,
    against: int | Literal["nearest", "rest"] = "nearest",
    feature_names: Sequence[str] | None = None,
    groups: ArrayLike | None = None,
    group_names: Sequence[str] | None = None,
) -> RowExplanation:
    """Say why a row belongs to one group and not to another.

    The log-odds are split exactly into what the sizes of the groups and each feature contribute. The
    contribution of a feature is what it adds to the log-odds from the features known before, averaged over
    all orders in which features can become known (Shapley's value); the log-odds from some features alone
    come from the mixture's own marginal densities, so that no second model stands between.

    Parameters
    ----------
    model : fitted mixture
    row : array-like of shape (D,) or (1, D), or frame of one row
    group : int, optional
        Default: the group to which the row is assigned.
    against : int, "nearest" or "rest", default="nearest"
        Another group, the most probable other one, or all others together. Noise is never among them.
    feature_names : sequence of D str, optional
        Default: the names the model was fitted with, else the frame's, else x0, x1, ...
    groups : array-like of int, shape (K,), optional
        The group of each component, from 0 without gaps, where components were merged to clusters.
    group_names : sequence of str, optional

    Returns
    -------
    RowExplanation

    Raises
    ------
    ValueError
        If there is not one row of D finite numbers, no such group, or only one.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> model = GaussianMixture.from_parameters(
    ...     [0.5, 0.5], [[0.0, 0.0], [4.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], covariance_type="diag")
    >>> found = explain_row(model, [1.0, 5.0], feature_names=["length", "width"])
    >>> found.group, found.against, round(found.log_odds, 6)
    (0, 1, 4.0)
    >>> [abs(round(part, 6)) for part in found.contributions]
    [4.0, 0.0]
    """
    table = RowTable(np.reshape(row, (1, -1)) if np.ndim(row) == 1 else row)
    _, values = table.take(np.arange(min(2, table.n_rows)))
    mixture = WorkingMixture.of(model)
    partition = Groups.of(model, groups, group_names)
    _require_row(values, mixture.n_features, len(partition))
    names = resolve_feature_names(model, table, feature_names)
    z = mixture.to_working(values)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        log_joint = mixture.log_component_densities(z)[0] + np.log(mixture.weights)
    if np.isnan(log_joint).any() or not np.isfinite(log_joint.max()):
        raise ValueError("The row is so far from all components that its log-odds leave double precision.")
    log_groups = np.array([_log_sum(log_joint[list(members)]) for members in partition.members])
    if group is None:
        group = int(np.argmax(log_groups))
    elif not 0 <= group < len(partition):
        raise ValueError(f"There is no group {group}: they are numbered 0 to {len(partition) - 1}.")
    other = _other_group(against, group, log_groups)
    those = partition.others(group) if other is None else partition.members[other]
    weights = mixture.weights
    with np.errstate(divide="ignore"):
        from_size = float(
            np.log(weights[list(partition.members[group])].sum()) - np.log(weights[list(those)].sum())
        )
    log_odds = float(log_groups[group] - _log_sum(log_joint[list(those)]))
    (split,), exact = split_log_ratio(mixture, z, [Contrast(partition.members[group], those)])
    contributions = _closing(split[:, 0], log_odds - from_size)
    probabilities = np.exp(log_groups - _log_sum(log_groups))
    responsibilities = np.exp(log_joint - log_joint.max())
    component = most_probable(responsibilities, partition.members[group])
    noise = _noise_probability(model, mixture, log_groups)
    of_components = (1.0 - noise) * responsibilities / responsibilities.sum()
    deviations, distance = conditional_deviations(mixture, values[0], component)
    explanation = RowExplanation(
        group=group,
        against=other,
        names=partition.names,
        feature_names=names,
        values=tuple(values[0].tolist()),
        probabilities=tuple(probabilities.tolist()),
        log_odds=log_odds,
        from_size=from_size,
        contributions=tuple(contributions.tolist()),
        order=tuple(np.argsort(-np.abs(contributions), kind="stable").tolist()),
        exact=exact,
        deviations=deviations,
        distance=distance,
        noise_probability=noise,
        is_noise=bool(noise > of_components.max()),
    )
    return replace(explanation, sentences=row_sentences(explanation))


def _noise_probability(model: Any, mixture: WorkingMixture, log_groups: Array) -> float:
    noise = getattr(model, "noise_", None)
    if noise is None:
        return 0.0
    log_density = np.log1p(-noise.weight) + _log_sum(log_groups) + mixture.coordinates.log_jacobian
    return float(1.0 / (1.0 + np.exp(np.minimum(log_density - np.log(noise.weight) + noise.log_volume, 700))))


def _require_row(values: Array, n_features: int, n_groups: int) -> None:
    if len(values) != 1:
        raise ValueError("One row is explained at a time, but there are more: pass one, such as X[17].")
    if values.shape[1] != n_features:
        raise ValueError(
            f"The row has {values.shape[1]} value(s), but the model has {n_features} feature(s)."
        )
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values[0]))[0])
        raise ValueError(f"Value {bad} of the row is {values[0, bad]}: only finite numbers can be explained.")
    if n_groups < 2:
        raise ValueError("There is only one group: every row belongs to it.")


def _other_group(against: int | str, group: int, log_groups: Array) -> int | None:
    if isinstance(against, str):
        if against not in ("nearest", "rest"):
            raise ValueError(f"against should be a group, 'nearest' or 'rest', but is {against!r}")
        if against == "rest":
            return None
        numbers = np.arange(len(log_groups))
        return int(max(numbers[numbers != group], key=lambda one: log_groups[one]))
    if not 0 <= against < len(log_groups) or against == group:
        raise ValueError(
            f"There is no other group {against}: they are numbered 0 to {len(log_groups) - 1}, and the row "
            f"is compared as one of group {group}."
        )
    return int(against)


def _closing(contributions: Array, total: float) -> Array:
    """Return contributions that sum to the total: each bears its part of what rounding left over.

    Log-densities from some features come from a factorisation of their own, those of the model from
    another; where covariances are nearly singular the two differ by more than the last digits.
    """
    size = np.abs(contributions).sum()
    if not np.isfinite(total) or size == 0.0:
        return contributions
    closed: Array = contributions + (total - contributions.sum()) * (np.abs(contributions) / size)
    return closed


def _log_sum(logs: Array) -> float:
    largest = logs.max()
    if not np.isfinite(largest):
        return float(largest)
    return float(largest + np.log(np.exp(logs - largest).sum()))
