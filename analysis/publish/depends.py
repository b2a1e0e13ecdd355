"""Which files of the library a notebook depends on: found in its imports, and in theirs, never declared."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import analysis

_PACKAGE = "analysis"
_LIBRARY = Path(analysis.__file__).parent


def notebook_modules(sources: Iterable[str]) -> list[str]:
    """Modules of the library behind the names that code cells import, those they import in turn included.

    Parameters
    ----------
    sources : iterable of str, code cells

    Returns
    -------
    sorted list of dotted names; all modules where a cell imports the package as a whole or is not Python
    """
    found: set[str] = set()
    for source in sources:
        try:
            found |= set(_imported(ast.walk(_python(source)), ""))
        except SyntaxError:
            return sorted(_every_module())
    return sorted(_with_theirs(found))


def imports(sources: Iterable[str], name: str) -> bool:
    """Whether code cells import a name, or may: a cell that imports all, or is not Python, may do anything."""
    try:
        nodes = [node for source in sources for node in ast.walk(_python(source))]
    except SyntaxError:
        return True
    names = {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    return bool({name, "*", _PACKAGE} & names)


def library_files(modules: Iterable[str]) -> dict[str, Path]:
    """Files of modules, and the data files they name, by their path in the project.

    A data file that no module names belongs to all.
    """
    modules = set(modules)
    files = [_file(module) for module in modules]
    files += [path for path, namers in _data_files().items() if modules & namers or (modules and not namers)]
    return {f"{_PACKAGE}/{path.relative_to(_LIBRARY).as_posix()}": path for path in sorted(files)}


def _python(source: str) -> ast.Module:
    """A cell without its magics."""
    lines = source.splitlines()
    return ast.parse("\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines))


def _imported(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Modules of the library that nodes of code import; `package` is the one they lie in, for relative imports."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == _PACKAGE:  # binds the package, and any of its names may follow
                    yield from _every_module()
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*parts, *([node.module] if node.module else [])])
            if module.split(".")[0] == _PACKAGE:
                for alias in node.names:
                    yield from _home(module, alias.name)


def _home(module: str, name: str) -> Iterator[str]:
    """Where a name imported from a module lives: a submodule, what the lazy package says, or the module itself."""
    if name == "*" and module == _PACKAGE:
        yield from _every_module()
    elif module == _PACKAGE and name in analysis._HOME:
        yield f"{_PACKAGE}.{analysis._HOME[name]}"
    elif f"{module}.{name}" in _every_module():
        yield f"{module}.{name}"
    elif module in _every_module():
        yield module


def _with_theirs(modules: Iterable[str]) -> set[str]:
    """Modules, the packages around them (the lazy one left out), and all that these import."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found and module in _every_module():
            found.add(module)
            waiting += [module.rpartition(".")[0], *_imports_of(module)]
    return found


@cache
def _imports_of(module: str) -> tuple[str, ...]:
    path = _file(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(_imported(_nodes(path), package))


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_bytes())))


@cache
def _every_module() -> Mapping[str, Path]:
    """Dotted name → file, of all modules but the lazy package itself and what only builds and commands use."""
    found = {}
    for path in sorted(_LIBRARY.rglob("*.py")):
        parts = path.relative_to(_LIBRARY.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    apart = (_PACKAGE, *(f"{_PACKAGE}.{name}" for name in ("cli", "__main__", "check", "new_study")))
    return {name: path for name, path in found.items() if name not in apart and ".publish" not in name}


def _file(module: str) -> Path:
    return _every_module()[module]


@cache
def _data_files() -> Mapping[Path, frozenset[str]]:
    """Data files of the library → modules that have its name as a string."""
    files = [p for p in _LIBRARY.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc", ".pyi")]
    files = [p for p in files if not {"publish", "new_study"} & set(p.relative_to(_LIBRARY).parts)]
    strings = {name: _strings(path) for name, path in _every_module().items()}
    return {p: frozenset(name for name, texts in strings.items() if p.name in texts) for p in files}


def _strings(path: Path) -> frozenset[str]:
    return frozenset(n.value for n in _nodes(path) if isinstance(n, ast.Constant) and isinstance(n.value, str))
