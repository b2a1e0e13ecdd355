"""study.toml: what it may say, and one clear problem for each thing wrong."""

import re
from datetime import date

import pytest

from analysis.study.entries import Happening, Period, ReportRule
from analysis.study.settings import read_settings


def _problems(path):
    settings, problems = read_settings(path)
    assert settings is None
    assert {path} == {problem.path for problem in problems}
    return [f"{problem.message}. {problem.fix}" for problem in problems]


def test_settings_are_read_with_their_defaults(study_folder):
    settings, problems = read_settings(study_folder / "study.toml")
    assert [] == problems
    assert "small" == settings.name
    assert (date(2022, 12, 5), date(2022, 12, 20)) == settings.window
    assert Period("removal", date(2022, 12, 5), date(2022, 12, 10)) == settings.periods[0]
    assert (Happening(date(2022, 12, 7), "Castillo removed"),) == settings.happenings
    assert (ReportRule("overview"),) == settings.reports
    assert ("single",) == settings.excluded_from_references
    assert "" == settings.invented
    assert "removal-and-arrest" == settings.subevents[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "small"', 'name = "Small one"', "setting 'name': 'Small one' may hold small letters, digits and"),
        ('title = "A small study"', 'title = " "', "setting 'title': ' ' is not a text. Mend its value"),
        ("event = 2022-12-07", 'event = "7 Dec"', "setting 'event': '7 Dec' is not a date (write 2022-12-07, without"),
        ("event = 2022-12-07", "event = 2022-12-07T10:00:00Z", "setting 'event': datetime.datetime(2022, 12, 7"),
        ("America/Lima", "Peru/Lima", "setting 'timezone': 'Peru/Lima' is no time zone (write America/Lima)"),
        ("end = 2022-12-20 }", "end = 2022-12-01 }", "setting 'window': ends on 2022-12-01, before it starts on 2022-"),
        (", end = 2022-12-20 }", " }", "setting 'window': 'end' is missing. Add it"),
        ('["en", "pl"]', '["en", "xx"]', "setting 'languages': language 'xx' is unknown; known: en, es, pt, pl. Mend"),
        ('["en", "pl"]', '"en"', "setting 'languages': 'en' is not a list of texts. Mend its value"),
        ("min_articles = 6", "min_articles = 1", "setting 'min_articles': 1 is not a whole number from 2 up. Mend"),
        ("draws = 200", "draws = true", "setting 'draws': True is not a whole number from 100 to 1000000. Mend"),
        ("seed = 7", "seed = -1", "setting 'seed': -1 is not a whole number from 0 up. Mend its value"),
        ('"lede"', '"body"', "setting 'primary': 'body' is none of title, lede, text. Mend its value"),
        ("seed = 7", "sede = 7", "setting 'sede' is unknown (did you mean 'seed'?). Known: name, title,"),
        ('question = "Does it measure?"', "", "setting 'question' is missing. Add it"),
        (
            'notebook = "overview"',
            'notebok = "overview"',
            "setting 'reports': notebok is unknown in [[reports]]",
        ),
        (
            'notebook = "overview"',
            'notebook = "outlet"\neach = "actor"',
            "setting 'reports': each = 'actor': only 'outlet' is known. Mend its value",
        ),
        (
            "start = 2022-12-11",
            "start = 2022-12-10",
            "setting 'periods': 'protests' starts on 2022-12-10, before 'removal' ends on 2022-12-10. Mend its value",
        ),
        ("America/Lima", "America", "setting 'timezone': 'America' is no time zone (write America/Lima)"),
        ("America/Lima", "A" * 300, f"setting 'timezone': '{'A' * 300}' is no time zone"),
        ('name = "small"', f'name = "{"a" * 61}"', f"setting 'name': '{'a' * 61}' has more than 60 characters"),
        (
            "draws = 200",
            "draws = 1000000000000",
            "setting 'draws': 1000000000000 is not a whole number from 100 to 1000",
        ),
        ('["en", "pl"]', "[]", "setting 'languages': needs at least one language. Mend its value"),
        ('["en", "pl"]', '["en", "pl", "en"]', "setting 'languages': 'en' stands there more than once. Mend its"),
        (
            '"dina-boluarte"]',
            '"pedro-castillo"]',
            "setting 'main_actors': 'pedro-castillo' stands there more than once",
        ),
        (
            "{ start = 2022-12-05, end = 2022-12-20 }",
            '"2022"',
            "setting 'window': '2022' is not a table. Mend its value",
        ),
        (
            ", end = 2022-12-20 }",
            ", ent = 2022-12-20 }",
            "setting 'window': ent is unknown in window; known: start, end",
        ),
        (
            'name = "removal"',
            'title = "removal"',
            "setting 'periods': title is unknown in [[periods]]; known: name, start",
        ),
        (
            "day = 2022-12-07",
            "date = 2022-12-07",
            "setting 'happenings': date is unknown in [[happenings]]; known: day",
        ),
        (
            'notebook = "overview"',
            'notebook = "overview"\nparameters = 5',
            "setting 'reports': parameters = 5 is not a table (write parameters = {",
        ),
        (
            "seed = 7",
            "observed_throughout = 1",
            "setting 'observed_throughout': 1 is neither true nor false. Mend its value",
        ),
        (
            "seed = 7",
            'notes = { tones = "x" }',
            "setting 'notes': tones is unknown in notes; known: text, sub-event, mentions, voice, valence",
        ),
        (
            "seed = 7",
            'supplement = { file = "x.csv", terms = [] }',
            "setting 'supplement': 'about' is missing. Add it",
        ),
    ],
)
def test_each_wrong_setting_gives_one_problem(edit, old, new, expected):
    (found,) = _problems(edit("study.toml", old, new))
    assert expected == found[: len(expected)]


