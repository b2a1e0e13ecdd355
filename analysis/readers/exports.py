"""Plain-text exports of Nexis and Factiva: documents between the databases' own markers, a day as the date of each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from analysis.errors import TextsError
from analysis.readers.row import BadRow, Reading, Rows, complete
from analysis.readers.stream import MAX_LINE, Source
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
#: A document of Nexis begins below the first of these lines or ends with the second.
_BEGINS = re.compile(
    r"\s*(?:(?:document|dokument|documento)\s+)?\d+ (?:of|von|de|di|z) \d+(?:\s+do[ck]ument\w*)?\s*", re.I
)
_ENDS = re.compile(r"\s*(?:End of Document|Ende des Dokuments|Fin del documento|Fin du document)\s*", re.I)
_PAGE = re.compile(r"\s*(?:Page|Seite|Página) \d+ (?:of|von|de) \d+\s*", re.I)
#: What stands beside a text of Nexis: "LENGTH: 345 words", "Load-Date: December 8, 2022".
_FIELD = re.compile(
    r"(?P<name>[A-ZÄÖÜÉÍÓÚ][A-Za-zÄÖÜÉÍÓÚäöüéíóú-]*(?: [A-Z][a-z-]+)?):(?:\s+(?P<value>.*))?", re.DOTALL
)
_HEAD = "byline section length highlight dateline headline autor autora rubrik lange seccion longitud ressort series"
_TAIL = (
    "load-date language graphic update sprache publication-type document-type subject notes classification grafik"
    " idioma correction-date pub-type organization geographic person company ticker industry journal-code"
)
_BODY, _COPYRIGHT = re.compile(r"\s*(?:Body|Text)\s*", re.I), re.compile(r"\s*(?:copyright|©|\(c\)|all rights)", re.I)
#: Factiva: codes of its fields, the end of a document, and the count of words, which its layout without codes has.
_CODES = "SE|HD|BY|CR|WC|PD|ET|SN|SC|ED|PG|VOL|LA|CY|LP|TD|CT|RF|CO|IN|NS|RE|IPC|IPD|PUB|AN|ART|CLM"
_CODE = re.compile(rf"\s?(?!IN \S)(?P<code>{_CODES})(?:[ \t]+(?P<value>\S.*))?\s*")
_DOCUMENT = re.compile(r"\s*(?:AN\s+)?(?:Document|Dokument|Documento)\s+(?P<id>[A-Z0-9]{6,12}\d{8}[a-z0-9]+)\s*")
_WORDS = re.compile(r"\s*[\d.,]+ (?:words|W[öo]rter|palabras|palavras|mots|parole|s[łl][óo]w)\s*", re.I)
#: Time, code or page of a document in that layout.
_PLAIN_FACT = re.compile(r"\d{1,2}:\d\d.*|[A-Z0-9]{2,8}|[A-Z]?\d+|(?:Page|Seite) .*")

_Parse = Callable[[Sequence[str]], dict[str, object]]


def read_export(source: Source, reading: Reading) -> Rows:
    """Each document of an export of Nexis or Factiva: the 1-based line that it starts on, and its cells."""
    lines = [("\0" if line is None else line).rstrip("\r\n") for line in source.text_lines()]
    if (at := next((at for at, line in enumerate(lines) if line == "\0"), None)) is not None:
        raise TextsError(source.path, f"line {at + 1} has more than {MAX_LINE:,} characters")
    nexis = any(map(_ENDS.fullmatch, lines)) or any(map(_BEGINS.fullmatch, lines))
    if not nexis and not any(map(_DOCUMENT.fullmatch, lines)):
        message = "is no export of Nexis (Document 1 of 3, End of Document) or Factiva (Document ABCD0000…)"
        raise TextsError(source.path, f"{message}. Plain texts go into a folder with a metadata.csv")
    parse = _nexis if nexis else _factiva
    for start, document in _nexis_documents(lines) if nexis else _factiva_documents(lines):
        yield start, partial(_row, parse, document)


def is_export(source: Source) -> bool:
    """True where the first lines of a text have a marker of Nexis or Factiva."""
    with source:
        first = source.read(200_000).decode("utf-8", "replace").splitlines()
    return any(mark.fullmatch(line) for line in first for mark in (_ENDS, _BEGINS, _DOCUMENT))


def _row(parse: _Parse, document: Sequence[str]) -> Mapping[str, object]:
    found = parse(document)
    language = str(found.get("language") or "").partition(";")[0].partition(",")[0].strip()
    return complete({**found, "source": "text", "language": LANGUAGE_NAMES.get(language.casefold(), language)})


def written_day(text: str) -> str | None:
    """Day in ISO 8601 of a date written out (8. Dezember 2022; December 8, 2022); None where there is none."""
    for found in _DAY.finditer(text):
        month, day, year = (found[name] or found[f"{name}2"] for name in ("month", "day", "year"))
        plain = unicodedata.normalize("NFKD", month.casefold()).encode("ascii", "ignore").decode()
        for number, names in enumerate(_MONTHS, start=1):
            if any(plain.startswith(name) for name in names.split()):
                return f"{year}-{number:02d}-{int(day):02d}"
    return None


def _nexis_documents(lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    begun, held = 1, list[str]()
    for number, line in enumerate([*lines, "End of Document"], start=1):
        if _ENDS.fullmatch(line) or _BEGINS.fullmatch(line):
            if sum(map(bool, map(str.strip, held))) > 2:  # more than a cover
                yield begun, held
            begun, held = number + 1, []
        elif not _PAGE.fullmatch(line):
            held.append(line)


def _nexis(lines: Sequence[str]) -> dict[str, object]:
    """Cells of a document: publication, date and headline above, fields, text, fields."""
    body_at = next((at for at, line in enumerate(lines) if _BODY.fullmatch(line)), None)
    dated = next((at for at, line in enumerate(lines) if written_day(line) and not _is_field(line)), None)
    if dated is None:
        raise BadRow("no line with a date above the text: it was not understood as a document of Nexis")
    above = [line.strip() for line in lines[:dated] if line.strip() and not _COPYRIGHT.match(line)]
    blocks = _blocks(lines[dated + 1 :] if body_at is None else lines[body_at + 1 :])
    if body_at is None:  # publication, date, headline
        blocks = [block for block in _blocks(lines[dated:])[1:] if not _COPYRIGHT.match(block)]
        outlet, title = above[0] if above else "", "" if not blocks or _is_field(blocks[0]) else blocks.pop(0)
    else:  # headline, publication, date
        outlet, title = above[-1] if above else "", " ".join(above[:-1])
    fields = {_name(line): found["value"] or "" for line in lines if (found := _FIELD.fullmatch(line.strip()))}
    paragraphs = list[str]()
    for block in blocks:
        if (field := _name(block)) in _TAIL.split() or block.strip() in ("Graphic", "Classification", "Notes"):
            break
        if paragraphs or field not in _HEAD.split():
            paragraphs.append(block)
    title = fields.get("headline") or title
    language = fields.get("language") or fields.get("sprache") or fields.get("idioma")
    body = "\n\n".join(paragraphs)
    return {
        "outlet": outlet,
        "title": title,
        "published": written_day(lines[dated]),
        "language": language,
        "body": body,
    }


def _is_field(text: str) -> bool:
    return _name(text) in {*_HEAD.split(), *_TAIL.split()}


def _name(text: str) -> str:
    """Name of the field that a line or paragraph is, in plain small letters; empty where it is none."""
    found = _FIELD.fullmatch(text.strip())
    return unicodedata.normalize("NFKD", found["name"].casefold()).encode("ascii", "ignore").decode() if found else ""


def _blocks(lines: Sequence[str]) -> list[str]:
    """Paragraphs: lines between blank ones, joined."""
    blocks = re.split(r"\n[^\S\n]*\n", "\n".join(lines))
    return [" ".join(block.split()) for block in blocks if block.strip()]


def _factiva_documents(lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    begun, held = 1, list[str]()
    for number, line in enumerate(lines, start=1):
        held.append(line)
        if _DOCUMENT.fullmatch(line):
            yield begun, held
            begun, held = number + 1, []


def _factiva(lines: Sequence[str]) -> dict[str, object]:
    """Cells of a document, by its fields (HD, PD, SN, LP, TD), or in the layout without codes."""
    ended = _DOCUMENT.fullmatch(lines[-1])
    fields, code = dict[str, list[str]](), ""
    for line in lines[:-1]:
        found = _CODE.fullmatch(line)
        code = found["code"] if found else code
        fields.setdefault(code, []).append((found["value"] or "") if found else line)
    values = {code: _blocks(texts) for code, texts in fields.items()}
    article = {"article": ended["id"] if ended else ""}
    if not {"HD", "PD"} <= values.keys():
        return article | _factiva_plain(lines[:-1])
    title, day, outlet, language = (" ".join(values.get(code, ())) for code in ("HD", "PD", "SN", "LA"))
    body = "\n\n".join([*values.get("LP", ()), *values.get("TD", ())])
    facts = {"outlet": outlet, "title": title, "published": written_day(day), "language": language, "body": body}
    return article | facts


def _factiva_plain(lines: Sequence[str]) -> dict[str, object]:
    """Cells of headline, count of words, date, time, source, code, language, copyright, text: a line each."""
    counted = next((at for at, line in enumerate(lines) if _WORDS.fullmatch(line)), None)
    if counted is None:
        raise BadRow("neither HD and PD nor a count of words: it was not understood as a document of Factiva")
    above = [line.strip() for line in lines[:counted] if line.strip()]
    below = [(at, line.strip()) for at, line in enumerate(lines) if at > counted and line.strip()]
    facts, start = list[str](), counted + 1
    for at, line in below[:9]:
        if _COPYRIGHT.match(line):
            start = at + 1
            break
        facts.append(line)
    else:
        raise BadRow("no copyright below the count of words: it was not understood as a document of Factiva")
    rest = [
        line
        for line in facts[1:]
        if not re.fullmatch(r"\d{1,2}:\d\d.*|[A-Z0-9]{2,8}|[A-Z]?\d+|(?:Page|Seite) .*", line)
    ]
    language = rest[-1] if len(rest) > 1 and rest[-1].casefold() in LANGUAGE_NAMES else ""
    day, outlet = written_day(facts[0]) if facts else None, rest[0] if rest else ""
    title, body = above[0] if above else "", "\n\n".join(_blocks(lines[start:]))
    return {"outlet": outlet, "title": title, "published": day, "language": language, "body": body}
