"""The table of what was fitted: a row a cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.noise import N_PARAMETERS

N_RUNNERS_UP = 5
BESIDE_NOISE = " + noise"
"""What is added to the covariance type of models with noise."""
SAME_LOG_LIKELIHOOD = 1e-9
"""Relative difference up to which log-likelihoods of one model by two names differ by rounding alone."""


@dataclass(frozen=True)
class SelectionRow:
    """One model among those compared.

    Parameters
    ----------
    covariance_type : str
    n_components : int
    criterion : float
        What was chosen by; the smaller the better. NaN where it was not computed.
    bicc, bic, icl, aic : float
        Information criteria; the smaller the better. NaN where there was no fit, infinite where there are too
        few rows for so many parameters.
    bic_weight : float
        Weight of evidence by BICc among the sound models, from 0 to 1. With one component many families are
        one model by different names: it counts once, and each of its rows has its weight.
    log_likelihood : float
        Of all rows together.
    n_parameters : int
        Number of free parameters.
    n_iter : int
        Iterations of EM of the run that was kept.
    seconds : float
        Time spent on the cell.
    converged : bool
    message : str or None
        Why the model was not fitted, or cannot be chosen while there is a sound one.
    noise : bool
        Whether there is uniform noise beside the components.
    """

    covariance_type: str
    n_components: int
    criterion: float
    bicc: float
    bic: float
    icl: float
    aic: float
    bic_weight: float
    log_likelihood: float
    n_parameters: int
    n_iter: int
    seconds: float
    converged: bool
    message: str | None
    noise: bool = False

    @property
    def sound(self) -> bool:
        """Whether the model may be chosen."""
        return self.message is None

    def moved_as(self, one: SelectionRow, other: SelectionRow) -> SelectionRow:
        """Return the row with all criteria moved by as much as those of one model differ in two tables.

        Parameters
        ----------
        one, other : SelectionRow
            A model, before and after.
        """
        of_criteria = ("criterion", "bicc", "bic", "icl", "aic", "log_likelihood")
        moved = {
            name: getattr(self, name) + getattr(other, name) - getattr(one, name) for name in of_criteria
        }
        more = N_PARAMETERS if other.noise and not self.noise else 0
        values: dict[str, Any] = {**moved, "n_parameters": self.n_parameters + more, "noise": other.noise}
        return replace(self, **values)

    @property
    def label(self) -> str:
        """The covariance type, and whether there is noise."""
        return self.covariance_type + (BESIDE_NOISE if self.noise else "")


class SelectionTable(Sequence[SelectionRow]):
    """The rows of all models, by number of components and family; read-only.

    ``table["bic"]`` is a column, ``table[0]`` a row.

    Parameters
    ----------
    rows : sequence of SelectionRow
    """

    columns = tuple(field.name for field in fields(SelectionRow))

    def __init__(self, rows: Sequence[SelectionRow]) -> None:
        self._rows = tuple(_with_bic_weights(rows))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, item: int) -> SelectionRow: ...
    @overload
    def __getitem__(self, item: slice) -> tuple[SelectionRow, ...]: ...
    @overload
    def __getitem__(self, item: str) -> NDArray[Any]: ...
    def __getitem__(self, item: Any) -> Any:
        """Return a row by its number, or a column by its name."""
        if isinstance(item, str):
            if item not in self.columns:
                raise KeyError(f"no column {item!r}; there are {', '.join(self.columns)}")
            return np.array([getattr(row, item) for row in self._rows])
        return self._rows[item]

    def __iter__(self) -> Iterator[SelectionRow]:
        return iter(self._rows)

    @property
    def ranking(self) -> tuple[SelectionRow, ...]:
        """The models that were fitted, the chosen one first, those that are not sound last."""
        fitted = [row for row in self._rows if not np.isnan(row.log_likelihood)]
        return tuple(sorted(fitted, key=merit))

    @property
    def distinct(self) -> tuple[SelectionRow, ...]:
        """The ranking without models that stand further up by another name, as with one component."""
        return _distinct(self.ranking)

    @property
    def runners_up(self) -> tuple[SelectionRow, ...]:
        """The next best sound models, at most five."""
        return tuple(row for row in self.distinct[1:] if row.sound)[:N_RUNNERS_UP]

    def cell(self, covariance_type: str, n_components: int, *, noise: bool = False) -> SelectionRow:
        """Return the row of a model.

        Raises
        ------
        KeyError
            If it was not among those compared.
        """
        for row in self._rows:
            if (row.covariance_type, row.n_components, row.noise) == (covariance_type, n_components, noise):
                return row
        beside = " and noise" if noise else ""
        raise KeyError(f"{covariance_type} with {n_components} components{beside} was not compared")

    def shifted(self, log_likelihood: float) -> SelectionTable:
        """Return the table after a change of the data's units, which changes no differences.

        Parameters
        ----------
        log_likelihood : float
            What the change adds to the log-likelihood of all rows together.
        """
        move = -2.0 * log_likelihood
        return SelectionTable(
            [
                replace(
                    row,
                    log_likelihood=row.log_likelihood + log_likelihood,
                    bicc=row.bicc + move,
                    bic=row.bic + move,
                    icl=row.icl + move,
                    aic=row.aic + move,
                    criterion=row.criterion + move,
                )
                for row in self._rows
            ]
        )

    def to_frame(self, backend: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """Return the table as a frame.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        import narwhals as nw

        columns = {name: [getattr(row, name) for row in self._rows] for name in self.columns}
        return nw.from_dict(columns, backend=backend).to_native()

    def __repr__(self) -> str:
        """Show the best models."""
        lines = [f"{len(self)} models, the best first (+ has noise):", " family   K        BICc  weight"]
        lines += [
            f" {row.covariance_type:<8} {row.n_components:<2}{'+' if row.noise else ' '}{row.bicc:>10.2f}"
            f"  {row.bic_weight:6.3f}" + (f"  {row.message}" if row.message else "")
            for row in self.ranking[:10]
        ]
        return "\n".join(lines)


