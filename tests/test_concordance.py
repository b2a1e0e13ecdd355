"""Keyword-in-context lines as a notebook shows them."""

import pandas as pd
from test_display import HOSTILE, _harmless, _Page

from analysis.report import concordance
from analysis.report.concordance import show_kwic
from analysis.study import load_study


def test_without_texts_keywords_in_context_say_why_there_are_none(small_study):
    page = _Page(show_kwic(small_study, "act").html)
    assert page.text.startswith("Keyword-in-context lines need the texts, which are their publishers'")
    assert "table" not in page.tags


def test_lines_in_context_are_escaped_and_counted(study_folder, edit, monkeypatch):
    edit("study.toml", "seed = 7", 'seed = 7\ntexts = ["texts.jsonl"]')
    line = {
        "article": "north-0",
        "outlet": "north",
        "left": HOSTILE,
        "keyword": HOSTILE,
        "right": HOSTILE,
        "voice": "own",
    }
    monkeypatch.setattr(concordance, "kwic", lambda *_, **__: pd.DataFrame([line]))
    shown = show_kwic(load_study(study_folder), "act", limit=1)
    page = _harmless(shown.html)
    assert 3 == page.text.count(HOSTILE)
    assert "Keyword in context: act (1 line)" == shown.record["caption"]
    assert "The North" in page.text
