"""Keyword in context."""

from dataclasses import replace

import pandas as pd
import pytest
from ministudy import TEXTS, mini_study, write_texts
from test_report_components import HOSTILE, Page, harmless

from analysis.annotation.run import annotate
from analysis.errors import AnalysisError
from analysis.report.concordance import COLUMNS, lines_in_context, show_kwic
from analysis.study import load_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Annotated once; to be read only."""
    made = mini_study(tmp_path_factory.mktemp("study") / "mini")
    annotate(made.folder / "texts.jsonl", made)
    return load_study(made.folder)


def _with_texts(study, **settings):
    return replace(study, settings=study.settings.model_copy(update=settings))


@pytest.mark.slow
def test_a_mention_stands_between_its_neighbours(study):
    found = lines_in_context(study, "crowd", width=4)
    assert list(COLUMNS) == list(found)
    assert [
        ("herald-1", "herald", "met. The “", "mob", "” left, Rivas", "quoted"),
        ("herald-2", "herald", "coup d’état, the", "mob", "cried. (Photo", "own"),
        ("herald-1", "herald", "", "Protesters", "cheer Ada Rivas in", "own"),
    ] == list(found.itertuples(index=False, name=None))
    with pytest.raises(AnalysisError, match=r"set 'crowdd' is not in labels.csv \(did you mean 'crowd'\?\)"):
        lines_in_context(study, "crowdd")


@pytest.mark.parametrize(
    "texts", [[TEXTS[0], {**TEXTS[1], "body": "Another text."}], TEXTS[:1]], ids=["changed", "missing"]
)
def test_changed_and_missing_texts_are_named(study, tmp_path, texts):
    write_texts(tmp_path / "texts.jsonl", texts)
    html = show_kwic(_with_texts(study, texts=(str(tmp_path / "texts.jsonl"),)), "crowd").html
    assert "There: of 1 article, first herald-2, no text has the features&#x27; digest." in html


def test_texts_are_read_with_the_studys_own_columns_and_languages(study, tmp_path):
    """As they were when they were annotated: a table with headings of its own, and no column of languages."""
    rows = pd.DataFrame(TEXTS[:2]).drop(columns="language").rename(columns={"article": "Nr", "body": "Wortlaut"})
    rows.to_csv(tmp_path / "texts.csv", index=False)
    columns = {"article": "Nr", "body": "Wortlaut"}
    elsewhere = _with_texts(study, texts=(str(tmp_path / "texts.csv"),), columns=columns)
    assert ["herald-1"] == lines_in_context(elsewhere, "crowd", limit=1)["article"].to_list()


def test_without_texts_keywords_in_context_say_why_there_are_none(small_study):
    page = Page(show_kwic(small_study, "act").html)
    assert page.text.startswith("Keyword-in-context lines need the texts, which are their publishers'")
    assert "table" not in page.tags


def test_lines_in_context_are_escaped_and_counted(small_study, monkeypatch):
    line = ["north-0", "north", HOSTILE, HOSTILE, HOSTILE, "own"]
    table = pd.DataFrame([line], columns=list(COLUMNS))
    monkeypatch.setattr("analysis.report.concordance.lines_in_context", lambda *_, **__: table)
    shown = show_kwic(_with_texts(small_study, texts=("texts.jsonl",)), "act", limit=1)
    page = harmless(shown.html)
    assert 3 == page.text.count(HOSTILE)
    assert "Keyword in context: act (1 line)" == shown.record["caption"]
    assert "The North" in page.text
