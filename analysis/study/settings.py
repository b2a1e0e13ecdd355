"""study.toml: what a study's author decides before looking. Every fault is told at once, with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from analysis.errors import Problem, did_you_mean
from analysis.study.instruments import InstrumentRule
from analysis.study.studyfiles import CONTROL, line_of, read_utf8
from analysis.tables import LANGUAGES, MEASURES, TEXT_COLUMNS, VARIANTS, language_hint, language_tag

#: Methods of which a study's notes may say more (analysis.report.descriptions).
_NOTED = "text sub-event mentions voice sentiment comparison groups words dispersion correction variance codes"
NOTED = tuple(_NOTED.split())


def _must(hold: Callable[[str], object], message: str) -> AfterValidator:
    """Validator of a text of which something must hold."""

    def check(value: str) -> str:
        if not hold(value):
            raise ValueError(f"{value!r} {message}")
        return value

    return AfterValidator(check)


def _one_of(known: Iterable[str]) -> AfterValidator:
    """Validator of a text that is one of some words."""

    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}{did_you_mean(value, words)}")
        return value

    words = tuple(known)
    return AfterValidator(check)


def _check_once(values: Any) -> Any:
    items = list(values.values()) if isinstance(values, dict) else list(values)
    if twice := sorted({item for item in items if items.count(item) > 1}):
        raise ValueError(f"{', '.join(map(repr, twice))} stands there more than once")
    return values


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long for a file
        hint = did_you_mean(value[:60], available_timezones())
        raise ValueError(f"{value!r} is no time zone (write America/Lima){hint}") from None
    return value


def _lies_below(name: str) -> bool:
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive
    return not absolute and not {"..", ""} & {*re.split(r"[/\\]", name)}


def _check_language(value: str) -> str:
    if not re.fullmatch("[a-z]{2,3}", value):
        raise ValueError(f"{value!r} is no tag of a language{language_hint(value)}: write en, es-PE")
    return value


def _strings(value: Any) -> list[str]:
    """Every text in a value of TOML."""
    if isinstance(value, str):
        return [value]
    items = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in items for text in _strings(item)]


#: Columns of articles that comparisons may match by.
MATCHED = ("period", "subevent", "genre", "language", "timestamp", "source", "body_kind")
_ONCE = AfterValidator(_check_once)
_SEVERAL = Field(strict=False)  # a list of TOML is a tuple here
_SOME = Field(strict=False, min_length=1)
_FOLDER = "it becomes a folder's name"
Text = Annotated[str, _must(str.strip, "is not a text")]
Slug = Annotated[
    str,
    _must(re.compile("[a-z0-9][a-z0-9-]*").fullmatch, f"may hold small letters, digits and hyphens only: {_FOLDER}"),
    _must(lambda value: len(value) <= 60, f"has more than 60 characters: {_FOLDER}"),
]
#: What a study shows is published with it.
File = Annotated[Text, _must(_lies_below, "does not lie in the study's folder; put the file there")]
_TAG = BeforeValidator(lambda value: language_tag(value) if isinstance(value, str) else value)
Language = Annotated[str, _TAG, AfterValidator(_check_language)]
Texts = Annotated[tuple[Text, ...], _SEVERAL, _ONCE]


class Table(BaseModel):
    """A table of study.toml: no key that nothing would read, and values of the types they are written in."""

    model_config = {"extra": "forbid", "frozen": True, "strict": True}


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

    file: File
    about: Text
    terms: Texts


class Combined(Table):
    """Several values of a variable under one name: an article has it where it has any of them."""

    name: Text
    variable: Text
    values: Annotated[tuple[Text, ...], _SOME, _ONCE]
    phrase: Text = ""


class GroupRule(Table):
    """A group of outlets for display: those that fit every condition and no group before it."""

    name: Text
    country: Texts = ()
    language: Texts = ()
    ownership: Texts = ()
    medium: Texts = ()


class Settings(Table):
    """Content of study.toml."""

    name: Slug
    title: Text
    question: Text
    event: date
    timezone: Annotated[str, AfterValidator(_check_zone)]
    span: Span = Field(alias="window")
    periods: Annotated[tuple[Period, ...], _SOME]
    languages: Annotated[tuple[Language, ...], _SOME, _ONCE]
    reports: Annotated[tuple[ReportRule, ...], _SEVERAL]
    happenings: Annotated[tuple[Happening, ...], _SEVERAL] = ()
    subevents: Texts = ()
    observed_throughout: bool = False
    min_articles: int = Field(20, ge=2)
    primary: Annotated[str, _one_of(VARIANTS)] = "lede"
    excluded_from_references: Texts = ()
    exclude_words: Texts = ()
    seed: int = Field(2022, ge=0)
    draws: int = Field(2000, ge=100, le=1_000_000)
    main_actors: Texts = ()
    confirmatory: Annotated[tuple[Annotated[str, _one_of(MEASURES)], ...], _SEVERAL, _ONCE] = ()
    coders: Texts = ()
    combined: Annotated[tuple[Combined, ...], _SEVERAL] = ()
    groups: Annotated[tuple[GroupRule, ...], _SEVERAL] = ()
    instruments: Annotated[tuple[InstrumentRule, ...], _SEVERAL] = ()
    match: Annotated[tuple[Annotated[str, _one_of(MATCHED)], ...], _SEVERAL, _ONCE] = ("period",)
    invented: Text = ""
    texts: Texts = ()
    supplement: Supplement | None = None
    notes: dict[Annotated[str, _one_of(NOTED)], Text] = {}
    columns: Annotated[dict[Annotated[str, _one_of(TEXT_COLUMNS)], Text], _ONCE] = {}

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


#: What stands in for a setting that cannot be read, so that the rest of a study can be checked: it forbids nothing.
_ANY_DAY = {"start": date.min, "end": date.max}
_STAND_IN: Mapping[str, Any] = {
    **{"name": "study", "title": "-", "question": "-", "event": date.min, "timezone": "UTC", "window": _ANY_DAY},
    **{"periods": [{"name": "all", **_ANY_DAY}], "languages": list(LANGUAGES), "reports": [], "min_articles": 2},
}
_TABLES: Mapping[str, type[BaseModel]] = {
    **{"window": Span, "periods": Period, "reports": ReportRule, "happenings": Happening, "supplement": Supplement},
    **{"combined": Combined, "groups": GroupRule, "instruments": InstrumentRule},
}
#: Kinds of fault as pydantic calls them, and what is said of the value.
_SAID = {
    **{"string_type": "is not a text", "int_type": "is not a whole number", "bool_type": "is neither true nor false"},
    **{"date_type": "is not a date (write 2022-12-07, without quotation marks)", "dict_type": "is not a table"},
    **{"model_type": "is not a table", "tuple_type": "is not a list", "too_short": "is empty"},
}


def read_settings(path: Path) -> tuple[Settings, list[Problem]]:
    """Settings of a study.toml, something harmless in the place of each that is wrong, and everything that is wrong."""
    raw, problems = read_utf8(path, "A study folder holds a study.toml")
    text = raw.decode()
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also numbers of thousands of digits
        at = re.search(r"line (\d+)", str(error))
        problems = [Problem(path, int(at[1]) if at else None, f"is not TOML: {error}", "Mend the line", unread=True)]
    if problems:
        return Settings.model_validate(_STAND_IN), problems
    try:
        return Settings.model_validate(given), []
    except ValidationError as error:
        faults = error.errors(include_url=False)
    unknown = {fault["loc"][:-1] for fault in faults if fault["type"] == "extra_forbidden" and len(fault["loc"]) > 1}
    # A key that is missing is the one that was misspelt; a list is no shorter for what is wrong in it.
    faults = [fault for fault in faults if not (fault["type"] == "missing" and fault["loc"][:-1] in unknown)]
    faults = [fault for fault in faults if not (fault["type"] == "too_short" and fault["input"])]
    wrong = {str(fault["loc"][0]) for fault in faults}
    right = {name: value for name, value in given.items() if name not in wrong}
    right |= {name: value for name, value in _STAND_IN.items() if name in wrong}
    if "languages" in wrong:  # rows in the others are not wrong as well
        tags = {language_tag(tag) for tag in _strings(given.get("languages"))}
        right["languages"] = [*LANGUAGES, *sorted(tag for tag in tags.difference(LANGUAGES) if re.fullmatch("[a-z]{2,3}", tag))]
    return Settings.model_validate(right), [_problem(path, text, fault) for fault in faults]


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
    of_list = len(inner) == 1 and inner[0].isdecimal() and isinstance(value, str)
    line = line_of(text, name, value=value) if of_list else line_of(text, name, entry)
    return Problem(path, line, place + message, fix, unread=True)
