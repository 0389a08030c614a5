"""The default start: a portfolio of cheap ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gaussmix.core.parameters import MixtureParameters
from gaussmix.initialization.base import Start, StartingData

FEW_COMPONENTS = 6
"""Random starts find the best of few components, and hardly ever that of many: above this, fewer are made."""
SHARE_WHERE_DEAR = 0.2
"""Share of the random starts that is made for families whose components are not estimated side by side."""


class Portfolio:
    """Several starts of each of several kinds (``"portfolio"``).

    k-means and trees of merges find compact groups, also among many; random rows find stretched, nested and
    overlapping ones.

    Parameters
    ----------
    directed : sequence of (Start, int)
        Starts that look where the groups are, and how many times each.
    random : sequence of (Start, int)
        Those that do not: of these fewer are made if components are many.
    """

    def __init__(self, directed: Sequence[tuple[Start, int]], random: Sequence[tuple[Start, int]]) -> None:
        self.directed = directed
        self.random = random

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Iterator[MixtureParameters]:
        """Yield mixtures in working coordinates, directed ones first."""
        data = data.thinned(n_components)
        share = min(1.0, FEW_COMPONENTS / n_components)
        if not data.family.independent:
            share *= SHARE_WHERE_DEAR
        kinds = [*self.directed, *((start, int(np.ceil(number * share))) for start, number in self.random)]
        for start, number in kinds:
            for _ in range(number):
                yield from start(data, n_components, generator)
