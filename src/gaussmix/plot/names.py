"""What the components of a mixture are called in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gaussmix.explain.wording import clean_text, display_names

MARKED_BY_NAME = 6
"""The names of more components than this would cover each other inside a picture."""


@dataclass(frozen=True)
class ComponentNames:
    """One name a component, in full for legends and short for marks inside a picture.

    Parameters
    ----------
    full : tuple of str
        Such as "component 3", or the name that a user gave; of many components with its number, by which
        it is found in the picture.
    short : tuple of str
        Such as "3", or the name cut to a few letters.
    """

    full: tuple[str, ...]
    short: tuple[str, ...]

    @classmethod
    def of(cls, model: Any) -> ComponentNames:
        """Return the names that were given to a model's components, numbers where there are none.

        Parameters
        ----------
        model : fitted mixture
            Names stand in ``component_names_``, if it has them.
        """
        return cls.given(getattr(model, "component_names_", None), len(model.weights_))

    @classmethod
    def given(cls, names: Sequence[str | None] | None, n_components: int) -> ComponentNames:
        """Return names as they were given, and numbers for components without one.

        Parameters
        ----------
        names : sequence of str or None, or None
        n_components : int

        Examples
        --------
        >>> ComponentNames.given(["loyal", None], 2)
        ComponentNames(full=('loyal', 'component 1'), short=('loyal', '1'))
        """
        known = [None] * n_components if names is None else list(names)
        few = n_components <= MARKED_BY_NAME
        full = display_names(
            [(name if few else f"{k}: {name}") if name else f"component {k}" for k, name in enumerate(known)],
            28,
        )
        short = [clean_text(name, 14) if name and few else str(k) for k, name in enumerate(known)]
        return cls(full, tuple(short))

    def __len__(self) -> int:
        return len(self.full)
