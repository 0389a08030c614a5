"""What a summary of a mixture holds: plain data, which text, pictures and pages read."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from gaussmix.core.dependence import Dependence
from gaussmix.explain.wording import clean_text
from gaussmix.initialization import Stability
from gaussmix.selection import SelectionRow


@dataclass(frozen=True)
class FeatureSummary:
    """One feature within one component.

    Parameters
    ----------
    feature : int
        Index of the feature.
    mean, standard_deviation : float
        Of the component, in the data's own units.
    information : float
        Share of the doubt whether a row belongs to this component that this feature alone removes.
    from_overall : float
        The component's mean minus the mixture's, in pooled within-component standard deviations.
    from_nearest : float or None
        The component's mean minus that of its nearest other component, in the same unit; None for a
        mixture of one component.
    """

    feature: int
    mean: float
    standard_deviation: float
    information: float
    from_overall: float
    from_nearest: float | None


@dataclass(frozen=True)
class ComponentSummary:
    """One component of a mixture and the rows assigned to it.

    Parameters
    ----------
    component : int
        Its number, from 0.
    weight : float
        Its weight in the mixture.
    n_rows : int
        Rows of positive weight assigned to it.
    share : float
        Their share of all rows, by weight.
    mean_probability : float or None
        Mean probability with which its rows are assigned; None without rows.
    sure_share : float or None
        Share of its rows assigned with probability 0.9 or more.
    nearest : int or None
        The other component with which it is confused most; where none is, the one whose centre is
        nearest in pooled within-component standard deviations. None for a single component.
    overlap : float or None
        Share of rows that it and `nearest` exchange; see `MixtureSummary.overlap`.
    repaired : bool
        Whether its covariance was held up at the floor.
    features : tuple of FeatureSummary
        All features in the data's order.
    distinguishing : tuple of int
        Features by what each alone tells about belonging to this component, the most telling first.
    distinguishing_from_nearest : tuple of int
        Features by how far its mean is from that of the nearest component.
    name : str or None
        As the user named it: clean it before showing it, or take `MixtureSummary.label`.
    """

    component: int
    weight: float
    n_rows: int
    share: float
    mean_probability: float | None
    sure_share: float | None
    nearest: int | None
    overlap: float | None
    repaired: bool
    features: tuple[FeatureSummary, ...]
    distinguishing: tuple[int, ...]
    distinguishing_from_nearest: tuple[int, ...]
    name: str | None = None


@dataclass(frozen=True)
class UnusualRow:
    """A row of low density under the mixture.

    Parameters
    ----------
    row : int
        Its place in the table, from 0.
    number : int
        The number by which a reader knows it: as given to `summarize`, else its place.
    log_density : float
    component : int
        The component to which it is assigned; of noise the most probable one.
    probability : float
    values : tuple of float
    farthest_feature : int
        The feature in which it is farthest from its component's mean.
    deviations : float
        How far, in the component's standard deviations, with the sign.
    """

    row: int
    number: int
    log_density: float
    component: int
    probability: float
    values: tuple[float, ...]
    farthest_feature: int
    deviations: float


@dataclass(frozen=True)
class MixtureSummary:
    """What a fitted mixture says about a table of rows.

    Parameters
    ----------
    n_rows, n_features, n_components : int
        Rows of positive weight, features, components.
    total_weight : float
        Sum of the rows' weights; the number of rows where none were given.
    weight_assumption : str or None
        A sentence for the reader, where the weights only said proportions and were scaled.
    feature_names : tuple of str
        As given: clean them with `gaussmix.explain.wording.display_names` before showing them.
    covariance_type, covariance_identifier, covariance_meaning : str
        The family by scikit-learn's name, by mclust's, and in words.
    n_parameters : int
    log_likelihood : float
        Natural logarithm, total over the rows.
    bic, aic, icl : float
        Smaller is better; mclust's BIC and ICL have the opposite sign.
    converged : bool or None
        None for a model that was built from given parameters, not fitted.
    n_iterations : int
    stability : Stability or None
        How the starts of the fit compared; None where there was no search.
    mean_certainty : float
        Mean probability of the component to which each row is assigned.
    n_unsure : int
        Rows whose largest probability is below 0.6.
    certainty_histogram : tuple of int
        Rows by their largest probability, in bins of width 0.05 from 0 to 1.
    overall_means, pooled_deviations : tuple of float
        Mean of the mixture and root of the mean within-component variance, for each feature.
    overall_deviations : tuple of float
        Standard deviation of the whole mixture in each feature.
    information : tuple of float
        For each feature, the share of the doubt about a row's component that it alone removes.
    telling_features : tuple of int
        Features by `information`, the most telling first.
    constant_features : tuple of int
        Features that have one value in every row.
    equations : tuple of str
        Of features that follow from others and were left out of the fit.
    left_out_features : tuple of int
        These features, and constant ones, if they were.
    dependent_features : tuple of Dependence
        Features that linear equations bind together, such as c = a + b, and how many of them the others
        determine; looked for where components were held up at the floor.
    overlap : tuple of tuple of float
        Entry j, k, symmetric: share of the rows of j and k together, as the mixture has them, that are
        assigned to the other of the two; the diagonal is zero.
    warnings : tuple of str
        What a reader should know before trusting the result, one sentence each.
    sentences : tuple of str
        Three sentences: how many groups and of what size, how well they are told apart, and by what.
    stability_sentences : tuple of str
        How many of the starts agree, how far the next best optimum is, and what it means if few agree;
        none where there was no search.
    first_row_number : int
        The number by which a reader knows the table's first row.
    unusual_rows : tuple of UnusualRow
        The rows of least density, the least first: that of transformed features, where some are.
    components : tuple of ComponentSummary
    clouds : tuple of tuple of int
        The components joined where they are slices of one cloud rather than separate groups; a separate
        one stands by itself.
    choice_sentences : tuple of str
        Among what the model was chosen, by what, and which were next best; none where it was not chosen.
    runners_up : tuple of SelectionRow
        The next best models, with their weights of evidence; none where the model was not chosen.
    n_noise : int
        Rows assigned to noise rather than to a component.
    noise_rows : tuple of int
        The numbers by which a reader knows the first ten of them.
    transforms : tuple of str
        The transform of each feature; none where all are as they are. Means and standard deviations are
        in the data's units all the same, distances in standard deviations those of transformed features.
    """

    n_rows: int
    n_features: int
    n_components: int
    total_weight: float
    feature_names: tuple[str, ...]
    covariance_type: str
    covariance_identifier: str
    covariance_meaning: str
    n_parameters: int
    log_likelihood: float
    bic: float
    aic: float
    icl: float
    converged: bool | None
    n_iterations: int
    stability: Stability | None
    mean_certainty: float
    n_unsure: int
    certainty_histogram: tuple[int, ...]
    overall_means: tuple[float, ...]
    pooled_deviations: tuple[float, ...]
    overall_deviations: tuple[float, ...]
    information: tuple[float, ...]
    telling_features: tuple[int, ...]
    constant_features: tuple[int, ...]
    overlap: tuple[tuple[float, ...], ...]
    first_row_number: int
    unusual_rows: tuple[UnusualRow, ...]
    components: tuple[ComponentSummary, ...]
    warnings: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    stability_sentences: tuple[str, ...] = ()
    clouds: tuple[tuple[int, ...], ...] = ()
    choice_sentences: tuple[str, ...] = ()
    runners_up: tuple[SelectionRow, ...] = ()
    n_noise: int = 0
    noise_rows: tuple[int, ...] = ()
    dependent_features: tuple[Dependence, ...] = ()
    equations: tuple[str, ...] = ()
    left_out_features: tuple[int, ...] = ()
    weight_assumption: str | None = None
    transforms: tuple[str, ...] = ()

    def label(self, component: int) -> str:
        """Return what text calls a component: its name, safe to show, or its number.

        Parameters
        ----------
        component : int
        """
        name = self.components[component].name
        return f"component {component}" if name is None else clean_text(name, 40) or f"component {component}"

    @property
    def headline(self) -> str:
        """The result in three sentences."""
        return " ".join(self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as data for JSON: dicts, lists, numbers and text; no NaN, None in its place."""
        result = {item.name: jsonable(getattr(self, item.name)) for item in dataclasses.fields(self)}
        result["headline"] = self.headline
        return result


def jsonable(value: Any) -> Any:
    """Return dataclasses, tuples and numbers as JSON has them; None for what is not finite."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: jsonable(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
