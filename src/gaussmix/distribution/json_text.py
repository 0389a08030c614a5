"""Mixture distributions as readable JSON. Reading it never runs code from it."""

from __future__ import annotations

import json
from typing import Self

from gaussmix.checked_json import Document
from gaussmix.distribution.mixture import Mixture
from gaussmix.exceptions import ModelFileError

FORMAT = "gaussmix-distribution"
FORMAT_VERSION = 1
LARGEST_TEXT = 1 << 30
"""Characters. A text that is longer would take tens of gigabytes to read."""


class WithJson(Mixture):
    """A mixture that can be written as JSON and read again."""

    def to_json(self) -> str:
        """Return the distribution as JSON text, from which `from_json` makes the same one, bit for bit.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> distribution = MixtureDistribution([1.0], [0.0], [1.0], ["height"])
        >>> MixtureDistribution.from_json(distribution.to_json()) == distribution
        True
        """
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "n_components": self.n_components,
            "n_features": self.n_features,
            "feature_names": None if self.feature_names is None else list(self.feature_names),
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }
        return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the distribution that `to_json` wrote; everything is checked before it is used.

        Parameters
        ----------
        text : str or bytes

        Returns
        -------
        MixtureDistribution

        Raises
        ------
        gaussmix.ModelFileError
            If the text is not that of a distribution, is damaged, or was written by a newer version.

        Examples
        --------
        >>> from gaussmix import MixtureDistribution
        >>> MixtureDistribution.from_json("[1, 2]")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gaussmix.exceptions.ModelFileError: not a gaussmix distribution (it does not say format: ...)
        """
        if not isinstance(text, str | bytes):
            raise ModelFileError(f"a text is needed, not {type(text).__name__}")
        if len(text) > LARGEST_TEXT:
            raise ModelFileError(f"{len(text)} characters are too many for a distribution")
        document = Document.read(text, form=FORMAT, version=FORMAT_VERSION, what="distribution")
        n_components, n_features = document.count("n_components"), document.count("n_features")
        names = document.get("feature_names")
        if names is not None and not (isinstance(names, list) and all(isinstance(n, str) for n in names)):
            raise document.error("feature_names are not texts")
        weights = document.array("weights", (n_components,))
        means = document.array("means", (n_components, n_features))
        covariances = document.array("covariances", (n_components, n_features, n_features))
        try:
            return cls(weights, means, covariances, names)
        except ValueError as error:
            raise document.error(str(error)) from None
