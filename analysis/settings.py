"""study.toml: what a study's author decides before looking, read and held to its form."""

from __future__ import annotations

import codecs
import itertools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from analysis.errors import Problem
from analysis.tables import LANGUAGES, MEASURES, SUBEVENTS

#: Most characters of a name that becomes a file's or a folder's.
_LONGEST = 60


@dataclass(frozen=True)
class Period:
    """A stretch of the story, first and last day included, in the event's time zone."""

    name: str
    start: date
    end: date

    @property
    def start_day(self) -> pd.Timestamp:
        """First day as a timestamp without zone."""
        return pd.Timestamp(self.start)

    @property
    def end_day(self) -> pd.Timestamp:
        """Last day as a timestamp without zone."""
        return pd.Timestamp(self.end)


@dataclass(frozen=True)
class ReportRule:
    """One entry of [[reports]]: a notebook, once with `parameters` or once for each tested outlet."""

    notebook: str
    each: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Happening:
    """A dated occurrence, drawn into the time line."""

    day: date
    name: str


@dataclass(frozen=True)
class Settings:
    """What study.toml says. Every field without a default must be there."""

    name: str
    title: str
    question: str
    event: date
    timezone: str
    window: tuple[date, date]
    periods: tuple[Period, ...]
    languages: tuple[str, ...]
    reports: tuple[ReportRule, ...]
    happenings: tuple[Happening, ...] = ()
    subevents: tuple[str, ...] = SUBEVENTS
    min_articles: int = 20
    primary: str = "lede"
    excluded_from_references: tuple[str, ...] = ()
    seed: int = 2022
    draws: int = 2000
    main_actors: tuple[str, ...] = ()
    confirmatory: tuple[str, ...] = ()
    invented: str = ""
    texts: tuple[str, ...] = ()


