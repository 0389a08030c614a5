"""Numbers are short, names are harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix.explain.wording import (
    FeatureFormat,
    clean_text,
    display_names,
    format_number,
    format_probability,
    format_share,
)


@given(st.text(), st.integers(2, 50))
def test_clean_text_is_one_short_line_without_control_characters(text, width):
    cleaned = clean_text(text, width)
    assert len(cleaned) <= width
    assert not any(unicodedata.category(letter)[0] == "C" for letter in cleaned)
    assert "\n" not in cleaned


def test_clean_text_keeps_letters_of_every_script():
    for name in ("Länge", "長さ", "длина", "Παράμετρος", "naïve 🙂"):
        assert clean_text(name) == name


def test_direction_marks_and_terminal_escapes_go():
    assert clean_text("a\u202eb\x1b]0;title\x07c") == "ab]0;titlec"


@given(st.lists(st.text(), max_size=20))
def test_display_names_are_never_empty_and_never_twice_the_same(names):
    shown = display_names(names)
    assert len(shown) == len(names) == len(set(shown))
    assert all(name.strip() for name in shown)


@given(st.floats(-1e307, 1e307))
def test_numbers_are_short_and_true_to_their_digits(value):
    text = format_number(value)
    assert len(text) <= 16
    assert float(text.replace(",", "")) == pytest.approx(value, rel=1e-3, abs=1e-300)


def test_shares_and_probabilities_claim_no_certainty_that_is_not_there():
    assert format_share(0.9999) == ">99.9%"
    assert format_share(1.0) == "100%"
    assert format_share(0.00001) == "<0.1%"
    assert format_share(0.0) == "0%"
    assert format_probability(0.99999) == ">0.999"
    assert format_probability(1.0) == "1"
    assert format_share(None) == format_probability(None) == format_number(float("nan"))


@pytest.mark.parametrize(
    ("deviation", "magnitude", "value", "text"),
    [
        (0.35, 5.0, 5.006, "5.01"),
        (120.0, 4000.0, 3950.4, "3,950"),
        (1.0, 1e8, 100000000.25, "100,000,000.2"),
        (2e-151, 1.5e-150, 1.5e-150, "1.50e-150"),
        (2e150, 1.5e150, 1.5e150, "1.5e150"),
        (1e-310, 3e-308, 3e-308, "3.000e-308"),
        (0.0, 7.0, 7.0, "7.0"),
        (0.0, 0.0, 0.0, "0"),
        (0.35, 5.0, -0.0001, "0.00"),
    ],
)
def test_feature_values_show_two_digits_of_the_spread(deviation, magnitude, value, text):
    assert FeatureFormat.of(deviation, magnitude)(value) == text


@given(
    st.floats(0, 1e300, allow_subnormal=False),
    st.floats(0, 1e300, allow_subnormal=False),
    st.floats(-1e300, 1e300, allow_subnormal=False),
)
def test_feature_values_can_always_be_written(deviation, magnitude, value):
    assert FeatureFormat.of(deviation, magnitude)(value)


@pytest.mark.parametrize(
    ("deviation", "magnitude", "text"),
    [
        (2887.0, 1e18, "2,887"),
        (1e-5, 1e9, "1e-5"),
        (2e-30, 1e-10, "2e-30"),
        (0.35, 5.0, "0.35"),
        (0.0, 5.0, "0.0"),
    ],
)
def test_a_spread_far_below_the_values_never_reads_nought(deviation, magnitude, text):
    assert FeatureFormat.of(deviation, magnitude).spread(deviation) == text
