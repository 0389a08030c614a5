"""A summary in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from gaussmix.explain.mixture_summary import ComponentSummary, MixtureSummary
from gaussmix.explain.wording import (
    FeatureFormat,
    display_names,
    format_count,
    format_probability,
    format_share,
    join_words,
)

LISTED = 4
"""Up to so many components are listed one by one in a sentence."""
APART = 0.5
"""Means less than so many standard deviations apart are close."""
MOST_LISTED = 8
"""Of more components or features these are named, the others counted."""
ONE_CLOUD = 0.75
"""Below this mean certainty the components are slices of one cloud, wherever their centres are."""
TELLING = 0.1
"""A feature that removes less of the doubt than this is not named."""

_DEGREES = ((0.95, "clearly apart"), (0.85, "mostly apart"), (0.0, "hard to tell apart"))


def headline_sentences(summary: MixtureSummary, *, trusted: bool = True) -> tuple[str, str, str]:
    """Return three sentences: how many groups and of what size, how well told apart, and by what.

    Parameters
    ----------
    summary : MixtureSummary
    trusted : bool, default=True
        Whether no fault was found in the fit. Of a faulty one it is not said that its groups are apart.
    """
    return _sizes(summary), _certainty(summary, trusted), _telling(summary)


def warning_sentences(summary: MixtureSummary) -> tuple[str, ...]:
    """Return what a reader should know before trusting a result, the gravest first."""
    warnings = []
    if summary.converged is False:
        warnings.append(
            "The fit stopped before it converged: the result can still change. Allow more iterations "
            "(max_iter; --max-iter on the command line)."
        )
    constant = summary.constant_features
    if constant:
        names = display_names(summary.feature_names)
        if set(constant) <= set(summary.left_out_features):
            what = f"and {'it was' if len(constant) == 1 else 'they were'} left out of the fit."
        else:
            what = "and the log-likelihood and the criteria are flattered. Leave such columns out."
        warnings.append(
            f"{_listed('Feature', [names[d] for d in constant])} "
            f"{'has' if len(constant) == 1 else 'have'} one value in every row: nothing can be learned "
            f"there, {what}"
        )
    if summary.equations:
        warnings.append(
            f"{'; '.join(summary.equations)}: what follows from other features adds nothing, and was left "
            "out of the fit. What is told of it follows from the others."
        )
    repaired = [component.component for component in summary.components if component.repaired]
    dependences = summary.dependent_features
    for features, n_surplus in dependences:
        names = display_names(summary.feature_names)
        surplus = "one of them follows" if n_surplus == 1 else f"{n_surplus} of them follow"
        warnings.append(
            f"{_listed('Feature', [names[d] for d in features])} are linearly dependent: {surplus} from the "
            f"others. {listed_components(summary, repaired)} "
            f"{'was' if len(repaired) == 1 else 'were'} held up at the least variance allowed, and the "
            "log-likelihood and the criteria are flattered. Leave "
            f"{'one' if n_surplus == 1 else n_surplus} of these columns out."
        )
    if repaired and not constant and not dependences:
        warnings.append(
            f"{listed_components(summary, repaired)} {'was' if len(repaired) == 1 else 'were'} held up at "
            f"the least variance allowed: {'its' if len(repaired) == 1 else 'their'} rows hardly differ in "
            "some direction, and the log-likelihood and the criteria are flattered. Try fewer components or "
            "a simpler covariance family."
        )
    lost = [component.component for component in summary.components if component.weight == 0]
    if lost:
        warnings.append(
            f"{listed_components(summary, lost)} {'has' if len(lost) == 1 else 'have'} lost all "
            f"{'its' if len(lost) == 1 else 'their'} rows: only the mean is left, from where the fit "
            "started, and the criteria count parameters that describe nothing. Try fewer components, or "
            "start anew."
        )
    empty = [one.component for one in summary.components if one.n_rows == 0 and one.weight > 0]
    if empty:
        warnings.append(
            f"{listed_components(summary, empty)} {'has' if len(empty) == 1 else 'have'} no row of "
            f"{'its' if len(empty) == 1 else 'their'} own: every row is likelier to belong elsewhere."
        )
    if summary.n_parameters > summary.n_rows:
        warnings.append(
            f"The model has more free parameters ({summary.n_parameters:,}) than the table has rows "
            f"({summary.n_rows:,}): it describes these rows, not where they come from. Try fewer "
            "components or a simpler covariance family."
        )
    warnings.extend(cloud_sentences(summary))
    return tuple(warnings)


def cloud_sentences(summary: MixtureSummary) -> tuple[str, ...]:
    """Say which components are slices of one cloud rather than separate groups; nothing if all are separate.

    Parameters
    ----------
    summary : MixtureSummary
    """
    slices = [cloud for cloud in summary.clouds if len(cloud) > 1]
    if len(summary.clouds) == 1 or summary.mean_certainty < ONE_CLOUD:
        slices = [tuple(range(summary.n_components))]
    sentences = []
    for cloud in slices:
        if len(cloud) == summary.n_components > 1:
            sentences.append(
                "The components overlap so much that they are slices of one cloud rather than separate "
                "groups: take them as a description of its shape, not as groups of rows."
            )
        elif len(cloud) > 1:
            sentences.append(
                f"{listed_components(summary, cloud)} are slices of one cloud rather than separate groups: "
                "take them together, or as a description of its shape."
            )
    return tuple(sentences)


def listed_components(summary: MixtureSummary, components: Sequence[int]) -> str:
    """Return components as the beginning of a sentence: names where the user gave some, else numbers.

    Parameters
    ----------
    summary : MixtureSummary
    components : sequence of int
    """
    if all(summary.components[k].name is None for k in components):
        return _listed("Component", [str(k) for k in components])
    return capitalised(join_words(_shortened([summary.label(k) for k in components])))


def capitalised(label: str) -> str:
    """Return what a group is called at the beginning of a sentence; users' names stay as they are."""
    return label[:1].upper() + label[1:] if label.startswith(("component ", "cluster ")) else label