def read_settings(path: Path) -> tuple[Settings | None, list[Problem]]:
    """Read study.toml; return the settings, or None and what is wrong."""
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except FileNotFoundError:
        return None, [Problem(path, None, "does not exist", "A study folder holds a study.toml")]
    except OSError as error:
        return None, [Problem(path, None, f"cannot be read ({error.strerror})", "A study folder holds a study.toml")]
    try:
        text = raw.decode("utf-8")
        found = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return None, [Problem(path, line, f"byte {raw[error.start]:#04x} is not UTF-8", "Save the file as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        return None, [Problem(path, int(at[1]) if at else None, f"is not TOML: {error}", "Mend the line")]
    problems: list[Problem] = []

    def complain(name: str, message: str, fix: str) -> None:
        problems.append(Problem(path, line_of(text, name), f"setting {name!r}{message}", fix))

    known = {f.name: f for f in fields(Settings)}
    for name in found:
        if name not in known:
            complain(name, " is unknown", f"Known: {', '.join(known)}")
    values = {}
    for name, parse in _PARSERS.items():
        if name not in found:
            if name in _REQUIRED:
                complain(name, " is missing", "Add it")
            continue
        try:
            values[name] = parse(found[name])
        except KeyError as error:
            complain(name, f": {error} is missing", "Add it")
        except (ValueError, TypeError) as error:
            complain(name, f": {error}", "Mend its value")
    return (None if problems else Settings(**values)), problems


def line_of(text: str, name: str, entry: int = 0) -> int | None:
    """1-based line of study.toml where a setting, or its table number `entry`, stands; None where there is none."""
    place = re.compile(rf"""^[ \t]*(?:\[\[?[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=\].]""", re.MULTILINE)
    starts = [found.start() for found in place.finditer(text)]
    return text.count("\n", 0, starts[entry if entry < len(starts) else 0]) + 1 if starts else None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value


def _name(value: Any) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", _text(value)):
        raise ValueError(f"{value!r} may hold small letters, digits and hyphens only: it becomes a folder's name")
    if len(value) > _LONGEST:
        raise ValueError(f"{value!r} has more than {_LONGEST} characters: it becomes a folder's name")
    return str(value)


def _whole(least: int, most: int | None = None) -> Callable[[Any], int]:
    limits = f"from {least} up" if most is None else f"from {least} to {most}"

    def parse(value: Any) -> int:
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= (most or value)
        if not fits:
            raise ValueError(f"{value!r} is not a whole number {limits}")
        return int(value)

    return parse


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a date (write 2022-12-07, without quotation marks)")
    return value


def _window(value: Any) -> tuple[date, date]:
    given = _table(value, "window", "start", "end")
    return _span(given["start"], given["end"])


def _span(first: Any, last: Any) -> tuple[date, date]:
    start, end = _day(first), _day(last)
    if end < start:
        raise ValueError(f"ends on {end}, before it starts on {start}")
    return start, end


def _zone(value: Any) -> str:
    try:
        ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long for a file
        raise ValueError(f"{value!r} is no time zone (write America/Lima)") from None
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of texts")
    texts = tuple(_text(item) for item in value)
    if twice := sorted({text for text in texts if texts.count(text) > 1}):
        raise ValueError(f"{', '.join(map(repr, twice))} stands there more than once")
    return texts


def _table(value: Any, place: str, *known: str) -> Mapping[str, Any]:
    """A TOML table without keys that nothing would read."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table")
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"{', '.join(unknown)} is unknown in {place}; known: {', '.join(known)}")
    return value


def _tables(value: Any, place: str, *known: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of tables (write {place})")
    return [_table(item, place, *known) for item in value]


def _languages(value: Any) -> tuple[str, ...]:
    for language in (chosen := _texts(value)):
        if language not in LANGUAGES:
            raise ValueError(f"language {language!r} is unknown; known: {', '.join(LANGUAGES)}")
    if not chosen:
        raise ValueError("needs at least one language")
    return chosen


def _periods(value: Any) -> tuple[Period, ...]:
    items = _tables(value, "[[periods]]", "name", "start", "end")
    periods = tuple(Period(_name(item["name"]), *_span(item["start"], item["end"])) for item in items)
    for before, after in itertools.pairwise(periods):
        if after.start <= before.end:
            raise ValueError(f"{after.name!r} starts on {after.start}, before {before.name!r} ends on {before.end}")
    if len({period.name for period in periods}) < len(periods):
        raise ValueError("two periods have the same name")
    if not periods:
        raise ValueError("needs at least one period")
    return periods


def _measures(value: Any) -> tuple[str, ...]:
    for measure in (chosen := _texts(value)):
        if measure not in MEASURES:
            raise ValueError(f"measure {measure!r} is unknown; known: {', '.join(MEASURES)}")
    return chosen


def _reports(value: Any) -> tuple[ReportRule, ...]:
    rules = []
    for item in _tables(value, "[[reports]]", "notebook", "each", "parameters"):
        if item.get("each", "outlet") != "outlet":
            raise ValueError(f"each = {item['each']!r}: only 'outlet' is known")
        given = item.get("parameters", {})
        if not isinstance(given, dict):
            raise ValueError(f'parameters = {given!r} is not a table (write parameters = {{ outlet = "…" }})')
        rules.append(ReportRule(_name(item["notebook"]), item.get("each", ""), dict(given)))
    return tuple(rules)


def _happenings(value: Any) -> tuple[Happening, ...]:
    return tuple(
        Happening(_day(item["day"]), _text(item["name"])) for item in _tables(value, "[[happenings]]", "day", "name")
    )


def _primary(value: Any) -> str:
    if value not in ("title", "lede", "text"):
        raise ValueError(f"{value!r} is none of title, lede, text")
    return str(value)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "title": _text,
    "question": _text,
    "event": _day,
    "timezone": _zone,
    "window": _window,
    "periods": _periods,
    "languages": _languages,
    "reports": _reports,
    "happenings": _happenings,
    "subevents": _texts,
    "min_articles": _whole(2),
    "primary": _primary,
    "excluded_from_references": _texts,
    "seed": _whole(0),
    "draws": _whole(100, 1_000_000),
    "main_actors": _texts,
    "confirmatory": _measures,
    "invented": _text,
    "texts": _texts,
}
_REQUIRED = ("name", "title", "question", "event", "timezone", "window", "periods", "languages", "reports")
