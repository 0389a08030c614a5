"""Numbers and names as people read them: significant digits, thousands separators, harmless text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NAME_WIDTH = 40
"""Longest feature name that is shown in full unless a caller asks for less."""

DASH = "\N{EN DASH}"
"""Stands where there is no number."""

# Written out of place, these reorder or hide what a reader sees (Unicode technical report 36).
_MISLEADING_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_text(text: str, width: int | None = None) -> str:
    r"""Return text that neither moves the cursor of a terminal nor reorders the line it stands in.

    Parameters
    ----------
    text : str
        Anything, such as a column name from a file.
    width : int, optional
        Longest result, in characters: more is cut in the middle, so that both ends tell names apart.

    Returns
    -------
    str

    Examples
    --------
    >>> clean_text("a\tb\x1b[31m")
    'a b[31m'
    >>> clean_text("petal length in millimetres", width=12)
    'petal …etres'
    """
    limit = 1000 if width is None else width
    if len(text) > 4 * limit:  # a name of a megabyte is cut before it is looked at letter by letter
        text = text[: 2 * limit] + text[-2 * limit :]
    spaced = (" " if letter in "\t\n\r\v\f\x85\u2028\u2029" else letter for letter in text)
    kept = "".join(letter for letter in spaced if unicodedata.category(letter) not in _MISLEADING_CATEGORIES)
    kept = " ".join(kept.split())
    if len(kept) <= limit:
        return kept
    head = limit // 2
    return kept[:head] + "…" + kept[len(kept) - (limit - head - 1) :]


def display_names(names: Iterable[str], width: int = NAME_WIDTH) -> tuple[str, ...]:
    """Return names fit to be shown: clean, not empty, at most `width` characters, all different.

    Parameters
    ----------
    names : iterable of str
    width : int, default=40

    Examples
    --------
    >>> display_names(["length", "", "length"])
    ('length', 'column 1', 'length (column 2)')
    """
    shown: list[str] = []
    seen: set[str] = set()
    for index, name in enumerate(names):
        label = clean_text(name, width) or f"column {index}"
        if label in seen:
            suffix = f" (column {index})"
            label = clean_text(label, max(8, width - len(suffix))) + suffix
        seen.add(label)
        shown.append(label)
    return tuple(shown)


def format_number(value: float | None, digits: int = 4) -> str:
    """Return a number with so many significant digits and thousands separators.

    Parameters
    ----------
    value : float or None
        None and NaN give a dash.
    digits : int, default=4
        Significant digits; digits before the decimal point are never rounded away below a million
        million.

    Examples
    --------
    >>> format_number(1234567.891), format_number(0.0123456), format_number(1.5e-150)
    ('1,234,568', '0.01235', '1.5e-150')
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4 or exponent >= 12:
        return (
            f"{value:.{digits - 1}e}".replace(".000e", "e")
            if digits < 2
            else _short_scientific(value, digits)
        )
    text = f"{value:,.{max(0, digits - 1 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short_scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{max(0, digits - 1)}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def format_count(count: float, noun: str = "") -> str:
    """Return a count with its noun, in the plural where needed.

    Examples
    --------
    >>> format_count(1, "row"), format_count(12345, "row")
    ('1 row', '12,345 rows')
    """
    text = f"{int(count):,}" if float(count).is_integer() else format_number(count)
    return f"{text} {noun}{'' if count == 1 else 's'}" if noun else text


def format_share(share: float | None) -> str:
    """Return a share of one in percent; what is not all or nothing never reads 100% or 0%.

    None, the share of nothing, gives a dash.

    Examples
    --------
    >>> format_share(0.3333), format_share(0.99996), format_share(0.0002), format_share(0.0)
    ('33%', '>99.9%', '<0.1%', '0%')
    """
    if share is None:
        return DASH
    if share <= 0 or share >= 1:
        return "0%" if share <= 0 else "100%"
    percent = 100 * share
    if percent < 0.1:
        return "<0.1%"
    if percent > 99.9:
        return ">99.9%"
    if percent < 9.95 or percent > 99:
        return f"{percent:.1f}%"
    return f"{percent:.0f}%"


def format_probability(probability: float | None) -> str:
    """Return a probability with three decimals; what is not certain never reads 1. None gives a dash.

    Examples
    --------
    >>> format_probability(0.98765), format_probability(0.99999), format_probability(1.0)
    ('0.988', '>0.999', '1')
    """
    if probability is None:
        return DASH
    if probability >= 1:
        return "1"
    if probability > 0.9995:
        return ">0.999"
    if 0 < probability < 0.0005:
        return "<0.001"
    return "0" if probability <= 0 else f"{probability:.3f}"


def join_words(words: Sequence[str]) -> str:
    """Return a list as English writes it.

    Examples
    --------
    >>> join_words(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


@dataclass(frozen=True)
class FeatureFormat:
    """How the values of one feature are written, so that they line up below each other.

    Parameters
    ----------
    decimals : int
        Digits behind the decimal point.
    exponent : int or None
        Power of ten in scientific notation, or None for plain numbers.
    """

    decimals: int
    exponent: int | None = None

    @classmethod
    def of(cls, deviation: float, magnitude: float) -> FeatureFormat:
        """Return the format in which a spread of `deviation` has two significant digits.

        Parameters
        ----------
        deviation : float
            Typical standard deviation of the feature.
        magnitude : float
            Largest absolute value to be written.
        """
        largest = max(abs(magnitude), abs(deviation))
        if largest == 0 or not math.isfinite(largest):
            return cls(0)
        top = math.floor(math.log10(largest))
        # A spread lost in the rounding of the values would ask for digits that the values do not have.
        finest = deviation if deviation > largest * 1e-13 else largest
        wanted = 1 - math.floor(math.log10(finest))
        if -5 < top < 10 and wanted <= 8:
            return cls(max(0, wanted))
        return cls(max(1, wanted + top), top)

    def __call__(self, value: float | None) -> str:
        """Return the value as text."""
        if value is None or not math.isfinite(value):
            return format_number(value)
        if self.exponent is None:
            text = f"{value:,.{self.decimals}f}"
            return text.lstrip("-") if not text.strip("-0.,") else text
        # Two steps, as 10**300 and beyond leave the range of doubles.
        half = self.exponent // 2
        mantissa = value / 10.0**half / 10.0 ** (self.exponent - half)
        text = f"{mantissa:.{self.decimals}f}"
        return "0" if not text.strip("-0.") else f"{text}e{self.exponent}"

    def spread(self, deviation: float | None) -> str:
        """Return a standard deviation as text: by itself where it is lost in the digits of the values.

        Parameters
        ----------
        deviation : float or None

        Examples
        --------
        >>> write = FeatureFormat.of(2900.0, 1e18)
        >>> write(1e18), write.spread(2900.0)
        ('1.0e18', '2,900')
        """
        text = self(deviation)
        return format_number(deviation, 2) if deviation and not text.strip("0.") else text
