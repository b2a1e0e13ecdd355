"""What a notebook shows: nothing foreign passes unescaped, and the record holds what the publisher needs."""

import csv
import io
import re
import unicodedata
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lxml import html
from matplotlib import pyplot as plt

from analysis.report import components
from analysis.report.components import MIME, show_articles, show_figure, show_findings, show_table
from analysis.report.findings import Finding
from analysis.study import load_study
from analysis.wording import percent

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert('2')">&"""


class _Page:
    """Tags, attributes, text and links of a page."""

    def __init__(self, source):
        root = html.fragment_fromstring(source, create_parent=True)
        self.tags = [element.tag for element in root.iter()]
        self.attributes = [pair for element in root.iter() for pair in element.items()]
        self.text, self.links = root.text_content(), root.xpath("//a/@href")


def _harmless(source):
    page = _Page(source)
    assert not {"script", "img", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    return page


@pytest.mark.parametrize(
    "shown",
    [
        lambda: components.say(HOSTILE),
        lambda: components.note(HOSTILE),
        lambda: show_findings([Finding(HOSTILE, HOSTILE)]),
        lambda: show_table(pd.DataFrame({HOSTILE: [HOSTILE], "b": [HOSTILE]}), name="t", caption=HOSTILE),
        lambda: show_table(
            pd.DataFrame({"a": [1.0]}), name="t", caption="c", columns={"a": (HOSTILE, lambda _: HOSTILE)}
        ),
        lambda: show_table(pd.DataFrame({"a": [HOSTILE]}), name="t", caption=HOSTILE, fold=True),
    ],
)
def test_hostile_text_comes_out_as_text(shown):
    assert HOSTILE in _harmless(shown().html).text


def test_hostile_text_in_a_figure_comes_out_as_text(closed_figures):
    axes = plt.subplots()[1]
    axes.set_xlabel(HOSTILE)
    shown = show_figure(axes, name="f", caption=HOSTILE, alt=HOSTILE)
    assert 4 <= _harmless(shown.html).text.count(HOSTILE)  # title, description, label, caption


@pytest.mark.parametrize("name", ['x" onclick="alert(1)', "<b>"])
def test_hostile_names_stay_inside_their_attribute(name):
    page = _harmless(show_table(pd.DataFrame({"a": [1]}), name=name, caption="c").html)
    assert ("id", f"table-{name}") in page.attributes


@pytest.mark.parametrize(
    ("url", "links"),
    [
        ("https://e.org/a?b=1&c=2", ["https://e.org/a?b=1&c=2"]),
        ("HTTP://e.org", ["HTTP://e.org"]),
        ("javascript:alert(1)", []),
        (" javascript:alert(1)", []),
        ("JaVaScRiPt:alert(1)", []),
        ("data:text/html,<script>", []),
        ("//e.org", []),
        ("http://[", []),
        ('https://e.org/"onmouseover="x', ['https://e.org/"onmouseover="x']),
    ],
)
def test_only_web_addresses_become_links(small_study, url, links):
    study = replace(small_study, manifest=small_study.manifest.assign(url=url))
    page = _harmless(show_articles(study, {"Castillo": ["north-0"]}, name="a", caption="c").html)
    assert links == page.links
    assert "The North, 2022-12-07" in page.text


def test_every_count_stands_over_its_articles(small_study):
    shown = show_articles(small_study, {"A & B": ["south-1", "north-0"], HOSTILE: []}, name="a", caption=HOSTILE)
    page = _harmless(shown.html)
    assert "A & B (2)" in page.text
    assert f"{HOSTILE} (0)" in page.text
    assert ["https://north.example/0", "https://south.example/1"] == page.links
    assert {"kind": "articles", "name": "a", "caption": HOSTILE} == dict(shown.record)


FRAME = pd.DataFrame(
    {
        "name": ["a", "b"],
        "share": [0.12345678912, np.nan],
        "n": [1200, 3],
        "tested": [True, False],
        "day": pd.to_datetime(["2022-12-07", None]),
        "hidden": [1, 2],
    }
)


def test_a_tables_csv_holds_every_column_to_ten_digits():
    columns = {"name": "Name", "share": ("Share", percent)}
    shown = show_table(FRAME.assign(text="a\x00\x1b[0m\x9bb"), name="t", caption="Shares. With more.", columns=columns)
    assert ("table", "t", "Shares. With more.") == tuple(shown.record[key] for key in ("kind", "name", "caption"))
    rows = list(csv.DictReader(io.StringIO(shown.record["csv"])))
    assert [*FRAME, "text"] == list(rows[0])
    assert [("0.1234567891", "a[0mb"), ("", "a[0mb")] == [(row["share"], row["text"]) for row in rows]
    assert "hidden" not in shown.html


@pytest.mark.parametrize("text", ["=1+2", "+1 A", "-A1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-5"])
def test_text_that_a_spreadsheet_would_compute_is_text_and_numbers_stay(text):
    frame = pd.DataFrame({"+n": [-1.5, 2.0], "t": [text, "a-b"], "mixed": [-3, text]})
    shown = show_table(frame, name="t", caption="c", columns={"t": "T"})
    rows = list(csv.reader(io.StringIO(shown.record["csv"], newline="")))
    assert [["'+n", "t", "mixed"], ["-1.5", "'" + text.replace("\r", "\n"), "-3"], ["2.0", "a-b", rows[1][1]]] == rows


@pytest.mark.parametrize("name", ["\u202eevil", "\u2066a\u2069\u2069b"])
def test_a_name_that_sets_its_direction_is_isolated_and_control_characters_go(study_folder, edit, name):
    edit("outlets.csv", "The North", name)
    study = load_study(study_folder)
    (shown,) = [n for n in study.outlet_names.values() if n.startswith("\u2068")]
    assert shown.endswith("\u2069")
    assert 2 == sum(unicodedata.category(character) in ("Cf", "Cc") for character in shown)
    assert shown in show_articles(study, {"Castillo": ["north-0"]}, name="a", caption="c").html
    assert shown == _Page(show_table(pd.DataFrame({"a": [name]}), name="t", caption="c").html).text[-len(shown) :]
    assert "\x07" not in components.say("a\x07b").html


def test_a_table_is_as_people_read_it_and_marked_up_for_those_who_do_not_see_it():
    """A caption, headings with their scope, the first cell heading its row, a scrolled region that has a name."""
    page = _Page(show_table(FRAME, name="t", caption="Shares. With more.").html)
    assert [] == [shown for shown in ("0.12", "–", "1,200", "yes", "no", "2022-12-07") if shown not in page.text]
    assert not re.search("nan|nat", page.text, re.IGNORECASE)
    assert len(FRAME.columns) == page.attributes.count(("scope", "col"))
    assert 2 == page.attributes.count(("scope", "row"))
    assert "caption" in page.tags
    assert ("aria-label", "Shares") in page.attributes
    assert "details" in _Page(show_table(FRAME, name="t", caption="Shares.", fold=True).html).tags


TESTED, DESCRIBED = Finding("More.", "more", "confirmatory", "Matched difference +3."), Finding("One of two.")
SILENT = Finding("Nothing.", "cannot tell", "confirmatory", limit="9 points in names")


@pytest.mark.parametrize(
    ("groups", "otherwise", "expected"),
    [
        ([[TESTED], [], [DESCRIBED]], "None.", ["More.Matched difference +3.", "One of two."]),
        ([[], []], "None.", ["None."]),
        ([[DESCRIBED]], "None.", ["One of two.", "None."]),
        ([[DESCRIBED]], "", ["One of two."]),
        ([[SILENT], [DESCRIBED]], "None.", ["One of two."]),
        ([[SILENT]], "None.", ["No difference here is large enough to be told from chance."]),
        ([7 * [TESTED]], "None.", 7 * ["More.Matched difference +3."]),
    ],
)
def test_findings_stand_in_order_the_first_is_the_headline_and_nothing_tested_is_said(groups, otherwise, expected):
    shown = show_findings(*groups, otherwise=otherwise)
    page = html.fragment_fromstring(shown.html, create_parent=True)
    lists = [[item.text_content() for item in found.iter("li")] for found in page.iter("ul")]
    assert [part for part in (expected[:5], expected[5:]) if part] == lists
    texts = [text.removesuffix("Matched difference +3.") for text in expected]
    assert {"kind": "finding", "text": texts[0], "all": "\n".join(texts)} == dict(shown.record)
    assert ("small print" in shown.html) == (TESTED in groups[0])


def test_what_cannot_be_told_is_said_once_with_the_sizes_that_would_have_shown():
    more = Finding("Nothing.", "cannot tell", limit="0.2 in tone")
    shown = components.show_limits([SILENT, TESTED], [more, Finding("Days are missing.", "cannot tell")], also="Ours.")
    expected = "Only differences larger than about 9 points in names and 0.2 in tone would have shown."
    assert f"{expected} Days are missing. Ours." == shown.record["text"]
    assert "Ours." == components.show_limits([TESTED], also="Ours.").record["text"]


def test_panels_are_figures_of_their_own_under_one_caption(closed_figures):
    panels = [(plt.subplots()[1], title, f"Alt of {title}.") for title in ("A", "B")]
    shown = components.show_panels(panels, name="p", caption="Two.")
    assert ["figure-p-1", "figure-p-2"] == html.fragment_fromstring(shown.html, create_parent=True).xpath(
        "//figure/@id"
    )
    assert "A: Alt of A. B: Alt of B." == shown.record["text"]


def test_a_bundle_for_jupyter_holds_html_text_and_record():
    shown = components.say("A & B")
    assert {"text/html": "<p>A &amp; B</p>", "text/plain": "A & B", MIME: {"kind": "text", "text": "A & B"}} == (
        shown._repr_mimebundle_()
    )


def test_a_figure_carries_its_text_alternative(closed_figures):
    shown = show_figure(plt.subplots()[1], name="f", caption="A caption. More.", alt="One point at 1.")
    assert {"kind": "figure", "name": "f", "caption": "A caption. More.", "text": "One point at 1."} == dict(
        shown.record
    )
    assert '<desc id="f-desc">One point at 1.</desc>' in shown.html
    assert '<p class="title">A caption</p>' in shown.html
    assert "<figcaption>More.</figcaption>" in shown.html


def test_of_many_articles_the_first_are_listed_and_a_csv_holds_all(small_study, monkeypatch):
    monkeypatch.setattr("analysis.report.components.LISTED", 2)
    ids = ["south-1", "south-0", "north-2", "north-0"]
    shown = show_articles(small_study, {"many": ids, "few": ["north-1"], "none": []}, name="a", caption="c")
    page = _harmless(shown.html)
    assert "many (4)" in page.text
    assert "and 2 more, in the CSV" in page.text
    assert [f"https://north.example/{number}" for number in (0, 2, 1)] == page.links
    table = pd.read_csv(io.StringIO(shown.record["csv"]))
    assert [*sorted(ids), "north-1"] == table["article"].to_list()
    assert ["counted", "article", "outlet", "day", "url"] == table.columns.to_list()
