"""A study: one folder with its settings, its hand-made tables and its features, loaded and validated.

Every problem of every file is found before anything runs; `load_study` refuses a study that has one.

`settings` reads study.toml, `studyfiles` the CSV files; `crosscheck` holds them against each other; `study` is the
result. `store` asks features, whose files `feature_files` has checked; `selection` restricts them to what may be
compared, and `words` counts words.
"""

import time
from copy import copy
from pathlib import Path

from analysis import tables
from analysis.dependencies import changed_since, content_digest
from analysis.errors import Problem, StudyError
from analysis.paths import code_files, find_study
from analysis.study.codings import add_coded_facts, counted_mentions, read_codings
from analysis.study.crosscheck import check_references
from analysis.study.settings import read_settings
from analysis.study.study import Study as Study
from analysis.study.studyfiles import read_csv

#: Studies that were preloaded, by folder, each with the digests of its files.
_PRELOADED: dict[Path, tuple[list[str], Study]] = {}


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
    read_at, folder = time.time_ns(), find_study(study)
    files, held = _PRELOADED.get(folder, ([], None))
    if held is not None and files == _digests(folder):
        held = copy(held)
        vars(held)["read_at"] = read_at
        return held
    loaded, problems = examine(folder)
    if loaded is None or problems:
        raise StudyError(*problems)
    return loaded


def preload(study: Study) -> Study:
    """The study with its features read, which `load_study` shares with processes forked from here."""
    if changed_since(study.read_at, _files(study.folder)):
        study = load_study(study.folder)
    if not study.only_coded:
        study.features(tables.REPRINTS)
        _ = study.store.mentions, study.store.sentences
    _PRELOADED[study.folder] = _digests(study.folder), study
    return study


def _files(folder: Path) -> list[Path]:
    """All files that a study consists of."""
    named = ["study.toml", *(schema.name for schema in (*tables.STUDY_FILES, *tables.OPTIONAL_FILES))]
    files = [*map(folder.joinpath, named), *sorted((folder / "features").glob("*")), *code_files(folder)]
    return [path for path in files if path.is_file()]


def _digests(folder: Path) -> list[str]:
    return [f"{path.name} {content_digest(path)}" for path in _files(folder)]


def examine(folder: Path) -> tuple[Study | None, list[Problem]]:
    """A study read from its folder, None where study.toml is broken, and every problem found.

    Rows with a problem are left out, and nothing is told that would only follow from that.
    """
    read_at = time.time_ns()
    settings, problems = read_settings(folder / "study.toml")
    coded, frames = (folder / tables.CODEBOOK_CSV.name).exists(), {}
    optional = [*tables.OPTIONAL_FILES, *(tables.MEASURED_FILES if coded else ())]
    if settings is None or settings.observed_throughout is not False:
        optional.append(tables.OBSERVED_CSV)
    for schema in (*tables.STUDY_FILES, *tables.OPTIONAL_FILES):
        if schema in optional and not (folder / schema.name).exists():
            frames[schema.name] = tables.empty(schema).assign(line=0)
            continue
        frames[schema.name], found = read_csv(folder / schema.name, schema)
        problems += found
    if settings is None:
        return None, problems
    damaged = {problem.path.name for problem in problems}
    codebook, articles = frames["codebook.csv"], frames["articles.csv"]
    codings, faults = read_codings(folder, codebook, articles["article"], frames["actors.csv"]["actor"])
    problems += check_references(folder, settings, frames, set(codings["coder"]), damaged)
    problems += [] if damaged & {"codebook.csv", "articles.csv", "actors.csv"} else faults
    add_coded_facts(articles, settings, codebook, codings)
    clean = {name.removesuffix(".csv"): frame.drop(columns="line") for name, frame in frames.items()}
    coded_frames = {"codes": codings, "polarity": counted_mentions(codings, "polarity", settings.coders)}
    return Study(folder, settings, manifest=clean.pop("articles"), read_at=read_at, **coded_frames, **clean), problems
