"""study.toml: what it may say, and what is told of what it may not; single faults are in studies/problems.csv."""

import re
from datetime import date

import pytest

from analysis.errors import Problem
from analysis.study.settings import read_settings
from analysis.tables import language_tag


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
        ("America/Lima", "A" * 300, "timezone", f"'timezone': '{'A' * 300}' is no time zone"),
        ("seed = 7", "seed = ", "", "is not TOML: Invalid value"),
        ("seed = 7", f"seed = {'9' * 5000}", None, "is not TOML: Exceeds the limit"),
    ],
)
def test_what_is_no_toml_or_endless_gives_one_problem_with_its_line(edit, old, new, line, expected):
    """A line of "" is the one that was put in; None stands for the whole file."""
    ((at, told),) = _told(edit("study.toml", old, new))
    assert expected == told[: len(expected)]
    assert at == "" if line is None else at.startswith(line or new)


def test_all_faults_are_told_at_once_each_in_its_place(edit):
    """Four in a list of periods, two in a list of words, two of single settings."""
    edit("study.toml", "end = 2022-12-10", "end = 2022-12-01")
    edit("study.toml", 'name = "protests"\nstart', 'name = "Protests!"\nfrom')
    edit("study.toml", "draws = 200", "drawz = 200")
    edit("study.toml", 'title = "A small study"', "")
    path = edit("study.toml", '["actor-share"]', '[\n"actor-shares",\n"valense"]')
    lines = path.read_text(encoding="utf-8").split("\n")
    first, second = (number for number, line in enumerate(lines, start=1) if line == "[[periods]]")
    words = [lines.index("confirmatory = [") + 1] * 2
    found = [(problem.message.split("'")[1], problem.line) for problem in read_settings(path)[1]]
    periods = [("periods", first), *[("periods", second)] * 3]
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


def test_a_missing_file_and_bytes_that_are_no_utf_8(study_folder):
    path = study_folder / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [] == read_settings(path)[1]  # a byte order mark is no part of the settings
    path.write_bytes(path.read_bytes().replace(b"A small", b"A sm\xe4ll"))
    fault = Problem(path, 2, "byte 0xe4 is not UTF-8; nothing was read", "Save the file as UTF-8")
    assert [fault] == read_settings(path)[1]
    path.unlink()
    fault = Problem(path, None, "does not exist", "A study folder holds a study.toml")
    assert [fault] == read_settings(path)[1]


@pytest.mark.parametrize("tag", ["en", "EN", "en-GB", "en_US", " En-us "])
def test_a_tag_of_a_language_is_that_language(edit, tag):
    found, problems = read_settings(edit("study.toml", '["en", "pl"]', f'["{tag}", "pl-PL"]'))
    assert ([], ("en", "pl")) == (problems, found.languages)
    assert ["es", "zh", "Spanish", "e"] == [language_tag(tag) for tag in ("es-419", "zh-Hans", "Spanish", "e")]
