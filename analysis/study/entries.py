"""Tables of study.toml as they are meant: periods, reports, happenings, a supplement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd


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
class Supplement:
    """Words of another source, described and never tested: a file of the study, what it is, words looked up in it."""

    file: str
    about: str
    terms: tuple[str, ...]
