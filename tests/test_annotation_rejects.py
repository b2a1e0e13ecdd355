"""Rows set aside: written, counted, shown; no text among them."""

import json
from pathlib import Path

import pytest
from ministudy import TEXTS, mini_study
from reading import EN

from analysis.annotation import annotate, files
from analysis.readers import Rejected
from analysis.stats import corpus
from analysis.study import load_study


def test_all_are_written_the_first_kept_and_reasons_counted_without_details(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_SHOWN", 2)
    path = tmp_path / "rejected.jsonl"
    with files.RejectLog(path) as aside:
        for line in range(3):
            aside.append(Rejected(Path("/private/a.csv"), line, f"outlet 'x{line}' is unknown (line {line})"))
    assert (3, 2, {"outlet is unknown": 3}) == (aside.count, len(aside.first), aside.reasons)
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"file": "a.csv", "line": 2, "reason": "outlet 'x2' is unknown (line 2)"} == written[2]


@pytest.fixture
def done(tmp_path):
    study = mini_study(tmp_path / "mini")
    rows = [json.dumps(row) for row in (TEXTS[0], {**TEXTS[0], "article": "z", "outlet": "gazette"}, "x")]
    (tmp_path / "some.jsonl").write_text("\n".join(rows))
    (tmp_path / "more.csv").write_text(f"id,source,date,text\nm1,herald,2022-12-07,{EN}\nm2,herald,soon,{EN}\n")
    return study, annotate([tmp_path / "some.jsonl", tmp_path / "more.csv"], study)


def test_annotate_keeps_the_rows_around_and_the_overview_counts_what_is_missing(done):
    study, result = done
    assert 2 == result.articles
    lines = [json.loads(line) for line in (result.folder / "rejected.jsonl").read_text().splitlines()]
    assert [("some.jsonl", 2), ("some.jsonl", 3), ("more.csv", 3)] == [(row["file"], row["line"]) for row in lines]
    table = corpus.set_aside(load_study(study.folder))
    expected = [
        ["set aside, all reasons", 3],
        ["set aside: not a JSON object", 1],
        ["set aside: outlet is not in outlets.csv", 1],
        ["set aside: published is not a date in ISO 8601", 1],
    ]
    assert expected == table.values.tolist()


def test_no_file_of_an_earlier_run_stays(done, tmp_path):
    study, result = done
    (tmp_path / "good.jsonl").write_text(json.dumps(TEXTS[0]))
    annotate(tmp_path / "good.jsonl", study)
    assert not (result.folder / "rejected.jsonl").exists()
    assert [["set aside, all reasons", 0]] == corpus.set_aside(load_study(study.folder)).values.tolist()
