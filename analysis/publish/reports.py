"""Reports of a study: each a notebook with parameters, which are checked before anything runs."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.dependencies import remember
from analysis.errors import AnalysisError, BuildError, ParameterError, did_you_mean, format_error, write_errors
from analysis.paths import digest, replace_file
from analysis.publish.environment import shorten_imports

if TYPE_CHECKING:
    from analysis.study import Study

#: Types a parameter may have, as its annotation writes them.
TYPES = ("str", "int", "float", "list", "list[str]", "list[int]", "list[float]")
#: Parameters that name an outlet of the study.
OUTLETS = ("outlet", "left", "right")


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name: type = default  # help`."""

    name: str
    type: str
    default: Any
    help: str


@dataclass(frozen=True)
class Report:
    """One run of a notebook: the name of its files, the notebook's, and the parameters, `study` first."""

    name: str
    notebook: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """Reason a report was not made: cell as JupyterLab counts after Run All and line in it, exception, traceback."""

    cell: int | None
    line: int | None
    error: str
    traceback: str

    @property
    def place(self) -> str:
        """Cell and line in words."""
        line = "" if self.line is None else f", line {self.line}"
        return "outside its cells" if self.cell is None else f"in cell {self.cell}{line}"


@dataclass(frozen=True)
class Rendered:
    """A report's files by name, its title, its first finding, remarks for its author, and images of figures."""

    files: Mapping[str, bytes]
    title: str
    headline: str
    remarks: tuple[str, ...] = ()
    images: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A report's files or its failure, and the seconds it took."""

    name: str
    result: Rendered | Failure
    seconds: float


def notebook_path(root: Path, notebook: str) -> Path:
    """A notebook's file."""
    return root / "notebooks" / f"{notebook}.ipynb"


def new_notebook(root: Path, name: str, study: str) -> Path:
    """Write notebooks/<name>.ipynb of a project: an example with a finding, a figure and a table of a study."""
    path = notebook_path(root, slug(name))
    if path.exists():
        raise BuildError(f"{path} is there already. Give the new notebook another name.")
    text = (Path(__file__).parent / "template" / "notebook.ipynb").read_text(encoding="utf-8")
    text = text.replace("TITLE_", json.dumps(name.replace("-", " ").capitalize())[1:-1])
    text = text.replace('\\"STUDY_\\"', json.dumps(json.dumps(study))[1:-1])
    with write_errors(path):
        replace_file(path, text.encode())
    return path


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Cells of a notebook, each with `cell_type`, `source` (one text) and `tags`; BuildError where it is none."""
    try:
        return [
            {
                "cell_type": str(cell["cell_type"]),
                "source": "".join(cell["source"]),
                "tags": list(cell.get("metadata", {}).get("tags", ())),
            }
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        ]
    except FileNotFoundError:
        known = sorted(p.stem for p in path.parent.glob("*.ipynb"))
        raise BuildError(
            f"study.toml asks for the notebook {path.stem!r}: {path} does not exist{did_you_mean(path.stem, known)}. "
            f"There: {', '.join(known) or 'none'}."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{path} is not a notebook ({error}). Save it again in JupyterLab.") from error


def read_code(path: Path) -> list[str]:
    """Sources of a notebook's code cells."""
    return [cell["source"] for cell in read_cells(path) if cell["cell_type"] == "code"]


def read_parameters(path: Path) -> tuple[Parameter, ...]:
    """Parameters of a notebook as papermill reads them; BuildError or ParameterError where they cannot be used."""
    cells = [cell["source"] for cell in read_cells(path) if "parameters" in cell["tags"]]
    if len(cells) != 1:
        raise BuildError(f"{path} has {len(cells)} cells tagged 'parameters'. Tag exactly one.")
    return tuple(_parameter(path.stem, *inspected) for inspected in _inspect(cells[0]))


def _inspect(source: str) -> list[tuple[str, str, str, str]]:
    def inspect() -> list[Any]:
        shorten_imports()
        from papermill.translators import PythonTranslator  # not for a cell that was inspected before

        return list(PythonTranslator.inspect({"source": source}))

    return remember(f"parameters {version('papermill')} {digest(source.encode())}", inspect)  # type: ignore[no-any-return]


def _parameter(notebook: str, name: str, kind: str, text: str, hint: str) -> Parameter:
    default = None
    with suppress(ValueError, SyntaxError):
        default = ast.literal_eval(text)
    kind = type(default).__name__ if kind == "None" else kind
    if kind not in TYPES or not fits(default, kind):
        raise ParameterError(notebook, name, text, f"its default must be a literal of {', '.join(TYPES)}, as annotated")
    return Parameter(name, kind, default, hint)


def fits(value: Any, kind: str) -> bool:
    """True where a value is of a parameter's type; an int passes as float, a bool as nothing."""
    outer, _, inner = kind.removesuffix("]").partition("[")
    if outer == "list":
        return isinstance(value, list) and all(not inner or fits(item, inner) for item in value)
    return type(value).__name__ in {"float": ("float", "int")}.get(kind, (kind,))


