"""study.toml: what a study's author decides before looking. Every fault is told at once, with its line."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from analysis.dependencies import content_digest
from analysis.errors import Problem, did_you_mean
from analysis.instruments import GROUP
from analysis.paths import digest
from analysis.study.studyfiles import line_of, read_utf8
from analysis.tables import MEASURES, POLARITIES, TEXT_COLUMNS, VARIANTS, language_hint, language_tag

#: Methods of which a study's notes may say more (analysis.report.descriptions).
_NOTED = "text sub-event mentions voice sentiment comparison groups words dispersion correction variance codes pooling"
NOTED = tuple(_NOTED.split())
#: Columns of articles that comparisons may match by.
MATCHED = ("period", "subevent", "genre", "language", "timestamp", "source", "body_kind")
#: Files of a model that decide its scores; weights of large networks lie beside them.
MODEL_FILES = ("model.onnx*", "onnx/model.onnx*", "tokenizer.json", "config.json")


def _one_of(known: Iterable[str]) -> AfterValidator:
    """Validator of a text that is one of some words."""

    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}{did_you_mean(value, words)}")
        return value

    words = tuple(known)
    return AfterValidator(check)


def _check_slug(value: str) -> str:
    if not re.fullmatch("[a-z0-9][a-z0-9-]*", value):
        raise ValueError(f"{value!r} may hold small letters, digits and hyphens only: it becomes a folder's name")
    return value


def _check_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    names = [getattr(value, "name", value) for value in values]  # of a table its name
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(map(repr, twice))} stands there more than once")
    return values


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # OSError: a folder of zones
        hint = did_you_mean(value, available_timezones())
        raise ValueError(f"{value!r} is no time zone (write America/Lima){hint}") from None
    return value


def _read_language(value: str) -> str:
    tag = language_tag(value)
    if not re.fullmatch("[a-z]{2,3}", tag):
        raise ValueError(f"{value!r} is no tag of a language{language_hint(value)}: write en, es-PE")
    return tag


_ONCE = AfterValidator(_check_once)
_SEVERAL = Field(strict=False)  # a list of TOML is a tuple here
_SOME = Field(strict=False, min_length=1)
Text = Annotated[str, Field(pattern=r"\S")]
Slug = Annotated[str, AfterValidator(_check_slug)]
Language = Annotated[str, AfterValidator(_read_language)]
Texts = Annotated[tuple[Text, ...], _SEVERAL, _ONCE]


class Table(BaseModel):
    """A table of study.toml: no key that nothing would read, and values of the types they are written in."""

    model_config = {"extra": "forbid", "frozen": True, "strict": True}


class Span(Table):
    """First and last day, both included, in the event's time zone."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        return self


class Period(Span):
    """A stretch of the story."""

    name: Slug


class ReportRule(Table):
    """One entry of [[reports]]: a notebook, once with `parameters` or once for each tested outlet."""

    notebook: Slug
    each: Literal["outlet", ""] = ""
    parameters: dict[str, Any] = {}


class Happening(Table):
    """A dated occurrence, drawn into the time line."""

    day: date
    name: Text


class Supplement(Table):
    """Words of another source, described and never tested: a file of the study, what it is, words looked up in it."""

    file: Text
    about: Text
    terms: Texts


class Combined(Table):
    """Several values of a variable under one name: an article has it where it has any of them."""

    name: Text
    variable: Text
    values: Annotated[tuple[Text, ...], _SOME, _ONCE]
    phrase: str = ""


class GroupRule(Table):
    """A group of outlets for display: those that fit every condition and no group before it."""

    name: Text
    country: Texts = ()
    language: Texts = ()
    ownership: Texts = ()
    medium: Texts = ()


