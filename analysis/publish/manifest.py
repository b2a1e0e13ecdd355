"""manifest.json: digest of every file of a study's reports, what they were made with; comparison of a new build."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.dependencies import content_digest
from analysis.errors import BuildError
from analysis.paths import find_root, reports_folder
from analysis.publish.state import python_version, write
from analysis.study import Study

NAME = "manifest.json"


@dataclass(frozen=True)
class Verification:
    """Differences from the committed manifest, remarks that may explain them, the manifest's path if it was renewed."""

    differences: tuple[str, ...]
    remarks: tuple[str, ...]
    renewed: Path | None = None


def verify(
    study: Study,
    *,
    output: Path | None = None,
    renew: bool = False,
    echo: Callable[[str], object] = lambda line: None,
    **options: Any,
) -> Verification:
    """Differences between a new build of a study, made in a temporary folder, and its manifest in `output`.

    `renew` writes the manifest of the new build afterwards, if no report failed; there may be none before. `options`
    are those of `Build.run`.
    """
    from analysis.publish.build import Build

    root = find_root()
    folder = (output or reports_folder(root, study.folder)) / study.name
    expected = None if renew and not has_manifest(folder) else read_manifest(folder)
    with tempfile.TemporaryDirectory(prefix="castillo-verify-", ignore_cleanup_errors=True) as scratch:
        plan = Build(study, output=Path(scratch), echo=echo)
        result = plan.run(force=True, **options)
        actual = make_manifest(result.folder, study.name, root, plan.files())
    failed = [f"{name} failed {failure.place}: {failure.error}" for name, failure in sorted(result.failed.items())]
    renewed = folder / NAME if renew and not failed and actual != expected else None
    if renewed:
        write_manifest(folder, actual)
    expected = expected or actual
    return Verification((*failed, *differences(expected, actual)), tuple(remarks(expected, actual)), renewed)


def make_manifest(folder: Path, study: str, root: Path, names: Iterable[str]) -> dict[str, Any]:
    """Digest of each of these files in a study's folder of reports, with Python's version and the lock's digest."""
    lock = root / "requirements.lock"
    return {
        "study": study,
        "python": python_version(),
        "requirements.lock": content_digest(lock) if lock.is_file() else None,
        "files": {name: content_digest(folder / name) for name in sorted(names) if (folder / name).is_file()},
    }


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write manifest.json beside the reports."""
    write(folder / NAME, (json.dumps(manifest, indent=2) + "\n").encode())


def has_manifest(folder: Path) -> bool:
    """True where a folder of reports has a manifest.json, a broken one included."""
    return (folder / NAME).exists()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Content of manifest.json; BuildError where there is none, or it is not one."""
    path = folder / NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["files"], dict):
            raise TypeError("files is not a mapping")
    except FileNotFoundError:
        raise BuildError(f"{path} does not exist. Run: castillo verify --write") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{path} is not a manifest ({error}). Run: castillo verify --write") from error
    return manifest  # type: ignore[no-any-return]


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Sentences on the files that differ, are missing or are new, one each."""
    before, now = expected["files"], actual["files"]
    missing = dict.fromkeys(set(before) - set(now), "is missing")
    words = dict.fromkeys(set(now) - set(before), "is not in the manifest") | missing
    differing = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return [f"{name} {words.get(name, 'differs')}" for name in differing]


def remarks(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Sentences on a different Python or other packages, which may explain a difference."""
    lines = []
    if expected.get("python") != actual["python"]:
        lines.append(f"made with Python {expected.get('python')}, this is {actual['python']}")
    if expected.get("requirements.lock") != actual["requirements.lock"]:
        lines.append("requirements.lock is another than the one the manifest was made with")
    return lines


def unlike_manifest(study: Study, output: Path | None = None) -> str:
    """A sentence on reports that are not what the manifest beside them says; empty where there is none of either."""
    folder = (output or reports_folder(find_root(), study.folder)) / study.name
    if not has_manifest(folder):
        return ""
    present = [path for path in sorted(folder.iterdir()) if path.suffix in (".html", ".csv", ".bib")]
    expected = read_manifest(folder)["files"]
    unlike = [path.name for path in present if expected.get(path.name) != content_digest(path)]
    if not unlike:
        return ""
    shown = ", ".join(unlike[:3]) + (" and others" if len(unlike) > 3 else "")
    are = "1 file is" if len(unlike) == 1 else f"{len(unlike)} files are"
    return (
        f"{are} not what manifest.json says ({shown}). castillo verify compares a new build, "
        "castillo verify --write renews the manifest"
    )
