"""An executed notebook → a page: what is trusted, what is text, what is the same on every machine; figures as files."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from docx import Document
from matplotlib import pyplot as plt

from analysis.errors import MissingLibrary
from analysis.publish.exports import write_figures, write_tables
from analysis.publish.pages import render_index, write_studies
from analysis.publish.render import PAYLOAD, plain, render
from analysis.publish.reports import Rendered, Report
from analysis.publish.state import NEW, Status
from analysis.report.components import show_figure
from analysis.wording import isolated

HOSTILE = "</script><script>alert(1)</script><svg onload=alert(2)>\"'><img src=x onerror=alert(3)>{{ 7*7 }}"
NAMES = "a\x07b\x85c \u202elim\u202c"
PAGE: dict[str, Any] = {
    **{"report": "plain", "study": "tiny", "study_title": "A tiny study", "subject": "", "banner": ""},
    **{"parameters": [("study", "str", '"tiny"', "the study")], "digest": "d" * 64, "warnings": []},
    "versions": [("Python", "3.11")],
}


def made(*cells: nbformat.NotebookNode, **page: Any) -> Rendered:
    """Render cells."""
    return render(nbformat.v4.new_notebook(cells=list(cells)), {**PAGE, **page})


def html(*cells: nbformat.NotebookNode, **page: Any) -> str:
    """The page of some cells."""
    return made(*cells, **page).files["plain.html"].decode()


markdown = nbformat.v4.new_markdown_cell


def code(source: str, *outputs: nbformat.NotebookNode, **metadata: Any) -> nbformat.NotebookNode:
    """A code cell."""
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata=metadata)


def shown(markup: str, source: str = "show()", **payload: str) -> nbformat.NotebookNode:
    """A code cell that shows something as analysis.report.components does."""
    data = {"text/html": markup, "text/plain": "…", PAYLOAD: payload}
    return code(source, nbformat.v4.new_output("display_data", data))


def printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    """A code cell that prints."""
    return code("", nbformat.v4.new_output("stream", name=name, text=text))


def test_the_first_h1_is_the_title_and_h2_are_the_contents() -> None:
    """Ids are unique, further h1 sink to h2."""
    page = html(markdown("# A *title*\n\n## One\n\n## One"), markdown("# Late\n\n### Three"))
    assert "<title>A title · A tiny study</title>" in page
    assert "<h1>A <em>title</em></h1>" in page
    headings = re.findall(r'<h(\d)(?: id="(s-[^"]*)")?', page)
    expected = [("1", ""), ("2", "s-one"), ("2", "s-one-2"), ("2", "s-late"), ("3", "s-three"), ("2", "")]
    assert expected == headings
    assert ["s-one", "s-one-2", "s-late", "provenance"] == re.findall(r'<li><a href="#([^"]*)"', page)


def test_markup_in_markdown_is_text_and_pictures_from_elsewhere_are_links() -> None:
    """nbconvert would pass it through; a page loads nothing."""
    pictures = "![a map](https://example.org/x.png) ![dot](data:image/png;base64,AA==)"
    block = "<div onclick=x>block</div>\n\n`<b>` [l](javascript:alert(1))"
    page = html(markdown(f"# {HOSTILE}\n\n## {HOSTILE}\n\n## Two\n\n{HOSTILE}\n\n{block} {pictures}"))
    for part in ("<script", "<svg", "<img src=x", "<div onclick", "javascript:"):
        assert part not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert '<a href="https://example.org/x.png">a map</a>' in page
    assert '<img src="data:image/png;base64,AA==" alt="dot" />' in page


def test_only_html_with_the_record_is_trusted() -> None:
    """A data frame's HTML, or anyone's, is shown as its plain text."""
    other = nbformat.v4.new_output("execute_result", {"text/html": "<b>raw</b>", "text/plain": f"text {HOSTILE}"})
    page = html(shown("<p>trusted</p>", kind="text"), code("x", other))
    assert "<p>trusted</p>" in page
    assert "<b>raw</b>" not in page
    assert "text &lt;/script&gt;&lt;script&gt;" in page


def test_code_is_folded_and_escaped() -> None:
    """Source is highlighted text; the parameters cell stands in the provenance only."""
    cell = code('study: str = "tiny"', tags=["parameters"])
    page = html(cell, shown("<p>x</p>", source="y = '</pre><script>'", kind="text"))
    main, footer = page.split('<footer class="provenance">')
    assert 1 == main.count('<details class="code"><summary>Code</summary>')
    assert "&lt;/pre&gt;&lt;script&gt;" in main
    assert 1 == footer.count('<details class="code">')


def test_tables_are_written_as_csv_too() -> None:
    """Names are slugs, unique on the page; the link says what it is of. The headline is the first finding."""
    first = shown("<table></table>", kind="table", name="../x", caption="A <b>", csv="a,b\n1,é\n")
    more = (shown("<table></table>", kind="table", name="x", caption="", csv="c\n") for _ in range(2))
    rendered = made(first, *more, *(shown("", kind="finding", text=text) for text in ("first", "second")))
    assert "first" == rendered.headline
    assert ["plain.html", "plain.x-2.csv", "plain.x-3.csv", "plain.x.csv"] == sorted(rendered.files)
    assert "a,b\n1,é\n".encode() == rendered.files["plain.x.csv"]
    link = '<a href="plain.x.csv" download>Download as CSV<span class="unseen">: A &lt;b&gt;</span></a>'
    assert link in rendered.files["plain.html"].decode()


def test_warnings_are_escaped_notes() -> None:
    """What a cell writes to stderr is shown without its machine."""
    page = html(printed("/tmp/ipykernel_7/12.py:3: UserWarning: <b>\n", "stderr"))
    assert '<aside class="note warning"' in page
    assert "cell:3: UserWarning: &lt;b&gt;" in page


def test_page_facts_are_escaped_and_shown() -> None:
    """Banner, subject, parameters, digest, versions, warnings."""
    hostile: dict[str, Any] = dict.fromkeys(("study_title", "subject", "banner"), HOSTILE)
    hostile["parameters"] = [(HOSTILE, "str", HOSTILE, HOSTILE)]
    text = html(markdown("# T"), **hostile, digest="d1", versions=[("p", "1")], warnings=["old"])
    assert "<script" not in text
    assert 9 == text.count("&lt;/script&gt;&lt;script&gt;")
    for part in ('<code class="digest">d1</code>', "p 1", '<p class="banner">old</p>'):
        assert part in text


def test_control_characters_reach_no_page_and_directions_stay_within_a_name() -> None:
    """In markdown, outputs and all facts; names as others write them have no marks added; no surrogate stops a page."""
    cells = markdown(f"# {NAMES}"), shown(f"<p>{NAMES}\ud800</p>", kind="text"), printed(NAMES)
    text = html(*cells, study_title=NAMES, banner=NAMES, parameters=[(NAMES, "str", NAMES, NAMES)])
    assert [] == re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert text.count("\u2068abc lim\u2069") >= 5
    assert "lim\u202c?</p>" in text
    assert "\u2068" not in html(markdown("# Gość"), study_title="Ñandú & Co. 新华社")
    assert "\u2068جريدة\u2069" == isolated("جريدة\u2069")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m \x07bell\r\n", "red bell\n"),
        ("File /home/me/secret/x.py:3", "File …/x.py:3"),
        ("C:\\Users\\me\\x.py", "…\\x.py"),
        ("/tmp/ipykernel_12/345.py:1: W", "cell:1: W"),
        ("<object at 0x7f00aa11bb22>", "<object at 0x…>"),
        ("see https://example.org/a/b and 1/2", "see https://example.org/a/b and 1/2"),
        (f"{sys.prefix}/lib/x.py", "lib/x.py"),
        ("/project/analysis/study/__init__.py:7", "analysis/study/__init__.py:7"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    """No colours, no machine paths, no addresses in memory; web addresses stay."""
    assert expected == plain(text, Path("/project"))


#: What the index reads of a study.
SETTINGS = SimpleNamespace(title="T <b>", question="Q?", invented="")
STUDY: Any = SimpleNamespace(name="tiny", outlet_names={"north": "North"}, settings=SETTINGS)


def test_the_index_escapes_and_tells_states(tmp_path: Path) -> None:
    """A failure has its place and traceback; a report never built has no link; no line is there twice."""
    failure = {"place": "in cell 4, line 2", "error": f"ValueError: {HOSTILE}", "traceback": f"Traceback {HOSTILE}"}
    made = NEW | {"files": {"x.html": ""}, "headline": f"{HOSTILE} 13 %\nTwo."}
    entries = [
        (Report("a", "a", {"study": "tiny", "outlet": "north", "x": HOSTILE}), Status("fresh"), made),
        (Report("b", "b", {}), Status("failed"), NEW | {"failure": failure}),
        (Report("c", "c", {}), Status("stale", ("notebook changed",)), made),
        (Report("d", "d", {}), Status("new", ("never built",)), NEW | {"title": "D"}),
    ]
    (tmp_path / "a.html").write_text('<figure class="chart">drawn</figure><figure class="chart">not</figure>')
    page = render_index(STUDY, entries, tmp_path).decode()
    assert "<script" not in page
    assert "It failed in cell 4, line 2: ValueError: &lt;/script&gt;" in page
    for part in ("1 of 4 reports could not be made.", "(notebook changed)", "13\N{NO-BREAK SPACE}%"):
        assert part in page
    assert ["a.html", "c.html"] == re.findall(r'<h3><a href="([^"]*)"', page)
    assert page.index("drawn") < page.index(">Outlets<") < page.index(">North<") < page.index(">Topics<")
    assert page.index(">B<") < page.index(">C<") < page.index("Two.")
    assert 1 == page.count("13\N{NO-BREAK SPACE}%")
    assert "not<" not in page


def test_the_index_of_studies_has_each_and_leaves_a_stranger_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entry a study, from the study's own index; an index.html of another maker stays.

    It leads to the repository that CITATION.cff names and to Binder, and nowhere where there is none.
    """
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "index.html").write_bytes(render_index(STUDY, [], tmp_path / "one"))
    write_studies(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert ["one/index.html"] == re.findall(r'<h2><a href="([^"]*)"', page)
    assert "<footer" in page and "mybinder.org/v2/gh/castillo-coverage/castillo-coverage/HEAD?" in page
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr("analysis.publish.pages.find_root", lambda: tmp_path)
    write_studies(tmp_path)
    assert "<footer" not in (tmp_path / "index.html").read_text(encoding="utf-8")
    (tmp_path / "index.html").write_text("mine")
    write_studies(tmp_path)
    assert "mine" == (tmp_path / "index.html").read_text()


TABLE = (
    "<meta charset='utf-8'><main><table id='table-x'><caption>A _b_.</caption><tr><th>a</th><th>b %</th></tr>"
    "<tr><th>x &amp; {y}</th><td>−1</td></tr></table></main>"
)


def test_each_table_becomes_a_file_in_every_format(tmp_path: Path) -> None:
    """As it is shown on the page; LaTeX's own letters are escaped; no time is written; files of lost tables go."""
    (tmp_path / "one.html").write_text(TABLE, encoding="utf-8")
    files = write_tables(tmp_path, ("csv", "tex", "docx"))
    assert [f"one.x.{kind}" for kind in ("csv", "docx", "tex")] == sorted(path.name for path in files)
    text, tex, docx = (tmp_path.joinpath("tables", f"one.x.{kind}").read_bytes() for kind in ("csv", "tex", "docx"))
    assert "a,b %\nx & {y},−1\n" == text.decode()
    for part in (r"x \& \{y\} & $-$1", r"b \%", r"\caption{A \_b\_.}", r"\label{tab:one.x}"):
        assert part in tex.decode()
    document = Document(io.BytesIO(docx))
    assert "A _b_." == document.paragraphs[0].text
    assert [["a", "b %"], ["x & {y}", "−1"]] == [[c.text for c in row.cells] for row in document.tables[0].rows]
    assert {(1980, 1, 1, 0, 0, 0)} == {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(docx)).infolist()}
    (tmp_path / "one.html").write_text("<main></main>")
    assert [] == write_tables(tmp_path, ("tex",)) == list((tmp_path / "tables").iterdir())


