"""A small decision tree over the groups: the form of description that readers understand best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.rows import Array
from gaussmix.explain.explanation import DescribingTree, TreeNode
from gaussmix.explain.rows import RowTable
from gaussmix.explain.rules import round_threshold, threshold_text
from gaussmix.explain.wording import format_count, format_share

DEEPEST = 5
MOST_LEAVES = 16
WORTHWHILE = 0.015
"""A question is asked only if it brings this share of the rows to the right group."""
ROUNDING_REACH = 0.02
"""Thresholds are rounded within so many standard deviations of the rows that are asked."""


def describing_tree(
    Z: Array,
    values: Array,
    labels: NDArray[np.integer],
    weight: Array,
    n_groups: int,
) -> TreeNode:
    """Grow a small tree on a sample of rows; its thresholds have few digits.

    Parameters
    ----------
    Z : ndarray of shape (rows, D)
        The sample in working coordinates: scikit-learn's trees compute in single precision.
    values : ndarray of shape (rows, D)
        The sample in the data's units.
    labels : ndarray of int, shape (rows,)
    weight : ndarray of shape (rows,)
    n_groups : int

    Returns
    -------
    TreeNode
        The root, with counts of the sample.
    """
    from sklearn.tree import DecisionTreeClassifier

    leaves = min(2 * n_groups, MOST_LEAVES)
    grown = DecisionTreeClassifier(max_depth=DEEPEST, max_leaf_nodes=max(leaves, 2), random_state=0)
    inner = grown.fit(Z.astype(np.float32), labels, sample_weight=weight).tree_

    def build(node: int, rows: NDArray[np.intp]) -> TreeNode:
        counts = np.bincount(labels[rows], weights=weight[rows], minlength=n_groups)
        leaf = TreeNode(tuple(counts.tolist()), int(counts.argmax()))
        if inner.children_left[node] < 0:
            return leaf
        feature = int(inner.feature[node])
        goes_low = Z[rows, feature].astype(np.float32) <= inner.threshold[node]
        column = values[rows, feature]
        if goes_low.all() or not goes_low.any():
            return leaf
        below, above = float(column[goes_low].max()), float(column[~goes_low].min())
        # Where rows lie close, few digits are worth more than the last row.
        room = max(above / 2 - below / 2, ROUNDING_REACH * float(np.std(column)))
        middle = below / 2 + above / 2
        threshold = round_threshold(middle - room, middle + room)
        low = build(inner.children_left[node], rows[column <= threshold])
        high = build(inner.children_right[node], rows[column > threshold])
        return replace(leaf, feature=feature, threshold=threshold, low=low, high=high)

    root = build(0, np.arange(len(labels)))
    return _pruned(root, WORTHWHILE * float(weight.sum()))


def describe_tree(
    root: TreeNode,
    table: RowTable,
    labels: NDArray[np.integer],
    names: Sequence[str],
    feature_names: Sequence[str],
    sample_weight: Array | None = None,
) -> DescribingTree:
    """Send all rows of a table down a tree, block by block, and put it into words.

    Parameters
    ----------
    root : TreeNode
    table : RowTable
    labels : ndarray of int, shape (N,)
        Group of each row; negative for noise, which is led to some group, but not rightly.
    names, feature_names : sequence of str
        Of groups and features, as text may show them.
    sample_weight : ndarray of shape (N,), optional
    """
    noise = len(names)  # its rows are counted last
    leaves: list[Array] = []
    for start, _, values in table.blocks(table.n_features):
        label = labels[start : start + len(values)]
        weight = np.ones(len(label)) if sample_weight is None else sample_weight[start : start + len(label)]
        present = np.flatnonzero(weight > 0)
        label = np.where(label < 0, noise, label)
        found = _count(root, values, label, weight, present, noise + 1)
        leaves = [one + other for one, other in zip(leaves, found, strict=True)] if leaves else found
    if not any(leaf[noise] for leaf in leaves):
        leaves = [leaf[:noise] for leaf in leaves]
    counted, _ = _with_counts(root, leaves)
    total = sum(counted.counts)
    right = sum(leaf.counts[leaf.group] for leaf in _leaves(counted))
    return DescribingTree(
        root=counted,
        fidelity=right / total if total else 0.0,
        n_leaves=len(_leaves(counted)),
        lines=tuple(_lines(counted, names, feature_names)),
    )


def _count(
    node: TreeNode,
    values: Array,
    labels: NDArray[np.integer],
    weight: Array,
    rows: NDArray[np.intp],
    n_groups: int,
) -> list[Array]:
    """Return the weights by group at each leaf, from the lowest to the highest."""
    if node.low is None or node.high is None or node.threshold is None:
        counts: Array = np.bincount(labels[rows], weights=weight[rows], minlength=n_groups).astype(np.float64)
        return [counts]
    goes_low = values[rows, node.feature] <= node.threshold
    return _count(node.low, values, labels, weight, rows[goes_low], n_groups) + _count(
        node.high, values, labels, weight, rows[~goes_low], n_groups
    )


def _with_counts(node: TreeNode, leaves: list[Array]) -> tuple[TreeNode, list[Array]]:
    """Return the node with the counts of its leaves, and the leaves that are left for others."""
    if node.low is None or node.high is None:
        return replace(node, counts=tuple(leaves[0].tolist())), leaves[1:]
    low, leaves = _with_counts(node.low, leaves)
    high, leaves = _with_counts(node.high, leaves)
    counts = np.add(low.counts, high.counts)
    return replace(node, counts=tuple(counts.tolist()), low=low, high=high), leaves


def _leaves(node: TreeNode) -> list[TreeNode]:
    if node.low is None or node.high is None:
        return [node]
    return _leaves(node.low) + _leaves(node.high)


def _pruned(node: TreeNode, worthwhile: float) -> TreeNode:
    """Return the node without questions whose answers bring hardly any row to its group."""
    if node.low is None or node.high is None:
        return node
    low, high = _pruned(node.low, worthwhile), _pruned(node.high, worthwhile)
    gain = sum(leaf.counts[leaf.group] for one in (low, high) for leaf in _leaves(one))
    if gain - node.counts[node.group] < worthwhile:
        return TreeNode(node.counts, node.group)
    return replace(node, low=low, high=high)


def _lines(node: TreeNode, names: Sequence[str], feature_names: Sequence[str], indent: str = "") -> list[str]:
    if node.feature is None or node.threshold is None:  # a tree of one leaf
        return [f"{indent}{_ending(node, names)}"]
    lines = []
    for child, sign in ((node.low, "≤"), (node.high, ">")):
        question = f"{indent}{feature_names[node.feature]} {sign} {threshold_text(node.threshold)}"
        assert child is not None
        if child.feature is None:
            lines.append(f"{question}: {_ending(child, names)}")
        else:
            lines.append(question)
            lines.extend(_lines(child, names, feature_names, indent + "  "))
    return lines


def _ending(leaf: TreeNode, names: Sequence[str]) -> str:
    """Return where a leaf leads, how many rows come there, and how many of them rightly."""
    total: Any = sum(leaf.counts)
    right = leaf.counts[leaf.group]
    rows = format_count(total, "row")
    if right == total:
        return f"{names[leaf.group]} ({rows})"
    return f"{names[leaf.group]} ({rows}, {format_share(right / total if total else 0.0)} of them rightly)"
