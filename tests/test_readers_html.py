"""Pages of HTML: what is taken from them, and what is refused."""

from datetime import date

import pytest

from analysis.readers.html import MAX_SIZE, Extracted, main_text
from analysis.readers.row import BadRow, read_date

PARAGRAPHS = (
    "El pleno votó por la mañana sobre la moción presentada por varias bancadas, según consta en el acta.",
    "La sesión terminó antes del mediodía y no hubo incidentes en las calles cercanas a la plaza.",
)
PAGE = f"""<!doctype html><html lang="es-PE"><head><title>Votación en Lima | El Heraldo</title>
<meta property="article:published_time" content="2022-12-07T15:54:07-05:00"></head>
<body><nav><a href="/">Portada y secciones</a></nav><article><h1>Votación en Lima</h1>
<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p></article><footer>Todos los derechos reservados</footer></body></html>"""


def test_a_page_gives_title_paragraphs_moment_and_language():
    expected = Extracted("Votación en Lima", "\n".join(PARAGRAPHS), read_date("2022-12-07T20:54:07Z"), "es")
    assert [expected] * 2 == [main_text(PAGE.encode(encoding)) for encoding in ("utf-8", "utf-16")]


@pytest.mark.parametrize("server", ["iso-8859-2", None, "utf-8"])
def test_the_encoding_is_the_servers_or_the_pages_own_word_where_it_fits(server):
    page = PAGE.replace("<head>", '<head><meta charset="iso-8859-2">').replace("Portada", "Zażółć gęślą jaźń")
    page = page.replace(PARAGRAPHS[0], "Sędziowie zebrali się rano i głosowali, a świadkowie już odjechali.")
    found = main_text(page.replace("ó", "o").encode("iso-8859-2", "replace"), charset=server)
    assert found.body.startswith("Sędziowie zebrali się rano i głosowali, a świadkowie już odjechali.\n")


def _page(head: str = "", after: str = "") -> str:
    paragraphs = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    return f"<html><head>{head}</head><body><article><h1>Hoy</h1>{paragraphs}</article>{after}</body></html>"


def _linked(data: str) -> str:
    return f'<script type="application/ld+json">{data}</script>'


ARTICLE = '{"@type": ["Thing", "NewsArticle"], "datePublished": "2022-12-08T01:02Z"}'
OTHER = '"datePublished": "2015-02-01"}'


@pytest.mark.parametrize(
    ("head", "after", "expected"),
    [
        (_linked('{"datePublished": "2022-12-08T01:02Z"}'), "", "2022-12-08 01:02:00+00:00"),
        (_linked(f'{{"@graph": [{{"@type": "WebSite", {OTHER}, {ARTICLE}]}}'), "", "2022-12-08 01:02:00+00:00"),
        (f'<script>var r = [{{"title": "x", {OTHER}]</script>{_linked(ARTICLE)}', "", "2022-12-08 01:02:00+00:00"),
        (_linked(f'[{{"@type": "ItemList", "itemListElement": [{ARTICLE}]}}]'), "", None),
        (_linked("{broken") + _linked(ARTICLE), "", "2022-12-08 01:02:00+00:00"),
        (_linked(ARTICLE) + _linked(f'{{"@type": "BlogPosting", {OTHER}'), "", None),  # two articles, two dates
        ('<meta itemprop="datePublished" content="2022-12-08">', "", "2022-12-08"),
        ('<meta name="date" content="2022-12-09">', "", "2022-12-09"),
        ("", '<div class="c"><time itemprop="datePublished" datetime="2022-12-09">9</time></div>', None),
        (_linked(ARTICLE), '<i itemprop="datePublished" content="2022-12-09">9</i>', "2022-12-08 01:02:00+00:00"),
        (
            "",
            '<p itemscope itemtype="https://schema.org/NewsArticle"><i itemprop="datePublished" content="2022-12-08">'
            '</p><p itemscope itemtype="https://schema.org/Comment"><i itemprop="datePublished" content="2022-12-09">',
            "2022-12-08",
        ),
    ],
)
def test_the_date_is_that_of_the_article(head, after, expected):
    found = main_text(_page(head, after).encode()).published
    assert expected == (found and str(found))


def test_no_date_is_made_up():
    """Neither one after the crawl, nor the first of a month that a page names."""
    assert main_text(PAGE.encode(), latest=date(2022, 12, 6)).published is None
    page = f"<html><body><article><p>{PARAGRAPHS[0]}</p></article><a href='/archive/2022/12/'>12/2022</a></body></html>"
    assert main_text(page.encode()).published is None
    assert "2022-12-01" == str(main_text(page.encode(), url="https://heraldo.example/2022/12/01/a").published)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        *((page, "HTML without a main text") for page in ("", "<html><body></body></html>")),
        ("x" * (MAX_SIZE + 1), "HTML of more than 8,000,000 bytes"),
        ("<html><body>" + "<p>x</p>" * 20_001, "HTML of more than 20,000 elements"),
    ],
)
def test_what_is_empty_or_too_large_is_refused(html, expected):
    with pytest.raises(BadRow, match=expected):
        main_text(html.encode())
