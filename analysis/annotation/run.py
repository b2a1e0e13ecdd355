"""Annotate: texts are read, measured in partitions, and written beside the study as features."""

from __future__ import annotations

import csv
import json
import pickle
import platform
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

import analysis
from analysis import tables
from analysis.annotation.partitions import measuring, measuring_code, run_partitions
from analysis.annotation.workfolder import WorkFolder
from analysis.dependencies import changed_since, code_record, keep_digests
from analysis.errors import AnalysisError, told_if_not_written
from analysis.paths import digest, inside, replace_file
from analysis.readers import Rejected, Row, read_texts
from analysis.readers.feed import outlet_finder
from analysis.text.gazetteer import Gazetteer
from analysis.text.near_duplicates import Bands
from analysis.wording import escape_formula

if TYPE_CHECKING:
    from analysis.study import Study

#: Articles per partition.
ROWS = 500
#: Modules whose code decides the features; what they import counts with them.
_MEASURING = ("analysis.annotation.features", "analysis.readers", "analysis.text.near_duplicates")
#: So many rejected rows are kept to be shown, and so many reasons told apart; the file has all.
_SHOWN, _REASONS = 1000, 50
_DETAIL = re.compile(r"\s*\([^)]*\)|\s*'[^']*'")


@dataclass(frozen=True)
class Annotation:
    """Result of annotating."""

    folder: Path  # where the features are
    articles: int
    rejected: tuple[Rejected, ...]  # the first thousand rows of the texts that were set aside
    added: tuple[str, ...]  # ids of the articles that were new to the manifest
    without_text: tuple[str, ...]  # ids of the manifest's articles that no text was given for
    set_aside: Mapping[str, int]  # reason → rows set aside for it; each has a line in the folder's rejected.jsonl
    skipped: Mapping[str, int]  # what the files hold besides articles → how often
    kept: int  # articles that an earlier run, interrupted, had measured
    untitled: int  # articles without a title
    damaged: int  # partitions of an interrupted run that were measured again, their files not being as written


