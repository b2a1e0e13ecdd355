"""A study of one's own: a folder with every file a study has, an example of two invented articles, and its features."""

from __future__ import annotations

import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template

from analysis import tables
from analysis.annotation.run import annotate
from analysis.errors import AnalysisError, write_errors
from analysis.paths import find_root
from analysis.publish.reports import slug
from analysis.study import Study, load_study
from analysis.tables.dictionary import sections

TEXTS = "texts.jsonl"


def new_study(place: str | Path) -> Study:
    """Write a study that builds at once and explains each of its files; `place` is as `place_of` has it."""
    folder = place_of(place)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise AnalysisError(f"{folder} is there already and not empty. Name another folder, or empty this one.")
    with write_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made beside its place and moved there whole: an interruption leaves no half of a study.
        with tempfile.TemporaryDirectory(prefix=".castillo-new-", dir=folder.parent) as scratch:
            made = Path(scratch) / "study"
            made.mkdir()
            _write(made, slug(folder.name))
            annotate(made / TEXTS, load_study(made))
            made.replace(folder)
    return load_study(folder)


def place_of(place: str | Path) -> Path:
    """Folder that `castillo new` would write: a bare name lies under data/, as when a study is looked for."""
    path, data = Path(place), find_root() / "data"
    bare = str(place) == path.name and not path.is_dir()
    return (data / path if bare and data.is_dir() else path).resolve()


def _write(folder: Path, study: str) -> None:
    facts = {
        "name": study,
        "languages": ", ".join(tables.LANGUAGES),
        "measures": ", ".join(tables.MEASURES),
        "columns": sections((*tables.STUDY_FILES, *tables.OPTIONAL_FILES)).rstrip(),
    }
    for template in files(__package__).joinpath("template").iterdir():
        text = template.read_text(encoding="utf-8")
        if template.name.endswith((".md", ".toml")):
            text = Template(text).substitute(facts)
        # Under its own name it would count in this repository.
        name = ".gitignore" if template.name == "gitignore" else template.name
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
