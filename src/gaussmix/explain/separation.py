"""What sets a group apart: from all others together, and from the nearest."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.explain.contributions import Contrast, shares_within, split_log_ratio
from gaussmix.explain.explanation import Separation
from gaussmix.explain.groups import Groups
from gaussmix.explain.working_mixture import WorkingMixture

_DRAWS = 64
"""Draws a component; as many as two a feature and one more have the exact means and covariances."""
_MOST_MATCHED, _MOST_NUMBERS = 256, 1 << 23
"""In more features, and in larger arrays, expectations are means over few random points."""


def separations(
    mixture: WorkingMixture, groups: Groups, pairs: list[tuple[int, int | None]]
) -> list[Separation]:
    """Return the expected log-ratio of groups' densities to others', split into features.

    Expectations are over the group's own rows as the mixture has them: means over points of each component
    whose mean and covariance are exact, so that the divergence of one Gaussian from another is, too.

    Parameters
    ----------
    mixture : WorkingMixture
    groups : Groups
    pairs : list of (int, int or None)
        Group, and the other from which it is separated; None for all others together.
    """
    n_features, n_components = mixture.n_features, mixture.n_components
    n_draws = _DRAWS
    if n_features <= _MOST_MATCHED and n_features**2 * n_components <= _MOST_NUMBERS:
        n_draws = max(_DRAWS, 2 * n_features + 1)
    used = sorted({k for group, _ in pairs for k in groups.members[group]})
    position = {k: i for i, k in enumerate(used)}
    points = mixture.draws(n_draws)[used].reshape(-1, n_features)
    contrasts, ranges = [], []
    for group, other in pairs:
        those = groups.others(group) if other is None else groups.members[other]
        shares = shares_within(mixture.weights, groups.members[group])
        for k, share in zip(groups.members[group], shares, strict=True):
            start = position[k] * n_draws
            average = np.full(n_draws, share / n_draws)
            contrasts.append(Contrast(groups.members[group], those, slice(start, start + n_draws), average))
        ranges.append(len(groups.members[group]))
    parts, exact = split_log_ratio(mixture, points, contrasts)
    result, first = [], 0
    for (_, other), count in zip(pairs, ranges, strict=True):
        contributions: Array = np.sum(parts[first : first + count], axis=0)
        first += count
        result.append(
            Separation(
                other=other,
                nats=float(contributions.sum()),
                contributions=tuple(contributions.tolist()),
                order=tuple(np.argsort(-contributions, kind="stable").tolist()),
                exact=exact,
            )
        )
    return result
