"""Parquet, feeds, crawls and folders: what of each becomes an article, and what is set aside."""

import io
import re
import sys
import unicodedata
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import EN, ES, POLISH, read
from test_readers_html import PAGE
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from analysis import readers
from analysis.errors import MissingLibrary, TextsError
from analysis.readers.feed import outlet_finder
from analysis.readers.row import NO_DATE

OUTLETS = {
    "outlet": ["heraldo", "gazette"],
    "name": ["El Heraldo", "The Gazette"],
    "feed": ["El Heraldo: portada", None],
    "domain": ["heraldo.example h.example", None],
}
FIND = outlet_finder(pd.DataFrame(OUTLETS))


def test_an_outlet_is_found_by_host_feed_or_id():
    for name in ("heraldo.example", "EDICION.heraldo.example", "h.example", "El Heraldo: portada"):
        assert "heraldo" == FIND(name)
    assert ["gazette", None, None] == [FIND(name) for name in ("gazette", "notheraldo.example", "example")]
    assert outlet_finder(pd.DataFrame({**OUTLETS, "feed": float("nan"), "domain": None}))("a.example") is None


def test_parquet_is_read_in_batches_with_dates_and_numbers_as_they_are(tmp_path):
    path = tmp_path / "a.parquet"
    table = {"id": [7, 8], "publication": ["h", "h"], "date": [datetime(2022, 12, 7, 10), None], "text": [EN, EN]}
    pq.write_table(pa.table(table), path)
    found, rejected, _ = read(path)
    assert [["7", "h", "en", EN]] == found[["article", "outlet", "language", "body"]].values.tolist()
    assert pd.Timestamp("2022-12-07T10:00Z") == found["published"][0]
    assert [("a.parquet", 2, "published is missing")] == rejected


def parquet_bytes(count: int) -> bytes:
    """So many rows in groups of 300."""
    plain = {"outlet": ["h"] * count, "lang": ["en"] * count, "date": ["2022-12-07"] * count}
    plain["text"] = [f"{number} {EN}" for number in range(count)]
    pq.write_table(pa.table(plain), out := io.BytesIO(), row_group_size=300, use_dictionary=False, compression="zstd")
    return out.getvalue()


def test_parquet_that_is_broken_is_an_error_or_set_aside(tmp_path):
    path, raw = tmp_path / "a.parquet", parquet_bytes(600)
    at = pq.read_metadata(io.BytesIO(raw)).row_group(1).column(3).data_page_offset + 40
    raw = raw[:at] + b"\xff" * 60 + raw[at + 60 :]
    found, [(_, line, reason)], _ = read(path, raw)
    assert (256, 257, "cannot be read as Parquet") == (len(found), line, reason.partition(" (")[0])
    with pytest.raises(TextsError, match="cannot be read as Parquet"):
        read(path, raw[:-20])


FEED = f"""<?xml version="1.0"?><rss version="2.0"><channel><title>El Heraldo: portada</title>
<link>https://www.other.example</link><language>es-PE</language>
<item><title>Uno &amp;amp; dos</title><link>https://x.example/1</link><description>&lt;p&gt;{ES}&lt;/p&gt;</description>
<pubDate>Wed, 07 Dec 2022 10:54:07 -0500</pubDate></item><item><title>Sin fecha</title></item></channel></rss>"""


def test_an_item_of_a_feed_is_an_article(tmp_path):
    table, rejected, _ = read(tmp_path / "a.xml", FEED, outlet_of=FIND)
    columns = ["outlet", "language", "url", "source", "title", "body"]
    assert [["heraldo", "es", "https://x.example/1", "feed", "Uno & dos", ES]] == table[columns].values.tolist()
    assert pd.Timestamp("2022-12-07T15:54:07Z") == table["published"][0]
    assert [("a.xml", 2, "published is missing")] == rejected


