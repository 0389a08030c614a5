"""Random draws from a mixture, and expectations over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.representation import invert_lower_triangular
from gaussmix.core.rows import Array
from gaussmix.distribution.density import BLOCK_ENTRIES, WithDensity
from gaussmix.distribution.estimate import Estimate

RandomState = int | np.random.Generator | np.random.RandomState | None
N_SAMPLES = 100_000
"""Number of random draws that estimates take by default."""


def as_generator(random_state: RandomState) -> Any:
    """Return a generator of random numbers for a seed; generators are returned as they are.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(random_state, np.random.Generator | np.random.RandomState):
        return random_state
    if random_state is not None and not isinstance(random_state, int | np.integer):
        raise ValueError(
            f"random_state should be a number, a generator of random numbers or None, not {random_state!r}"
        )
    return np.random.default_rng(random_state)


def check_n_samples(n_samples: int) -> int:
    """Return a number of random draws, checked to be enough for a standard error.

    Raises
    ------
    ValueError
        If there are fewer than 100.
    """
    if isinstance(n_samples, bool) or not isinstance(n_samples, int | np.integer) or n_samples < 100:
        raise ValueError(f"n_samples should be a whole number of at least 100, not {n_samples!r}")
    return int(n_samples)


class WithSampling(WithDensity):
    """A mixture that can be drawn from."""

    def rvs(self, size: int | tuple[int, ...] | None = None, random_state: RandomState = None) -> Array:
        """Return random draws, independent and in random order.

        Parameters
        ----------
        size : int or tuple of int, optional
            How many. None stands for a single one.
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        ndarray of shape (size, D), or (D,)
            Unlike SciPy's, with one feature too: so that draws are a table whatever the features.

        Raises
        ------
        ValueError
            If a size is negative or not a whole number.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.5, 0.5], [[0.0, 0.0], [9.0, 9.0]], [[[1, 0], [0, 1]]] * 2)
        >>> distribution.rvs(3, random_state=0).shape
        (3, 2)
        """
        shape = () if size is None else tuple(size) if isinstance(size, Iterable) else (size,)
        if not all(isinstance(n, int | np.integer) and n >= 0 for n in shape):
            raise ValueError(f"size should be a whole number from 0 on, or several, but is {size!r}")
        generator = as_generator(random_state)
        n_samples = int(np.prod(shape))
        counts = generator.multinomial(n_samples, self.weights / self.weights.sum())
        rows = np.concatenate([self._draw(k, int(count), generator) for k, count in enumerate(counts)])
        return generator.permutation(rows).reshape(*shape, self.n_features)

    def expect(
        self,
        function: Callable[[Array], Any],
        n_samples: int = N_SAMPLES,
        random_state: RandomState = None,
    ) -> Estimate:
        """Return the expectation of a function, estimated from random draws.

        Each component is drawn from in proportion to its weight, so that the components' numbers add no
        error.

        Parameters
        ----------
        function : callable
            Takes rows of shape (n, D) and returns n numbers.
        n_samples : int, default=100000
            About how many draws.
        random_state : int, Generator or RandomState, optional

        Returns
        -------
        Estimate
            With ``value`` and ``standard_error``.

        Raises
        ------
        ValueError
            If `n_samples` is less than 100, or the function does not return one number a row.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
        >>> estimate = distribution.expect(lambda rows: rows[:, 0] ** 2, random_state=0)
        >>> abs(estimate.value - 9.0) < 4 * estimate.standard_error < 0.1
        True
        """
        check_n_samples(n_samples)
        generator = as_generator(random_state)
        value = variance = 0.0
        for k in np.flatnonzero(self.weights):
            weight = self.weights[k]
            count = max(10, round(n_samples * weight))
            values = self._values(function, int(k), count, generator)
            value += weight * float(values.mean())
            variance += weight**2 * float(values.var(ddof=1)) / count
        return Estimate(float(value), float(np.sqrt(variance)))

    def _values(self, function: Callable[[Array], Any], k: int, count: int, generator: Any) -> NDArray[Any]:
        """Return the function at draws from component k, made block by block."""
        step = max(1, BLOCK_ENTRIES // max(self.n_features, self.n_components))
        parts = []
        for start in range(0, count, step):
            rows = self._draw(k, min(step, count - start), generator)
            values = np.asarray(function(rows), dtype=np.float64)
            if values.shape != (len(rows),):
                raise ValueError(
                    f"the function should return {len(rows)} numbers for as many rows, but returned an array "
                    f"of shape {values.shape}"
                )
            parts.append(values)
        return np.concatenate(parts)

    def _draw(self, k: int, count: int, generator: Any) -> Array:
        """Return draws from component k, shape (count, D), in the data's units."""
        return self._colour(k, generator.standard_normal((count, self.n_features)))

    def _colour(self, k: int, standard_normal: Array) -> Array:
        """Return rows of independent standard normals with component k's mean and covariance."""
        factor = self._working.factor[k]
        spread = (
            standard_normal / factor
            if factor.ndim == 1
            else standard_normal @ invert_lower_triangular(factor).T
        )
        return self._coordinates.to_data(spread + self._working.means[k])
