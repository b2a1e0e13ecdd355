"""Annotate: texts are read, measured in partitions, and written beside the study as features."""

from __future__ import annotations

import csv
import json
import pickle
import platform
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

import analysis
from analysis import tables
from analysis.annotation.partitions import measuring, measuring_code, run_partitions
from analysis.annotation.workfolder import WorkFolder
from analysis.dependencies import changed_since, code_record, keep_digests
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, inside, replace_file
from analysis.readers import Rejected, Row, read_texts
from analysis.readers.feed import outlet_finder
from analysis.scoring.registry import BUILT_IN, MODELS, Instrument, installed, model_instrument
from analysis.study import Study
from analysis.text.gazetteer import Gazetteer
from analysis.text.near_duplicates import Bands
from analysis.wording import escape_formula, plural

#: Articles per partition.
ROWS = 500
#: Modules whose code decides the features; what they import counts with them.
_MEASURING = ("analysis.annotation.features", "analysis.readers", "analysis.text.near_duplicates")
#: So many rejected rows are kept to be shown, and so many reasons told apart; the file has all.
_SHOWN, _REASONS = 1000, 50
_FACTS = ["article", "outlet", "language", "published", "timestamp", "url", "source"]
#: Columns of articles.csv that may have a few values only, and come with the texts at times.
_CODES = {name: tables.ARTICLES_CSV.allowed(name) for name in ("genre", "body_kind")}
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
    _check_places(folder, study.folder)
    measured = {"version": analysis.__version__, "on": f"{datetime.now(UTC):%Y-%m-%d}"}
    measured |= {"python": platform.python_version(), **code_record(*_MEASURING, *models)}
    kept, copies = 0, Bands()
    with WorkFolder(folder) as work, measuring(jobs, scheduler, measures) as (submit, max_pending):
        texts = Texts(study, work.rejected)
        for features, is_kept in run_partitions(texts.read(paths), made_with, submit, max_pending, work):
            work.add(features)
            copies.add(features["SIGNATURES"])
            kept += is_kept * features["ARTICLES"].num_rows
        lines = [_place(row) for row in texts.rejected]
        if not texts.added:
            reasons = "; ".join("{file}:{line}: {reason}".format(**line) for line in lines[:3])
            message = f"no article to annotate; {plural(texts.set_aside.total(), 'row')} set aside. {reasons}"
            raise AnalysisError(message.rstrip())
        articles = work.table("ARTICLES", ["article", "published", "title_tokens"])
        reprints = copies.clusters(articles, lambda some: work.table("SIGNATURES", tables.SIGNATURES.names, some))
        work.add({"REPRINTS": pa.Table.from_pandas(reprints, preserve_index=False)})
        added = pd.concat(texts.added)
        inputs = study.feature_inputs(added[["article", "language"]])
        changed = [name for name in ("actors.csv", "labels.csv") if changed_since(study.read_at, [study.folder / name])]
        inputs |= dict.fromkeys(changed, "changed while texts were measured")
        if len(added):
            append_articles(study.folder / "articles.csv", added)
        meta = {"inputs": inputs, "measured": measured, "articles": len(articles), "rejected": lines}
        work.publish({**meta, "set_aside": texts.set_aside, "skipped": texts.skipped})
    keep_digests()
    without_text = tuple(sorted(set(study.manifest["article"]) - set(articles["article"])))
    untitled = int((articles["title_tokens"] == 0).sum())
    rest = (texts.set_aside, texts.skipped, kept, untitled, work.damaged)
    return Annotation(folder, len(articles), tuple(texts.rejected), tuple(added["article"]), without_text, *rest)


def _measures(study: Study) -> tuple[bytes, str, list[str]]:
    """Gazetteer and instruments, pickled; digest of them and of the code that uses them; modules that run models."""
    rules, aliases = study.settings.instruments, (study.actors, study.labels)
    measures = pickle.dumps((Gazetteer.from_tables(*aliases), study_instruments(study)))
    files = [*(table.to_json() for table in aliases), *(str(rule.inputs(study.folder)) for rule in rules)]
    made_with = digest(" ".join([measuring_code(), *files]).encode())
    return measures, made_with, [MODELS] if any(rule.is_model for rule in rules) else []


def study_instruments(study: Study) -> tuple[Instrument, ...]:
    """Sentiment instruments of a study: those of study.toml, then the built-in ones that it does not name."""
    named = []
    for rule in study.settings.instruments:
        if rule.is_model:
            named.append(model_instrument(**rule.arguments(study.folder)))
        else:
            own = installed(rule.name)
            named.append(replace(own, languages=rule.languages or own.languages))
    return (*named, *(one for one in BUILT_IN if one.name not in {other.name for other in named}))


class Texts:
    """Texts that fit a study, and what does not: `rejected` are the first rows that were set aside; `set_aside` counts
    all by reason, without details; `skipped` counts what is no article; `added` are those that articles.csv lacks."""

    def __init__(self, study: Study, log: Path) -> None:
        self._study, self._outlets, self._log = study, set(study.outlets["outlet"]), log
        self.rejected = list[Rejected]()
        self.set_aside, self.skipped, self.added = Counter[str](), Counter[str](), list[pd.DataFrame]()

    def read(self, paths: str | Path | Iterable[str | Path]) -> Iterator[pd.DataFrame]:
        """Texts in chunks, with the source and body_kind of articles.csv where that has the article."""
        known, settings = self._study.manifest.set_index("article"), self._study.settings
        kept = [name for name in articles_header(self._study.folder / "articles.csv") if name not in tables.TEXTS.names]
        for texts in read_texts(
            paths,
            rejected=self,
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
            given = {"source": texts["source"], "body_kind": texts.get("body_kind", "")}
            earlier = {
                name: article.map(known[name]).astype(object) for name in given
            }  # a column that is empty is of floats
            coded = {name: earlier[name].where(earlier[name].notna(), value) for name, value in given.items()}
            yield texts.drop(columns=kept).assign(**coded)

    def _refuse(self, row: Row) -> str | None:
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

    def append(self, row: Rejected) -> None:
        """Set a row aside."""
        reason = _DETAIL.sub("", row.reason)
        is_counted = reason in self.set_aside or len(self.set_aside) < _REASONS
        self.set_aside[reason if is_counted else "other reasons"] += 1
        if len(self.rejected) < _SHOWN:
            self.rejected.append(row)
        with write_errors(self._log), self._log.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(_place(row), ensure_ascii=False) + "\n")


def _place(row: Rejected) -> dict[str, object]:
    return {"file": row.path.name, "line": row.line, "reason": row.reason}  # folders are private


def _shown(value: str) -> str:
    # A file with its columns mixed up must not put sentences into what is published.
    return f" {value!r}" if re.fullmatch(r"[\w.-]{1,40}", value) else ""


def _check_places(folder: Path, study: Path) -> None:
    """Refuse, before the work, a folder that cannot be written, or that or an articles.csv that leads elsewhere."""
    if folder.absolute().is_relative_to(study.absolute()) and not inside(study, folder):
        raise AnalysisError(f"{folder} is a symlink that leads out of the study. Delete it, or name another --output.")
    if not inside(study, articles := study / "articles.csv"):
        raise AnalysisError(f"{articles} is a symlink that leads out of the study. Put the file itself there.")
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    with write_errors(folder), tempfile.TemporaryFile(dir=existing):
        pass


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
        replace_file(path, content + added.encode(), root=path.parent)
