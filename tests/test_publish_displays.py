"""Figures, frames and Markdown of one's own: what a page makes of them, in both engines, to the byte."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from lxml import html
from matplotlib import pyplot as plt
from ministudy import make_project, write_notebook
from test_reports import AXE, CONTRAST, PATH

from analysis.publish.displays import FOLDED, MOST_ROWS, show_frame
from analysis.report import alternatives
from analysis.report.components import show_figure

pytestmark = pytest.mark.usefixtures("closed_figures")
FRAME = pd.DataFrame({"outlet": ["North & <b>", "South"], "articles": [12, 8], "share": [0.5, 0.3333]})
DATA = f"import pandas as pd\nframe = pd.DataFrame({FRAME.to_dict('list')})"
NOTEBOOKS = {
    "bars": [
        *(
            DATA,
            "ax = frame.plot.bar(x='outlet', y='articles', title='Articles', legend=False)\nax.set_ylabel('items');",
        ),
        *("frame", "frame['share']", "frame.style.format({'share': '{:.0%}'}).set_caption('Shares')"),
        "from IPython.display import Markdown\nMarkdown('Some **bold** <script>')",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.hist([1, 2, 2, 3])\nfig",
        "plt.plot(pd.date_range('2022-12-07', periods=2), [1, 2.5])\nplt.title('Rise')\nplt.show()",
        "pd.DataFrame({'odd': [object()]})",
    ],
    "seaborn": [
        *(DATA, "import seaborn as sns\nsns.set_theme()\nlong = frame.melt('outlet')"),
        "sns.barplot(long, x='outlet', y='value', hue='variable').set_title('By seaborn')",
        "from analysis.report.components import show_figure\n"
        "show_figure(sns.scatterplot(frame, x='articles', y='share'), caption='Dots. Two.', alt='Two dots.')",
    ],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with notebooks of one's own and the example, which were built into reports/, and in kernels."""
    root = tmp_path_factory.mktemp("own") / "project"
    make_project(root, "".join(f'[[reports]]\nnotebook = "{name}"\n' for name in (*NOTEBOOKS, "my-days")))
    for name, cells in NOTEBOOKS.items():
        write_notebook(root, name, [f"# {name.title()}", *cells])
    made = castillo(root, "new-notebook", "My days", "tiny")
    told = 'my-days.ipynb: written. To build it, add to study.toml:\n[[reports]]\nnotebook = "my-days"\n'
    assert made.stdout.endswith(told)
    assert "is there already" in castillo(root, "new-notebook", "my-days", "tiny").stderr
    for options in (["--figures"], ["--output", "kernels", "--kernel", "--only", "bars", "--only", "my-days"]):
        done = castillo(root, "build", "tiny", "--jobs", "2", *options)
        assert 0 == done.returncode, done.stdout + done.stderr
    return root


def castillo(root: Path, *arguments: str) -> Any:
    """Run the program in a project."""
    command = [sys.executable, "-m", "analysis", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600)


def page_of(root: Path, name: str) -> Any:
    """A page without its code."""
    page = html.document_fromstring((root / "reports/tiny" / f"{name}.html").read_text(encoding="utf-8"))
    for code in page.xpath("//details[@class='code']"):
        code.drop_tree()
    return page


@pytest.mark.slow
def test_notebooks_of_one_s_own_give_the_same_bytes_in_kernels(built: Path) -> None:
    expected, actual = (
        {path.name: path.read_bytes() for path in (built / folder / "tiny").glob("[bm][ay][r-]*")}
        for folder in ("reports", "kernels")
    )
    assert len(expected) > 8
    assert [] == [name for name in sorted({*expected, *actual}) if expected.get(name) != actual.get(name)]


