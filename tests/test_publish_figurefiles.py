"""Figures as files: each of them, drawn alike outside a page, and without touching what a build made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree
from matplotlib import pyplot as plt
from publishing import SHOW, make_project, write_notebook

from analysis.cli import main
from analysis.errors import BuildError
from analysis.publish.figurefiles import standalone, write_figures
from analysis.report.components import show_figure

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def page(tmp_path: Path, closed_figures: None) -> str:
    """The markup of a figure as display makes it."""
    _, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], color="#010101")
    axes.set_title("cost < $3 & more")
    return show_figure(axes, name="line", caption="A line.", alt="It rises from 3 to 4.").html


def test_each_figure_becomes_a_file_and_old_ones_go(tmp_path: Path, page: str) -> None:
    """Named after report and figure."""
    (tmp_path / "one.html").write_text(f"<p>{page}</p>{page.replace('line', 'bar')}", encoding="utf-8")
    (tmp_path / "none.html").write_text("<p></p>")
    made = write_figures(tmp_path)
    assert [tmp_path / "figures" / f"one.{name}.svg" for name in ("bar", "line")] == made
    before = [path.read_bytes() for path in made]
    assert before == [path.read_bytes() for path in write_figures(tmp_path)]
    (tmp_path / "one.html").unlink()
    assert [] == write_figures(tmp_path)
    assert [] == list((tmp_path / "figures").iterdir())


def test_a_symlink_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    """Neither is anything written there nor deleted."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.svg").write_text("")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BuildError, match="figures is a symlink"):
        write_figures(tmp_path / "reports")
    assert (tmp_path / "elsewhere" / "mine.svg").exists()


def test_a_file_needs_no_page(page: str) -> None:
    """Well-formed, with a size, no variable of a style sheet, and its text alternative."""
    text = standalone(page[page.index("<svg") : page.index("</svg>") + 6])
    root = etree.fromstring(text.encode())
    assert f"{SVG}svg" == root.tag
    assert float(root.get("width")) > 100 < float(root.get("height"))
    assert ("A line", "It rises from 3 to 4.") == tuple(root.find(f"{SVG}{part}").text for part in ("title", "desc"))
    assert "cost < $3 & more" in "".join(root.itertext())
    assert "var(" not in text and "currentColor" not in text
    assert "#1d1d1f" in text


@pytest.mark.slow
def test_building_with_figures_leaves_pages_and_manifest_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """Also where nothing was to be built; a plain build does not touch them."""
    root = make_project(tmp_path)
    write_notebook(root, "plain", ["# Plain", SHOW + f"show({page!r}, kind='figure', name='line')"])
    monkeypatch.chdir(root)
    folder = root / "reports" / "tiny"

    def build(*arguments: str) -> tuple[str, dict[str, bytes]]:
        done = CliRunner().invoke(main, ["build", "tiny", *arguments])
        assert 0 == done.exit_code, done.output
        return done.output, {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    _, plain = build()
    assert not (folder / "figures").exists()
    output, files = build("--figures")
    assert f"{folder / 'figures'}: 1 figure" in output
    assert plain == files
    assert ["plain.line.svg"] == [path.name for path in (folder / "figures").iterdir()]
    assert "1 fresh" in build()[0]
    shutil.rmtree(folder / "figures")
    assert plain == build("--figures", "--force")[1]
    assert (folder / "figures" / "plain.line.svg").is_file()


@pytest.mark.slow
def test_every_figure_of_a_study_becomes_a_file(built: Callable[[str], Path], tmp_path: Path) -> None:
    """As many as the pages show, each well-formed."""
    for page in built("sample").glob("*.html"):
        shutil.copy(page, tmp_path)
    shown = sum(page.read_text(encoding="utf-8").count('<figure class="chart"') for page in tmp_path.glob("*.html"))
    made = write_figures(tmp_path)
    assert shown == len(made) > 20
    for path in made:
        assert "var(" not in path.read_text(encoding="utf-8")
        etree.parse(path)