def annotate(
    paths: str | Path | Iterable[str | Path],
    study: Study,
    *,
    output: str | Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Annotation:
    """Measure texts and write the study's features.

    The features in `output` are replaced by those of these texts, all at the end. Articles new to the study's
    articles.csv are appended to it; where it holds an article, its `source` and `body_kind` decide. After an
    interruption, what was finished is not measured again, unless something that it is made of has changed.

    Parameters
    ----------
    paths : files of texts
    study : Study
    output : folder, the study's features folder where it is not given
    jobs : int ≥ 1, processes; the result is the same
    scheduler : address of a Dask cluster's scheduler, whose workers measure instead; the result is the same

    Returns
    -------
    Annotation

    Raises
    ------
    TextsError
        Where a file of texts cannot be read; single rows are set aside and counted instead.
    GazetteerError
        Where the study's aliases contradict each other.
    AnalysisError
        Where there is no article to annotate, `output` cannot be written, `jobs` is below 1, another process writes
        the same features, or processes or the cluster cannot be used (see `executors.measuring`).
    """
    if jobs < 1:
        raise AnalysisError(f"jobs is {jobs}; it is a whole number from 1 up.")
    gazetteer = pickle.dumps(Gazetteer.from_tables(study.actors, study.labels))
    folder = study.features_folder if output is None else Path(output)
    _check_places(folder, study.folder)
    measured = {"version": analysis.__version__, "on": f"{datetime.now(UTC):%Y-%m-%d}"}
    measured |= {"python": platform.python_version(), **code_record(*_MEASURING)}
    made_with = digest(f"{measuring_code()} {study.actors.to_json()} {study.labels.to_json()}".encode())
    added, skipped, copies, count, kept = list[pd.DataFrame](), Counter[str](), Bands(), 0, 0
    with WorkFolder(folder) as work, measuring(jobs, scheduler, gazetteer) as (submit, max_pending):
        rejected = RejectLog(work.rejected)
        texts = _read(paths, study, rejected, skipped, added)
        for features, is_kept in run_partitions(texts, made_with, submit, max_pending, work):
            work.add(features)
            copies.add(features["SIGNATURES"])
            count += features["ARTICLES"].num_rows
            kept += is_kept * features["ARTICLES"].num_rows
        aside = {"set_aside": dict(rejected.reasons), "skipped": dict(skipped)}
        shown = [_published(row) for row in rejected.first]
        if not count:
            reasons = "; ".join("{file}:{line}: {reason}".format(**row) for row in shown[:3])
            message = f"no article to annotate; {rejected.reasons.total()} rows were set aside. {reasons}"
            raise AnalysisError(message.rstrip())
        articles = work.table("ARTICLES", ["article", "published", "title_tokens"])
        reprints = copies.clusters(articles, lambda some: work.table("SIGNATURES", tables.SIGNATURES.names, some))
        work.add({"REPRINTS": pa.Table.from_pandas(reprints, preserve_index=False)})
        new = pd.concat(added)
        inputs = _inputs(study, new)
        if len(new):
            append_articles(study.folder / "articles.csv", new)
        work.publish({"inputs": inputs, "measured": measured, "articles": count, "rejected": shown, **aside})
    keep_digests()
    return Annotation(
        folder,
        count,
        rejected=tuple(rejected.first),
        added=tuple(new["article"]),
        without_text=tuple(sorted(set(study.manifest["article"]) - set(articles["article"]))),
        **aside,
        kept=kept,
        untitled=int((articles["title_tokens"] == 0).sum()),
        damaged=work.damaged,
    )


def _read(
    paths: str | Path | Iterable[str | Path],
    study: Study,
    rejected: RejectLog,
    skipped: Counter[str],
    added: list[pd.DataFrame],
) -> Iterator[pd.DataFrame]:
    """Texts that fit the study, in chunks, with the source and body_kind of articles.csv where that has the article;
    articles that it has not go into `added`, what does not fit into `rejected` and `skipped`."""
    known, settings = study.manifest.set_index("article"), study.settings
    for texts in read_texts(
        paths,
        rejected=rejected,
        refuse=_refusal(study),
        rows=ROWS,
        columns=settings.columns,
        outlet_of=outlet_finder(study.outlets),
        languages=settings.languages,
        skipped=skipped,
    ):
        article = texts["article"]
        added.append(texts[~article.isin(known.index)].drop(columns=["title", "body"]))
        source = article.map(known["source"]).fillna(texts["source"])
        yield texts.assign(source=source, body_kind=article.map(known["body_kind"]).fillna(""))


def _inputs(study: Study, added: pd.DataFrame) -> dict[str, str]:
    """Digests of the study's files, but of those that changed since they were read."""
    inputs = study.feature_inputs(added[["article", "language"]])
    changed = [name for name in ("actors.csv", "labels.csv") if changed_since(study.read_at, [study.folder / name])]
    return inputs | dict.fromkeys(changed, "changed while texts were measured")


def _refusal(study: Study) -> Callable[[Row], str | None]:
    outlets, languages = set(study.outlets["outlet"]), study.settings.languages

    def refuse(row: Row) -> str | None:
        # A file with its columns mixed up must not put sentences into what is published.
        shown = {value: f" {value!r}" for value in (row.outlet, row.language) if re.fullmatch(r"[\w.-]{1,40}", value)}
        if row.outlet not in outlets:
            return f"outlet{shown.get(row.outlet, '')} is not in outlets.csv"
        if row.language not in languages:
            return f"language{shown.get(row.language, '')} is none of the study's ({', '.join(languages)})"
        return None

    return refuse


def _check_places(folder: Path, study: Path) -> None:
    """Refuse, before the work, a folder of features or an articles.csv that cannot be written or leads out of the
    study."""
    if folder.absolute().is_relative_to(study.absolute()) and not inside(study, folder):
        raise AnalysisError(f"{folder} is a symlink that leads out of the study. Delete it, or name another --output.")
    if not inside(study, articles := study / "articles.csv"):
        raise AnalysisError(f"{articles} is a symlink that leads out of the study. Put the file itself there.")
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    with told_if_not_written(folder), tempfile.TemporaryFile(dir=existing):
        pass


class RejectLog:
    """Log of the rows that `read_texts` rejects, a line of a file each (place and reason, no text).

    `first` are the first of them; `reasons` counts all, by reason without its details (values, columns, files).
    """

    def __init__(self, path: Path) -> None:
        self.first, self.reasons, self._path = list[Rejected](), Counter[str](), path

    def append(self, row: Rejected) -> None:
        """Take a row."""
        reason = _DETAIL.sub("", row.reason)
        self.reasons[reason if reason in self.reasons or len(self.reasons) < _REASONS else "other reasons"] += 1
        if len(self.first) < _SHOWN:
            self.first.append(row)
        with told_if_not_written(self._path), self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(_published(row), ensure_ascii=False) + "\n")


def _published(row: Rejected) -> dict[str, str | int]:
    # Without the folders of the file, which are private.
    return {"file": row.path.name, "line": row.line, "reason": row.reason}


def append_articles(path: Path, texts: pd.DataFrame) -> None:
    """Append rows of texts (TEXTS) to articles.csv, in its own columns and line ends; what is there stays as it is.

    They hold facts only, nothing coded; a day without a time is a day.
    """
    content = path.read_bytes()
    line_end = "\r\n" if content.partition(b"\n")[0].endswith(b"\r") else "\n"
    header = next(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))
    moments = zip(texts["published"].dt.tz_localize(None), texts["timestamp"], strict=True)
    dates = [str(moment.date()) if kind == "day" else f"{moment.isoformat()}Z" for moment, kind in moments]
    facts = texts[["article", "outlet", "language", "timestamp", "url", "source"]].assign(published=dates)
    rows = facts.map(escape_formula).reindex(columns=header, fill_value="")
    missing_end = "" if content.endswith(b"\n") else line_end
    added = missing_end + rows.to_csv(header=False, index=False, lineterminator=line_end)
    with told_if_not_written(path):
        replace_file(path, content + added.encode(), root=path.parent)
