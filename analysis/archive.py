"""One zip of a study with all its reports are made of, an RO-Crate and a data package; the same bytes each time."""

import csv
import fnmatch
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any, NamedTuple

import analysis
from analysis.errors import ArchiveError
from analysis.paths import code_files, digest, find_root, reports_folder
from analysis.publish.build import Build
from analysis.publish.manifest import NAME, differences, make_manifest, read_manifest
from analysis.publish.state import write
from analysis.study import Study, load_study
from analysis.tables import CODINGS, FEATURES, OPTIONAL_FILES, STUDY_FILES, Column

METADATA, DATA_PACKAGE, CITATION = "ro-crate-metadata.json", "datapackage.json", "CITATION.cff"
#: The setting that names the texts, whatever lines it takes.
_TEXTS = re.compile(r"^\s*texts\s*=\s*\[[^\]]*\]", re.MULTILINE)
_MIT = ("https://spdx.org/licenses/MIT", "MIT licence", "For the code.")
_DATA = "For data, features, notebooks' texts and reports."
_CC_BY = ("https://creativecommons.org/licenses/by/4.0/", "Creative Commons Attribution 4.0 International", _DATA)
_CODE = (".py", ".toml", ".yml", ".yaml", ".lock", ".sh", ".j2", ".css", "Makefile", "run")
_TYPES = MimeTypes()  # of the language, not the machine's own table
for _suffix, _type in {
    **{".cff": "yaml", ".yml": "yaml", ".toml": "toml", ".jsonl": "jsonl", ".npz": "zip"},
    **{".ipynb": "x-ipynb+json", ".parquet": "vnd.apache.parquet"},
}.items():
    _TYPES.add_type(f"application/{_type}", _suffix)


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
    tracked = {name: root / name for name in project_files(root)}
    files = {name: path for name, path in (tracked | study_files(study, root, also)).items() if path.is_file()}
    left_out = _left_out(study, {path.resolve() for path in files.values()}, without_texts)
    files = {name: path for name, path in files.items() if not {path, *path.parents} & {*left_out}}
    with tempfile.TemporaryDirectory(prefix="castillo-archive-") as scratch:
        if left_out:
            files |= _reports_without(left_out, study, files, Path(scratch))
        else:
            files |= _fresh_reports(study, root, reports or reports_folder(root, study.folder))
        for name, described in ((DATA_PACKAGE, describe_tables), (METADATA, describe)):
            (Path(scratch) / name).write_bytes(described(study, files))
            files[name] = Path(scratch) / name
        data = _zipped(files)
    path = output or root / f"{study.name}-{analysis.__version__}.zip"
    write(path, data)
    return Archive(path, len(files), digest(data), left_out)


def _texts(study: Study) -> list[Path]:
    return [Path(os.path.normpath(study.folder / text)) for text in study.settings.texts]


def _left_out(study: Study, going: set[Path], without_texts: bool) -> tuple[Path, ...]:
    """Tables of a study that are not among the files going in, and its texts where one is not, or none shall be."""
    texts = _texts(study)
    files = [path for text in texts for path in (text, *text.rglob("*")) if path.is_file()]
    private = texts if without_texts or any(path.resolve() not in going for path in files) else []
    sheets = [path for path in sorted(study.folder.glob("*.csv")) if path.resolve() not in going]
    return tuple(dict.fromkeys([*private, *sheets]))


def _reports_without(
    left_out: Sequence[Path], study: Study, files: Mapping[str, Path], scratch: Path
) -> dict[str, Path]:
    """Reports built from a copy of the study that has only these files, and the study.toml of this copy."""
    place = f"data/{study.folder.name}/"
    copy = scratch / place
    for name, path in files.items():
        if name.startswith(place):
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, scratch / name)
    if not set(left_out).isdisjoint(_texts(study)):
        settings = (copy / "study.toml").read_text(encoding="utf-8-sig")
        (copy / "study.toml").write_text(_TEXTS.sub("", settings, count=1), encoding="utf-8")
        if load_study(copy).settings.texts:
            raise ArchiveError(f"{study.folder}/study.toml: write texts = […] on one line, so that it can be left out")
    result = Build(load_study(copy), output=scratch / "reports").run()
    if not result.ok:
        without = ", ".join(path.name for path in left_out)
        raise ArchiveError(f"{next(iter(result.failed))} could not be built without {without}: --also may publish it")
    reports = {f"reports/{study.name}/{path.name}": path for path in result.folder.iterdir() if path.is_file()}
    return {**reports, f"{place}study.toml": copy / "study.toml"}


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
    """Files of the project: what git tracks or, where it is an unpacked archive, what the description of that names."""
    try:
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "."]
        listed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        listed = ""
    if listed:
        return set(listed.split("\0")) - {""}
    if not (root / METADATA).is_file():
        raise ArchiveError(
            f"{root} is neither a git repository that tracks files nor an unpacked archive. Run: git init"
        )
    graph = json.loads((root / METADATA).read_text(encoding="utf-8"))["@graph"]
    return {entity["@id"] for entity in graph if entity["@type"] == "File"}


