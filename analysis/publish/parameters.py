"""Parameters of a notebook: read from its parameters cell before anything runs, and held to the study."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BuildError, ParameterError, did_you_mean
from analysis.publish.environment import quick_jsonschema

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
    """Parameters of a notebook as papermill reads them, in the order of its parameters cell.

    Raises
    ------
    BuildError
        Where there is not one parameters cell, or it is not Python.
    ParameterError
        Where a default is no literal, or none of its type.
    """
    cells = [cell["source"] for cell in read_cells(path) if "parameters" in cell["tags"]]
    if len(cells) != 1:
        raise BuildError(f"{path} has {len(cells)} cells tagged 'parameters'. Tag exactly one.")
    try:
        ast.parse(cells[0])
    except SyntaxError as error:
        raise BuildError(f"{path}: the parameters cell is not Python ({error}). Mend it.") from error
    return tuple(_parameter(path.stem, inspected) for inspected in _inspect(cells[0]))


@cache
def _inspect(source: str) -> list[Mapping[str, str]]:
    with quick_jsonschema():
        from nbformat.v4 import new_code_cell, new_notebook
        from papermill import inspect_notebook
    cell = new_code_cell(source, metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    notebook = new_notebook(cells=[cell], metadata=kernel)  # type: ignore[no-untyped-call]
    return list(inspect_notebook(notebook).values())


def _parameter(notebook: str, inspected: Mapping[str, str]) -> Parameter:
    name, text = inspected["name"], inspected["default"]
    try:
        default = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise ParameterError(notebook, name, text, "its default must be a literal") from None
    kind = inspected["inferred_type_name"]
    kind = type(default).__name__ if kind == "None" else kind
    if kind not in TYPES:
        raise ParameterError(notebook, name, default, f"has the type {kind}; papermill passes {', '.join(TYPES)}")
    if not fits(default, kind):
        raise ParameterError(notebook, name, default, f"its default is not {kind}")
    return Parameter(name, kind, default, inspected["help"])


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
    known : tuple of Parameter, those of the notebook
    given : mapping name → value, `study` included
    study : Study, whose outlets the values of outlet, left and right must be, and in whose window days must lie

    Returns
    -------
    list of ParameterError, empty where all is well
    """
    types = {parameter.name: parameter.type for parameter in known}
    wrong = []
    for name, value in given.items():
        if name not in types:
            message = (
                f"the notebook has no such parameter{did_you_mean(name, types)}. It has {', '.join(types) or 'none'}"
            )
            wrong.append(ParameterError(notebook, name, value, message))
        elif not fits(value, types[name]):
            wrong.append(ParameterError(notebook, name, value, f"is not {types[name]}"))
    values = {**{p.name: p.default for p in known}, **given}
    for name, value in values.items():
        if isinstance(value, str) and value and (message := _problem(notebook, name, value, values, study)):
            wrong.append(ParameterError(notebook, name, value, message))
    return wrong


def _problem(notebook: str, name: str, value: str, values: Mapping[str, Any], study: Study) -> str:
    """Sentence on a value that the study does not have, or that another parameter excludes; empty where it fits."""
    if name in OUTLETS and (message := _outlet_problem(notebook, value, study)):
        return message
    if name == "right" and value == values.get("left"):
        return "is the same outlet as left"
    if name.rpartition("_")[2] in DAYS:
        return _day_problem(value, study)
    languages = study.settings.languages
    if name == "language" and value not in languages:
        return f"is no language of {study.name}{did_you_mean(value, languages)}. Known: {', '.join(languages)}"
    return ""


def _day_problem(value: str, study: Study) -> str:
    first, last = study.settings.window
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return "is not a date; write it as 2022-12-07"
    return "" if first <= day <= last else f"lies outside the study's window, {first} to {last}"


def _outlet_problem(notebook: str, outlet: str, study: Study) -> str:
    if outlet not in study.outlet_names:
        hint = did_you_mean(outlet, study.outlet_names)
        return f"is no outlet of {study.name}{hint}. Known: {', '.join(study.outlet_names)}"
    if notebook == "outlet" and study.annotated and outlet not in study.tested:
        least = study.settings.min_articles
        return f"has fewer than {least} articles and is not tested. Tested: {', '.join(study.tested) or 'none'}"
    return ""