def describe_component(summary: MixtureSummary, component: ComponentSummary, n_features: int = 2) -> str:
    """Return a sentence or two on what sets a component apart, from all and from the nearest other.

    Parameters
    ----------
    summary : MixtureSummary
    component : ComponentSummary
        One of the summary's.
    n_features : int, default=2
        How many features are named at most.
    """
    if component.nearest is None:
        return "There is no other component to compare it with."
    names = display_names(summary.feature_names)
    formats = feature_formats(summary)
    telling = [
        d for d in component.distinguishing[:n_features] if component.features[d].information >= TELLING
    ]
    phrases = [
        f"{_characteristic(summary, component, d)} {names[d]} ({formats[d](component.features[d].mean)} ± "
        f"{formats[d].spread(component.features[d].standard_deviation)} against "
        f"{formats[d](summary.overall_means[d])} ± "
        f"{formats[d].spread(summary.overall_deviations[d])} overall)"
        for d in telling
    ]
    opening = f"Stands out by {join_words(phrases)}." if phrases else "No single feature makes it stand out."
    closest = component.features[component.distinguishing_from_nearest[0]]
    distance = closest.from_nearest or 0.0
    if abs(distance) < APART:
        return f"{opening} Its centre is close to that of {summary.label(component.nearest)}."
    return (
        f"{opening} From {summary.label(component.nearest)} it differs most in {names[closest.feature]} "
        f"({signed_distance(distance)} sd)."
    )


def signed_distance(distance: float) -> str:
    """Return a distance in standard deviations with its sign.

    Examples
    --------
    >>> signed_distance(2.345), signed_distance(-1000.0)
    ('+2.3', '-over 100')
    """
    size = "over 100" if abs(distance) > 100 else f"{abs(distance):.1f}"
    return size if size == "0.0" else f"{'+' if distance > 0 else '-'}{size}"


def _characteristic(summary: MixtureSummary, component: ComponentSummary, d: int) -> str:
    """Return what is particular about a feature of a component: its place or its spread."""
    feature = component.features[d]
    place = feature.mean - summary.overall_means[d]
    if abs(place) >= 0.5 * summary.overall_deviations[d]:
        return "high" if place > 0 else "low"
    return "narrow" if feature.standard_deviation < summary.overall_deviations[d] else "widely spread"


def feature_formats(summary: MixtureSummary) -> tuple[FeatureFormat, ...]:
    """Return for each feature how its values are written."""
    return tuple(
        FeatureFormat.of(
            summary.pooled_deviations[d],
            max(abs(component.features[d].mean) for component in summary.components),
        )
        for d in range(summary.n_features)
    )


