"""The gold of tests/gold/, read, and the instruments' figures on it; gold that needs texts takes them as a mapping."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.gazetteer import Gazetteer
from analysis.mentions import text_mentions
from analysis.parsed import parse
from analysis.readers import read_texts
from analysis.study import Study
from analysis.tokens import split_sentences

GOLD = Path(__file__).parent / "gold"
Found = dict[tuple[str, int, int], tuple[str | None, str]]


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the gold."""
    with (GOLD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_all(paths: list[Path]) -> dict[str, tuple[str, str]]:
    """Article → language and cleaned text."""
    return {
        row.article: (row.language, f"{row.title}\n{row.body}")
        for chunk in read_texts(paths)
        for row in chunk.itertuples(index=False)
    }


def f1(right: int, extra: int, missed: int) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * right / (2 * right + extra + missed)


def boundaries() -> Iterator[tuple[str, str, set[int]]]:
    """Language, text and ends of the sentences but the last of each text of the gold."""
    for line in (GOLD / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text, ends = row["sentences"][0], set()
        for sentence, join in zip(row["sentences"][1:], row["joins"], strict=True):
            ends.add(len(text))
            text += join + sentence
        yield row["language"], text, ends


def boundary_f1() -> dict[str, tuple[float, float]]:
    """Language → boundary F1 of split_sentences and of NLTK's Punkt without a trained model."""
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for language, text, ends in boundaries():
        ours = {end for _, end in split_sentences(text, language=language)} - {len(text)}
        theirs = {end for _, end in PunktSentenceTokenizer().span_tokenize(text)} - {len(text)}
        for counted, found in zip(counts.setdefault(language, (Counter(), Counter())), (ours, theirs), strict=True):
            counted.update(right=len(found & ends), extra=len(found - ends), missed=len(ends - found))
    return {language: (f1(**one), f1(**other)) for language, (one, other) in counts.items()}


def find_all(study: Study, texts: Mapping[str, tuple[str, str]], gazetteer: str) -> Found:
    """What the instruments find: (article, start, end) → entry and voice."""
    compiled = Gazetteer.from_tables(study.actors, study.labels)
    return {
        (article, mention.start, mention.end): (mention.entry, mention.voice)
        for article, (language, text) in texts.items()
        for mention in text_mentions(parse(text, language=language), compiled)
        if mention.gazetteer == gazetteer
    }


def mention_counts(found: Found) -> dict[str, int]:
    """Mentions right (exact span and entry), extra and missed."""
    gold = {(row["article"], int(row["start"]), int(row["end"]), row["entry"]) for row in rows("mentions.csv")}
    ours = {(*place, entry) for place, (entry, _) in found.items()}
    return {"right": len(gold & ours), "extra": len(ours - gold), "missed": len(gold - ours)}


def voice_counts(found: Found, sample: str) -> tuple[int, int]:
    """Uses of labels in a sample of the gold whose voice is right, and all."""
    coded = [row for row in rows("voice.csv") if row["sample"] == sample]
    places = [((row["article"], int(row["start"]), int(row["end"])), row["voice"]) for row in coded]
    return sum(found.get(place, (None, ""))[1] == voice for place, voice in places), len(coded)