def study_reports(study: Study, root: Path) -> list[Report]:
    """Every report of a study; one error that lists everything wrong with them."""
    reports, wrong = plan_reports(study, root)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise BuildError("\n".join(map(format_error, wrong)))
    return reports


def plan_reports(study: Study, root: Path) -> tuple[list[Report], list[AnalysisError]]:
    """Every report of a study in the order of study.toml, and everything that is wrong with them."""
    from analysis.study.studyfiles import line_of

    reports: dict[str, Report] = {}
    wrong: list[AnalysisError] = []
    # Notebooks load it by name where it lies in the project's data/, else by path.
    argument = study.folder.name if study.folder.parent == (root / "data").resolve() else str(study.folder)
    for number, rule in enumerate(study.settings.reports):
        before = len(wrong)
        try:
            known = read_parameters(notebook_path(root, rule.notebook))
            order = [parameter.name for parameter in known]
            each = study.tested if rule.each and study.annotated else ()
            for given in (
                [{**rule.parameters, rule.each: outlet} for outlet in each] if rule.each else [rule.parameters]
            ):
                values = {**{name: given[name] for name in order if name in given}, **given}
                wrong += _check(rule.notebook, known, values, study)
                name = report_name(rule.notebook, order, given)
                if name in reports:
                    raise BuildError(f"the report {name!r} is asked for more than once. Delete this [[reports]].")
                reports[name] = Report(name, rule.notebook, {"study": argument, **values})
        except (BuildError, ParameterError) as error:
            wrong.append(error)
        for problem in wrong[before:]:
            path = study.folder / "study.toml"
            line = line_of(path.read_text(encoding="utf-8-sig"), "reports", number)
            problem.add_note(str(path) if line is None else f"{path}:{line}")
    return list(reports.values()), wrong


def _check(
    notebook: str, known: Sequence[Parameter], given: Mapping[str, Any], study: Study
) -> Iterator[ParameterError]:
    """Everything that is wrong with the parameters a report gives to its notebook, and with defaults it leaves."""
    types = {parameter.name: parameter.type for parameter in known}
    for name, value in given.items():
        if name == "study":
            yield ParameterError(notebook, name, value, "is passed anyway; leave it out")
        elif name not in types:
            names = ", ".join(types) or "none"
            message = f"the notebook has no such parameter{did_you_mean(name, types)}. It has {names}"
            yield ParameterError(notebook, name, value, message)
        elif not fits(value, types[name]):
            yield ParameterError(notebook, name, value, f"is not {types[name]}")
    values = {**{parameter.name: parameter.default for parameter in known}, **given}
    for name, value in values.items():
        message = _study_problem(notebook, name, value, study) if isinstance(value, str) and value else ""
        if not message and name == "right" and value == values.get("left"):
            message = "is the same outlet as left"
        if message:
            yield ParameterError(notebook, name, value, message)


def _study_problem(notebook: str, name: str, value: str, study: Study) -> str:
    """Sentence on a value that does not fit the study; empty where it does."""
    known = study.outlet_names if name in OUTLETS else study.settings.languages
    kind = {**dict.fromkeys(OUTLETS, "outlet"), "language": "language"}.get(name)
    if kind and value not in known:
        return f"is no {kind} of {study.name}{did_you_mean(value, known)}. Known: {', '.join(known)}"
    if (name, notebook) == ("outlet", "outlet") and study.annotated and value not in study.tested:
        least, tested = study.settings.min_articles, ", ".join(study.tested) or "none"
        return f"has fewer than {least} articles and is not tested. Tested: {tested}"
    return ""


def report_name(notebook: str, order: Sequence[str], given: Mapping[str, Any]) -> str:
    """Name of a report: its notebook, then each value given, in the order of the parameters cell (pair--cnn--msn)."""
    return "--".join([slug(notebook), *(slug(given[name]) for name in order if name in given)])


def slug(value: object, limit: int = 60) -> str:
    """A value as part of a file name: small letters, digits and single hyphens; a digest where nothing is left."""
    text = "-".join(map(str, value)) if isinstance(value, list) else str(value)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if 0 < len(name) <= limit:
        return name
    return f"{name[: limit - 9].strip('-')}-{digest(text.encode('utf-8', 'replace'))[:8]}".strip("-")


def select(reports: Sequence[Report], globs: Sequence[str]) -> list[Report]:
    """Reports whose names match one of the globs, or all; BuildError where a glob matches none."""
    for glob in globs:
        if not fnmatch.filter([report.name for report in reports], glob):
            known = ", ".join(report.name for report in reports)
            raise BuildError(f"no report matches {glob!r}. Reports: {known}.")
    return [r for r in reports if not globs or any(fnmatch.fnmatchcase(r.name, glob) for glob in globs)]
