"""The stamp of a whole build: by it, the next one sees in a moment that nothing has changed since.

It holds size and times of every file a build reads or writes, and the installed packages. Where one differs, contents
decide as ever; a stamp only ever saves looking at them.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import analysis
from analysis.errors import BuildError
from analysis.paths import digest
from analysis.publish.files import write

_LIBRARY = Path(analysis.__file__).parent


def inputs(root: Path, study: Path, texts: Iterable[Path] = ()) -> dict[str, Any]:
    """Size and times of all that a build of a study reads: its folder, notebooks, library, lock, packages.

    Parameters
    ----------
    root : Path, the project
    study : Path, the study's folder
    texts : iterable of Path, files of texts that may lie elsewhere
    """
    code = (path for path in _LIBRARY.rglob("*") if path.suffix not in (".pyc", ".pyi"))
    files = [*study.rglob("*"), *(root / "notebooks").glob("*.ipynb"), root / "requirements.lock", *code, *texts]
    packages = sorted(path.name for path in Path(sysconfig.get_paths()["purelib"]).glob("*.dist-info"))
    return {"files": _signatures(files), "packages": digest(json.dumps([sys.version, packages]).encode())}


def _signatures(files: Iterable[Path]) -> dict[str, list[int]]:
    found = {}
    for path in files:
        with suppress(OSError):
            if path.is_file():
                status = path.stat()
                found[str(path)] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return found


def put(root: Path, study: Path, output: Path, before: Mapping[str, Any], texts: Iterable[Path], told: Path) -> None:
    """Leave a stamp after a build that made or kept all reports, unless what it read has changed meanwhile.

    Parameters
    ----------
    root, study, output : Path
    before : what `inputs` gave when the build began
    texts : iterable of Path
    told : Path, the study's folder of reports
    """
    texts = list(texts)
    if inputs(root, study, texts) == before:
        made = {"inputs": before, "texts": [str(path) for path in texts], "reports": str(told)}
        found = json.dumps({**made, "outputs": _signatures(told.glob("*"))})
        with suppress(BuildError):
            write(_file(root, study, output), found.encode())


def fresh(root: Path, study: Path, output: Path) -> tuple[Path, int] | None:
    """Folder and number of reports where nothing has changed since the stamp was left; None where that is not sure."""
    try:
        found = json.loads(_file(root, study, output).read_bytes())
        reports, texts = Path(found["reports"]), map(Path, found["texts"])
        same = found["inputs"] == inputs(root, study, texts) and found["outputs"] == _signatures(reports.glob("*"))
        return (reports, sum(name.endswith(".html") for name in found["outputs"]) - 1) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(root: Path, study: Path, output: Path) -> Path:
    key = digest(json.dumps([str(study), str(output.resolve())]).encode())[:16]
    return root / ".cache" / "castillo" / "stamps" / f"{key}.json"
