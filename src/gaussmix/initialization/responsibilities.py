"""A start from random responsibilities."""

from __future__ import annotations

import numpy as np

from gaussmix.core.em import maximise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.initialization.base import StartingData

BLOCK_ROWS = 4096


class RandomResponsibilities:
    """Uniformly random responsibilities for every row (``"random"``).

    As in scikit-learn, all components start near the overall mean. Rows draw in the order of the table,
    so unlike the other starts this one depends on that order.
    """

    def __call__(
        self, data: StartingData, n_components: int, generator: np.random.RandomState
    ) -> MixtureParameters:
        """Return parameters in working coordinates."""
        rows = data.rows
        centers = np.zeros((n_components, rows.n_features))
        total: SufficientStatistics | None = None
        for start in range(0, rows.n_rows, BLOCK_ROWS):
            z = rows.coordinates.to_working(rows.X[start : start + BLOCK_ROWS])
            responsibilities = generator.uniform(size=(len(z), n_components))
            responsibilities /= responsibilities.sum(axis=1, keepdims=True)
            if rows.sample_weight is not None:
                responsibilities *= rows.sample_weight[start : start + len(z), None]
            part = SufficientStatistics.from_responsibilities(
                z, centers, responsibilities, data.family.moments
            )
            total = part if total is None else total + part
        assert total is not None
        return maximise(total, data.family, data.regularization)
