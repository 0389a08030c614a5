"""What explanations hold about single rows: plain data.

Numbers of groups, and names, are as in `gaussmix.explain.explanation`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from gaussmix.explain.mixture_summary import jsonable


@dataclass(frozen=True)
class ConditionalDeviation:
    """How far a value of a row is from what its other values lead one to expect.

    Parameters
    ----------
    feature : int
    value : float
    expected : float
        Mean of this feature in the row's component, given the row's other values.
    standard_deviation : float
        Of this feature in that component, given the others.
    z : float
        Value minus expectation in standard deviations.
    """

    feature: int
    value: float
    expected: float
    standard_deviation: float
    z: float


@dataclass(frozen=True)
class NotableRow:
    """A row worth looking at: typical of its group, at its border, or unusual.

    Parameters
    ----------
    row : int
        Its place in the table, from 0.
    number : int
        The number by which a reader knows it: as given to `explain_mixture`, else its place.
    group : int
        The group to which it is assigned; of noise the most probable one.
    probability : float
        Of that group.
    runner_up : int or None
        The next most probable group; None where there is but one.
    runner_up_probability : float
    log_density : float
        Under the whole mixture.
    distance : float
        Mahalanobis distance from the centre of its component: of the components of its group the one to
        which it belongs most.
    values : tuple of float
    deviations : tuple of ConditionalDeviation
        The features of that component in which the row is least expected given its others, at most three,
        the least expected first.
    noise_probability : float
        Probability that the row is noise and belongs to no group.
    is_noise : bool
        Whether the row is assigned to noise.
    """

    row: int
    number: int
    group: int
    probability: float
    runner_up: int | None
    runner_up_probability: float
    log_density: float
    distance: float
    values: tuple[float, ...]
    deviations: tuple[ConditionalDeviation, ...]
    noise_probability: float = 0.0
    is_noise: bool = False


@dataclass(frozen=True)
class RowExplanation:
    """Why a row belongs to one group and not to another: its log-odds, split into the features' parts.

    Parameters
    ----------
    group : int
        The group for which the odds are.
    against : int or None
        The group against which they are; None stands for all others together.
    names : tuple of str
        Of all groups.
    feature_names : tuple of str
    values : tuple of float
        The row.
    probabilities : tuple of float
        Of all groups, noise left aside.
    log_odds : float
        Logarithm of the probability of `group` over that of `against`, in nats.
    from_size : float
        What the groups' weights contribute: the log-odds before any feature is known.
    contributions : tuple of float
        What each feature contributes, in the data's order. `from_size` and these sum to `log_odds`.
    order : tuple of int
        Features by the size of their contribution, the largest first.
    exact : bool
        Whether all orders of features were averaged, rather than a sample. The sum is exact in any case.
    deviations : tuple of ConditionalDeviation
        One a feature, in the data's order: how far each value is from what the others lead one to expect
        in the component of `group` to which the row belongs most.
    distance : float
        Mahalanobis distance from the centre of that component.
    noise_probability : float
        Probability that the row is noise and belongs to no group; 0 if the mixture has no noise.
    is_noise : bool
        Whether the row is assigned to noise; `group` is then the most probable group.
    sentences : tuple of str
        The same in words.
    """

    group: int
    against: int | None
    names: tuple[str, ...]
    feature_names: tuple[str, ...]
    values: tuple[float, ...]
    probabilities: tuple[float, ...]
    log_odds: float
    from_size: float
    contributions: tuple[float, ...]
    order: tuple[int, ...]
    exact: bool
    deviations: tuple[ConditionalDeviation, ...]
    distance: float
    noise_probability: float = 0.0
    is_noise: bool = False
    sentences: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as data for JSON: dicts, lists, numbers and text; None in place of NaN."""
        return {item.name: jsonable(getattr(self, item.name)) for item in dataclasses.fields(self)}

    def to_frame(self, backend: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """Return a frame with a row a feature: its value, what was expected, and its contribution.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"

        Raises
        ------
        ModuleNotFoundError
            If that library is not installed.
        """
        import narwhals as nw

        columns = {
            "feature": list(self.feature_names),
            "value": list(self.values),
            "contribution": list(self.contributions),
            "expected": [one.expected for one in self.deviations],
            "z": [one.z for one in self.deviations],
        }
        return nw.from_dict(columns, backend=backend).to_native()