def study_files(study: Study, root: Path, also: Sequence[str]) -> dict[str, Path]:
    """Files of a study's folder that may go in: tables, features, codes, and what `also` names."""
    place = f"data/{study.folder.name}"
    if study.folder != root / place and (root / place).exists():
        raise ArchiveError(f"{study.folder} would stand as {place} in the archive, and the project has another there.")
    known = {"study.toml", "README.md", *(schema.name for schema in (*STUDY_FILES, *OPTIONAL_FILES))}
    known |= {"features/meta.json", *(f"features/{schema.name.lower()}.parquet" for schema in FEATURES)}
    known |= {path.relative_to(study.folder).as_posix() for path in code_files(study.folder)}
    names = {path.relative_to(study.folder).as_posix() for path in study.folder.rglob("*") if path.is_file()}
    named = {name for name in names if any(fnmatch.fnmatch(name, glob) for glob in also)}
    return {f"{place}/{name}": study.folder / name for name in names & known | named}


def _zipped(files: Mapping[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of the first day the format knows: a real time would make archives differ
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def describe(study: Study, files: Mapping[str, Path]) -> bytes:
    """ro-crate-metadata.json of an archive, written by rocrate: files, authors, licences, what makes the reports."""
    try:
        import yaml
        from rocrate.model import ContextEntity
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise ArchiveError("castillo archive needs rocrate. Run: pip install 'castillo-coverage[archive]'") from error
    citation = yaml.safe_load(files[CITATION].read_bytes()) if CITATION in files else {}
    home = citation.get("repository-code", "")
    crate = ROCrate(version="1.1")

    def add(identifier: str, kind: str, **properties: object) -> Any:
        return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))

    licences = [add(url, "CreativeWork", name=name, description=use) for url, name, use in (_MIT, _CC_BY)]
    entries = {}
    for name, path in sorted(files.items()):
        is_code = name.endswith(_CODE) and not name.startswith("data/")
        about: dict[str, Any] = {"name": name, "encodingFormat": _TYPES.guess_type(name)[0] or "text/plain"}
        about |= {"contentSize": str(path.stat().st_size), "license": licences[0 if is_code else 1]}
        entries[name] = crate.add_file(path, name, properties=about)
    program = add("#castillo", "SoftwareApplication", name="castillo", softwareVersion=analysis.__version__, url=home)
    program["softwareRequirements"] = {"@id": "requirements.lock"}
    read, made = (f"data/{study.folder.name}/", "notebooks/"), f"reports/{study.name}/"
    crate.add_action(
        program,
        "#build",
        object=[entry for name, entry in entries.items() if name.startswith(read)],
        result=[entry for name, entry in entries.items() if name.startswith(made)],
        properties={"name": f"castillo build {study.folder.name}", "description": "castillo verify checks its result."},
    )
    root = crate.root_dataset
    root["name"], root["version"] = f"{study.settings.title}: study, features, code and reports", analysis.__version__
    root["description"], root["keywords"] = study.settings.question, ", ".join(citation.get("keywords", []))
    # The day of the release, not of the archive: the same files give the same archive on any day.
    root["datePublished"] = str(citation.get("date-released", study.settings.window[1]))
    root["license"], root["mentions"] = licences, {"@id": "#build"}
    for author in citation.get("authors", []):
        name = " ".join(author[key] for key in ("given-names", "family-names", "name") if key in author)
        kind, identifier = "Organization" if "name" in author else "Person", f"#{name.replace(' ', '-')}"
        root.append_to("author", add(identifier, kind, name=name, url=author.get("website", home)), compact=True)
        root.setdefault("publisher", {"@id": identifier})
    return (json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


_MEDIA_TYPES = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
_SCHEMAS = {schema.name: schema for schema in (*STUDY_FILES, *OPTIONAL_FILES)}
_SCHEMAS |= {f"features/{schema.name.lower()}.parquet": schema for schema in FEATURES}
_KINDS = {"text": "string", "time": "datetime", "day": "date", "list": "array"}
#: A time in a CSV file may be a day or a month, and no type of Frictionless takes all three.
_WRITTEN_TIME = r"\d{4}-\d\d(-\d\d([T ].+)?)?"
#: Column → the file of the study that lists what it may hold.
_LISTED = {"outlet": "outlets.csv", "article": "articles.csv"}


def describe_tables(study: Study, files: Mapping[str, Path]) -> bytes:
    """datapackage.json for the CSV and Parquet files of a study among `files`, which are named as in the archive."""
    place = f"data/{study.folder.name}/"
    names = sorted(name for name in files if name.startswith(place) and Path(name).suffix in _MEDIA_TYPES)
    package = {
        "name": study.name,
        "title": study.settings.title,
        "description": study.settings.question,
        "version": analysis.__version__,
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": [_resource(study, name, name.removeprefix(place), files[name].read_bytes()) for name in names],
    }
    return (json.dumps(package, indent=1, ensure_ascii=False) + "\n").encode()


def _resource(study: Study, path: str, name: str, data: bytes) -> dict[str, Any]:
    """Description of a file: what it is, its schema, and how its CSV is written."""
    schema, kind = _SCHEMAS.get(name), Path(name).suffix
    columns = {column.name: column for column in schema.columns} if schema else _columns_of_sheet(study, name)
    resource: dict[str, Any] = {"name": _resource_name(name), "type": "table", "path": path, "format": kind[1:]}
    resource |= {"mediatype": _MEDIA_TYPES[kind], "description": f"One row per {schema.row}." if schema else ""}
    if kind == ".csv":
        head = data.decode("utf-8-sig").partition("\n")[0].rstrip("\r")
        separator = max(",;\t", key=head.count)
        resource["encoding"] = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
        resource["dialect"] = {"delimiter": separator, "csv": {"delimiter": separator}}
        written = [cell.strip() for cell in next(csv.reader([head], delimiter=separator), [])]
        columns = {cell: columns.get(cell.casefold(), Column(cell, "text", "", "", optional=True)) for cell in written}
    fields = [_field(name, column, kind == ".csv") for name, column in columns.items()]
    known = [column for column, about in columns.items() if about.meaning]
    foreign = [_foreign_key(column) for column in known if _LISTED.get(column.casefold(), name) != name]
    keys = {"primaryKey": list(schema.key) if schema else [], "foreignKeys": foreign}
    return resource | {"schema": {"fields": fields, "missingValues": [""], **keys}}


def _resource_name(name: str) -> str:
    return name.rpartition(".")[0].replace("/", "-").casefold()


def _columns_of_sheet(study: Study, name: str) -> dict[str, Column]:
    """Columns that a sheet of codes may have: a row per code, or per article with the codebook's variables."""
    if not name.startswith("codings"):
        return {}
    questions = dict(zip(study.codebook["variable"], study.codebook["question"], strict=True))
    variables = [Column(name, "text", "", question, optional=True) for name, question in questions.items()]
    return {column.name.casefold(): column for column in (*variables, *CODINGS.columns)}


def _foreign_key(column: str) -> dict[str, Any]:
    listed = column.casefold()
    return {"fields": [column], "reference": {"resource": _resource_name(_LISTED[listed]), "fields": [listed]}}


def _field(name: str, column: Column, is_csv: bool) -> dict[str, Any]:
    """Description of a column, under the name that the file has for it."""
    constraints: dict[str, Any] = {"enum": list(column.allowed)} if column.allowed else {}
    if not column.optional and column.kind != "number":
        constraints["required"] = True
    field = {"name": name, "type": _KINDS.get(column.kind, column.kind), "description": column.meaning}
    if is_csv and column.kind == "time":
        field["type"], constraints["pattern"] = "string", _WRITTEN_TIME
    return {**field, "unit": column.unit, "constraints": constraints}
