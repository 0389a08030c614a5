"""A start from random responsibilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaussmix.core.em import maximise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.initialization.base import StartingData

BLOCK_ROWS = 4096


class RandomResponsibilities:
    """Uniformly random responsibilities for every row (``"random"``).

    As in scikit-learn, all components start near the overall mean. Rows draw in the order of the table,
    so unlike the other starts this one depends on that order, and a repeated row draws twice.
    """

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> Sequence[MixtureParameters]:
        """Return a mixture in working coordinates."""
        rows = data.rows
        centers = np.zeros((n_components, rows.n_features))
        total: SufficientStatistics | None = None
        for start in range(0, rows.n_rows, BLOCK_ROWS):
            z = rows.coordinates.to_working(rows.X[start : start + BLOCK_ROWS])
            weights = np.ones(len(z))
            if rows.sample_weight is not None:
                weights = rows.sample_weight[start : start + len(z)]
                z, weights = z[weights > 0], weights[weights > 0]
            responsibilities = generator.uniform(size=(len(z), n_components))
            responsibilities *= (weights / responsibilities.sum(axis=1))[:, None]
            part = SufficientStatistics.from_responsibilities(
                z, centers, responsibilities, data.family.moments
            )
            total = part if total is None else total + part
        assert total is not None
        return [maximise(total, data.family, data.regularization)]
