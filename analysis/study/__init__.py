"""A study: one folder with its settings, its hand-made tables and its features, loaded and validated.

Every problem of every file is found before anything runs; `load_study` refuses a study that has one.

`settings` reads study.toml, `studyfiles` the CSV files; `crosscheck` holds them against each other; `study` is the
result. `store` asks features, whose files `feature_files` has checked; `selection` restricts them to what may be
compared, and `words` counts words.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path

from analysis import tables
from analysis.dependencies import content_digest
from analysis.errors import Problem, StudyError
from analysis.paths import code_files
from analysis.paths import digest as digest
from analysis.paths import find_root as find_root
from analysis.paths import find_study as find_study
from analysis.study.codings import read_codings
from analysis.study.counted import add_coded_facts, counted_mentions
from analysis.study.crosscheck import check_references
from analysis.study.settings import read_settings
from analysis.study.study import Study as Study
from analysis.study.studyfiles import read_csv


def load_study(study: str | Path = "castillo-2022") -> Study:
    """Load a study and hold all its files to their schemas.

    Parameters
    ----------
    study : str or Path, a folder, or the name of a folder under data/

    Returns
    -------
    Study

    Raises
    ------
    StudyNotFound
        Where there is none.
    StudyError
        With every problem of every file.
    """
    read_at = time.time_ns()
    folder = find_study(study)
    loaded, problems = _examined(folder, _content(folder))
    if problems:
        raise StudyError(*problems)
    return loaded.copy(read_at)


def preload(study: str | Path) -> Study | None:
    """Load a study and its features so that `load_study` has them at hand, here and in processes forked from here.

    What is derived of the study returned comes with each copy that `load_study` gives; None where it has a problem.
    """
    loaded, problems = _examined(folder := find_study(study), _content(folder))
    if problems:
        return None
    if loaded.only_coded:
        return loaded
    loaded.features(tables.REPRINTS)
    assert loaded.store.terms and loaded.store.mentions and loaded.store.sentences
    return loaded


def _content(folder: Path) -> tuple[str, ...]:
    """Digests of all that a study consists of."""
    files = [folder / "study.toml", *(folder / schema.name for schema in (*tables.STUDY_FILES, *tables.OPTIONAL_FILES))]
    files += [*sorted((folder / "features").glob("*")), *code_files(folder)]
    return tuple(f"{path.name} {content_digest(path)}" for path in files if path.is_file())


@lru_cache(maxsize=4)
def _examined(folder: Path, content: tuple[str, ...]) -> tuple[Study, list[Problem]]:
    return examine(folder)  # keyed by content: the same files are not read and checked again


def examine(folder: Path) -> tuple[Study, list[Problem]]:
    """Read a study folder as far as that can be done: the study, and every problem found."""
    read_at = time.time_ns()
    settings, problems = read_settings(folder / "study.toml")
    frames = {}
    coded = os.path.lexists(folder / tables.CODEBOOK_CSV.name)
    optional = (*tables.OPTIONAL_FILES, *(tables.MEASURED_FILES if coded else ()))
    if settings.observed_throughout is None:
        throughout = not os.path.lexists(folder / tables.OBSERVED_CSV.name)
        settings = settings.model_copy(update={"observed_throughout": throughout})
    optional += (tables.OBSERVED_CSV,) * bool(settings.observed_throughout)
    for schema in (*tables.STUDY_FILES, *tables.OPTIONAL_FILES):
        if schema in optional and not os.path.lexists(folder / schema.name):
            frames[schema.name] = tables.empty(schema).assign(line=0)
            continue
        frames[schema.name], found = read_csv(folder / schema.name, schema)
        problems += found
    damaged = {problem.path.name for problem in problems}
    codings, faults = tables.empty(tables.CODINGS), list[Problem]()
    if coded:
        articles, actors = set(frames["articles.csv"]["article"]), set(frames["actors.csv"]["actor"])
        codings, faults = read_codings(folder, frames["codebook.csv"], articles, actors)
    problems += check_references(folder, settings, frames, set(codings["coder"]), damaged)
    if coded:
        add_coded_facts(frames["articles.csv"], settings, frames["codebook.csv"], codings)
    # Of files with faults of their own rows were left out, which codes may name.
    problems += [] if damaged & {"codebook.csv", "articles.csv", "actors.csv"} else faults
    if os.path.lexists(old := folder / "polarity.csv"):
        fix = "Write its codes into a sheet of codings/, as the variable polarity of codebook.csv (data/README.md)"
        problems.append(Problem(old, None, "is no longer read", fix))
    clean = {name.removesuffix(".csv"): frame.drop(columns="line") for name, frame in frames.items()}
    coded_frames = {"codes": codings, "polarity": counted_mentions(codings, "polarity", settings.coders)}
    return Study(folder, settings, manifest=clean.pop("articles"), read_at=read_at, **coded_frames, **clean), problems
