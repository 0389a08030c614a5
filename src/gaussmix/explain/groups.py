"""Groups of components: what a reader takes for one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaussmix.core.rows import Array
from gaussmix.explain.wording import clean_text


@dataclass(frozen=True)
class Groups:
    """A partition of the components.

    Parameters
    ----------
    members : tuple of tuple of int
        The components of each group.
    names : tuple of str
    """

    members: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.members)

    def probabilities(self, responsibilities: Array) -> Array:
        """Return the probabilities of groups, shape (rows, G), from those of components, shape (rows, K).

        A column of noise may follow those of the components, and belongs to no group.
        """
        if all(members == (group,) for group, members in enumerate(self.members)):
            return responsibilities[:, : len(self.members)]
        return np.stack([responsibilities[:, list(members)].sum(axis=1) for members in self.members], axis=1)

    def others(self, group: int) -> tuple[int, ...]:
        """Return the components of all other groups."""
        return tuple(k for other, members in enumerate(self.members) if other != group for k in members)

    def display_names(self) -> tuple[str, ...]:
        """Return the names as text may show them."""
        return tuple(clean_text(name, 40) for name in self.names)

    @classmethod
    def of(
        cls, model: Any, groups: ArrayLike | None = None, group_names: Sequence[str] | None = None
    ) -> Groups:
        """Return the groups that a user gave, or a group a component.

        Parameters
        ----------
        model : fitted mixture
        groups : array-like of int, shape (K,), optional
            The group of each component, from 0 without gaps.
        group_names : sequence of str, optional
            Default: the names of the components, or numbers.

        Raises
        ------
        ValueError
            If there is not one group a component, a number is left out, or not one name a group.
        """
        n_components = len(model.weights_)
        if groups is None:
            members: tuple[tuple[int, ...], ...] = tuple((k,) for k in range(n_components))
            names = component_labels(model)
        else:
            members = _checked_members(groups, n_components)
            names = tuple(f"cluster {group}" for group in range(len(members)))
        if group_names is not None:
            if isinstance(group_names, str) or len(group_names) != len(members):
                raise ValueError(f"group_names should hold a name for each of the {len(members)} group(s)")
            names = tuple(str(name) for name in group_names)
        return cls(members, names)


def component_labels(model: Any) -> tuple[str, ...]:
    """Return what the components are called: by their names, else ``"component 0"`` and so on.

    Parameters
    ----------
    model : fitted mixture

    Returns
    -------
    tuple of K str
        Names as they were given: clean them before showing them.
    """
    names = getattr(model, "component_names_", None) or [None] * len(model.weights_)
    return tuple(name or f"component {k}" for k, name in enumerate(names))


def _checked_members(groups: ArrayLike, n_components: int) -> tuple[tuple[int, ...], ...]:
    numbers = np.asarray(groups)
    if numbers.shape != (n_components,) or not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(
            f"groups should hold the number of the group of each of the {n_components} component(s), but is "
            f"{groups!r}"
        )
    present = np.unique(numbers)
    if not np.array_equal(present, np.arange(len(present))):
        raise ValueError(f"groups should be numbered from 0 without gaps, but the numbers are {present}")
    return tuple(tuple(np.flatnonzero(numbers == group).tolist()) for group in range(len(present)))
