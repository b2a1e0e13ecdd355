"""Annotate: texts are read, measured in partitions, and written beside the study as features."""

import csv
import json
import pickle
import platform
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

import analysis
from analysis import tables
from analysis.annotation.partitions import (
    append_phrases,
    measuring,
    measuring_code,
    read_partition,
    run_partitions,
    write_tables,
)
from analysis.dependencies import changed_since, code_record, content_digest, keep_digests
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, replace_file
from analysis.readers import Rejected, Row, read_texts
from analysis.readers.feed import outlet_finder
from analysis.scoring import MODELS, study_instruments
from analysis.study import Study
from analysis.text.gazetteer import Gazetteer
from analysis.wording import escape_formula, plural

#: Articles per partition.
ROWS = 500
#: Modules whose code decides the features; what they import counts with them.
_MEASURING = ("analysis.annotation.features", "analysis.readers", "analysis.text.near_duplicates")
#: So many rejected rows stand in meta.json; rejected.jsonl has all.
_SHOWN = 1000
_FACTS = ["article", "outlet", "language", "published", "timestamp", "url", "source"]
#: Columns of articles.csv that may have a few values only, and come with the texts at times.
_CODES = {name: tables.ARTICLES_CSV.allowed(name) for name in ("genre", "body_kind")}
_DETAIL = re.compile(r"\s*\([^)]*\)|\s*'[^']*'")


