"""One zip of a study with all its reports are made of, an RO-Crate and a data package; the same bytes each time."""

from __future__ import annotations

import fnmatch
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import analysis
from analysis.datapackage import NAME as DATA_PACKAGE
from analysis.datapackage import describe_tables
from analysis.errors import ArchiveError
from analysis.paths import code_files, digest, find_root, inside, reports_folder
from analysis.publish.build import Build, build
from analysis.publish.manifest import NAME, differences, make_manifest, read_manifest
from analysis.publish.state import write
from analysis.study import Study, load_study
from analysis.tables import FEATURES, OPTIONAL_FILES, STUDY_FILES

METADATA, CITATION = "ro-crate-metadata.json", "CITATION.cff"
#: Files of the project where git is not there to list them: all in these folders, and these.
FOLDERS = ("analysis", "notebooks", "tests", ".ci", ".github")
FILES = (
    *(".gitattributes", ".gitignore", ".pre-commit-config.yaml", CITATION, "CONTRIBUTING.md", "LICENSE", "Makefile"),
    *("README.md", "data/README.md", "environment.yml", "pyproject.toml", "requirements.lock"),
)
#: The setting that names the texts, whatever lines it takes.
_TEXTS = re.compile(r"""^[ \t]*texts\s*=\s*\[(?:[^\]"'#]|"[^"]*"|'[^']*'|#[^\n]*)*\][^\n]*\n?""", re.MULTILINE)
_MIT = ("https://spdx.org/licenses/MIT", "MIT licence", "For the code.")
_DATA = "For data, features, notebooks' texts and reports."
_CC_BY = ("https://creativecommons.org/licenses/by/4.0/", "Creative Commons Attribution 4.0 International", _DATA)
_CODE = (".py", ".toml", ".yml", ".yaml", ".lock", ".sh", ".j2", ".css", "Makefile", "run")
#: Not the machine's own table of types, which differs from machine to machine.
_TYPES = {".csv": "text/csv", ".css": "text/css", ".html": "text/html", ".md": "text/markdown", ".py": "text/x-python"}
_TYPES |= {f".{kind}": f"application/{kind}" for kind in ("json", "jsonl", "toml")}
_TYPES |= {".cff": "application/yaml", ".yml": "application/yaml", ".svg": "image/svg+xml", ".npz": "application/zip"}
_TYPES |= {".ipynb": "application/x-ipynb+json", ".parquet": "application/vnd.apache.parquet"}


class Archive(NamedTuple):
    """Path, number of files and digest of an archive, and what its reports were built without."""

    path: Path
    files: int
    sha256: str
    left_out: tuple[Path, ...]


def make_archive(
    study: Study,
    *,
    output: Path | None = None,
    reports: Path | None = None,
    also: Sequence[str] = (),
    without_texts: bool = False,
) -> Archive:
    """Write the zip of a study and its reports, and return what it is.

    Of the project goes in what git tracks; of the study's folder, untracked, only what cannot hold a text (tables,
    features, codes) and what the globs of `also` name. Texts that may not go in, and with `without_texts` all, are left
    out: the reports are then built without them, so that they show no line in context. Else they must be fresh, in the
    folder `reports` where that is not the usual one.
    """
    root = find_root()
    usual = reports or reports_folder(root, study.folder)
    of_study = study_files(study, root, also)
    files = {name: root / name for name in project_files(root)} | of_study
    left_out = _left_out(study, [path for path in files.values() if path.is_file()], without_texts)
    with tempfile.TemporaryDirectory(prefix="castillo-archive-") as scratch:
        going = {name: path for name, path in files.items() if path.is_file() and not _is_in(path, left_out)}
        for path in going.values():  # a link may lead to what nobody wants to publish
            if not any(inside(folder, path) for folder in (root, study.folder)):
                raise ArchiveError(f"{path} is a symbolic link that leads out of its folder. Put the file itself there")
        if left_out:
            kept = {name: path for name, path in going.items() if name in of_study}
            going |= _reports_without(left_out, study, kept, Path(scratch))
        else:
            going |= _fresh_reports(study, root, usual)
        going[DATA_PACKAGE] = Path(scratch) / DATA_PACKAGE
        going[DATA_PACKAGE].write_bytes(describe_tables(study, going))
        data = _zipped(going, describe(study, root, going))
    path = output or root / f"{study.name}-{analysis.__version__}.zip"
    write(path, data)
    return Archive(path, len(going) + 1, digest(data), left_out)


