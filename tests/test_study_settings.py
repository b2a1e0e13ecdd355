"""study.toml: what it may say, and one clear problem with its line for each thing wrong."""

import re
import tomllib
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.errors import Problem
from analysis.study.settings import NOTED, Settings, read_settings
from analysis.tables import LANGUAGES, MEASURES, language_tag

FIRST, LAST = date(2022, 12, 7), date(2022, 12, 9)


def _told(path):
    """Problems of a study.toml as (content of the line, setting: what is wrong. What to do)."""
    _, problems = read_settings(path)
    assert {path} == {problem.path for problem in problems}
    lines = ["", *path.read_text(encoding="utf-8").split("\n")]
    return [(lines[p.line or 0], f"{p.message}. {p.fix}".removeprefix("setting ")) for p in problems]


def test_settings_are_read_with_their_defaults(study_folder):
    found, problems = read_settings(study_folder / "study.toml")
    assert [] == problems
    assert ("small", date(2022, 12, 7)) == (found.name, found.event)
    assert (date(2022, 12, 5), date(2022, 12, 20)) == found.window
    first = found.periods[0]
    assert ("removal", date(2022, 12, 5), date(2022, 12, 10)) == (first.name, first.start, first.end)
    assert [(date(2022, 12, 7), "Castillo removed")] == [(h.day, h.name) for h in found.happenings]
    assert [("overview", "", {})] == [(rule.notebook, rule.each, rule.parameters) for rule in found.reports]
    assert (("single",), ("en", "pl")) == (found.excluded_from_references, found.languages)
    assert ("", None) == (found.invented, found.supplement)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ('name = "small"', 'name = "Small one"', "", "'name': 'Small one' may hold small letters, digits and hyphens"),
        ('name = "small"', 'name = "a\\n"', "", "'name': 'a\\n' may hold small letters, digits and hyphens only"),
        ('name = "small"', f'name = "{"a" * 61}"', "", f"'name': '{'a' * 61}' has more than 60 characters: it becomes"),
        ('title = "A small study"', 'title = " "', "", "'title': ' ' is not a text. Mend its value"),
        ('title = "A small study"', "title = 3", "", "'title': 3 is not a text. Mend its value"),
        ('question = "Does it measure?"', "", None, "'question' is missing. Add it"),
        ("event = 2022-12-07", 'event = "7 Dec"', "", "'event': '7 Dec' is not a date (write 2022-12-07, without quo"),
        ("event = 2022-12-07", "event = 2022-12-07T10:00:00Z", "", "'event': datetime.datetime(2022, 12, 7, 10, 0, tz"),
        ("America/Lima", "America/Limma", "timezone", "'timezone': 'America/Limma' is no time zone (write Ame"),
        ("America/Lima", "America", "timezone", "'timezone': 'America' is no time zone (write Ame"),
        ("America/Lima", "A" * 300, "timezone", f"'timezone': '{'A' * 300}' is no time zone"),
        ("end = 2022-12-20 }", "end = 2022-12-01 }", "window", "'window': ends on 2022-12-01, before it starts on"),
        (", end = 2022-12-20 }", " }", "window", "'window': 'end' is missing. Add it"),
        (", end = 2022-12-20 }", ", ent = 2022-12-20 }", "window", "'window': 'ent' is unknown (did you mean 'end'?)."),
        ("{ start = 2022-12-05, end = 2022-12-20 }", '"2022"', "window", "'window': '2022' is not a table. Mend its"),
        ('["en", "pl"]', '"en"', "languages", "'languages': 'en' is not a list. Mend its value"),
        ('["en", "pl"]', "[]", "languages", "'languages': [] is empty. Mend its value"),
        ('["en", "pl"]', '["en", "*"]', "languages", "'languages': '*' is no tag of a language: write en, es-PE. Mend"),
        ('["en", "pl"]', '["en", "Polish"]', "languages", "'languages': 'Polish' is no tag of a language (did you "),
        ('["en", "pl"]', '["en", "pl", "en-GB"]', "languages", "'languages': 'en' stands there more than once. Mend"),
        ('["en", "pl"]', '["en", ["pl"]]', "languages", "'languages': ['pl'] is not a text. Mend its value"),
        ('["en", "pl"]', '[\n"en",\n"polski",\n]', '"polski",', "'languages': 'polski' is no tag of a language (did"),
        ('"dina-boluarte"]', '"pedro-castillo"]', "main_actors", "'main_actors': 'pedro-castillo' stands there more"),
        ('"protests"]', '"protests", 3]', "subevents", "'subevents': 3 is not a text. Mend its value"),
        ('["actor-share"]', '["tone"]', "confirmatory", f"'confirmatory': 'tone' is none of {', '.join(MEASURES)}"),
        ("min_articles = 6", "min_articles = 1", "", "'min_articles': 1 should be greater than or equal to 2. Mend i"),
        ("min_articles = 6", "min_articles = 2.0", "", "'min_articles': 2.0 is not a whole number. Mend its value"),
        ("min_articles = 6", 'min_articles = "many"', "", "'min_articles': 'many' is not a whole number. Mend its va"),
        ("draws = 200", "draws = true", "", "'draws': True is not a whole number. Mend its value"),
        ("draws = 200", "draws = 1000000000000", "", "'draws': 1000000000000 should be less than or equal to 1000000."),
        ("seed = 7", "seed = -1", "", "'seed': -1 should be greater than or equal to 0. Mend its value"),
        ("seed = 7", "sede = 7", "", "'sede' is unknown (did you mean 'seed'?). Known: name, title, question, event,"),
        ("seed = 7", "observed_throughout = 1", "", "'observed_throughout': 1 is neither true nor false. Mend its va"),
        ("seed = 7", 'supplement = "x"', "", "'supplement': 'x' is not a table. Mend its value"),
        ("seed = 7", 'supplement = { file = "x.csv", terms = [] }', "", "'supplement': 'about' is missing. Add it"),
        ("seed = 7", 'notes = { voices = "x" }', "", f"'notes': 'voices' is none of {', '.join(NOTED)} (did you mean"),
        ("seed = 7", 'notes = { voice = "" }', "", "'notes': '' is not a text. Mend its value"),
        ("seed = 7", 'columns = { author = "Autor" }', "", "'columns': 'author' is none of file, article, outlet"),
        ("seed = 7", 'columns = { title = "a", body = "a" }', "", "'columns': 'a' stands there more than once. Mend"),
        ('"lede"', '"body"', "primary", "'primary': 'body' is none of title, lede, text. Mend its value"),
        ('name = "protests"', 'name = "Protests!"', "[[periods]]", "'periods': 'Protests!' may hold small letters, d"),
        ('name = "removal"', 'title = "removal"', "[[periods]]", "'periods': 'title' is unknown. Known: start, e"),
        ("day = 2022-12-07", 'day = "x"', "[[happenings]]", "'happenings': 'x' is not a date (write 2022-12-07, with"),
        ('name = "Castillo removed"', "name = 5", "[[happenings]]", "'happenings': 5 is not a text. Mend its value"),
        ('notebook = "overview"', 'notebook = "../x"', "[[reports]]", "'reports': '../x' may hold small letters, dig"),
        ('notebook = "overview"', 'notebook = "outlet"\neach = "actor"', "[[reports]]", "'reports': 'actor' is none "),
        ('notebook = "overview"', 'notebook = "overview"\nparameters = 5', "[[reports]]", "'reports': 5 is not a tab"),
        ('title = "A small study"', 'title = "A\\u0007b"', "title", "'title': 'A\\x07b' holds a control character. M"),
        ('"removal-and-arrest", ', '"a\\u009bb", ', "subevents", "'subevents': 'a\\x9bb' holds a control character. "),
        ('notebook = "overview"', 'notebook = "x"\nparameters = { a = ["\\u0000"] }', "[[reports]]", "'reports': '"),
        ("seed = 7", "seed = ", "", "is not TOML: Invalid value"),
        ("seed = 7", f"seed = {'9' * 5000}", None, "is not TOML: Exceeds the limit"),
        ("seed = 7", f"seed = {'[' * 5000}", None, "is not TOML: "),
    ],
)  # fmt: skip
def test_each_wrong_setting_gives_one_problem_with_its_line(edit, old, new, line, expected):
    """A line of "" is the one that was put in; None stands for the whole file."""
    ((at, told),) = _told(edit("study.toml", old, new))
    assert expected == told[: len(expected)]
    assert at == "" if line is None else at.startswith(line or new)


