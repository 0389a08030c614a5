"""What a model file says beside parameters and settings: noise, factors, prior, and how the starts compared.

Of each there is what is written, and how that is checked and read.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gaussmix.checked_json import Document
from gaussmix.core.conjugate_prior import ConjugatePrior
from gaussmix.core.noise import UniformNoise
from gaussmix.core.rows import Array
from gaussmix.core.transforms import TRANSFORMS, FeatureTransform, FeatureTransforms
from gaussmix.covariance.low_rank import loadings_of
from gaussmix.estimators.validation import WEIGHTS_TOLERANCE
from gaussmix.initialization import Stability

if TYPE_CHECKING:
    from gaussmix.estimators.gaussian_mixture import GaussianMixture


def noise_entry(mixture: GaussianMixture) -> dict[str, Any] | None:
    """Return the noise as JSON can hold it."""
    noise = getattr(mixture, "noise_", None)
    return None if noise is None else dataclasses.asdict(noise)


def noise_of(document: Document, n_features: int) -> UniformNoise | None:
    """Return the noise that a file describes; older files say nothing."""
    if document.get("noise") is None:
        return None
    entry = document.part("noise")
    lower, upper = (entry.array(name, (n_features,)) for name in ("lower", "upper"))
    noise = UniformNoise(entry.number("weight"), entry.number("log_volume"), lower, upper)
    if not 0.0 <= noise.weight <= 1.0 or not (lower <= upper).all():
        raise document.damaged("noise")
    return noise


def shares_beside(noise: UniformNoise | None, weights: Array, document: Document) -> Array:
    """Return the weights of components as shares of what noise leaves them."""
    if noise is None:
        return weights
    total = float(weights.sum())
    if abs(total + noise.weight - 1.0) > WEIGHTS_TOLERANCE:
        raise document.error(f"weights and that of noise sum to {total + noise.weight:.9g}, not to 1")
    # Over their own sum: over one less that of noise, rounding could bring a share above one.
    return weights / total if total > 0.0 else np.full(len(weights), 1.0 / len(weights))


def factors_entries(mixture: GaussianMixture) -> dict[str, Any]:
    """Return what only low-rank families have, as JSON can hold it."""
    noise = getattr(mixture, "noise_variances_", None)
    return {
        "n_factors": getattr(mixture, "n_factors_", None),
        "noise_variances": None if noise is None else np.asarray(noise, dtype=np.float64).tolist(),
    }


def restore_factors(mixture: GaussianMixture, document: Document) -> None:
    """Set what only low-rank families have to what the file says."""
    if document.get("n_factors") is None:
        return
    mixture.n_factors_ = document.count("n_factors", most=mixture.means_.shape[1])
    if document.get("noise_variances") is not None:
        noise = document.array("noise_variances", mixture.means_.shape)
        if not (noise > 0).all():
            raise document.error("noise_variances are not positive")
        covariances = np.asarray(mixture.covariances_, dtype=np.float64)
        mixture.noise_variances_ = noise
        mixture.loadings_ = loadings_of(covariances, noise, mixture.n_factors_)


def transforms_entry(transforms: FeatureTransforms) -> list[dict[str, Any]]:
    """Return the transform of each feature as JSON can hold it."""
    return [{"name": one.name, **vars(one)} for one in transforms.features]


def transforms_of(document: Document, n_features: int) -> FeatureTransforms | None:
    """Return the transforms that a file describes."""
    entries = document.parts("transforms", most=n_features)
    if len(entries) != n_features:
        raise document.error(f"there are {len(entries)} transforms for {n_features} features")
    found: list[FeatureTransform] = []
    for entry in entries:
        kind = TRANSFORMS[entry.one_of("name", tuple(TRANSFORMS))]
        numbers = {field.name: entry.number(field.name) for field in dataclasses.fields(kind)}
        try:
            found.append(kind(**numbers))
        except ValueError as error:
            raise document.error(f"transforms: {error}") from None
    transforms = FeatureTransforms(tuple(found))
    return transforms if transforms.changed else None


def wanted_transforms_entry(mixture: GaussianMixture) -> str | list[str] | None:
    """Return which transforms a fit shall make as JSON can hold it."""
    wanted = mixture.transforms
    return wanted if wanted is None or isinstance(wanted, str) else [str(name) for name in wanted]


def wanted_transforms_of(settings: Document, n_features: int) -> str | list[str] | None:
    """Return which transforms a fit shall make; older files say nothing."""
    wanted = settings.get("transforms")
    if wanted is None or wanted == "auto":
        return wanted
    names = ("auto", *TRANSFORMS)
    if not isinstance(wanted, list) or len(wanted) != n_features or not all(n in names for n in wanted):
        raise settings.damaged("transforms")
    return wanted


def prior_entry(mixture: GaussianMixture) -> str | dict[str, Any] | None:
    """Return the prior as JSON can hold it."""
    prior = mixture.prior
    return prior.as_dict() if isinstance(prior, ConjugatePrior) else prior


def prior_of(settings: Document, n_features: int) -> str | ConjugatePrior | None:
    """Return the prior that a file names or describes; names are checked with the other settings."""
    given = settings.get("prior")
    if given is None or isinstance(given, str):
        return given
    entry = settings.part("prior")
    shapes: dict[str, list[tuple[int, ...]]] = {
        "shrinkage": [()],
        "mean": [(n_features,)],
        "dof": [()],
        "scale": [(), (n_features,), (n_features, n_features)],
    }
    checked: dict[str, Any] = {}
    for name, possible in shapes.items():
        value = entry.get(name)
        if value is None:
            continue
        depth = 0 if not isinstance(value, list) else 2 if value and isinstance(value[0], list) else 1
        shape = next((one for one in possible if len(one) == depth), possible[0])
        checked[name] = entry.array(name, shape).tolist()
    try:
        return ConjugatePrior(**checked)
    except ValueError as error:
        raise settings.error(f"settings.prior: {error}") from None


def stability_entry(mixture: GaussianMixture) -> dict[str, Any] | None:
    """Return how the starts compared as JSON can hold it: a gap of null means no other optimum."""
    stability = getattr(mixture, "stability_", None)
    if stability is None:
        return None
    return dataclasses.asdict(stability) | {"gap": stability.gap if math.isfinite(stability.gap) else None}


def stability_of(result: Document) -> Stability | None:
    """Return how the starts compared; None where a file does not say, as older ones do not."""
    if result.get("stability") is None:
        return None
    entry = result.part("stability")
    gap = math.inf if entry.get("gap") is None else entry.number("gap")
    if gap < 0:
        raise entry.damaged("gap")
    n_starts = entry.count("n_starts", least=0)
    return Stability(
        n_starts=n_starts,
        n_agreeing=entry.count("n_agreeing", least=0, most=n_starts),
        gap=gap,
        n_moves=entry.count("n_moves", least=0),
        n_spikes=entry.count("n_spikes", least=0),
    )