@pytest.mark.slow
def test_figures_tables_and_markdown_become_those_of_a_page(built: Path) -> None:
    """Each figure once, with its numbers in words and as CSV; nothing of what statements that draw return."""
    page = page_of(built, "bars")
    expected = (
        "Bar chart: Articles. x: outlet; y: items. Values: articles: North & <b> 12, South 8.",
        "Histogram. Values: 1 to 1.2: 1, 1.2 to 1.4: 0, ",
        "Line chart: Rise. Values: 2022-12-07 1, 2022-12-08 2.5.",
    )
    for text, told in zip(expected, page.xpath("//desc/text()"), strict=True):
        assert told.startswith(text)
    assert ["Articles", "Figure 2", "Rise"] == [title.text for title in page.xpath("//p[@class='title']")]
    captions = ["Table 1: outlet, articles and share", "Table 2: share", "Shares", "Table 4: odd"]
    assert captions == page.xpath("//main//caption/text()")
    assert "50%" in page.xpath("string(//table[caption='Shares'])")
    assert "Some bold <script>" == page.xpath("string(//div[@class='output text'])").strip()
    assert [] == page.xpath("//main//pre | //img")
    text = html.tostring(page, encoding="unicode")
    assert [] == PATH.findall(text)
    assert "object at 0x…" in text
    rows = list(csv.reader((built / "reports/tiny/bars.figure-1.csv").open(encoding="utf-8")))
    assert [["x", "y"], ["North & <b>", "12"], ["South", "8"]] == [row[-2:] for row in rows]
    assert "Two dots." == page_of(built, "seaborn").xpath("//desc")[1].text


