"""Columns of a table that follow from others: constants, copies, sums, shares of a whole, one-hot columns.

Such a column adds nothing to what is known of a row, yet it makes every covariance singular. Mixtures are
fitted in the columns that remain, and told in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.density import LOG_2_PI
from gaussmix.core.parameters import CovarianceFamily, MixtureParameters
from gaussmix.core.resolution import resolution
from gaussmix.core.rows import Array

MOST_ROWS = 4000
MOST_OPERATIONS = 1_000_000_000
"""Rows that are looked at times squared features, beyond which relations are not sought."""
LEAST_SURPLUS = 5
"""Rows beyond as many as an equation has coefficients: fewer could obey it by chance."""
LARGEST_RESIDUAL = 0.1
"""What may be missing of an equality, relative to the spread of the feature: R-squared is 0.99 then."""
ROUNDINGS = 64.0
"""What sums of a few columns round, in units of the last place."""
RELATIVE_VARIANCE = 1e-6
"""Variance of a feature about what follows from the others, relative to its squared spread."""
NEGLIGIBLE_COEFFICIENT = 1e-9


@dataclass(frozen=True)
class LinearRelation:
    """A feature that follows from others: ``x[feature] = intercept + sum(coefficient * x[other])``.

    Parameters
    ----------
    feature : int
    intercept : float
    coefficients : dict of int to float
        By the other features; none where the feature is constant.
    """

    feature: int
    intercept: float
    coefficients: dict[int, float]

    def equation(self, names: Sequence[str]) -> str:
        """Return the equation in words.

        Examples
        --------
        >>> LinearRelation(2, 0.0, {0: 1.0, 1: -2.5}).equation(["a", "b", "c"])
        'c = a - 2.5 b'
        """
        terms = []
        for other, coefficient in self.coefficients.items():
            sign = "-" if coefficient < 0 else "+"
            number = f"{abs(coefficient):.4g}"
            terms.append((sign, names[other] if number == "1" else f"{number} {names[other]}"))
        largest = max([abs(value) for value in self.coefficients.values()], default=0.0)
        if not terms or abs(self.intercept) > NEGLIGIBLE_COEFFICIENT * max(largest, 1.0):
            terms.append(("-" if self.intercept < 0 else "+", f"{abs(self.intercept):.4g}"))
        (sign, first), *others = terms
        text = " ".join([first if sign == "+" else f"-{first}", *(part for term in others for part in term)])
        return f"{names[self.feature]} = {text}"


@dataclass(frozen=True)
class Relations:
    """Which columns follow from which.

    Parameters
    ----------
    independent : ndarray of int, shape (R,)
        The columns that remain, ascending.
    dependent : ndarray of int, shape (D - R,)
    intercept : ndarray of shape (D - R,)
    coefficients : ndarray of shape (D - R, R)
    variances : ndarray of shape (D - R,)
        Of each dependent column about what follows from the others, in squared units of the data.
    """

    independent: NDArray[np.intp]
    dependent: NDArray[np.intp]
    intercept: Array
    coefficients: Array
    variances: Array

    @property
    def log_density(self) -> float:
        """Log-density of the dependent columns, given the others, of a row that obeys the equations."""
        return float(-0.5 * (np.log(self.variances) + LOG_2_PI).sum())

    def listed(self) -> tuple[LinearRelation, ...]:
        """Return one relation a dependent column."""
        return tuple(
            LinearRelation(
                int(feature),
                float(intercept),
                {int(self.independent[r]): float(row[r]) for r in np.flatnonzero(row)},
            )
            for feature, intercept, row in zip(self.dependent, self.intercept, self.coefficients, strict=True)
        )

    def lifted(self, parameters: MixtureParameters, family: CovarianceFamily) -> MixtureParameters:
        """Return a mixture of the independent columns as one of all.

        Parameters
        ----------
        parameters : MixtureParameters
            In the data's units.
        family : CovarianceFamily
            With covariance matrices, and no narrower than that of the parameters.
        """
        n_components, n_independent = parameters.means.shape
        n_features = len(self.independent) + len(self.dependent)
        embedding = np.zeros((n_features, n_independent))
        embedding[self.independent, np.arange(n_independent)] = 1.0
        embedding[self.dependent] = self.coefficients
        means = parameters.means @ embedding.T
        means[:, self.dependent] += self.intercept
        representation = parameters.family.representation
        matrices = representation.matrices(parameters.covariances, n_components, n_independent)
        covariances = embedding @ matrices @ embedding.T
        covariances[:, self.dependent, self.dependent] += self.variances
        covariances = 0.5 * (covariances + covariances.swapaxes(1, 2))
        if family.representation.shape(n_components, n_features) == covariances.shape[1:]:
            covariances = covariances[0]
        noise = parameters.noise
        if noise is not None:
            noise = replace(noise, log_density=noise.log_density + self.log_density)
        lifted = MixtureParameters.from_covariances(family, parameters.weights, means, covariances)
        return replace(lifted, repaired=parameters.repaired, noise=noise)


def find_relations(X: NDArray[np.floating], sample_weight: Array | None) -> Relations | None:
    """Return the columns that follow from others before them, or None if none does.

    A column follows if every row obeys its equation, up to what arithmetic and the steps to which values were
    recorded round. Rows far out count no more than others.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    sample_weight : ndarray of shape (N,) or None
        Rows without weight are not looked at.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = np.random.default_rng(0).normal(size=(2, 50))
    >>> relations = find_relations(np.column_stack([a, b, a + b, np.full(50, 3.0)]), None)
    >>> [relation.equation("abcd") for relation in relations.listed()]
    ['c = a + b', 'd = 3']
    """
    if sample_weight is not None:
        X = X[sample_weight > 0]
    n_features = X.shape[1]
    rows = _different(X[:: max(1, -(-len(X) // MOST_ROWS))].astype(float) + 0.0)
    if len(rows) * n_features**2 > MOST_OPERATIONS or len(rows) < LEAST_SURPLUS + 2:
        return None
    center = np.median(rows, axis=0)
    apart = np.abs(rows - center)
    spread = _typical(apart)
    constant = apart.max(axis=0) <= 8.0 * np.finfo(X.dtype).eps * np.abs(center)
    if constant.all():
        return None
    unit = np.where(constant, 1.0, spread)
    z = (rows - center) / unit
    # Relations hold for a row times any number: no row shall weigh more than others.
    size = 1.0 / np.maximum(np.abs(z).max(axis=1, initial=1.0), 1.0)
    rounding = ROUNDINGS * float(np.finfo(X.dtype).eps)
    kept: list[int] = []
    found: list[tuple[int, float, Array, float]] = []
    space = np.empty((n_features + 1, len(rows)))
    space[0] = size / np.linalg.norm(size)
    for feature in range(n_features):
        if constant[feature]:
            guess = abs(center[feature]) or 1.0
            found.append((feature, float(center[feature]), np.zeros(len(kept)), RELATIVE_VARIANCE * guess**2))
            continue
        column = size * z[:, feature]
        basis = space[: len(kept) + 1]
        rest = column - (basis @ column) @ basis
        rest -= (basis @ rest) @ basis
        left = float(np.linalg.norm(rest))
        could = (
            left <= LARGEST_RESIDUAL * np.linalg.norm(column) and len(rows) >= len(kept) + LEAST_SURPLUS + 2
        )
        if could and (relation := _relation(rows, center, unit, size, kept, feature, rounding)):
            found.append((feature, *relation))
            continue
        kept.append(feature)
        space[len(kept)] = rest / left if left > 0.0 else 0.0
    if not found:
        return None
    coefficients = np.zeros((len(found), len(kept)))
    for number, (_, _, row, _) in enumerate(found):
        coefficients[number, : len(row)] = row
    return Relations(
        np.array(kept, dtype=np.intp),
        np.array([one[0] for one in found], dtype=np.intp),
        np.array([one[1] for one in found]),
        coefficients,
        np.array([one[3] for one in found]),
    )


def _different(rows: Array) -> Array:
    """Return each row once: neither weights nor repetition make an equation more certain."""
    rows = np.ascontiguousarray(rows)
    _, first = np.unique(
        rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))), return_index=True
    )
    return rows[np.sort(first)]


def _relation(
    rows: Array,
    center: Array,
    unit: Array,
    size: Array,
    kept: list[int],
    feature: int,
    rounding: float,
) -> tuple[float, Array, float] | None:
    """Return intercept, coefficients and residual variance of a feature's equation, if all rows obey one."""
    z = (rows[:, [*kept, feature]] - center[[*kept, feature]]) / unit[[*kept, feature]]
    design = np.column_stack([np.ones(len(rows)), z[:, :-1]]) * size[:, None]
    solution = np.linalg.lstsq(design, size * z[:, -1], rcond=None)[0]
    coefficients = solution[1:] * unit[feature] / unit[kept]
    weight = np.abs(solution[1:])
    nice = np.rint(coefficients)  # sums have whole coefficients, which no fit meets exactly
    coefficients = np.where(np.abs(coefficients - nice) < NEGLIGIBLE_COEFFICIENT, nice, coefficients)
    coefficients[weight < NEGLIGIBLE_COEFFICIENT] = 0.0
    follows = rows[:, kept] @ coefficients
    residual = rows[:, feature] - follows
    intercept = float(np.median(residual))
    residual -= intercept
    magnitudes = np.abs(rows[:, kept]) @ np.abs(coefficients) + np.abs(rows[:, feature]) + abs(intercept)
    missed = np.abs(residual) > rounding * magnitudes
    if missed.any():
        step = resolution(rows[:, [*kept, feature]])
        recorded = float(np.append(np.abs(coefficients), 1.0) @ step)
        if recorded > LARGEST_RESIDUAL * unit[feature] or (np.abs(residual[missed]) > recorded).any():
            return None
    if abs(intercept) <= rounding * np.median(magnitudes):
        intercept = 0.0
    variance = max(RELATIVE_VARIANCE * float(unit[feature]) ** 2, float(np.mean(residual**2)))
    return intercept, coefficients, variance


def _typical(apart: Array) -> Array:
    """Return a typical distance from the centre: the median of those that are not zero."""
    return np.array([np.median(column[column > 0.0]) if (column > 0.0).any() else 1.0 for column in apart.T])