def merit(row: SelectionRow) -> tuple[bool, bool, float, int]:
    """Return what models are compared by; the smaller the better. Ties go to fewer parameters."""
    return not row.sound, bool(np.isnan(row.criterion)), row.criterion, row.n_parameters


def _with_bic_weights(rows: Sequence[SelectionRow]) -> list[SelectionRow]:
    """Return rows with the weights exp(-BICc / 2), normalised over the sound models.

    They approximate posterior probabilities of the models if all were as likely before (Kass and Raftery
    1995, Journal of the American Statistical Association 90, section 4.3).
    """
    bics = np.array([row.bicc if row.sound else np.nan for row in rows], dtype=float)
    finite = np.isfinite(bics)
    weights = np.zeros(len(rows))
    if finite.any():
        weights[finite] = np.exp(-0.5 * (bics[finite] - bics[finite].min()))
        numbers = {id(row): s for s, row in enumerate(rows)}
        counted = _distinct(row for row, is_finite in zip(rows, finite, strict=True) if is_finite)
        weights /= weights[[numbers[id(row)] for row in counted]].sum()
    return [replace(row, bic_weight=float(weight)) for row, weight in zip(rows, weights, strict=True)]


def _distinct(rows: Iterable[SelectionRow]) -> tuple[SelectionRow, ...]:
    """Return the models without those that are an earlier one by another name.

    Of one component, volume, shape and orientation cannot vary among components.
    """
    found: list[SelectionRow] = []
    singles: dict[int, list[float]] = {}
    for row in rows:
        if row.n_components == 1:
            known = singles.setdefault(row.n_parameters, [])
            if any(math.isclose(row.log_likelihood, one, rel_tol=SAME_LOG_LIKELIHOOD) for one in known):
                continue
            known.append(row.log_likelihood)
        found.append(row)
    return tuple(found)
