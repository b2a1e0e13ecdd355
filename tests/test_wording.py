"""Numbers as they are printed."""

from datetime import date
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import wording
from analysis.wording import MINUS, number

FINITE = st.floats(-1e9, 1e9)


@given(FINITE, st.integers(0, 4))
def test_a_printed_number_reads_back_rounded_and_has_no_hyphen_or_negative_zero(value, digits):
    text = number(value, digits)
    assert round(value, digits) == float(text.replace(",", "").replace(MINUS, "-"))
    assert "-" not in text
    assert not text.startswith(MINUS) or set(text) & set("123456789")


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("0.00", number(-0.001, 2)),
        ("0.00", number(0.001, 2, sign=True)),
        ("+1.5", number(1.5, 1, sign=True)),
        ("1,234,567.9", number(1234567.891, 1)),
        ("−1,234", number(-1234.0, 0)),
        ("–", number(nan, 2, sign=True)),
        ("–", number(None)),
        ("–", wording.percent(nan)),
        ("25 %", wording.percent(0.25)),
        ("0.3 %", wording.percent(0.0034, 1)),
        ("–", wording.points(nan)),
        ("−12 points", wording.points(-0.123)),
        ("12 points", wording.points(0.123, sign=False)),
        ("−5 to +10", wording.interval(-0.05, 0.1, 0, scale=100, sign=True)),
        ("–", wording.interval(0, nan)),
        ("q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.012", wording.equals("q", 0.0123)),
        ("q\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}0.001", wording.equals("q", 0.00099)),
        ("q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.001", wording.equals("q", 0.001)),
        ("–", wording.small(nan)),
        ("95\N{NO-BREAK SPACE}% of it", wording.spaced("95 % of it")),
        ("Polish", wording.language("pl")),
        ("sv", wording.language("sv")),
        ("1 outlet has", wording.plural(1, "outlet has", "outlets have")),
        ("1,204 articles", wording.plural(1204, "article")),
        ("", wording.listing([])),
        ("a", wording.listing(["a"])),
        ("a, b and c", wording.listing(["a", "b", "c"])),
        ("7 December 2022", wording.day(date(2022, 12, 7))),
        ("5 to 10 December", wording.day_range(date(2022, 12, 5), date(2022, 12, 10))),
        ("30 November to 2 December", wording.day_range(date(2022, 11, 30), date(2022, 12, 2))),
    ],
)
def test_phrases(expected, found):
    assert expected == found