@pytest.mark.parametrize("file", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "C:\\x.csv", "..\\x.csv"])
def test_a_supplement_lies_in_the_studys_folder(edit, file):
    ((_, told),) = _told(edit("study.toml", "seed = 7", f"supplement = {{ file = '{file}', about = 'x', terms = [] }}"))
    assert f"'supplement': {file!r} does not lie in the study's folder; put the file there. Mend its value" == told


def test_all_faults_are_told_at_once_each_in_its_place(edit):
    """Three in a list of periods, two in a list of words, two of single settings."""
    edit("study.toml", "end = 2022-12-10", "end = 2022-12-01")
    edit("study.toml", 'name = "protests"\nstart', 'name = "Protests!"\nfrom')
    edit("study.toml", "draws = 200", "drawz = 200")
    edit("study.toml", 'title = "A small study"', "")
    path = edit("study.toml", '["actor-share"]', '[\n"actor-shares",\n"valense"]')
    lines = path.read_text(encoding="utf-8").split("\n")
    first, second = (number for number, line in enumerate(lines, start=1) if line == "[[periods]]")
    words = [lines.index('"actor-shares",') + 1, lines.index('"valense"]') + 1]
    found = [(problem.message.split("'")[1], problem.line) for problem in read_settings(path)[1]]
    periods = [("periods", first), *[("periods", second)] * 2]
    drawn = ("drawz", lines.index("drawz = 200") + 1)
    assert [("title", None), *periods, *[("confirmatory", line) for line in words], drawn] == found


