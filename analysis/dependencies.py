"""Dependencies of a result: the code behind a name, found from imports, and digests of files, in one cache."""

from __future__ import annotations

import ast
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import analysis
from analysis.paths import cache_folder, digest, file_digest, find_root, replace_file

#: When this process began to import the library: a module edited later is perhaps not the one that runs here.
STARTED = time.time_ns()
_LIBRARY = Path(analysis.__file__).parent
_ROOT = _LIBRARY.name
#: What only builds and commands use; a notebook that imports the whole package does not depend on it.
_COMMANDS = ("__main__", "check", "cli", "new_study", "publish")
#: A file whose time is as near as this (ns) to its reading may be changed again without its time changing.
_TICK = 100_000_000
_FILE_NAME = re.compile(r"[\w-][\w.-]*\.\w+")


@dataclass(frozen=True)
class Code:
    """Code behind some modules.

    Attributes
    ----------
    files : mapping, path from the project's folder → digest, of modules and of the data files that they name
    packages : mapping, package of others → version, of those that these modules import and that are installed
    """

    files: Mapping[str, str]
    packages: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Digest of all of it."""
        return digest(json.dumps([dict(self.files), dict(self.packages)], sort_keys=True).encode())


def code_behind(*modules: str) -> Code:
    """Code that runs when modules of the library are used: they, all they import in turn, and the data files they name.

    Parameters
    ----------
    modules : str, dotted names

    Raises
    ------
    KeyError
        Where there is no such module.
    """
    found = frozenset().union(*map(_with_imports, modules))
    files = {_modules()[name] for name in found} | {path for path, namers in _data_files().items() if namers & found}
    names = {name for module in found for name in _read(_modules()[module])["packages"]}
    versions = dict(filter(None, map(_version, names)))
    digests = {path.relative_to(_LIBRARY.parent).as_posix(): content_digest(path) for path in sorted(files)}
    return Code(digests, {name: versions[name] for name in sorted(versions, key=str.casefold)})


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


def code_record(*modules: str) -> dict[str, Any]:
    """Record of the code behind modules, as JSON can hold it, for `changed_code`."""
    code = code_behind(*modules)
    return {"modules": list(modules), "files": dict(code.files), "packages": dict(code.packages)}


def notebook_modules(sources: Iterable[str]) -> list[str]:
    """Modules of the library that code cells import; all where a cell imports the whole package or is not Python."""
    found: set[str] = set()
    for source in sources:
        try:
            names = _imported_names(ast.walk(_parse_cell(source)))
        except SyntaxError:
            return _everything()
        if [_ROOT, ""] in names or [_ROOT, "*"] in names:
            return _everything()
        found |= {home for module, name in names for home in _homes(module, name)}
    return sorted(module for module in found if module.split(".")[1] != "publish")


def may_import(sources: Iterable[str], name: str) -> bool:
    """Whether code cells import a name, or may: a cell that imports everything, or is not Python, may do anything."""
    try:
        names = {alias for source in sources for _, alias in _imported_names(ast.walk(_parse_cell(source)))}
    except SyntaxError:
        return True
    return bool({name, "*", ""} & names)


def changed_since(moment: int, paths: Iterable[Path]) -> bool:
    """Whether a file has been written, moved or replaced after a moment (ns since 1970), or is not there.

    The file system's own time of change counts, which whoever puts old content back cannot put back.
    """
    try:
        return any(path.stat().st_ctime_ns > moment for path in paths)
    except OSError:
        return True


def content_digest(path: Path) -> str:
    """SHA-256 of a file, computed anew only where its size, times or inode have changed."""
    status, known = path.stat(), _cache().files
    signature = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    entry = known.get(str(path))
    if entry is None or entry[:-1] != signature:
        entry = [*signature, file_digest(path)]
        if time.time_ns() - status.st_ctime_ns > _TICK:
            known[str(path)] = entry
            _cache().is_new = True
    return str(entry[-1])


def keep_digests() -> None:
    """Write the cache, for the next process; a folder that cannot be written to costs time and nothing else."""
    known = _cache()
    if known.is_new:
        files = {path: entry for path, entry in known.files.items() if Path(path).exists()}
        with suppress(OSError):
            known.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(
                known.path, json.dumps({"files": files, "sources": known.sources, "packages": known.packages}).encode()
            )
        known.is_new = False


class _Cache:
    """Digests of files by path; what modules import and name, by their digest; packages by the modules they bring."""

    def __init__(self, path: Path) -> None:
        self.path, self.is_new = path, False
        self.files: dict[str, list[Any]] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.packages: dict[str, Any] = {}
        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(path.read_bytes())
            self.files, self.sources, self.packages = (dict(kept[name]) for name in ("files", "sources", "packages"))


@cache
def _cache() -> _Cache:
    return _Cache(cache_folder(find_root()) / "digests.json")


@cache
def _read(path: Path) -> dict[str, Any]:
    """Imports of a module as [module, name], packages of others that it imports, and file names among its strings."""
    key = f"{path.relative_to(_LIBRARY).as_posix()} {content_digest(path)}"
    if key not in _cache().sources:
        tree = ast.parse(path.read_bytes())
        package = ".".join(path.relative_to(_LIBRARY.parent).parent.parts)
        names = _imported_names(_nodes(tree), package)
        exports = _imported_names(_nodes(tree, typing=True), package) if path.name == "__init__.py" else []
        roots = {module.partition(".")[0] for module, _ in names} - sys.stdlib_module_names - {_ROOT}
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        _cache().sources[key] = {
            "imports": [pair for pair in names if pair[0].partition(".")[0] == _ROOT],
            "exports": {name: module for module, name in exports},
            "packages": sorted(roots),
            "strings": sorted(text for text in texts if _FILE_NAME.fullmatch(text)),
        }
        _cache().is_new = True
    return _cache().sources[key]


def _parse_cell(source: str) -> ast.Module:
    """A cell without its magics."""
    lines = source.splitlines()
    return ast.parse("\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines))


def _imported_names(nodes: Iterable[ast.AST], package: str = "") -> list[list[str]]:
    """Imports as [module, name]; the name is empty where the module as a whole is bound."""
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [[alias.name, ""] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found += [[module, alias.name] for alias in node.names]
    return found


def _nodes(tree: ast.AST, *, typing: bool = False) -> Iterator[ast.AST]:
    """Nodes of code that runs; or those under `if TYPE_CHECKING:`, which tell what a lazy package exports."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            yield from ast.walk(node) if typing else ()
        else:
            yield from () if typing else (node,)
            yield from _nodes(node, typing=typing)


