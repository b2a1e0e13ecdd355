"""What a study lacks is said in words; the reports of poor studies are in test_poor_studies.py."""

import pandas as pd
import pytest

from analysis.errors import UnknownLanguage
from analysis.report import missing as lacking
from analysis.study import load_study


def test_the_language_of_a_report_is_the_first_that_can_be_shown(study_folder, edit):
    edit("study.toml", 'languages = ["en", "pl"]', 'languages = ["pl", "en"]')
    study = load_study(study_folder)
    assert ["pl", "en", "en"] == [
        lacking.language_of(study, ""), lacking.language_of(study, "", tone=True), lacking.language_of(study, "en"),
    ]  # fmt: skip
    with pytest.raises(UnknownLanguage, match=r"language 'enn' is none of the study's \(did you mean 'en'\?\)\. There"):
        lacking.language_of(study, "enn")


def test_both_sides_of_a_caption_have_their_articles_where_there_are_any():
    rows = pd.DataFrame({"articles": [1], "reference_articles": [5]})
    assert "A (1 article) minus B (5)" == lacking.sized(rows, "A", "B")
    assert "A minus B" == lacking.sized(rows[:0], "A", "B")


@pytest.mark.parametrize(
    ("old", "new", "measure", "outlets", "expected"),
    [
        ("min_articles = 6", "min_articles = 99", "", (), "No outlet has the 99 articles a test asks for."),
        ('main_actors = ["pedro-castillo", "dina-boluarte"]', "", "actor-share", (), "study.toml names no"),
        ("seed = 7", "seed = 8", "", ("north",), "No other outlet has articles of days on which both were"),
        ("seed = 7", "seed = 8", "", ("north", "east"), "The North and East Daily have no articles of days"),
    ],
)
def test_why_nothing_is_compared_is_the_first_reason_that_holds(
    study_folder, edit, old, new, measure, outlets, expected
):
    edit("study.toml", old, new)
    assert lacking.why_untested(load_study(study_folder), measure, outlets=outlets).startswith(expected)
