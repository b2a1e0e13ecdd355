"""A study that lacks something still has all its reports, and they say in words what cannot be shown."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cells import ROOT, run_report, run_reports, text_of

from analysis import results
from analysis.annotation.run import annotate
from analysis.errors import AnalysisError
from analysis.publish.reports import Report
from analysis.study import load_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("closed_figures"),
    pytest.mark.filterwarnings("error"),  # a warning would stand in the report
]

SAMPLE = ROOT / "data" / "sample"
FILES = ("study.toml", "outlets.csv", "articles.csv", "observed.csv", "actors.csv", "labels.csv", "texts.jsonl")
#: What stands in no text for readers.
BROKEN = re.compile(r"\b(?:nan|NaN|NaT|inf)\b|\bNone(?! of )|<NA>|\{\w*\}")

Edit = Callable[[Path], None]


def change(name: str, pattern: str, new: str) -> Edit:
    """Replace a pattern in a file, which must be there."""

    def edit(folder: Path) -> None:
        text, count = re.subn(pattern, new, (folder / name).read_text(encoding="utf-8"), flags=re.DOTALL)
        assert count, (name, pattern)
        (folder / name).write_text(text, encoding="utf-8")

    return edit


def empty(name: str) -> Edit:
    """Leave a CSV file its first line."""
    return change(name, r"\n.*", "\n")


def only(pattern: str) -> Edit:
    """Keep the articles whose id matches, in the texts and in the manifest."""

    def edit(folder: Path) -> None:
        lines = (folder / "texts.jsonl").read_text(encoding="utf-8").splitlines()
        kept = {json.loads(line)["article"]: line for line in lines}
        kept = {article: line for article, line in kept.items() if re.fullmatch(pattern, article)}
        (folder / "texts.jsonl").write_text("\n".join(kept.values()) + "\n", encoding="utf-8")
        head, *rows = (folder / "articles.csv").read_text(encoding="utf-8").splitlines()
        rows = [row for row in rows if row.split(",")[0] in kept]
        (folder / "articles.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")

    return edit


def uncoded(folder: Path) -> None:
    """Leave genre, sub-event and kind of body empty."""
    change("articles.csv", r",text,[^\n]*", ",text,,,")(folder)


NO_PAIR = change("study.toml", r'\[\[reports\]\]\nnotebook = "pair".*', "")
NO_ACTORS = change("study.toml", r"main_actors = \[.*?\]\n", "")
FEW = change("study.toml", "min_articles = 10", "min_articles = 20")
ONE_OUTLET = change("study.toml", 'each = "outlet"', 'parameters = { outlet = "harbor-post" }')
NO_ENGLISH = (
    NO_PAIR,
    only("fs-.*"),
    change("study.toml", 'languages = \\["en", "es"\\]', 'languages = ["es"]'),
    change("outlets.csv", r"\n(andean|harbor|pacific)[^\n]*", ""),
    change("observed.csv", r"\n(andean|harbor|pacific)[^\n]*", ""),
)
NO_MAIN = "study.toml names no main actors"
NO_DAY = "observed.csv records no day on which an outlet was observed, so no articles can be compared."
#: What a study lacks → how it is made of the sample, and what which report then says.
POOR: dict[str, tuple[tuple[Edit, ...], dict[str, str]]] = {
    "no-english-article": (NO_ENGLISH, {"tone": "No article is in a language that has an instrument of tone."}),
    "no-main-actors-and-no-texts-at-hand": (
        (NO_ACTORS, ONE_OUTLET, lambda folder: (folder / "texts.jsonl").rename(folder / "elsewhere.jsonl")),
        dict.fromkeys(
            ("actors", "outlet--harbor-post", "pair--andean-courier--harbor-post"),
            f"{NO_MAIN} (main_actors), so none is compared.",
        )
        | {"wording": "No lines in context: study.toml names texts that are not those of the features."},
    ),
    "nothing-observed": (
        (empty("observed.csv"),),
        dict.fromkeys(("actors", "wording", "tone", "pair--andean-courier--harbor-post"), NO_DAY),
    ),
    "everything": (
        (
            *(NO_PAIR, NO_ACTORS, only("ac-01|hp-09"), uncoded, FEW),
            *map(empty, ("labels.csv", "observed.csv", "actors.csv")),
        ),
        {"actors": NO_MAIN, "wording": "labels.csv holds no words"},
    ),
}


@pytest.mark.parametrize("lacking", POOR)
def test_every_report_of_a_poor_study_says_what_cannot_be_shown(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell fails, nothing broken is printed, and the reports concerned say why they have nothing to show."""
    edits, expected = POOR[lacking]
    folder = tmp_path / "study"
    folder.mkdir()
    for name in FILES:
        shutil.copy(SAMPLE / name, folder / name)
    change("study.toml", "draws = 5000", "draws = 100")(folder)
    for edit in edits:
        edit(folder)
    texts = next(path for path in (folder / "texts.jsonl", folder / "elsewhere.jsonl") if path.exists())
    annotate(texts, load_study(folder))
    monkeypatch.setattr(results, "find_root", lambda: tmp_path)
    told = {name: text_of(page) for name, page in run_reports(load_study(folder), monkeypatch)}
    assert {"overview", "actors", "wording", "tone"} <= set(told)
    assert {} == {name: found for name, text in told.items() if (found := BROKEN.findall(text))}
    assert {} == {name: text[:900] for name, text in told.items() if expected.get(name, "") not in text}
    assert set(expected) <= set(told)


@pytest.mark.parametrize(
    ("notebook", "given", "expected"),
    [
        ("outlet", {"outlet": "habor-post"}, "outlet 'habor-post' is none of sample (did you mean 'harbor-post'?)"),
        ("pair", {"left": "harbor-post", "right": "x"}, "outlet 'x' is none of sample. There: andean-courier, el-faro"),
        ("wording", {"least_uses": "many"}, "notebook 'wording', parameter 'least_uses' = 'many': is not a whole"),
        ("tone", {"language": "pl"}, "language 'pl' is none of the study's. There: en, es."),
    ],
)
def test_a_wrong_parameter_under_plain_papermill_is_told_with_the_choices(
    notebook: str, given: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has looked at it before the notebook runs."""
    report = Report(notebook, notebook, {"study": str(SAMPLE), **given})
    with pytest.raises(AnalysisError) as raised:
        run_report(report, monkeypatch)
    assert str(raised.value).startswith(expected)