ITEM = FEED[FEED.index("<item>") : FEED.index("</item>") + 7].encode()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"Wed, 07 Dec 2022 10:54:07 -0500", b"7 Dec", NO_DATE),
        ("ñ".encode(), b"\xf1", "title or body holds damaged characters"),
    ],
)
def test_an_item_that_cannot_be_read_costs_no_other(tmp_path, old, new, expected):
    table, rejected, _ = read(tmp_path / "a.xml", FEED.encode().replace(ITEM, ITEM.replace(old, new) + ITEM))
    assert ([ES], ("a.xml", 1, expected)) == (table["body"].to_list(), rejected[0])
    table, rejected, _ = read(tmp_path / "a.xml", FEED[: FEED.index(ES) + 30])
    assert (0, "the feed ends too soon: this item may be cut off") == (len(table), rejected[0][2])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<rss>" + "x" * 5_000_000, "a feed of more than 5,000,000"),
        ("<?xml version='1.0'?><other/>", "is neither RSS nor Atom"),
    ],
    ids=["bytes", "other"],
)
def test_a_feed_that_no_publisher_serves_is_refused(tmp_path, content, expected):
    with pytest.raises(TextsError, match=expected):
        read(tmp_path / "a.xml", content)


def warc_bytes(*pages: tuple[str, bytes, str, str], gz: bool) -> bytes:
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gz)
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "a test"}))
    for url, content, kind, status in pages:
        packed = [("Content-Encoding", "gzip")] if content.startswith(b"\x1f\x8b") else []
        http = StatusAndHeaders(status, [("Content-Type", kind), *packed], protocol="HTTP/1.1")
        given = {"http_headers": http, "warc_headers_dict": {"WARC-Date": "2022-12-10T01:02:03Z"}}
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(content), **given))
    return out.getvalue()


HTML = ("text/html; charset=utf-8", "200 OK")
UNDATED = re.sub("<meta property=.*?>", "", PAGE).encode()


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_page_of_a_crawl_is_an_article_and_all_else_is_counted(tmp_path, name):
    pages = [
        ("https://www.heraldo.example/1", PAGE.encode(), *HTML),
        ("https://www.heraldo.example/2", UNDATED, *HTML),
        ("https://heraldo.example/logo", b"PNG", "image/png", "200 OK"),
        ("https://heraldo.example/gone", b"gone", "text/html", "404 Not Found"),
        ("https://else.example/1", PAGE.encode(), *HTML),
    ]
    table, rejected, skipped = read(tmp_path / name, warc_bytes(*pages, gz=name.endswith("gz")), outlet_of=FIND)
    columns = ["outlet", "language", "source", "title", "published", "timestamp"]
    expected = [
        ["heraldo", "es", "page", "Votación en Lima", "2022-12-07 20:54:07+00:00", "publisher"],
        ["heraldo", "es", "page", "Votación en Lima", "2022-12-10 01:02:03+00:00", "crawl"],
    ]
    assert (expected, []) == (table[columns].astype(str).values.tolist(), rejected)
    kinds = {
        "WARC records of type warcinfo": 1,
        "HTTP responses of type image/png": 1,
        "HTTP responses with status 404": 1,
        "pages of hosts that are no outlet's": 1,
    }
    assert kinds == skipped


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Content-Length: ", b"Content-Length: 9"),
        (b"Content-Length: ", b"Content-Length: x"),
        (b"WARC/1.", b"WRAC/1."),
    ],
)
def test_a_broken_record_ends_a_crawl(tmp_path, old, new):
    good, bad = (warc_bytes((f"https://heraldo.example/{n}", PAGE.encode(), *HTML), gz=False) for n in (1, 2))
    start = bad.index(b"WARC/1.", 10)  # after the one that says what the file is
    table, [(_, line, reason)], _ = read(tmp_path / "a.warc", good + bad[:start] + bad[start:].replace(old, new, 1))
    assert ["https://heraldo.example/1"] == table["url"].to_list()
    assert line in (4, 5)
    assert "the record is broken or cut off; nothing was read from there on" == reason.partition(" (")[0]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_crawl_that_is_cut_off_gives_no_half_page(tmp_path, name):
    pages = [(f"https://heraldo.example/{n}", PAGE.encode(), *HTML) for n in (1, 2)]
    crawl = warc_bytes(*pages, gz=name.endswith("gz"))
    table, [(_, line, reason)], _ = read(tmp_path / name, crawl[:-200])
    assert (["https://heraldo.example/1"], 3) == (table["url"].to_list(), line)
    assert reason.startswith("the record is broken or cut off")


