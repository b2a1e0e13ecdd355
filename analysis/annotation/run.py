"""Texts → features: read, measured in partitions, written beside the study."""

from __future__ import annotations

import pickle
import platform
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis import tables
from analysis.annotation.featurefiles import FeatureWriter, check_folder
from analysis.annotation.features import OF_ARTICLE, Facts
from analysis.annotation.manifest import NewRows
from analysis.annotation.partitions import WorkFolder, library_digest, task
from analysis.annotation.processes import measured_in_order, workers_for
from analysis.annotation.setaside import SetAside, as_told
from analysis.errors import AnalysisError, told_if_not_written
from analysis.readers import Rejected, Row, read_texts
from analysis.readers.feed import outlet_finder
from analysis.study import Study
from analysis.text.gazetteer import Gazetteer
from analysis.text.near_duplicates import Bands

#: Articles per partition.
ROWS = 500
_PACKAGES = ("datasketch", "nltk", "vaderSentiment")


@dataclass(frozen=True)
class Annotation:
    """What annotating did.

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
        the same features, or the cluster cannot be used (see `cluster.Cluster`).
    """
    if jobs < 1:
        raise AnalysisError(f"jobs is {jobs}; it is a whole number from 1 up.")
    gazetteer = pickle.dumps(Gazetteer.from_tables(study.actors, study.labels))
    folder = study.features_folder if output is None else Path(output)
    check_folder(folder)
    facts, made_with = _facts(study.manifest), _made_with(study)
    count, kept, skipped = 0, 0, Counter[str]()
    with (
        WorkFolder(folder) as work,
        NewRows(study.folder / "articles.csv") as new,
        FeatureWriter(folder, work.folder) as writer,
        SetAside(writer.rejected) as rejected,
        Bands(folder=writer.neighbour) as copies,
        workers_for(jobs, scheduler, gazetteer) as workers,
    ):
        texts = _read(paths, study, rejected, skipped)
        tasks = (task(chunk, facts, made_with) for chunk in _noting_new(texts, facts, new))
        for features, known in measured_in_order(tasks, workers, work):
            for schema in OF_ARTICLE:
                writer.add(schema, features[schema.name])
            with told_if_not_written(folder):
                copies.add(features["SIGNATURES"])
            count += features["ARTICLES"].num_rows
            kept += known * features["ARTICLES"].num_rows
        if not count:
            reasons = "; ".join(f"{row.path.name}:{row.line}: {row.reason}" for row in rejected.first[:3])
            raise AnalysisError(f"no article to annotate; {rejected.count} rows were set aside. {reasons}".rstrip())
        articles = _add_reprints(writer, copies)
        added = new.finish()
        writer.finish(_meta(study, added, len(articles), rejected, skipped))
        damaged = work.damaged
    listed = pd.Series(sorted(facts), dtype="str")
    missing = tuple(listed[~listed.isin(articles["article"])])
    told = tuple(rejected.first), tuple(added["article"]), missing, dict(rejected.reasons), dict(skipped)
    return Annotation(folder, len(articles), *told, kept, int((articles["title_tokens"] == 0).sum()), damaged)


def _read(
    paths: str | Path | Iterable[str | Path], study: Study, rejected: SetAside, skipped: Counter[str]
) -> Iterator[pd.DataFrame]:
    """The texts that fit the study, in chunks; what does not goes into `rejected` and `skipped`."""
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


def _add_reprints(writer: FeatureWriter, copies: Bands) -> pd.DataFrame:
    """Write the table that needs all articles; return what it needed to know of them."""
    written = writer.written(tables.ARTICLES)
    articles = written.read(columns=["article", "published", "title_tokens"], use_threads=False).to_pandas()
    reprints = copies.clusters(articles, partial(_some, writer.written(tables.SIGNATURES)))
    writer.add(tables.REPRINTS, pa.Table.from_pandas(reprints, preserve_index=False))
    return articles


def _made_with(study: Study) -> str:
    """What decides the features beside the texts and what the manifest says of them."""
    files = study.feature_inputs()
    return f"{library_digest()} {files['actors.csv']} {files['labels.csv']}"


def _some(signatures: Any, wanted: set[str]) -> pd.DataFrame:
    """Rows of the signatures that were written, of the articles wanted."""
    articles, found = pa.array(sorted(wanted), pa.string()), [tables.empty(tables.SIGNATURES)]
    for group in range(signatures.num_row_groups if wanted else 0):
        part = signatures.read_row_group(group, use_threads=False)  # one at a time: together they are large
        part = part.filter(pc.is_in(part["article"].cast(pa.string()), articles))
        if part.num_rows:
            found.append(part.to_pandas())
    return pd.concat(found)


def _facts(manifest: pd.DataFrame) -> dict[str, Facts]:
    kinds = manifest["body_kind"].fillna("")
    return {
        article: Facts(source, kind)
        for article, source, kind in zip(manifest["article"], manifest["source"], kinds, strict=True)
    }


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


def _noting_new(chunks: Iterable[pd.DataFrame], known: Container[str], new: NewRows) -> Iterator[pd.DataFrame]:
    for chunk in chunks:
        new.add(chunk[[article not in known for article in chunk["article"]]])
        yield chunk


def _meta(
    study: Study, added: pd.DataFrame, articles: int, rejected: SetAside, skipped: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "inputs": study.feature_inputs(added),
        "articles": articles,
        "rejected": [as_told(row) for row in rejected.first],
        "set_aside": dict(rejected.reasons),
        "skipped": dict(skipped),
        "packages": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
    }