@dataclass(frozen=True)
class Annotation:
    """Result of annotating."""

    folder: Path  # where the features are
    articles: int
    rejected: tuple[Rejected, ...]  # rows of the texts that were set aside; each has a line in rejected.jsonl
    added: tuple[str, ...]  # ids of the articles that were new to the manifest
    without_text: tuple[str, ...]  # ids of the manifest's articles that no text was given for
    set_aside: Mapping[str, int]  # reason, without details → rows set aside for it
    skipped: Mapping[str, int]  # what the files hold besides articles → how often
    kept: int  # articles that an earlier run, interrupted, had measured
    untitled: int  # articles without a title


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
    TextsError, GazetteerError
        Where a file of texts cannot be read (single rows are set aside instead), or aliases contradict each other.
    AnalysisError
        Where there is no article to annotate, `output` cannot be written, `jobs` is below 1, another process writes
        the same features, or processes or the cluster cannot be used.
    """
    if jobs < 1:
        raise AnalysisError(f"jobs is {jobs}; it is a whole number from 1 up.")
    measures, made_with, models = _measures(study)
    jobs = 1 if models else jobs  # a model uses all cores by itself
    folder = study.features_folder if output is None else Path(output)
    measured = {"version": analysis.__version__, "on": f"{datetime.now(UTC):%Y-%m-%d}"}
    measured |= {"python": platform.python_version(), **code_record(*_MEASURING, *models)}
    texts, files, kept = Texts(study), [], 0
    with _work_folder(folder) as work:
        with measuring(jobs, scheduler, measures) as (submit, max_pending):
            for path, features, is_kept in run_partitions(texts.read(paths), made_with, submit, max_pending, work):
                files.append(path)
                append_phrases(work / "tables", features["TERMS"])
                kept += is_kept * features["ARTICLES"].num_rows
        lines = [{"file": row.path.name, "line": row.line, "reason": row.reason} for row in texts.rejected]
        if not files:
            reasons = "; ".join("{file}:{line}: {reason}".format(**line) for line in lines[:3])
            message = f"no article to annotate; {plural(len(lines), 'row')} set aside. {reasons}"
            raise AnalysisError(message.rstrip())
        with write_errors(folder):
            articles = write_tables(work / "tables", map(read_partition, files))
            added = pd.concat(texts.added)
            inputs = study.feature_inputs(added[["article", "language"]])
            names = ("actors.csv", "labels.csv")
            changed = [name for name in names if changed_since(study.read_at, [study.folder / name])]
            inputs |= dict.fromkeys(changed, "changed while texts were measured")
            if len(added):
                append_articles(study.folder / "articles.csv", added)
            meta = {"inputs": inputs, "measured": measured, "articles": len(articles), "rejected": lines[:_SHOWN]}
            _publish(work / "tables", folder, {**meta, "set_aside": texts.set_aside, "skipped": texts.skipped}, lines)
    keep_digests()
    without_text = tuple(sorted(set(study.manifest["article"]) - set(articles["article"])))
    untitled = int((articles["title_tokens"] == 0).sum())
    found = (tuple(texts.rejected), tuple(added["article"]), without_text, texts.set_aside, texts.skipped)
    return Annotation(folder, len(articles), *found, kept, untitled)


@contextmanager
def _work_folder(features: Path) -> Iterator[Path]:
    """Folder beside the features, of one run at a time: finished partitions, and tables until they are whole.

    It is gone where everything was done or nothing was; else finished partitions stay for the next run.
    """
    folder = features.parent / f".{features.name}-unfinished"
    if features.is_file():
        raise AnalysisError(f"{features} cannot be written (it is a file). Mend that, or name another folder.")
    with write_errors(features):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        wait = f"another castillo annotate is writing {features}. Wait for it, or name another --output."
        raise AnalysisError(wait) from error
    is_done = False
    try:
        shutil.rmtree(folder / "tables", ignore_errors=True)  # of a run that was killed
        (folder / "tables").mkdir()
        yield folder
        is_done = True
    finally:
        if is_done or not any(folder.glob("*.arrows")):
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _publish(new: Path, folder: Path, meta: Mapping[str, Any], rejected: Sequence[Mapping[str, Any]]) -> None:
    """Put new tables in the folder of the features, the rejected rows, and meta.json: `meta` and digests of tables."""
    digests = {path.name: content_digest(path) for path in new.glob("*.parquet")}
    text = json.dumps({**meta, "digests": digests}, indent=1, sort_keys=True, ensure_ascii=False)
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rejected)
    folder.mkdir(exist_ok=True)
    # meta.json goes first and comes last: without it old and new tables together do not count.
    for name in ("meta.json", "rejected.jsonl"):
        (folder / name).unlink(missing_ok=True)
    if rows:
        replace_file(folder / "rejected.jsonl", rows.encode())
    for name in digests:
        (new / name).replace(folder / name)
    replace_file(folder / "meta.json", f"{text}\n".encode())


def _measures(study: Study) -> tuple[bytes, str, list[str]]:
    """Gazetteer and instruments, pickled; digest of them and of the code that uses them; modules that run models."""
    rules, aliases = study.settings.instruments, (study.actors, study.labels)
    measures = pickle.dumps((Gazetteer.from_tables(*aliases), study_instruments(rules, study.folder)))
    files = [*(table.to_json() for table in aliases), *(str(rule.inputs(study.folder)) for rule in rules)]
    made_with = digest(" ".join([measuring_code(), *files]).encode())
    return measures, made_with, [MODELS] if any(rule.is_model for rule in rules) else []


class Texts:
    """Texts that fit a study, and what does not: `rejected` are the rows set aside, `skipped` counts what is no
    article, `added` are those that articles.csv lacks."""

    def __init__(self, study: Study) -> None:
        self._study, self._outlets = study, set(study.outlets["outlet"])
        self.rejected, self.skipped, self.added = list[Rejected](), Counter[str](), list[pd.DataFrame]()

    @property
    def set_aside(self) -> Mapping[str, int]:
        """Rows set aside by reason, without details."""
        return Counter(_DETAIL.sub("", row.reason) for row in self.rejected)

    def read(self, paths: str | Path | Iterable[str | Path]) -> Iterator[pd.DataFrame]:
        """Texts in chunks, with the source and body_kind of articles.csv where that has the article."""
        known, settings = self._study.manifest.set_index("article"), self._study.settings
        kept = [name for name in articles_header(self._study.folder / "articles.csv") if name not in tables.TEXTS.names]
        for texts in read_texts(
            paths,
            rejected=self.rejected,
            refuse=self._refuse,
            rows=ROWS,
            columns=settings.columns,
            outlet_of=outlet_finder(self._study.outlets),
            languages=settings.languages,
            skipped=self.skipped,
            kept=kept,
        ):
            article = texts["article"]
            self.added.append(texts.loc[~article.isin(known.index), [*_FACTS, *kept]])
            coded = {"source": texts["source"], "body_kind": texts.get("body_kind", "")}
            for name, given in coded.items():
                earlier = article.map(known[name]).astype(object)  # a column that is empty is of floats
                coded[name] = earlier.where(earlier.notna(), given)
            yield texts.drop(columns=kept).assign(**coded)

    def _refuse(self, row: Row) -> str | None:
        """Reason that a text does not fit the study; None where it does."""
        languages, allowed = self._study.settings.languages, dict(_CODES, subevent=self._study.settings.subevents)
        if row.outlet not in self._outlets:
            return f"outlet{_shown(row.outlet)} is not in outlets.csv"
        if row.language not in languages:
            return f"language{_shown(row.language)} is none of the study's ({', '.join(languages)})"
        for name, value in row.kept.items():
            if value and value not in allowed.get(name, [value]):
                there = "in subevents of study.toml" if name == "subevent" else f"one of {', '.join(allowed[name])}"
                return f"{name}{_shown(value)} is not {there}"
        return None


def _shown(value: str) -> str:
    # A file with its columns mixed up must not put sentences into what is published.
    return f" {value!r}" if re.fullmatch(r"[\w.-]{1,40}", value) else ""


def articles_header(path: Path) -> list[str]:
    """Columns of an articles.csv, in its order."""
    return next(csv.reader(path.read_bytes().decode("utf-8-sig").splitlines(keepends=True)))


def append_articles(path: Path, texts: pd.DataFrame) -> None:
    """Append the facts of texts (TEXTS) to articles.csv, in its own columns and line ends; what is there stays as it
    is. Nothing is coded that the texts do not code; a day without a time is a day."""
    content = path.read_bytes()
    line_end = "\r\n" if content.partition(b"\n")[0].endswith(b"\r") else "\n"
    moments = zip(texts["published"].dt.tz_localize(None), texts["timestamp"], strict=True)
    dates = [str(moment.date()) if kind == "day" else f"{moment.isoformat()}Z" for moment, kind in moments]
    rows = texts.assign(published=dates).map(escape_formula).reindex(columns=articles_header(path), fill_value="")
    missing_end = "" if content.endswith(b"\n") else line_end
    added = missing_end + rows.to_csv(header=False, index=False, lineterminator=line_end)
    with write_errors(path):
        replace_file(path, content + added.encode())
