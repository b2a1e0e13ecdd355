"""study.toml: what it may say, and one clear problem for each thing wrong."""

from datetime import date

import pytest

from analysis.settings import Happening, Period, ReportRule, read_settings


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
        ("draws = 200", "draws = true", "setting 'draws': True is not a whole number from 100 up. Mend its value"),
        ("seed = 7", "seed = -1", "setting 'seed': -1 is not a whole number from 0 up. Mend its value"),
        ('"lede"', '"body"', "setting 'primary': 'body' is none of title, lede, text. Mend its value"),
        ("seed = 7", "sede = 7", "setting 'sede' is unknown. Known: name, title, question, event, timezone, window,"),
        ('question = "Does it measure?"', "", "setting 'question' is missing. Add it"),
        ('notebook = "overview"', 'notebok = "overview"', "setting 'reports': notebok is unknown in [[reports]]. Mend"),
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
    ],
)
def test_each_wrong_setting_gives_one_problem(edit, old, new, expected):
    (found,) = _problems(edit("study.toml", old, new))
    assert expected == found[: len(expected)]


def test_all_wrong_settings_are_told_at_once(edit):
    edit("study.toml", "seed = 7", 'seed = "x"')
    path = edit("study.toml", "draws = 200", "drawz = 200")
    assert ["setting 'drawz", "setting 'seed'"] == [text[:14] for text in _problems(path)]


def test_a_line_that_is_no_toml_is_named(edit):
    path = edit("study.toml", "seed = 7", "seed = ")
    _, (problem,) = read_settings(path)
    expected = path.read_text(encoding="utf-8").split("\n").index("seed = ") + 1
    assert expected == problem.line
    assert problem.message.startswith("is not TOML: Invalid value")


def test_a_missing_file_and_one_that_is_no_utf8(tmp_path):
    assert ["does not exist. A study folder holds a study.toml"] == _problems(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_bytes(b'name = "\xff"')
    assert ["is not UTF-8 (invalid start byte). Save the file as UTF-8"] == _problems(tmp_path / "study.toml")
