"""Columns of a table of texts → what they hold: by the names people give them, or by [columns] in study.toml."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.errors import TextsError

#: What a column may hold → the names it goes by, the likeliest first. Compared without case, spaces and hyphens.
NAMES: dict[str, tuple[str, ...]] = {
    "file": ("file", "filename", "file_name", "path", "archivo"),
    "article": ("article", "article_id", "id", "guid", "uid", "doc_id", "document_id", "stories_id"),
    "outlet": ("outlet", "publication", "newspaper", "media_name", "media", "publisher", "source", "medio", "diario"),
    "language": ("language", "lang", "idioma"),
    "published": (
        *("published", "published_at", "publish_date", "publication_date", "date_published", "pubdate", "pub_date"),
        *("date", "datetime", "timestamp", "fecha", "data"),
    ),
    "url": ("url", "link", "web_url", "address", "enlace"),
    "title": ("title", "headline", "heading", "titular", "titulo", "título"),
    "body": ("body", "text", "content", "full_text", "fulltext", "article_text", "body_text", "texto", "cuerpo"),
}
_SHOWN, _WIDTH = 30, 40


def match(path: Path, there: Sequence[str], given: Mapping[str, str], *, beside: bool = False) -> dict[str, int]:
    """Position of each column that is known.

    Parameters
    ----------
    path : the file, for what is said of it
    there : names of its columns
    given : what a column holds → its name, as the study says
    beside : whether the texts lie beside the table, in files of their own that a column names

    Returns
    -------
    dict, one of `TEXT_COLUMNS` → position

    Raises
    ------
    TextsError
        Where a column that the study names is not there, one that is needed is not found, or a name occurs twice.
    """
    plain = [_plain(name) for name in there]
    places: dict[str, int] = {}
    for meaning, name in given.items():
        if name not in there and (meaning != "file" or beside):
            wrong = f"has no column {name!r}, which [columns] in study.toml names for {meaning}; {_told(there)}"
            raise TextsError(path, wrong)
        if name in there:
            places[meaning] = there.index(name)
    for meaning, names in NAMES.items():
        if meaning not in places and (found := [name for name in names if name in plain]):
            places[meaning] = plain.index(found[0])
    # A column "source" is the outlet, unless another one is.
    if "source" not in places and "source" in plain and places.get("outlet") != plain.index("source"):
        places["source"] = plain.index("source")
    _check(path, there, plain, places, beside)
    return places


def _check(path: Path, there: Sequence[str], plain: list[str], places: Mapping[str, int], beside: bool) -> None:
    needed = [["outlet"], ["published"], ["file"] if beside else ["title", "body"]]
    missing = [" or ".join(names) for names in needed if not any(name in places for name in names)]
    if missing:
        told = f"has no column for {', '.join(missing)}; {_told(there)}. Name it under [columns] in study.toml"
        raise TextsError(path, told)
    for position in places.values():
        if plain.count(plain[position]) > 1:
            raise TextsError(path, f"has two columns {there[position][:_WIDTH]!r}; {_told(there)}")


def record(cells: Mapping[str, object]) -> dict[str, object]:
    """What `parse_row` asks for, out of the cells that are there; an id of its own where there is none."""
    row = {"url": "", "title": "", "body": "", "source": "text", **{k: v for k, v in cells.items() if v is not None}}
    row["source"] = row["source"] or "text"
    if not row.get("article"):
        row["article"] = identify(row.get("outlet"), row["url"] or f"{row['title']}\n{row['body']}")
    return row


def identify(outlet: object, what: object) -> str:
    """An id for an article that has none: its outlet and a digest of its address or text."""
    digest = hashlib.sha256(str(what).encode("utf-8", "replace")).hexdigest()
    return f"{re.sub('[^a-z0-9.]+', '-', str(outlet).casefold())[:60].strip('-')}-{digest[:16]}"


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _told(there: Sequence[str]) -> str:
    names = [name if len(name) <= _WIDTH else f"{name[: _WIDTH - 1]}…" for name in there[:_SHOWN]]
    return f"it has: {', '.join(names)}{', …' if len(there) > _SHOWN else ''}"
