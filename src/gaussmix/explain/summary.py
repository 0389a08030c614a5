"""What a fitted mixture says about a table: from a model and rows to a `MixtureSummary`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaussmix.core import criteria
from gaussmix.core.dependence import Dependence, dependent_features
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.core.rows import Array
from gaussmix.covariance import FAMILIES
from gaussmix.explain.assignment import Assignment, survey_assignment
from gaussmix.explain.choice import choice_sentences
from gaussmix.explain.clouds import separateness
from gaussmix.explain.components import (
    fitted_covariances,
    moments,
    root_mean_square,
    standard_deviations,
    standardised_difference,
    transforms_of,
)
from gaussmix.explain.confusion import confusion, nearest_groups, shared_rows
from gaussmix.explain.groups import Groups
from gaussmix.explain.information import FeatureInformation, feature_information
from gaussmix.explain.mixture_summary import (
    ComponentSummary,
    FeatureSummary,
    MixtureSummary,
    UnusualRow,
)
from gaussmix.explain.rows import RowTable, counted_weights, resolve_feature_names
from gaussmix.explain.sentences import headline_sentences, warning_sentences
from gaussmix.explain.stability import stability_sentences
from gaussmix.explain.working_mixture import WorkingMixture


def summarize(
    model: Any,
    X: Any,
    feature_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    row_numbers: ArrayLike | None = None,
) -> MixtureSummary:
    """Say what a fitted mixture found in a table.

    Goes once through the rows, in blocks: no array of rows times components is made.

    Parameters
    ----------
    model : fitted GaussianMixture
    X : array-like or frame of shape (N, D)
        The rows to describe, usually those that the model was fitted to.
    feature_names : sequence of D str, optional
        Default: the names the model was fitted with, else the frame's, else x0, x1, ...
    sample_weight : array-like of shape (N,), optional
        Weights of the rows: 0 is absence, 2 is repetition. Weights that only say proportions are scaled to
        sum to the effective number of rows, and the summary says so.
    row_numbers : array-like of shape (N,), optional
        Numbers by which a reader knows the rows, such as those in a file. Default: from 0.

    Returns
    -------
    MixtureSummary

    Raises
    ------
    ValueError
        If the table has no rows, or names or weights do not match it.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> X = [[1.0], [1.1], [1.2], [7.0], [7.1], [7.2]]
    >>> summary = summarize(GaussianMixture(n_components=2, random_state=0).fit(X), X, ["length"])
    >>> sorted(component.n_rows for component in summary.components)
    [3, 3]
    >>> summary.sentences[1]
    'They are clearly apart: on average a row belongs to its component with probability 1.'
    """
    table = RowTable(X)
    names = resolve_feature_names(model, table, feature_names)
    means = np.asarray(model.means_, dtype=np.float64)
    if means.shape[1] != table.n_features:
        raise ValueError(
            f"X has {table.n_features} feature(s), but the model was fitted on {means.shape[1]}."
        )
    numbers = None if row_numbers is None else np.asarray(row_numbers)
    if numbers is not None and numbers.shape != (table.n_rows,):
        raise ValueError(f"row_numbers has shape {numbers.shape}, but X has {table.n_rows} row(s).")
    weight, assumption = counted_weights(sample_weight, table.n_rows)
    assignment = survey_assignment(model, table, weight)
    contrasts = _Contrasts(model, means, standard_deviations(model))
    shown = _Contrasts(model, *moments(model))
    information = feature_information(model)
    mixture, groups = WorkingMixture.of(model), Groups.of(model)
    joint = confusion(mixture, groups)
    overlap, nearest = shared_rows(joint), nearest_groups(mixture, groups, joint)
    _, clouds = separateness(model, mixture, groups, joint, table, weight)
    repaired = frozenset(int(index) for index in getattr(model, "repaired_components_", ()))
    components = tuple(
        _component_summary(
            k, model, assignment, contrasts, shown, information, overlap, nearest[k], k in repaired
        )
        for k in range(len(means))
    )
    family = FAMILIES[model.covariance_type]
    n_parameters = int(model.n_parameters_)
    log_likelihood, total_weight = assignment.log_likelihood, assignment.total_weight
    n_iterations = int(getattr(model, "n_iter_", 0))
    stability = getattr(model, "stability_", None)
    selection = getattr(model, "selection_", None)
    summary = MixtureSummary(
        n_rows=assignment.n_rows,
        n_features=table.n_features,
        n_components=len(means),
        total_weight=assignment.total_weight,
        feature_names=names,
        covariance_type=model.covariance_type,
        covariance_identifier=family.identifier,
        covariance_meaning=family.meaning,
        n_parameters=n_parameters,
        log_likelihood=log_likelihood,
        bic=criteria.bic(log_likelihood, n_parameters, total_weight),
        aic=criteria.aic(log_likelihood, n_parameters),
        icl=criteria.icl(log_likelihood, n_parameters, total_weight, assignment.log_probability),
        converged=bool(model.converged_) if n_iterations else None,
        n_iterations=n_iterations,
        stability=stability,
        mean_certainty=assignment.certainty / assignment.total_weight,
        n_noise=assignment.n_noise,
        noise_rows=tuple(row if numbers is None else int(numbers[row]) for row in assignment.noise_rows),
        n_unsure=assignment.n_unsure,
        certainty_histogram=tuple(assignment.certainty_histogram.tolist()),
        overall_means=tuple(shown.overall.tolist()),
        pooled_deviations=tuple(shown.pooled.tolist()),
        overall_deviations=tuple(shown.overall_deviations.tolist()),
        information=tuple(information.total.tolist()),
        telling_features=tuple(np.argsort(-information.total, kind="stable").tolist()),
        constant_features=tuple(np.flatnonzero(assignment.lowest == assignment.highest).tolist()),
        dependent_features=_dependences(model, assignment.n_rows) if repaired else (),
        equations=tuple(
            relation.equation(names)
            for relation in getattr(model, "linear_relations_", ())
            if relation.coefficients
        ),
        left_out_features=tuple(relation.feature for relation in getattr(model, "linear_relations_", ())),
        overlap=tuple(tuple(row) for row in overlap.tolist()),
        first_row_number=0 if numbers is None else int(numbers[0]),
        unusual_rows=_unusual_rows(model, table, assignment, contrasts, numbers),
        components=components,
        clouds=tuple(cloud.groups for cloud in clouds),
        choice_sentences=() if selection is None else choice_sentences(selection),
        runners_up=tuple(getattr(model, "runners_up_", ())),
        weight_assumption=assumption,
        transforms=_transform_names(model),
    )
    warnings = warning_sentences(summary)
    return dataclasses.replace(
        summary,
        warnings=warnings,
        sentences=headline_sentences(summary, trusted=not warnings),
        stability_sentences=stability_sentences(stability),
    )


class _Contrasts:
    """Differences between the components' means, in pooled within-component standard deviations.

    Parameters
    ----------
    model : fitted mixture
    means, deviations : ndarray of shape (K, D)
        Of the components, in the units of `means_` or in the data's.
    """

    def __init__(self, model: Any, means: Array, deviations: Array) -> None:
        weights = np.asarray(model.weights_, dtype=np.float64)
        weights = weights / weights.sum()  # noise, if there is any, has its own
        self.means, self.deviations = means, deviations
        self.overall: Array = self.means[0] + weights @ (self.means - self.means[0])
        self.pooled = root_mean_square(self.deviations, weights)
        self.magnitude: Array = np.max(np.abs(self.means), axis=0)
        self.from_overall = self.standardised(self.means - self.overall)
        between = root_mean_square(self.means - self.overall, weights)
        self.overall_deviations: Array = np.hypot(self.pooled, between)

    def standardised(self, difference: Array) -> Array:
        return standardised_difference(difference, self.pooled, self.magnitude)


def _transform_names(model: Any) -> tuple[str, ...]:
    transforms = getattr(model, "transforms_", None)
    return () if transforms is None else transforms.names


def _dependences(model: Any, n_rows: int) -> tuple[Dependence, ...]:
    """Return the features that linear equations bind together; independent ones do not show in a mixture."""
    if not isinstance(FAMILIES[model.covariance_type].representation, MatrixRepresentation):
        return ()
    means = np.asarray(model.means_, dtype=np.float64)
    covariances = fitted_covariances(model, range(means.shape[1]))
    return dependent_features(np.asarray(model.weights_, dtype=np.float64), means, covariances, n_rows)


def _component_summary(
    k: int,
    model: Any,
    assignment: Assignment,
    contrasts: _Contrasts,
    shown: _Contrasts,
    information: FeatureInformation,
    overlap: Array,
    nearest: int | None,
    repaired: bool,
) -> ComponentSummary:
    from_overall = contrasts.from_overall[k]
    from_nearest = (
        np.zeros_like(from_overall)
        if nearest is None
        else contrasts.standardised(contrasts.means[k] - contrasts.means[nearest])
    )
    weight = assignment.weight[k]
    features = tuple(
        FeatureSummary(
            feature=d,
            mean=float(shown.means[k, d]),
            standard_deviation=float(shown.deviations[k, d]),
            information=float(information.by_component[k, d]),
            from_overall=float(from_overall[d]),
            from_nearest=None if nearest is None else float(from_nearest[d]),
        )
        for d in range(len(from_overall))
    )
    return ComponentSummary(
        component=k,
        weight=float(model.weights_[k]),
        n_rows=int(assignment.counts[k]),
        share=float(weight / assignment.total_weight),
        mean_probability=float(assignment.probability[k] / weight) if weight > 0 else None,
        sure_share=float(assignment.sure[k] / weight) if weight > 0 else None,
        nearest=nearest,
        overlap=None if nearest is None else float(overlap[k, nearest]),
        repaired=repaired,
        features=features,
        distinguishing=tuple(np.argsort(-information.by_component[k], kind="stable").tolist()),
        distinguishing_from_nearest=tuple(np.argsort(-np.abs(from_nearest), kind="stable").tolist()),
        name=(getattr(model, "component_names_", None) or [None] * len(model.weights_))[k],
    )


def _unusual_rows(
    model: Any,
    table: RowTable,
    assignment: Assignment,
    contrasts: _Contrasts,
    row_numbers: NDArray[np.integer] | None,
) -> tuple[UnusualRow, ...]:
    rows, values = table.take(assignment.unusual)
    responsibilities = model.predict_proba(rows)[:, : len(contrasts.means)]
    labels = responsibilities.argmax(axis=1)
    unusual = []
    transforms = transforms_of(model)
    z, log_density = transforms.forward(values), assignment.unusual_log_density
    log_density = log_density + transforms.log_jacobian(values)
    for i, (row, label) in enumerate(zip(assignment.unusual.tolist(), labels.tolist(), strict=True)):
        deviation = standardised_difference(
            z[i] - contrasts.means[label], contrasts.deviations[label], np.abs(z[i])
        )
        farthest = int(np.argmax(np.abs(deviation)))
        unusual.append(
            UnusualRow(
                row=row,
                number=row if row_numbers is None else int(row_numbers[row]),
                log_density=float(log_density[i]),
                component=label,
                probability=float(responsibilities[i, label]),
                values=tuple(values[i].tolist()),
                farthest_feature=farthest,
                deviations=float(deviation[farthest]),
            )
        )
    return tuple(unusual)