def _homes(module: str, name: str) -> set[str]:
    """Modules where an imported name lives: a submodule, what a lazy package says, or the module itself."""
    if module == _ROOT and name in analysis._HOME:
        return {f"{_ROOT}.{analysis._HOME[name]}"}
    if module in _modules() and (home := _read(_modules()[module])["exports"].get(name)):
        return {module, home}
    return {f"{module}.{name}" if f"{module}.{name}" in _modules() else module} & set(_modules())


@cache
def _with_imports(module: str) -> frozenset[str]:
    """A module, the packages around it (the lazy root left out), and all that these import."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        if (module := waiting.pop()) not in found:
            found.add(module)
            imports = _read(_modules()[module])["imports"]
            around = {module.rpartition(".")[0]} & set(_modules())
            waiting += around.union(*(_homes(*pair) for pair in imports if pair[1]))
    return frozenset(found)


@cache
def _modules() -> Mapping[str, Path]:
    """Dotted name → file, of all modules but the lazy root."""
    paths = {path: path.relative_to(_LIBRARY.parent).with_suffix("").parts for path in sorted(_LIBRARY.rglob("*.py"))}
    names = {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for path, parts in paths.items()}
    return {name: path for name, path in names.items() if name != _ROOT}


def _everything() -> list[str]:
    return sorted(name for name in _modules() if name.split(".")[1] not in _COMMANDS)


@cache
def _data_files() -> Mapping[Path, frozenset[str]]:
    """Data files of the library → modules that use them: where a file lies beside modules, those that name it; where it
    lies in a folder of its own (templates), all modules of the package around."""
    files = [path for path in _LIBRARY.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".pyi")]
    strings = {name: set(_read(path)["strings"]) for name, path in _modules().items()}
    around = {path: next(folder for folder in path.parents if (folder / "__init__.py").exists()) for path in files}
    return {
        path: frozenset(name for name, texts in strings.items() if path.name in texts)
        if path.parent == package
        else frozenset(name for name, other in _modules().items() if other.parent == package)
        for path, package in around.items()
    }


@cache
def _version(module: str) -> tuple[str, str] | None:
    """Package that a module comes from, and its version; None where it is not installed.

    Looked up again only where something has been installed or removed since: this takes most of a second.
    """
    known = _cache().packages
    if known.get("") != (installed := _installed()):
        known.clear()
        known[""] = installed
    if module not in known:
        from importlib.metadata import PackageNotFoundError, packages_distributions, version

        try:
            known[module] = [module, version(module)]
        except PackageNotFoundError:
            names = packages_distributions().get(module, ())
            known[module] = [names[0], version(names[0])] if names else None
        _cache().is_new = True
    return None if known[module] is None else (known[module][0], known[module][1])


@cache
def _installed() -> list[Any]:
    """When packages were last installed or removed, by the folder that they lie in."""
    folders = [Path(folder) for folder in sys.path if folder.endswith("-packages")]
    return [[str(folder), folder.stat().st_mtime_ns] for folder in folders if folder.is_dir()]
