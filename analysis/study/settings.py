"""study.toml: what a study's author decides before looking. Every fault is told at once, with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from analysis.errors import Problem, did_you_mean
from analysis.study.studyfiles import CONTROL, line_of, line_of_text, read_utf8
from analysis.tables import LANGUAGES, MEASURES, TEXT_COLUMNS, language_hint, language_tag

#: Instruments of which a study's method notes may say more (analysis.report.descriptions).
NOTED = (
    *("text", "sub-event", "mentions", "voice", "sentiment", "comparison", "groups", "words"),
    *("dispersion", "correction", "variance"),
)
Of = TypeVar("Of")


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ValueError(f"{value!r} may hold small letters, digits and hyphens only: it becomes a folder's name")
    if len(value) > 60:
        raise ValueError(f"{value!r} has more than 60 characters: it becomes a folder's name")
    return value


def _one_of(known: Iterable[str], hint: Callable[[str], str] | None = None) -> AfterValidator:
    """Validator of a word that must be one of few."""
    words = tuple(known)

    def check(value: str) -> str:
        if value not in words:
            suggestion = (hint(value) if hint else "") or did_you_mean(value, words)
            raise ValueError(f"{value!r} is none of {', '.join(words)}{suggestion}")
        return value

    return AfterValidator(check)


def _once(values: Of) -> Of:
    items: list[str] = list(values.values()) if isinstance(values, dict) else list(cast("tuple[str, ...]", values))
    if twice := sorted({item for item in items if items.count(item) > 1}):
        raise ValueError(f"{', '.join(map(repr, twice))} stands there more than once")
    return values


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long for a file
        hint = did_you_mean(value[:60], available_timezones())
        raise ValueError(f"{value!r} is no time zone (write America/Lima){hint}") from None
    return value


def _own_file(value: str) -> str:
    if PurePosixPath(value).is_absolute() or PureWindowsPath(value).drive or {"..", ""} & {*re.split(r"[/\\]", value)}:
        # What a study shows is published with it.
        raise ValueError(f"{value!r} does not lie in the study's folder; put the file there")
    return value


def _language(value: Any) -> Any:
    return language_tag(value) if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_text)]
Slug = Annotated[str, AfterValidator(_slug)]
Language = Annotated[
    str,
    BeforeValidator(_language),
    _one_of(LANGUAGES, language_hint),
]
Several = Field(strict=False)  # a list of TOML is a tuple here
Texts = Annotated[tuple[Text, ...], Several, AfterValidator(_once)]
Languages = Annotated[tuple[Language, ...], Field(strict=False, min_length=1), AfterValidator(_once)]
Measures = Annotated[tuple[Annotated[str, _one_of(MEASURES)], ...], Several, AfterValidator(_once)]


class Table(BaseModel):
    """A table of study.toml: no key that nothing would read, and values of the types they are written in."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Span(Table):
    """First and last day, both included, in the event's time zone."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        return self


class Period(Span):
    """A stretch of the story."""

    name: Slug


class ReportRule(Table):
    """One entry of [[reports]]: a notebook, once with `parameters` or once for each tested outlet."""

    notebook: Slug
    each: Annotated[str, _one_of(("outlet",))] = ""
    parameters: dict[str, Any] = {}


class Happening(Table):
    """A dated occurrence, drawn into the time line."""

    day: date
    name: Text


class Supplement(Table):
    """Words of another source, described and never tested: a file of the study, what it is, words looked up in it."""

    file: Annotated[Text, AfterValidator(_own_file)]
    about: Text
    terms: Texts


class Settings(Table):
    """Content of study.toml."""

    name: Slug
    title: Text
    question: Text
    event: date
    timezone: Annotated[str, AfterValidator(_zone)]
    span: Span = Field(alias="window")
    periods: Annotated[tuple[Period, ...], Field(strict=False, min_length=1)]
    languages: Languages
    reports: Annotated[tuple[ReportRule, ...], Several]
    happenings: Annotated[tuple[Happening, ...], Several] = ()
    subevents: Texts = ()
    observed_throughout: bool = False
    min_articles: int = Field(20, ge=2)
    primary: Annotated[str, _one_of(("title", "lede", "text"))] = "lede"
    excluded_from_references: Texts = ()
    seed: int = Field(2022, ge=0)
    draws: int = Field(2000, ge=100, le=1_000_000)
    main_actors: Texts = ()
    confirmatory: Measures = ()
    invented: Annotated[str, AfterValidator(_text)] = ""
    texts: Texts = ()
    supplement: Supplement | None = None
    notes: dict[Annotated[str, _one_of(NOTED)], Text] = {}
    columns: Annotated[dict[Annotated[str, _one_of(TEXT_COLUMNS)], Text], AfterValidator(_once)] = {}

    @property
    def window(self) -> tuple[date, date]:
        """First and last day that articles are from."""
        return self.span.start, self.span.end

    @field_validator("*", mode="before")
    @classmethod
    def _printable(cls, value: Any) -> Any:
        for text in _strings(value):
            if CONTROL.search(text):
                raise ValueError(f"{text!r} holds a control character")
        return value


def _strings(value: Any) -> Iterator[str]:
    """Every text in a value of TOML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _strings(item)


