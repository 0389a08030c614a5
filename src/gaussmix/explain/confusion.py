"""How many rows groups exchange, from the mixture alone."""

from __future__ import annotations

import numpy as np

from gaussmix.core.rows import Array
from gaussmix.explain.contributions import shares_within
from gaussmix.explain.groups import Groups
from gaussmix.explain.working_mixture import WorkingMixture

_MOST_DRAWS, _FEWEST_DRAWS = 20_000, 100
_MOST_WORK = 500_000_000
_EXPONENTIAL = 25  # what an exponential costs, in multiplications


def confusion(mixture: WorkingMixture, groups: Groups) -> Array:
    """Return the joint probability of a row's own group and of the group to which it is assigned.

    Draws of all components stand for the mixture, and each counts for its groups by their probabilities
    rather than for the one that it was drawn of: that is far less random, above all for rare errors.

    Parameters
    ----------
    mixture : WorkingMixture
    groups : Groups

    Returns
    -------
    ndarray of shape (G, G)
        Entry j, k: of group j and assigned to k; sums to one.
    """
    n_groups, n_components = len(groups), mixture.n_components
    work = n_components**2 * (mixture.n_features**2 + _EXPONENTIAL)
    n_draws = int(np.clip(_MOST_WORK // work, _FEWEST_DRAWS, _MOST_DRAWS))
    points = mixture.draws(n_draws)
    joint = np.zeros((n_groups, n_groups))
    for k in np.flatnonzero(mixture.weights > 0):
        probabilities = groups.probabilities(mixture.responsibilities(points[k]))
        assigned = probabilities.argmax(axis=1)
        for group in np.unique(assigned):
            joint[:, group] += mixture.weights[k] / n_draws * probabilities[assigned == group].sum(axis=0)
    return joint / joint.sum()


def error_rates(joint: Array) -> Array:
    """Return the probability that a row of group j is assigned to k, shape (G, G); rows sum to one."""
    size = joint.sum(axis=1, keepdims=True)
    unit: Array = np.eye(len(joint))
    np.divide(joint, size, out=unit, where=size > 0)
    return unit


def shared_rows(joint: Array) -> Array:
    """Return the share of the rows of j and k together that are assigned to the other of the two, (G, G)."""
    size = joint.sum(axis=1)
    both = size[:, None] + size
    shared: Array = np.divide(joint + joint.T, both, out=np.zeros_like(joint), where=both > 0)
    np.fill_diagonal(shared, 0.0)
    return shared


def mixed_rows(joint: Array) -> Array:
    """Return the share of the rows of j, belonging or assigned to it, that are mixed up with k, (G, G)."""
    confused = joint + joint.T
    size = confused.sum(axis=1, keepdims=True)
    np.fill_diagonal(confused, 0.0)
    shares: Array = np.divide(confused, size, out=np.zeros_like(joint), where=size > 0)
    return shares


def nearest_groups(mixture: WorkingMixture, groups: Groups, joint: Array) -> list[int | None]:
    """Return for each group the other with which it is confused most, else the one nearest to it."""
    if len(groups) == 1:
        return [None]
    mixed = mixed_rows(joint)
    centres = np.stack(
        [shares_within(mixture.weights, one) @ mixture.parameters.means[list(one)] for one in groups.members]
    )
    spread = np.sqrt(mixture.parameters.pooled_variances())
    nearest: list[int | None] = []
    for group in range(len(groups)):
        others = np.delete(np.arange(len(groups)), group)
        distance = np.linalg.norm((centres[others] - centres[group]) / spread, axis=1)
        # Below a millionth an overlap is no neighbourhood but the tail of a tail.
        share = np.where(mixed[group, others] > 1e-6, mixed[group, others], 0.0)
        nearest.append(int(others[np.lexsort((distance, -share))[0]]))
    return nearest