@pytest.mark.parametrize("name", ["periods", "happenings", "reports"])
@pytest.mark.parametrize("value", ["3", '"x"', "[3]", '["x"]'])
def test_tables_of_another_shape_are_told_in_words(name, value, study_folder):
    path = study_folder / "study.toml"
    kept = re.sub(rf"\[\[{name}\]\]\n(.+\n?)+", "", path.read_text(encoding="utf-8"))
    path.write_text(f"{name} = {value}\n{kept}", encoding="utf-8")
    ((line, told),) = _told(path)
    assert f"{name} = {value}" == line
    assert re.search("is not a (list|table)", told)


def test_a_setting_that_is_wrong_hides_no_other_and_something_harmless_stands_in(edit):
    for old, new in (("draws = 200", "draws = 1"), ('["en", "pl"]', "3"), ("min_articles = 6", "min_articles = 0")):
        path = edit("study.toml", old, new)
    found, problems = read_settings(path)
    assert ["languages", "min_articles", "draws"] == [problem.message.split("'")[1] for problem in problems]
    assert (2000, LANGUAGES, 2, 7) == (found.draws, found.languages, found.min_articles, found.seed)


def test_a_missing_file_and_bytes_that_are_no_utf_8(study_folder):
    path = study_folder / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [] == read_settings(path)[1]  # a byte order mark is no part of the settings
    path.write_bytes(path.read_bytes().replace(b"A small", b"A sm\xe4ll"))
    fault = Problem(path, 3, "byte 0xe4 is not UTF-8; nothing was read", "Save the file as UTF-8", unread=True)
    assert [fault] == read_settings(path)[1]
    path.unlink()
    fault = Problem(path, None, "does not exist", "A study folder holds a study.toml", unread=True)
    assert [fault] == read_settings(path)[1]


@pytest.mark.parametrize("tag", ["en", "EN", "en-GB", "en_US", " En-us "])
def test_a_tag_of_a_language_is_that_language(edit, tag):
    found, problems = read_settings(edit("study.toml", '["en", "pl"]', f'["{tag}", "pl-PL"]'))
    assert ([], ("en", "pl")) == (problems, found.languages)
    assert ["es", "zh", "Spanish", "e"] == [language_tag(tag) for tag in ("es-419", "zh-Hans", "Spanish", "e")]


#: What TOML can hold.
VALUE = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.sampled_from(["en", "polish", "America", "../UTC", "outlet", FIRST, "a-1", "sentiment"]),
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
NAMES = [field.alias or name for name, field in Settings.model_fields.items()]


@given(st.sampled_from(NAMES), VALUE)
@example("timezone", "a\0b")
@example("window", {"start": date.min, "end": date.max})
def test_any_value_is_taken_or_told_in_a_message_and_no_other_error_comes(tmp_path_factory, name, value):
    path = tmp_path_factory.getbasetemp() / "study.toml"
    path.write_text("", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", lambda _: {name: value})
        found, problems = read_settings(path)
    assert isinstance(found, Settings)
    assert all(problem.message.strip() and problem.fix for problem in problems)
