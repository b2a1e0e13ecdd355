"""Dependencies of a result: the code behind a name, found from imports, and digests of files, in one cache."""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import analysis
from analysis.paths import cache_folder, digest, file_digest, find_root, replace_file

_LIBRARY = Path(analysis.__file__).parent
_ROOT = _LIBRARY.name
#: What only builds and commands use; a notebook that imports the whole package does not depend on it.
_COMMANDS = ("__main__", "check", "cli", "data_commands", "new_study", "program", "publish")
_FILE_NAME = re.compile(r"[\w-][\w.-]*\.\w+")


@dataclass(frozen=True)
class Code:
    """Code behind modules: path from the project's folder → digest, and installed package of others → version."""

    files: Mapping[str, str]
    packages: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Digest of all of it."""
        return digest(json.dumps(asdict(self), sort_keys=True).encode())


def code_behind(*modules: str) -> Code:
    """Modules, all of the library that they import in turn, and the data files and packages that these name."""
    names = frozenset().union(*map(_with_imports, modules))
    read = [_read(name) for name in names]
    files = {_modules()[name] for name in names}
    files |= _data_files({text for one in read for text in one["strings"]}, {path.parent for path in files})
    imported = {module.partition(".")[0] for one in read for module, _ in one["imports"]}
    versions = {name: _version(name) for name in sorted(imported - {_ROOT} - sys.stdlib_module_names, key=str.casefold)}
    return Code(
        {path.relative_to(_LIBRARY.parent).as_posix(): content_digest(path) for path in sorted(files)},
        {name: number for name, number in versions.items() if number},
    )


def code_record(*modules: str) -> dict[str, Any]:
    """Record of the code behind modules, as JSON can hold it, for `changed_code`."""
    return {"modules": list(modules), **asdict(code_behind(*modules))}


def changed_code(recorded: Mapping[str, Any]) -> list[str]:
    """Names of files and packages that differ from a record of `code_record`; empty where none does.

    A package that is not installed here cannot have changed what it did elsewhere.
    """
    try:
        now = code_behind(*recorded["modules"])
    except (KeyError, TypeError):
        return ["the code that measures"]
    files, packages = dict(recorded.get("files", {})), dict(recorded.get("packages", {}))
    differing = [name for name in sorted({*files, *now.files}) if files.get(name) != now.files.get(name)]
    return differing + [name for name in packages if now.packages.get(name, packages[name]) != packages[name]]


def notebook_modules(sources: Iterable[str]) -> list[str]:
    """Modules of the library that code cells import; all where a cell imports the whole package or is not Python."""
    lines = [[line for line in source.splitlines() if line.lstrip()[:1] not in tuple("%!?")] for source in sources]
    try:
        names = [pair for cell in lines for pair in _imports(ast.parse("\n".join(cell)))]
    except SyntaxError:
        names = [(_ROOT, "*")]
    if {(_ROOT, ""), (_ROOT, "*")} & set(names):
        return sorted(name for name in _modules() if name.split(".")[1] not in _COMMANDS)
    homes = {home for module, name in names for home in _home(module, name)}
    return sorted(module for module in homes if module.split(".")[1] != "publish")


def changed_since(moment: int, paths: Iterable[Path]) -> bool:
    """True where a file has been written, moved or replaced after a moment (ns since 1970), or is not there."""
    try:
        return any(path.stat().st_ctime_ns > moment for path in paths)
    except OSError:
        return True


def content_digest(path: Path) -> str:
    """SHA-256 of a file, computed anew only where its size, times or inode have changed."""
    status, known = path.stat(), _cache()
    signature = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    entry = known["files"].get(str(path))
    if entry is None or entry[:-1] != signature:
        entry = known["files"][str(path)] = [*signature, file_digest(path)]
        known["new"] = True
    return str(entry[-1])


def keep_digests() -> None:
    """Write the cache, for the next process; a folder that cannot be written to costs time and nothing else."""
    path = cache_folder(find_root()) / "digests.json"
    if (known := _cache()).pop("new", False):
        known["files"] = {name: entry for name, entry in known["files"].items() if Path(name).exists()}
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, json.dumps(known).encode())


@cache
def _cache() -> dict[str, Any]:
    """Digests of files by path; what was computed of sources, by their digest."""
    try:
        kept = json.loads((cache_folder(find_root()) / "digests.json").read_bytes())
        return {name: dict(kept[name]) for name in ("files", "sources")}
    except (OSError, ValueError, TypeError, KeyError):
        return {"files": {}, "sources": {}}


@cache
def library_files() -> list[Path]:
    """All files of the library, modules and data."""
    return sorted(p for p in _LIBRARY.rglob("*") if p.suffix not in (".pyc", ".pyi") and p.is_file())


@cache
def _modules() -> Mapping[str, Path]:
    """Dotted name → file, of all modules but the lazy root."""
    paths = [path for path in library_files() if path.suffix == ".py" and path != _LIBRARY / "__init__.py"]
    places = {path: path.parent if path.name == "__init__.py" else path.with_suffix("") for path in paths}
    return {".".join(place.relative_to(_LIBRARY.parent).parts): path for path, place in places.items()}


def _data_files(strings: set[str], packages: set[Path]) -> set[Path]:
    """Data files that are used: beside modules, by name; in a folder of their own (templates), with the package."""
    used = set()
    for path in (path for path in library_files() if path.suffix != ".py"):
        package = next(folder for folder in path.parents if (folder / "__init__.py").exists())
        if path.name in strings if path.parent == package else package in packages:
            used.add(path)
    return used


def remember(key: str, compute: Callable[[], Any]) -> Any:
    """Result of a computation on what a key names by its content, as JSON can hold it; kept for the next process."""
    known = _cache()
    if key not in known["sources"]:
        known["sources"][key], known["new"] = compute(), True
    return known["sources"][key]


@cache
def _read(module: str) -> dict[str, Any]:
    """Imports of a module as [module, name], and file names among its strings."""

    def read() -> dict[str, Any]:
        tree = ast.parse(path.read_bytes())
        strings = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        return {"imports": _imports(tree), "strings": sorted(filter(_FILE_NAME.fullmatch, strings))}

    path = _modules()[module]
    return remember(f"{module} {content_digest(path)}", read)  # type: ignore[no-any-return]


def _imports(tree: ast.AST) -> list[tuple[str, str]]:
    """Imports as module and name, those for types alone left out; no name where the module as a whole is bound."""
    if isinstance(tree, ast.If) and getattr(tree.test, "id", "") == "TYPE_CHECKING":
        return []
    if isinstance(tree, ast.Import):
        return [(alias.name, "") for alias in tree.names]
    if isinstance(tree, ast.ImportFrom):  # none here is relative
        return [(tree.module or "", alias.name) for alias in tree.names]
    return [pair for child in ast.iter_child_nodes(tree) for pair in _imports(child)]


def _home(module: str, name: str) -> set[str]:
    """Module where an imported name lives: a submodule, or the module itself; none where it is not of the library."""
    if module == _ROOT and name in analysis._HOME:
        return {f"{_ROOT}.{analysis._HOME[name]}"}
    known = _modules()
    return {f"{module}.{name}"} & known.keys() or {module} & known.keys()


@cache
def _with_imports(module: str) -> frozenset[str]:
    """A module, the packages around it (the lazy root left out), and all that these import."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        if (module := waiting.pop()) not in reached:
            reached.add(module)
            around = {module.rpartition(".")[0]} & _modules().keys()
            waiting += around.union(*(_home(*pair) for pair in _read(module)["imports"] if pair[1]))
    return frozenset(reached)


@cache
def _version(package: str) -> str | None:
    """Version of a package, by the name it is imported under; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    with suppress(PackageNotFoundError):
        return version(package)
    return None
