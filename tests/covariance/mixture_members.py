"""The fourteen families spelled out letter by letter, for comparison with what the package does.

Nothing here is shared with the package: an identifier's letters say of volume, shape and orientation whether
it is Equal in all components, Varying or absent (I), and from that follow both the members of the family and
how many numbers it takes to name one.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize


def _slices(identifier: str, n_components: int, n_features: int) -> tuple[list[tuple[str, int, int]], int]:
    sizes = (1, n_features - 1, n_features * (n_features - 1) // 2)
    parts, stop = [], 0
    for letter, size in zip(identifier, sizes, strict=True):
        number = {"E": 1, "V": n_components, "I": 0}[letter]
        parts.append((letter, stop, size))
        stop += number * size
    return parts, stop


def n_numbers(identifier: str, n_components: int, n_features: int) -> int:
    """Return how many numbers name a member."""
    return _slices(identifier, n_components, n_features)[1]


def _of_component(x: np.ndarray, part: tuple[str, int, int], k: int) -> np.ndarray:
    letter, start, size = part
    if letter == "I":
        return np.zeros(size)
    start += size * (k if letter == "V" else 0)
    return x[start : start + size]


def log_eigenvalues(x: np.ndarray, identifier: str, n_components: int, n_features: int) -> np.ndarray:
    """Return the logarithms of the variances along the axes, shape (K, D)."""
    (volume, shape, _), _ = _slices(identifier, n_components, n_features)
    rows = []
    for k in range(n_components):
        of_shape = _of_component(x, shape, k)
        rows.append(_of_component(x, volume, k) + np.append(of_shape, -of_shape.sum()))
    return np.array(rows)


def member(x: np.ndarray, identifier: str, n_components: int, n_features: int) -> np.ndarray:
    """Return the covariances, shape (K, D, D), that numbers name."""
    (_, _, orientation), _ = _slices(identifier, n_components, n_features)
    logarithms = log_eigenvalues(x, identifier, n_components, n_features)
    matrices = []
    for k in range(n_components):
        skew = np.zeros((n_features, n_features))
        skew[np.tril_indices(n_features, -1)] = _of_component(x, orientation, k)
        skew -= skew.T
        axes = np.linalg.solve(np.eye(n_features) + skew, np.eye(n_features) - skew)  # Cayley's transform
        matrices.append((axes * np.exp(logarithms[k])) @ axes.T)
    return np.array(matrices)


def objective(matrices: np.ndarray, second: np.ndarray, counts: np.ndarray) -> float:
    """Return minus twice the part of the expected log-likelihood that depends on covariances."""
    logarithms = np.linalg.slogdet(matrices)[1]
    return float(counts @ logarithms + np.trace(np.linalg.solve(matrices, second), axis1=1, axis2=2).sum())


def least_objective(
    identifier: str, second: np.ndarray, counts: np.ndarray, floor: float = 0.0, n_starts: int = 3
) -> float:
    """Return the least objective that a general-purpose optimiser finds from several random starts."""
    n_components, n_features = second.shape[:2]
    shape = (identifier, n_components, n_features)
    generator = np.random.RandomState(0)
    scale = np.log(np.einsum("kdd->", second) / counts.sum() / n_features)
    best = np.inf
    for _ in range(n_starts):
        start = generator.normal(scale=0.5, size=n_numbers(*shape))
        (volume, _, _), _ = _slices(*shape)
        start[: n_components if volume[0] == "V" else 1] += scale

        def loss(x: np.ndarray) -> float:
            return objective(member(x, *shape), second, counts) / counts.sum()

        if floor:
            bounds = {
                "type": "ineq",
                "fun": lambda x: (log_eigenvalues(x, *shape) - np.log(floor)).ravel(),
            }
            found = optimize.minimize(
                loss, start, method="SLSQP", constraints=bounds, options={"ftol": 1e-13, "maxiter": 500}
            )
            if log_eigenvalues(found.x, *shape).min() < np.log(floor) - 1e-6:
                continue
        else:
            found = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-8})
        best = min(best, found.fun * counts.sum())
    return best
