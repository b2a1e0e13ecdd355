"""A study of one's own: a folder with every file a study has, filled in with an example, or from texts."""

import json
import os
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from analysis import tables
from analysis.annotation.run import annotate
from analysis.errors import AnalysisError, write_errors
from analysis.new_study.from_texts import look_through
from analysis.paths import find_root
from analysis.publish.reports import slug
from analysis.study import Study, load_study
from analysis.tables.dictionary import sections
from analysis.wording import escape_formula

TEXTS = "texts.jsonl"


def new_study(place: str | Path, texts: Sequence[Path] = ()) -> Study:
    """Write a study that explains each of its files; `place` is as `place_of` has it.

    Without texts it is an example that builds at once; else what is found in them, to be annotated.
    """
    folder = place_of(place)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise AnalysisError(f"{folder} is there already and not empty. Name another folder, or empty this one.")
    with write_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made beside its place and moved there whole: an interruption leaves no half of a study.
        with tempfile.TemporaryDirectory(prefix=".castillo-new-", dir=folder.parent) as scratch:
            made = Path(scratch) / "study"
            made.mkdir()
            if texts:
                _write_from(texts, made, folder)
            else:
                _write(made, "template", slug(folder.name))
                annotate(made / TEXTS, load_study(made))
            made.replace(folder)
    return load_study(folder)


def place_of(place: str | Path) -> Path:
    """Folder that `castillo new` would write: a bare name lies under data/, as when a study is looked for."""
    path, data = Path(place), find_root() / "data"
    bare = str(place) == path.name and not path.is_dir()
    return (data / path if bare and data.is_dir() else path).resolve()


def _write_from(texts: Sequence[Path], folder: Path, place: Path) -> None:
    found = look_through(texts)
    first, last, commonest = found.days
    facts = {"outlets": str(len(found.outlets)), "start": first, "end": last, "event": commonest}
    lists = {"languages": found.languages, "actors": dict.fromkeys(found.actors["actor"]), "subevents": found.subevents}
    lists["texts"] = [Path(os.path.relpath(path.resolve(), place)).as_posix() for path in texts]
    facts |= {name: json.dumps(list(values), ensure_ascii=False) for name, values in lists.items()}
    _write(folder, "template_from", slug(place.name), known=", ".join(tables.LANGUAGES), **facts)
    for table in ("outlets", "actors"):
        getattr(found, table).map(escape_formula).to_csv(folder / f"{table}.csv", index=False)


def _write(folder: Path, template_folder: str, study: str, **more: str) -> None:
    facts = {
        "name": study,
        "languages": ", ".join(tables.LANGUAGES),
        "measures": ", ".join(tables.MEASURES),
        "columns": sections((*tables.STUDY_FILES, *tables.OPTIONAL_FILES)).rstrip(),
        **more,
    }
    for template in files(__package__).joinpath(template_folder).iterdir():
        text = template.read_text(encoding="utf-8")
        if template.name.endswith((".md", ".toml")):
            text = Template(text).substitute(facts)
        # Under its own name it would count in this repository.
        name = ".gitignore" if template.name == "gitignore" else template.name
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
