"""What is said of a corpus, and of what a study lacks; the reports of poor studies are in test_poor_studies.py."""

import pandas as pd
import pytest

from analysis.errors import UnknownName
from analysis.report import descriptions
from analysis.report.descriptions import corpus_findings, corpus_sentence
from analysis.study import load_study


def test_the_corpus_is_described_with_its_gaps(small_study):
    texts = [finding.text for finding in corpus_findings(small_study)]
    assert "The corpus holds 28 articles of 6 outlets from 5 December 2022 to 20 December 2022" in texts[0]
    assert "3 outlets have the 6 articles that a test asks for" in texts[0]
    # 6 on the 13th, 5 on the 8th, 4 on three other days: 14 of 28 are reached on the third.
    assert "Half of the articles fall on 3 of the 16 days of the window." == texts[1]
    assert texts[2].startswith("6 items carry a headline and nothing else, 1 has a photo caption for a body")
    assert "cannot tell" == corpus_findings(small_study)[-1].verdict


def test_an_outlet_is_introduced_with_what_was_seen_of_it(small_study):
    text = corpus_sentence(small_study, "south").text
    assert (
        "The South: 8 articles from 7 December 2022 to 16 December 2022, observed on 13 of the 16 days of the window."
        == text
    )
    assert "It republishes others' articles" in corpus_sentence(small_study, "portal").text


def test_the_language_of_a_report_is_the_first_that_can_be_shown(study_folder, edit):
    edit("study.toml", 'languages = ["en", "pl"]', 'languages = ["pl", "en"]')
    study = load_study(study_folder)
    language_of = descriptions.language_of
    assert ["pl", "en", "en"] == [
        language_of(study, ""), language_of(study, "", tone=True), language_of(study, "en"),
    ]  # fmt: skip
    with pytest.raises(UnknownName, match=r"language 'enn' is none of the study's \(did you mean 'en'\?\)\. There"):
        descriptions.language_of(study, "enn")


def test_both_sides_of_a_caption_have_their_articles_where_there_are_any():
    rows = pd.DataFrame({"articles": [1], "reference_articles": [5]})
    assert "A (1 article) minus B (5)" == descriptions.sized(rows, "A", "B")
    assert "A minus B" == descriptions.sized(rows[:0], "A", "B")


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
    assert descriptions.why_untested(load_study(study_folder), measure, outlets=outlets).startswith(expected)
