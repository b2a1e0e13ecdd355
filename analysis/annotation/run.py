"""Annotate: texts are read, measured in partitions, and written beside the study as features."""

from __future__ import annotations

import pickle
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

import analysis
from analysis import tables
from analysis.annotation.executors import measuring
from analysis.annotation.features import OF_ARTICLE, Facts
from analysis.annotation.files import FeatureWriter, NewArticles, RejectLog, check_folder, published
from analysis.annotation.partitions import WorkFolder, measuring_code, run_partitions, task
from analysis.dependencies import changed_since, code_record, keep_digests
from analysis.errors import AnalysisError, write_errors
from analysis.readers import Rejected, Row, read_texts
from analysis.readers.feed import outlet_finder
from analysis.text.gazetteer import Gazetteer
from analysis.text.near_duplicates import Bands

if TYPE_CHECKING:
    from analysis.study import Study

#: Articles per partition.
ROWS = 500
#: Modules whose code decides the features; what they import counts with them.
_MEASURING = ("analysis.annotation.features", "analysis.readers", "analysis.text.near_duplicates")


@dataclass(frozen=True)
class Annotation:
    """Result of annotating.

    Attributes
    ----------
    folder : Path, where the features are
    articles : int, annotated
    rejected : rows of the texts that were set aside, the first thousand of them
    added : ids of the articles that were new to the manifest
    without_text : ids of the manifest's articles that no text was given for
    set_aside : reason → rows that were set aside for it, all of them; each has a line in the folder's rejected.jsonl
    skipped : what the files hold besides articles → how often
    kept : articles that an earlier run, interrupted, had measured
    untitled : articles without a title
    damaged : partitions of an interrupted run that were measured again, their files not being as they were written
    """

    folder: Path
    articles: int
    rejected: tuple[Rejected, ...]
    added: tuple[str, ...]
    without_text: tuple[str, ...]
    set_aside: Mapping[str, int]
    skipped: Mapping[str, int]
    kept: int = 0
    untitled: int = 0
    damaged: int = 0


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
    check_folder(folder, study.folder)
    facts = _facts(study.manifest)
    # Of what is read now: files that change from here on would not be what the features were made with.
    inputs, measured = study.feature_inputs(), _measured()
    made_with = f"{measuring_code()} {inputs['actors.csv']} {inputs['labels.csv']}"
    count, kept, skipped = 0, 0, Counter[str]()
    with (
        WorkFolder(folder) as work,
        NewArticles(study.folder / "articles.csv") as new,
        FeatureWriter(folder, work.folder) as writer,
        RejectLog(writer.rejected) as rejected,
        measuring(jobs, scheduler, gazetteer) as (submit, max_pending),
    ):
        copies = Bands()
        tasks = (
            task(_noting_new(chunk, facts, new), facts, made_with) for chunk in _read(paths, study, rejected, skipped)
        )
        for features, is_known in run_partitions(tasks, submit, max_pending, work):
            for schema in OF_ARTICLE:
                writer.add(schema, features[schema.name])
            with write_errors(folder):
                copies.add(features["SIGNATURES"])
            count += features["ARTICLES"].num_rows
            kept += is_known * features["ARTICLES"].num_rows
        if not count:
            reasons = "; ".join(f"{row.path.name}:{row.line}: {row.reason}" for row in rejected.first[:3])
            raise AnalysisError(f"no article to annotate; {rejected.count} rows were set aside. {reasons}".rstrip())
        articles = _add_reprints(writer, copies)
        for name in ("actors.csv", "labels.csv"):
            if changed_since(study.read_at, [study.folder / name]):
                inputs[name] = "changed while texts were measured"
        added = new.finish()
        manifest = "articles.csv (language, body_kind)"
        inputs[manifest] = study.feature_inputs(added)[manifest]
        writer.finish({"inputs": inputs, "measured": measured, **_counts(count, rejected, skipped)})
        damaged = work.damaged
    keep_digests()
    listed = pd.Series(sorted(facts), dtype="str")
    return Annotation(
        folder,
        count,
        rejected=tuple(rejected.first),
        added=tuple(added["article"]),
        without_text=tuple(listed[~listed.isin(articles["article"])]),
        set_aside=dict(rejected.reasons),
        skipped=dict(skipped),
        kept=kept,
        untitled=int((articles["title_tokens"] == 0).sum()),
        damaged=damaged,
    )


