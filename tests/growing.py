"""Many invented texts: those of data/sample, each time with another half of its words exchanged."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"


def varied(count: int, *, languages: tuple[str, ...] = ("en",)) -> Iterator[dict[str, str]]:
    """Articles of the sample over and over, varied.

    No sentence comes twice but by chance: what is remembered of sentences would flatter us; and no article is a copy.
    """
    rows = [json.loads(line) for line in (SAMPLE / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["language"] in languages]
    vocabulary = sorted({word for row in rows for word in re.findall(r"\b[a-z]{3,}\b", row["body"])})
    for number in range(count):
        row, chance = rows[number % len(rows)], random.Random(number)

        def exchanged(word: re.Match[str], chance: random.Random = chance) -> str:
            return chance.choice(vocabulary) if chance.random() < 0.5 else word[0]

        body = re.sub(r"\b[a-z]{3,}\b", exchanged, row["body"])
        title = " ".join([*re.findall(r"\b[A-Z]\w+", row["title"]), *chance.sample(vocabulary, 7)])
        yield {**row, "title": title, "body": body, "article": f"{row['article']}-{number}"}


def write_texts(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """A file of texts."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def sample_copy(folder: Path) -> Path:
    """The study of the sample without features and texts, in a folder."""
    return shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("features", "texts.jsonl"))
