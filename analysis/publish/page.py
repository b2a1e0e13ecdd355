"""A page before and after rendering: what it says beyond its notebook, and the files it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """What a page says beyond its notebook.

    Attributes
    ----------
    report, study, study_title : str
    subject : str, the outlets it is about, in words
    banner : str, shown on top where outlets are invented
    parameters : tuple of (name, type, value, help)
    digest : str, of everything the report depends on
    versions : tuple of (package, version)
    warnings : tuple of str, what a reader must know about its data
    """

    report: str
    study: str
    study_title: str
    subject: str
    banner: str
    parameters: tuple[tuple[str, str, str, str], ...]
    digest: str
    versions: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """A report's files by name, its title, and its first finding."""

    files: Mapping[str, bytes]
    title: str
    headline: str