def transform_sentence(summary: MixtureSummary) -> str:
    """Return which features were transformed and how; nothing if none was.

    Parameters
    ----------
    summary : MixtureSummary
    """
    names = display_names(summary.feature_names)
    kinds = {
        "log": "logarithm",
        "sqrt": "square root",
        "cbrt": "cube root",
        "yeo-johnson": "Yeo-Johnson's transform",
    }
    parts = [
        f"{words} of {join_words(_shortened([names[d] for d in of_kind]))}"
        for kind, words in kinds.items()
        if (of_kind := [d for d, one in enumerate(summary.transforms) if one == kind])
    ]
    if not parts:
        return ""
    return (
        f"Fitted to the {join_words(parts)}; means, deviations and densities are in the data's own units, "
        "distances in sd are of transformed values."
    )


def noise_phrase(summary: MixtureSummary) -> str:
    """Return how many rows are noise, as a part of a sentence.

    Parameters
    ----------
    summary : MixtureSummary
    """
    verbs = "fits no group: it is" if summary.n_noise == 1 else "fit no group: they are"
    share = format_share(summary.n_noise / summary.n_rows)
    named = ", ".join(f"{row:,}" for row in summary.noise_rows)
    rest = " ..." if summary.n_noise > len(summary.noise_rows) else ""
    which = f" (row{'s' if summary.n_noise > 1 else ''} {named}{rest})" if named else ""
    return f"{summary.n_noise:,} of {format_count(summary.n_rows, 'row')} ({share}) {verbs} noise{which}"


def _sizes(summary: MixtureSummary) -> str:
    noise = f" {noise_phrase(summary)}." if summary.n_noise else ""
    rows = format_count(summary.n_rows, "row")
    if summary.n_components == 1:
        if summary.n_noise:
            (only,) = summary.components
            return f"One component describes {only.n_rows:,} of {rows} ({format_share(only.share)}).{noise}"
        return f"One component describes all {rows}."
    components = sorted(summary.components, key=lambda component: -component.n_rows)
    opening = f"The mixture has {summary.n_components} components in {rows}"
    if summary.n_components <= LISTED:
        sizes = [
            f"{summary.label(one.component)} with {one.n_rows:,} ({format_share(one.share)})"
            for one in components
        ]
        return f"{opening}: {join_words(sizes)}.{noise}"
    largest, smallest = components[0], components[-1]
    return (
        f"{opening}: from {format_count(smallest.n_rows, 'row')} ({summary.label(smallest.component)}) to "
        f"{largest.n_rows:,} ({summary.label(largest.component)}).{noise}"
    )


def _certainty(summary: MixtureSummary, trusted: bool) -> str:
    if summary.n_components == 1:
        return "With a single component there is nothing to tell apart."
    certainty = summary.mean_certainty
    degree = next(words for least, words in _DEGREES if certainty >= least)
    # The certainty is the mixture's own: it says little where the mixture is wrong.
    doubtful = not trusted and certainty >= _DEGREES[1][0]
    opening = "If this mixture were right, on average" if doubtful else f"They are {degree}: on average"
    sentence = f"{opening} a row belongs to its component with probability {format_probability(certainty)}"
    if summary.n_unsure:
        sentence += (
            f", and for {format_count(summary.n_unsure, 'row')} "
            f"({format_share(summary.n_unsure / summary.n_rows)}) no component reaches 0.6"
        )
    closest = max(summary.components, key=lambda component: component.overlap or 0.0)
    if closest.nearest is not None and closest.overlap and closest.overlap >= 0.01:
        sentence += (
            f"; {summary.label(closest.component)} and {summary.label(closest.nearest)} share "
            f"{format_share(closest.overlap)} of their rows"
        )
    return sentence + "."


def _telling(summary: MixtureSummary) -> str:
    names = display_names(summary.feature_names)
    if summary.n_components == 1:
        if summary.choice_sentences:
            return "It was chosen among the models that were compared."
        return "More components may describe the rows better: compare their BIC."
    telling = [d for d in summary.telling_features if summary.information[d] >= 2 * TELLING][:3]
    if not telling:
        best = summary.telling_features[0]
        return (
            f"No single feature tells them apart: the best, {names[best]}, removes only "
            f"{format_share(summary.information[best])} of the doubt about a row's component."
        )
    first, *others = [f"{names[d]} ({format_share(summary.information[d])})" for d in telling]
    first = f"{first.removesuffix(')')} of the doubt about a row's component is gone once it is known)"
    return f"What tells them apart best is {first}{', then ' if others else ''}{join_words(others)}."


def _listed(noun: str, names: list[str]) -> str:
    return f"{noun}{'' if len(names) == 1 else 's'} {join_words(_shortened(names))}"


def _shortened(names: list[str]) -> list[str]:
    return names if len(names) <= MOST_LISTED else [*names[:MOST_LISTED], f"{len(names) - MOST_LISTED} more"]
