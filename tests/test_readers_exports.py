"""Exports of Nexis and Factiva, and articles of news-please, Fundus and Media Cloud, are read as they come."""

import json
import re

import pytest
from reading import EN, ES, read

from analysis.readers.exports import written_day

DE = "Das Wasser der Aller stieg in der Nacht um zwei Meter, sagte der Bürgermeister am Morgen im Rathaus."
#: Nexis Uni: headline, publication, date; fields; Body; fields; End of Document.
NEXIS = f"""Page 1 of 2
Flut an der Aller: Dorf geräumt

Tagblatt Niederau

8. Dezember 2022 Donnerstag

Copyright 2022 Tagblatt Verlag Alle Rechte vorbehalten

Section: LOKALES; S. 3

Length: 45 words

Byline: Eva Roth

Body

{DE}

Wichtig: Niemand wurde verletzt.

Graphic

Foto: die Aller

Load-Date: December 9, 2022

End of Document
Flood reaches the old town
The Valley Dispatch (London)
December 9, 2022 Friday 3:21 PM GMT

Length: 12 words

Body
{EN}

Load-Date: December 10, 2022

End of Document
"""
#: LexisNexis Academic: number, publication, date, headline; FIELDS; text; FIELDS.
ACADEMIC = f"""


                               Dokument 1 von 2


                              Tagblatt Niederau

                       8. Dezember 2022 Donnerstag
                               Stadtausgabe

Flut an der Aller

AUTOR: Eva Roth

RUBRIK: LOKALES; S. 3

LÄNGE: 45 Wörter

{DE}

Das Dorf ist leer.

UPDATE: 9. Dezember 2022

SPRACHE: GERMAN; Deutsch

PUBLICATION-TYPE: Zeitung

                       Copyright 2022 Tagblatt Verlag
                            Alle Rechte vorbehalten


                               2 of 2 DOCUMENTS


                            The Valley Dispatch

                            December 9, 2022 Friday

Flood reaches the old town

LENGTH: 12 words

{EN}

LOAD-DATE: December 10, 2022

LANGUAGE: ENGLISH
"""
FACTIVA = f"""
SE Inland
HD
Flut an der Aller: Dorf geräumt
BY Eva Roth
WC 45 Wörter
PD 8 Dezember 2022
ET 07:15
SN Tagblatt Niederau
SC TAGNIE
LA German
CY Copyright 2022 Tagblatt Verlag
LP

{DE}

TD

IN DIESEM HAUS stand das Wasser.

CO  taal : Talwerke
NS  gflood : Floods
IN  iwater : Water
PUB Tagblatt Verlag
AN
Document TAGNIE0020221208eic80001a

HD
Flood reaches the old town
WC 12 words
PD 9 December 2022
SN The Valley Dispatch
LA English
LP
{EN}

Document VALDIS0020221209eic900002
"""


@pytest.mark.parametrize("text", [NEXIS, ACADEMIC, FACTIVA], ids=["nexis", "academic", "factiva"])
def test_each_document_of_an_export_is_an_article(tmp_path, text):
    table, rejected, _ = read(tmp_path / "export.TXT", text, languages=("de", "en"))
    assert [] == rejected
    assert ["Tagblatt Niederau", "The Valley Dispatch"] == [name.partition(" (")[0] for name in table["outlet"]]
    assert ["2022-12-08", "2022-12-09"] == table["published"].dt.strftime("%Y-%m-%d").to_list()
    assert ["Flut an der Aller", "Flood reaches the old town"] == [title.partition(":")[0] for title in table["title"]]
    assert ["de", "en"] == table["language"].to_list()
    assert [DE, EN] == [body.partition("\n")[0] for body in table["body"]]
    second = {"Wichtig: Niemand wurde verletzt.", "Das Dorf ist leer.", "IN DIESEM HAUS stand das Wasser."}
    assert table["body"][0].partition("\n")[2] in second
    assert ({"day"}, {"text"}) == (set(table["timestamp"]), set(table["source"]))


COVER = """User Name: A. Student
Date and Time: Tuesday, January 24, 2023 10:03:00 AM CET
Job Number: 184551203

Documents (2)

1. Flut an der Aller: Dorf geräumt
Client/Matter: -None-
Search Terms: Aller
Narrowed by:
Content Type    Narrowed by
News    Timeline: Dec 01, 2022 to Dec 31, 2022

2. Flood reaches the old town
Client/Matter: -None-
Search Terms: Aller
Search Type: Terms and Connectors
Narrowed by:
Content Type    Narrowed by
News    Timeline: Dec 01, 2022 to Dec 31, 2022; Sources: The Valley Dispatch

"""


