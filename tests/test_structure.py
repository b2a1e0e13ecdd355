"""The house rules that a machine can hold: short modules and functions, and no two modules that import each other."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "analysis").rglob("*.py"))
}
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 50
MAX_LINES, MAX_MODULES = 16_126, 95
#: What is longer; of the functions most is docstring.
LONGER = {
    "annotate": 70,
    "difference": 60,
    "compare_outlet_groups": 62,
}


@cache
def syntax(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_bytes())


def imports(module: str) -> set[str]:
    """Modules of the library imported when a module is: not those imported inside a function or for types alone."""
    body = [node for node in syntax(module).body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    typing = [node for node in body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    found = set()
    for top in (node for node in body if node not in typing):
        for node in ast.walk(top):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("analysis"):
                inner = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
                found |= inner or {node.module}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names} & MODULES.keys()
    return found


def test_the_library_stays_small():
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES.values())
    assert lines <= MAX_LINES
    assert len(MODULES) <= MAX_MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_and_its_functions_fit_on_few_screens(module):
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGER.get(module, MAX_MODULE_LINES)
    functions = (node for node in ast.walk(syntax(module)) if isinstance(node, ast.FunctionDef))
    long = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert {} == {name: lines for name, lines in long.items() if lines > LONGER.get(name, MAX_FUNCTION_LINES)}


@pytest.mark.slow
def test_no_module_imports_one_that_imports_it():
    """A depth-first walk over what each module imports meets no module that it is still in."""
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in imports(module):
                visit(other, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())
    assert done == set(MODULES)
