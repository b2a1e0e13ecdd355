"""The RO-Crate description of an archive: what each file is, under which licence, how reports come of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import analysis
from analysis.errors import ArchiveError
from analysis.study import Study

METADATA = "ro-crate-metadata.json"
CITATION = "CITATION.cff"
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
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".css": "text/css",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".parquet": "application/vnd.apache.parquet",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".yml": "application/yaml",
}


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
    made = crate.metadata.generate()
    return (json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _root(study: Study, citation: Mapping[str, Any]) -> dict[str, Any]:
    """What the archive is as a whole; one author is no list, as RO-Crate recommends."""
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


def _described(author: Mapping[str, str], address: str) -> dict[str, Any]:
    if "name" not in author:
        return {"@type": "Person", "name": _name(author)}
    return {"@type": "Organization", "name": _name(author), "url": str(author.get("website", address))}


def _context(study: Study, citation: Mapping[str, Any], files: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """Who made it, under which licences, and how reports come of the rest."""
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
        *((_identifier(author), _described(author, address)) for author in citation.get("authors", [])),
        *((a, {"@type": "CreativeWork", "name": n, "description": d}) for a, n, d in _LICENCES.values()),
        ("#castillo", program),
        ("#build", action),
    ]


def _properties(name: str, path: Path) -> dict[str, Any]:
    kind = _TYPES.get(Path(name).suffix, "text/plain")
    licence = "MIT" if name.endswith(_CODE) and not name.startswith("data/") else "CC-BY-4.0"
    size = str(path.stat().st_size)
    return {"name": name, "encodingFormat": kind, "contentSize": size, "license": {"@id": _LICENCES[licence][0]}}