def test_the_cover_of_nexis_uni_is_no_article_and_takes_none_away(tmp_path):
    plain, *_ = read(tmp_path / "plain.txt", NEXIS, languages=("de", "en"))
    covered, rejected, _ = read(tmp_path / "covered.txt", COVER + NEXIS, languages=("de", "en"))
    same = ["outlet", "title", "body", "published"]
    assert ([], plain[same].to_dict("records")) == (rejected, covered[same].to_dict("records"))


@pytest.mark.parametrize("headline", ["Corrections: December 1, 2022", "December 1, 2022, hour by hour"])
def test_the_day_of_a_document_is_not_that_of_its_headline_or_text(tmp_path, headline):
    text = NEXIS.replace("Flood reaches the old town", headline)
    table, *_ = read(tmp_path / "a.txt", text, languages=("de", "en"))
    second = table.iloc[1]
    assert ("The Valley Dispatch (London)", headline) == (second["outlet"], second["title"])
    assert "2022-12-09" == f"{second['published']:%Y-%m-%d}"
    undated = NEXIS.replace("December 9, 2022 Friday 3:21 PM GMT", "").replace(EN, f"On May 1, 2021 it was.\n\n{EN}")
    _, [(*_, reason)], _ = read(tmp_path / "b.txt", undated, languages=("de", "en"))
    assert reason.startswith("no line with a date above the text")


def test_a_document_of_factiva_has_its_own_id_and_needs_its_codes(tmp_path):
    text = FACTIVA.replace("HD\nFlood reaches", "Flood reaches")
    table, [(_, line, reason)], _ = read(tmp_path / "a.txt", text, languages=("de", "en"))
    assert ["TAGNIE0020221208eic80001a"] == table["article"].to_list()
    assert "no fields HD and PD: export “Full Article/Report plus Indexing” from Factiva" == reason.partition(",")[0]
    assert FACTIVA[: FACTIVA.index("HD\nFlood")].count("\n") == line


def test_a_document_that_is_not_understood_is_set_aside_with_its_line(tmp_path):
    broken = NEXIS.replace("December 9, 2022 Friday 3:21 PM GMT", "lately")
    table, rejected, _ = read(tmp_path / "a.txt", broken, languages=("de", "en"))
    expected = "no line with a date above the text: it was not understood as a document of Nexis"
    assert (1, [("a.txt", NEXIS[: NEXIS.index("Flood")].count("\n") + 1, expected)]) == (len(table), rejected)
    table, [(*_, reason)], _ = read(tmp_path / "b.txt", "A plain text.\n")
    assert re.match(r"no export of Nexis .* Plain texts go into a folder with a metadata\.csv", reason)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *((text, "2022-12-08") for text in ("December 8, 2022 Thursday", "8. Dezember 2022", "8 de diciembre de 2022")),
        *((text, "2022-12-08") for text in ("8 décembre 2022", "8 grudnia 2022", "8 dicembre 2022", "Dec. 8, 2022")),
        *((text, None) for text in ("8 words 2022", "2022", "12/8/2022", "Published 12 people 2022")),
    ],
)
def test_a_date_is_read_in_the_languages_of_the_databases(written, expected):
    assert expected == written_day(written)


NEWS_PLEASE = {
    **{"authors": ["Ana Gil"], "date_download": "2022-12-09 01:02:03", "date_modify": None, "description": "x"},
    **{"date_publish": "2022-12-08 15:04:05", "filename": "https%3A%2F%2Fh.example%2F1.json", "image_url": None},
    **{"language": "es", "source_domain": "www.heraldo.example", "title": "Huelga en el puerto", "maintext": ES},
    **{"title_page": None, "url": "https://www.heraldo.example/1"},
}
FUNDUS = {
    "title": "Strike at the port",
    "authors": ["Bo Lind"],
    "publishing_date": "2022-12-08 15:04:05+00:00",
    "body": {"summary": [EN], "sections": [{"headline": ["Why"], "paragraphs": ["First.", "Second."]}]},
    "html": {"requested_url": "https://g.example/1", "source_info": {"publisher": "The Gazette"}},
}


