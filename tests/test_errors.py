"""Errors say what is wrong and what to do, and keep the values they speak of."""

from pathlib import Path

import pytest

from analysis import errors
from analysis.errors import AnalysisError, Problem, StudyError, told_if_not_written

CSV = Path("data/x/articles.csv")


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem(CSV, 3, "genre 'nws' is none of news", "Mend it"), f"{CSV}:3: genre 'nws' is none of news. Mend it"),
        (Problem(CSV, None, "does not exist", "Create it"), f"{CSV}: does not exist. Create it"),
    ],
)
def test_a_problem_reads_as_file_line_fault_remedy(problem, expected):
    assert expected == str(problem)


def test_an_error_without_a_reason_of_the_system_keeps_its_own():
    with pytest.raises(AnalysisError, match=r"x cannot be written \(disk on fire\)"), told_if_not_written(Path("x")):
        raise OSError("disk on fire")


def test_a_study_error_holds_every_problem_and_prints_one_per_line():
    problems = [Problem(CSV, line, "is wrong", "Mend it") for line in (2, 5)]
    error = StudyError(problems)
    assert tuple(problems) == error.problems
    assert f"{CSV}:2: is wrong. Mend it\n{CSV}:5: is wrong. Mend it" == str(error)


@pytest.mark.parametrize(
    ("error", "kept", "expected"),
    [
        (
            errors.StudyNotFound("peru", ["sample"]),
            {"study": "peru", "known": ("sample",)},
            "no study 'peru': neither a folder with a study.toml nor a name under data/. Known here: sample.",
        ),
        (
            errors.StudyNotFound("peru", []),
            {"known": ()},
            "no study 'peru': neither a folder with a study.toml nor a name under data/. Known here: none.",
        ),
        (
            errors.FeaturesMissing(Path("f/terms.parquet"), "peru"),
            {"path": Path("f/terms.parquet"), "study": "peru"},
            "f/terms.parquet does not exist. Run: castillo annotate TEXTS --study peru",
        ),
        (
            errors.TableError("TERMS", "count", "is not integer"),
            {"table": "TERMS", "column": "count"},
            "table TERMS, column 'count': is not integer",
        ),
        (errors.TextsError(Path("t.jsonl"), "is empty"), {"path": Path("t.jsonl")}, "t.jsonl: is empty"),
        (
            errors.GazetteerError("Rivas", ["ada", "leo"]),
            {"alias": "Rivas", "entries": ("ada", "leo")},
            "alias 'Rivas' belongs to ada and leo. "
            "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near).",
        ),
        (
            errors.LanguageError("fr", ["en", "pl"]),
            {"language": "fr", "known": ("en", "pl")},
            "no rules for language 'fr'. Known: en, pl.",
        ),
        (
            errors.EmptyGroup("reference", "others"),
            {"side": "reference", "name": "others"},
            "the reference 'others' holds no article that can be compared. Check its window and language.",
        ),
        (
            errors.OverlappingGroups(["a", "b", "c", "d"]),
            {"articles": ("a", "b", "c", "d")},
            "4 articles are in the group and in its reference, e.g. a, b, c.",
        ),
        (
            errors.MixedLanguages(["en", "pl"]),
            {"languages": ("en", "pl")},
            "words are compared within one language, got en, pl. Choose one.",
        ),
        (
            errors.ParameterError("outlet", "outlt", "cnn", "does not exist"),
            {"notebook": "outlet", "parameter": "outlt", "value": "cnn"},
            "notebook 'outlet', parameter 'outlt' = 'cnn': does not exist",
        ),
    ],
)
def test_text_and_parts_of_each_error(error, kept, expected):
    assert expected == str(error)
    assert kept == {name: getattr(error, name) for name in kept}
    assert isinstance(error, errors.AnalysisError)
