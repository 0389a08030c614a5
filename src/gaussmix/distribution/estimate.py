"""Numbers that come from random draws, with how far off they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A value and its standard error.

    Parameters
    ----------
    value : float or ndarray
    standard_error : float or ndarray
        Zero where the value is exact up to rounding.

    Examples
    --------
    >>> from gaussmix.distribution import Estimate
    >>> float(Estimate(0.25, 0.01))
    0.25
    """

    value: Any
    standard_error: Any

    def __float__(self) -> float:
        return float(self.value)
