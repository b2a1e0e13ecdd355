"""Values of study.toml: what each parser makes of them, and what it says of the wrong ones, in which line."""

from dataclasses import MISSING, fields
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.study.entries import Happening, Period, ReportRule, Supplement
from analysis.study.settings import Settings, read_settings
from analysis.study.settingvalues import NOTED, PARSERS, REQUIRED, Fault, Faults
from analysis.study.settingvalues import fault_of as said_by
from analysis.tables import MEASURES

FIRST, LAST = date(2022, 12, 7), date(2022, 12, 9)
#: What TOML can hold.
VALUE = st.recursive(
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.sampled_from(["en", "polish", "America", "../UTC", "outlet", FIRST, "a-1", "valence"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "start", "end", "day", "file", "about", "terms", "notebook", "each", "parameters"])
            | st.sampled_from(["text", "title", "voice"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", "peru-2022", "peru-2022"),
        ("name", "a" * 60, "a" * 60),
        ("event", FIRST, FIRST),
        ("timezone", "America/Lima", "America/Lima"),
        ("window", {"start": FIRST, "end": FIRST}, (FIRST, FIRST)),
        ("periods", [{"name": "one", "start": FIRST, "end": LAST}], (Period("one", FIRST, LAST),)),
        ("languages", ["pl", "en"], ("pl", "en")),
        ("reports", [{"notebook": "pair", "parameters": {"left": "a"}}], (ReportRule("pair", "", {"left": "a"}),)),
        ("reports", [{"notebook": "outlet", "each": "outlet"}], (ReportRule("outlet", "outlet"),)),
        ("happenings", [{"day": FIRST, "name": "It"}], (Happening(FIRST, "It"),)),
        ("happenings", [], ()),
        ("observed_throughout", True, True),
        ("min_articles", 2, 2),
        ("seed", 0, 0),
        ("draws", 1_000_000, 1_000_000),
        ("primary", "text", "text"),
        ("confirmatory", list(MEASURES), MEASURES),
        ("supplement", {"file": "x.csv", "about": "x", "terms": ["a"]}, Supplement("x.csv", "x", ("a",))),
        ("notes", dict.fromkeys(NOTED, "More."), dict.fromkeys(NOTED, "More.")),
        ("columns", {"title": "Titel"}, {"title": "Titel"}),
    ],
)
def test_a_value_is_taken_for_what_it_means(name, value, expected):
    assert expected == PARSERS[name](value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", "-a", "'-a' may hold small letters, digits and hyphens only: it becomes a folder's name"),
        ("name", "a\n", "'a\\n' may hold small letters, digits and hyphens only: it becomes a folder's name"),
        ("title", 3, "3 is not a text"),
        ("event", datetime(2022, 12, 7), "datetime.datetime(2022, 12, 7, 0, 0) is not a date (write 2022-12-07"),
        ("timezone", "Peru", "'Peru' is no time zone (write America/Lima)"),
        ("timezone", "America/Limma", "'America/Limma' is no time zone (write America/Lima) (did you mean 'America/L"),
        ("timezone", 5, "5 is no time zone (write America/Lima)"),
        ("periods", [], "needs at least one period"),
        ("periods", {"name": "a"}, "{'name': 'a'} is not a list of tables (write [[periods]])"),
        ("languages", ["Spanish"], "language 'Spanish' is unknown; known: en, es, pt, pl (did you mean 'es'?)"),
        ("languages", ["pt-BR"], "language 'pt-BR' is unknown; known: en, es, pt, pl (did you mean 'pt'?)"),
        ("languages", [["en"]], "['en'] is not a text"),
        ("reports", [{"notebook": "../x"}], "'../x' may hold small letters, digits and hyphens only: it becomes a"),
        ("happenings", [{"day": "7 Dec", "name": "It"}], "'7 Dec' is not a date (write 2022-12-07, without quotation"),
        ("subevents", ["a", "b", "a", "b"], "'a', 'b' stands there more than once"),
        ("min_articles", 2.0, "2.0 is not a whole number from 2 up"),
        ("draws", 99, "99 is not a whole number from 100 to 1000000"),
        ("draws", 1_000_001, "1000001 is not a whole number from 100 to 1000000"),
        ("confirmatory", ["actor-shares"], f"measure 'actor-shares' is unknown; known: {', '.join(MEASURES)} (did"),
        ("texts", "texts.jsonl", "'texts.jsonl' is not a list of texts"),
        ("supplement", {"file": "x.csv", "about": "x", "terms": "a"}, "'a' is not a list of texts"),
        *[
            ("supplement", {"file": file, "about": "x", "terms": ["a"]}, f"{file!r} does not lie in the study's folder")
            for file in ("../x.csv", "/etc/x.csv", "a/../../x.csv", "C:\\x.csv", "..\\x.csv")
        ],
        ("notes", {"voices": "x"}, f"voices is unknown in notes; known: {', '.join(NOTED)} (did you mean 'voice'?)"),
        ("notes", {"voice": ""}, "'' is not a text"),
        ("columns", {"a": "b", "c": "d"}, "a, c is unknown in [columns]; known: file, article, outlet, language"),
    ],
)
def test_a_wrong_value_is_told_in_one_message(name, value, expected):
    with pytest.raises(ValueError) as raised:
        PARSERS[name](value)
    assert expected == str(raised.value)[: len(expected)]