def test_a_folder_of_texts_with_its_metadata(tmp_path):
    files = {"a.txt": ES, "deep/b.md": f"# A title\n\nThe **chamber** met. {EN}", "c.html": PAGE, "lost.txt": EN}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "metadata.csv").write_text(
        "file,outlet,date,title\na.txt,h,2022-12-07,Uno\ndeep/b.md,h,2022-12-07,\nc.html,h,,\n"
        "none.txt,h,2022-12-07,\n../x.txt,h,2022-12-07,\na.pdf,h,2022-12-07,\n"
    )
    table, rejected, _ = read(tmp_path)
    assert ["Uno", "A title", "Votación en Lima"] == table["title"].to_list()
    assert ["es", "en", "es"] == table["language"].to_list()
    assert table["body"][1].startswith("The chamber met. ")
    none = "no such file in the folder, or none that ends in .txt, .md, .html, .htm"
    expected = [("metadata.csv", line, none) for line in (5, 6, 7)]
    expected.append(("metadata.csv", 1, "file 'lost.txt' has no row in metadata.csv"))
    assert expected == rejected
    (tmp_path / unicodedata.normalize("NFD", "señal.txt")).write_bytes(POLISH.encode("cp1250"))
    (tmp_path / "mac.txt").write_bytes(ES.encode("mac-roman"))
    (tmp_path / "metadata.csv").write_text("file,outlet,date\nseñal.txt,h,2022-12-07\nmac.txt,h,2022-12-07\n")
    table, rejected, _ = read(tmp_path, languages=("es", "pl"))
    assert [["pl", POLISH]] == table[["language", "body"]].values.tolist()
    assert "the text's encoding is none of UTF-8" in rejected[0][2]
    (tmp_path / "metadata.csv").unlink()
    with pytest.raises(TextsError, match=r"holds no metadata\.csv"):
        read(tmp_path / "deep")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Le parlement a voté hier la loi du président.", "language is missing; detected fr, none of the study's"),
        ("1, 2, 3", "language is missing, and the text does not tell it"),
    ],
)
def test_an_article_in_no_language_of_the_study_is_set_aside(tmp_path, body, expected):
    rows = f"h;2022-12-07;{body};\nh;2022-12-07;{body};de\nh;2022-12-07;{EN};\n"
    table, rejected, _ = read(tmp_path / "a.csv", f"outlet;date;text;lang\n{rows}")
    assert ["de", "en"] == table["language"].to_list()  # what is given is not looked at
    assert [expected] == [reason.partition(" (")[0] for *_, reason in rejected]


@pytest.mark.parametrize(
    ("name", "content", "library", "module"),
    [
        ("a.rss", FEED.encode(), "feedparser", "feedparser"),
        ("a.warc", warc_bytes(gz=False), "warcio", "warcio.archiveiterator"),
        ("a.warc", warc_bytes(("https://h.example/1", PAGE.encode(), *HTML), gz=False), "trafilatura", "trafilatura"),
        ("a.csv", f"outlet,date,text\nh,2022-12-07,{EN}\n".encode(), "py3langid", "py3langid.langid"),
    ],
    ids=["rss", "warc", "page", "csv"],  # a name made of a WARC's bytes holds its random id
)
def test_the_extra_is_named_where_a_library_is_missing(tmp_path, monkeypatch, name, content, library, module):
    readers.language_model.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingLibrary, match=rf'needs {library}, .* Run: pip install "\.\[readers\]"'):
        read(tmp_path / name, content)
