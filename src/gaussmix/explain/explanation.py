"""What an explanation of a mixture holds: plain data, which text, pictures and pages read.

A group is a component, or several components taken together as one cluster. Numbers of groups count from
0; without merged clusters group k is component k. Names are as users and files gave them: clean them with
`gaussmix.explain.wording` before showing them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from gaussmix.explain.mixture_summary import MixtureSummary, jsonable
from gaussmix.explain.row_explanation import NotableRow


@dataclass(frozen=True)
class Separation:
    """How clearly the rows of a group point to it, and what each feature contributes to that.

    Parameters
    ----------
    other : int or None
        The group from which this one is separated; None stands for all others together.
    nats : float
        Mean over the group's rows, as the mixture has them, of the logarithm of the group's density over
        the other's: the Kullback-Leibler divergence from the other. It is what the features add to the
        log-odds of a row that belongs here.
    contributions : tuple of float
        What each feature adds, in the data's order; they sum to `nats`. The contribution of a feature is
        what it adds to the features known before, averaged over all orders in which features can become
        known (Shapley's value), so that features that say the same share what they say.
    order : tuple of int
        Features by contribution, the largest first.
    exact : bool
        Whether all orders were averaged, rather than a sample of them. The sum is exact in any case.
    """

    other: int | None
    nats: float
    contributions: tuple[float, ...]
    order: tuple[int, ...]
    exact: bool

    @property
    def shares(self) -> tuple[float, ...]:
        """The contributions as shares of their sum; zeros where nothing separates."""
        total = sum(self.contributions)
        return tuple(value / total if total > 0 else 0.0 for value in self.contributions)


@dataclass(frozen=True)
class Condition:
    """A range of one feature.

    Parameters
    ----------
    feature : int
    low : float or None
        A row satisfies the condition if its value is greater than this; None is no limit.
    high : float or None
        ... and if its value is not greater than this; None is no limit.
    """

    feature: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Rule:
    """Ranges of a few features that most rows of a group satisfy, and few others.

    Parameters
    ----------
    conditions : tuple of Condition
        A row matches that satisfies all of them.
    precision : float
        Share of the matching rows that are of the group; rows of noise are among the others.
    recall : float
        Share of the group's rows that match.
    n_matching, n_correct, n_group : int
        Rows that match, those of them that are of the group, and rows of the group.
    text : str
        The rule in words, with names cleaned, such as ``"petal length ≤ 2.5"``.
    """

    conditions: tuple[Condition, ...]
    precision: float
    recall: float
    n_matching: int
    n_correct: int
    n_group: int
    text: str


@dataclass(frozen=True)
class GroupExplanation:
    """One group: what it is, what sets it apart, and some of its rows.

    Parameters
    ----------
    group : int
    name : str
        As given by the user, or ``"component 3"``; of merged components ``"cluster 3"``.
    components : tuple of int
    weight : float
        In the mixture.
    n_rows : int
        Rows of positive weight assigned to it.
    share : float
        Their share of all rows, by weight.
    means, standard_deviations : tuple of float
        Of the group, in the data's own units, one a feature.
    separation : Separation or None
        From all others together; None for a single group.
    nearest : int or None
        The group with which it is confused most.
    from_nearest : Separation or None
        From that group.
    rule : Rule or None
        None for a single group, or one without rows.
    typical_rows, border_rows, unusual_rows : tuple of NotableRow
        Rows assigned to it: of greatest density in the group, the most typical first; those whose other
        group is nearly as probable, the least sure first, none of them surer than 0.9; those of least
        density in the group, the least first.
    sentences : tuple of str
        Size and rule, what sets it apart, and from which other it is hardest to tell.
    """

    group: int
    name: str
    components: tuple[int, ...]
    weight: float
    n_rows: int
    share: float
    means: tuple[float, ...]
    standard_deviations: tuple[float, ...]
    separation: Separation | None
    nearest: int | None
    from_nearest: Separation | None
    rule: Rule | None
    typical_rows: tuple[NotableRow, ...]
    border_rows: tuple[NotableRow, ...]
    unusual_rows: tuple[NotableRow, ...]
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cloud:
    """Groups between whose centres the density has no valley worth the name.

    Parameters
    ----------
    groups : tuple of int
        One group by itself is a cloud, too.
    """

    groups: tuple[int, ...]


@dataclass(frozen=True)
class TreeNode:
    """A question of the decision tree, or a leaf.

    Parameters
    ----------
    counts : tuple of float
        Rows that come here, of each group, by weight; where some are noise those are counted last.
    group : int
        The group of most of them.
    feature : int or None
        The feature asked for; None for a leaf.
    threshold : float or None
        Rows with values not greater go to `low`, others to `high`.
    low, high : TreeNode or None
    """

    counts: tuple[float, ...]
    group: int
    feature: int | None = None
    threshold: float | None = None
    low: TreeNode | None = None
    high: TreeNode | None = None


@dataclass(frozen=True)
class DescribingTree:
    """A small decision tree that asks for one feature after the other and ends at a group.

    Parameters
    ----------
    root : TreeNode
    fidelity : float
        Share of the rows, by weight, that it sends to the group to which the mixture assigns them. It
        knows of no noise: rows of noise are among those that it sends wrongly.
    n_leaves : int
    lines : tuple of str
        The tree as text, indented by two spaces a level.
    """

    root: TreeNode
    fidelity: float
    n_leaves: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class MixtureExplanation:
    """What a fitted mixture says about a table, group by group.

    Parameters
    ----------
    summary : MixtureSummary
        Of the components.
    groups : tuple of GroupExplanation
    confusion : tuple of tuple of float
        Entry j, k: probability that a row of group j, as the mixture has them, is assigned to k. Rows sum
        to one; 1 minus the diagonal is the error of each group.
    overlap : tuple of tuple of float
        Entry j, k, symmetric: share of the rows of j and k together that are assigned to the other of the
        two; the diagonal is zero.
    valleys : tuple of tuple of float
        Entry j, k: the least density on the ridge between the centres of j and k over that at the lower
        of the two. 1: no valley; 0: nothing between.
    clouds : tuple of Cloud
        Groups that are slices of one cloud together; as many clouds as groups where all are separate.
    tree : DescribingTree or None
        None for a single group.
    unusual_rows : tuple of NotableRow
        The rows of least density of the whole table, the least first.
    sentences : tuple of str
        How far the groups are separate: which are hard to tell apart, and which are slices of one cloud.
    """

    summary: MixtureSummary
    groups: tuple[GroupExplanation, ...]
    confusion: tuple[tuple[float, ...], ...]
    overlap: tuple[tuple[float, ...], ...]
    valleys: tuple[tuple[float, ...], ...]
    clouds: tuple[Cloud, ...]
    tree: DescribingTree | None
    unusual_rows: tuple[NotableRow, ...]
    sentences: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(group.name for group in self.groups)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as data for JSON: dicts, lists, numbers and text; None in place of NaN."""
        result: dict[str, Any] = {
            item.name: jsonable(getattr(self, item.name))
            for item in dataclasses.fields(self)
            if item.name != "summary"
        }
        return {"summary": self.summary.to_dict(), **result}

    def to_frame(self, backend: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """Return a frame with a row a group and feature: place, spread, contribution to the separation.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        import narwhals as nw

        columns: dict[str, list[Any]] = {
            "group": [], "name": [], "feature": [], "mean": [], "standard_deviation": [],
            "contribution": [], "share": [], "contribution_from_nearest": [],
        }  # fmt: skip
        for group in self.groups:
            for d, feature in enumerate(self.summary.feature_names):
                row = (
                    group.group, group.name, feature, group.means[d], group.standard_deviations[d],
                    group.separation.contributions[d] if group.separation else None,
                    group.separation.shares[d] if group.separation else None,
                    group.from_nearest.contributions[d] if group.from_nearest else None,
                )  # fmt: skip
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
        return nw.from_dict(columns, backend=backend).to_native()
