"""The package's own errors and warnings: few, and each says what to do."""

from __future__ import annotations


class GaussmixError(Exception):
    """Base class of the package's own errors."""


class DataError(GaussmixError, ValueError):
    """Something is wrong with a data file or a table: the message says what, where and what to do."""


class FeatureRangeError(DataError):
    """A feature spreads so widely, or so little, that double precision cannot hold its variance.

    Parameters
    ----------
    feature : int
    deviation : float
        Its standard deviation.
    name : str, optional
        What a message calls the feature; None calls it by its number.
    """

    def __init__(self, feature: int, deviation: float, name: str | None = None) -> None:
        super().__init__(feature, deviation, name)  # what a copy in another process is made from
        self.feature, self.deviation, self.name = feature, deviation, name

    def __str__(self) -> str:
        """Return the message."""
        name = self.name or f"Feature {self.feature}"
        return (
            f"{name} has a standard deviation of {self.deviation:.3g}, whose square leaves the range of "
            "double precision. Give it in other units."
        )


class TransformedMixtureError(GaussmixError, ValueError):
    """What was asked for needs a Gaussian mixture in the data's own units, and features were transformed.

    Parameters
    ----------
    names : tuple of str
        The transform of each feature.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)  # what a copy in another process is made from
        self.names = names

    def __str__(self) -> str:
        """Return the message."""
        changed = [f"{d}: {name}" for d, name in enumerate(self.names) if name != "identity"]
        listed = ", ".join(changed[:8]) + (f" and {len(changed) - 8} more" if changed[8:] else "")
        return (
            "This needs a Gaussian mixture in the units of its rows, but the one that was given is of "
            f"transformed features ({listed}). Pass model.in_transformed_units() and, for rows, "
            "model.transforms_.forward(X), or fit with transform=None."
        )


class ModelFileError(GaussmixError, ValueError):
    """A model file cannot be read, or its content is not a valid model."""


class DegenerateCovarianceError(GaussmixError, ValueError):
    """A component has no usable covariance and regularisation was switched off.

    Raised by fits with ``reg_covar=0``, with the words of scikit-learn, when a component collapses
    onto rows that span no volume.

    Parameters
    ----------
    single_precision : bool, default=False
        Whether the data are of single precision, so that double precision may help.
    """

    def __init__(self, single_precision: bool = False) -> None:
        super().__init__(single_precision)  # what a copy in another process is made from
        self.single_precision = single_precision

    def __str__(self) -> str:
        """Return the message."""
        advice = (
            " The numerical accuracy can also be improved by passing float64 data instead of float32."
            if self.single_precision
            else ""
        )
        return (
            "Fitting the mixture model failed because some components have ill-defined empirical "
            "covariance (for instance caused by singleton or collapsed samples). Try to decrease the "
            f"number of components, increase reg_covar, or scale the input data.{advice}"
        )


class DegenerateComponentWarning(UserWarning):
    """A component collapsed during the fit and was held up at the floor, or lost all its rows."""


class DependentFeaturesWarning(UserWarning):
    """Features follow from others, such as sums, copies and constants, and were left out of a fit."""


class SampleWeightWarning(UserWarning):
    """Weights of rows were taken as proportions, where it matters how many rows they stand for."""