def test_a_format_that_needs_a_library_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.html").write_text(TABLE, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(MissingLibrary, match=r"--tables docx needs python-docx.*pip install \"\.\[exports\]\""):
        write_tables(tmp_path, ("docx",))


@pytest.mark.slow
def test_images_of_figures_have_the_colours_of_paper_and_no_date(
    monkeypatch: pytest.MonkeyPatch, closed_figures: None
) -> None:
    """Those of a page would be almost black; the same bytes twice."""
    monkeypatch.setenv("CASTILLO_FIGURES", "png,pdf")
    drawn = []
    for _ in range(2):
        axes = plt.subplots(facecolor="none")[1]
        axes.fill_between([0, 1], 1, color="#030303")
        drawn.append(show_figure(axes, name="f", caption="F.", alt="One.").record["images"])
    assert drawn[0] == drawn[1]
    assert ["f.png", "f.pdf"] == list(drawn[0])
    pixels = plt.imread(io.BytesIO(b64decode(drawn[0]["f.png"])))
    middle = pixels[len(pixels) // 2, len(pixels[0]) // 2]
    assert [216, 211, 199] == [round(255 * part) for part in middle[:3].tolist()]
    assert b"CreationDate" not in b64decode(drawn[0]["f.pdf"])


SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def figure(closed_figures: None) -> str:
    """The markup of a figure as display makes it."""
    _, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], color="#010101")
    axes.set_title("cost < $3 & more")
    return show_figure(axes, name="line", caption="A line.", alt="It rises from 3 to 4.").html


def test_each_figure_becomes_a_file_and_old_ones_go(tmp_path: Path, figure: str) -> None:
    """Named after report and figure."""
    (tmp_path / "one.html").write_text(f"<p>{figure}</p>{figure.replace('line', 'bar')}", encoding="utf-8")
    (tmp_path / "one.bar.csv").write_text("kept\n")
    (tmp_path / "none.html").write_text("<p></p>")
    files = write_figures(tmp_path)
    assert [tmp_path / "figures" / f"one.{name}.svg" for name in ("bar", "line")] == files
    assert "of,value\n,It rises from 3 to 4\n" == files[1].with_suffix(".csv").read_text()
    assert "kept\n" == files[0].with_suffix(".csv").read_text()
    before = [path.read_bytes() for path in files]
    assert before == [path.read_bytes() for path in write_figures(tmp_path)]
    (tmp_path / "one.html").unlink()
    assert [] == write_figures(tmp_path)
    assert [] == list((tmp_path / "figures").iterdir())
