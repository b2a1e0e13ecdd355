"""study.toml: what a study's author decides before looking, read and held to its form."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from analysis.errors import Problem, did_you_mean
from analysis.study.entries import Happening, Period, ReportRule, Supplement
from analysis.study.settingvalues import PARSERS, REQUIRED, Fault, Faults, fault_of
from analysis.tables import LANGUAGES


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
    subevents: tuple[str, ...] = ()
    observed_throughout: bool = False
    min_articles: int = 20
    primary: str = "lede"
    excluded_from_references: tuple[str, ...] = ()
    seed: int = 2022
    draws: int = 2000
    main_actors: tuple[str, ...] = ()
    confirmatory: tuple[str, ...] = ()
    invented: str = ""
    texts: tuple[str, ...] = ()
    supplement: Supplement | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


#: What stands in for a setting that cannot be read, so that the rest of a study can still be checked: it forbids
#: nothing, and nothing follows from it.
_STAND_IN: Mapping[str, Any] = {
    **{"name": "study", "title": "", "question": "", "event": date.min, "timezone": "UTC", "periods": ()},
    **{"window": (date.min, date.max), "languages": LANGUAGES, "reports": (), "min_articles": 2},
}


def read_settings(path: Path) -> tuple[Settings | None, list[Problem]]:
    """Read study.toml; return the settings, or None and what is wrong."""
    settings, problems = read_what_can_be(path)
    return (None if problems else settings), problems


def read_what_can_be(path: Path) -> tuple[Settings, list[Problem]]:
    """Read study.toml, with something harmless in the place of each setting that is wrong, and say what is wrong."""
    text, found, problems = _parsed(path)
    if problems:
        return Settings(**_STAND_IN), problems

    def complain(name: str, fault: Fault) -> None:
        line = line_of_text(text, name, fault.text) if fault.text else line_of(text, name, fault.entry)
        problems.append(Problem(path, line, f"setting {name!r}{fault.message}", fault.fix))

    known = [f.name for f in fields(Settings)]
    for name in found:
        if name not in known:
            complain(name, Fault(f" is unknown{did_you_mean(name, known)}", f"Known: {', '.join(known)}"))
    values: dict[str, Any] = {}
    for name, parse in PARSERS.items():
        if name not in found and name in REQUIRED:
            complain(name, Fault(" is missing", "Add it"))
        if name not in found:
            continue
        try:
            values[name] = parse(found[name])
        except (KeyError, ValueError, TypeError) as error:
            faults = error.faults if isinstance(error, Faults) else [fault_of(error)]
            for fault in faults:
                complain(name, Fault(f": {fault.message}", fault.fix, fault.entry, fault.text))
    wrong = {name: value for name, value in _STAND_IN.items() if name not in values}
    if "min_articles" not in found:
        del wrong["min_articles"]
    return Settings(**{**wrong, **values}), problems


def _parsed(path: Path) -> tuple[str, dict[str, Any], list[Problem]]:
    """Text and content of a TOML file, or what is wrong with it as a whole."""
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        text = raw.decode("utf-8")
        return text, tomllib.loads(text), []
    except FileNotFoundError:
        problem = Problem(path, None, "does not exist", "A study folder holds a study.toml")
    except OSError as error:
        problem = Problem(path, None, f"cannot be read ({error.strerror})", "A study folder holds a study.toml")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem(path, line, f"byte {raw[error.start]:#04x} is not UTF-8", "Save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        problem = Problem(path, int(at[1]) if at else None, f"is not TOML: {error}", "Mend the line")
    return "", {}, [problem]


def line_of(text: str, name: str, entry: int = 0) -> int | None:
    """1-based line of study.toml where a setting, or its table number `entry`, stands; None where there is none."""
    place = re.compile(rf"""^[ \t]*(\[\[?[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=\].]""", re.MULTILINE)
    table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    top = table.start() if table else len(text)  # a key below is one of that table
    starts = [found.start() for found in place.finditer(text) if found[1] or found.start() < top]
    return text.count("\n", 0, starts[entry if entry < len(starts) else 0]) + 1 if starts else None


def line_of_text(text: str, name: str, value: str) -> int | None:
    """1-based line of study.toml where a setting has a text as one of its values; where the setting stands, else."""
    line = line_of(text, name)
    for number, content in enumerate(text.split("\n")[(line or 1) - 1 :], start=line or 1):
        if f'"{value}"' in content or f"'{value}'" in content:
            return number if line else None
        if content.strip().startswith("["):
            break
    return line
