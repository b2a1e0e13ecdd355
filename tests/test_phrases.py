"""Numbers as they are printed."""

from datetime import date
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import wording as phrases
from analysis.wording import MINUS, number

FINITE = st.floats(-1e9, 1e9)


@pytest.mark.parametrize(
    ("args", "sign", "expected"),
    [
        ((-0.001, 2), False, "0.00"),
        ((-0.001, 2), True, "0.00"),
        ((0.001, 2), True, "0.00"),
        ((-1.5, 1), False, "−1.5"),
        ((1.5, 1), True, "+1.5"),
        ((1234567.891, 1), False, "1,234,567.9"),
        ((-1234.0, 0), True, "−1,234"),
        ((nan, 2), True, "–"),
        ((None, 2), False, "–"),
    ],
)
def test_number(args, sign, expected):
    assert expected == number(*args, sign=sign)


@settings(deadline=None, max_examples=200)
@given(FINITE, st.integers(0, 4))
def test_number_never_prints_a_hyphen_or_a_negative_zero(value, digits):
    text = number(value, digits)
    assert "-" not in text
    assert not text.startswith(MINUS) or set(text) & set("123456789")


@settings(deadline=None, max_examples=200)
@given(FINITE, st.integers(0, 4))
def test_a_printed_number_reads_back_rounded(value, digits):
    assert round(value, digits) == float(number(value, digits).replace(",", "").replace(MINUS, "-"))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("–", phrases.percent(nan)),
        ("25 %", phrases.percent(0.25)),
        ("0.3 %", phrases.percent(0.0034, 1)),
        ("–", phrases.points(nan)),
        ("−12 points", phrases.points(-0.123)),
        ("+12 points", phrases.points(0.123)),
        ("12 points", phrases.points(0.123, sign=False)),
        ("−5 to +10", phrases.interval(-0.05, 0.1, 0, scale=100, sign=True)),
        ("–", phrases.interval(0, nan)),
        ("–", phrases.interval(nan, 0)),
        ("q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.012", phrases.equals("q", 0.0123)),
        ("q\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}0.001", phrases.equals("q", 0.00099)),
        ("q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.001", phrases.equals("q", 0.001)),
        ("–", phrases.small(nan)),
        ("95\N{NO-BREAK SPACE}% of it", phrases.spaced("95 % of it")),
        ("Polish", phrases.language("pl")),
        ("fr", phrases.language("fr")),
        ("1 outlet has", phrases.plural(1, "outlet has", "outlets have")),
        ("0 articles", phrases.plural(0, "article")),
        ("1,204 articles", phrases.plural(1204, "article")),
        ("", phrases.listing([])),
        ("a", phrases.listing(["a"])),
        ("a and b", phrases.listing(["a", "b"])),
        ("a, b and c", phrases.listing(["a", "b", "c"])),
        ("7 December 2022", phrases.day(date(2022, 12, 7))),
        ("1 March", phrases.day(date(2023, 3, 1), year=False)),
    ],
)
def test_phrases(expected, found):
    assert expected == found