class InstrumentRule(Table):
    """One entry of [[instruments]]: a name alone for an installed instrument, else a model's folder or address."""

    name: Text
    folder: str = ""
    hub: str = ""
    revision: str = ""
    languages: Annotated[tuple[Language, ...], _SEVERAL] = ()
    scores: Literal["sentence", "target"] = "sentence"
    labels: dict[str, Annotated[str, _one_of(POLARITIES)]] = {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.folder and self.hub:
            raise ValueError(f"{self.name!r} has a folder and a hub; keep one")
        if not self.is_model and (self.revision or self.labels):
            raise ValueError(f"{self.name!r} has neither folder nor hub: it takes name and languages only")
        if self.hub and not re.fullmatch("[0-9a-f]{40}", self.revision):
            advice = "the commit of 40 characters that the model's page shows under Files and versions"
            raise ValueError(f"{self.name!r}: revision {self.revision!r} is not {advice}")
        if self.is_model and not (self.languages and self.labels):
            raise ValueError(f"{self.name!r} is a model and lacks languages, or labels: {{ LABEL_0 = 'negative', … }}")
        return self

    @property
    def is_model(self) -> bool:
        """True for a text classifier."""
        return bool(self.folder or self.hub)

    def source(self, study: Path) -> str:
        """Address on the hub, or the folder, which is looked for from the study's."""
        return self.hub or str(study / Path(self.folder).expanduser())

    def inputs(self, study: Path) -> dict[str, str]:
        """Digests and versions that features made with it depend on, by what they are of; only of what is here."""
        name = f"instrument {self.name}"
        folder = study / Path(self.folder).expanduser()
        files = [path for pattern in MODEL_FILES for path in sorted(folder.glob(pattern)) if self.folder]
        found = {f"{name}: {path.name}": content_digest(path) for path in files}
        offered = [] if self.is_model else entry_points(group=GROUP, name=self.name)
        versions = {f"{name}: {entry.dist.name}": entry.dist.version for entry in offered if entry.dist}
        return {f"{name} (study.toml)": digest(self.model_dump_json(exclude={"folder"}).encode()), **found, **versions}


class Settings(Table):
    """Content of study.toml."""

    name: Slug
    title: Text
    question: Text
    event: date
    timezone: Annotated[str, AfterValidator(_check_zone)]
    span: Span = Field(alias="window")
    given_periods: Annotated[tuple[Period, ...], _SOME, _ONCE] | None = Field(None, alias="periods")
    languages: Annotated[tuple[Language, ...], _SOME, _ONCE]
    reports: Annotated[tuple[ReportRule, ...], _SEVERAL]
    happenings: Annotated[tuple[Happening, ...], _SEVERAL] = ()
    subevents: Texts = ()
    observed_throughout: bool | None = None
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
    groups: Annotated[tuple[GroupRule, ...], _SEVERAL, _ONCE] = ()
    instruments: Annotated[tuple[InstrumentRule, ...], _SEVERAL, _ONCE] = ()
    match: Annotated[tuple[Annotated[str, _one_of(MATCHED)], ...], _SEVERAL, _ONCE] = ("period",)
    invented: str = ""
    texts: Texts = ()
    supplement: Supplement | None = None
    notes: dict[Annotated[str, _one_of(NOTED)], Text] = {}
    columns: dict[Annotated[str, _one_of(TEXT_COLUMNS)], Text] = {}

    @property
    def window(self) -> tuple[date, date]:
        """First and last day that articles are from."""
        return self.span.start, self.span.end

    @property
    def periods(self) -> tuple[Period, ...]:
        """Stretches of the story; the whole window where the study names none."""
        return self.given_periods or (Period(name="whole-window", start=self.span.start, end=self.span.end),)


#: What is said of a value by the kind of fault, where pydantic speaks of Python's types.
_SAID = {"date_type": "is not a date (write 2022-12-07, without quotation marks)", "tuple_type": "is not a list"}
_SAID |= {"model_type": "is not a table", "dict_type": "is not a table", "too_short": "is empty"}
_SAID |= {"string_pattern_mismatch": "holds no text"}


def read_settings(path: Path) -> tuple[Settings | None, list[Problem]]:
    """Settings of a study.toml, or everything that is wrong with it."""
    text, problems = read_utf8(path, "A study folder holds a study.toml")
    if problems:
        return None, problems
    try:
        return Settings.model_validate(tomllib.loads(text)), []
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A list is no shorter for what is wrong in it.
        return None, [_problem(path, text, f) for f in faults if f["type"] != "too_short" or not f["input"]]
    except ValueError as error:  # no TOML, or a number of thousands of digits
        at = re.search(r"line (\d+)", str(error))
        return None, [Problem(path, int(at[1]) if at else None, f"is not TOML: {error}", "Mend the line")]


def _problem(path: Path, text: str, fault: Mapping[str, Any]) -> Problem:
    """One fault that pydantic found, with its line and what to do."""
    name, *inner = map(str, fault["loc"])
    entry = next((part for part in fault["loc"] if isinstance(part, int)), 0)
    key = f"setting {name!r}" + (f": {inner[-1]!r}" if inner else "")
    value, fix = fault["input"], "Mend its value"
    if fault["type"] == "missing":
        message, fix = f"{key} is missing", "Add it"
    elif fault["type"] == "extra_forbidden":
        known = [] if inner else [field.alias or field_name for field_name, field in Settings.model_fields.items()]
        message = f"{key} is unknown{did_you_mean(name, known)}"
        fix = f"Known: {', '.join(known)}" if known else "Mend its name, or delete it"
    elif fault["type"] == "value_error":
        message = f"setting {name!r}: {fault['ctx']['error']}"
    else:
        said = _SAID.get(fault["type"], fault["msg"].removeprefix("Input "))
        message = f"setting {name!r}: {value!r} {said}"
    return Problem(path, line_of(text, name, entry), message, fix)
