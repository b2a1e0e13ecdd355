"""Values of study.toml: each parser takes what TOML holds and returns what is meant, or says all that is wrong."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from analysis.errors import did_you_mean
from analysis.study.entries import Happening, Period, ReportRule, Supplement
from analysis.tables import LANGUAGES, MEASURES, TEXT_COLUMNS

#: Most characters of a name that becomes a file's or a folder's.
_LONGEST = 60
#: Instruments of which a study's method notes may say more (analysis.report.method).
NOTED = (
    *("text", "sub-event", "mentions", "voice", "valence", "comparison", "groups", "words"),
    *("dispersion", "correction", "variance"),
)
#: What people write for a language whose code they do not know.
_LANGUAGE_NAMES = {
    **{"english": "en", "spanish": "es", "español": "es", "castellano": "es", "portuguese": "pt"},
    **{"português": "pt", "polish": "pl", "polski": "pl"},
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a value: which of its tables (from 0) it is in, or which of its texts it is."""

    message: str
    fix: str = "Mend its value"
    entry: int = 0
    text: str = ""


class Faults(ValueError):
    """Everything that is wrong with the value of one setting."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


def fault_of(error: Exception, entry: int = 0) -> Fault:
    """What a parser's error says."""
    if isinstance(error, KeyError):
        return Fault(f"{error} is missing", "Add it", entry)
    return Fault(str(error), entry=entry)


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


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


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


def _table(value: Any, place: str, *known: str) -> Mapping[str, Any]:
    """A TOML table without keys that nothing would read."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table")
    if unknown := sorted(set(value) - set(known)):
        hint = did_you_mean(unknown[0], known)
        raise ValueError(f"{', '.join(unknown)} is unknown in {place}; known: {', '.join(known)}{hint}")
    return value


def _primary(value: Any) -> str:
    if value not in ("title", "lede", "text"):
        raise ValueError(f"{value!r} is none of title, lede, text")
    return str(value)


def _zone(value: Any) -> str:
    try:
        ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long for a file
        hint = did_you_mean(str(value)[:_LONGEST], available_timezones())
        raise ValueError(f"{value!r} is no time zone (write America/Lima){hint}") from None
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of texts")
    texts = tuple(_text(item) for item in value)
    if twice := sorted({text for text in texts if texts.count(text) > 1}):
        raise ValueError(f"{', '.join(map(repr, twice))} stands there more than once")
    return texts


def _known_texts(value: Any, what: str, known: Iterable[str], hint: Callable[[str], str]) -> tuple[str, ...]:
    chosen, there = _texts(value), tuple(known)
    if strange := [text for text in chosen if text not in there]:
        raise Faults(
            Fault(f"{what} {text!r} is unknown; known: {', '.join(there)}{hint(text)}", text=text) for text in strange
        )
    return chosen


def language_hint(code: str) -> str:
    """A suggestion where a language is written in another way than by its two letters."""
    found = _LANGUAGE_NAMES.get(code.casefold(), re.split("[-_]", code.casefold())[0])
    return f" (did you mean {found!r}?)" if found in LANGUAGES else ""


def _languages(value: Any) -> tuple[str, ...]:
    if value == []:
        raise ValueError("needs at least one language")
    return _known_texts(value, "language", LANGUAGES, language_hint)


def _measures(value: Any) -> tuple[str, ...]:
    return _known_texts(value, "measure", MEASURES, lambda text: did_you_mean(text, MEASURES))


def _tables(value: Any, place: str, parse: Callable[[Mapping[str, Any]], Any], *known: str) -> tuple[Any, ...]:
    """Each table of a list, parsed; all that is wrong with all of them."""
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of tables (write {place})")
    parsed, faults = [], []
    for number, item in enumerate(value):
        try:
            parsed.append(parse(_table(item, place, *known)))
        except (KeyError, ValueError, TypeError) as error:
            faults.append(fault_of(error, number))
    if faults:
        raise Faults(faults)
    return tuple(parsed)


def _periods(value: Any) -> tuple[Period, ...]:
    def parse(item: Mapping[str, Any]) -> Period:
        return Period(_name(item["name"]), *_span(item["start"], item["end"]))

    periods: tuple[Period, ...] = _tables(value, "[[periods]]", parse, "name", "start", "end")
    faults = []
    for number, (before, after) in enumerate(itertools.pairwise(periods), start=1):
        if after.start <= before.end:
            message = f"{after.name!r} starts on {after.start}, before {before.name!r} ends on {before.end}"
            faults.append(Fault(message, entry=number))
        if after.name in {period.name for period in periods[:number]}:
            faults.append(Fault(f"{after.name!r} is the name of two periods", entry=number))
    if faults:
        raise Faults(faults)
    if not periods:
        raise ValueError("needs at least one period")
    return periods


def _reports(value: Any) -> tuple[ReportRule, ...]:
    def parse(item: Mapping[str, Any]) -> ReportRule:
        if item.get("each", "outlet") != "outlet":
            raise ValueError(f"each = {item['each']!r}: only 'outlet' is known")
        given = item.get("parameters", {})
        if not isinstance(given, dict):
            raise ValueError(f'parameters = {given!r} is not a table (write parameters = {{ outlet = "…" }})')
        return ReportRule(_name(item["notebook"]), item.get("each", ""), dict(given))

    return _tables(value, "[[reports]]", parse, "notebook", "each", "parameters")


def _happenings(value: Any) -> tuple[Happening, ...]:
    def parse(item: Mapping[str, Any]) -> Happening:
        return Happening(_day(item["day"]), _text(item["name"]))

    return _tables(value, "[[happenings]]", parse, "day", "name")


def _supplement(value: Any) -> Supplement:
    given = _table(value, "supplement", "file", "about", "terms")
    file = _text(given["file"])
    if PurePosixPath(file).is_absolute() or PureWindowsPath(file).drive or {"..", ""} & set(re.split(r"[/\\]", file)):
        # What a study shows is published with it, so it lies in its folder.
        raise ValueError(f"{file!r} does not lie in the study's folder; put the file there")
    return Supplement(file, _text(given["about"]), _texts(given["terms"]))


def _notes(value: Any) -> Mapping[str, str]:
    return {name: _text(text) for name, text in _table(value, "notes", *NOTED).items()}


def _columns(value: Any) -> Mapping[str, str]:
    given = {meaning: _text(name) for meaning, name in _table(value, "[columns]", *TEXT_COLUMNS).items()}
    _texts(list(given.values()))  # one column cannot be two things
    return given


#: Setting → its parser.
PARSERS: dict[str, Callable[[Any], Any]] = {
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
    "observed_throughout": _flag,
    "min_articles": _whole(2),
    "primary": _primary,
    "excluded_from_references": _texts,
    "seed": _whole(0),
    "draws": _whole(100, 1_000_000),
    "main_actors": _texts,
    "confirmatory": _measures,
    "invented": _text,
    "texts": _texts,
    "supplement": _supplement,
    "notes": _notes,
    "columns": _columns,
}
REQUIRED = ("name", "title", "question", "event", "timezone", "window", "periods", "languages", "reports")
