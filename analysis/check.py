"""Everything that is wrong with a study, at once: its files, what they say of each other, its reports, its features."""

import re
from contextlib import suppress
from pathlib import Path

from analysis.errors import FeaturesBroken, FeaturesMissing, UnknownName, format_error
from analysis.paths import find_root
from analysis.publish.manifest import unlike_manifest
from analysis.publish.reports import plan_reports
from analysis.scoring import installed
from analysis.study import Study, examine
from analysis.study.settings import MODEL_FILES
from analysis.tables import general_rules_note


def check_study(folder: Path) -> list[str]:
    """Every problem of a study's files: place, what is wrong, what to do; if it has none, of reports and features."""
    study, problems = examine(folder)
    if study is None or problems:
        return [str(problem) for problem in problems]
    try:
        if study.features_folder.is_dir():  # a study is checked before its texts are annotated, too
            study.check_features()
            study.stale_features()
        return [format_error(error) for error in plan_reports(study, find_root())[1]]
    except (FeaturesMissing, FeaturesBroken) as error:
        return [str(error)]


def remarks(folder: Path, output: Path | None = None) -> list[str]:
    """Notes on what is allowed in a study and perhaps not meant; on its reports in `output`, if they are elsewhere."""
    study, problems = examine(folder)
    if study is None:
        return [f"note: {folder / 'study.toml'}: codes, and what files say of each other, are checked once it is right"]
    if problems:
        return []
    unlike = unlike_manifest(study, output)
    lines = [*([f"note: reports: {unlike}"] if unlike else []), *_missing_instruments(study)]
    return lines if study.manifest.empty or study.only_coded else lines + _remarks(study, folder)


def _remarks(study: Study, folder: Path) -> list[str]:
    """Notes on articles that no comparison will hold, settings that were changed, and old features."""
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
    if not (folder / "observed.csv").exists():
        lines.append(f"note: {folder}: there is no observed.csv. {study.throughout_note}")
    if general := general_rules_note(study.settings.languages):
        lines.append(f"note: {folder / 'study.toml'}: {general}")
    lines += _changed_settings(study)
    with suppress(FeaturesMissing, FeaturesBroken):  # listed as problems
        if study.annotated and (warning := study.features_warning()):
            lines.append(f"note: {study.features_folder}: {warning} Run castillo annotate with the texts")
    return lines


def _missing_instruments(study: Study) -> list[str]:
    """Notes on instruments of study.toml that are not on this machine; reports are made without them."""
    found = []
    for rule in study.settings.instruments:
        folder = study.folder / Path(rule.folder).expanduser()
        if rule.folder and not any(any(folder.glob(pattern)) for pattern in MODEL_FILES):
            found.append(f"instrument {rule.name!r}: {folder} holds no model.onnx, tokenizer.json and config.json.")
        elif not rule.is_model:
            try:
                installed(rule.name)
            except UnknownName as error:
                found.append(str(error))
    return [f"note: {study.folder / 'study.toml'}: {problem} castillo annotate needs it" for problem in found]


def _changed_settings(study: Study) -> list[str]:
    """Settings that decide what is tested, and are not as the study's README says they were last changed."""
    path = study.folder / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    log = text.partition("<!-- confirmatory -->")[2].partition("<!-- /confirmatory -->")[0]
    rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (\w+) \| ([^|]*) \|", log, re.MULTILINE)
    lines = []
    for name, (day, value) in {name: (day, value.strip()) for day, name, value in rows}.items():
        now = getattr(study.settings, name, None)
        if value != (written := ", ".join(now) if isinstance(now, tuple) else str(now)):
            lines.append(
                f"note: {path}: the log of {day} says {name} = {value}, study.toml has {written}. Log the change with "
                "its day and reason, or take it back"
            )
    return lines