def test_a_folder_of_json_has_an_article_per_file_named_by_it(tmp_path):
    (tmp_path / "deep").mkdir()
    undated = {**NEWS_PLEASE, "date_publish": None, "language": None}
    for name, content in {"a": NEWS_PLEASE, "b": undated, "deep/c": FUNDUS, "d": [1]}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    table, rejected, _ = read(tmp_path)
    assert [("d.json", 1, "not a JSON object")] == rejected
    assert ["a", "b", "c"] == table["article"].to_list()
    assert ["heraldo.example", "heraldo.example", "The Gazette"] == table["outlet"].to_list()
    assert ["publisher", "crawl", "publisher"] == table["timestamp"].to_list()
    assert ["2022-12-08 15:04:05", "2022-12-09 01:02:03"] == [str(at)[:19] for at in table["published"][:2]]
    assert (["es", "es", "en"], {"page"}) == (table["language"].to_list(), set(table["source"]))
    assert f"{EN}\nWhy\nFirst.\nSecond." == table["body"][2]
    assert "https://g.example/1" == table["url"][2]


def test_lists_of_articles_and_lines_are_read_whatever_the_ending_says(tmp_path):
    for name, text in {
        "a.json": json.dumps([NEWS_PLEASE, {**NEWS_PLEASE, "url": "https://h.example/2"}]),
        "b.json": f"{json.dumps(NEWS_PLEASE)}\n{json.dumps(FUNDUS)}\n",
        "c.jsonl": json.dumps(NEWS_PLEASE),
    }.items():
        table, rejected, _ = read(tmp_path / name, text)
        assert ([], text.count('"title"')) == (rejected, len(table))


def test_a_table_of_media_cloud_is_read_with_or_without_texts(tmp_path):
    head = "id,indexed_date,language,media_name,media_url,publish_date,title,url"
    row = "{},2022-12-09 01:02:03.456,en,h.example,h.example,{},The chamber met,https://h.example/{}"
    rows = [row.format(1, "2022-12-08", 1), row.format(2, "", 2)]
    table, rejected, _ = read(tmp_path / "mc.csv", "\n".join([head, *rows]))
    assert [] == rejected
    assert [["1", "h.example", "day", "page", ""], ["2", "h.example", "crawl", "page", ""]] == table[
        ["article", "outlet", "timestamp", "source", "body"]
    ].values.tolist()
    table, *_ = read(tmp_path / "mc.csv", "\n".join([f"{head},text", f"{rows[0]},{EN}"]))
    assert [EN] == table["body"].to_list()


def test_further_columns_come_along_and_none_of_them_holds_a_text(tmp_path):
    rows = [{**NEWS_PLEASE, "subevent": "march"}, {**NEWS_PLEASE, "authors": [ES * 3]}]
    table, rejected, _ = read(tmp_path / "a.json", json.dumps(rows), kept=("subevent", "authors"))
    assert [["march", "Ana Gil"]] == table[["subevent", "authors"]].values.tolist()
    assert "authors, a column of articles.csv, has a line break or more than 200 characters" == rejected[0][2]
    table, *_ = read(tmp_path / "a.csv", f"outlet,date,text,desk\nh,2022-12-08,{EN},home\n", kept=("desk", "subevent"))
    assert [["home", ""]] == table[["desk", "subevent"]].values.tolist()


def test_a_paragraph_that_begins_as_a_line_above_texts_does_ends_no_text(tmp_path):
    text = NEXIS.replace("Wichtig: Niemand wurde verletzt.", "Section: so hiess der Stab.\n\nEr kam zu spaet.")
    table, *_ = read(tmp_path / "a.txt", text, languages=("de", "en"))
    assert table["body"][0].endswith("Section: so hiess der Stab.\nEr kam zu spaet.")


def test_a_json_file_without_an_article_is_set_aside(tmp_path):
    for name, content in {"a": json.dumps(NEWS_PLEASE), "b": "", "c": "[]", "d": " \n"}.items():
        (tmp_path / f"{name}.json").write_text(content, encoding="utf-8")
    rejected = read(tmp_path)[1]
    empty = "the file is empty"
    assert [("b.json", 1, empty), ("c.json", 1, "the list is empty: no article"), ("d.json", 1, empty)] == rejected