#: What stands in for a setting that cannot be read, so that the rest of a study can be checked: it forbids nothing.
_ANY_DAY = {"start": date.min, "end": date.max}
_STAND_IN: Mapping[str, Any] = {
    **{"name": "study", "title": "-", "question": "-", "event": date.min, "timezone": "UTC", "window": _ANY_DAY},
    **{"periods": [{"name": "all", **_ANY_DAY}], "languages": list(LANGUAGES), "reports": [], "min_articles": 2},
}


def read_settings(path: Path) -> tuple[Settings | None, list[Problem]]:
    """Settings of a study.toml, or None, and everything that is wrong with it."""
    settings, problems = read_what_can_be(path)
    return (None if problems else settings), problems


def read_what_can_be(path: Path) -> tuple[Settings, list[Problem]]:
    """Settings, with something harmless in the place of each that is wrong, and everything that is wrong."""
    raw, problems = read_utf8(path, "A study folder holds a study.toml")
    if problems:
        return Settings.model_validate(_STAND_IN), problems
    text = raw.decode()
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also numbers of thousands of digits
        at = re.search(r"line (\d+)", str(error))
        problem = Problem(path, int(at[1]) if at else None, f"is not TOML: {error}", "Mend the line", unread=True)
        return Settings.model_validate(_STAND_IN), [problem]
    try:
        return Settings.model_validate(given), []
    except ValidationError as error:
        found = error.errors(include_url=False)
    unknown = {fault["loc"][:-1] for fault in found if fault["type"] == "extra_forbidden" and len(fault["loc"]) > 1}
    # A key that is missing is the one that was misspelt; a list is no shorter for what is wrong in it.
    faults = [fault for fault in found if not (fault["type"] == "missing" and fault["loc"][:-1] in unknown)]
    faults = [fault for fault in faults if not (fault["type"] == "too_short" and fault["input"])]
    wrong = {str(fault["loc"][0]) for fault in faults}
    kept = {name: value for name, value in given.items() if name not in wrong}
    filled = {name: value for name, value in _STAND_IN.items() if name in wrong}
    return Settings.model_validate({**kept, **filled}), [_problem(path, text, fault) for fault in faults]


_TABLES: Mapping[str, type[Table]] = {
    **{"window": Span, "periods": Period, "reports": ReportRule, "happenings": Happening, "supplement": Supplement}
}
#: Kinds of fault as pydantic calls them, and what is said of the value.
_SAID = {
    "string_type": "is not a text",
    "int_type": "is not a whole number",
    "bool_type": "is neither true nor false",
    "date_type": "is not a date (write 2022-12-07, without quotation marks)",
    "dict_type": "is not a table",
    "model_type": "is not a table",
    "tuple_type": "is not a list",
    "too_short": "is empty",
}


def _problem(path: Path, text: str, fault: Mapping[str, Any]) -> Problem:
    """One fault that pydantic found, with its line and what to do."""
    name, *inner = map(str, fault["loc"])
    entry = next((part for part in fault["loc"] if isinstance(part, int)), 0)
    value, fix = fault["input"], "Mend its value"
    place, key = (f"setting {name!r}: ", inner[-1]) if inner else ("setting ", name)
    if fault["type"] == "missing":
        message, fix = f"{key!r} is missing", "Add it"
    elif fault["type"] == "extra_forbidden":
        fields = (_TABLES[name] if inner else Settings).model_fields
        known = [field.alias or field_name for field_name, field in fields.items()]
        message, fix = f"{key!r} is unknown{did_you_mean(key, known)}", f"Known: {', '.join(known)}"
    else:
        place = f"setting {name!r}: "
        message = _SAID.get(fault["type"], fault["msg"].removeprefix("Input "))
        message = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else f"{value!r} {message}"
    listed = len(inner) == 1 and inner[0].isdecimal() and isinstance(value, str)
    line = line_of_text(text, name, value) if listed else line_of(text, name, entry)
    return Problem(path, line, place + message, fix, unread=True)
