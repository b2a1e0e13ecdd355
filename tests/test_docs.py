"""Nothing that a user meets is undocumented: commands, options, columns, notebook parameters, folders."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from command_table import MARKS, PAGE, command_table
from readme_figure import FIGURE, figure

from analysis.cli import main
from analysis.publish.reports import read_parameters

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
GUIDE = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: Sections of the README in the order a reader needs them.
ORDER = (
    *("Findings", "Two commands", "Your own study", "As a library"),
    *("What is where", "Limits", "How to cite", "Licences"),
)


def test_every_command_and_option_is_listed() -> None:
    """Renewed by python tests/command_table.py --write."""
    assert command_table().strip() == MARKS.search(PAGE.read_text(encoding="utf-8"))[2].strip()


def test_the_readme_is_short_and_leads_to_the_rest() -> None:
    """Everything else is a link away."""
    assert len(README.splitlines()) <= 180
    assert "](data/commands.md)" in README
    assert "](commands.md)" in (ROOT / "data" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [[], *([name] for name in sorted(main.commands))], ids="-".join)
def test_every_help_carries_an_example_and_says_what_each_option_does(arguments: list[str]) -> None:
    """The example names the command itself."""
    text = CliRunner().invoke(main, [*arguments, "--help"]).output
    assert re.search(rf"Example: castillo {' '.join(arguments)}", text)
    for name in arguments:
        assert all(param.help for param in main.commands[name].params if isinstance(param, click.Option))


def test_every_notebook_has_a_section() -> None:
    """And no section is of a notebook that is no more."""
    assert set(NOTEBOOKS) == set(re.findall(r"^## (\S+)$", GUIDE, re.MULTILINE))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_notebook_says_question_parameters_and_what_to_conclude(notebook: str) -> None:
    """Each parameter by its name, and none that it has not."""
    section = re.search(rf"^## {notebook}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)[1]
    for part in ("- **Question.**", "- **Parameters.**", "- **Conclude**", "- **Do not conclude**"):
        assert part in section
    listed = section.partition("- **Parameters.**")[2].partition("- **Conclude**")[0]
    declared = {parameter.name for parameter in read_parameters(ROOT / "notebooks" / f"{notebook}.ipynb")}
    assert declared == set(re.findall(r"`(\w+)`", listed)) - {"outlets"}


def test_the_readme_s_order() -> None:
    """Question first, licences last."""
    assert list(ORDER) == re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert README.index("?**") < README.index("## Findings")


def test_the_library_does_what_the_readme_shows() -> None:
    """Each line typed, and its output compared as printed, spaces aside."""
    shown = doctest.DocTestParser().get_doctest(README.replace("```", ""), {}, "README.md", None, 0)
    assert 5 <= len(shown.examples)
    assert 0 == doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(shown).failed


def test_contributing_tells_how_to_add_each_kind_of_thing() -> None:
    """And its files exist."""
    for thing in ("An actor", "A language", "An instrument", "A notebook"):
        assert f"**{thing}.**" in CONTRIBUTING
    for name in re.findall(r"`([a-z_/]+\.(?:py|bib|csv|toml|jsonl))`", CONTRIBUTING):
        places = (name, f"analysis/{name}", f"analysis/*/{name}", f"data/*/{name}")
        assert any(list(ROOT.glob(place)) for place in places), name
    for command in re.findall(r"`?make (\w+)", CONTRIBUTING):
        assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), command


@pytest.mark.slow
def test_a_module_imports_only_what_contributing_lists_above_it() -> None:
    """And the list is of what there is."""
    flow = CONTRIBUTING.partition("## How it flows")[2].partition("\n## ")[0]
    listed = re.findall(r"^    (\w+) {2,}\S", flow, re.MULTILINE)
    library = ROOT / "analysis"
    there = {path.stem for path in library.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(listed) == sorted(there - {"__init__", "__main__"})
    for path in library.rglob("*.py"):
        place = path.relative_to(library).parts[0].removesuffix(".py")
        nodes = ast.walk(ast.parse(path.read_bytes()))
        for node in (node for node in nodes if isinstance(node, ast.ImportFrom) and place in listed):
            package, _, module = (node.module or "").partition(".")
            used = [module.partition(".")[0]] if module else [alias.name for alias in node.names]
            for name in used if package == "analysis" else ():
                assert name not in listed or listed.index(name) <= listed.index(place), f"{path} imports {name}"


@pytest.mark.slow
def test_the_readme_s_figure_is_the_drawn_one() -> None:
    """Renewed by python tests/readme_figure.py --write; it speaks of actors and numbers only."""
    assert figure() == FIGURE.read_text(encoding="utf-8")
    assert f"]({FIGURE.relative_to(ROOT).as_posix()})" in README
