"""Pages of HTML: what is taken from them, and what is refused."""

import sys
from datetime import UTC, date, datetime

import pytest

from analysis.errors import MissingLibrary
from analysis.readers.html import MAX_SIZE, Extracted, HtmlRefused, decode, main_text

PARAGRAPHS = (
    "El pleno votó por la mañana sobre la moción presentada por varias bancadas, según consta en el acta.",
    "La sesión terminó antes del mediodía y no hubo incidentes en las calles cercanas a la plaza.",
)
PAGE = f"""<!doctype html><html lang="es-PE"><head><title>Votación en Lima | El Heraldo</title>
<meta property="article:published_time" content="2022-12-07T15:54:07-05:00"></head>
<body><nav><a href="/">Portada y secciones</a></nav><article><h1>Votación en Lima</h1>
<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p></article><footer>Todos los derechos reservados</footer></body></html>"""


def test_a_page_gives_title_paragraphs_moment_and_language():
    expected = Extracted(
        "Votación en Lima", "\n".join(PARAGRAPHS), datetime(2022, 12, 7, 20, 54, 7, tzinfo=UTC), "es"
    )
    assert expected == main_text(PAGE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_found(encoding):
    assert main_text(PAGE) == main_text(PAGE.encode(encoding))


@pytest.mark.parametrize(
    ("html", "charset", "expected"),
    [
        ("zażółć".encode("iso-8859-2"), "ISO-8859-2", "zażółć"),
        (b'<meta charset="iso-8859-2">' + "ą".encode("iso-8859-2"), None, '<meta charset="iso-8859-2">ą'),
        ("ñ".encode(), "utf-8", "ñ"),
        ("ñ".encode(), "hex", "ñ"),  # a codec of Python that is no encoding
        ("ñ".encode(), "no-such", "ñ"),
        ("“ñ”".encode("cp1252"), "iso-8859-1", "“ñ”"),
    ],
)
def test_bytes_are_decoded_by_the_word_of_the_server_then_of_the_page(html, charset, expected):
    assert expected == decode(html, charset)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<script type="application/ld+json">{"datePublished": "2022-12-08T01:02Z"}</script>', (2022, 12, 8, 1, 2, 0)),
        ('<meta itemprop="datePublished" content="2022-12-08">', (2022, 12, 8, 0, 0, 0)),
        ('<meta name="date" content="2022-12-09">', (2022, 12, 9, 0, 0, 0)),
    ],
)
def test_the_date_is_read_where_pages_give_it(head, expected):
    page = f"<html><head>{head}</head><body><article><p>{PARAGRAPHS[0]}</p></article></body></html>"
    assert datetime(*expected, tzinfo=UTC) == main_text(page).published


def test_a_date_after_the_crawl_is_not_believed():
    assert main_text(PAGE, latest=date(2022, 12, 6)).published is None


def test_no_first_of_a_month_is_made_up_where_a_page_names_the_month():
    page = f"<html><body><article><p>{PARAGRAPHS[0]}</p></article><a href='/archive/2022/12/'>12/2022</a></body></html>"
    assert main_text(page).published is None
    assert datetime(2022, 12, 1, tzinfo=UTC) == main_text(page, url="https://heraldo.example/2022/12/01/a").published


def test_a_page_without_text_gives_nothing():
    assert Extracted("", "", None, "") == main_text("")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("x" * (MAX_SIZE + 1), "HTML of more than 8,000,000 bytes."),
        ("<html><body>" + "<p>x</p>" * 2_001, "HTML with more than 2,000 elements in one"),
        ("<html><body>" + f"<div>{'<b>x</b>' * 1_500}</div>" * 15, "HTML of more than 20,000 elements"),
    ],
)
def test_what_is_too_large_is_refused(html, expected):
    with pytest.raises(HtmlRefused, match=expected):
        main_text(html)


def test_the_extra_is_named_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(MissingLibrary, match=r'needs trafilatura, .* Run: pip install "\.\[readers\]"'):
        main_text(PAGE)
