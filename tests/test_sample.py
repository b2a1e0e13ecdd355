"""The sample study: every planted difference is recovered, and none that was not planted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from analysis import study_results
from analysis.report.views import differences
from analysis.study import Study, load_study

FOLDER = Path(__file__).resolve().parents[1] / "data" / "sample"
PLANTED = pd.read_csv(FOLDER / "planted.csv")
TEXTS = [json.loads(line) for line in (FOLDER / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
MEASURES = ("actor-share", "label-share", "sentiment")
#: Words by which an outlet may be told from the others: of planted names and labels. No word of tone is among them:
#: tone is in many words, none of which alone is frequent enough.
PLANTED_WORDS = {
    ("betssy", "andean-courier"): 1,
    ("betssy chávez", "andean-courier"): 1,
    ("machu picchu", "harbor-post"): 1,
    ("dissolve congress", "harbor-post"): -1,
    ("chávez", "andean-courier"): 1, ("machu", "harbor-post"): 1, ("picchu", "harbor-post"): 1,
    ("coup", "harbor-post"): 1, ("coup", "andean-courier"): -1, ("coup", "pacific-ledger"): -1,
    ("dissolution", "harbor-post"): -1,
    ("dissolution", "andean-courier"): 1,
    ("dissolution", "pacific-ledger"): 1,
    ("dissolve", "harbor-post"): -1,
}


@pytest.fixture(scope="module")
def sample() -> Study:
    """The sample study."""
    return load_study(FOLDER)


@pytest.fixture(scope="module")
def results(sample: Study) -> pd.DataFrame:
    """Its results."""
    return study_results(sample)


@pytest.fixture(scope="module")
def tested(sample: Study, results: pd.DataFrame) -> pd.DataFrame:
    """Its primary comparisons on the three measures in which differences were planted."""
    return pd.concat([differences(sample, results, measure) for measure in MEASURES], ignore_index=True)


def test_the_texts_are_what_the_readme_says() -> None:
    """Outlets, articles, lengths, languages."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert 4 <= len({text["outlet"] for text in TEXTS})
    assert 32 <= len(TEXTS) == len({text["article"] for text in TEXTS})
    assert f"| {len(TEXTS)} articles, ten per outlet: three outlets in English, one in Spanish |" in readme
    assert {"en", "es"} == {text["language"] for text in TEXTS}
    lengths = {text["article"]: len(text["body"].split()) for text in TEXTS}
    assert {} == {article: words for article, words in lengths.items() if not 150 <= words <= 400}
    assert 40 == len({text["body"] for text in TEXTS})


def test_the_planted_counts_are_in_the_texts() -> None:
    """planted.csv's notes, counted again by plain regular expressions."""
    words = {
        "betssy-chavez": r"Betssy Chávez",
        "machu-picchu": r"Machu Picchu",
        "castillo-act:coup": r"\bcoups?\b",
        "castillo-act:dissolution": r"\bdissolution\b|\bdissolv(?:e|ed|ing) Congress\b",
    }
    for row in PLANTED[PLANTED["measure"] != "sentiment"].itertuples():
        own = [f"{text['title']}\n{text['body']}" for text in TEXTS if text["outlet"] == row.group]
        uses = [len(re.findall(words[row.feature], text, re.IGNORECASE)) for text in own]
        having = sum(use > 0 for use in uses)
        assert f"in {having} of {len(own)} articles" in row.note, row
        if "written" in row.note:
            assert f"written {sum(uses)}x" in row.note, row


@pytest.mark.slow
def test_every_planted_difference_is_recovered(tested: pd.DataFrame) -> None:
    """In its measure, of its outlet, in its direction."""
    keys = ["measure", "feature", "group"]
    verdicts = tested.set_index(keys)[["found", "verdict", "estimate"]]
    planted = PLANTED[PLANTED["note"].str.startswith("planted")]
    assert set(MEASURES) == set(planted["measure"])
    for row in planted.itertuples():
        got = verdicts.loc[(row.measure, row.feature, row.group)]
        assert bool(got["found"]), row
        assert row.direction == got["verdict"], row
        assert (got["estimate"] > 0) == (row.direction == "more"), row


@pytest.mark.slow
def test_nothing_else_is_found(tested: pd.DataFrame) -> None:
    """Every difference that is found is in planted.csv, planted or its mirror image, in the direction listed."""
    keys = ["measure", "feature", "group"]
    found = {tuple(row) for row in tested.loc[tested["found"], [*keys, "verdict"]].itertuples(index=False)}
    listed = {tuple(row) for row in PLANTED[[*keys, "direction"]].itertuples(index=False)}
    assert set() == found - listed
    assert tested.loc[~tested["found"], "verdict"].isin({"cannot tell", "no difference"}).all()
    assert len(tested) > 2 * len(found)  # there was much more that could have been found


@pytest.mark.slow
def test_words_are_of_the_planted_names_and_labels(results: pd.DataFrame) -> None:
    """The words that pass their family are the planted ones, of the right outlets and in the right direction."""
    words = results[(results["measure"] == "term-share") & (results["q"] <= 0.05)]
    found = {(row.feature, row.group): (1 if row.estimate > 0 else -1) for row in words.itertuples()}
    assert {("betssy chávez", "andean-courier"), ("machu picchu", "harbor-post")} <= set(found)
    assert 1 == found["coup", "harbor-post"]
    assert {} == {key: sign for key, sign in found.items() if PLANTED_WORDS.get(key) != sign}