def _is_in(path: Path, places: Iterable[Path]) -> bool:
    """True where a path is one of some files or lies in one of some folders, links followed."""
    return any(inside(place, path) for place in places)


def text_paths(study: Study) -> list[Path]:
    """Files and folders that study.toml names as the study's texts."""
    return [Path(os.path.normpath(study.folder / text)) for text in study.settings.texts]


def _left_out(study: Study, going: Sequence[Path], without_texts: bool) -> tuple[Path, ...]:
    """Tables of a study that are not among the files going in, and its texts where one is not, or none shall be."""
    known = {path.resolve() for path in going}
    texts = text_paths(study)
    files = [path for text in texts for path in (text, *text.rglob("*")) if path.is_file()]
    private = texts if without_texts or any(path.resolve() not in known for path in files) else []
    sheets = [path for path in sorted(study.folder.glob("*.csv")) if path.resolve() not in known]
    return tuple(dict.fromkeys([*private, *sheets]))


def _reports_without(
    left_out: Sequence[Path], study: Study, files: Mapping[str, Path], scratch: Path
) -> dict[str, Path]:
    """Reports built from a copy of the study that has only these files, and the study.toml of this copy."""
    copy = scratch / study.folder.name
    for name, path in files.items():
        target = scratch / Path(name).relative_to("data")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    if not set(left_out).isdisjoint(text_paths(study)):
        settings = (copy / "study.toml").read_text(encoding="utf-8-sig")
        (copy / "study.toml").write_text(_TEXTS.sub("", settings, count=1), encoding="utf-8")
        if load_study(copy).settings.texts:
            raise ArchiveError(f"{study.folder}/study.toml: write texts = […] on one line, so that it can be left out")
    result = build(load_study(copy), output=scratch / "reports")
    if not result.ok:
        without = ", ".join(path.name for path in left_out)
        raise ArchiveError(f"{next(iter(result.failed))} could not be built without {without}: --also may publish it")
    reports = {f"reports/{study.name}/{path.name}": path for path in result.folder.iterdir() if path.is_file()}
    return {**reports, f"data/{study.folder.name}/study.toml": copy / "study.toml"}


def _fresh_reports(study: Study, root: Path, reports: Path) -> dict[str, Path]:
    """Files of the study's reports and their manifest; ArchiveError where one is not fresh."""
    todo = f"Run: castillo build {study.argument}"
    folder = reports / study.name
    plan = Build(study, output=reports)
    for report in plan.reports:
        if (status := plan.status(report)).word != "fresh":
            raise ArchiveError(f"report {report.name!r} is {status.word} ({', '.join(status.reasons)}). {todo}")
    manifest = read_manifest(folder)
    if wrong := differences(manifest, make_manifest(folder, study.name, root, manifest["files"])):
        raise ArchiveError(f"{folder / NAME} does not fit the files beside it: {wrong[0]}. {todo} --force")
    return {f"reports/{study.name}/{name}": folder / name for name in (*manifest["files"], NAME)}


def project_files(root: Path) -> set[str]:
    """Files of the project: what git tracks; without git, its folders' and those an archive's description names."""
    with suppress(OSError, subprocess.CalledProcessError):  # no git, or no repository
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "."]
        if listed := subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout:
            return set(listed.split("\0")) - {""}
    names = {name for name in FILES if (root / name).is_file()}
    for folder in FOLDERS:
        paths = {path.relative_to(root) for path in (root / folder).rglob("*") if path.is_file()}
        names |= {path.as_posix() for path in paths if not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}}
    with suppress(OSError, ValueError, KeyError, TypeError):  # no description, or not ours
        graph = json.loads((root / METADATA).read_text(encoding="utf-8"))["@graph"]
        names |= {entity["@id"] for entity in graph if entity["@type"] == "File" and ".." not in entity["@id"]}
    return names