def _measured() -> dict[str, Any]:
    """Record of the code that measures, for `analysis.dependencies.changed_code`, its version, and the day."""
    own = {"version": analysis.__version__, "on": f"{datetime.now(UTC):%Y-%m-%d}", "python": platform.python_version()}
    return own | code_record(*_MEASURING)


def _counts(articles: int, rejected: RejectLog, skipped: Mapping[str, int]) -> dict[str, Any]:
    """Numbers that meta.json tells of the texts."""
    return {
        "articles": articles,
        "rejected": [published(row) for row in rejected.first],
        "set_aside": dict(rejected.reasons),
        "skipped": dict(skipped),
    }


def _read(
    paths: str | Path | Iterable[str | Path], study: Study, rejected: RejectLog, skipped: Counter[str]
) -> Iterator[pd.DataFrame]:
    """Texts that fit the study, in chunks; what does not goes into `rejected` and `skipped`."""
    return read_texts(
        paths,
        rejected=rejected,
        refuse=_refusal(study),
        rows=ROWS,
        columns=study.settings.columns,
        outlet_of=outlet_finder(study.outlets),
        languages=study.settings.languages,
        skipped=skipped,
    )


def _noting_new(chunk: pd.DataFrame, known: Mapping[str, Facts], new: NewArticles) -> pd.DataFrame:
    new.add(chunk[[article not in known for article in chunk["article"]]])
    return chunk


def _add_reprints(writer: FeatureWriter, copies: Bands) -> pd.DataFrame:
    """Write the table that needs all articles; return what it needed to know of them."""
    written = writer.written(tables.ARTICLES)
    articles = written.read(columns=["article", "published", "title_tokens"], use_threads=False).to_pandas()
    reprints = copies.clusters(articles, partial(_signatures_of, writer.written(tables.SIGNATURES)))
    writer.add(tables.REPRINTS, pa.Table.from_pandas(reprints, preserve_index=False))
    return articles


def _signatures_of(signatures: Any, wanted: set[str]) -> pd.DataFrame:
    """Rows of the signatures that were written, of the articles wanted."""
    articles, parts = pa.array(sorted(wanted), pa.string()), [tables.empty(tables.SIGNATURES)]
    for group in range(signatures.num_row_groups if wanted else 0):
        part = signatures.read_row_group(group, use_threads=False)  # one at a time: together they are large
        part = part.filter(pc.is_in(part["article"].cast(pa.string()), articles))
        if part.num_rows:
            parts.append(part.to_pandas())
    return pd.concat(parts)


def _facts(manifest: pd.DataFrame) -> dict[str, Facts]:
    rows = zip(manifest["article"], manifest["source"], manifest["body_kind"].fillna(""), strict=True)
    return {article: Facts(source, kind) for article, source, kind in rows}


def _refusal(study: Study) -> Callable[[Row], str | None]:
    outlets, languages = set(study.outlets["outlet"]), study.settings.languages

    def refuse(row: Row) -> str | None:
        if row.outlet not in outlets:
            return f"outlet{_shown(row.outlet)} is not in outlets.csv"
        if row.language not in languages:
            return f"language{_shown(row.language)} is none of the study's ({', '.join(languages)})"
        return None

    return refuse


def _shown(value: str) -> str:
    # A file with its columns mixed up must not put sentences into what is published.
    return f" {value!r}" if re.fullmatch(r"[\w.-]{1,40}", value) else ""
