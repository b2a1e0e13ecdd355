"""study.toml: what a study's author decides before looking, read and held to its form."""

from __future__ import annotations

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
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, [Problem(path, None, "does not exist", "A study folder holds a study.toml")]
    except UnicodeDecodeError as error:
        return None, [Problem(path, None, f"is not UTF-8 ({error.reason})", "Save the file as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        return None, [Problem(path, int(at[1]) if at else None, f"is not TOML: {error}", "Mend the line")]
    problems: list[Problem] = []

    def complain(message: str, fix: str) -> None:
        problems.append(Problem(path, None, message, fix))

    known = {f.name: f for f in fields(Settings)}
    for name in found:
        if name not in known:
            complain(f"setting {name!r} is unknown", f"Known: {', '.join(known)}")
    values = {}
    for name, parse in _PARSERS.items():
        if name not in found:
            if name in _REQUIRED:
                complain(f"setting {name!r} is missing", "Add it")
            continue
        try:
            values[name] = parse(found[name])
        except KeyError as error:
            complain(f"setting {name!r}: {error} is missing", "Add it")
        except (ValueError, TypeError) as error:
            complain(f"setting {name!r}: {error}", "Mend its value")
    return (None if problems else Settings(**values)), problems


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value


def _name(value: Any) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", _text(value)):
        raise ValueError(f"{value!r} may hold small letters, digits and hyphens only: it becomes a folder's name")
    return str(value)


def _whole(least: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{value!r} is not a whole number from {least} up")
        return value

    return parse


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a date (write 2022-12-07, without quotation marks)")
    return value


def _window(value: Any) -> tuple[date, date]:
    start, end = _day(value["start"]), _day(value["end"])
    if end < start:
        raise ValueError(f"ends on {end}, before it starts on {start}")
    return start, end


def _zone(value: Any) -> str:
    try:
        ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is no time zone (write America/Lima)") from None
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of texts")
    return tuple(_text(item) for item in value)


def _languages(value: Any) -> tuple[str, ...]:
    for language in (chosen := _texts(value)):
        if language not in LANGUAGES:
            raise ValueError(f"language {language!r} is unknown; known: {', '.join(LANGUAGES)}")
    return chosen


def _periods(value: Any) -> tuple[Period, ...]:
    periods = tuple(Period(_name(item["name"]), *_window(item)) for item in value)
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
    for item in value:
        if unknown := set(item) - {"notebook", "each", "parameters"}:
            raise ValueError(f"{', '.join(sorted(unknown))} is unknown in [[reports]]")
        if item.get("each", "outlet") != "outlet":
            raise ValueError(f"each = {item['each']!r}: only 'outlet' is known")
        rules.append(ReportRule(_name(item["notebook"]), item.get("each", ""), dict(item.get("parameters", {}))))
    return tuple(rules)


def _happenings(value: Any) -> tuple[Happening, ...]:
    return tuple(Happening(_day(item["day"]), _text(item["name"])) for item in value)


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
    "draws": _whole(100),
    "main_actors": _texts,
    "confirmatory": _measures,
    "invented": _text,
    "texts": _texts,
}
_REQUIRED = ("name", "title", "question", "event", "timezone", "window", "periods", "languages", "reports")
