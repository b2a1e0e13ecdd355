"""Plain-text exports of Nexis and Factiva: documents between the databases' own markers, a day as the date of each."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from analysis.readers.charset import text_lines
from analysis.readers.row import BadRow, Cells, Reading, Rows, attempt
from analysis.tables import LANGUAGE_NAMES

#: Beginnings of months' names, without accents, in English, Spanish, Portuguese, Polish, German, French, Italian.
_MONTHS = (
    *("jan ene gen sty", "feb fev lut", "mar", "apr abr avr kwi", "may mai maj mag", "jun juin giu cze"),
    *("jul juil lug lip", "aug ago aou sie", "sep set wrz", "oct okt out ott paz", "nov lis", "dec dez dic gru"),
)
_DAY = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})\.?º?\s+(?:de\s+)?(?P<month>[^\W\d_]{3,12})\.?,?\s+(?:de\s+)?(?P<year>[12]\d{3})\b"
    r"|\b(?P<month2>[^\W\d_]{3,12})\.?\s+(?P<day2>\d{1,2}),?\s+(?P<year2>[12]\d{3})\b"
)
#: A document of Nexis begins below, or ends with, such a line.
_EDGE = re.compile(
    r"\s*(?:(?:(?:document|dokument|documento)\s+)?\d+ (?:of|von|de|di|z) \d+(?:\s+do[ck]ument\w*)?"
    r"|End of Document|Ende des Dokuments|Fin del documento|Fin du document)\s*",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\s*(?:Page|Seite|Página) \d+ (?:of|von|de) \d+\s*", re.I)
#: What stands beside a text of Nexis: "LENGTH: 345 words", "Load-Date: December 8, 2022".
_FIELD = re.compile(
    r"(?P<name>[A-ZÄÖÜÉÍÓÚ][A-Za-zÄÖÜÉÍÓÚäöüéíóú-]*(?: [A-Z][a-z-]+)?):(?:\s+(?P<value>.*))?", re.DOTALL
)
_ABOVE = "byline section length highlight dateline headline autor autora rubrik lange seccion longitud ressort series"
_BELOW = (
    "load-date language graphic update sprache publication-type document-type subject notes classification grafik"
    " idioma correction-date pub-type organization geographic person company ticker industry journal-code"
)
#: Lines of the cover of Nexis Uni, above its first document: who asked for what, and the numbered list of documents.
_COVER = re.compile(
    r"\s*(?:(?:User Name|Date and Time|Job Number|Client/Matter|Search Terms|Search Type|Narrowed by)\s*:"
    r"|Content Type\s+Narrowed by|Documents? \(\d+\)).*",
    re.IGNORECASE,
)
_BODY, _COPYRIGHT = re.compile(r"\s*(?:Body|Text)\s*", re.I), re.compile(r"\s*(?:copyright|©|\(c\)|all rights)", re.I)
#: Factiva: codes of its fields, and the end of a document.
_CODES = "SE|HD|BY|CR|WC|PD|ET|SN|SC|ED|PG|VOL|LA|CY|LP|TD|CT|RF|CO|IN|NS|RE|IPC|IPD|PUB|AN|ART|CLM"
_CODE = re.compile(rf"\s?(?!IN \S)(?P<code>{_CODES})(?:[ \t]+(?P<value>\S.*))?\s*")
_DOCUMENT = re.compile(r"\s*(?:AN\s+)?(?:Document|Dokument|Documento)\s+(?P<id>[A-Z0-9]{6,12}\d{8}[a-z0-9]+)\s*")


def read_export(path: Path, reading: Reading) -> Rows:
    """Each document of an export of Nexis or Factiva: the 1-based line that it starts on, and its cells."""
    lines = [line.rstrip("\r\n") for line in text_lines(path)]
    is_nexis = any(_EDGE.fullmatch(line) for line in lines)
    if not is_nexis and not any(map(_DOCUMENT.fullmatch, lines)):
        message = "no export of Nexis (Document 1 of 3, End of Document) or Factiva (Document ABCD0000…)"
        raise BadRow(f"{message}. Plain texts go into a folder with a metadata.csv")
    edge, parse = (_EDGE, _nexis) if is_nexis else (_DOCUMENT, _factiva)
    begun = 0
    for at, line in enumerate([*lines, "End of Document"]):  # as Nexis' last may lack it
        if edge.fullmatch(line):
            document = lines[begun : at + 1]
            if sum(map(bool, map(str.strip, document))) > 3:  # more than a cover
                yield begun + 1, attempt(parse, document)
            begun = at + 1


def written_day(text: str) -> str | None:
    """Day in ISO 8601 of a date written out (8. Dezember 2022; December 8, 2022); None where there is none."""
    for found in _DAY.finditer(text):
        month, day, year = (found[name] or found[f"{name}2"] for name in ("month", "day", "year"))
        for number, names in enumerate(_MONTHS, start=1):
            if _plain(month).startswith(tuple(names.split())):
                return f"{year}-{number:02d}-{int(day):02d}"
    return None


def _plain(text: str) -> str:
    """Small letters without accents."""
    return unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()


def _language(text: str) -> str:
    """Tag of the language that a database names ("GERMAN; Deutsch"), or what it says."""
    name = re.split("[;,]", text)[0].strip()
    return LANGUAGE_NAMES.get(name.casefold(), name)


def _blocks(lines: Sequence[str]) -> list[str]:
    """Paragraphs: lines between blank ones, joined."""
    blocks = re.split(r"\n[^\S\n]*\n", "\n".join(lines))
    return [" ".join(block.split()) for block in blocks if block.strip()]


def _without_cover(lines: list[str]) -> list[str]:
    """Lines below the paragraph that ends the cover; all where there is none."""
    cover = [at for at, line in enumerate(lines) if _COVER.fullmatch(line)]
    return lines[next((at for at in range(cover[-1], len(lines)) if not lines[at].strip()), 0) :] if cover else lines


def _nexis(document: Sequence[str]) -> Cells:
    """Cells of a document: publication, date and headline above, fields, text, fields."""
    lines = [line for line in document if not (_PAGE.fullmatch(line) or _EDGE.fullmatch(line))]
    body_at = next((at for at, line in enumerate(lines) if _BODY.fullmatch(line)), None)
    if body_at is not None:
        lines[:body_at] = above = _without_cover(lines[:body_at])
        body_at = len(above)
    days = [at for at, line in enumerate(lines[:body_at]) if written_day(line) and not _field(line)[0]]
    if not days:
        raise BadRow("no line with a date above the text: it was not understood as a document of Nexis")
    dated = days[0 if body_at is None else -1]  # a headline may hold another date
    above = [line.strip() for line in lines[:dated] if line.strip() and not _COPYRIGHT.match(line)]
    if body_at is None:  # publication, date, headline
        blocks = [block for block in _blocks(lines[dated:])[1:] if not _COPYRIGHT.match(block)]
        outlet, title = above[0] if above else "", "" if not blocks or _field(blocks[0])[0] else blocks.pop(0)
    else:  # headline, publication, date
        blocks = _blocks(lines[body_at + 1 :])
        outlet, title = above[-1] if above else "", " ".join(above[:-1])
    fields = dict(map(_field, lines))
    paragraphs = list[str]()
    for block in blocks:
        name = _field(block)[0]
        if paragraphs and (name in _BELOW.split() or block in ("Graphic", "Classification", "Notes")):
            break
        if paragraphs or not name:
            paragraphs.append(block)
    return {
        "outlet": outlet,
        "title": fields.get("headline") or title,
        "published": written_day(lines[dated]),
        "language": _language(fields.get("language") or fields.get("sprache") or fields.get("idioma") or ""),
        "body": "\n\n".join(paragraphs),
    }


def _field(text: str) -> tuple[str, str]:
    """Name in plain small letters, and value, of the field that a line or paragraph is; empty where it is none."""
    found = _FIELD.fullmatch(text.strip())
    name = _plain(found["name"]) if found else ""
    return (name, found["value"] or "") if found and name in f"{_ABOVE} {_BELOW}".split() else ("", "")


def _factiva(lines: Sequence[str]) -> Cells:
    """Cells of a document by the codes of its fields (HD, PD, SN, LP, TD)."""
    fields, code = dict[str, list[str]](), ""
    for line in lines[:-1]:
        found = _CODE.fullmatch(line)
        code = found["code"] if found else code
        fields.setdefault(code, []).append((found["value"] or "") if found else line)
    if not {"HD", "PD"} <= fields.keys():
        raise BadRow(
            "no fields HD and PD: export “Full Article/Report plus Indexing” from Factiva, which has such codes"
        )
    values = {code: _blocks(fields.get(code, ())) for code in ("HD", "PD", "SN", "LA", "LP", "TD")}
    title, day, outlet, language = (" ".join(values[code]) for code in ("HD", "PD", "SN", "LA"))
    ended = _DOCUMENT.fullmatch(lines[-1])
    return {
        "article": ended["id"] if ended else "",
        "outlet": outlet,
        "title": title,
        "published": written_day(day),
        "language": _language(language),
        "body": "\n\n".join([*values["LP"], *values["TD"]]),
    }
