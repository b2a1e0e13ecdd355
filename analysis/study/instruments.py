"""Sentiment instruments that study.toml names: an installed one, or a text classifier and what its labels mean."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from analysis.dependencies import content_digest
from analysis.instruments import GROUP
from analysis.paths import digest
from analysis.tables import language_tag

Polarity = Literal["negative", "neutral", "positive"]
#: Files of a model that decide its scores; weights of large networks lie beside them.
MODEL_FILES = ("model.onnx*", "onnx/model.onnx*", "tokenizer.json", "config.json")


class InstrumentRule(BaseModel):
    """One entry of [[instruments]]: a name alone for an installed instrument, else a model's folder or address."""

    model_config = {"extra": "forbid", "frozen": True, "strict": True}

    name: str = Field(min_length=1)
    folder: str = ""
    hub: str = ""
    revision: str = ""
    languages: tuple[str, ...] = Field((), strict=False)
    scores: Literal["sentence", "target"] = "sentence"
    labels: dict[str, Polarity] = {}

    @field_validator("languages")
    @classmethod
    def _tags(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(language_tag, languages))

    @model_validator(mode="after")
    def _complete(self) -> InstrumentRule:
        if self.folder and self.hub:
            raise ValueError(f"{self.name!r} has a folder and a hub; keep one")
        if not self.is_model and (self.revision or self.labels):
            raise ValueError(f"{self.name!r} has neither folder nor hub: it takes name and languages only")
        if self.hub and not re.fullmatch("[0-9a-f]{40}", self.revision):
            given = f"{self.revision!r} can move" if self.revision else "is missing"
            advice = "write the commit of 40 characters that the model's page shows under Files and versions"
            raise ValueError(f"{self.name!r}: revision {given}; {advice}")
        if self.is_model and not (self.languages and self.labels):
            missing = "languages" if not self.languages else "labels, as { LABEL_0 = 'negative', … }"
            raise ValueError(f"{self.name!r} is a model and lacks {missing}")
        return self

    @property
    def is_model(self) -> bool:
        """True for a text classifier."""
        return bool(self.folder or self.hub)

    def arguments(self, study: Path) -> dict[str, Any]:
        """Arguments of `scoring.registry.model_instrument`; a folder is looked for from the study's."""
        source = self.hub or study / Path(self.folder).expanduser()
        return {"source": source, **self.model_dump(include={"name", "revision", "languages", "scores", "labels"})}

    def inputs(self, study: Path) -> dict[str, str]:
        """Digests and versions that features made with it depend on, by what they are of; only of what is here."""
        name = f"instrument {self.name}"
        folder = study / Path(self.folder).expanduser()
        files = [path for pattern in MODEL_FILES for path in sorted(folder.glob(pattern)) if self.folder]
        found = {f"{name}: {path.name}": content_digest(path) for path in files}
        offered = [] if self.is_model else entry_points(group=GROUP, name=self.name)
        versions = {f"{name}: {entry.dist.name}": entry.dist.version for entry in offered if entry.dist}
        return {f"{name} (study.toml)": digest(self.model_dump_json(exclude={"folder"}).encode()), **found, **versions}
