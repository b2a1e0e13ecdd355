"""One zip of a study with everything its reports are made of, described as an RO-Crate; the same bytes each time."""

from __future__ import annotations

import fnmatch
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import analysis
from analysis.errors import ArchiveError
from analysis.paths import digest, find_root, inside
from analysis.publish.build import Build, build
from analysis.publish.manifest import NAME, differences, make_manifest, read_manifest
from analysis.publish.state import write
from analysis.study import Study, load_study
from analysis.tables import FEATURES, OPTIONAL_FILES, STUDY_FILES

_TEXTS_SETTING = re.compile(r"^texts\s*=\s*\[[^\]]*\][^\n]*\n", re.MULTILINE)
METADATA = "ro-crate-metadata.json"
CITATION = "CITATION.cff"
#: Files of the project where git is not there to list them: all in these folders, and these.
FOLDERS = ("analysis", "notebooks", "tests", ".ci", ".github")
FILES = (
    *(".gitattributes", ".gitignore", ".pre-commit-config.yaml", CITATION, "CONTRIBUTING.md", "LICENSE", "Makefile"),
    *("README.md", "data/README.md", "environment.yml", "pyproject.toml", "requirements.lock"),
)
#: The zip format knows no earlier day; a real time would make two archives of the same files differ.
_DAY = (1980, 1, 1, 0, 0, 0)
_PASSING = ("__pycache__", ".ipynb_checkpoints", "*.pyc")
_LICENCES = {
    "MIT": ("https://spdx.org/licenses/MIT", "MIT licence", "For the code."),
    "CC-BY-4.0": (
        "https://creativecommons.org/licenses/by/4.0/",
        "Creative Commons Attribution 4.0 International",
        "For data, features, notebooks' texts and reports.",
    ),
}
_CODE = (".py", ".toml", ".yml", ".yaml", ".lock", ".sh", ".j2", ".css", "Makefile", "run")
#: Not the machine's own table of types, which differs from machine to machine.
_TYPES = {
    **{suffix: f"text/{suffix[1:]}" for suffix in (".csv", ".css", ".html")},
    **{suffix: f"application/{suffix[1:]}" for suffix in (".json", ".jsonl", ".toml")},
    **dict.fromkeys((".cff", ".yml"), "application/yaml"),
    **{".md": "text/markdown", ".py": "text/x-python", ".svg": "image/svg+xml", ".npz": "application/zip"},
    **{".ipynb": "application/x-ipynb+json", ".parquet": "application/vnd.apache.parquet"},
}


@dataclass(frozen=True)
class Archive:
    """Path, number of files and digest of an archive."""

    path: Path
    files: int
    sha256: str


def make_archive(
    study: Study, *, output: Path | None = None, also: Sequence[str] = (), without_texts: bool = False
) -> Archive:
    """Write the archive of a study.

    It holds the study's files, features and reports, notebooks, code, lock and manifest. Of the project goes in what
    git tracks; of the study's folder, untracked, only what cannot hold a text: its tables and features.

    Parameters
    ----------
    study : Study, its reports built and fresh
    output : Path of the zip; <study>-<version>.zip in the project's folder by default
    also : sequence of globs over names in the study's folder, of untracked files that may be published too
    without_texts : bool, leave the study's texts out, and the lines in context that reports take from them

    Returns
    -------
    Archive

    Raises
    ------
    ArchiveError
        Where a report is not fresh, where reports depend on a file that is left out, or rocrate is not installed.
    BuildError
        Where there is no manifest, or the zip cannot be written.
    """
    root = find_root()
    with tempfile.TemporaryDirectory(prefix="castillo-archive-") as scratch:
        texts = {os.path.normpath(text) for text in study.settings.texts} if without_texts else set()
        files = {name: root / name for name in project_files(root)} | study_files(study, root, also, left_out=texts)
        files |= _reports_without_texts(study, texts, Path(scratch)) if texts else _fresh_reports(study, root)
        files = {name: path for name, path in files.items() if path.is_file()}
        for path in files.values():  # a link may lead to what nobody wants to publish
            if not any(inside(folder, path) for folder in (root, study.folder, Path(scratch))):
                raise ArchiveError(f"{path} is a symbolic link that leads out of its folder. Put the file itself there")
        data = _zipped(files, describe(study, root, files))
    path = output or root / f"{study.name}-{analysis.__version__}.zip"
    write(path, data)
    return Archive(path, len(files) + 1, digest(data))


