"""Parameters of a notebook: read from its parameters cell without starting a kernel, and held to the study."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BuildError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from analysis.study import Study

#: Types a parameter may have, as its annotation writes them.
TYPES = ("str", "int", "float", "list", "list[str]", "list[int]", "list[float]")
#: Parameters that name an outlet of the study.
OUTLETS = ("outlet", "left", "right")
#: Parameters that name a day of the study's window, or end so (first_day).
DAYS = ("day", "date", "start", "end")


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name: type = default  # help`."""

    name: str
    type: str
    default: Any
    help: str


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Cells of a notebook, each with `cell_type`, `source` (one text) and `tags`.

    Raises
    ------
    BuildError
        Where the file is not a notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return [
            {
                "cell_type": str(cell["cell_type"]),
                "source": "".join(cell["source"]),
                "tags": list(cell.get("metadata", {}).get("tags", ())),
            }
            for cell in notebook["cells"]
        ]
    except FileNotFoundError:
        known = sorted(p.stem for p in path.parent.glob("*.ipynb"))
        raise BuildError(
            f"study.toml asks for the notebook {path.stem!r}: {path} does not exist{did_you_mean(path.stem, known)}. "
            f"There: {', '.join(known) or 'none'}."
        ) from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise BuildError(f"{path} is not a notebook ({error}). Save it again in JupyterLab.") from error


def read_code(path: Path) -> list[str]:
    """Sources of a notebook's code cells."""
    return [cell["source"] for cell in read_cells(path) if cell["cell_type"] == "code"]


def read_parameters(path: Path) -> tuple[Parameter, ...]:
    """Parameters of a notebook, in the order of its parameters cell.

    Raises
    ------
    BuildError
        Where there is no readable parameters cell.
    ParameterError
        Where a line of it is not `name: type = literal`.
    """
    cells = [cell for cell in read_cells(path) if "parameters" in cell["tags"]]
    if len(cells) != 1:
        raise BuildError(f"{path} has {len(cells)} cells tagged 'parameters'. Tag exactly one.")
    source = cells[0]["source"]
    try:
        body = ast.parse(source).body
        comments = _comments(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise BuildError(f"{path}: the parameters cell is not Python ({error}). Mend it.") from error
    return tuple(_parameter(path.stem, line, comments) for line in body if not _is_text(line))


def _is_text(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").rstrip() for t in tokens if t.type == tokenize.COMMENT}


def _parameter(notebook: str, line: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    if isinstance(line, ast.AnnAssign):
        name, value, annotation = ast.unparse(line.target), line.value, ast.unparse(line.annotation)
    elif isinstance(line, ast.Assign) and len(line.targets) == 1:
        name, value, annotation = ast.unparse(line.targets[0]), line.value, ""
    else:
        raise ParameterError(notebook, ast.unparse(line), None, "is no assignment; write name: type = value")
    try:
        default = ast.literal_eval(value) if value is not None else None
    except ValueError:
        raise ParameterError(notebook, name, ast.unparse(value or line), "its default must be a literal") from None
    kind = annotation.replace("'", "").replace('"', "") or type(default).__name__
    parameter = Parameter(name, kind, default, comments.get(line.end_lineno or line.lineno, ""))
    if kind not in TYPES:
        raise ParameterError(notebook, name, default, f"has the type {kind}; papermill passes {', '.join(TYPES)}")
    if not fits(default, kind):
        raise ParameterError(notebook, name, default, f"its default is not {kind}")
    return parameter


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a parameter's type; an int passes as float, a bool as nothing."""
    if kind.startswith("list"):
        inner = kind[5:-1]
        return isinstance(value, list) and all(not inner or fits(item, inner) for item in value)
    if isinstance(value, bool):
        return False
    return isinstance(value, {"str": (str,), "int": (int,), "float": (int, float)}[kind])


def check_parameters(
    notebook: str, known: tuple[Parameter, ...], given: Mapping[str, Any], study: Study
) -> list[ParameterError]:
    """Everything that is wrong with the parameters a report gives to its notebook.

    Parameters
    ----------
    notebook : str, its name
    known : tuple of Parameter, what the notebook has
    given : mapping name → value, `study` included
    study : Study, whose outlets the values of outlet, left and right must be, and in whose window days must lie

    Returns
    -------
    list of ParameterError, empty where all is well
    """
    by_name = {parameter.name: parameter for parameter in known}
    wrong = []
    for name, value in given.items():
        if name not in by_name:
            hint = did_you_mean(name, by_name)
            message = f"the notebook has no such parameter{hint}. It has {', '.join(by_name) or 'none'}"
            wrong.append(ParameterError(notebook, name, value, message))
        elif not fits(value, by_name[name].type):
            wrong.append(ParameterError(notebook, name, value, f"is not {by_name[name].type}"))
    effective = {**{p.name: p.default for p in known}, **given}
    for name in OUTLETS:
        value = effective.get(name, "")
        if isinstance(value, str) and value and (message := _outlet_problem(notebook, value, study)):
            wrong.append(ParameterError(notebook, name, value, message))
    for name, value in effective.items():
        day = name.rpartition("_")[2] in DAYS and isinstance(value, str) and value
        if day and (message := _day_problem(value, study)):
            wrong.append(ParameterError(notebook, name, value, message))
    language = effective.get("language", "")
    if isinstance(language, str) and language and language not in study.settings.languages:
        hint = did_you_mean(language, study.settings.languages)
        message = f"is no language of {study.name}{hint}. Known: {', '.join(study.settings.languages)}"
        wrong.append(ParameterError(notebook, "language", language, message))
    left, right = effective.get("left"), effective.get("right")
    if left and left == right:
        wrong.append(ParameterError(notebook, "right", right, "is the same outlet as left"))
    return wrong


def _day_problem(value: str, study: Study) -> str:
    first, last = study.settings.window
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return "is not a date; write it as 2022-12-07"
    if not first <= day <= last:
        return f"lies outside the study's window, {first} to {last}"
    return ""


def _outlet_problem(notebook: str, outlet: str, study: Study) -> str:
    if outlet not in study.outlet_names:
        hint = did_you_mean(outlet, study.outlet_names)
        return f"is no outlet of {study.name}{hint}. Known: {', '.join(study.outlet_names)}"
    if notebook == "outlet" and study.annotated and outlet not in study.tested:
        least = study.settings.min_articles
        return f"has fewer than {least} articles and is not tested. Tested: {', '.join(study.tested) or 'none'}"
    return ""