def test_all_wrong_settings_are_told_at_once(edit):
    edit("study.toml", "seed = 7", 'seed = "x"')
    path = edit("study.toml", "draws = 200", "drawz = 200")
    assert ["setting 'drawz", "setting 'seed'"] == [text[:14] for text in _problems(path)]


def test_all_faults_of_one_setting_are_told_each_in_its_place(edit):
    """Three in a list of periods, two in a list of words."""
    edit("study.toml", "end = 2022-12-10", "end = 2022-12-01")
    edit("study.toml", 'name = "protests"', 'name = "Protests!"')
    path = edit("study.toml", '["actor-share"]', '["actor-shares", "valense"]')
    found = [(problem.line, problem.message.partition(":")[0]) for problem in read_settings(path)[1]]
    lines = path.read_text(encoding="utf-8").splitlines()
    first = lines.index("[[periods]]") + 1
    second = lines.index("[[periods]]", first) + 1
    listed = next(number for number, line in enumerate(lines, start=1) if line.startswith("confirmatory"))
    expected = [(first, "setting 'periods'"), (second, "setting 'periods'"), *[(listed, "setting 'confirmatory'")] * 2]
    assert expected == found


def test_a_text_of_a_long_list_is_told_with_its_own_line(edit):
    path = edit("study.toml", '["en", "pl"]', '[\n    "en",\n    "polish",\n]')
    (problem,) = read_settings(path)[1]
    assert '    "polish",' == path.read_text(encoding="utf-8").split("\n")[problem.line - 1]
    assert problem.message.endswith("known: en, es, pt, pl (did you mean 'pl'?)")


def test_a_line_that_is_no_toml_is_named(edit):
    path = edit("study.toml", "seed = 7", "seed = ")
    _, (problem,) = read_settings(path)
    expected = path.read_text(encoding="utf-8").split("\n").index("seed = ") + 1
    assert expected == problem.line
    assert problem.message.startswith("is not TOML: Invalid value")


def test_a_missing_file_and_one_that_is_no_utf8(tmp_path):
    assert ["does not exist. A study folder holds a study.toml"] == _problems(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_bytes(b'name = "\xff"')
    assert ["byte 0xff is not UTF-8. Save the file as UTF-8"] == _problems(tmp_path / "study.toml")


@pytest.mark.parametrize("name", ["periods", "happenings", "reports"])
@pytest.mark.parametrize("value", ["3", '"x"', "[3]", '["x"]'])
def test_tables_of_another_shape_are_told_in_words(name, value, study_folder):
    path = study_folder / "study.toml"
    kept = re.sub(rf"\[\[{name}\]\]\n(.+\n?)+", "", path.read_text(encoding="utf-8"))
    path.write_text(f"{name} = {value}\n{kept}", encoding="utf-8")
    (problem,) = read_settings(path)[1]
    assert 1 == problem.line
    assert re.search("is not a (list of tables|table)", problem.message)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("seed = 7", "seed = -7", "seed = -7"),
        ('["en", "pl"]', "3", "languages = 3"),
        ("[[reports]]\nn", "[[reports]]\nN", "[[reports]]"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(old, new, line, edit):
    path = edit("study.toml", old, new)
    problem = read_settings(path)[1][0]
    assert line == path.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def test_a_byte_order_mark_is_no_part_of_the_settings(study_folder):
    path = study_folder / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [] == read_settings(path)[1]


def test_a_byte_that_is_not_utf_8_is_told_with_its_line(study_folder):
    path = study_folder / "study.toml"
    path.write_bytes(path.read_bytes().replace(b"A small", b"A sm\xe4ll"))
    assert (3, "byte 0xe4 is not UTF-8") == (read_settings(path)[1][0].line, read_settings(path)[1][0].message)


def test_a_folder_in_place_of_the_file_is_a_problem(tmp_path):
    (problem,) = read_settings(tmp_path)[1]
    assert "cannot be read (Is a directory)" == problem.message


def test_columns_of_texts_may_be_named(study_folder):
    path = study_folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}\n[columns]\npublished = "Datum"\n', encoding="utf-8")
    assert {"published": "Datum"} == read_settings(path)[0].columns
    for wrong, expected in (
        ('author = "Autor"', "author is unknown in [columns]; known: file, article, outlet, language, published"),
        ("title = 3", "3 is not a text"),
        ('title = "a"\nbody = "a"', "'a' stands there more than once"),
    ):
        path.write_text(f"{text}\n[columns]\n{wrong}\n", encoding="utf-8")
        (problem,) = read_settings(path)[1]
        assert expected in problem.message and problem.line == text.count("\n") + 2