def _reports_without_texts(study: Study, texts: Collection[str], scratch: Path) -> dict[str, Path]:
    """Reports built from a copy of the study that has no texts, and the copy's study.toml, which names none."""
    copy = scratch / study.folder.name
    shutil.copytree(study.folder, copy, ignore=lambda folder, names: {n for n in names if n in texts})
    settings = (copy / "study.toml").read_text(encoding="utf-8-sig")
    settings = _TEXTS_SETTING.sub("", settings, count=1)
    if "texts" in tomllib.loads(settings):
        raise ArchiveError(f"{study.folder / 'study.toml'}: texts was not understood. Write texts = […] on one line")
    (copy / "study.toml").write_text(settings, encoding="utf-8")
    result = build(load_study(copy), output=scratch / "reports")
    if not result.ok:
        raise ArchiveError(f"{next(iter(result.failed))} could not be built without the texts")
    reports = {f"reports/{study.name}/{path.name}": path for path in result.folder.iterdir() if path.is_file()}
    return {**reports, f"data/{study.folder.name}/study.toml": copy / "study.toml"}


def _fresh_reports(study: Study, root: Path) -> dict[str, Path]:
    """Files of the study's reports and their manifest; ArchiveError where one is not fresh."""
    todo = f"Run: castillo build {study.argument}"
    folder = root / "reports" / study.name
    plan = Build(study)
    for report in plan.reports:
        if (status := plan.status(report)).word != "fresh":
            raise ArchiveError(f"report {report.name!r} is {status.word} ({', '.join(status.reasons)}). {todo}")
    manifest = read_manifest(folder)
    if wrong := differences(manifest, make_manifest(folder, study.name, root, manifest["files"])):
        raise ArchiveError(f"{folder / NAME} does not fit the files beside it: {wrong[0]}. {todo} --force")
    return {f"reports/{study.name}/{name}": folder / name for name in (*manifest["files"], NAME)}


def project_files(root: Path) -> set[str]:
    """Files of the project by their path in it: what git tracks; without git, what lies where the project's files do.

    In an unpacked archive its own description tells which data were in it.
    """
    listed = _output(["git", "-C", str(root), "ls-files", "-z", "--cached", "."])
    if listed:
        return set(listed.split("\0")) - {""}
    found = {name for name in FILES if (root / name).is_file()}
    for folder in FOLDERS:
        found |= {path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if path.is_file()}
    found = {name for name in found if not any(fnmatch.fnmatch(p, f) for p in Path(name).parts for f in _PASSING)}
    return found | _described(root)


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return ""
    return done.stdout


