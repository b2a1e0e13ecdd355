"""An executed notebook → a page: what is trusted, what is text, what is the same on every machine."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from analysis.publish.pages import Page, isolated, render_index
from analysis.publish.render import PAYLOAD, plain, render
from analysis.publish.reports import Failure, Rendered

HOSTILE = "</script><script>alert(1)</script><svg onload=alert(2)>\"'><img src=x onerror=alert(3)>{{ 7*7 }}"
PAGE = Page(
    report="plain",
    study="tiny",
    study_title="A tiny study",
    subject="",
    banner="",
    parameters=(("study", "str", '"tiny"', "the study"),),
    digest="d" * 64,
    versions=(("Python", "3.11"),),
)


def made(*cells: nbformat.NotebookNode, page: Page = PAGE) -> Rendered:
    """Render cells."""
    return render(nbformat.v4.new_notebook(cells=list(cells)), page)


def html(*cells: nbformat.NotebookNode, page: Page = PAGE) -> str:
    """The page of some cells."""
    return made(*cells, page=page).files["plain.html"].decode()


def markdown(text: str) -> nbformat.NotebookNode:
    """A markdown cell."""
    return nbformat.v4.new_markdown_cell(text)


def shown(markup: str, source: str = "show()", **payload: str) -> nbformat.NotebookNode:
    """A code cell that shows something as analysis.report.components does."""
    data = {"text/html": markup, "text/plain": "…", PAYLOAD: payload}
    return nbformat.v4.new_code_cell(source, outputs=[nbformat.v4.new_output("display_data", data)])


def printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    """A code cell that prints."""
    return nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("stream", name=name, text=text)])


def test_the_first_h1_is_the_title_and_h2_are_the_contents() -> None:
    """Ids are unique, further h1 sink to h2."""
    page = html(markdown("# A *title*\n\n## One\n\n## One"), markdown("# Late\n\n### Three"))
    assert "<title>A title · A tiny study</title>" in page
    assert "<h1>A <em>title</em></h1>" in page
    assert 1 == page.count("<h1")
    for heading in ('<h2 id="s-one">', '<h2 id="s-one-2">', '<h2 id="s-late">', '<h3 id="s-three">'):
        assert heading in page
    for link in ('href="#s-one"', 'href="#s-one-2"', 'href="#s-late"', 'href="#provenance"'):
        assert link in page
    assert 'href="#s-three"' not in page


def test_raw_html_in_markdown_is_text() -> None:
    """nbconvert would pass it through."""
    page = html(markdown(f"# T\n\n{HOSTILE}\n\n<div onclick=x>block</div>\n\n`<b>` [l](javascript:alert(1))"))
    assert "<script" not in page
    assert "<svg" not in page
    assert "<img" not in page
    assert "<div onclick" not in page
    assert "javascript:" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page


def test_hostile_heading() -> None:
    """In title, contents and heading it is text."""
    page = html(markdown(f"# {HOSTILE}\n\n## {HOSTILE}\n\n## Two"))
    assert "<script" not in page
    assert "<svg" not in page


def test_pictures_from_elsewhere_become_links() -> None:
    """A page loads nothing."""
    page = html(markdown("# T\n\n![a map](https://example.org/x.png) ![dot](data:image/png;base64,AA==)"))
    assert '<a href="https://example.org/x.png">a map</a>' in page
    assert '<img src="data:image/png;base64,AA==" alt="dot" />' in page


def test_only_html_with_the_record_is_trusted() -> None:
    """A data frame's HTML, or anyone's, is shown as its plain text."""
    other = nbformat.v4.new_output("execute_result", {"text/html": "<b>raw</b>", "text/plain": f"text {HOSTILE}"})
    page = html(shown("<p>trusted</p>", kind="text"), nbformat.v4.new_code_cell("x", outputs=[other]))
    assert "<p>trusted</p>" in page
    assert "<b>raw</b>" not in page
    assert "text &lt;/script&gt;&lt;script&gt;" in page


def test_code_is_folded_and_escaped() -> None:
    """Source is highlighted text; the parameters cell stands in the provenance only."""
    cell = nbformat.v4.new_code_cell('study: str = "tiny"', metadata={"tags": ["parameters"]})
    injected = nbformat.v4.new_code_cell('study = "/home/me/x"', metadata={"tags": ["injected-parameters"]})
    page = html(cell, injected, shown("<p>x</p>", source="y = '</pre><script>'", kind="text"))
    main, footer = page.split('<footer class="provenance">')
    assert 1 == main.count('<details class="code"><summary>Code</summary>')
    assert "&lt;/pre&gt;&lt;script&gt;" in main
    assert 1 == footer.count('<details class="code">')
    assert "/home/me" not in page


def test_tables_are_written_as_csv_too() -> None:
    """Names are slugs, unique on the page; the link says what it is of."""
    first = shown("<table></table>", kind="table", name="../x", caption="A <b>", csv="a,b\n1,é\n")
    second = shown("<table></table>", kind="table", name="x", caption="", csv="c\n")
    rendered = made(first, second)
    assert ["plain.html", "plain.x-2.csv", "plain.x.csv"] == sorted(rendered.files)
    assert "a,b\n1,é\n".encode() == rendered.files["plain.x.csv"]
    page = rendered.files["plain.html"].decode()
    assert '<a href="plain.x.csv" download>Download as CSV<span class="unseen">: A &lt;b&gt;</span></a>' in page


def test_the_headline_is_the_first_finding() -> None:
    """Later ones do not replace it."""
    rendered = made(shown("", kind="finding", text="first"), shown("", kind="finding", text="second"))
    assert "first" == rendered.headline


def test_warnings_are_escaped_notes() -> None:
    """What a cell writes to stderr is shown without its machine."""
    page = html(printed("/tmp/ipykernel_7/12.py:3: UserWarning: <b>\n", "stderr"))
    assert '<aside class="note warning"' in page
    assert "cell:3: UserWarning: &lt;b&gt;" in page


def test_page_facts_are_escaped_and_shown() -> None:
    """Banner, subject, parameters, digest, versions, warnings."""
    page = Page(
        "plain", "tiny", HOSTILE, HOSTILE, HOSTILE, ((HOSTILE, "str", HOSTILE, HOSTILE),), "d1", (("p", "1"),), ("old",)
    )
    text = html(markdown("# T"), page=page)
    assert "<script" not in text
    assert 9 == text.count("&lt;/script&gt;&lt;script&gt;")
    assert '<code class="digest">d1</code>' in text
    assert "p 1" in text
    assert '<p class="banner">old</p>' in text


def test_a_page_needs_nothing_else() -> None:
    """Policy, language, landmarks, skip link; no script, no import, no address but links."""
    page = html(markdown("# T\n\n## A\n\n## B"))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    for part in (
        '<html lang="en">',
        '<a class="skip" href="#main">',
        '<main id="main"',
        "<nav ",
        "<header ",
        "<footer ",
    ):
        assert part in page
    for part in ("<script", "@import", "url(", "http://", "https://", '<link rel="stylesheet"'):
        assert part not in page


def test_surrogates_do_not_stop_a_page() -> None:
    """What cannot be UTF-8 becomes a question mark."""
    assert "a ? b" in html(shown("<p>a \ud800 b</p>", kind="text"))


NAMES = "a\x07b\x85c \u202elim\u202c"


def test_control_characters_reach_no_page_and_directions_stay_within_a_name() -> None:
    """In markdown, outputs and all facts; names as others write them have no marks added."""
    page = replace(PAGE, study_title=NAMES, banner=NAMES, parameters=((NAMES, "str", NAMES, NAMES),))
    text = html(markdown(f"# {NAMES}"), shown(f"<p>{NAMES}</p>", kind="text"), printed(NAMES), page=page)
    assert [] == re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert text.count("\u2068abc \u202elim\u202c\u2069") >= 5
    assert "\u2068" not in html(markdown("# Gość"), page=replace(PAGE, study_title="Ñandú & Co. 新华社"))
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


class TinyStudy:
    """What the index reads of a study."""

    name = "tiny"

    class settings:
        """Its settings."""

        title, question, invented = "T <b>", "Q?", ""


def entry(*values: object) -> dict[str, object]:
    """An entry of the index."""
    names = ("name", "title", "subject", "parameters", "word", "reasons", "headline", "href", "failure")
    return dict(zip(names, values, strict=True))


def test_the_index_escapes_and_tells_states() -> None:
    """A failure has its place and traceback; a report never built has no link."""
    failure = Failure(4, 2, f"ValueError: {HOSTILE}", f"Traceback {HOSTILE}")
    entries = [
        entry("a", "A", "North", (("outlet", HOSTILE),), "fresh", (), f"{HOSTILE} 13 %", "a.html", None),
        entry("b", "B", "", (), "failed", (), "", "", failure),
        entry("c", "C", "", (), *("stale", ("notebook changed",)), "", "c.html", None),
        entry("d", "D", "", (), *("new", ("never built",)), "", "", None),
    ]
    page = render_index(TinyStudy(), entries).decode()  # type: ignore[arg-type]
    assert "<script" not in page
    assert "It failed in cell 4, line 2: ValueError: &lt;/script&gt;" in page
    assert "1 of 4 reports could not be made." in page
    assert "(notebook changed)" in page
    assert "13\N{NO-BREAK SPACE}%" in page
    assert 'href="a.html"' in page
    assert 'href="b.html"' not in page
    assert page.index(">A<") < page.index(">B<") < page.index(">C<")