def test_all_that_is_wrong_with_a_list_of_tables_is_told_each_with_its_place():
    tables = [
        {"name": "one", "start": LAST, "end": FIRST},
        {"name": "two", "start": FIRST},
        "three",
        {"name": "four", "from": FIRST, "end": LAST},
    ]
    with pytest.raises(Faults) as raised:
        PARSERS["periods"](tables)
    assert [
        Fault("ends on 2022-12-07, before it starts on 2022-12-09", entry=0),
        Fault("'end' is missing", "Add it", entry=1),
        Fault("'three' is not a table", entry=2),
        Fault("from is unknown in [[periods]]; known: name, start, end", entry=3),
    ] == list(raised.value.faults)


def test_periods_follow_each_other_and_have_names_of_their_own():
    """A day belongs to one period only; what is wrong is told of the later one."""
    days = [(7, 9), (9, 10), (11, 12)]
    tables = [
        {"name": name, "start": date(2022, 12, first), "end": date(2022, 12, last)}
        for name, (first, last) in zip(("one", "two", "one"), days, strict=True)
    ]
    with pytest.raises(Faults) as raised:
        PARSERS["periods"](tables)
    assert [
        Fault("'two' starts on 2022-12-09, before 'one' ends on 2022-12-09", entry=1),
        Fault("'one' is the name of two periods", entry=2),
    ] == list(raised.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ('name = "protests"', 'name = "removal"', "[[periods]]", "setting 'periods': 'removal' is the name of two"),
        ('name = "Castillo removed"', "name = 5", "[[happenings]]", "setting 'happenings': 5 is not a text"),
        ("day = 2022-12-07", 'day = "x"', "[[happenings]]", "setting 'happenings': 'x' is not a date"),
        ('["actor-share"]', '["tone"]', 'confirmatory = ["tone"]', "setting 'confirmatory': measure 'tone' is unknown"),
        ('"protests"]', '"protests", 3]', "subevents =", "setting 'subevents': 3 is not a text"),
        ("seed = 7", 'supplement = "x"', 'supplement = "x"', "setting 'supplement': 'x' is not a table"),
    ],
)
def test_a_wrong_value_is_told_with_the_line_where_it_stands(edit, old, new, line, expected):
    path = edit("study.toml", old, new)
    (problem,) = read_settings(path)[1]
    assert problem.message.startswith(expected)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[problem.line - 1].startswith(line)
    if "periods" in expected:
        assert new == lines[problem.line]  # the second of them


def test_a_setting_that_is_missing_has_no_line_though_a_table_has_a_key_of_its_name(edit):
    """A period has a name, too."""
    (problem,) = read_settings(edit("study.toml", 'name = "small"\n', ""))[1]
    assert ("setting 'name' is missing", None) == (problem.message, problem.line)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(PARSERS)), VALUE)
@example("timezone", "a\0b")
@example("window", {"start": date.min, "end": date.max})
def test_any_value_is_taken_or_told_in_a_message_and_no_other_error_comes(name, value):
    try:
        PARSERS[name](value)
    except (KeyError, ValueError, TypeError) as error:
        faults = error.faults if isinstance(error, Faults) else [said_by(error)]
        assert all(fault.message.strip() and fault.fix for fault in faults)


def test_every_setting_has_a_parser_and_the_required_ones_no_default():
    found = {field.name: field for field in fields(Settings)}
    assert set(found) == set(PARSERS)
    required = [name for name, one in found.items() if one.default is MISSING and one.default_factory is MISSING]
    assert required == list(REQUIRED)


def test_days_of_a_period_are_those_of_the_calendar():
    period = Period("one", FIRST, date(9999, 12, 31))
    assert (pd.Timestamp("2022-12-07"), pd.Timestamp("9999-12-31")) == (period.start_day, period.end_day)