def _described(root: Path) -> set[str]:
    """Files that the description of an unpacked archive names."""
    try:
        graph = json.loads((root / METADATA).read_text(encoding="utf-8"))["@graph"]
        return {entity["@id"] for entity in graph if entity["@type"] == "File" and ".." not in entity["@id"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def study_files(study: Study, root: Path, also: Sequence[str], *, left_out: Collection[str] = ()) -> dict[str, Path]:
    """Files of a study's folder that may go in: its tables, settings and features, what git tracks, what `also` names.

    Raises
    ------
    ArchiveError
        Where the reports depend on another: it may hold texts, so nobody but the user can say that it goes in.
    """
    place = f"data/{study.folder.name}"
    known = {"study.toml", "README.md", *(schema.name for schema in (*STUDY_FILES, *OPTIONAL_FILES))}
    known |= {"features/meta.json", *(f"features/{schema.name.lower()}.parquet" for schema in FEATURES)}
    tracked = project_files(root) if study.folder == root / place else set()
    names = {path.relative_to(study.folder).as_posix() for path in study.folder.rglob("*") if path.is_file()}
    chosen = {n for n in names if n in known or f"{place}/{n}" in tracked or any(fnmatch.fnmatch(n, g) for g in also)}
    needed = {path.name for path in study.folder.glob("*.csv")} | {os.path.normpath(t) for t in study.settings.texts}
    chosen -= set(left_out)
    for name in sorted(needed - chosen - set(left_out)):
        if (study.folder / name).is_file():
            raise ArchiveError(
                f"the reports depend on {study.folder / name}, which git does not track and which may hold texts. "
                f"If it may be published, add --also {name!r}; if not, --without-texts leaves it out."
            )
    if study.folder != root / place and (root / place).exists():
        raise ArchiveError(f"{study.folder} would stand as {place} in the archive, and the project has another there.")
    return {f"{place}/{name}": study.folder / name for name in chosen}


def _zipped(files: Mapping[str, Path], metadata: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted({*files, METADATA}):
            entry = zipfile.ZipInfo(name, _DAY)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            runs = name in files and os.access(files[name], os.X_OK)
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            archive.writestr(entry, metadata if name == METADATA else files[name].read_bytes())
    return buffer.getvalue()


def describe(study: Study, root: Path, files: Mapping[str, Path]) -> bytes:
    """ro-crate-metadata.json of an archive, written by rocrate.

    Raises
    ------
    ArchiveError
        Where rocrate is not installed.
    """
    try:
        import yaml
        from rocrate.model import ContextEntity
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise ArchiveError("castillo archive needs rocrate. Run: pip install 'castillo-coverage[archive]'") from error
    citation = yaml.safe_load((root / CITATION).read_bytes()) if (root / CITATION).is_file() else {}
    crate = ROCrate(version="1.1")
    for identifier, properties in _context(study, citation, files):
        crate.add(ContextEntity(crate, identifier, properties=properties))
    for name in sorted(files):
        crate.add_file(files[name], name, properties=_properties(name, files[name]))
    for key, value in _root(study, citation).items():
        crate.root_dataset[key] = value
    return (json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _root(study: Study, citation: Mapping[str, Any]) -> dict[str, Any]:
    """Properties of the archive as a whole; one author is no list, as RO-Crate recommends."""
    authors = [{"@id": _identifier(author)} for author in citation.get("authors", [])]
    made: dict[str, Any] = {
        "name": f"{study.settings.title}: study, features, code and reports",
        "description": study.settings.question,
        "version": analysis.__version__,
        # The day of the release, not of the archive: the same files give the same archive on any day.
        "datePublished": str(citation.get("date-released", study.settings.window[1])),
        "license": [{"@id": address} for address, _, _ in _LICENCES.values()],
        "keywords": ", ".join(citation.get("keywords", [])),
        "mentions": {"@id": "#build"},
    }
    if authors:
        made["author"] = authors[0] if len(authors) == 1 else authors
        made["publisher"] = authors[0]
    return made


def _identifier(author: Mapping[str, str]) -> str:
    return f"#{_name(author).replace(' ', '-')}"


def _name(author: Mapping[str, str]) -> str:
    return " ".join(str(author[key]) for key in ("given-names", "family-names", "name") if key in author)


def _author(author: Mapping[str, str], address: str) -> dict[str, Any]:
    if "name" not in author:
        return {"@type": "Person", "name": _name(author)}
    return {"@type": "Organization", "name": _name(author), "url": str(author.get("website", address))}


def _context(study: Study, citation: Mapping[str, Any], files: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """Authors, licences, the program, and the action that makes reports of the rest."""
    address = citation.get("repository-code", "")
    made = [name for name in sorted(files) if name.startswith(f"reports/{study.name}/")]
    read = [name for name in sorted(files) if name.startswith((f"data/{study.folder.name}/", "notebooks/"))]
    program = {
        "@type": "SoftwareApplication",
        "name": "castillo",
        "softwareVersion": analysis.__version__,
        "softwareRequirements": {"@id": "requirements.lock"},
        "url": address,
    }
    action = {
        "@type": "CreateAction",
        "name": f"castillo build {study.folder.name}",
        "description": "make reports STUDY=… does the same; castillo verify holds its results to the manifest.",
        "instrument": {"@id": "#castillo"},
        "object": [{"@id": name} for name in read],
        "result": [{"@id": name} for name in made],
    }
    return [
        *((_identifier(author), _author(author, address)) for author in citation.get("authors", [])),
        *((a, {"@type": "CreativeWork", "name": n, "description": d}) for a, n, d in _LICENCES.values()),
        ("#castillo", program),
        ("#build", action),
    ]


def _properties(name: str, path: Path) -> dict[str, Any]:
    kind = _TYPES.get(Path(name).suffix, "text/plain")
    licence = "MIT" if name.endswith(_CODE) and not name.startswith("data/") else "CC-BY-4.0"
    size = str(path.stat().st_size)
    return {"name": name, "encodingFormat": kind, "contentSize": size, "license": {"@id": _LICENCES[licence][0]}}
