"""Everything that is wrong with a study, at once: its files, what they say of each other, its reports, its features."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from analysis.errors import FeaturesBroken, FeaturesMissing, Problem, told
from analysis.paths import find_root, inside
from analysis.publish.reports import OUTLETS, plan_reports
from analysis.study import Study, read_what_there_is
from analysis.study.studyfiles import read_csv
from analysis.tables import ACTORS_CSV, FEATURES
from analysis.text.gazetteer import conflicts


def check_study(folder: Path) -> list[str]:
    """Every problem of a study: place, what is wrong, what to do.

    A file that cannot be read hides what would only follow from it, and nothing else.

    Parameters
    ----------
    folder : Path of the study

    Returns
    -------
    list of str, empty where all is well
    """
    study, problems, _ = read_what_there_is(folder)
    problems += _shared_aliases(study)
    told_already = {problem.path for problem in problems if problem.unread}
    problems += [problem for problem in _symlinks(folder) if problem.path not in told_already]
    damaged = {problem.path.name for problem in problems}
    return [*map(str, problems), *_reports(study, damaged), *_features(study, damaged)]


def remarks(folder: Path) -> list[str]:
    """What is allowed in a study, and perhaps not meant: articles that no comparison will hold."""
    study, _, readable = read_what_there_is(folder)
    if not readable or study.manifest.empty:
        return []
    days = study.observed_days.groupby("outlet").size()
    counts = study.manifest["outlet"].value_counts()
    lines = [
        f"note: {folder / 'observed.csv'}: no day of outlet {outlet!r} is observed, so its {counts[outlet]} articles "
        "are in no comparison. Add its days, or write observed_throughout = true in study.toml"
        for outlet in study.outlets["outlet"]
        if outlet in counts and outlet not in days and outlet not in study.settings.excluded_from_references
    ]
    if (most := counts.max()) < (least := study.settings.min_articles):
        lines.append(
            f"note: {folder / 'articles.csv'}: no outlet has the {least} articles that a test asks for (min_articles); "
            f"the most has {most}"
        )
    with suppress(FeaturesMissing, FeaturesBroken):  # told as problems
        if study.annotated and (warning := study.features_warning()):
            lines.append(f"note: {study.features_folder}: {warning} Run castillo annotate with the texts")
    return lines


def _symlinks(folder: Path) -> list[Problem]:
    """Symlinks of a study that lead out of its folder: what lies there would be read, shown or archived as its own."""
    links = [path for path in sorted(folder.rglob("*")) if path.is_symlink() and not inside(folder, path)]
    fix = "Put the file itself there, or delete the link; texts may be named by their path in study.toml"
    return [Problem(path, None, "is a symlink that leads out of the study's folder", fix) for path in links]


def _shared_aliases(study: Study) -> list[Problem]:
    """Aliases that belong to two actors: mentions could be given to neither."""
    path = study.folder / "actors.csv"
    shared = conflicts(study.actors)
    rows = read_csv(path, ACTORS_CSV)[0] if shared else study.actors
    fix = "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near)"
    return [
        Problem(
            path,
            int(rows.loc[rows["alias"] == alias, "line"].max()),
            f"alias {alias!r} belongs to {' and '.join(entries)}",
            fix,
        )
        for alias, entries in shared
    ]


def _reports(study: Study, damaged: Collection[str]) -> list[str]:
    """Reports of study.toml that could not be run."""
    try:
        wrong = plan_reports(study, find_root())[1]
    except FeaturesBroken:  # told with the features
        return []
    # With a row of outlets.csv left out, an outlet is not unknown.
    doubtful = OUTLETS if "outlets.csv" in damaged else ()
    return [told(error) for error in wrong if getattr(error, "parameter", None) not in doubtful]


def _features(study: Study, damaged: Collection[str]) -> list[str]:
    """Features that are not those of the study; a study is checked before its texts are annotated, too."""
    if "articles.csv" in damaged or not study.features_folder.is_dir():
        return []
    try:
        broken = [
            FeaturesBroken(study.features_folder / f"{schema.name.lower()}.parquet", fault, study.argument)
            for schema in FEATURES
            for fault in study.feature_faults(schema, keys=True)
        ]
        if not broken:
            study.check_features()
            assert study.store.sentences
        if not {"actors.csv", "labels.csv"} & set(damaged):
            study.stale_features()
    except (FeaturesMissing, FeaturesBroken) as error:
        return [str(error)]
    return [str(error) for error in broken]
