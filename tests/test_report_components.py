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


class Page:
    """Tags, attributes, text and links of a page."""

    def __init__(self, source):
        root = html.fragment_fromstring(source, create_parent=True)
        self.tags = [element.tag for element in root.iter()]
        self.attributes = [pair for element in root.iter() for pair in element.items()]
        self.text, self.links = root.text_content(), root.xpath("//a/@href")


def harmless(source):
    page = Page(source)
    assert not {"script", "img", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    return page


@pytest.mark.parametrize(
    "shown",
    [
        lambda: components.say(HOSTILE),
        lambda: components.note(HOSTILE),
        lambda: show_findings([Finding(HOSTILE, HOSTILE)]),
        lambda: show_table(pd.DataFrame({HOSTILE: [HOSTILE]}), name=HOSTILE, caption=HOSTILE, fold=True),
        lambda: show_table(pd.DataFrame({"a": [1]}), caption="c", columns={"a": (HOSTILE, lambda _: HOSTILE)}),
        lambda: show_figure(plt.subplots()[1], name="f", caption=HOSTILE, alt=HOSTILE),
    ],
)
def test_hostile_text_comes_out_as_text(shown, closed_figures):
    assert HOSTILE in harmless(shown().html).text


@pytest.mark.parametrize(
    ("url", "links"),
    [
        ("https://e.org/a?b=1&c=2", ["https://e.org/a?b=1&c=2"]),
        ("HTTP://e.org", ["HTTP://e.org"]),
        (" javascript:alert(1)", []),
        ("data:text/html,<script>", []),
        ("//e.org", []),
        ("http://[", []),
        ('https://e.org/"onmouseover="x', ['https://e.org/"onmouseover="x']),
    ],
)
def test_only_web_addresses_become_links(small_study, url, links):
    study = replace(small_study, manifest=small_study.manifest.assign(url=url))
    page = harmless(show_articles(study, {"Castillo": ["north-0"]}, name="a", caption="c").html)
    assert links == page.links
    assert "The North, 2022-12-07" in page.text


def test_every_count_stands_over_its_articles_of_many_the_first_and_a_csv_holds_all(small_study, monkeypatch):
    groups = {"A & B": ["south-1", "north-0"], HOSTILE: []}
    shown = show_articles(small_study, groups, name="a", caption=HOSTILE)
    page = harmless(shown.html)
    assert "A & B (2)" in page.text and f"{HOSTILE} (0)" in page.text
    assert ["https://north.example/0", "https://south.example/1"] == page.links
    assert {"kind": "articles", "name": "a", "caption": HOSTILE} == dict(shown.record)
    monkeypatch.setattr(components, "LISTED", 1)
    shown = show_articles(small_study, groups, name="a", caption="c")
    assert "and 1 more, in the CSV" in shown.html
    table = pd.read_csv(io.StringIO(shown.record["csv"]))
    assert ["north-0", "south-1"] == table["article"].to_list()
    assert ["counted", "article", "outlet", "day", "url"] == table.columns.to_list()


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


@pytest.mark.parametrize("text", ["=1+2", "+1 A", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_text_that_a_spreadsheet_would_compute_is_text_and_numbers_stay(text):
    frame = pd.DataFrame({"+n": [-1.5, 2.0], "t": [text, "a-b"], "mixed": [-3, text]})
    rows = list(csv.reader(io.StringIO(components.csv_of(frame), newline="")))
    assert [["'+n", "t", "mixed"], ["-1.5", "'" + text.replace("\r", "\n"), "-3"], ["2.0", "a-b", rows[1][1]]] == rows


def test_a_name_that_sets_its_direction_is_isolated_and_control_characters_go(study_folder, edit):
    name = "\u202eevil"
    edit("outlets.csv", "The North", name)
    study = load_study(study_folder)
    (shown,) = [n for n in study.outlet_names.values() if n.startswith("\u2068")]
    assert 2 == sum(unicodedata.category(character) in ("Cf", "Cc") for character in shown)
    assert shown in show_articles(study, {"Castillo": ["north-0"]}, name="a", caption="c").html
    assert Page(show_table(pd.DataFrame({"a": [name]}), name="t", caption="c").html).text.endswith(shown)
    assert "\x07" not in components.say("a\x07b").html


def test_a_table_is_as_people_read_it_and_marked_up_for_those_who_do_not_see_it():
    """A caption, headings with their scope, the first cell heading its row, a scrolled region that has a name."""
    page = Page(show_table(FRAME, name="t", caption="Shares. With more.", fold=True).html)
    assert [] == [shown for shown in ("0.12", "–", "1,200", "yes", "no", "2022-12-07") if shown not in page.text]
    assert not re.search("nan|nat", page.text, re.IGNORECASE)
    assert (len(FRAME.columns), 2) == tuple(page.attributes.count(("scope", of)) for of in ("col", "row"))
    assert {"caption", "details"} <= set(page.tags)
    assert ("aria-label", "Shares") in page.attributes
    assert "Shares: none." in show_table(FRAME[:0], caption="Shares. With more.").html


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


def test_a_figure_carries_its_text_alternative_and_panels_stand_under_one_caption(closed_figures):
    shown = show_figure(plt.subplots()[1], name="f", caption="A caption. More.", alt="One point at 1.")
    assert {"kind": "figure", "name": "f", "caption": "A caption. More.", "text": "One point at 1."} == shown.record
    for part in ('<desc id="f-desc">One point at 1.</desc>', '<p class="title">A caption</p>', "<figcaption>More."):
        assert part in shown.html
    panels = [(plt.subplots()[1], title, f"Alt of {title}.") for title in ("A", "B")]
    shown = components.show_panels(panels, name="p", caption="Two.")
    assert ["figure-p-1", "figure-p-2"] == html.fragments_fromstring(shown.html)[0].xpath("//figure/@id")
    assert "A: Alt of A. B: Alt of B." == shown.record["text"]


def test_a_bundle_for_jupyter_holds_html_text_and_record():
    bundle = components.say("A & B")._repr_mimebundle_()
    record = {"kind": "text", "text": "A & B"}
    assert {"text/html": "<p>A &amp; B</p>", "text/plain": "A & B", MIME: record} == bundle