@pytest.mark.slow
def test_a_figure_without_a_text_alternative_is_named_by_list(built: Path) -> None:
    """Not one whose author gave it one, as in the example."""
    told = castillo(built, "list", "tiny").stdout
    made = [line.strip().split(":")[1].strip() for line in told.splitlines() if "text alternative" in line]
    assert ["Articles", "Figure 2", "Rise", "By seaborn"] == made


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_notebook_of_one_s_own_is_accessible(built: Path, browser: Any, scheme: str) -> None:
    """axe-core has no complaint, and every word of a figure can be read against what lies beneath it."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 6000})
    page = context.new_page()
    for name in NOTEBOOKS:
        page.goto((built / "reports/tiny" / f"{name}.html").as_uri())
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        page.add_style_tag(content=".figure-scroll, .table-scroll { background: none !important }")
        assert [] == page.evaluate(AXE)
        assert [] == page.evaluate(CONTRAST)
    context.close()


@pytest.mark.slow
def test_the_example_notebook_has_a_finding_a_figure_in_words_of_its_own_and_a_table(built: Path) -> None:
    page = page_of(built, "my-days")
    assert "Bars. The North 3; The South 2; Single Page 1." == page.xpath("string(//desc)")
    assert ["Articles per day."] == page.xpath("//main//caption/text()")
    assert (built / "reports/tiny/figures/my-days.figure-1.svg").is_file()


def bars(ax: Any) -> None:
    ax.barh(["a", "b"], [1, 2.5], label="first")
    ax.barh(["a", "b"], [3, 4], left=[1, 2.5], label="second")


def cells(ax: Any) -> None:
    ax.imshow([[1, 2], [3, 4]])
    ax.set_xticks([0, 1], ["x1", "x2"])
    ax.set_yticks([0, 1], ["y1", "y2"])


DAYS = pd.Series([1, 3], index=pd.date_range("2022-12-07", periods=2), name="n")
MONTHS = pd.period_range("2022-12", periods=2, freq="M")
DRAWN = {
    "Bar chart. Values: first: a 1, b 2.5; second: a 3, b 4.": bars,
    "Heat map. Values: y1: x1 1, x2 2; y2: x1 3, x2 4.": cells,
    "Pie chart. Values: a 25.0 %, b 75.0 %.": lambda ax: ax.pie([1, 3], labels=["a", "b"]),
    "Scatter plot. Values: 1 3, 2 −4.": lambda ax: ax.scatter([1, 2], [3, -4]),
    "Line chart. Values: 0 1, 1 2.": lambda ax: (ax.plot([1, 2]), ax.axhline(5), ax.axvline(0)),
    "Bar chart. Values: 2020 1, 2021 2.": lambda ax: ax.bar([2020, 2021], [1, 2], yerr=[0.1, 0.2]),
    "Line chart. Values: n: 2022-12-07 1, 2022-12-08 3.": lambda ax: DAYS.plot(ax=ax, legend=True),
    "Line chart. Values: n: 2022-12 1, 2023-01 3.": lambda ax: DAYS.set_axis(MONTHS).plot(ax=ax),
    "Box plot. x: boxes. Values: 1: lower quartile 1.5, median 2, upper quartile 2.5.": lambda ax: (
        ax.boxplot([[1, 2, 3]]),
        ax.set_xlabel("boxes"),
    ),
    "Chart. x: days.": lambda ax: ax.set_xlabel("days"),
}


@pytest.mark.parametrize("expected", DRAWN)
def test_the_numbers_drawn_are_told(expected: str) -> None:
    """Of each kind of chart; lines across the axes, error bars and legends are no numbers."""
    figure, ax = plt.subplots()
    DRAWN[expected](ax)
    assert expected == alternatives.describe(figure)


def test_of_many_numbers_the_first_are_told() -> None:
    figure, ax = plt.subplots()
    ax.plot(range(100))
    text = alternatives.describe(figure)
    assert text.endswith("38 38, 39 39. 60 values more; all lie between 0 and 99.")
    assert 101 == len(show_figure(ax).record["csv"].splitlines())


def test_a_ground_of_one_s_own_keeps_the_colours_of_paper() -> None:
    """Where the page is dark, its light ink would not be read there."""
    with mpl.rc_context({"figure.facecolor": "white"}):
        assert "var(" not in show_figure(plt.subplots()[1]).html
    with mpl.rc_context({"figure.facecolor": "none", "xtick.labelcolor": "#010101"}):
        assert "var(--ink" in show_figure(plt.subplots()[1]).html


def test_the_figure_of_a_finding_can_be_changed_and_drawn_again() -> None:
    shown = show_figure(plt.subplots()[1], name="n", caption="A caption. More.", alt="Nothing.")
    shown.axes.set_xlabel("another label")
    again = shown.redrawn()
    assert "another label" in again.html and "another label" not in shown.html
    assert shown.record == again.record


def test_any_frame_is_a_table() -> None:
    """Indexes are columns, headings are distinct, long tables are folded or cut and their CSV is whole."""
    odd = pd.DataFrame([[1, np.inf, {"k": 1}, pd.Timestamp("2022-12-07 10:30")]], columns=["a", "a", ("b", "c"), 4])
    odd.index = pd.MultiIndex.from_tuples([("x", 1)], names=["k", None])
    table = show_frame(odd)
    assert "k,row,a,a (2),b · c,4" == table.record["csv"].splitlines()[0]
    assert "2022-12-07 10:30:00" in table.html and "{&#x27;k&#x27;: 1}" in table.html
    assert "<details>" not in table.html
    assert "<details>" in show_frame(pd.DataFrame({"a": range(FOLDED + 1)})).html
    many = show_frame(pd.Series(range(MOST_ROWS + 5), name="n"))
    assert MOST_ROWS == many.html.count("<tr>") - 1
    assert MOST_ROWS + 6 == len(many.record["csv"].splitlines())
    assert "The first 1,000 of 1,005 rows" in many.record["caption"]
    assert "A table without columns." in show_frame(pd.DataFrame()).html
    assert "0.00123" in show_frame(pd.DataFrame({"p": [0.00123]})).html
    named = pd.DataFrame({"a": pd.Categorical(["=1+1", None])})
    named.attrs["caption"] = "Mine"
    assert 'a\n\'=1+1\n""\n' == show_frame(named).record["csv"] and "Mine" == show_frame(named).record["caption"]
    assert ": a: none." in show_frame(pd.DataFrame({"a": []})).html