def study_files(study: Study, root: Path, also: Sequence[str]) -> dict[str, Path]:
    """Files of a study's folder that may go in: tables, features, codes, and what git tracks or `also` names."""
    place = f"data/{study.folder.name}"
    if study.folder != root / place and (root / place).exists():
        raise ArchiveError(f"{study.folder} would stand as {place} in the archive, and the project has another there.")
    known = {"study.toml", "README.md", *(schema.name for schema in (*STUDY_FILES, *OPTIONAL_FILES))}
    known |= {"features/meta.json", *(f"features/{schema.name.lower()}.parquet" for schema in FEATURES)}
    known |= {path.relative_to(study.folder).as_posix() for path in code_files(study.folder)}
    tracked = project_files(root) if study.folder == root / place else set()
    names = {path.relative_to(study.folder).as_posix() for path in study.folder.rglob("*") if path.is_file()}
    selected = {n for n in names if n in known or f"{place}/{n}" in tracked or any(fnmatch.fnmatch(n, g) for g in also)}
    return {f"{place}/{name}": study.folder / name for name in selected}


def _zipped(files: Mapping[str, Path], metadata: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted({*files, METADATA}):
            entry = zipfile.ZipInfo(name)  # of the first day the format knows: a real time would make archives differ
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            runs = name in files and os.access(files[name], os.X_OK)
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            archive.writestr(entry, metadata if name == METADATA else files[name].read_bytes())
    return buffer.getvalue()


def describe(study: Study, root: Path, files: Mapping[str, Path]) -> bytes:
    """ro-crate-metadata.json of an archive, written by rocrate."""
    try:
        import yaml
        from rocrate.model import ContextEntity
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise ArchiveError("castillo archive needs rocrate. Run: pip install 'castillo-coverage[archive]'") from error
    citation = yaml.safe_load((root / CITATION).read_bytes()) if (root / CITATION).is_file() else {}
    entities = _entities(study, citation, files)
    crate = ROCrate(version="1.1")
    crate.add(*(ContextEntity(crate, identifier, properties=about) for identifier, about in entities.items()))
    for name in sorted(files):
        licence = _MIT if name.endswith(_CODE) and not name.startswith("data/") else _CC_BY
        kind, size = _TYPES.get(Path(name).suffix, "text/plain"), str(files[name].stat().st_size)
        about = {"name": name, "encodingFormat": kind, "contentSize": size, "license": {"@id": licence[0]}}
        crate.add_file(files[name], name, properties=about)
    properties = {
        "name": f"{study.settings.title}: study, features, code and reports",
        "description": study.settings.question,
        "version": analysis.__version__,
        # The day of the release, not of the archive: the same files give the same archive on any day.
        "datePublished": str(citation.get("date-released", study.settings.window[1])),
        "license": [{"@id": _MIT[0]}, {"@id": _CC_BY[0]}],
        "keywords": ", ".join(citation.get("keywords", [])),
        "mentions": {"@id": "#build"},
    }
    authors = [{"@id": key} for key, about in entities.items() if about["@type"] in ("Person", "Organization")]
    if authors:  # one is no list, as RO-Crate recommends
        properties |= {"author": authors if len(authors) > 1 else authors[0], "publisher": authors[0]}
    for key, value in properties.items():
        crate.root_dataset[key] = value
    return (json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _entities(study: Study, citation: Mapping[str, Any], files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Authors, licences, the program, and the action that makes reports of the rest, by their identifiers."""
    entities: dict[str, dict[str, Any]] = {}
    place = str(citation.get("repository-code", ""))
    for author in citation.get("authors", []):
        name = " ".join(str(author[key]) for key in ("given-names", "family-names", "name") if key in author)
        house = {"@type": "Organization", "url": str(author.get("website", place))}
        entities[f"#{name.replace(' ', '-')}"] = {"name": name} | (house if "name" in author else {"@type": "Person"})
    for address, name, use in (_MIT, _CC_BY):
        entities[address] = {"@type": "CreativeWork", "name": name, "description": use}
    program = {"@type": "SoftwareApplication", "name": "castillo", "softwareVersion": analysis.__version__}
    entities["#castillo"] = program | {"softwareRequirements": {"@id": "requirements.lock"}, "url": place}
    read = (f"data/{study.folder.name}/", "notebooks/")
    entities["#build"] = {
        "@type": "CreateAction",
        "name": f"castillo build {study.folder.name}",
        "description": "make reports STUDY=… does the same; castillo verify holds its results to the manifest.",
        "instrument": {"@id": "#castillo"},
        "object": [{"@id": name} for name in sorted(files) if name.startswith(read)],
        "result": [{"@id": name} for name in sorted(files) if name.startswith(f"reports/{study.name}/")],
    }
    return entities
